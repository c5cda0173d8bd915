"""Which levels of a feature a profile tests (``estimands.md``, "What 'below τ' must mean").

Every supported level of a category, a number's own values where they are few, else a grid of
quantiles and levels drawn with the audit's own seed: a model that behaves at default levels would
else have a place to hide.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray
from workbench.tables.columns import Column, Values
from workbench.tables.shown_levels import FEWEST_HOLDERS, places_of, rounding_step, shown_level

__all__ = ["TestedLevels", "fine_grid", "named_levels", "tested_levels", "with_bends"]


FEWEST_ROWS = 30
"""Rows that support a level."""
LEAST_SHARE = 0.01
"""Share of the rows that supports a level."""
FEW_VALUES = 12
"""A number with at most as many values is tested at these."""
MOST_LEVELS = 60
"""Levels of a category that are tested; the most frequent ones."""
GRID = (0.01, 0.05, 0.15, 0.25, 0.35, 0.5, 0.65, 0.75, 0.85, 0.95, 0.99)
SHORT_GRID = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
SHORT_ROWS = 1_500
"""Shorter tables are tested at fewer levels, so that each is asked about enough rows."""
DRAWN = 4
"""Levels drawn with the seed; half as many of a short table."""
FINE = 41
"""Quantiles at which a profile is scouted for bends."""
NAMED_AS_UNTESTED = 20
"""Untested levels that are named; the others are counted."""


@dataclass(frozen=True, eq=False)
class TestedLevels:
    """The levels of one feature that are asked about.

    Attributes
    ----------
    values : ndarray, shape (levels,)
        Encoded; NaN is a number that is missing.
    origins : tuple of str
        Why each is tested: "level", "value", "quantile", "drawn", "bend", "missing", "named".
    shares : ndarray, shape (levels,)
        Share of the rows that each stands for: rows at the level, or nearest to it.
    untested : tuple of str
        Levels that too few rows hold, most frequent first, at most 20 by name; those that fewer
        than five rows hold are counted alone.
    n_untested : int
    """

    column: Column
    values: Values
    origins: tuple[str, ...]
    shares: FloatArray
    untested: tuple[str, ...] = ()
    n_untested: int = 0

    def __len__(self) -> int:
        return len(self.values)

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels as a person would write them; a number like another's label in full."""
        said: list[str] = []
        for value in self.values:
            label = "missing" if _is_missing(value) else self.column.label(value)
            said.append(f"{value:.12g}" if self.column.is_numeric and label in said else label)
        return tuple(said)

    @property
    def held(self) -> tuple[int | None, ...]:
        """Rows that hold each level; None for numbers among many, which neighbours stand for."""
        if not self.column.is_numeric:
            counts = self.column.counts()
            return tuple(int(counts[value]) for value in self.values)
        numbers = self.column.values
        lacking = np.isnan(numbers)
        many = len(np.unique(numbers[~lacking])) > FEW_VALUES
        return tuple(
            int(lacking.sum())
            if _is_missing(value)
            else (None if many else int((numbers == value).sum()))
            for value in self.values
        )

    def raw(self, place: int) -> Any:
        """Return a level as an intervention would name it; None is missing."""
        value = self.values[place]
        if self.column.is_numeric:
            return None if _is_missing(value) else float(value)
        return self.column.levels[int(value)]


def tested_levels(
    column: Column, default: Variation | None, *, seed: int, avoid: Iterable[float] = ()
) -> TestedLevels:
    """Choose the levels of a feature by its own distribution.

    Parameters
    ----------
    default : Variation or None
        The default contrast, whose two levels always take part.
    seed : int
        Of the audit, for the levels that are drawn.
    avoid : iterable of float
        Values that no level may take: those of single persons whom the report is about.
    """
    if not column.is_numeric:
        return _categories(column, default)
    present = column.values[~np.isnan(column.values)]
    values, counts = np.unique(present, return_counts=True)
    least = _least(len(column.values))
    if len(values) <= FEW_VALUES:
        held = counts >= least
        if held.sum() < 2:
            held[np.argsort(-counts, kind="stable")[:2]] = True
        named = [(float(v), "value") for v in values[held]]
        named_rare = values[~held & (counts >= FEWEST_HOLDERS)]
        rare, n_rare = [column.label(float(v)) for v in named_rare], int((~held).sum())
    else:
        named, rare, n_rare = _grid(column, present, default, seed), [], 0
        kept = set(avoid)
        named = [(value, origin) for value, origin in named if value not in kept]
        if len({value for value, _ in named}) < 2:
            # The named rows hold every level between them: what most rows hold is no one's own.
            common = np.argsort(-counts, kind="stable")[:FEW_VALUES]
            named = [(float(v), "value") for v in np.sort(values[common])]
    missing = len(column.values) - len(present)
    if missing >= least:
        named.append((float("nan"), "missing"))
    elif missing:
        rare.append("missing")
        n_rare += 1
    return _levels(column, named, rare, n_rare)


def named_levels(column: Column, values: Sequence[float | int]) -> TestedLevels:
    """Return the levels that an auditor named, encoded."""
    return _levels(column, [(value, "named") for value in dict.fromkeys(values)])


def with_bends(levels: TestedLevels, values: Sequence[float | int]) -> TestedLevels:
    """Return the levels with further ones, at which the prediction's profile bends."""
    known = {float(value) for value in levels.values}
    rounded = _rounded(levels.column, np.array(values, dtype=np.float64)).tolist()
    more = [(v, "bend") for v in dict.fromkeys(rounded) if float(v) not in known]
    if not more:
        return levels
    named = [*zip(levels.values.tolist(), levels.origins, strict=True), *more]
    fresh = _levels(levels.column, named)
    return TestedLevels(
        fresh.column,
        fresh.values,
        fresh.origins,
        fresh.shares,
        levels.untested,
        levels.n_untested,
    )


