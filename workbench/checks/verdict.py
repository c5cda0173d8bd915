"""The verdict: below the threshold, above it, or inconclusive.

An equivalence test against a threshold τ that the auditor states (paper, Section 4.3). It covers
total, direct, indirect effect and every path at once:

- *below*: every claim's interval lies inside ±τ. All must pass, so each is tested at the level
  alpha (intersection–union test) with its 1 − 2·alpha interval.
- *above*: some claim lies outside ±τ after Holm's correction for the number of claims, since any
  one suffices (union–intersection test).
- *inconclusive*: neither; the smallest τ that this audit could have confirmed is stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.common.against_threshold import exceeds, lies_within, p_within
from workbench.common.errors import TargetError
from workbench.common.multiple_testing import holm
from workbench.common.wording import listing, share, signed, span
from workbench.methods.effects import Effect, EffectTable
from workbench.methods.fuzzing.paths import PathEffect

__all__ = ["Cancellation", "Claim", "Decision", "Verdict", "default_threshold", "judge"]

Decision = Literal["below", "above", "inconclusive"]
THRESHOLD = 0.02
"""Default τ of a probability; of other outputs, this share of the spread of the predictions."""


def default_threshold(case: AuditCase) -> float:
    """Return τ when the auditor states none, in the unit of the prediction.

    0.02 of a probability (two percentage points); else 2 % of the distance between the 5th and
    the 95th percentile of the predictions, to two significant digits.
    """
    if case.output == "probability":
        return THRESHOLD
    low, high = np.quantile(case.predictions, [0.05, 0.95])
    spread = THRESHOLD * float(high - low)
    return float(f"{spread:.2g}") if spread > 0 else THRESHOLD


@dataclass(frozen=True)
class Claim:
    """One effect held against the threshold.

    Attributes
    ----------
    name : str
        For instance "zip_code, total effect (cafe)".
    feature : str
    kind : {"total", "direct", "indirect", "path"}
    value, low, high : float
        Estimate and its 1 − 2·alpha interval, in the unit of the prediction.
    p_above : float
        p-value of "the effect lies within ±τ", before correction.
    below, above : bool
        Whether the claim passes as below τ, and whether it fails as above τ after correction.
    """

    name: str
    feature: str
    kind: Literal["total", "direct", "indirect", "path"]
    value: float
    low: float
    high: float
    p_above: float
    below: bool
    above: bool


@dataclass(frozen=True)
class Cancellation:
    """Influences above the threshold that cancel to a total below it."""

    feature: str
    total: float
    parts: tuple[tuple[str, float], ...]

    def sentence(self, threshold: float) -> str:
        """Say it in words."""
        parts = "; ".join(f"{name} {signed(value)}" for name, value in self.parts)
        return (
            f"{self.feature}: influences above {threshold:g} cancel to a total of "
            f"{signed(self.total)} ({parts}). The average hides them."
        )


@dataclass(frozen=True)
class Verdict:
    """What the audit found, held against the threshold.

    Attributes
    ----------
    decision : {"below", "above", "inconclusive"}
    threshold : float
        τ, in the unit of the prediction.
    alpha : float
        Error rate of either firm decision.
    unit : str
    claims : tuple of Claim
    smallest_threshold : float
        The smallest τ for which this audit would have decided "below".
    cancellations : tuple of Cancellation
    unfollowed : int
        Paths that were too many to follow; with any of them "below" cannot be claimed.
    doubted : tuple of str
        Features whose predictions differ by more than the graph explains; neither with them.
    """

    decision: Decision
    threshold: float
    alpha: float
    unit: str
    claims: tuple[Claim, ...]
    smallest_threshold: float
    cancellations: tuple[Cancellation, ...] = ()
    unfollowed: int = 0
    doubted: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The verdict in one careful sentence."""
        tau = f"{self.threshold:g}"
        if self.decision == "above":
            return f"Residual influence above {tau} found."
        if self.decision == "below":
            return f"No influence above {tau} found at this precision."
        return f"Inconclusive: influence above {tau} was neither found nor ruled out."

    @property
    def explanation(self) -> str:
        """What the decision rests on, in one or two sentences."""
        if self.decision == "above":
            worst = max((c for c in self.claims if c.above), key=lambda c: abs(c.value))
            return (
                f"Largest: {worst.name}, {signed(worst.value)} (interval "
                f"{span((worst.low, worst.high))}). {sum(c.above for c in self.claims)} of "
                f"{len(self.claims)} claims lie above; the error rate of saying so is at most "
                f"{share(self.alpha)}."
            )
        smallest = (
            f"The smallest threshold this audit could have confirmed is "
            f"{self.smallest_threshold:.3g}."
        )
        if self.unfollowed:
            smallest += f" {self.unfollowed:,} paths were too many to follow."
        if self.doubted:
            smallest = (
                f"No small effect of {listing(self.doubted)} can be believed, for a reason that "
                f"the warnings give. {smallest}"
            )
        if self.decision == "below":
            return (
                f"All {len(self.claims)} claims lie inside ±{self.threshold:g} with an error rate "
                f"of at most {share(self.alpha)}. {smallest}"
            )
        return smallest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per claim, largest first."""
        ordered = sorted(self.claims, key=lambda c: -abs(c.value))
        columns = list(Claim.__dataclass_fields__)
        return pd.DataFrame([vars(c) for c in ordered], columns=columns)


def judge(
    effects: EffectTable,
    paths: Sequence[PathEffect] = (),
    *,
    threshold: float,
    alpha: float = 0.05,
    doubted: Sequence[str] = (),
) -> Verdict:
    """Hold effects and paths against a threshold.

    Parameters
    ----------
    effects : EffectTable
        Every estimator's entries count: a firm "below" needs all of them to agree.
    paths : sequence of PathEffect
    threshold : float
        τ > 0, in the unit of the prediction.
    alpha : float, default 0.05
        Error rate of "below" when some influence is above τ, and of "above" when none is.
    doubted : sequence of str
        Features of which no small effect can be believed; see
        :class:`workbench.checks.diagnostics.Diagnostics`.

    Raises
    ------
    TargetError
        When the threshold is not positive or alpha is not between 0 and 0.5.

    Examples
    --------
    >>> from workbench.methods.effects import FeatureEffects
    >>> from workbench.methods.estimator import Estimator
    >>> small = Effect(0.001, np.full(100, 0.002))
    >>> entry = FeatureEffects("age", Estimator("cafe"), "28 → 48", small, small)
    >>> table = EffectTable((entry,), pd.RangeIndex(100), "probability", 0)
    >>> judge(table, threshold=0.02).headline
    'No influence above 0.02 found at this precision.'
    """
    if not threshold > 0 or not np.isfinite(threshold):
        raise TargetError(f"The threshold must be a number above 0, not {threshold!r}.")
    if not 0 < alpha < 0.5:
        raise TargetError(f"alpha must lie between 0 and 0.5, not {alpha!r}.")
    named = _claims_of(effects, paths)
    p_values = [p_within(e.value, e.standard_error, threshold) for _, _, _, e in named]
    rejected = [corrected <= alpha for corrected in holm(p_values)]
    claims = []
    for (name, feature, kind, effect), p_value, above in zip(
        named, p_values, rejected, strict=True
    ):
        low, high = effect.interval(1 - 2 * alpha)
        below = lies_within(low, high, threshold)
        claims.append(Claim(name, feature, kind, effect.value, low, high, p_value, below, above))
    unfollowed = sum({p.feature: p.left_out for p in paths}.values())
    decision: Decision = "inconclusive"
    if any(claim.above for claim in claims):
        decision = "above"
    elif claims and all(claim.below for claim in claims) and not (unfollowed or doubted):
        decision = "below"
    smallest = max((max(abs(c.low), abs(c.high)) for c in claims), default=0.0)
    return Verdict(
        decision,
        threshold,
        alpha,
        effects.unit,
        tuple(claims),
        smallest,
        _cancellations(claims, threshold),
        unfollowed,
        tuple(doubted),
    )


_Named = tuple[str, str, Literal["total", "direct", "indirect", "path"], Effect]


def _claims_of(effects: EffectTable, paths: Sequence[PathEffect]) -> list[_Named]:
    """Name every effect once: a direct effect by query is the same for both estimators."""
    claims: list[_Named] = []
    asked: set[str] = set()
    for entry in effects:
        if entry.combination == "sum":
            continue
        who = entry.feature
        if entry.combination == "joint":
            several = who.count(" + ") + 1
            who = f"all {several} features together" if several > 3 else f"{who} together"
        claims.append((f"{who}, total effect ({entry.estimator})", who, "total", entry.total))
        claims.append(
            (f"{who}, indirect effect ({entry.estimator})", who, "indirect", entry.indirect)
        )
        if not entry.estimator.asks_direct or who not in asked:
            claims.append((f"{who}, direct effect", who, "direct", entry.direct))
        if entry.estimator.asks_direct:
            asked.add(who)
    claims += [
        (" → ".join(path.path), path.feature, "path", path.effect)
        for path in paths
        if len(path.path) > 2
    ]
    return claims


def _cancellations(claims: Sequence[Claim], threshold: float) -> tuple[Cancellation, ...]:
    found = []
    for feature in dict.fromkeys(claim.feature for claim in claims):
        own = [claim for claim in claims if claim.feature == feature]
        totals = [claim.value for claim in own if claim.kind == "total"]
        small = [total for total in totals if not exceeds(total, threshold)]
        parts = [c for c in own if c.above and c.kind in ("direct", "path")]
        if not any(c.kind == "path" for c in own):
            parts = [c for c in own if c.above and c.kind in ("direct", "indirect")]
        if small and {np.sign(c.value) for c in parts} == {1.0, -1.0}:
            shown = tuple((c.name, c.value) for c in sorted(parts, key=lambda c: -abs(c.value)))
            found.append(Cancellation(feature, small[0], shown))
    return tuple(found)
