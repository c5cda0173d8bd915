"""Tests of whether some records score like records that were never trained on.

If the model never saw the records, it cannot treat them otherwise than equally hard records that
it never saw: within a stratum every ordering of the scores is then equally likely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from workbench.membership.figures import Strata, placements
from workbench.membership.signals import FloatArray

__all__ = ["TraceTest", "difficulty_strata", "record_p_values", "trace_tests"]

PER_STRATUM = 200
"""Records never trained on, at least, in each stratum."""
MOST_STRATA = 5
FEW = 20
"""With fewer records on either side, the rank sum's distribution is drawn, not approximated."""
DRAWS = 2_999
TOP = 0.01


@dataclass(frozen=True)
class TraceTest:
    """One p-value on the erased records.

    Attributes
    ----------
    attack : str
    question : {"higher", "top", "lower"}
        Whether they score higher on the whole, more of them among the top 1 %, or lower on the
        whole, as records do that a model was pushed away from.
    p_value : float
    corrected : float
        After Holm's correction over all the tests of the evidence.
    """

    attack: str
    question: str
    p_value: float
    corrected: float


def difficulty_strata(mine: FloatArray, unseen: FloatArray) -> tuple[Strata, Strata]:
    """Group records by how hard they are for models that never saw them.

    Parameters
    ----------
    mine, unseen : ndarray, shapes (m,) and (n,)
        Mean signals over reference models that were not trained on the record.

    Returns
    -------
    pair of ndarray of int, shapes (m,) and (n,)
        Strata bounded by quantiles of the unseen records, at least 200 of them in each.
    """
    count = max(1, min(MOST_STRATA, len(unseen) // PER_STRATUM))
    edges = np.unique(np.quantile(unseen, np.arange(1, count) / count))
    groups = np.searchsorted(edges, unseen, side="right")
    own = np.searchsorted(edges, mine, side="right")
    held = np.unique(groups)  # ties can leave a stratum without any: its records join the next
    place = np.minimum(np.searchsorted(held, own), len(held) - 1)
    return held[place].astype(np.intp), groups.astype(np.intp)


def record_p_values(
    scores: FloatArray, unseen: FloatArray, strata: tuple[Strata, Strata]
) -> FloatArray:
    """Return each record's false positive position, shape (m,).

    (1 + equally hard unseen records that score at least as high) / (1 + all of these): the chance
    of a record that was never trained on to come out as high.
    """
    values = np.empty(len(scores))
    for stratum in np.unique(strata[0]):
        chosen, others = strata[0] == stratum, np.sort(unseen[strata[1] == stratum])
        beyond = len(others) - np.searchsorted(others, scores[chosen], side="left")
        values[chosen] = (1 + beyond) / (1 + len(others))
    return values


def trace_tests(
    scores: FloatArray,
    unseen: FloatArray,
    strata: tuple[Strata, Strata],
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Return the p-values of "higher", "top" and "lower" (see :class:`TraceTest`)."""
    higher, lower = _rank_sum(scores, unseen, strata, rng)
    return higher, _top(scores, unseen, strata), lower


def _rank_sum(
    scores: FloatArray,
    unseen: FloatArray,
    strata: tuple[Strata, Strata],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Wilcoxon's rank-sum test in strata, both tails; drawn for small groups."""
    above, _ = placements(scores, unseen, strata)
    observed, expected = float(above.sum()), len(above) / 2
    pooled = []
    variance = 0.0
    for stratum in np.unique(strata[0]):
        own, others = scores[strata[0] == stratum], unseen[strata[1] == stratum]
        m, n = len(own), len(others)
        together = np.concatenate([own, others])
        _, ties = np.unique(together, return_counts=True)
        total = m + n
        loss = float((ties.astype(float) ** 3 - ties).sum()) / max(total * (total**2 - 1.0), 1.0)
        variance += m * (total + 1) * (1 - loss) / (12 * n)
        pooled.append((m, n, together))
    if min(len(scores), len(unseen)) < FEW:
        drawn = sum(_drawn_sums(m, n, together, rng) for m, n, together in pooled)
        return tuple(  # type: ignore[return-value]
            (1 + int(np.sum(sign * (drawn - observed) >= -1e-9))) / (1 + DRAWS) for sign in (1, -1)
        )
    if variance <= 0:
        return 1.0, 1.0
    z = (observed - expected) / math.sqrt(variance)
    return float(stats.norm.sf(z)), float(stats.norm.cdf(z))


def _drawn_sums(m: int, n: int, together: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw the sum of placements of m records taken at random from a stratum, shape (DRAWS,)."""
    ranks = stats.rankdata(together)
    sums: FloatArray = (ranks[_choices(m, m + n, rng)].sum(axis=1) - m * (m + 1) / 2) / n
    return sums


def _choices(m: int, total: int, rng: np.random.Generator) -> Strata:
    """Draw m different places out of `total`, DRAWS times, shape (DRAWS, m)."""
    if total < 10 * m**2:
        return rng.random((DRAWS, total)).argpartition(m - 1, axis=1)[:, :m]
    chosen = rng.integers(0, total, (DRAWS, m))
    while True:  # redraw the few that name a place twice
        twice = (np.diff(np.sort(chosen, axis=1), axis=1) == 0).any(axis=1)
        if not twice.any():
            return chosen
        chosen[twice] = rng.integers(0, total, (int(twice.sum()), m))


def _top(scores: FloatArray, unseen: FloatArray, strata: tuple[Strata, Strata]) -> float:
    """Return the exact chance of so many records above the unseen ones' 99 % quantile."""
    found, chances = 0, np.ones(1)
    for stratum in np.unique(strata[0]):
        own, others = scores[strata[0] == stratum], unseen[strata[1] == stratum]
        m, n = len(own), len(others)
        place = math.floor(TOP * (n + 1))
        if place < 1:
            return 1.0
        found += int(np.sum(own > np.partition(others, n - place)[n - place]))
        # Records that come before the place-th unseen one, counted from the top.
        chances = np.convolve(chances, stats.nhypergeom.pmf(np.arange(m + 1), m + n, m, place))
    return min(1.0, float(chances[found:].sum()))
