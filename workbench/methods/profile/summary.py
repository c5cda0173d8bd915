"""From answers at levels and rows to the numbers that a profile keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from workbench.methods.profile.answers import Answers, Assignment
from workbench.methods.profile.bounds import (
    LevelMeans,
    PairBounds,
    critical_value,
    pair_bounds,
)
from workbench.methods.profile.finite_shares import largest_share, least_share
from workbench.methods.profile.levels import TestedLevels
from workbench.methods.profile.profile import (
    EffectProfile,
    FeatureProfile,
    LevelEffect,
    Pair,
    PartProfile,
    PeopleProfile,
)

__all__ = ["Measured", "summarise"]

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEAST_SHARE = 0.5
"""Share of the rows that a pair must be plausible for to show influence by itself."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The answers about one feature, or about several together.

    Attributes
    ----------
    raw : sequence of tuples
        Per level the features and the levels as an intervention names them.
    levels : TestedLevels or None
        None for a joint intervention.
    default : (int, int) or None
        Places of the default contrast's levels.
    implausible : ndarray, shape (levels,), or None
        Share of the rows left out at each level.
    groups : mapping of str to ndarray of bool, shape (m,)
    """

    answers: Answers
    assignment: Assignment
    raw: Sequence[tuple[tuple[str, object], ...]]
    estimator: str
    levels: TestedLevels | None = None
    default: tuple[int, int] | None = None
    untested: tuple[str, ...] = ()
    n_untested: int = 0
    n_rows: int = 0
    queries: int = 0
    implausible: FloatArray | None = None
    groups: Mapping[str, Mask] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The feature's name, or those of all."""
        return " + ".join(self.assignment.features)


def summarise(
    measured: Sequence[Measured],
    *,
    threshold: float,
    alpha: float,
    families: int,
    group_names: Sequence[str],
    people_share: float,
    sampled: bool,
    table_rows: int,
    asks: bool,
    scope: Literal["levels", "named", "change"],
    unit: str,
    seed: int,
) -> EffectProfile:
    """Compare all levels of all features with bounds that hold for all of them at once."""
    share = alpha / families
    whole = [pair_bounds(list(m.answers.parts.values())) for m in measured]
    grouped = [_group_bounds(m) for m in measured]
    fewest = min((m.answers.parts["direct"].scores.shape[1] for m in measured), default=0)
    critical = critical_value(
        [b for bounds in whole for b in bounds], share, rows=fewest if sampled else 0, seed=seed
    )
    smallest = min((int(mask.sum()) for m in measured for mask in m.groups.values()), default=0)
    between = critical_value(
        [b for groups in grouped for bounds in groups.values() for b in bounds.values()],
        share,
        rows=smallest,
        seed=seed,
    )
    people = _PeopleRules(threshold, alpha, share / (3 * max(len(measured), 1)), people_share)
    features = tuple(
        _feature(m, bounds, groups, people, critical, between)
        for m, bounds, groups in zip(measured, whole, grouped, strict=True)
    )
    told = {name for found in features for name in found.groups}
    return EffectProfile(
        features,
        threshold,
        alpha,
        families,
        people_share,
        critical,
        between,
        sampled,
        table_rows,
        asks,
        scope,
        unit,
        seed,
        tuple(name for name in group_names if name not in told),
    )


def _feature(
    measured: Measured,
    bounds: Sequence[PairBounds],
    groups: Mapping[str, Mapping[str, PairBounds]],
    people: _PeopleRules,
    critical: float,
    between: float,
) -> FeatureProfile:
    answers, alpha = measured.answers, people.alpha
    parts: dict[str, PartProfile] = {
        part: _part(measured, part, found, alpha, critical)
        for part, found in zip(measured.answers.parts, bounds, strict=True)
    }
    left_out = 0.0 if measured.implausible is None else float(measured.implausible.mean())
    return FeatureProfile(
        measured.name,
        measured.estimator,
        "joint" if len(measured.assignment.features) > 1 else "",
        _levels(measured, bounds, critical),
        parts,
        _people(measured, people) if len(answers.before) else {},
        {
            name: {
                part: _part(measured, part, found, alpha, between)
                for part, found in by_part.items()
            }
            for name, by_part in groups.items()
        },
        {name: int(measured.groups[name].sum()) for name in groups},
        measured.untested,
        measured.n_untested,
        measured.n_rows,
        answers.parts["direct"].scores.shape[1],
        measured.queries,
        left_out,
    )


def _group_bounds(measured: Measured) -> dict[str, dict[str, PairBounds]]:
    """Compare levels on the rows of every group; by query only where CAFÉ estimated the total."""
    answers, found = measured.answers, {}
    total = answers.parts.get("total")
    simulated = total is not None and (measured.estimator != "cafe" or total.through is None)
    for name, rows in measured.groups.items():
        through = answers.through_groups.get(name)
        parts = {"direct": answers.parts["direct"].among(rows, None)}
        if simulated:
            parts["total"] = answers.parts["total"].among(rows, through)
            parts["indirect"] = answers.parts["indirect"].among(rows, through)
        found[name] = dict(zip(parts, pair_bounds(list(parts.values())), strict=True))
    return found


