"""Rows that a model has answered about, whoever asked: two questions often hold the same row.

Only for a model whose answers were found to be a function of the row, in a table whose codes tell
all of a cell. A row is told from every other by 128 bits made of its encoded values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray, Positions
from workbench.tables.columns import Column, Values

__all__ = ["KnownRows", "one_cell_each"]

Bits = npt.NDArray[np.uint64]

MOST_ROWS = 4_000_000
"""Rows that are remembered, at 24 bytes each; those beyond are asked about whenever they occur."""
WIDEST_TABLE = 10_000
"""Levels, or whole numbers between the least and the largest, whose bits are made once and looked
up; of a column with more they are made again, which takes longer and holds no memory."""
ODD = 0x9E3779B97F4A7C15


def one_cell_each(cells: pd.Series) -> bool:
    """Whether all cells with the same code are the same to a model that is shown them.

    Encoded, None and NaN are one missing value, and −0 is 0; a model may read them differently.

    Examples
    --------
    >>> one_cell_each(pd.Series(["a", None, None], dtype=object))
    True
    >>> one_cell_each(pd.Series(["a", None, float("nan")], dtype=object))
    False
    >>> one_cell_each(pd.Series([0.0, -0.0, None], dtype="Float64"))
    False
    """
    if cells.dtype == object:
        return len({type(cell) for cell in cells[cells.isna()]}) <= 1
    if pd.api.types.is_float_dtype(cells.dtype):
        values = cells.to_numpy(np.float64, na_value=np.nan)
        return not bool((np.signbit(values) & (values == 0)).any())
    return True


class KnownRows:
    """The scores of all rows that were asked about, those of the data as they are first.

    Parameters
    ----------
    columns : mapping of str to Column
        What the model reads.
    predictions : ndarray, shape (n,)
        Its scores of the rows as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.tables.columns import encode_column
    >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [0.0, 0.0, 5.0]})
    >>> columns = {name: encode_column(name, frame[name]) for name in frame}
    >>> known, asked = KnownRows(columns, frame["a"].to_numpy()), []
    >>> def ask(places):
    ...     asked.extend(places.tolist())
    ...     return np.full(len(places), 9.0)
    >>> known.scores(np.array([0, 1, 2]), {"a": np.array([1.0, 1.0, 7.0])}, ask).tolist(), asked
    ([1.0, 1.0, 9.0], [2])
    """

    def __init__(self, columns: Mapping[str, Column], predictions: FloatArray) -> None:
        self._columns = {name: _Bits(columns[name], 2 * i) for i, name in enumerate(columns)}
        self._as_they_are = np.zeros((2, len(predictions)), dtype=np.uint64)
        for column in self._columns.values():
            self._as_they_are += column(column.values)
        first, places = np.unique(self._as_they_are[0], return_index=True)
        self._first, self._second = first, self._as_they_are[1, places]
        self._scores = predictions[places]

    def scores(
        self,
        positions: Positions,
        changes: Mapping[str, Values],
        ask: Callable[[Positions], FloatArray],
    ) -> FloatArray:
        """Return the score of each row; only new rows are asked about, each once.

        Parameters
        ----------
        positions : ndarray of int, shape (m,)
        changes : mapping of str to ndarray, each shape (m,)
            Encoded values of the features that are not as in the data.
        ask : callable
            Gets places among the m rows, ascending, and returns the model's scores of them.
        """
        first, second = self._bits(positions, changes)
        bits, places, row = np.unique(first, return_index=True, return_inverse=True)
        at = np.minimum(np.searchsorted(self._first, bits), len(self._first) - 1)
        taken = self._first[at] == bits
        known = taken & (self._second[at] == second[places])
        wanted = second != second[places][row]  # half of the bits are another row's by chance
        wanted[places[~known]] = True
        out = np.empty(len(first))
        if wanted.any():
            chosen = np.flatnonzero(wanted)
            out[chosen] = ask(chosen)
        answers = np.where(known, self._scores[at], out[places])
        out[~wanted] = answers[row[~wanted]]
        new = np.flatnonzero(~taken)[: max(MOST_ROWS - len(self._first), 0)]
        self._remember(bits[new], second[places[new]], answers[new])
        return out

    def _remember(self, first: Bits, second: Bits, scores: FloatArray) -> None:
        at = np.searchsorted(self._first, first)
        self._first = np.insert(self._first, at, first)
        self._second = np.insert(self._second, at, second)
        self._scores = np.insert(self._scores, at, scores)

    def _bits(self, positions: Positions, changes: Mapping[str, Values]) -> Bits:
        """Return two times 64 bits for each row, shape (2, m)."""
        out = self._as_they_are[:, positions]
        for name, values in changes.items():
            column = self._columns[name]
            moved = np.flatnonzero(values != column.values[positions])
            out[:, moved] += column(values[moved]) - column(column.values[positions[moved]])
        return out


class _Bits:
    """Two times 64 bits for each value of one column; a row's are the sum over its columns."""

    def __init__(self, column: Column, place: int) -> None:
        self.values = column.values
        self._places = (place + 1, place + 2)
        self._low, self._table = 0.0, None
        if not column.is_numeric:
            if len(column.levels) <= WIDEST_TABLE:
                self._table = self._made(np.arange(len(column.levels)))
        elif column.integer and column.high - column.low < WIDEST_TABLE:
            self._low = column.low
            self._table = self._made(np.arange(column.low, column.high + 1))

    def __call__(self, values: Values) -> Bits:
        """Return the bits of encoded values of shape (m,), shape (2, m)."""
        if self._table is not None:
            if values.dtype.kind != "f":
                return self._table[:, values]
            place = values - self._low
            with np.errstate(invalid="ignore"):  # a missing value is no whole number
                whole = place.astype(np.intp)
            if bool(((whole == place) & (whole >= 0) & (whole < self._table.shape[1])).all()):
                return self._table[:, whole]
        return self._made(values)

    def _made(self, values: Values) -> Bits:
        plain = np.where(np.isnan(values), np.nan, values) + 0.0  # one missing value, one zero
        bits = plain.astype(np.float64).view(np.uint64)
        return np.stack([_mixed(bits ^ np.uint64(place * ODD % 2**64)) for place in self._places])


def _mixed(bits: Bits) -> Bits:
    """Spread every bit over all 64 (the finaliser of SplitMix64)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: Bits = bits ^ (bits >> np.uint64(31))
    return out
