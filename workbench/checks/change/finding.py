"""What unlearning changed: an effect before, after, and in a model retrained without the target.

Three findings are kept apart: what was removed, the world's share, and the residue. A perfectly
retrained model still carries what the world carries: without the postcode it reads the income that
the postcode brings about. Only what is left above the retrained model is a residue of a bad
unlearning. The models are asked about the same rows under the same interventions, so that their
influence columns subtract and what they share cancels (``estimands.md``, "Algorithm 2").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.checks.change.agreement import RowAgreement
from workbench.checks.change.one_effect import ChangeFinding, Difference, RowGaps
from workbench.checks.change.utility import ModelUtility
from workbench.checks.verdict import SHARES, Claim
from workbench.common.against_threshold import lies_within
from workbench.common.multiple_testing import holm
from workbench.common.wording import amount, rate, share, signed, stated, with_interval
from workbench.methods.effects import Effect
from workbench.methods.estimator import Estimator

__all__ = ["ComparedModel", "ModelChange", "Residue"]

ChangeDecision = Literal["below", "above", "inconclusive", "unknown"]


@dataclass(frozen=True)
class Residue:
    """One residue compared with the threshold.

    Attributes
    ----------
    name, feature, part : str
    estimator : Estimator
    value, low, high : float
        After − retrained, with its 1 − 2·alpha interval.
    p_above : float
        p-value of "the residue lies within ±τ", before correction.
    below, above : bool
        Whether it passes as below τ, and whether it fails as above τ after Holm's correction.
    """

    name: str
    feature: str
    part: str
    estimator: Estimator
    value: float
    low: float
    high: float
    p_above: float
    below: bool
    above: bool


@dataclass(frozen=True)
class ComparedModel:
    """What is known of one of the models.

    Attributes
    ----------
    role : {"before", "after", "retrained"}
    name, fingerprint : str
    reads : tuple of str
    known : str
        How it was trained, where the workbench did that without the target's features; "" for a
        model that was handed in.
    """

    role: str
    name: str
    fingerprint: str
    reads: tuple[str, ...]
    known: str = ""


@dataclass(frozen=True, eq=False)
class ModelChange:
    """The audited model beside the model before and models retrained without the target.

    Attributes
    ----------
    findings : tuple of ChangeFinding
    models : tuple of ComparedModel
    threshold : float
        τ, in the unit of the prediction.
    alpha : float
        Error rate of either firm decision about the residue; see also `wrong_above`.
    unit : str
    utility : ModelUtility or None
        What the models are good for; None without an outcome.
    gaps : RowGaps or None
        For targets that are rows, with a retrained model.
    left_out : mapping of str to str
        Which effects could not be compared, and why.
    rows : RowAgreement or None
        How far predictions lie from the retrained models', with one.
    levels : tuple of Claim
        What the audited model directly makes of features that no retrained model reads, over
        levels, people and groups: all of it is residue.
    not_retrained : tuple of str
        Why a model that was handed in as retrained is none.
    """

    findings: tuple[ChangeFinding, ...]
    models: tuple[ComparedModel, ...]
    threshold: float
    alpha: float
    unit: str
    utility: ModelUtility | None = None
    gaps: RowGaps | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    rows: RowAgreement | None = None
    levels: tuple[Claim, ...] = ()
    not_retrained: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """Which models there are: "before", "after", "retrained"."""
        present = {model.role for model in self.models}
        return tuple(role for role in ("before", "after", "retrained") if role in present)

    @property
    def level(self) -> float:
        """Coverage of the intervals that are not compared with the threshold."""
        return 1 - self.alpha

    @property
    def n_retrained(self) -> int:
        """How many retrained models there are."""
        return sum(model.role == "retrained" for model in self.models)

    @property
    def known(self) -> bool:
        """Whether every retrained model is known to have been trained without the target."""
        return all(model.known for model in self.models if model.role == "retrained")

    @property
    def _beside(self) -> str:
        """What the audited model is compared with, in words."""
        which = "the one" if self.n_retrained == 1 else "those"
        if self.known:
            return f"{which} that the workbench trained without the target"
        return f"{which} handed in as retrained without the target"

    @cached_property
    def residues(self) -> tuple[Residue, ...]:
        """Every residue compared with τ: the claims behind the decision."""
        known = [(f, f.residue) for f in self.findings]
        held = [(f, residue) for f, residue in known if residue is not None]
        above = [p <= self.alpha for p in holm([r.p_above(self.threshold) for _, r in held])]
        claims = []
        for (finding, residue), rejected in zip(held, above, strict=True):
            low, high = residue.interval(1 - 2 * self.alpha)
            claims.append(
                Residue(
                    name=finding.name,
                    feature=finding.feature,
                    part=finding.part,
                    estimator=finding.estimator,
                    value=residue.value,
                    low=low,
                    high=high,
                    p_above=residue.p_above(self.threshold),
                    below=lies_within(low, high, self.threshold),
                    above=rejected,
                )
            )
        return tuple(claims)

    @property
    def decision(self) -> ChangeDecision:
        """Whether a residue above τ was found; "unknown" without a model that was retrained."""
        if not self.residues:
            return "unknown"
        claims: tuple[Residue | Claim, ...] = (*self.residues, *self.levels)
        if any(claim.above for claim in claims):
            return "above"
        alike = self.rows is None or self.rows.holds
        below = all(claim.below for claim in claims)
        return "below" if below and alike else "inconclusive"

    @property
    def wrong_above(self) -> float:
        """Largest rate of "above" where no residue exceeds τ.

        Residues and the verdict's claims of direct use are two families, each held at `alpha`.
        """
        return self.alpha * (2 if self.levels and self.residues else 1)

    @property
    def smallest_threshold(self) -> float:
        """The smallest τ that the residues of single changes lie within; NaN without residues."""
        ends = [max(abs(claim.low), abs(claim.high)) for claim in self.residues]
        return max(ends, default=float("nan"))

    @property
    def _largest_mean(self) -> float:
        """The smallest τ that every mean residue lies within, those between all levels, too."""
        means = [claim for claim in self.levels if claim.kind not in SHARES]
        ends = [max(abs(claim.low), abs(claim.high)) for claim in means]
        return max([self.smallest_threshold, *ends])

    @property
    def headline(self) -> str:
        """The finding in one careful sentence."""
        tau = stated(self.threshold)
        if self.not_retrained:
            return f"No statement about a residue: {'; '.join(self.not_retrained)}."
        over = "on average"
        if self.rows is not None and self.rows.alike:
            over = "on average and at single rows"
        elif self.rows is not None:
            over = "on average, nor more at single rows than chance in training explains,"
        return {
            "above": f"A residue above {tau} was found: the model differs from {self._beside}.",
            "below": f"No residue above {tau} was found {over}: the model behaves like "
            f"{self._beside}.",
            "inconclusive": f"Inconclusive: a residue above {tau} was neither found nor ruled out.",
            "unknown": "Without a retrained model, a residue cannot be told from what the world "
            "carries.",
        }[self.decision]

    @property
    def explanation(self) -> str:
        """What the headline rests on."""
        if self.not_retrained:
            return (
                "What is left beside such a model says nothing about what was unlearned. Give one "
                "that was trained again without the target."
            )
        if not self.residues:
            return ""
        chance = (
            f"The chance in training is counted from {self.n_retrained} retrained models."
            if self.n_retrained > 1
            else "One retrained model does not show the chance in training: another seed could "
            "move these figures. Several can be given."
        )
        if self.decision == "above":
            every: tuple[Residue | Claim, ...] = (*self.residues, *self.levels)
            held = [c for c in every if c.above]
            worst = max(held, key=lambda c: (getattr(c, "kind", "") != "share", abs(c.value)))
            return (
                f"Largest: {self._largest(worst)}. If the graph and the estimates' models are "
                f"right, saying so wrongly happens in at most {rate(self.wrong_above)} of such "
                f"audits. {chance}"
            )
        rows = "" if self.rows is None else f" {self.rows.sentence(self.threshold)}"
        if self._largest_mean == 0 and self.decision == "below":
            return f"The models' effects are the same for the changes that were tried.{rows}"
        return (
            f"The smallest mean residue that could have been ruled out is "
            f"{amount(self._largest_mean)}.{rows} {chance}"
        )

    def _largest(self, claim: Residue | Claim) -> str:
        """Say a residue with its interval, and what that holds for."""
        if isinstance(claim, Claim):
            if claim.kind in SHARES:
                return f"{claim.name}: {share(claim.value)}, at least {share(claim.low)}"
            what = f"{rate(1 - 2 * self.alpha)} interval"
            if claim.over != "people":
                what = "interval for all tested changes at once"
            return f"{claim.name}, {with_interval(claim.value, (claim.low, claim.high), what=what)}"
        found = next(f for f in self.findings if f.name == claim.name)
        assert found.residue is not None
        ends = found.residue.interval(self.level)
        what = f"{rate(self.level)} interval"
        return f"{claim.name}, {with_interval(claim.value, ends, what=what)}"

    def sentences(self) -> tuple[str, ...]:
        """Say what was removed, what the world carries and what is left, feature by feature."""
        said = [_story(f, self.level) for f in self.main_findings() if f.part == "total"]
        told = [m for m in self.models if m.role == "retrained" and m.known]
        said += [f"{m.name}, retrained: known, {m.known}." for m in told]
        if not (self.known or self.not_retrained):
            said.append(
                "How a model that was handed in as retrained came about is not known here: that it "
                "was trained without the target is what whoever handed it in says."
            )
        said += [_rows_story(f) for f in self.main_findings() if f.part == "prediction"]
        if self.gaps is not None:
            said.append(self.gaps.sentence())
        if self.utility is not None:
            said += self.utility.sentences()
        return tuple(said)

    def main_findings(self) -> tuple[ChangeFinding, ...]:
        """Return each feature's findings by one estimator: fuzzing where it ran, else CAFÉ."""
        best: dict[tuple[str, str], ChangeFinding] = {}
        for finding in self.findings:
            key = finding.feature, finding.part
            if key not in best or finding.estimator.kind == "fuzzing":
                best[key] = finding
        return tuple(best.values())

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding.

        Returns
        -------
        DataFrame
            Columns feature, part, estimator; before, after, world (the mean of the retrained
            models), removed and residue, each with ``_low`` and ``_high`` of its interval;
            p_above and above: of the residue, after correction for all of them.
        """
        above = {(c.feature, c.part, c.estimator): c for c in self.residues}
        records = []
        for finding in self.findings:
            record: dict[str, Any] = {
                "feature": finding.feature,
                "part": finding.part,
                "estimator": finding.estimator.label,
            }
            for name in ("before", "after", "world", "removed", "residue"):
                value: Effect | Difference | None = getattr(finding, name)
                low, high = (np.nan, np.nan) if value is None else value.interval(self.level)
                record[name] = np.nan if value is None else value.value
                record[f"{name}_low"], record[f"{name}_high"] = low, high
            claim = above.get((finding.feature, finding.part, finding.estimator))
            record["p_above"] = np.nan if claim is None else claim.p_above
            record["above"] = None if claim is None else claim.above
            records.append(record)
        return pd.DataFrame(records)


def _story(finding: ChangeFinding, level: float) -> str:
    """Tell one total effect: before, after, the world's share, the residue."""
    value = _sized(finding.after, level)
    said = f"{finding.feature}: the total effect is now {value}"
    if finding.before is not None and finding.removed is not None:
        done = _removed(finding.removed, finding.before.value, level)
        said += f"; before it was {signed(finding.before.value)}, so unlearning {done}"
    if finding.world is not None and not finding.honest:
        which = _handed_in(len(finding.retrained))
        return f"{said}. {which[:1].upper()}{which[1:]} gives {signed(finding.world.value)}."
    if finding.world is None or finding.residue is None:
        return f"{said}. What of it the world carries is not known without a retrained model."
    return (
        f"{said}. A model retrained without the target still carries "
        f"{signed(finding.world.value)}, the world's share; the residue beside it is "
        f"{_sized(finding.residue, level)}."
    )


def _removed(removed: Effect | Difference, before: float, level: float) -> str:
    """Say what unlearning took away, or added where the effect grew in its own direction.

    Where there was none before, whatever is there now was added.
    """
    low, high = removed.interval(level)
    if removed.value == low == high == 0:
        return "removed nothing of it"
    if removed.value and removed.value * before <= 0:
        return f"added {with_interval(-removed.value, (-high, -low), what='')}"
    return f"removed {with_interval(removed.value, (low, high), what='')}"


def _rows_story(finding: ChangeFinding) -> str:
    said = f"Mean prediction on {finding.feature}: {_level(finding.after)} now"
    if finding.before is not None:
        said += f", {_level(finding.before)} before"
    if finding.world is not None:
        by = " when retrained" if finding.honest else f" by {_handed_in(len(finding.retrained))}"
        said += f", {_level(finding.world)}{by}"
    return f"{said}."


def _handed_in(count: int) -> str:
    which = "the model" if count == 1 else f"the mean of {count} models"
    return f"{which} handed in as retrained"


def _level(effect: Effect) -> str:
    return signed(effect.value).lstrip("+")


def _sized(difference: Effect | Difference, level: float) -> str:
    return with_interval(difference.value, difference.interval(level), what="")
