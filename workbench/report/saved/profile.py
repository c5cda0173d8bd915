"""The profile in a saved report, and its way back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal, cast

from scipy import stats

from workbench.common.strict_json import Part
from workbench.methods.profile.finite_shares import largest_share, least_share
from workbench.methods.profile.profile import (
    PARTS,
    EffectProfile,
    FeatureProfile,
    LevelEffect,
    Pair,
    PartProfile,
    PeopleProfile,
)
from workbench.report.saved.estimates import altered

__all__ = ["profile_document", "read_profile"]

MOST_LEVELS = 500
MOST_FEATURES = 1_000
TOLERANCE = 1e-6


def profile_document(profile: EffectProfile | None) -> dict[str, Any] | None:
    """Return a profile as nested mappings and lists."""
    return None if profile is None else asdict(profile)


def read_profile(part: Part) -> EffectProfile | None:
    """Read a profile back, refusing bounds that do not follow from the estimates beside them."""
    if part.value is None:  # also in older files
        return None
    found = EffectProfile(
        tuple(_feature(item) for item in part["features"].items(MOST_FEATURES)),
        part["threshold"].finite(),
        part["alpha"].finite(),
        max(part["families"].count(), 1),
        part["people_share"].finite(),
        part["critical"].finite(),
        part["critical_groups"].finite(),
        part["sampled"].flag(),
        part["table_rows"].count(),
        part["asks"].flag(),
        cast(Any, part["scope"].choice("levels", "named", "change")),
        part["unit"].text(),
        part["seed"].count(),
        part["left_out_groups"].texts(),
    )
    for feature in found:
        _check(found, feature)
    return found


def _check(profile: EffectProfile, feature: FeatureProfile) -> None:
    """Derive again what follows from other numbers, and compare."""
    bounds = [(about, profile.critical) for about in feature.parts.values()]
    bounds += [
        (about, profile.critical_groups)
        for by_part in feature.groups.values()
        for about in by_part.values()
    ]
    reach = float(stats.norm.isf(profile.alpha))
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
    share = profile.alpha / profile.families / (3 * len(profile.features))
    for people in feature.people.values():
        many = max(feature.n_rows, people.asked)
        low = least_share(people.moved, people.asked, many, share)
        high = largest_share(people.moved, people.asked, many, profile.alpha)
        if people.moved > people.asked or abs(people.moved_low - low) > TOLERANCE:
            raise altered(f"the rows that {feature.feature} moves do not follow from their count")
        if people.moved_high not in (0.0, high) or (people.moved and people.moved_high == 0):
            raise altered(f"the rows that {feature.feature} moves do not follow from their count")


def _feature(part: Part) -> FeatureProfile:
    return FeatureProfile(
        part["feature"].text(),
        part["estimator"].choice("fuzzing", "cafe", "debiased", "query"),
        part["combination"].choice("", "joint"),
        tuple(_level(item) for item in part["levels"].items(MOST_LEVELS)),
        _parts(part["parts"]),
        {_kind(name): _people(item) for name, item in part["people"].pairs()},
        {name: _parts(item) for name, item in part["groups"].pairs()},
        {name: item.count() for name, item in part["group_rows"].pairs()},
        part["untested"].texts(),
        part["n_untested"].count(),
        part["n_rows"].count(),
        part["asked_rows"].count(),
        part["queries"].count(),
        part["left_out"].finite(),
    )


def _level(part: Part) -> LevelEffect:
    effects = {}
    for name, item in part["effects"].pairs():
        value, low, high = (number.finite() for number in _exactly(item, 3))
        effects[_kind(name)] = (value, low, high)
    return LevelEffect(
        part["label"].text(),
        part["origin"].text(),
        part["share"].finite(),
        effects,
        part["implausible"].finite(),
    )


def _kind(name: str) -> str:
    return Part(name, "saved report.profile").choice(*PARTS)


def _parts(part: Part) -> dict[str, PartProfile]:
    return {_kind(name): _about(_kind(name), item) for name, item in part.pairs()}


def _about(name: str, part: Part) -> PartProfile:
    beyond = part["extrapolated"]
    return PartProfile(
        cast(Any, name),
        _pair(part["surest"]),
        _pair(part["widest"]),
        part["floor"].finite(),
        part["ceiling"].finite(),
        None if beyond.value is None else _pair(beyond),
        None if part["default"].value is None else _pair(part["default"]),
        part["default_floor"].finite(),
        part["spread"].number(),
        part["spread_low"].number(),
        part["spread_high"].number(),
    )


def _pair(part: Part) -> Pair:
    return Pair(
        _levels(part["low"]),
        _levels(part["high"]),
        part["text"].text(),
        part["value"].finite(),
        part["error"].finite(),
        part["share"].finite(),
    )


def _exactly(part: Part, count: int) -> list[Part]:
    """Return the parts of a list of known length."""
    found = part.items(count)
    if len(found) != count:
        raise part.error(f"holds {len(found)} entries; {count} are due.")
    return found


def _levels(part: Part) -> tuple[tuple[str, Any], ...]:
    named = []
    for item in part.items(MOST_FEATURES):
        name, level = _exactly(item, 2)
        plain = level.value is None or isinstance(level.value, str | bool)
        named.append((name.text(), level.value if plain else level.finite()))
    return tuple(named)


def _people(part: Part) -> PeopleProfile:
    return PeopleProfile(
        cast(Literal["total", "direct"], part["part"].choice("total", "direct")),
        part["mean_size"].finite(),
        part["error"].finite(),
        part["moved"].count(),
        part["asked"].count(),
        part["moved_low"].finite(),
        part["moved_high"].finite(),
        part["reach"].number(),
        _pair(part["pair"]),
    )
