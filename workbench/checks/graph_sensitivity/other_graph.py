"""What another graph makes of a finding: effects and profile, moved by what a regression says.

Effects are asked of CAFÉ with linear terms, which depends on a graph only through what is adjusted
for. What another graph changes is the difference between its regression and the drawn graph's: it
moves the audit's own estimates of the total, at every pair of levels; they keep the width of their
intervals, so that it is the move that changes a finding and not the noise of a second regression.
Where a graph leaves a feature no mediators, the model's own answer is the total.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray
from workbench.methods.cafe.estimator import columns_of, plan_of
from workbench.methods.cafe.shared_regression import Question, SharedRegression
from workbench.methods.effects import Effect, FeatureEffects
from workbench.methods.estimator import Direct
from workbench.methods.profile.measured import LEAST_SHARE
from workbench.methods.profile.profile import (
    EffectProfile,
    FeatureProfile,
    LevelEffect,
    Pair,
    PartProfile,
)
from workbench.tables.columns import Column

__all__ = ["Regressed", "moved_effects", "moved_profile", "regressed"]

ESTIMATED = ("total", "indirect")
"""Parts of an effect that a graph can change; the direct one is asked, or regressed on inputs."""


@dataclass(frozen=True, eq=False)
class Regressed:
    """What a linear regression says of a feature's total effect under one graph.

    Attributes
    ----------
    change : Effect
        Of the change that the report explains.
    levels : tuple of Effect
        Of going from the profile's first level to each of its levels; empty without a profile.
    """

    change: Effect
    levels: tuple[Effect, ...] = ()

    def beyond(self, drawn: Regressed) -> Regressed:
        """Return what this graph adds to the drawn one."""
        levels = zip(self.levels, drawn.levels, strict=True)
        return Regressed(self.change - drawn.change, tuple(a - b for a, b in levels))


def regressed(
    case: AuditCase,
    target: UnlearningTarget,
    variation: Variation,
    profile: FeatureProfile | None,
) -> Regressed | None:
    """Regress under the case's graph; None where the model's own answer is the total.

    Raises
    ------
    NotIdentifiableError
        When the graph leaves no valid back-door set.
    """
    _, mask = case.resolve(target)
    direct: Direct = "query" if case.model.can_query else "regression"
    plan = plan_of(case, target, variation, mask, "minimum-variance", direct)
    if plan.direct_only:
        return None
    positions = np.flatnonzero(mask)
    columns = columns_of(case, [replace(plan, direct_given=())], mask)
    regression = SharedRegression(case, columns, kind="linear")
    sampled = target.kind != "datapoints"

    def effect(varied: Variation) -> Effect:
        question = Question(varied, plan.total_given)
        return regression.answer([question], positions, sampled=sampled)[0].effect

    steps = () if profile is None else _steps(columns[variation.feature], profile, len(positions))
    return Regressed(effect(variation), tuple(effect(step) for step in steps))


def _steps(column: Column, profile: FeatureProfile, rows: int) -> Iterator[Variation]:
    """From the profile's first level to each of its levels, at every row."""
    values = np.array([_encoded(column, level.raw[0][1]) for level in profile.levels])
    for value in values.astype(column.values.dtype):
        first = values[:1].astype(column.values.dtype)
        yield Variation(column.name, "", np.repeat(first, rows), (np.full(rows, value),))


def _encoded(column: Column, level: object) -> float:
    if column.is_numeric:
        return float("nan") if level is None else column.encode(level)
    return column.levels.index(level)


def moved_effects(
    entry: FeatureEffects, drawn: Regressed | None, other: Regressed | None
) -> FeatureEffects:
    """Move the total effect of one change of a feature."""
    if other is None:
        return replace(entry, total=entry.direct)
    if drawn is None:
        return replace(entry, total=other.change)
    by = other.change.value - drawn.change.value
    return replace(entry, total=Effect(entry.total.value + by, entry.total.influence))


def moved_profile(
    profile: EffectProfile, name: str, drawn: Regressed | None, other: Regressed | None
) -> EffectProfile:
    """Move what a profile says of a feature's totals, on average and in groups."""
    features = [
        _moved(profile, found, drawn, other) if found.feature == name else found
        for found in profile
    ]
    return replace(profile, features=tuple(features))


def _moved(
    profile: EffectProfile,
    found: FeatureProfile,
    drawn: Regressed | None,
    other: Regressed | None,
) -> FeatureProfile:
    if other is None:
        parts = _asked_only(found.parts)
        groups = {group: _asked_only(about) for group, about in found.groups.items()}
        people = dict(found.people)
        if "total" in people and "direct" in people:
            people["total"] = replace(people["direct"], part="total")
        return replace(found, parts=parts, groups=groups, people=people)
    shift = _Shift(found, other if drawn is None else other.beyond(drawn), drawn is None)
    parts = {
        part: _moved_part(profile, found, about, shift, profile.critical)
        for part, about in found.parts.items()
    }
    groups = {
        group: {
            part: _moved_part(profile, found, about, shift, profile.critical_groups, group=True)
            for part, about in by_part.items()
        }
        for group, by_part in found.groups.items()
    }
    return replace(found, parts=parts, groups=groups)


