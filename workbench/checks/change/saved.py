"""What unlearning changed, in a saved file.

The effects of every model stand among the report's estimates, so that findings, residues, decision
and sentences are made again. Figures of single rows and of the outcome cannot be made again, since
no row travels; they are compared with each other and with the effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

import msgspec
import numpy as np
import pandas as pd

from workbench.checks.change.agreement import RowAgreement, direct_claims
from workbench.checks.change.finding import ComparedModel, ModelChange
from workbench.checks.change.one_effect import ChangeFinding, ChangePart, RowGaps
from workbench.checks.change.utility import BEFORE, ModelUtility, cliffs_in
from workbench.checks.change.utility_measures import CLASS_MEASURES, VALUE_MEASURES
from workbench.checks.finding import Rest, SavedEffects, SavedForm
from workbench.common.limits import REPORT_ENTRIES, REPORT_MODELS
from workbench.common.saved_values import (
    Count,
    Fingerprint,
    MaybeNumber,
    Number,
    Saved,
    altered,
    check_fingerprint,
    check_known,
    frame_of,
    rows_of,
    wrong,
)
from workbench.methods.effects import Effect
from workbench.methods.saved_effects import SavedEffect, SavedEstimates, read_estimator

__all__ = ["SAVED"]

Role = Literal["before", "after", "retrained"]
SLACK = 1e-6
"""By how much numbers that must agree may differ, for rounding."""


class SavedModel(Saved, frozen=True):
    """One of the models."""

    role: Role
    name: str
    fingerprint: Fingerprint
    reads: tuple[str, ...]
    known: str = ""


class SavedFinding(Saved, frozen=True):
    """One effect in every model as a reader wants it: made again from the estimates."""

    feature: str
    part: ChangePart
    estimator: str
    before: MaybeNumber
    before_low: MaybeNumber
    before_high: MaybeNumber
    after: MaybeNumber
    after_low: MaybeNumber
    after_high: MaybeNumber
    world: MaybeNumber
    world_low: MaybeNumber
    world_high: MaybeNumber
    removed: MaybeNumber
    removed_low: MaybeNumber
    removed_high: MaybeNumber
    residue: MaybeNumber
    residue_low: MaybeNumber
    residue_high: MaybeNumber
    p_above: MaybeNumber
    above: bool | None


class SavedResidue(Saved, frozen=True):
    """One residue compared with the threshold: made again."""

    name: str
    feature: str
    part: str
    estimator: str
    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    p_above: MaybeNumber
    below: bool | None
    above: bool | None


class SavedGaps(Saved, frozen=True):
    """How far predictions at the target's rows lie from those of a retrained model."""

    n_rows: Count
    before: MaybeNumber
    after: Number
    chance: MaybeNumber


class SavedAgreement(Saved, frozen=True):
    """How far predictions lie from the retrained models', row by row."""

    n_rows: Count
    differing: Count
    gap: Number
    chance: MaybeNumber


class SavedFigure(Saved, frozen=True):
    """One figure of a model's utility."""

    model: str
    group: str
    n_rows: Count
    metric: str
    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    change: MaybeNumber
    change_low: MaybeNumber
    change_high: MaybeNumber


class SavedCliff(Saved, frozen=True):
    """A fall of the utility: made again."""

    model: str
    group: str
    metric: str
    change: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    relative: MaybeNumber


class SavedUtility(Saved, frozen=True):
    """What the models are good for."""

    table: tuple[SavedFigure, ...]
    cliff: Number
    level: Number
    cliffs: tuple[SavedCliff, ...]
    notes: tuple[str, ...]


