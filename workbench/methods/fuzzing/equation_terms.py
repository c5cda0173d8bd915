"""The regressors of a structural equation: all parents' bases and products of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.tables.column_bases import BasisKind, ColumnBasis, column_basis
from workbench.tables.columns import Column, Values

__all__ = ["Basis", "Terms", "choose_terms"]

ROWS_PER_TERM = 20
"""Rows there must be for every regressor."""
MOST_TERMS = 240
"""Coefficients of one equation at the most."""


class Basis(Protocol):
    """The regressors of one cause."""

    @property
    def name(self) -> str:
        """The cause."""
        ...

    @property
    def width(self) -> int:
        """Regressors it gives."""
        ...

    def __call__(self, values: Values) -> FloatArray:
        """Evaluate at encoded values of shape (m,); return shape (m, width)."""
        ...


@dataclass(frozen=True, eq=False)
class Terms:
    """Intercept, main effects of every parent, and products of pairs of parents.

    Attributes
    ----------
    mains : tuple of Basis
    pairs : tuple of (Basis, Basis)
    width : int
        Regressors in all, the intercept included.
    """

    mains: tuple[Basis, ...]
    pairs: tuple[tuple[Basis, Basis], ...] = ()

    @property
    def width(self) -> int:
        """Number of regressors."""
        return 1 + sum(b.width for b in self.mains) + sum(a.width * b.width for a, b in self.pairs)

    def __call__(self, values: Mapping[str, Values]) -> FloatArray:
        """Evaluate at encoded parent values of shape (m,) each; return shape (m, width)."""
        size = len(next(iter(values.values()))) if values else 1
        out = np.empty((size, self.width))
        out[:, 0] = 1.0
        stop = 1
        for basis in self.mains:
            out[:, stop : stop + basis.width] = basis(values[basis.name])
            stop += basis.width
        blocks = self._paired(values)
        for left, right in self.pairs:
            width = left.width * right.width
            here = out[:, stop : stop + width].reshape(size, left.width, right.width)
            np.multiply(blocks[left.name][:, :, None], blocks[right.name][:, None, :], out=here)
            stop += width
        return out

    def weighted(self, values: Mapping[str, Values], coefficients: FloatArray) -> FloatArray:
        """Multiply the regressors by coefficients, without making the products of pairs.

        Parameters
        ----------
        coefficients : ndarray, shape (width,)

        Returns
        -------
        ndarray, shape (m,)
        """
        size = len(next(iter(values.values()))) if values else 1
        out = np.full(size, coefficients[0])
        stop = 1
        for basis in self.mains:
            table, place = _looked_up(basis, values)
            out += (table @ coefficients[stop : stop + basis.width])[place]
            stop += basis.width
        paired = {b: _looked_up(b, values) for b in dict.fromkeys(b for p in self.pairs for b in p)}
        for left, right in self.pairs:
            width = left.width * right.width
            square = coefficients[stop : stop + width].reshape(left.width, right.width)
            stop += width
            (table, place), (other, its) = paired[left], paired[right]
            if len(table) * len(other) < size:
                out += (table @ square @ other.T)[place, its]
            else:
                out += np.einsum("ij,ij->i", (table @ square)[place], other[its])
        return out

    def summed(self, values: Mapping[str, Values], weights: FloatArray) -> FloatArray:
        """Add up the regressors over rows by weight, without making the products of pairs.

        Parameters
        ----------
        weights : ndarray, shape (m,)

        Returns
        -------
        ndarray, shape (width,)
        """
        blocks = self._paired(values)
        parts = [np.array([weights.sum()])]
        parts += [weights @ basis(values[basis.name]) for basis in self.mains]
        for left, right in self.pairs:
            product = (blocks[left.name] * weights[:, None]).T @ blocks[right.name]
            parts.append(product.ravel())
        return np.concatenate(parts)

    def _paired(self, values: Mapping[str, Values]) -> dict[str, FloatArray]:
        bases = {basis.name: basis for pair in self.pairs for basis in pair}
        return {name: basis(values[name]) for name, basis in bases.items()}


def _looked_up(
    basis: Basis, values: Mapping[str, Values]
) -> tuple[FloatArray, npt.NDArray[Any] | slice]:
    """Return regressors, and where each row's are among them: of few values each is held once."""
    known = basis.looked_up(values[basis.name]) if isinstance(basis, ColumnBasis) else None
    return (basis(values[basis.name]), slice(None)) if known is None else known


def choose_terms(
    parents: Sequence[Column],
    n: int,
    equations: int = 1,
    *,
    keep: Mapping[str, npt.NDArray[Any]] | None = None,
) -> Terms:
    """Choose the richest regressors that `n` rows can carry.

    Parameters
    ----------
    equations : int
        Sets of coefficients to be fitted: one for a number, one less than the levels for a
        category.
    keep : mapping of str to ndarray of int, optional
        Codes of a categorical parent that get a regressor however rare they are.
    """
    kept = keep or {}
    most = max(min(MOST_TERMS, n // ROWS_PER_TERM) // equations, 1)
    options: tuple[tuple[BasisKind, BasisKind | None], ...] = (
        ("flexible", "coarse"),
        ("coarse", "minimal"),
        ("coarse", None),
        ("minimal", None),
    )
    for main, pair in options:
        paired = [column_basis(p, pair) for p in parents] if pair else []
        terms = Terms(
            tuple(column_basis(parent, main, keep=kept.get(parent.name)) for parent in parents),
            tuple(combinations(paired, 2)),
        )
        if terms.width <= most:
            break
    return terms
