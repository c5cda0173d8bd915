"""Where does a statistic differ? A shallow tree proposes subgroups; others test them on fresh rows.

A statistic is a smooth function of means over rows, so that its value in any subgroup needs only
sums, and its error follows by the delta method. The tree splits where the statistic differs most
between the two sides. What it proposes is a guess that fits the rows it was grown on: every claim
about it must be tested on other rows (:func:`halves`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.condition import Condition
from workbench.case.condition_syntax import as_named
from workbench.common.arrays import BoolArray, FloatArray, Positions
from workbench.tables.columns import Column

__all__ = [
    "Candidate",
    "Split",
    "Statistic",
    "SubgroupEstimate",
    "grow_tree",
    "halves",
    "masks_of",
]


STEP = 1e-5
"""Step of the numeric derivative, relative to the moments' size."""
FINALISTS = 3
"""Splits of one column whose standard errors are looked at."""


@dataclass(frozen=True, eq=False)
class Statistic:
    """A smooth function of means.

    Attributes
    ----------
    moments : ndarray, shape (n, k)
        What is averaged, row by row.
    of_means : callable
        Means of the moments, shape (..., k), to the statistic, shape (...).
    chance : callable, optional
        Means of the moments, shape (k,), and a number of rows to the mean and the variance that
        the statistic has by chance where it is truly zero. Needed where it cannot be negative: it
        is then above zero in every sample, and the delta method fails.

    Examples
    --------
    The variance of a number:

    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> spread = Statistic(np.column_stack([x, x**2]), lambda m: m[..., 1] - m[..., 0] ** 2)
    >>> float(spread.value(np.ones(4, dtype=bool)))
    1.25
    """

    moments: FloatArray
    of_means: Callable[[FloatArray], FloatArray]
    chance: Callable[[FloatArray, int], tuple[float, float]] | None = None

    def value(self, inside: BoolArray) -> float:
        """Return the statistic on the rows where `inside` holds, as it is."""
        rows = self.moments.take(np.flatnonzero(inside), axis=0)
        return float(self.of_means(np.ones(len(rows)) @ rows / len(rows)))

    def estimate(self, inside: BoolArray) -> SubgroupEstimate:
        """Return the statistic where `inside` holds, less what chance gives, with its error."""
        places = np.flatnonzero(inside)
        rows = self.moments.take(places, axis=0)
        # Of a narrow table a product gives sums many times sooner than mean(axis=0).
        means = np.ones(len(rows)) @ rows / len(rows)
        steps = np.diag(STEP * np.maximum(np.abs(means), 1e-3))
        slope = (self.of_means(means + steps) - self.of_means(means - steps)) / steps.diagonal() / 2
        influence = np.zeros(len(inside))
        influence[places] = (rows - means) @ slope * (len(inside) / len(rows))
        bias, variance = self.chance(means, len(rows)) if self.chance else (0.0, 0.0)
        return SubgroupEstimate(float(self.of_means(means)) - bias, influence, variance)


@dataclass(frozen=True, eq=False)
class SubgroupEstimate:
    """A statistic of a subgroup.

    Attributes
    ----------
    value : float
    influence : ndarray, shape (n,)
        Zero outside the subgroup. The error is the mean of this column over all n rows, to first
        order; columns of different subgroups may be added and subtracted.
    variance : float
        What comes on top where the statistic is near zero.
    """

    value: float
    influence: FloatArray
    variance: float = 0.0

    @property
    def standard_error(self) -> float:
        """Standard error of `value`."""
        squares = float(np.dot(self.influence, self.influence))
        return float(np.sqrt(squares / len(self.influence) ** 2 + self.variance))

    def __sub__(self, other: SubgroupEstimate) -> SubgroupEstimate:
        """Return the difference; chance is counted where it is larger, in the smaller subgroup."""
        variance = max(self.variance, other.variance)
        return SubgroupEstimate(
            self.value - other.value, self.influence - other.influence, variance
        )

    @property
    def z(self) -> float:
        """Value in standard errors."""
        error = self.standard_error
        return self.value / error if error > 0 else 0.0


