"""The profile in a saved report, and its way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

import msgspec
import scipy

from workbench.common.limits import PROFILE_FEATURES, PROFILE_LEVELS
from workbench.common.saved_values import (
    Count,
    MaybeNumber,
    Number,
    Saved,
    altered,
    check_known,
    plain,
    rows_of,
)
from workbench.methods.profile.finite_shares import largest_share, least_share
from workbench.methods.profile.profile import (
    PARTS,
    PEOPLE_CLAIMS,
    EffectProfile,
    FeatureProfile,
    LevelEffect,
    Pair,
    Part,
    PartProfile,
    PeopleProfile,
)

__all__ = ["SavedProfile", "read_profile", "write_profile"]

TOLERANCE = 1e-6
PLACE = "profile.features"

Level = tuple[str, str | bool | Number | None]
"""A feature and the value it is set to."""


class SavedLevel(Saved, frozen=True):
    """One level that was tried; by part its effect with an interval."""

    label: str
    origin: str
    share: Number
    effects: dict[str, tuple[Number, Number, Number]]
    implausible: Number
    rows: Count | None = None


class SavedPair(Saved, frozen=True):
    """Two levels, and how far they lie apart."""

    low: Annotated[tuple[Level, ...], msgspec.Meta(max_length=int(PROFILE_FEATURES))]
    high: Annotated[tuple[Level, ...], msgspec.Meta(max_length=int(PROFILE_FEATURES))]
    text: str
    value: Number
    error: Number
    share: Number
    ends: tuple[str, str] | None = None


class SavedPart(Saved, frozen=True):
    """One part of the effect over all pairs of levels."""

    part: Part
    surest: SavedPair
    widest: SavedPair
    floor: Number
    ceiling: Number
    extrapolated: SavedPair | None
    default: SavedPair | None
    default_floor: Number
    spread: MaybeNumber
    spread_low: MaybeNumber
    spread_high: MaybeNumber


class SavedPeople(Saved, frozen=True):
    """How many rows some level moves, and how far."""

    part: Literal["total", "direct"]
    mean_size: Number
    error: Number
    moved: Count
    asked: Count
    moved_low: Number
    moved_high: Number
    reach: MaybeNumber
    pair: SavedPair
    inflation: Number = 0.0


class SavedFeature(Saved, frozen=True):
    """One feature over its levels, people and groups."""

    feature: str
    estimator: Literal["fuzzing", "cafe", "debiased", "query"]
    combination: Literal["", "joint"]
    levels: Annotated[tuple[SavedLevel, ...], msgspec.Meta(max_length=int(PROFILE_LEVELS))]
    parts: dict[str, SavedPart]
    people: dict[str, SavedPeople]
    groups: dict[str, dict[str, SavedPart]]
    group_rows: dict[str, Count]
    untested: tuple[str, ...]
    n_untested: Count
    n_rows: Count
    asked_rows: Count
    queries: Count
    left_out: Number
    corrected: bool = False
    followed: bool = False
    direct_rows: Count = 0


class SavedRank(Saved, frozen=True):
    """A feature's place among the target's; overlapping intervals share one."""

    rank: Count
    feature: str
    spread: MaybeNumber
    spread_low: MaybeNumber
    spread_high: MaybeNumber
    mean_size: MaybeNumber


class SavedProfile(Saved, frozen=True):
    """The target's features over their levels, people and groups."""

    features: Annotated[tuple[SavedFeature, ...], msgspec.Meta(max_length=int(PROFILE_FEATURES))]
    threshold: Number
    alpha: Number
    families: Count
    people_share: Number
    critical: Number
    critical_groups: Number
    sampled: bool
    table_rows: Count
    asks: bool
    scope: Literal["levels", "named", "change"]
    unit: str
    seed: Count
    left_out_groups: tuple[str, ...]
    people_from: Number | None = None
    ranking: tuple[SavedRank, ...] = ()


def write_profile(profile: EffectProfile) -> SavedProfile:
    """Return a profile as typed values."""
    document: dict[str, Any] = plain(asdict(profile))
    for feature in document["features"]:
        for level in feature["levels"]:
            del level["raw"]  # its label says it
    saved: SavedProfile = msgspec.convert(document, SavedProfile)
    return msgspec.structs.replace(saved, ranking=_ranking(profile))


def _ranking(profile: EffectProfile) -> tuple[SavedRank, ...]:
    ranked = profile.ranking()
    return rows_of(ranked.astype(object).where(ranked.notna(), None), SavedRank)


