"""The verdict: below the threshold, above it, or inconclusive.

An equivalence test against a threshold τ that the auditor states (paper, Section 4.3;
``estimands.md``, "What 'below τ' must mean"). It covers total, direct and indirect effect and
every path, over the levels, people and groups that were tested:

- *below*: every claim lies inside ±τ. All must pass, so each is tested at the level alpha
  (intersection–union test).
- *above*: some claim lies outside ±τ with the error rate that the claims of its family share,
  since any one suffices (union–intersection test).
- *inconclusive*: neither; the smallest τ that this audit could have confirmed is stated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import scipy

from workbench.case.asking.steadiness import Unsteady
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Contrast
from workbench.checks.verdict.cancellations import Cancellation, cancellations_of
from workbench.checks.verdict.claims import SHARES, Claim, claims_of_effects, claims_of_profile
from workbench.checks.verdict.explained_change import asked_of_all_rows
from workbench.checks.verdict.few_rows import few_rows_of
from workbench.checks.verdict.turned_arrows import TurnedArrow, condition_of, sentences_of
from workbench.checks.verdict.words import assurance_of, basis_of, headline_of, reason_of
from workbench.common.against_threshold import check_limits, lies_beyond, lies_within
from workbench.common.errors import TargetError
from workbench.common.wording import listing
from workbench.methods.answer_noise import between_calls
from workbench.methods.debiased.combination import widened
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.paths import PathEffect
from workbench.methods.profile.profile import EffectProfile, FeatureProfile, Pair

__all__ = ["Decision", "Verdict", "as_judged", "deciding_contrasts", "default_threshold", "judge"]

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
class Verdict:
    """What the audit found, compared with the threshold.

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
        The smallest τ for which this audit would have decided "below"; NaN where no τ can be
        named, since too few rows were asked about.
    cancellations : tuple of Cancellation
    unfollowed : int
        Paths that were too many to follow; with any of them "below" cannot be claimed.
    doubted : tuple of str
        Features whose predictions differ by more than the graph explains; neither with them.
    scope : {"levels", "named", "change"}
        Whether all levels were tested, several that somebody named, or one change.
    people : bool
        Whether single rows were asked about.
    people_from : float or None
        Share of the people down to which a group would have been found; None where single rows
        were not followed through other features.
    turned : tuple of TurnedArrow
        Arrows as drawn that "below" rests on.
    basis : tuple of str
        What the decision covers, with its error rates: levels, people, groups, rows.
    withheld : str
        Why nothing firm is said: too few rows, a model whose answers differ for the same row, or
        equations whose form does not fit; "" where nothing stands in the way.
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
    scope: Literal["levels", "named", "change"] = "change"
    people: bool = False
    basis: tuple[str, ...] = ()
    withheld: str = ""
    people_from: float | None = None
    turned: tuple[TurnedArrow, ...] = ()

    @property
    def deciding(self) -> Claim | None:
        """The claim that the decision "above" rests on.

        Means before groups that were named, before people, before groups that were looked for.
        """
        above = [claim for claim in self.claims if claim.above]
        if self.decision != "above" or not above:
            return None
        kinds = ("total", "direct", "indirect", "path", "share")
        return min(
            above, key=lambda c: (c.order, -float(f"{abs(c.value):.9g}"), kinds.index(c.kind))
        )

    @property
    def headline(self) -> str:
        """The verdict in one careful sentence, which says what it covers."""
        said = headline_of(
            self.decision,
            self.threshold,
            self.deciding,
            scope=self.scope,
            people=self.people,
            people_from=self.people_from,
        )
        return f"{said.removesuffix('.')}{condition_of(self.turned)}."

    @property
    def explanation(self) -> str:
        """What the decision rests on, and how often such a decision errs."""
        return " ".join(filter(None, (self.reason, self.assurance)))

    @property
    def assurance(self) -> str:
        """How many effects were tested together, and how often such an audit errs."""
        return assurance_of(self.decision, self.threshold, self.alpha, self.claims)

    @property
    def reason(self) -> str:
        """The number that decided, or what kept the decision from being firm."""
        said = reason_of(
            self.decision,
            self.threshold,
            self.claims,
            self.deciding,
            smallest=self.smallest_threshold,
            unfollowed=self.unfollowed,
            doubted=self.doubted,
            withheld=self.withheld,
        )
        return " ".join((*sentences_of(self.turned, self.threshold), said))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per claim, largest first."""
        ordered = sorted(self.claims, key=lambda c: -abs(c.value))
        columns = [name for name in Claim.__dataclass_fields__ if name != "heard"]
        return pd.DataFrame([vars(c) for c in ordered], columns=columns)


def judge(
    effects: EffectTable,
    paths: Sequence[PathEffect] = (),
    *,
    threshold: float,
    alpha: float = 0.05,
    doubted: Sequence[str] = (),
    profile: EffectProfile | None = None,
    unsteady: Unsteady | None = None,
    turned: Sequence[TurnedArrow] = (),
) -> Verdict:
    """Compare effects, paths and the profile of a target with a threshold, and decide.

    Parameters
    ----------
    effects : EffectTable
        Of one change. The debiased estimate is judged where it ran; else every estimator's entries
        count, and a firm "below" needs all of them to agree.
        Beside a profile they show nothing above by themselves, for their change was chosen by it.
    paths : sequence of PathEffect
        Those of a feature whose equations leave too much unexplained make no claim: no data can
        correct them.
    threshold : float
        τ > 0, in the unit of the prediction.
    alpha : float, default 0.05
        Error rate of "below" when some influence is above τ, and of "above" when none is.
    doubted : sequence of str
        Features of which no small effect can be believed; see
        :class:`workbench.checks.diagnostics.Diagnostics`.
    profile : EffectProfile, optional
        Made with the same threshold and alpha. Without one the verdict is about the one change
        that the effects are about, on average.
    unsteady : Unsteady, optional
        How much the model's answers to the same row differ. Effects and paths count it already.
    turned : sequence of TurnedArrow
        Arrows whose other direction would make more of an effect; "below" names them.

    Raises
    ------
    TargetError
        When the threshold is not positive, alpha is not between 0 and 0.5, or the profile was
        made for others.

    Examples
    --------
    >>> from workbench.methods.effects import Effect, FeatureEffects
    >>> from workbench.methods.estimator import Estimator
    >>> small = Effect(0.001, np.full(100, 0.002))
    >>> entry = FeatureEffects("age", Estimator("cafe"), "28 → 48", small, small)
    >>> table = EffectTable((entry,), pd.RangeIndex(100), "probability", 0)
    >>> judge(table, threshold=0.02).headline
    'No influence above 0.02 found for this one change, on average.'
    """
    check_limits(threshold, alpha)
    if profile is not None and (profile.threshold, profile.alpha) != (threshold, alpha):
        raise TargetError("The profile was made for another threshold or alpha.")
    looks = None if profile is None else _looks(profile)
    effects = effects.judged
    doubtful = {entry.feature for entry in effects if entry.form and not entry.form.holds}
    paths = [path for path in as_judged(paths, effects) if path.feature not in doubtful]
    claims = claims_of_effects(
        effects,
        paths,
        threshold=threshold,
        alpha=alpha,
        looks=looks,
        alone=profile is not None and profile.scope == "change",
        families=1 if profile is None else profile.families,
    )
    if profile is not None:
        error = 0.0 if unsteady is None else between_calls(unsteady.call_error)
        about_levels = claims_of_profile(profile, _slack(effects), _unseen(effects))
        about_levels = asked_of_all_rows(about_levels, effects, profile)
        claims = [*(_widened(claim, error, threshold, alpha) for claim in about_levels), *claims]
    if unsteady is not None and unsteady.moves_rows(threshold):
        claims = [replace(c, above=False) if c.kind in SHARES else c for c in claims]
    few = few_rows_of(profile, effects)
    claims = [few.held_back(claim) for claim in claims]
    withheld = "" if unsteady is None else unsteady.withholds(threshold)
    unfit = _unfit(effects, claims)
    unfollowed = sum({p.feature: p.left_out for p in paths}.values())
    decision: Decision = "inconclusive"
    if any(claim.above for claim in claims):
        decision = "above"
    elif claims and all(c.below for c in claims) and not (unfollowed or doubted or few.reason):
        decision = "below"
    if withheld or few.nothing_firm:
        decision = "inconclusive"
    return Verdict(
        decision=decision,
        threshold=threshold,
        alpha=alpha,
        unit=effects.unit,
        claims=tuple(claims),
        smallest_threshold=_smallest(claims, profile),
        cancellations=cancellations_of(claims, threshold),
        unfollowed=unfollowed,
        doubted=tuple(doubted),
        scope="change" if profile is None else profile.scope,
        people=profile is not None and profile.asks,
        basis=() if profile is None else basis_of(profile),
        withheld=" ".join(
            reason
            for reason in (withheld, few.reason, unfit if decision == "inconclusive" else "")
            if reason
        ),
        people_from=None if profile is None else profile.people_from,
        turned=tuple(turned) if decision == "below" else (),
    )


def deciding_contrasts(profile: EffectProfile) -> dict[str, Contrast]:
    """Return the change that shows an influence above τ, for features where one does.

    A report then explains that change.
    """
    found = {}
    for feature in profile:
        pair = None if feature.combination else _deciding_pair(profile, feature)
        if pair is None:
            continue
        low, high = pair.low[0][1], pair.high[0][1]
        numbers = all(isinstance(level, int | float) for level in (low, high))
        if (
            not numbers
            and None in (low, high)
            and any(isinstance(level, float) for level in (low, high))
        ):
            continue  # a number cannot be set to "missing" by a contrast
        found[feature.feature] = Contrast(low, high)
    return found


def _deciding_pair(profile: EffectProfile, feature: FeatureProfile) -> Pair | None:
    tau = profile.threshold
    for parts in (feature.parts, *feature.groups.values()):
        shown = [pair for part in parts.values() if (pair := part.deciding(tau)) is not None]
        if shown:  # the one that the verdict names; see Verdict.deciding
            return max(shown, key=lambda pair: float(f"{abs(pair.value):.9g}"))
    direct = feature.people.get("direct")
    if direct is not None and direct.moved_low > profile.people_share:
        return direct.pair
    return None


def as_judged(paths: Sequence[PathEffect], effects: EffectTable) -> list[PathEffect]:
    """Return paths with the intervals by which the verdict claims them.

    Nothing corrects a path, so that it is known no more finely than the form of its feature's
    equations was tested. The direct one rests on no equation.
    """
    effects = effects.judged
    off, noise = _slack(effects), _unseen(effects)
    return [
        replace(path, effect=widened(path.effect, math.hypot(room, noise[path.feature])))
        if len(path.path) > 2 and (room := off.get(path.feature)) is not None
        else path
        for path in paths
    ]


def _slack(effects: EffectTable) -> dict[str, float]:
    """By how much simulated effects may be off: what corrections exceed their own noise by."""
    found: dict[str, float] = {}
    for entry in effects:
        if entry.form is not None and not entry.combination:
            excess = entry.form.correction**2 - entry.form.standard_error**2
            found[entry.feature] = math.sqrt(max(excess, 0.0)) + entry.form.missed
    return found


def _unseen(effects: EffectTable) -> dict[str, float]:
    """How finely the equations' form was tested: nothing that it carries alone is known better."""
    return {
        entry.feature: entry.form.standard_error
        for entry in effects
        if entry.form is not None and not entry.combination
    }