@dataclass(frozen=True)
class Split:
    """One step down the tree, in the subgroup language."""

    column: str
    operator: str
    value: object

    def __str__(self) -> str:
        name = as_named(self.column)
        if self.value is None:
            return f"{name} is {'not ' if self.operator == '!=' else ''}None"
        number = isinstance(self.value, float) and self.value.is_integer()
        shown = f"{self.value:.0f}" if number else repr(self.value)
        return f"{name} {self.operator} {shown}"


@dataclass(frozen=True)
class Candidate:
    """A subgroup that the tree proposes.

    Attributes
    ----------
    steps : tuple of Split
        All hold.
    ancestors : tuple of Candidate
        From the widest to the parent; the whole population is not among them.
    """

    steps: tuple[Split, ...]
    ancestors: tuple[Candidate, ...]

    @property
    def condition(self) -> str:
        """The subgroup in the subgroup language."""
        return " and ".join(map(str, self.steps))


@dataclass(frozen=True, eq=False)
class _Split:
    score: float
    sides: tuple[tuple[Split, BoolArray], tuple[Split, BoolArray]]


def halves(n: int, seed: int) -> tuple[Positions, Positions]:
    """Return two random halves of the positions 0 to n − 1, each in order."""
    order = np.random.default_rng(seed).permutation(n)
    middle = n // 2
    return np.sort(order[:middle]), np.sort(order[middle:])


def grow_tree(
    statistic: Statistic,
    columns: Sequence[Column],
    positions: Positions,
    *,
    max_depth: int = 3,
    min_rows: int = 100,
    bins: int = 10,
) -> tuple[Candidate, ...]:
    """Propose subgroups where the statistic differs.

    Parameters
    ----------
    statistic : Statistic, over the rows in `positions`
    columns : sequence of Column
        What the subgroups may be described by, over all rows.
    positions : ndarray of int, shape (n,)
        Rows that the tree is grown on.
    max_depth : int, default 3
        Comparisons that describe a subgroup.
    min_rows : int, default 100
        A subgroup with fewer of the rows is not proposed.
    bins : int, default 10
        Thresholds of a number lie between this many equally filled parts.

    Returns
    -------
    tuple of Candidate
        Every node but the root, each after its ancestors.
    """
    parts = [
        _binned(column, positions, bins)
        for column in columns
        if not column.is_constant and "`" not in column.name  # the language cannot name it
    ]
    found: list[Candidate] = []

    def split(inside: BoolArray, above: tuple[Candidate, ...]) -> None:
        if len(above) >= max_depth:
            return
        splits = (_best_split(statistic, part, inside, min_rows) for part in parts)
        best = max((s for s in splits if s is not None), key=lambda s: s.score, default=None)
        if best is None or best.score <= 0.0:
            return
        for step, side in best.sides:
            steps = above[-1].steps if above else ()
            child = Candidate(_tightened(steps, step), above)
            found.append(child)
            split(inside & side, (*above, child))

    split(np.ones(len(positions), dtype=bool), ())
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Binned:
    """A column as few codes; −1 where it cannot be compared."""

    column: Column
    codes: npt.NDArray[np.intp]
    thresholds: FloatArray


def _binned(column: Column, positions: Positions, bins: int) -> _Binned:
    values = column.values[positions]
    if not column.is_numeric:
        return _Binned(column, values.astype(np.intp), np.empty(0))
    present = np.unique(values[~np.isnan(values)])
    thresholds = present[:-1]
    if len(thresholds) > bins:
        cuts = np.quantile(values[~np.isnan(values)], np.linspace(0, 1, bins + 1)[1:-1])
        # A person reads the condition: three digits say it as well as ten.
        rounded = np.unique([float(f"{cut:.3g}") for cut in cuts])
        thresholds = rounded[(rounded >= present[0]) & (rounded < present[-1])]
    codes = np.searchsorted(thresholds, values, side="left").astype(np.intp)
    codes[np.isnan(values)] = -1
    return _Binned(column, codes, thresholds)


