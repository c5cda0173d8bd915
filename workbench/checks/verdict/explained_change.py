"""Claims about the change that a report explains: asked in all rows, and told as one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import scipy

from workbench.checks.verdict.claims import Claim, who
from workbench.common.against_threshold import lies_beyond, lies_within, p_within
from workbench.methods.effects import EffectTable, FeatureEffects
from workbench.methods.profile.profile import EffectProfile

__all__ = ["asked_of_all_rows", "direction_of", "ends_of"]


def ends_of(entry: FeatureEffects) -> tuple[str, str]:
    """Return both ends of an entry's change as a profile writes them."""
    if entry.combination != "joint":
        low, _, high = entry.intervention.partition(" → ")
        return low, high
    ends = [part.partition(" → ") for part in entry.intervention.split("; ")]
    names = entry.feature.split(" + ")
    if len(ends) != len(names):
        return "", ""
    highs = (f"{name} {high}" for name, (_, _, high) in zip(names, ends, strict=True))
    return "; ".join(low for low, _, _ in ends), "; ".join(highs)


def direction_of(claim: Claim, entry: FeatureEffects) -> int:
    """Return 1 where a claim over values is about an entry's change, −1 of it reversed, else 0."""
    if claim.over != "values" or claim.combination != entry.combination:
        return 0
    if claim.feature != who(entry.feature, joint=entry.combination == "joint"):
        return 0
    ends = ends_of(entry)
    if (claim.before, claim.after) == ends:
        return 1
    return -1 if (claim.after, claim.before) == ends else 0


def asked_of_all_rows(
    claims: Sequence[Claim], effects: EffectTable, profile: EffectProfile
) -> list[Claim]:
    """Give claims about the explained change the number that all of the target's rows give.

    A profile asks the model about a sample of a long table's rows at every level. About the change
    that the report explains it is asked in all of them: what needs no estimate, a direct effect
    and the total of a feature that nothing carries, is then known better, and is one number. Where
    every row of a whole table was asked at every level, its profile knows better still.

    Parameters
    ----------
    claims : sequence of Claim
        About the profile.
    effects : EffectTable
    profile : EffectProfile
    """
    sampled = {
        found.feature: found
        for found in profile
        if found.asked_rows < found.n_rows and not found.direct_rows
    }
    known = [
        entry
        for entry in effects
        if entry.feature in sampled and entry.combination != "sum" and entry.estimator.asks_direct
    ]
    out = []
    for claim in claims:
        for entry in known:
            way = direction_of(claim, entry)
            found = sampled[entry.feature]
            asked = claim.kind == "direct" or (claim.kind == "total" and not found.carried)
            if way and asked and entry.n_rows == found.n_rows:
                claim = _with_number(claim, entry, way, profile)
                break
        out.append(claim)
    return out


def _with_number(claim: Claim, entry: FeatureEffects, way: int, profile: EffectProfile) -> Claim:
    value, error = way * entry.direct.value, entry.direct.standard_error
    critical = profile.critical if claim.above else float(scipy.stats.norm.isf(profile.alpha))
    low, high = value - critical * error, value + critical * error
    return replace(
        claim,
        value=value,
        low=low,
        high=high,
        p_above=p_within(value, error, profile.threshold),
        above=claim.above and lies_beyond(low, high, profile.threshold),
        below=claim.below and lies_within(low, high, profile.threshold),
    )
