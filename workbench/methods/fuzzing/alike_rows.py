"""Rows with the same causes, taken together: an equation is evaluated once for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.methods.fuzzing.equation_terms import Terms
from workbench.tables.columns import Column, Values

__all__ = ["AlikeRows", "distinct_rows"]

CHUNK = 65_536
"""Rows or combinations whose regressors are held at a time."""
FEW_COLUMNS = 3
"""Columns of weights for which regressors are not worth making."""


@dataclass(frozen=True, eq=False)
class AlikeRows:
    """Each combination of causes that some rows hold, once.

    Attributes
    ----------
    causes : mapping of str to ndarray, each shape (combinations,)
    place : ndarray of int, shape (rows,), or None
        The combination of each row; None where every row stands for itself, because some cause
        is too fine-grained to be shared.
    """

    causes: Mapping[str, Values]
    place: npt.NDArray[np.intp] | None = None

    @classmethod
    def of(cls, parents: Sequence[Column], values: Mapping[str, Values] | None = None) -> AlikeRows:
        """Find the combinations of encoded values, those of the columns themselves by default."""
        values = {p.name: p.values for p in parents} if values is None else values
        combination = _combination(parents, values)
        if combination is None:
            return cls(values)
        place, found = pd.factorize(combination)
        first = np.empty(len(found), dtype=np.intp)
        first[place[::-1]] = np.arange(len(place))[::-1]
        return cls({name: array[first] for name, array in values.items()}, place)

    def some(self, chosen: npt.NDArray[np.bool_] | slice) -> AlikeRows:
        """Return only some of the rows, with all combinations."""
        if self.place is None:
            return AlikeRows({name: values[chosen] for name, values in self.causes.items()})
        return AlikeRows(self.causes, self.place[chosen])

    @property
    def size(self) -> int:
        """Number of combinations."""
        return len(next(iter(self.causes.values()))) if self.causes else 1

    def held(self, rows: int) -> FloatArray:
        """Count the rows that hold each combination, of so many in all; shape (combinations,)."""
        if self.place is None:
            return np.full(self.size, rows / self.size)
        return np.bincount(self.place, minlength=self.size).astype(np.float64)

    def by_row(self, found: FloatArray) -> FloatArray:
        """Give every row what was found for its combination, along the last axis."""
        return found if self.place is None else np.take(found, self.place, axis=-1)

    def blocks(self) -> Iterator[tuple[slice, AlikeRows]]:
        """Slices of the rows, with their combinations: as many as are worked on at a time."""
        n = self.size if self.place is None else len(self.place)
        if self.place is not None and self.size <= CHUNK:
            yield slice(None), self
            return
        for start in range(0, n, CHUNK):
            rows = slice(start, min(start + CHUNK, n))
            chosen = rows if self.place is None else self.place[rows]
            yield rows, AlikeRows({name: values[chosen] for name, values in self.causes.items()})

    def applied(self, terms: Terms, weights: FloatArray) -> FloatArray:
        """Multiply the regressors of every row by columns of weights of shape (width, k).

        Returns
        -------
        ndarray, shape (k, rows)
        """
        if weights.shape[1] > FEW_COLUMNS:
            return self.by_row((terms(self.causes) @ weights).T)
        return self.by_row(np.stack([terms.weighted(self.causes, w) for w in weights.T]))

    def normal_equations(
        self, regressors: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Add up products over rows, of the regressors with each other and with `y`.

        Parameters
        ----------
        regressors : ndarray, shape (combinations, width)
        y : ndarray, shape (rows,)
        """
        if self.place is None:
            return regressors.T @ regressors, regressors.T @ y
        held = np.sqrt(self.held(len(y)))
        weighted = regressors * held[:, None]
        return weighted.T @ weighted, regressors.T @ np.bincount(self.place, y, self.size)


def distinct_rows(
    columns: Sequence[Column],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Find one row of each distinct combination of values, and how many rows it stands for."""
    key = np.zeros(len(columns[0].values), dtype=np.int64)
    for column in columns:
        codes, found = pd.factorize(column.values, use_na_sentinel=False)
        key, _ = pd.factorize(key * len(found) + codes)
    first = np.empty(int(key.max()) + 1, dtype=np.intp)
    first[key[::-1]] = np.arange(len(key))[::-1]
    return first, np.bincount(key).astype(np.intp)


def _combination(
    parents: Sequence[Column], values: Mapping[str, Values]
) -> npt.NDArray[np.int64] | None:
    """Give each combination of causes a number; None when some cause is a fine-grained one."""
    if not parents:
        return None
    key = np.zeros(len(values[parents[0].name]), dtype=np.int64)
    size = 1
    for parent in parents:
        array = values[parent.name]
        if not parent.is_numeric:
            code, base = array, len(parent.levels)
        elif parent.integer and parent.high - parent.low < 1_000:
            if bool((array > parent.high).any()):
                return None
            code = np.where(np.isnan(array), parent.high + 1, array) - parent.low
            base = int(parent.high - parent.low) + 2
        else:
            return None
        size *= base
        if size >= 2**62:
            return None
        whole = code.astype(np.int64)
        if bool(((whole != code) | (whole < 0)).any()):
            return None  # an intervention sets it between the column's values, or beyond them
        key = key * base + whole
    return key
