"""Claims: one statement each about values, people or groups, compared with the threshold τ.

Of an effect of one change, of a path, of a profile over all levels, of single rows, of a group.
"Below" is tested for each claim at alpha, since all must pass; "above" at what the claims of one
family share, since any one suffices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

import scipy

from workbench.common.against_threshold import lies_within, p_within
from workbench.common.multiple_testing import holm
from workbench.common.wording import stated
from workbench.methods.effects import Effect, EffectTable
from workbench.methods.fuzzing.paths import PathEffect
from workbench.methods.profile.measured import LEAST_SHARE
from workbench.methods.profile.profile import (
    PEOPLE_CLAIMS,
    SOUGHT,
    EffectProfile,
    FeatureProfile,
    Pair,
    PartProfile,
    PeopleProfile,
)

__all__ = ["SHARES", "Claim", "Over", "claims_of_effects", "claims_of_profile", "who"]

Over = Literal["change", "values", "people", "groups"]
ClaimKind = Literal["total", "direct", "indirect", "path", "share", "total share"]
SHARES = "share", "total share"
"""Kinds of claims that are about a share of the rows, not about a size."""


@dataclass(frozen=True)
class Claim:
    """One statement compared with the threshold.

    Attributes
    ----------
    name : str
        For instance "zip_code, total effect (cafe)".
    feature : str
    kind : {"total", "direct", "indirect", "path", "share", "total share"}
        "share": of the rows that some level moves directly by more than τ; "total share": also
        through other features, by simulation.
    value, low, high : float
        Estimate and its interval, in the unit of the prediction; a share between 0 and 1. The
        interval is the one that decided: simultaneous over all levels where the claim lies above,
        else 1 − 2·alpha for this claim alone.
    p_above : float
        p-value of "the effect lies within ±τ", or of "no larger share", before correction.
    below, above : bool
        Whether the claim passes as below τ, and whether it fails as above τ after correction.
    over : {"change", "values", "people", "groups"}
        What it is about: one change on average, all levels on average, single people, a group.
    change : str
        The two levels, in words; "" where the whole report is about one change.
    before, after : str
        Both levels of `change` by themselves.
    combination : {"", "joint"}
        Whether `feature` stands for several that are set together.
    group : str
        Whom a claim over groups is about.
    heard : bool
        Whether it could have shown an influence above by itself, however large. No file keeps it:
        it follows from the estimates.
    """

    name: str
    feature: str
    kind: ClaimKind
    value: float
    low: float
    high: float
    p_above: float
    below: bool
    above: bool
    over: Over = "change"
    change: str = ""
    before: str = ""
    after: str = ""
    combination: Literal["", "joint"] = ""
    group: str = ""
    heard: bool = True

    @property
    def order(self) -> int:
        """How soon a verdict names the claim: means, groups, people, groups looked for."""
        if self.group.startswith(SOUGHT):
            return 4
        return {"values": 0, "change": 1, "groups": 2, "people": 3}[self.over]


def who(feature: str, *, joint: bool) -> str:
    """Name a feature, or several set together."""
    if not joint:
        return feature
    several = feature.count(" + ") + 1
    return f"all {several} features together" if several > 3 else f"{feature} together"


def claims_of_effects(
    effects: EffectTable,
    paths: Sequence[PathEffect],
    *,
    threshold: float,
    alpha: float,
    looks: float | None = None,
    alone: bool = False,
    families: int = 1,
) -> list[Claim]:
    """Hold effects of one change and its paths against the threshold.

    Parameters
    ----------
    looks : float, optional
        How many changes were looked at before this one was chosen: effects then show nothing
        above by themselves, unless they are debiased ones of the only change that was tested, and
        paths only if they would after so many looks.
    alone : bool
        Whether this is the only change that was tested.
    families : int
        Families of claims that share alpha.
    """
    named = [*_named_effects(effects), *_named_paths(paths)]
    p_values = [p_within(one.effect.value, one.effect.standard_error, threshold) for one in named]
    heard: tuple[ClaimKind, ...] = get_args(ClaimKind)
    if looks is None:
        above = [corrected <= alpha for corrected in holm(p_values)]
    else:
        heard = _heard(effects, alone=alone)
        tried = looks * max(sum(one.kind in heard for one in named), 1)
        above = [
            one.kind in heard and p * tried <= alpha / families
            for one, p in zip(named, p_values, strict=True)
        ]
    claims = []
    for one, p, beyond in zip(named, p_values, above, strict=True):
        low, high = one.effect.interval(1 - 2 * alpha)
        below = lies_within(low, high, threshold)
        claims.append(
            Claim(
                name=one.name,
                feature=one.feature,
                kind=one.kind,
                value=one.effect.value,
                low=low,
                high=high,
                p_above=p,
                below=below,
                above=beyond,
                combination=one.combination,
                heard=one.kind in heard,
            )
        )
    return claims


def _heard(effects: EffectTable, *, alone: bool) -> tuple[ClaimKind, ...]:
    """Name the kinds of effects that may show something above beside a profile.

    Paths rest on equations whose form the debiased estimate alone tests.
    """
    if not all(entry.estimator.kind == "debiased" for entry in effects):
        return ()
    return ("total", "indirect", "path") if alone else ("path",)


def claims_of_profile(
    profile: EffectProfile, slack: Mapping[str, float], noise: Mapping[str, float]
) -> list[Claim]:
    """Hold a profile against its threshold: values, people and groups.

    Parameters
    ----------
    slack : mapping of str to float
        By feature, by how much its simulated effects may be off for the form of the equations.
        What is asked is not, nor are means that are corrected level by level; claims about all
        else must hold by so much more.
    noise : mapping of str to float
        By feature, the error of the test of that form, which sizes of simulated effects at single
        rows and means that nothing corrects have besides their own.
    """
    claims = []
    singles = [found.feature for found in profile if not found.combination]
    for found in profile:
        names = singles if found.combination else [found.feature]
        off = sum(slack.get(name, 0.0) for name in names) if found.carried else 0.0
        blur = math.hypot(*(noise.get(name, 0.0) for name in names)) if found.carried else 0.0
        means = (0.0, 0.0) if found.corrected else (off, blur)
        claims += [
            *_over_values(profile, found, *means),
            *_over_people(profile, found, off, blur),
            *_over_groups(profile, found, *means),
        ]
    return claims


@dataclass(frozen=True)
class _Named:
    """An effect with the name that its claim gets."""

    name: str
    feature: str
    kind: Literal["total", "direct", "indirect", "path"]
    effect: Effect
    combination: Literal["", "joint"] = ""


def _named_effects(effects: EffectTable) -> Iterator[_Named]:
    """Name every effect once: a direct effect by query is the same for both estimators."""
    asked: set[tuple[str, str]] = set()
    for entry in effects:
        if entry.combination == "sum":
            continue
        joint: Literal["", "joint"] = "joint" if entry.combination == "joint" else ""
        name, by = who(entry.feature, joint=bool(joint)), f"({entry.estimator})"
        yield _Named(f"{name}, total effect {by}", name, "total", entry.total, joint)
        yield _Named(f"{name}, indirect effect {by}", name, "indirect", entry.indirect, joint)
        if not entry.estimator.asks_direct or (name, joint) not in asked:
            yield _Named(f"{name}, direct effect", name, "direct", entry.direct, joint)
        if entry.estimator.asks_direct:
            asked.add((name, joint))


def _named_paths(paths: Sequence[PathEffect]) -> Iterator[_Named]:
    for path in paths:
        if len(path.path) > 2:
            yield _Named(" → ".join(path.path), path.feature, "path", path.effect)


def _name(found: FeatureProfile) -> str:
    return who(found.feature, joint=bool(found.combination))


def _over_values(
    profile: EffectProfile, found: FeatureProfile, off: float, blur: float
) -> Iterator[Claim]:
    levels = {"levels": "over all levels", "named": "over the levels named", "change": ""}
    for part, about in found.parts.items():
        name = f"{_name(found)}, {part} effect {levels[profile.scope]}".rstrip()
        yield _over_pairs(profile, found, name, about, off, blur)


def _over_groups(
    profile: EffectProfile, found: FeatureProfile, off: float, blur: float
) -> Iterator[Claim]:
    for group, parts in found.groups.items():
        for part, about in parts.items():
            name = f"{_name(found)}, {part} effect for {group}"
            yield _over_pairs(profile, found, name, about, off, blur, group)


def _over_pairs(
    profile: EffectProfile,
    found: FeatureProfile,
    name: str,
    about: PartProfile,
    off: float,
    blur: float,
    group: str = "",
) -> Claim:
    """Hold the pair that decides: one surely above τ, else the one that reaches farthest."""
    tau, normal = profile.threshold, float(scipy.stats.norm.isf(profile.alpha))
    critical = profile.critical_groups if group else profile.critical
    off, blur = (0.0, 0.0) if about.part == "direct" else (off, blur)
    # Taken at its largest, as if the pair had no error of its own.
    deciding = about.deciding(tau + off + critical * blur)
    above, below = deciding is not None, about.ceiling + off + normal * blur < tau
    pair = deciding or about.widest
    half = (critical if above else normal) * math.hypot(pair.error, blur) + off
    p = p_within(pair.value, math.hypot(pair.error, blur), tau + off)
    ends = pair.value - half, pair.value + half
    return Claim(
        f"{name}: {pair.text}", _name(found), about.part, pair.value, *ends, p, below, above,
        "groups" if group else "values", **_change(found, pair), group=group,
        heard=pair.share >= LEAST_SHARE,
    )  # fmt: skip


class _Change(TypedDict):
    change: str
    before: str
    after: str
    combination: Literal["", "joint"]


def _change(found: FeatureProfile, pair: Pair) -> _Change:
    """Return what a claim keeps of the two levels it is about."""
    before, after = pair.ends
    return {
        "change": pair.text,
        "before": before,
        "after": after,
        "combination": "joint" if found.combination else "",
    }


def _over_people(
    profile: EffectProfile, found: FeatureProfile, off: float, blur: float
) -> Iterator[Claim]:
    tau, count = profile.threshold, PEOPLE_CLAIMS * len(profile.features)
    for part, people in found.people.items():
        name = f"{_name(found)}, mean size of {part} effects at single rows"
        simulated = (0.0, 0.0) if part == "direct" else (off, blur)
        yield _sizes(profile, found, name, people, count, *simulated)
        if part == "direct":
            yield Claim(
                name=f"{_name(found)}, share of rows moved directly by more than {stated(tau)}",
                feature=_name(found),
                kind="share",
                value=people.share,
                low=people.moved_low,
                high=people.moved_high,
                p_above=_p_share(people, found.n_rows, profile.people_share),
                below=people.moved_high <= profile.people_share,
                above=people.moved_low > profile.people_share,
                over="people",
                **_change(found, people.pair),
            )
        elif profile.people_from is not None and found.carried and found.followed:
            # Which rows these are rests on how rows keep their noise: that shows nothing above.
            yield Claim(
                name=f"{_name(found)}, share of rows moved in all by more than {stated(tau)}, "
                f"if each keeps its noise",
                feature=_name(found),
                kind="total share",
                value=people.share,
                low=people.moved_low,
                high=people.moved_high,
                p_above=1.0,
                below=people.moved_high <= profile.people_from,
                above=False,
                over="people",
                **_change(found, people.pair),
            )


def _p_share(people: PeopleProfile, n_rows: int, share: float) -> float:
    """p-value of "at most this share of the rows is moved"."""
    many = max(n_rows, people.asked)
    return float(scipy.stats.hypergeom.sf(people.moved - 1, many, int(share * many), people.asked))


def _sizes(
    profile: EffectProfile,
    found: FeatureProfile,
    name: str,
    people: PeopleProfile,
    count: int,
    off: float,
    blur: float,
) -> Claim:
    size, error, pair = people.mean_size, math.hypot(people.error, blur), people.pair
    tau = profile.threshold + off
    half = float(scipy.stats.norm.isf(profile.alpha)) * error + off
    surely = max(size - people.inflation, 0.0)
    p = p_within(surely, error, tau)
    above = p <= profile.alpha / (profile.families * count)
    below = size + half < profile.threshold
    return Claim(
        name=name,
        feature=_name(found),
        kind=people.part,
        value=size,
        low=max(surely - half, 0.0),
        high=size + half,
        p_above=p,
        below=below,
        above=above,
        over="people",
        **_change(found, pair),
    )
