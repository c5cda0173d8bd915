"""The number that decided: it leads wherever its effect is shown, with the verdict's interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import scipy

from workbench.checks.verdict.claims import Claim
from workbench.checks.verdict.explained_change import direction_of
from workbench.common.against_threshold import exceeds
from workbench.common.wording import amount, signed
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.report.findings import AuditFindings

__all__ = ["NEAR", "agrees", "as_decided", "claims_shown", "near", "other_methods"]

NEAR = 0.5
"""Share of the threshold by which two methods may lie apart at most and still agree."""
TENTH = 0.1
"""Share of the larger of the first number and the threshold by which they may lie apart."""


def as_decided(report: AuditFindings) -> EffectTable:
    """Return the effects with the verdict's numbers where it judged the same change.

    A profile estimates all levels together, so that its number of a change can differ a little
    from that of the change by itself. The report shows one number: the one that was judged.
    """
    if report.verdict is None or not len(report.effects):
        return report.effects
    judged = {id(entry) for entry in report.effects.judged}
    first: set[tuple[str, str]] = set()
    entries = []
    for entry in report.effects:
        key = (entry.feature, entry.combination)
        if id(entry) in judged and entry.combination != "sum" and key not in first:
            first.add(key)
            entry = _decided(entry, report)
        entries.append(entry)
    table = report.effects
    return EffectTable(tuple(entries), table.index, table.unit, table.seed)


def _decided(entry: FeatureEffects, report: AuditFindings) -> FeatureEffects:
    claims = claims_shown(entry, report)
    total, direct = (
        _as_claimed(getattr(entry, part), claims.get(part), report.interval_level)
        for part in ("total", "direct")
    )
    return replace(entry, total=total, direct=direct)


def claims_shown(entry: FeatureEffects, report: AuditFindings) -> dict[str, Claim]:
    """Return the claims over values about the change that an entry is about, by effect.

    Those of the same change in the other direction are turned round.
    """
    if report.verdict is None or report.profile is None:
        return {}
    made_by = {one.feature: one.estimator for one in report.profile}
    if entry.estimator.kind not in ("debiased", made_by.get(entry.feature)):
        return {}
    found = {}
    for claim in report.verdict.claims:
        way = direction_of(claim, entry) if claim.above else 0
        if way < 0:
            claim = replace(claim, value=-claim.value, low=-claim.high, high=-claim.low)
        if way:
            found[str(claim.kind)] = claim
    return found


def _as_claimed(effect: Effect, claim: Claim | None, level: float) -> Effect:
    """Return an effect whose value and interval are the claim's."""
    error = effect.standard_error
    if claim is None or error == 0:
        return effect
    half = (claim.high - claim.low) / 2
    wanted = half / float(scipy.special.ndtri(0.5 + level / 2))
    return Effect(claim.value, effect.influence * (wanted / error))


def agrees(value: float, first: Effect, *, level: float, threshold: float) -> bool:
    """Whether a second method's number agrees with the first.

    It lies in the interval of the first, or :func:`near` it and on the same side of the threshold.
    """
    low, high = first.interval(level)
    if low <= value <= high:
        return True
    same_side = exceeds(value, threshold) == exceeds(first.value, threshold)
    return bool(same_side and abs(value - first.value) <= near(first.value, threshold))


def near(value: float, threshold: float) -> float:
    """Return how far another number may lie from a value and still agree with it.

    A tenth of it, or of the threshold if that is larger, and never more than half the threshold.

    Examples
    --------
    >>> near(0.45, 0.02), round(near(0.166, 0.139), 4), near(0.0, 0.02)
    (0.01, 0.0166, 0.002)
    """
    return min(NEAR * threshold, TENTH * max(abs(value), threshold))


def other_methods(main: FeatureEffects, report: AuditFindings) -> str:
    """Say what other estimators give for the same effect, and whether they agree; "" for none."""
    if report.verdict is None:
        return ""
    tau, said = report.verdict.threshold, list[str]()
    for entry in _others(main, report):
        fits = agrees(entry.total.value, main.total, level=report.interval_level, threshold=tau)
        said.append(
            f"{entry.estimator.name} gives {signed(entry.total.value)}, which "
            f"{'agrees' if fits else 'differs'}"
        )
    if not said:
        return ""
    by = "A second method" if len(said) == 1 else "Other methods"
    within = amount(near(main.total.value, tau))
    return (
        f"{by}: {'; '.join(said)}. (A method agrees if its number lies in the interval of the "
        f"first, or within {within} of it on the same side of the threshold.)"
    )


def _others(main: FeatureEffects, report: AuditFindings) -> Iterator[FeatureEffects]:
    for entry in report.effects:
        same = (entry.feature, entry.combination) == (main.feature, main.combination)
        if same and entry.estimator != main.estimator:
            yield entry