class SavedChange(Saved, frozen=True):
    """What unlearning changed, and what it left."""

    decision: str
    headline: str
    explanation: str
    threshold: Number
    alpha: Number
    smallest_threshold: MaybeNumber
    models: Annotated[tuple[SavedModel, ...], msgspec.Meta(max_length=int(REPORT_MODELS))]
    findings: tuple[SavedFinding, ...]
    residues: tuple[SavedResidue, ...]
    sentences: tuple[str, ...]
    gaps: SavedGaps | None
    utility: SavedUtility | None
    left_out: dict[str, str]
    rows: SavedAgreement | None = None
    not_retrained: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Leave out residues beside a model that was not retrained, which older files have."""
        if not self.not_retrained:
            return
        residue = dict.fromkeys(("residue", "residue_low", "residue_high", "p_above", "above"))
        findings = tuple(msgspec.structs.replace(one, **residue) for one in self.findings)
        msgspec.structs.force_setattr(self, "findings", findings)
        msgspec.structs.force_setattr(self, "residues", ())
        msgspec.structs.force_setattr(self, "smallest_threshold", None)


class SavedChangeEffects(Saved, frozen=True):
    """One effect in every model, with its uncertainty."""

    feature: str
    part: ChangePart
    estimator: str
    after: SavedEffect
    before: SavedEffect | None
    retrained: Annotated[tuple[SavedEffect, ...], msgspec.Meta(max_length=int(REPORT_MODELS))]


def _write(change: ModelChange, _: Rest) -> SavedChange:
    gaps, utility = change.gaps, change.utility
    return SavedChange(
        decision=change.decision,
        headline=change.headline,
        explanation=change.explanation,
        threshold=change.threshold,
        alpha=change.alpha,
        smallest_threshold=change.smallest_threshold,
        models=tuple(SavedModel(**asdict(model)) for model in change.models),
        findings=rows_of(change.to_frame(), SavedFinding),
        residues=tuple(
            SavedResidue(**{**asdict(residue), "estimator": residue.estimator.label})
            for residue in change.residues
        ),
        sentences=change.sentences(),
        gaps=None if gaps is None else SavedGaps(**asdict(gaps)),
        utility=None
        if utility is None
        else SavedUtility(
            table=rows_of(utility.to_frame(), SavedFigure),
            cliff=utility.cliff,
            level=utility.level,
            cliffs=tuple(SavedCliff(**asdict(cliff)) for cliff in utility.cliffs),
            notes=utility.notes,
        ),
        left_out=dict(change.left_out),
        rows=None if change.rows is None else SavedAgreement(**asdict(change.rows)),
        not_retrained=change.not_retrained,
    )


def _groups(change: ModelChange) -> list[list[Effect]]:
    """Return the effects of each finding; their uncertainty must be kept together."""
    return [
        [one.after, *(() if one.before is None else (one.before,)), *one.retrained]
        for one in change.findings
    ]


def _write_effects(
    change: ModelChange, saved: Sequence[Sequence[SavedEffect]]
) -> tuple[SavedChangeEffects, ...]:
    written = []
    for finding, (after, *others) in zip(change.findings, saved, strict=True):
        before = None if finding.before is None else others[0]
        written.append(
            SavedChangeEffects(
                feature=finding.feature,
                part=finding.part,
                estimator=finding.estimator.label,
                after=after,
                before=before,
                retrained=tuple(others if before is None else others[1:]),
            )
        )
    return tuple(written)


def _read(saved: SavedChange, rest: Rest, estimates: SavedEstimates) -> ModelChange:
    tau, alpha = saved.threshold, saved.alpha
    if not (tau > 0 and 0 < alpha < 0.5):
        raise wrong(
            "change", "has a threshold that is not above 0, or an error rate beyond 0 to 0.5."
        )
    if rest.verdict is not None and (tau, alpha) != (rest.verdict.threshold, rest.verdict.alpha):
        raise altered("the change was judged by another threshold or error rate")
    models = tuple(_model(model) for model in saved.models)
    honest = not saved.not_retrained
    found = tuple(_finding(one, estimates, models, honest) for one in estimates.document)
    audited = [model.fingerprint for model in models if model.role == "after"]
    if audited != [rest.model_fingerprint]:
        raise altered("the model that was compared is not the one that was audited")
    keys = [(one.feature, one.part, one.estimator) for one in found]
    if len(set(keys)) < len(keys):
        raise wrong("estimates.change", "holds the same effect twice.")
    return ModelChange(
        findings=found,
        models=models,
        threshold=tau,
        alpha=alpha,
        unit=rest.unit,
        utility=None
        if saved.utility is None
        else _utility(saved.utility, {model.role for model in models}, rest.n_rows),
        gaps=None if saved.gaps is None else _gaps(saved.gaps, found, rest.n_target_rows),
        left_out=saved.left_out,
        rows=None if saved.rows is None else _agreement(saved.rows, rest.n_target_rows),
        levels=direct_claims(
            () if rest.verdict is None else rest.verdict.claims,
            rest.target.names if rest.target.kind in ("feature", "features") else (),
            {str(k): m.reads for k, m in enumerate(models) if m.role == "retrained"},
        ),
        not_retrained=saved.not_retrained,
    )


def _agreement(saved: SavedAgreement, n_rows: int) -> RowAgreement:
    if saved.n_rows != n_rows or saved.differing > n_rows or saved.gap < 0:
        raise altered("the rows that differ are not among the target's")
    chance = float("nan") if saved.chance is None else saved.chance
    return RowAgreement(saved.n_rows, saved.differing, saved.gap, chance)


def _model(saved: SavedModel) -> ComparedModel:
    check_fingerprint("change.models", saved.fingerprint)
    return ComparedModel(saved.role, saved.name, saved.fingerprint, saved.reads, saved.known)


def _finding(
    saved: SavedChangeEffects,
    estimates: SavedEstimates,
    models: Sequence[ComparedModel],
    honest: bool,
) -> ChangeFinding:
    roles = [model.role for model in models]
    if (saved.before is not None and "before" not in roles) or (
        len(saved.retrained) not in (0, roles.count("retrained"))
    ):
        raise altered("it has effects of a model that is not among those compared")
    finding = ChangeFinding(
        feature=saved.feature,
        part=saved.part,
        estimator=read_estimator(saved.estimator),
        after=estimates.effect(saved.after),
        before=None if saved.before is None else estimates.effect(saved.before),
        retrained=tuple(estimates.effect(effect) for effect in saved.retrained),
        honest=honest,
    )
    others = (*finding.retrained, *filter(None, (finding.before,)))
    if any(len(other.influence) != len(finding.after.influence) for other in others):
        raise wrong(
            "estimates.change",
            "keeps the uncertainty of its models apart, so that nothing follows.",
        )
    return finding


def _gaps(saved: SavedGaps, findings: Sequence[ChangeFinding], n_rows: int) -> RowGaps:
    before, chance = (
        float("nan") if number is None else float(number) for number in (saved.before, saved.chance)
    )
    gaps = RowGaps(saved.n_rows, before, saved.after, chance)
    if gaps.n_rows != n_rows:
        raise altered("gaps at the target's rows are not about as many rows as the target has")
    if any(gap < 0 for gap in (gaps.before, gaps.after, gaps.chance)):
        raise wrong("change.gaps", "holds a distance below 0.")
    # A mean of distances is at least the distance of the means.
    for one in findings:
        if one.part == "prediction" and one.world is not None:
            for effect, gap in ((one.before, gaps.before), (one.after, gaps.after)):
                if effect is not None and abs(effect.value - one.world.value) > gap + SLACK:
                    raise altered("gaps at the target's rows are smaller than their mean")
    return gaps


def _utility(saved: SavedUtility, roles: set[str], n_rows: int) -> ModelUtility:
    place = "change.utility.table"
    if not (0.5 <= saved.level < 1 and saved.cliff > 0):
        raise wrong(
            "change.utility", "has a level that is not between 0.5 and 1, or a cliff not above 0."
        )
    table = frame_of(saved.table, SavedFigure)
    check_known(place, table["model"], roles)
    check_known(place, table["metric"], {*CLASS_MEASURES, *VALUE_MEASURES})
    if table.duplicated(["model", "group", "metric"]).any() or (table["n_rows"] > n_rows).any():
        raise wrong(place, "measures something twice, or on more rows than there are.")
    for name, low, high in (("value", "low", "high"), ("change", "change_low", "change_high")):
        slack = SLACK * (1 + table[name].abs())
        if (table[name] < table[low] - slack).any() or (table[name] > table[high] + slack).any():
            raise wrong(place, "holds a number outside its interval.")
    _check_changes(table)
    cliffs = cliffs_in(table, saved.cliff, saved.level)
    return ModelUtility(table, cliffs, saved.cliff, saved.level, saved.notes)


def _check_changes(table: pd.DataFrame) -> None:
    """Refuse changes that are not the difference of two figures in the table."""
    keys = ["group", "metric"]
    before = table[table["model"] == BEFORE].set_index(keys)["value"]
    were = before.reindex(pd.MultiIndex.from_frame(table[keys])).to_numpy()
    expected = table["value"].to_numpy() - were
    if not np.allclose(table["change"], expected, rtol=SLACK, atol=SLACK, equal_nan=True):
        raise altered("a change of the models' utility is not the difference of its figures")


SAVED = SavedForm(
    SavedChange,
    _write,
    _read,
    SavedEffects(
        Annotated[tuple[SavedChangeEffects, ...], msgspec.Meta(max_length=int(REPORT_ENTRIES))],
        _groups,
        _write_effects,
    ),
)
