"""Bases that turn encoded columns into regressors: splines, one-hot blocks and their products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.tables.columns import Column, Values

__all__ = [
    "BasisKind",
    "ColumnBasis",
    "NumberLevels",
    "column_basis",
    "level_basis",
    "number_levels",
]

BasisKind = Literal[
    "linear", "minimal", "local", "fine local", "coarse", "flexible", "fine", "finest"
]

_SPLINES: dict[BasisKind, tuple[int, int]] = {
    "local": (1, 4),
    "fine local": (1, 10),
    "coarse": (2, 1),
    "flexible": (3, 4),
    "fine": (3, 10),
    "finest": (3, 20),
}
"""Spline degree and number of inner knots by kind."""
ATOM_SHARE = 0.25
"""A number that this share of the rows takes gets a regressor of its own (no capital gain)."""
TABLE_ROWS = 1_000
"""Whole numbers that span less than this are evaluated once and looked up."""
_RARE: dict[BasisKind, float] = {
    "minimal": 0.05,
    "coarse": 0.02,
    "local": 0.02,
    "fine local": 0.02,
}
"""Levels below this share of the rows are pooled with the most frequent level."""


@dataclass(frozen=True, eq=False)
class ColumnBasis:
    """The regressors of one column, without an intercept.

    Attributes
    ----------
    name : str
    kind : BasisKind
    width : int
        Regressors it gives.
    """

    name: str
    kind: BasisKind
    width: int
    _centre: float = 0.0
    _scale: float = 1.0
    _knots: FloatArray | None = None
    _degree: int = 1
    _missing: bool = False
    _atom: float | None = None
    _slot: npt.NDArray[np.intp] | None = None
    _table: FloatArray | None = None
    _first: float = 0.0

    @property
    def indicates(self) -> bool:
        """Whether every regressor is 0 or 1 and at most one of them is 1."""
        return self._slot is not None

    def __call__(self, values: Values) -> FloatArray:
        """Evaluate at encoded values of shape (m,); return shape (m, width)."""
        out = np.zeros((len(values), self.width))
        self.fill(values, out)
        return out

    def looked_up(self, values: Values) -> tuple[FloatArray, Values] | None:
        """Return a table of regressors and each value's row in it; None where there is no table."""
        if self._slot is not None:
            table = np.zeros((len(self._slot), self.width))
            held = np.flatnonzero(self._slot >= 0)
            table[held, self._slot[held]] = 1.0
            return table, values
        if self._table is not None:
            place = values - self._first
            whole = place.astype(np.intp)
            if bool(((whole == place) & (whole >= 0) & (whole < len(self._table))).all()):
                return self._table, whole
        return None

    def fill(self, values: Values, out: FloatArray) -> None:
        """Evaluate into `out`, shape (m, width), which must hold zeros."""
        if self._slot is not None:
            slots = self._slot[values]
            chosen = np.flatnonzero(slots >= 0)
            out[chosen, slots[chosen]] = 1.0
            return
        known = self.looked_up(values)
        if known is not None:
            out[:] = known[0][known[1]]
            return
        missing = np.isnan(values)
        any_missing = bool(missing.any())
        filled = np.where(missing, self._centre, values) if any_missing else values
        curve = self.width - int(self._missing) - int(self._atom is not None)
        if self._knots is None:
            out[:, 0] = (filled - self._centre) / self._scale
        else:
            _spline(filled, self._knots, self._degree, out[:, :curve])
        if self._atom is not None:
            out[:, curve] = filled == self._atom
        if any_missing and self._missing:
            out[missing] = 0.0
            out[missing, -1] = 1.0


@dataclass(frozen=True, eq=False)
class NumberLevels:
    """One regressor for each of some values of a number: 1 where it takes this value."""

    name: str
    values: FloatArray

    @property
    def width(self) -> int:
        """Regressors it gives."""
        return len(self.values)

    def __call__(self, values: Values) -> FloatArray:
        """Evaluate at values of shape (m,); return shape (m, width)."""
        out: FloatArray = (values[:, None] == self.values[None, :]).astype(np.float64)
        return out


def number_levels(column: Column, levels: npt.NDArray[Any], least: int) -> NumberLevels | None:
    """Give a number's own regressors at the levels that at least `least` rows hold, if any.

    A spline smooths over a rule at one value; such a regressor lets that value stand apart.
    """
    if not column.is_numeric:
        return None
    often = [float(v) for v in levels if np.count_nonzero(column.values == v) >= least]
    distinct = np.count_nonzero(~np.isnan(np.unique(column.values))) if often else 0
    return NumberLevels(column.name, np.array(often)) if 0 < len(often) < distinct else None


