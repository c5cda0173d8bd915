"""What "vary the feature" means: named interventions inside the feature's observed domain.

See ``estimands.md``, "Interventions". :func:`vary` turns an intervention into the encoded values
that a feature is set to, row by row.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.errors import InterventionError
from workbench.tables.columns import Column, Values
from workbench.tables.shown_levels import shown_level, tells_in_full

__all__ = [
    "Contrast",
    "Intervention",
    "Interventions",
    "Resample",
    "Shift",
    "Variation",
    "is_number",
    "vary",
]

COMMON_SHARE = 0.05
"""A category counts for the default contrast when it holds at least this share of the rows."""
NEIGHBOURS = 50
"""Rows with similar parents that ``Resample(given="parents")`` draws from."""


@dataclass(frozen=True)
class Contrast:
    """Set the feature from level `a` to level `b` on every row.

    Parameters
    ----------
    a, b : scalar
        Levels of a category, or numbers within the observed range, in the feature's own unit.

    Examples
    --------
    >>> Contrast("02467", "02121")
    Contrast(a='02467', b='02121')
    """

    a: Any
    b: Any


@dataclass(frozen=True)
class Resample:
    """Set the feature to values drawn from the data (Algorithm 1's fuzzing).

    Parameters
    ----------
    draws : int, default 10
        Values tried per row.
    given : {"parents"}, optional
        Draw only from rows with similar parents, which keeps the intervention realistic.

    Raises
    ------
    InterventionError
        When `draws` is not a whole number from 1 to 1,000, or `given` is something else.

    Examples
    --------
    >>> Resample(5, given="parents")
    Resample(draws=5, given='parents')
    """

    draws: int = 10
    given: Literal["parents"] | None = None

    def __post_init__(self) -> None:
        if not is_number(self.draws, whole=True) or not 1 <= self.draws <= 1_000:
            raise InterventionError(f"Resample takes 1 to 1,000 draws, not {self.draws!r}.")
        if self.given not in (None, "parents"):
            raise InterventionError(f"Resample(given={self.given!r}): only 'parents' is known.")


@dataclass(frozen=True)
class Shift:
    """Move the feature by the same amount on every row, within the observed range.

    Parameters
    ----------
    delta : float
        In the feature's own unit; not 0.

    Raises
    ------
    InterventionError
        When `delta` is not such a number.

    Examples
    --------
    >>> Shift(-1_000)
    Shift(delta=-1000)
    """

    delta: float

    def __post_init__(self) -> None:
        if not is_number(self.delta) or self.delta == 0:
            raise InterventionError(f"Shift takes a number other than 0, not {self.delta!r}.")


Intervention: TypeAlias = Contrast | Resample | Shift
Interventions: TypeAlias = Intervention | Mapping[str, Intervention] | None
"""One intervention for all target features, one per feature, or None for the defaults."""


@dataclass(frozen=True, eq=False)
class Variation:
    """The encoded values a feature is set to on the rows of a target.

    Attributes
    ----------
    feature : str
    text : str
        The intervention in words with its levels.
    before : ndarray, shape (rows of T,)
    after : tuple of ndarray, each shape (rows of T,)
        One array per draw.
    """

    feature: str
    text: str
    before: Values
    after: tuple[Values, ...]

    def take(self, inside: npt.NDArray[np.intp]) -> Variation:
        """Return the variation on some of its rows, given by their places among them."""
        after = tuple(values[inside] for values in self.after)
        return Variation(self.feature, self.text, self.before[inside], after)

    def draw(self, k: int) -> Values:
        """Return the values of one draw; a feature with fewer draws starts over."""
        return self.after[k % len(self.after)]

    @property
    def levels(self) -> npt.NDArray[Any]:
        """Distinct encoded values that the feature is set to."""
        values = np.unique(np.concatenate([self.before, *self.after]))
        return values[~np.isnan(values)] if values.dtype.kind == "f" else values


def vary(
    column: Column,
    intervention: Interventions,
    rows: npt.NDArray[np.intp],
    *,
    predictions: npt.NDArray[np.float64],
    parents: Sequence[Column] = (),
    seed: int = 0,
) -> Variation:
    """Resolve an intervention on one column for the given rows.

    Parameters
    ----------
    column : Column
        The feature, over all n rows of the data.
    intervention : Intervention, mapping or None
        None takes the default: low to high of two levels, the 25th to the 75th percentile of a
        number (or, where these are the same, that value and the median of the others; rounded where
        fewer than five rows hold it), and of a category the two levels, among those with at least
        5 % of the rows, whose mean predictions lie widest apart.
    rows : ndarray of int
        Positions of the target's rows.
    predictions : ndarray, shape (n,)
    parents : sequence of Column
        For ``Resample(given="parents")``.

    Raises
    ------
    InterventionError
        When the feature is constant or the levels lie outside its observed domain.
    """
    if isinstance(intervention, Mapping):
        intervention = intervention.get(column.name)
    if column.is_constant:
        if column.is_numeric and np.isnan(column.values).any():
            raise InterventionError(
                f"{column.name!r} is {column.label(column.low)} in every row that has a number; "
                f"the others are missing. If missing is a level of its own, say that it is a "
                f"category: --type {column.name}=category, types={{{column.name!r}: 'category'}}, "
                f"or data[{column.name!r}].astype('category')."
            )
        raise InterventionError(
            f"{column.name!r} has the same value in every row of the data, so nothing can be said "
            f"about varying it. Choose another feature, or data in which it varies."
        )
    observed = column.values[rows]
    match intervention:
        case None:
            low, high = _default_contrast(column, predictions)
            return _contrast(column, low, high, len(rows))
        case Contrast(a=a, b=b):
            low, high = column.encode(a), column.encode(b)
            if low == high:
                raise InterventionError(
                    f"The contrast on {column.name!r} goes from {a!r} to the same level. Name two "
                    f"different ones."
                )
            return _contrast(column, low, high, len(rows))
        case Shift(delta=delta):
            if not column.is_numeric:
                raise InterventionError(
                    f"{column.name!r} is not a number that could be shifted. Use "
                    f"Contrast({column.label(0)!r}, {column.label(1)!r})."
                )
            if column.integer and delta != int(delta):
                raise InterventionError(
                    f"{column.name!r} holds whole numbers; shift it by a whole number, not {delta}."
                )
            shifted = np.clip(observed + delta, column.low, column.high)
            return Variation(column.name, f"shifted by {delta:+g}", observed, (shifted,))
        case Resample(draws=draws, given=given):
            rng = np.random.default_rng([seed, zlib.crc32(column.name.encode())])
            donors = (
                _similar_rows(parents, rows, draws, rng)
                if given == "parents" and parents
                else rng.integers(0, len(column.values), size=(draws, len(rows)))
            )
            whose = "rows with similar parents" if given == "parents" and parents else "all rows"
            text = f"resampled from {whose}, {draws} draw{'s' if draws > 1 else ''}"
            return Variation(column.name, text, observed, tuple(column.values[d] for d in donors))
    raise InterventionError(
        f"{intervention!r} is no intervention. Use wb.Contrast(a, b), wb.Resample(draws) or "
        f"wb.Shift(delta)."
    )


def is_number(value: object, *, whole: bool = False) -> bool:
    """Whether a value is a finite number, and no truth value."""
    kinds = (int, np.integer) if whole else (int, float, np.number)
    return isinstance(value, kinds) and not isinstance(value, bool) and bool(np.isfinite(value))


def _contrast(column: Column, low: float | int, high: float | int, n: int) -> Variation:
    dtype = column.values.dtype
    text = f"{column.label(low)} → {column.label(high)}"
    before, after = np.full(n, low, dtype=dtype), np.full(n, high, dtype=dtype)
    return Variation(column.name, text, before, (after,))


def _default_contrast(
    column: Column, predictions: npt.NDArray[np.float64]
) -> tuple[float | int, float | int]:
    if column.is_numeric:
        present = column.values[~np.isnan(column.values)]
        low, high = np.quantile(present, (0.25, 0.75), method="inverted_cdf")
        if low == high:
            # Most rows share one value (no capital gain): go from it to the median of the others.
            others = present[present != low]
            low, high = sorted((low, np.quantile(others, 0.5, method="inverted_cdf")))
        return _shown(column, float(low), float(high))
    named = [code for code, level in enumerate(column.levels) if level is not None]
    if len(named) == 1:
        only = column.levels[named[0]]
        raise InterventionError(
            f"{column.name!r} has one level besides missing, so there is no contrast to take by "
            f"itself. If missing means something here, name it: --from missing --to "
            f"{column.label(named[0])}, or Contrast(None, {only!r})."
        )
    if len(named) == 2:
        return named[0], named[1]
    counts = column.counts()
    if column.levels[-1] is None:
        counts[-1] = 0  # nobody can be set to "missing"
    common = np.flatnonzero(counts >= COMMON_SHARE * counts.sum())
    if len(common) < 2:
        common = np.sort(np.argsort(-counts, kind="stable")[:2])
    sums = np.bincount(column.values, weights=predictions, minlength=len(counts))
    by_mean = common[np.argsort(sums[common] / counts[common], kind="stable")]
    return int(by_mean[0]), int(by_mean[-1])


def _shown(column: Column, low: float, high: float) -> tuple[float, float]:
    """Keep both ends from being, to the last digit, what a handful of people have."""
    ends = [shown_level(column, v) if tells_in_full(column, v) else v for v in (low, high)]
    return (ends[0], ends[1]) if ends[0] < ends[1] else (low, high)


def _similar_rows(
    parents: Sequence[Column], rows: npt.NDArray[np.intp], draws: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Draw donors among the nearest rows in the space of the parents, shape (draws, rows)."""
    from sklearn.neighbors import NearestNeighbors

    blocks = []
    for parent in parents:
        if parent.is_numeric:
            filled = np.where(np.isnan(parent.values), np.nanmean(parent.values), parent.values)
            blocks.append(((filled - filled.mean()) / parent.scale)[:, None])
        else:
            blocks.append(pd.get_dummies(parent.values).to_numpy(dtype=np.float64))
    # Tiny noise breaks ties at random: discrete parents leave many rows equally near.
    space = np.hstack(blocks) + rng.normal(scale=1e-6, size=(len(parents[0].values), 1))
    k = min(NEIGHBOURS, len(space))
    near = NearestNeighbors(n_neighbors=k).fit(space).kneighbors(space[rows], return_distance=False)
    chosen = rng.integers(0, k, size=(draws, len(rows)))
    donors: npt.NDArray[np.intp] = near[np.arange(len(rows)), chosen]
    return donors
