"""Bounds over all pairs of levels: what a profile surely spans, and what it spans at the most.

Every mean has one influence number per row. The differences of all pairs are then jointly normal
with the covariance of these columns; the critical value of the largest one is simulated from it,
which is the multiplier bootstrap with normal multipliers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from workbench.common.arrays import BoolArray, FloatArray, Positions

__all__ = ["LevelMeans", "PairBounds", "critical_value", "pair_bounds"]


DRAWS = 2_000
"""Simulated maxima behind a critical value."""
CHUNK = 4_096
"""Rows whose influences on all pairs are held at a time."""
MOST_PAIRS = 200
"""Pairs that are compared jointly where each leaves out rows of its own."""
FEWEST_ROWS = 30
"""Rows that two levels must be plausible for."""


@dataclass(frozen=True, eq=False)
class LevelMeans:
    """What the scores at all levels come to, on some rows.

    Attributes
    ----------
    scores : ndarray, shape (levels, m)
        Scores after every row was set to a level.
    plausible : ndarray of bool, shape (levels, m)
    positions : ndarray of int, shape (m,)
    through : ndarray, shape (levels, n), or None
        Influence of every row of the data through what was estimated; None where nothing was.
    sampled : bool
        Whether the rows stand for a population.
    n : int
        Rows of the data.
    aside : ndarray, shape (levels,), or None
        Variance of every level that it shares with no other.
    """

    scores: FloatArray
    plausible: BoolArray
    positions: Positions
    through: FloatArray | None
    sampled: bool
    n: int
    aside: FloatArray | None = None

    def among(self, rows: BoolArray, through: FloatArray | None) -> LevelMeans:
        """Return the means on some of the rows."""
        return LevelMeans(
            self.scores[:, rows],
            self.plausible[:, rows],
            self.positions[rows],
            through,
            self.sampled,
            self.n,
        )


@dataclass(frozen=True, eq=False)
class PairBounds:
    """Differences of all pairs of levels, each with its error.

    Attributes
    ----------
    low, high : ndarray of int, shape (pairs,)
        Places of the two levels.
    values, errors : ndarray, shape (pairs,)
        Mean at `high` − mean at `low`, on the rows for which both are plausible.
    shares : ndarray, shape (pairs,)
        Share of the rows for which both are.
    factor : ndarray, shape (pairs, k), or None
        A root of the errors' covariance; None where the pairs are too many to compare jointly.
    """

    low: Positions
    high: Positions
    values: FloatArray
    errors: FloatArray
    shares: FloatArray
    factor: FloatArray | None


def pair_bounds(parts: Sequence[LevelMeans]) -> list[PairBounds]:
    """Compare all pairs of levels, for several kinds of effect at once.

    Parameters
    ----------
    parts : sequence of LevelMeans
        About the same levels and rows: total and direct, say.

    Returns
    -------
    list of PairBounds
        One per part.
    """
    return [_bounds(part) for part in parts]


def critical_value(bounds: Sequence[PairBounds], alpha: float, *, rows: int, seed: int) -> float:
    """Return c such that all |error| stay below c standard errors in a share 1 − alpha.

    The parts are treated as if they had nothing in common, which is on the safe side.

    Parameters
    ----------
    rows : int
        Rows behind the means; few make the value that of a t distribution.
    """
    rng = np.random.default_rng([seed, 401])
    largest = np.zeros(DRAWS)
    for found in bounds:
        known = found.errors > 0
        if not known.any():
            continue
        if found.factor is None:
            lone = rng.random(DRAWS) ** (1 / known.sum())
            draws = scipy.stats.norm.ppf((1 + lone) / 2)
        else:
            factor = found.factor[known] / found.errors[known, None]
            noise = rng.standard_normal((factor.shape[1], DRAWS))
            draws = np.abs(factor @ noise).max(axis=0)
        largest = np.maximum(largest, draws)
    plain = float(scipy.stats.norm.ppf(1 - alpha / 2))
    value = max(float(np.quantile(largest, 1 - alpha)), plain)
    if rows > 2:
        tail = float(scipy.stats.norm.sf(value))
        value = float(scipy.stats.t.isf(tail, rows - 1))
    return value


def _bounds(part: LevelMeans) -> PairBounds:
    count, size = part.scores.shape
    low, high = np.triu_indices(count, 1)
    factor: FloatArray | None
    if part.plausible.all():
        means = part.scores.mean(axis=1)
        values, shares = means[high] - means[low], np.ones(len(low))
        columns = np.zeros((count, part.n)) if part.through is None else part.through.copy()
        if part.sampled:
            columns[:, part.positions] += (part.scores - means[:, None]) * (part.n / size)
        covariance = columns @ columns.T / part.n**2
        if part.aside is not None:
            covariance[np.diag_indices(count)] += part.aside
        root = _root(covariance)
        factor = root[high] - root[low]
        errors = np.sqrt((factor**2).sum(axis=1))
    else:
        values, shares, errors, factor = _masked(part, low, high)
    # Differences of what is the same leave rounding behind.
    errors = np.where(errors < 1e-12, 0.0, errors)
    return PairBounds(low, high, values, errors, shares, factor)


def _root(covariance: FloatArray) -> FloatArray:
    roots, vectors = np.linalg.eigh(covariance)
    out: FloatArray = vectors * np.sqrt(np.maximum(roots, 0.0))
    return out


def _masked(
    part: LevelMeans, low: Positions, high: Positions
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray | None]:
    """Compare pairs that each leave out rows of their own."""
    size, n = part.scores.shape[1], part.n
    place = np.full(n, -1)
    place[part.positions] = np.arange(size)
    sums, counts = np.zeros(len(low)), np.zeros(len(low))
    for start in range(0, size, CHUNK):
        rows = slice(start, start + CHUNK)
        both = part.plausible[low, rows] & part.plausible[high, rows]
        sums += np.where(both, part.scores[high, rows] - part.scores[low, rows], 0.0).sum(axis=1)
        counts += both.sum(axis=1)
    values = np.divide(sums, counts, out=np.zeros(len(low)), where=counts > 0)
    weight = np.divide(n, counts, out=np.zeros(len(low)), where=counts > 0)
    jointly = len(low) <= MOST_PAIRS
    covariance = np.zeros((len(low), len(low))) if jointly else np.zeros(0)
    squares = np.zeros(len(low))
    for start in range(0, n, CHUNK):
        block = slice(start, min(start + CHUNK, n))
        columns = np.zeros((len(low), block.stop - block.start))
        if part.through is not None:
            columns += part.through[high, block] - part.through[low, block]
        asked = place[block]
        inside = asked[asked >= 0]
        if part.sampled and len(inside):
            both = part.plausible[low][:, inside] & part.plausible[high][:, inside]
            own = part.scores[high][:, inside] - part.scores[low][:, inside] - values[:, None]
            columns[:, asked >= 0] += np.where(both, own * weight[:, None], 0.0)
        squares += (columns**2).sum(axis=1)
        if jointly:
            covariance += columns @ columns.T
    squares, covariance = squares / n**2, covariance / n**2
    if part.aside is not None:
        squares += part.aside[low] + part.aside[high]
        if jointly:
            ends = np.zeros((len(low), len(part.scores)))
            ends[np.arange(len(low)), high], ends[np.arange(len(low)), low] = 1.0, -1.0
            covariance += (ends * part.aside) @ ends.T
    # A pair that hardly any row can be compared at says nothing.
    shares = np.where(counts >= min(FEWEST_ROWS, size), counts / size, 0.0)
    return values, shares, np.sqrt(squares), _root(covariance) if jointly else None