def column_basis(
    column: Column, kind: BasisKind, *, keep: npt.NDArray[Any] | None = None
) -> ColumnBasis:
    """Choose the regressors of a column.

    Parameters
    ----------
    kind : BasisKind
        Numbers: the number itself ("linear", "minimal"), a quadratic spline with one inner knot
        ("coarse"), a cubic one with four ("flexible"), ten ("fine") or twenty ("finest"), or
        broken lines over four or ten inner knots, of which each row touches two ("local", "fine
        local"). Categories: one regressor per level but the most
        frequent; "minimal" pools levels below 5 % of the rows with it, "coarse" and the local ones
        below 2 %.
    keep : ndarray, optional
        Codes of a category that are not pooled: the levels an intervention sets. Of a number they
        change nothing; see :func:`number_levels`.
    """
    kept = None if keep is None or column.is_numeric else (keep.dtype.str, keep.tobytes())
    # Many regressions of one audit ask for the same basis: quantiles of a column are dear.
    return column.once((ColumnBasis, kind, kept), lambda: _made(column, kind, keep))


def _made(column: Column, kind: BasisKind, keep: npt.NDArray[Any] | None) -> ColumnBasis:
    if column.is_numeric:
        return _numeric_basis(column, kind)
    counts = column.counts()
    wanted = counts >= max(1.0, _RARE.get(kind, 0.0) * counts.sum())
    if keep is not None:
        wanted[keep] = True
    wanted[int(np.argmax(counts))] = False
    return _levels(column.name, kind, wanted)


def level_basis(column: Column, codes: npt.NDArray[np.intp]) -> ColumnBasis:
    """Give one regressor per named level, one fewer when that is all of them."""
    wanted = np.zeros(len(column.levels), dtype=bool)
    wanted[codes[1:] if len(codes) == len(column.levels) else codes] = True
    return _levels(column.name, "flexible", wanted)


def _levels(name: str, kind: BasisKind, wanted: npt.NDArray[np.bool_]) -> ColumnBasis:
    slot = np.full(len(wanted), -1, dtype=np.intp)
    slot[wanted] = np.arange(wanted.sum())
    return ColumnBasis(name, kind, int(wanted.sum()), _slot=slot)


def _numeric_basis(column: Column, kind: BasisKind) -> ColumnBasis:
    missing = bool(np.isnan(column.values).any())
    present = column.values[~np.isnan(column.values)] if missing else column.values
    centre, scale = float(present.mean()), column.scale
    knots, atom = None, None
    degree = 1
    if kind in _SPLINES:
        degree, inner = _SPLINES[kind]
        atom = _atom(present)
        spread = present if atom is None else present[present != atom]
        knots = _knot_vector(present, spread, degree, inner)
    width = 1 if knots is None else len(knots) - degree - 2
    width += int(missing) + int(atom is not None)
    basis = ColumnBasis(column.name, kind, width, centre, scale, knots, degree, missing, atom)
    if missing or not column.integer or column.high - column.low >= TABLE_ROWS:
        return basis
    # Few whole numbers: evaluated once each, then looked up.
    return replace(basis, _table=basis(np.arange(column.low, column.high + 1)), _first=column.low)


def _atom(present: FloatArray) -> float | None:
    """Find the value that many rows share, where the rest varies enough to need its own curve."""
    values, counts = np.unique(present, return_counts=True)
    most = int(np.argmax(counts))
    if len(values) < 4 or counts[most] < ATOM_SHARE * len(present):
        return None
    return float(values[most])


def _knot_vector(
    present: FloatArray, spread: FloatArray, degree: int, inner: int
) -> FloatArray | None:
    """Clamped knots, the inner ones at quantiles of `spread`; None when a line is all there is."""
    sample = spread if len(spread) <= 50_000 else spread[:: len(spread) // 50_000 + 1]
    distinct = np.unique(sample)
    if len(distinct) <= degree + 1:
        return None
    low, high = float(present.min()), float(present.max())
    knots = np.unique(np.quantile(sample, np.linspace(0, 1, inner + 2)[1:-1]))
    knots = knots[(knots > low) & (knots < high)]
    return np.concatenate([np.full(degree + 1, low), knots, np.full(degree + 1, high)])


def _spline(values: FloatArray, knots: FloatArray, degree: int, out: FloatArray) -> None:
    """Evaluate into `out` all B-splines but the first, which the intercept stands for.

    The Cox–de Boor recursion over the splines that are not zero at each value: on the few hundred
    rows of a sensitivity analysis scipy's sparse matrix takes ten times as long.
    """
    inside = np.clip(values, knots[0], knots[-1])
    cell = np.searchsorted(knots, inside, side="right") - 1
    cell = np.clip(cell, degree, len(knots) - degree - 2)
    parts = [np.ones(len(inside))]
    for order in range(1, degree + 1):
        raised = [np.zeros(len(inside))]
        for place, part in enumerate(parts):
            low, high = knots[cell + place + 1 - order], knots[cell + place + 1]
            share = part / (high - low)
            raised[-1] += (high - inside) * share
            raised.append((inside - low) * share)
        parts = raised
    for place, part in enumerate(parts):
        column = cell - degree + place - 1
        rows = np.flatnonzero(column >= 0)
        out[rows, column[rows]] = part[rows]
