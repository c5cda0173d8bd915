"""The check that ``compare=`` asks for: what unlearning changed, and what it left."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.case.audit_request import AuditRequest
from workbench.checks.change.finding import ModelChange
from workbench.checks.change.measure import change_of_models
from workbench.checks.change.one_effect import Difference
from workbench.checks.change.outline import outline
from workbench.checks.change.saved import SAVED
from workbench.checks.change.utility import BEFORE
from workbench.checks.finding import Check, CsvRow, Earlier
from workbench.methods.effects import Effect

__all__ = ["CHECK"]


def _run(asked: AuditRequest, earlier: Earlier) -> ModelChange:
    if asked.compared is None:
        raise ValueError("An audit that compares no models has no change to measure.")
    data, training = asked.case.data, asked.training
    methods = ["cafe", *(name for name in ("fuzzing",) if name in asked.methods)]
    return change_of_models(
        asked.compared,
        threshold=asked.threshold,
        alpha=asked.alpha,
        intervention=asked.intervention,
        methods=("debiased",) if "debiased" in asked.methods else methods,
        groups={name: condition.mask(data) for name, condition in asked.groups.items()},
        held_out=None if training is None or training.rows.all() else ~training.rows,
        claims=() if earlier.verdict is None else earlier.verdict.claims,
        known=earlier.effects,
        equations=earlier.equations,
        max_queries=None if asked.plan is None else asked.plan.per_table,
        seed=asked.seed,
        progress=asked.progress,
    )


def _csv_rows(change: ModelChange) -> Iterator[CsvRow]:
    for finding in change.findings:
        for key in ("before", "after", "world", "removed", "residue"):
            found: Effect | Difference | None = getattr(finding, key)
            if found is not None:
                name = "retrained" if key == "world" else key
                about = ("change", name, finding.feature, finding.estimator.label, finding.part, "")
                yield *about, found.value, *found.interval(change.level)
    if change.utility is None:
        return
    for row in change.utility.to_frame().to_dict("records"):
        measured = (row["model"], row["group"], "", row["metric"], row["n_rows"])
        yield "utility", *measured, row["value"], row["low"], row["high"]
        if row["model"] != BEFORE:
            changed = (row["change"], row["change_low"], row["change_high"])
            yield "utility minus before", *measured, *changed


CHECK = Check(
    name="change",
    key="change",
    title="What unlearning changed",
    question="What did unlearning change? (compares the models)",
    does="compares the model with one before unlearning and with retrained ones",
    cost="about one audit more for every further model",
    run=_run,
    saved=SAVED,
    asked_by="compare",
    csv_rows=_csv_rows,
    outline=outline,
    place="first",
)