def fine_grid(column: Column, avoid: Iterable[float] = ()) -> FloatArray | None:
    """Return levels between those of the grid, to scout for bends; None where all are tested."""
    if not column.is_numeric:
        return None
    present = column.values[~np.isnan(column.values)]
    values = np.unique(present)
    if len(values) <= FEW_VALUES:
        return None
    if len(values) > FINE or not column.integer:
        values = np.unique(_rounded(column, np.quantile(present, np.linspace(0.01, 0.99, FINE))))
    kept: FloatArray = np.array([v for v in values if v not in set(avoid)])
    return kept


def _categories(column: Column, default: Variation | None) -> TestedLevels:
    counts = column.counts()
    held = counts >= _least(len(column.values))
    order = np.argsort(-counts, kind="stable")
    if held.sum() > MOST_LEVELS:
        held[order[MOST_LEVELS:]] = False
    if held.sum() < 2:
        held[order[:2]] = True
    if default is not None:
        held[default.levels] = True
    named: list[tuple[float | int, str]] = [
        (int(code), "missing" if column.levels[code] is None else "level")
        for code in np.flatnonzero(held)
    ]
    rare = [code for code in order if not held[code]]
    told = [
        column.label(int(code))
        for code in rare
        if counts[code] >= FEWEST_HOLDERS or column.levels[code] is None
    ]
    return _levels(column, named, told, len(rare))


def _grid(
    column: Column, present: FloatArray, default: Variation | None, seed: int
) -> list[tuple[float, str]]:
    """Quantiles of a number, and some levels that nobody could have prepared for."""
    named: list[tuple[float, str]] = []
    if default is not None:
        named += [(float(v), "quantile") for v in (default.before[0], default.after[0][0])]
    short = len(present) < SHORT_ROWS
    grid = SHORT_GRID if short else GRID
    usual = _rounded(column, np.quantile(present, grid, method="inverted_cdf"))
    mode_values, mode_counts = np.unique(present, return_counts=True)
    mode = mode_values[np.argmax(mode_counts)]
    # The default contrast stands for the quantiles right beside it.
    near = float(np.ptp(usual)) / 200
    known = [value for value, _ in named]
    usual = np.array([v for v in usual if all(abs(v - k) > near for k in known)])
    named += [(float(v), "quantile") for v in usual]
    if mode_counts.max() > 0.2 * len(present):
        # Most rows share one value (no capital gain): look at the others, too.
        rest = np.quantile(present[present != mode], (0.1, 0.25, 0.5, 0.75, 0.9))
        named += [(float(mode), "quantile")]
        named += [(float(v), "quantile") for v in _rounded(column, rest)]
    rng = np.random.default_rng([seed, zlib.crc32(column.name.encode()), 71])
    drawn = np.quantile(present, rng.uniform(0.005, 0.995, DRAWN // 2 if short else DRAWN))
    return named + [(float(v), "drawn") for v in _rounded(column, drawn)]


def _rounded(column: Column, values: FloatArray) -> FloatArray:
    """Round levels to some three digits, so that none of them is the value of a few people."""
    return np.array([shown_level(column, value) for value in _near(column, values).tolist()])


def _near(column: Column, values: FloatArray) -> FloatArray:
    if column.integer:
        whole: FloatArray = np.clip(np.rint(values), column.low, column.high)
        return whole
    step = rounding_step(column)
    # Inward at the ends: the smallest value of all is some person's.
    ends = np.ceil(column.low / step), np.floor(column.high / step)
    inside: FloatArray = np.round(np.clip(np.rint(values / step), *ends) * step, places_of(step))
    return inside


def _levels(
    column: Column,
    named: Sequence[tuple[float | int, str]],
    untested: Sequence[str] = (),
    n_untested: int = 0,
) -> TestedLevels:
    first: dict[Any, str] = {}
    for value, origin in named:
        first.setdefault(None if _is_missing(value) else value, origin)
    ordered = sorted(v for v in first if v is not None) + [v for v in first if v is None]
    values = np.array(
        [np.nan if v is None else v for v in ordered],
        dtype=np.float64 if column.is_numeric else np.intp,
    )
    return TestedLevels(
        column,
        values,
        tuple(first[v] for v in ordered),
        _shares(column, values),
        tuple(untested[:NAMED_AS_UNTESTED]),
        n_untested,
    )


def _shares(column: Column, values: Values) -> FloatArray:
    """Share of the rows at or nearest to each level, shape (levels,)."""
    if not column.is_numeric:
        counts = column.counts()[values].astype(np.float64)
        held: FloatArray = counts / max(counts.sum(), 1.0)
        return held
    lacking = np.isnan(values)
    present = column.values[~np.isnan(column.values)]
    numbers = values[~lacking]
    counts = np.zeros(len(values))
    if len(numbers):
        middles = (numbers[1:] + numbers[:-1]) / 2
        nearest = np.searchsorted(middles, present)
        counts[~lacking] = np.bincount(nearest, minlength=len(numbers))
    counts[lacking] = len(column.values) - len(present)
    shares: FloatArray = counts / max(counts.sum(), 1.0)
    return shares


def _least(n: int) -> float:
    return max(LEAST_SHARE * n, FEWEST_ROWS)


def _is_missing(value: Any) -> bool:
    return isinstance(value, float) and np.isnan(value)