def _unfit(effects: EffectTable, claims: Sequence[Claim]) -> str:
    """Say of which features' open claims the equations' form does not fit; "" of none."""
    open_ = {claim.feature for claim in claims if not claim.below}
    unfit = [e.feature for e in effects if e.form and e.form.misfits and e.feature in open_]
    if not unfit:
        return ""
    return (
        f"The form of the equations for the effect of {listing(unfit)} does not fit what it is "
        f"adjusted for, so that the interval is wide."
    )


def _widened(claim: Claim, error: float, threshold: float, alpha: float) -> Claim:
    """Return a claim about levels with room for what all answers of a call have in common."""
    if error == 0 or claim.kind in SHARES:
        return claim
    room = float(scipy.special.ndtri(1 - alpha)) * error
    low, high = claim.low - room, claim.high + room
    return replace(
        claim,
        low=low,
        high=high,
        below=claim.below and lies_within(low, high, threshold),
        above=claim.above and lies_beyond(low, high, threshold),
    )


def _looks(profile: EffectProfile) -> float:
    """How many independent looks the profile's critical value pays for."""
    tail = 2 * float(scipy.stats.norm.sf(profile.critical))
    return max(profile.alpha / profile.families / max(tail, 1e-300), 1.0)


def _smallest(claims: Sequence[Claim], profile: EffectProfile | None) -> float:
    ends = [max(abs(c.low), abs(c.high)) for c in claims if c.kind not in SHARES and not c.above]
    ends += [abs(c.value) for c in claims if c.kind not in SHARES and c.above]
    if profile is not None:
        ends += [part.ceiling for found in profile for part in found.parts.values()]
        ends += [found.people["direct"].reach for found in profile if "direct" in found.people]
    if any(math.isnan(end) for end in ends):
        return float("nan")
    return max(ends, default=0.0)
