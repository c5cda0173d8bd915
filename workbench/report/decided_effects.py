"""Effects with the numbers by which the verdict decided, so that a report says one of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import scipy

from workbench.checks.verdict import Verdict
from workbench.checks.verdict.claims import Claim
from workbench.checks.verdict.explained_change import direction_of
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.methods.profile.profile import EffectProfile

__all__ = ["claims_about", "decided_effects", "turned"]


def decided_effects(
    effects: EffectTable, verdict: Verdict | None, profile: EffectProfile | None, level: float
) -> EffectTable:
    """Return the effects with the verdict's numbers where it judged the same change.

    A profile estimates all levels together, so that its number of a change can differ a little
    from that of the change by itself. The report shows one number: the one that was judged.
    """
    if verdict is None or not len(effects):
        return effects
    judged = {id(entry) for entry in effects.judged}
    entries = []
    for entry in effects:
        if id(entry) in judged and entry.combination != "sum":
            entry = _decided(entry, claims_about(entry, verdict, profile), level)
        entries.append(entry)
    return EffectTable(tuple(entries), effects.index, effects.unit, effects.seed)


def _decided(entry: FeatureEffects, claims: Mapping[str, Claim], level: float) -> FeatureEffects:
    direct = _as_claimed(entry.direct, claims.get("direct"), level)
    total = _as_claimed(entry.total, claims.get("total"), level)
    if "indirect" in claims and "total" not in claims:
        total = direct + _as_claimed(entry.indirect, claims["indirect"], level)
    return replace(entry, total=total, direct=direct)


def claims_about(
    entry: FeatureEffects, verdict: Verdict | None, profile: EffectProfile | None
) -> dict[str, Claim]:
    """Return the claims over values about the change that an entry is about, by effect.

    Those of the same change in the other direction are turned round.
    """
    if verdict is None or profile is None:
        return {}
    made_by = {one.feature: one.estimator for one in profile}
    if entry.estimator.kind not in ("debiased", made_by.get(entry.feature)):
        return {}
    found = {}
    for claim in verdict.claims:
        way = direction_of(claim, entry) if claim.above else 0
        if way < 0:
            claim = turned(claim)
        if way:
            found[str(claim.kind)] = claim
    return found


def turned(claim: Claim) -> Claim:
    """Return a claim's value and interval for its change in the other direction."""
    return replace(claim, value=-claim.value, low=-claim.high, high=-claim.low)


def _as_claimed(effect: Effect, claim: Claim | None, level: float) -> Effect:
    """Return an effect whose value and interval are the claim's."""
    error = effect.standard_error
    if claim is None or error == 0:
        return effect
    half = (claim.high - claim.low) / 2
    wanted = half / float(scipy.special.ndtri(0.5 + level / 2))
    return Effect(claim.value, effect.influence * (wanted / error))