def _part(
    measured: Measured, part: str, found: PairBounds, alpha: float, critical: float
) -> PartProfile:
    sizes = np.abs(found.values)
    floors = np.where(found.shares > 0, sizes - critical * found.errors, -np.inf)
    upper = sizes + float(scipy.stats.norm.ppf(1 - alpha)) * found.errors
    ceilings = np.where(found.shares > 0, upper, -np.inf)
    broad = found.shares >= LEAST_SHARE
    best = int(np.argmax(np.where(broad, floors, -np.inf)))
    floor = max(float(floors[best]), 0.0) if broad[best] else 0.0
    beyond = int(np.argmax(floors))
    worst = int(np.argmax(ceilings))
    default, default_floor = None, 0.0
    if measured.default is not None:
        ends = sorted(measured.default)
        at = int(np.flatnonzero((found.low == ends[0]) & (found.high == ends[1]))[0])
        if broad[at]:
            default, default_floor = _pair(measured, found, at), max(float(floors[at]), 0.0)
            if list(ends) != list(measured.default):
                default = default.turned()
    spread, low, high = _spread(measured.assignment.shares, found)
    return PartProfile(
        part,  # type: ignore[arg-type]
        _pair(measured, found, best),
        _pair(measured, found, worst),
        floor,
        max(float(ceilings[worst]), 0.0),
        _pair(measured, found, beyond) if floors[beyond] > max(floor, 0.0) else None,
        default,
        default_floor,
        spread,
        low,
        high,
    )


def _pair(measured: Measured, found: PairBounds, place: int) -> Pair:
    low, high = int(found.low[place]), int(found.high[place])
    labels = measured.assignment.labels
    return Pair(
        measured.raw[low],
        measured.raw[high],
        f"{labels[low]} → {labels[high]}",
        float(found.values[place]),
        float(found.errors[place]),
        float(found.shares[place]),
    )


def _centred(shares: FloatArray, found: PairBounds) -> tuple[FloatArray, FloatArray]:
    """Weights that turn pairs into each level's distance from the average of all levels.

    Returns
    -------
    values : ndarray, shape (levels,)
    weights : ndarray, shape (levels, pairs)
    """
    weights = np.zeros((len(shares), len(found.low)))
    pairs = np.arange(len(found.low))
    total = shares / shares.sum() if shares.sum() > 0 else np.full(len(shares), 1 / len(shares))
    weights[found.high, pairs] = total[found.low]
    weights[found.low, pairs] = -total[found.high]
    return weights @ found.values, weights


def _spread(shares: FloatArray, found: PairBounds) -> tuple[float, float, float]:
    values, weights = _centred(shares, found)
    total = shares / max(shares.sum(), 1e-300)
    spread = float(np.sqrt((total * values**2).sum()))
    if spread == 0:
        return 0.0, 0.0, 0.0
    slope = (total * values / spread) @ weights
    error = _error(slope[None, :], found)[0]
    half = float(scipy.stats.norm.ppf(0.975)) * error
    return spread, max(spread - half, 0.0), spread + half


def _error(weights: FloatArray, found: PairBounds) -> FloatArray:
    """Return the errors of weighted sums of pairs, or a bound of them where pairs are many."""
    if found.factor is None:
        out: FloatArray = np.abs(weights) @ found.errors
        return out
    rooted: FloatArray = np.sqrt(((weights @ found.factor) ** 2).sum(axis=1))
    return rooted


def _levels(
    measured: Measured, bounds: Sequence[PairBounds], critical: float
) -> tuple[LevelEffect, ...]:
    assignment = measured.assignment
    effects: list[dict[str, tuple[float, float, float]]] = [{} for _ in assignment.levels]
    for part, found in zip(measured.answers.parts, bounds, strict=True):
        values, weights = _centred(assignment.shares, found)
        halves = critical * _error(weights, found)
        for place, (value, half) in enumerate(zip(values, halves, strict=True)):
            effects[place][part] = (float(value), float(value - half), float(value + half))
    implausible = measured.implausible
    return tuple(
        LevelEffect(
            assignment.labels[k],
            assignment.origins[k],
            float(assignment.shares[k]),
            effects[k],
            0.0 if implausible is None else float(implausible[k]),
        )
        for k in range(len(assignment))
    )


@dataclass(frozen=True)
class _PeopleRules:
    """What row effects are held against, and how surely.

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


def _people(measured: Measured, rules: _PeopleRules) -> dict[str, PeopleProfile]:
    """Sum up row effects: direct by query; total where a simulation carried it."""
    answers = measured.answers
    found = {"direct": _rows_of(measured, "direct", answers.parts["direct"], None, rules)}
    total = answers.parts.get("total")
    if total is None:
        return found
    if measured.estimator != "cafe" or total.through is None:
        found["total"] = _rows_of(measured, "total", total, answers.through_sizes, rules)
    return found


def _rows_of(
    measured: Measured,
    part: Literal["total", "direct"],
    means: LevelMeans,
    through: FloatArray | None,
    rules: _PeopleRules,
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


def _reach(spans: FloatArray, many: int, rules: _PeopleRules) -> float:
    """Smallest threshold beyond which at most the stated share of the rows surely moves."""
    size = len(spans)
    most = int(rules.share * many)
    held = scipy.stats.hypergeom.cdf(np.arange(most + 1), many, most + 1, size)
    # With k rows beyond, more than the stated share is refuted as long as that is rare.
    beyond = int((held <= rules.alpha).sum()) - 1 if size < many else most
    if beyond < 0:
        return float("nan")
    return float(np.sort(spans)[::-1][min(beyond, size - 1)])


def _widest_over_rows(measured: Measured, scores: FloatArray, plausible: Mask) -> Pair:
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
    labels = measured.assignment.labels
    return Pair(
        measured.raw[low[place]],
        measured.raw[high[place]],
        f"{labels[low[place]]} → {labels[high[place]]}",
        float(means[place]),
        0.0,
        float(shares[place]),
    )
