"""The number that decided: it leads wherever its effect is shown, with the verdict's interval."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.checks.verdict.claims import Claim
from workbench.common.against_threshold import exceeds
from workbench.common.wording import amount, signed
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.report.decided_effects import claims_about, decided_effects
from workbench.report.findings import AuditFindings

__all__ = ["NEAR", "agrees", "as_decided", "claims_shown", "near", "other_methods"]

NEAR = 0.5
"""Share of the threshold by which two methods may lie apart at most and still agree."""
TENTH = 0.1
"""Share of the larger of the first number and the threshold by which they may lie apart."""


def as_decided(report: AuditFindings) -> EffectTable:
    """Return the effects with the verdict's numbers where it judged the same change."""
    return decided_effects(report.effects, report.verdict, report.profile, report.interval_level)


def claims_shown(entry: FeatureEffects, report: AuditFindings) -> dict[str, Claim]:
    """Return the claims over values about the change that an entry is about, by effect."""
    return claims_about(entry, report.verdict, report.profile)


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