def _asked_only(parts: Mapping[str, PartProfile]) -> dict[str, PartProfile]:
    """Total effects where nothing else carries any: those that the model answers."""
    direct = parts["direct"]
    none = replace(direct.widest, value=0.0, error=0.0)
    nothing = PartProfile("indirect", none, none, 0.0, 0.0)
    return {
        part: {"total": replace(direct, part="total"), "indirect": nothing}.get(part, about)
        for part, about in parts.items()
    }


class _Shift:
    """By how much a graph moves each pair of levels, and the shift's own error."""

    def __init__(self, found: FeatureProfile, by: Regressed, instead: bool) -> None:
        self.labels = [level.label for level in found.levels]
        self.values = np.array([step.value for step in by.levels])
        columns = np.stack([step.influence for step in by.levels])
        self.gram = columns @ columns.T / max(columns.shape[1], 1) ** 2
        self.instead = instead

    def of(self, low: int, high: int) -> tuple[float, float]:
        gram = self.gram
        variance = gram[low, low] + gram[high, high] - 2 * gram[low, high]
        return float(self.values[high] - self.values[low]), float(np.sqrt(max(variance, 0.0)))

    def places(self, pair: Pair) -> tuple[int, int]:
        low, high = pair.ends
        return self.labels.index(low), self.labels.index(high)


def _moved_part(
    profile: EffectProfile,
    found: FeatureProfile,
    about: PartProfile,
    shift: _Shift,
    critical: float,
    *,
    group: bool = False,
) -> PartProfile:
    """Hold all pairs of levels against each other again; of a group the pairs that were kept."""
    if about.part not in ESTIMATED:
        return about
    kept = {shift.places(pair): pair for pair in (about.surest, about.widest)}
    if about.default is not None:
        kept[shift.places(about.default)] = about.default
    one_sided = float(scipy.stats.norm.isf(profile.alpha))
    pairs = list(kept.values())
    if not group:
        pairs += [
            pair
            for places, pair in _rebuilt(about, found.levels, profile.critical, one_sided)
            if places not in kept and places[::-1] not in kept
        ]
    moved = [_moved_pair(pair, about, found, shift) for pair in pairs]
    sizes = np.array([abs(pair.value) for pair in moved])
    errors = np.array([pair.error for pair in moved])
    broad = np.array([pair.share >= LEAST_SHARE for pair in moved])
    floors = np.where(broad, sizes - critical * errors, -np.inf)
    ceilings = sizes + one_sided * errors
    surest, widest = int(floors.argmax()), int(ceilings.argmax())
    default, default_floor = None, 0.0
    if about.default is not None:
        default = moved[pairs.index(about.default)]
        default_floor = max(abs(default.value) - critical * default.error, 0.0)
    return replace(
        about,
        surest=moved[surest],
        widest=moved[widest],
        floor=max(float(floors[surest]), 0.0),
        ceiling=float(ceilings[widest]),
        default=default,
        default_floor=default_floor,
    )


def _moved_pair(pair: Pair, about: PartProfile, found: FeatureProfile, shift: _Shift) -> Pair:
    low, high = shift.places(pair)
    by, error = shift.of(low, high)
    if not shift.instead:
        return replace(pair, value=pair.value + by)
    # As drawn nothing else carried any: the regression is the total, and less the answer indirect.
    if about.part == "total":
        return replace(pair, value=by, error=error)
    at = found.levels[high].effects["direct"][0] - found.levels[low].effects["direct"][0]
    return replace(pair, value=by - at, error=error)


def _rebuilt(
    about: PartProfile, levels: Sequence[LevelEffect], critical: float, one_sided: float
) -> Iterator[tuple[tuple[int, int], Pair]]:
    """Every pair of levels, from what a profile keeps of each level.

    A pair's error is that of both levels, within what the profile's floor and ceiling leave it:
    no pair's bounds lie beyond those of its surest and its widest pair.
    """
    centre = np.array([level.effects[about.part][0] for level in levels])
    half = np.array([level.effects[about.part][2] for level in levels]) - centre
    errors: FloatArray = half / critical if critical > 0 else np.zeros_like(half)
    for low in range(len(levels)):
        for high in range(low + 1, len(levels)):
            value = float(centre[high] - centre[low])
            share = max(1.0 - levels[low].implausible - levels[high].implausible, 0.0)
            most = max(about.ceiling - abs(value), 0.0) / one_sided
            least = max(abs(value) - about.floor, 0.0) / critical if share >= LEAST_SHARE else 0.0
            error = min(max(float(np.hypot(errors[low], errors[high])), least), most)
            ends = levels[low].label, levels[high].label
            yield (low, high), Pair(levels[low].raw, levels[high].raw, ends, value, error, share)
