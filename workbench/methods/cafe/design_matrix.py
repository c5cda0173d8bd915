"""The regressors of all columns, made chunk by chunk so that memory does not grow with the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.common.arrays import FloatArray, Positions
from workbench.common.stopping import check_stopped
from workbench.tables.column_bases import BasisKind, ColumnBasis, column_basis
from workbench.tables.columns import Column

__all__ = ["KEPT_BYTES", "DesignMatrix", "Layout"]


CHUNK = 16_384
"""Rows whose regressors are held at a time."""
KEPT_BYTES = 400_000_000
"""Regressors are kept between passes over the chunks up to this size, else computed again."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Bases of all columns and the places of their regressors behind the intercept.

    Attributes
    ----------
    bases : dict of str to ColumnBasis
    slices : dict of str to slice
    width : int
        Regressors in all, the intercept included.
    """

    bases: dict[str, ColumnBasis]
    slices: dict[str, slice]
    width: int

    def places(self, names: Sequence[str]) -> Positions:
        """Return the indices of some columns' regressors."""
        parts = [np.arange(self.slices[name].start, self.slices[name].stop) for name in names]
        return np.concatenate([np.zeros(0, dtype=np.intp), *parts]).astype(np.intp)


class DesignMatrix:
    """Intercept and regressors of some columns, in every kind of basis that is asked for.

    Parameters
    ----------
    columns : mapping of str to Column
        Encoded columns of n rows each.
    n : int
        Rows.
    kind : BasisKind
        The kind that decides whether regressors are kept between passes.
    layouts : mapping of BasisKind to Layout, optional
        Bases that were chosen elsewhere; those left out are chosen by these columns.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        n: int,
        kind: BasisKind,
        layouts: Mapping[BasisKind, Layout] | None = None,
    ) -> None:
        self.columns = columns
        self.n = n
        self._layouts: dict[BasisKind, Layout] = dict(layouts or {})
        self._kept: dict[tuple[BasisKind, int], FloatArray] = {}
        self._keep = n * self.layout(kind).width * 8 <= KEPT_BYTES

    def layout(self, kind: BasisKind) -> Layout:
        """Where each column's regressors of one kind stand."""
        if kind not in self._layouts:
            bases = {name: column_basis(column, kind) for name, column in self.columns.items()}
            stops = np.cumsum([1, *(basis.width for basis in bases.values())])
            slices = {
                name: slice(int(start), int(stop))
                for name, start, stop in zip(bases, stops[:-1], stops[1:], strict=True)
            }
            self._layouts[kind] = Layout(bases, slices, int(stops[-1]))
        return self._layouts[kind]

    def chunks(self) -> Iterator[slice]:
        """Slices of the data that are worked on at a time; a person may stop between them."""
        for start in range(0, self.n, CHUNK):
            check_stopped()
            yield slice(start, min(start + CHUNK, self.n))

    def block(self, kind: BasisKind, rows: slice) -> FloatArray:
        """Regressors of one kind at the rows of a chunk, shape (rows, width of that kind)."""
        if (kind, rows.start) in self._kept:
            return self._kept[kind, rows.start]
        if not self._keep and any(start != rows.start for _, start in self._kept):
            self._kept.clear()
        layout = self.layout(kind)
        block = np.zeros((rows.stop - rows.start, layout.width))
        block[:, 0] = 1.0
        for name, basis in layout.bases.items():
            basis.fill(self.columns[name].values[rows], block[:, layout.slices[name]])
        self._kept[kind, rows.start] = block
        return block

    def chosen(
        self, kind: BasisKind, rows: slice, inside: slice, positions: Positions
    ) -> FloatArray:
        """Return the regressors of those rows of a chunk that belong to a target.

        Parameters
        ----------
        positions : ndarray of int
            The target's rows, ascending.
        inside : slice
            Places among them of the rows in this chunk.
        """
        block = self.block(kind, rows)
        if inside.stop - inside.start == len(block):
            return block
        chosen: FloatArray = block[positions[inside] - rows.start]
        return chosen