def read_profile(saved: SavedProfile) -> EffectProfile:
    """Read a profile back, refusing bounds that do not follow from the estimates beside them."""
    fields = {n: getattr(saved, n) for n in saved.__struct_fields__ if n != "ranking"}
    features = tuple(map(_feature, saved.features))
    found = EffectProfile(
        **fields | {"features": features, "families": max(saved.families, 1)},
    )
    for feature in found:
        _check(found, feature)
    # Reports of before the ranking was written have none.
    if saved.ranking and saved.ranking != _ranking(found):
        raise altered("the ranking of the features does not follow from their profiles")
    return found


def _check(profile: EffectProfile, feature: FeatureProfile) -> None:
    """Derive again what follows from other numbers, and compare."""
    bounds = [(about, profile.critical) for about in feature.parts.values()]
    bounds += [
        (about, profile.critical_groups)
        for by_part in feature.groups.values()
        for about in by_part.values()
    ]
    reach = float(scipy.stats.norm.isf(profile.alpha))
    for about, critical in bounds:
        floor = max(abs(about.surest.value) - critical * about.surest.error, 0.0)
        ceiling = abs(about.widest.value) + reach * about.widest.error
        usual = 0.0
        if about.default is not None:
            usual = max(abs(about.default.value) - critical * about.default.error, 0.0)
        if about.default_floor > usual + TOLERANCE:
            raise altered(f"the bounds of {feature.feature}'s profile do not follow from its pairs")
        # A pair that too few rows are plausible for shows nothing.
        if about.floor > floor + TOLERANCE or abs(about.ceiling - ceiling) > TOLERANCE:
            raise altered(f"the bounds of {feature.feature}'s profile do not follow from its pairs")
    share = profile.alpha / profile.families / (PEOPLE_CLAIMS * len(profile.features))
    for people in feature.people.values():
        many = max(feature.n_rows, people.asked)
        low = least_share(people.moved, people.asked, many, share)
        high = largest_share(people.moved, people.asked, many, profile.alpha)
        if people.inflation < 0:
            raise altered(f"noise makes the rows that {feature.feature} moves look no smaller")
        if people.moved > people.asked or abs(people.moved_low - low) > TOLERANCE:
            raise altered(f"the rows that {feature.feature} moves do not follow from their count")
        if people.moved_high not in (0.0, high) or (people.moved and people.moved_high == 0):
            raise altered(f"the rows that {feature.feature} moves do not follow from their count")


def _feature(saved: SavedFeature) -> FeatureProfile:
    fields = {name: getattr(saved, name) for name in saved.__struct_fields__}
    check_known(PLACE, saved.people, ("total", "direct"))
    return FeatureProfile(
        **fields
        | {
            "levels": tuple(map(_level, saved.levels)),
            "parts": _parts(saved.parts),
            "people": {name: _people(people) for name, people in saved.people.items()},
            "groups": {name: _parts(parts) for name, parts in saved.groups.items()},
        },
    )


def _level(saved: SavedLevel) -> LevelEffect:
    check_known(PLACE, saved.effects, PARTS)
    return LevelEffect(
        saved.label, saved.origin, saved.share, saved.effects, saved.implausible, saved.rows
    )


def _parts(saved: Mapping[str, SavedPart]) -> dict[str, PartProfile]:
    check_known(PLACE, saved, PARTS)
    return {name: _part(part) for name, part in saved.items()}


def _part(saved: SavedPart) -> PartProfile:
    return PartProfile(
        part=saved.part,
        surest=_pair(saved.surest),
        widest=_pair(saved.widest),
        floor=saved.floor,
        ceiling=saved.ceiling,
        extrapolated=None if saved.extrapolated is None else _pair(saved.extrapolated),
        default=None if saved.default is None else _pair(saved.default),
        default_floor=saved.default_floor,
        spread=_number(saved.spread),
        spread_low=_number(saved.spread_low),
        spread_high=_number(saved.spread_high),
    )


def _pair(saved: SavedPair) -> Pair:
    ends = saved.ends
    if ends is None:  # written before both ends were kept
        low, arrow, high = saved.text.partition(" → ")
        if not arrow:
            raise altered(f"{saved.text!r} is no change between two levels")
        ends = low, high
    elif saved.text != " → ".join(ends):
        raise altered(f"{saved.text!r} is not the change between {ends[0]!r} and {ends[1]!r}")
    return Pair(saved.low, saved.high, ends, saved.value, saved.error, saved.share)


def _people(saved: SavedPeople) -> PeopleProfile:
    return PeopleProfile(
        part=saved.part,
        mean_size=saved.mean_size,
        error=saved.error,
        moved=saved.moved,
        asked=saved.asked,
        moved_low=saved.moved_low,
        moved_high=saved.moved_high,
        reach=_number(saved.reach),
        pair=_pair(saved.pair),
        inflation=saved.inflation,
    )


def _number(saved: float | None) -> float:
    return float("nan") if saved is None else saved