def _best_split(
    statistic: Statistic, part: _Binned, inside: BoolArray, min_rows: int
) -> _Split | None:
    """Return the split of one column whose sides differ most, weighted by their sizes."""
    known = inside & (part.codes >= 0)
    codes = part.codes[known]
    if not len(codes):
        return None
    size = int(codes.max()) + 1
    sums = np.stack(
        [np.bincount(codes, weights=m, minlength=size) for m in statistic.moments[known].T], axis=1
    )
    counts = np.bincount(codes, minlength=size).astype(float)
    if part.column.is_numeric:
        sums, counts = np.cumsum(sums, axis=0)[:-1], np.cumsum(counts)[:-1]
    allowed = (counts >= min_rows) & (codes.size - counts >= min_rows)
    if not allowed.any():
        return None
    whole = statistic.moments[known].sum(axis=0)
    left, right = counts[allowed, None], (codes.size - counts)[allowed, None]
    gaps = statistic.of_means(sums[allowed] / left)
    gaps = gaps - statistic.of_means((whole - sums[allowed]) / right)
    scores = np.abs(gaps) * np.sqrt(left * right / codes.size)[:, 0]
    scores = np.where(np.isfinite(scores), scores, -1.0)
    splits = []
    # The weighted difference is a quick guess; the few best are compared by their standard errors.
    for place in np.argsort(-scores, kind="stable")[:FINALISTS]:
        sides = _sides(part, int(np.flatnonzero(allowed)[place]), known)
        if all(side.sum() >= min_rows for _, side in sides):
            one, other = (statistic.estimate(side) for _, side in sides)
            splits.append(_Split(abs((one - other).z), sides))
    return max(splits, key=lambda split: split.score, default=None)


def _sides(
    part: _Binned, code: int, known: BoolArray
) -> tuple[tuple[Split, BoolArray], tuple[Split, BoolArray]]:
    name = part.column.name
    if part.column.is_numeric:
        cut = float(part.thresholds[code])
        left = known & (part.codes <= code)
        return (Split(name, "<=", cut), left), (Split(name, ">", cut), known & ~left)
    level = part.column.levels[code]
    left, right = known & (part.codes == code), known & (part.codes != code)
    if level is not None and part.column.levels[-1] is None:
        right &= (
            part.codes != len(part.column.levels) - 1
        )  # no comparison holds where it is missing
    if len(part.column.levels) == 2 and None not in part.column.levels:
        rest = Split(name, "==", part.column.levels[1 - code])
    else:
        rest = Split(name, "!=", level)
    return (Split(name, "==", level), left), (rest, right)


def _tightened(steps: tuple[Split, ...], new: Split) -> tuple[Split, ...]:
    """Add a step, dropping those that it makes needless."""

    def needless() -> Iterator[Split]:
        for step in steps:
            same = step.column == new.column
            ranges = step.operator == new.operator and new.operator in ("<=", ">")
            if same and (ranges or (new.operator == "==" and step.operator == "!=")):
                yield step

    gone = list(needless())
    return (*(step for step in steps if step not in gone), new)


def masks_of(candidates: Iterable[Candidate], data: pd.DataFrame) -> dict[Candidate, BoolArray]:
    """Return which rows of a table each candidate describes, shape (n,); each step is read once."""
    candidates = tuple(candidates)
    steps = dict.fromkeys(step for candidate in candidates for step in candidate.steps)
    held = {step: Condition(str(step)).mask(data) for step in steps}
    return {c: np.logical_and.reduce([held[step] for step in c.steps]) for c in candidates}
