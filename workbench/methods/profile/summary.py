"""From answers at levels and rows to the numbers that a profile keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import scipy

from workbench.common.arrays import FloatArray
from workbench.common.progress import Progress, silent
from workbench.methods.profile.bounds import PairBounds, critical_value, pair_bounds
from workbench.methods.profile.measured import LEAST_SHARE, Measured
from workbench.methods.profile.people import PeopleRules, people_profiles
from workbench.methods.profile.profile import (
    FEWEST_SOUGHT,
    LEAST_GROUP,
    PEOPLE_CLAIMS,
    ROWS_OF_A_GROUP,
    EffectProfile,
    FeatureProfile,
    LevelEffect,
    Pair,
    PartProfile,
)

__all__ = ["level_bands", "part_of", "summarise"]


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
    progress: Progress = silent,
) -> EffectProfile:
    """Compare all levels of all features with bounds that hold for all of them at once."""
    share = alpha / families
    progress("profile: bounds over all levels", 0.0)
    whole = [pair_bounds(list(m.parts.values())) for m in measured]
    grouped = [_group_bounds(m) for m in measured]
    fewest = min((m.answers.parts["direct"].scores.shape[1] for m in measured), default=0)
    critical = critical_value(
        [b for bounds in whole for b in bounds], share, rows=fewest if sampled else 0, seed=seed
    )
    among_people = share / (PEOPLE_CLAIMS * max(len(measured), 1))
    between = max(
        _critical_groups(measured, grouped, share, seed, found=False),
        _critical_groups(measured, grouped, among_people, seed, found=True),
    )
    people = PeopleRules(threshold, alpha, among_people, people_share)
    features = tuple(
        _feature(m, bounds, groups, people, critical, between, progress)
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
        _people_from(features, people_share, sampled=sampled),
    )


def _people_from(
    features: Sequence[FeatureProfile], people_share: float, *, sampled: bool
) -> float | None:
    """Return the share of the rows down to which a group that is moved would be found.

    None where nothing tests groups: neither the share of rows that a change moves, for a category
    carries it, nor groups that one half of the rows points to, for they are too few or the
    features are set together.
    """
    found = people_share if features else None
    for feature in features:
        if "direct" not in feature.people or (feature.carried and "total" not in feature.people):
            return None
        if feature.carried and found is not None:
            sought = sampled and not feature.combination and feature.asked_rows >= FEWEST_SOUGHT
            if not (sought or feature.followed):
                return None
            rows = ROWS_OF_A_GROUP * (1 if feature.followed else 2)
            found = max(found, LEAST_GROUP, rows / max(feature.asked_rows, 1))
    return None if found is None or found >= 1 else found


def _critical_groups(
    measured: Sequence[Measured],
    grouped: Sequence[Mapping[str, Mapping[str, PairBounds]]],
    share: float,
    seed: int,
    *,
    found: bool,
) -> float:
    """Critical value of all groups that were named, or of all that were found."""
    chosen = [
        (int(m.groups[name].sum()), list(by_part.values()))
        for m, groups in zip(measured, grouped, strict=True)
        for name, by_part in groups.items()
        if (name in m.found) == found
    ]
    if found and not chosen:
        return 0.0
    rows = min((rows for rows, _ in chosen), default=0)
    return critical_value([b for _, bounds in chosen for b in bounds], share, rows=rows, seed=seed)


def _feature(
    measured: Measured,
    bounds: Sequence[PairBounds],
    groups: Mapping[str, Mapping[str, PairBounds]],
    people: PeopleRules,
    critical: float,
    between: float,
    progress: Progress,
) -> FeatureProfile:
    answers, alpha = measured.answers, people.alpha
    parts: dict[str, PartProfile] = {
        part: part_of(measured, part, found, alpha, critical)
        for part, found in zip(measured.answers.parts, bounds, strict=True)
    }
    left_out = 0.0 if measured.implausible is None else float(measured.implausible.mean())
    return FeatureProfile(
        measured.name,
        measured.estimator,
        "joint" if len(measured.assignment.features) > 1 else "",
        _levels(measured, bounds, critical),
        parts,
        people_profiles(measured, people, progress) if len(answers.before) else {},
        {
            name: {
                part: part_of(measured, part, found, alpha, between)
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
        measured.corrected is not None,
        measured.followed,
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
        if measured.corrected is not None:
            parts |= measured.corrected.groups.get(name, {})
        found[name] = dict(zip(parts, pair_bounds(list(parts.values())), strict=True))
    return found


def part_of(
    measured: Measured, part: str, found: PairBounds, alpha: float, critical: float
) -> PartProfile:
    """Sum up one kind of effect over all pairs of levels."""
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
    spread, low, high = _spread(measured.assignment.shares, found, alpha)
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
    return measured.pair(
        int(found.low[place]),
        int(found.high[place]),
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


def level_bands(
    shares: FloatArray, found: PairBounds, critical: float
) -> list[tuple[float, float, float]]:
    """Return each level's distance from the average of all levels, with its bounds."""
    values, weights = _centred(shares, found)
    halves = critical * _error(weights, found)
    return [
        (float(value), float(value - half), float(value + half))
        for value, half in zip(values, halves, strict=True)
    ]


def _spread(shares: FloatArray, found: PairBounds, alpha: float) -> tuple[float, float, float]:
    values, weights = _centred(shares, found)
    total = shares / max(shares.sum(), 1e-300)
    spread = float(np.sqrt((total * values**2).sum()))
    if spread == 0:
        return 0.0, 0.0, 0.0
    slope = (total * values / spread) @ weights
    error = _error(slope[None, :], found)[0]
    half = float(scipy.stats.norm.isf(alpha / 2)) * error
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
        for place, band in enumerate(level_bands(assignment.shares, found, critical)):
            effects[place][part] = band
    implausible = measured.implausible
    held = (None,) * len(assignment) if measured.levels is None else measured.levels.held
    return tuple(
        LevelEffect(
            assignment.labels[k],
            assignment.origins[k],
            float(assignment.shares[k]),
            effects[k],
            0.0 if implausible is None else float(implausible[k]),
            held[k],
            measured.raw[k],
        )
        for k in range(len(assignment))
    )
