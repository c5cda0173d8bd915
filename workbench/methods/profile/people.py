"""What a profile says of single rows: sizes of their effects, and how many are moved."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy

from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.progress import Progress, silent
from workbench.methods.profile.bounds import LevelMeans
from workbench.methods.profile.finite_shares import largest_share, least_share
from workbench.methods.profile.measured import LEAST_SHARE, Measured
from workbench.methods.profile.profile import Pair, PeopleProfile

__all__ = ["PeopleRules", "people_profiles"]


@dataclass(frozen=True)
class PeopleRules:
    """What row effects are compared with, and how surely.

    Attributes
    ----------
    alpha : float
        Error rate of "at most so many".
    alpha_above : float
        Error rate of each claim of which one suffices.
    """

    threshold: float
    alpha: float
    alpha_above: float
    share: float


def people_profiles(
    measured: Measured, rules: PeopleRules, progress: Progress = silent
) -> dict[str, PeopleProfile]:
    """Sum up row effects: direct by query; total where a simulation carried it."""
    answers = measured.answers
    found = {"direct": _rows_of(measured, "direct", answers.parts["direct"], None, rules)}
    total = answers.parts.get("total")
    if total is None:
        return found
    if measured.estimator != "cafe" or total.through is None:
        found["total"] = _rows_of(measured, "total", total, answers.through_sizes, rules)
        noise = answers.size_noise
        room = _beyond(found["total"], rules)
        if noise is not None and room > 0:
            found["total"] = replace(found["total"], inflation=noise.mean(room, progress))
    return found


def _beyond(people: PeopleProfile, rules: PeopleRules) -> float:
    """By how much the size seems to lie above the threshold, its own error taken off."""
    surely = float(scipy.stats.norm.isf(rules.alpha)) * people.error
    return people.mean_size - surely - rules.threshold


def _rows_of(
    measured: Measured,
    part: Literal["total", "direct"],
    means: LevelMeans,
    through: FloatArray | None,
    rules: PeopleRules,
) -> PeopleProfile:
    before, scores, plausible = measured.answers.before, means.scores, means.plausible
    size = scores.shape[1]
    weights = np.where(plausible, measured.assignment.shares[:, None], 0.0)
    sums = np.maximum(weights.sum(axis=0), 1e-300)
    sizes = (weights * np.abs(scores - before)).sum(axis=0) / sums
    influence = np.zeros(means.n) if through is None else through.copy()
    if means.sampled:
        influence[means.positions] += (sizes - sizes.mean()) * (means.n / size)
    top = np.where(plausible, scores, -np.inf).max(axis=0)
    bottom = np.where(plausible, scores, np.inf).min(axis=0)
    spans = np.maximum(top, before) - np.minimum(bottom, before)
    moved = int((spans > rules.threshold).sum())
    many = max(measured.n_rows, size)
    unmoved = not bool((spans > 0).any())
    return PeopleProfile(
        part,
        float(sizes.mean()),
        float(np.sqrt(influence @ influence)) / means.n,
        moved,
        size,
        least_share(moved, size, many, rules.alpha_above),
        0.0 if unmoved else largest_share(moved, size, many, rules.alpha),
        0.0 if unmoved else _reach(spans, many, rules),
        _widest_over_rows(measured, scores, plausible),
    )


def _reach(spans: FloatArray, many: int, rules: PeopleRules) -> float:
    """Smallest threshold beyond which at most the stated share of the rows surely moves."""
    size = len(spans)
    most = int(rules.share * many)
    held = scipy.stats.hypergeom(many, most + 1, size).cdf
    # With k rows beyond, more than the stated share is refuted as long as that is rare.
    beyond = bisect_right(range(most + 1), rules.alpha, key=held) - 1 if size < many else most
    if beyond < 0:
        return float("nan")
    return float(np.sort(spans)[::-1][min(beyond, size - 1)])


def _widest_over_rows(measured: Measured, scores: FloatArray, plausible: BoolArray) -> Pair:
    """Find the pair of levels between which rows move most on average."""
    low, high = np.triu_indices(len(scores), 1)
    sizes, means, shares = (np.zeros(len(low)) for _ in range(3))
    for place, (a, b) in enumerate(zip(low, high, strict=True)):
        both = plausible[a] & plausible[b]
        if both.any():
            moved = (scores[b] - scores[a])[both]
            sizes[place], means[place] = np.abs(moved).mean(), moved.mean()
            shares[place] = both.mean()
    place = int(np.argmax(np.where(shares >= LEAST_SHARE, sizes, -1.0)))
    return measured.pair(
        int(low[place]), int(high[place]), float(means[place]), 0.0, float(shares[place])
    )
