"""What unlearning changed, in a saved report: written, and read back part by part.

The effects of every model stand among the report's estimates, so that findings, residues, decision
and sentences are made again. Figures of single rows and of the outcome cannot be made again, since
no row travels; they are held against each other and against the effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import pandas as pd

from workbench.checks.change.agreement import RowAgreement, direct_claims
from workbench.checks.change.finding import ComparedModel, ModelChange
from workbench.checks.change.one_effect import ChangeFinding, Part, RowGaps
from workbench.checks.change.utility import BEFORE, ModelUtility, cliffs_in
from workbench.checks.change.utility_measures import CLASS_MEASURES, VALUE_MEASURES
from workbench.checks.verdict import Verdict
from workbench.common.strict_json import Part as JsonPart
from workbench.methods.effects import Effect
from workbench.report.saved.estimates import (
    Blocks,
    Columns,
    altered,
    read_effect,
    read_estimator,
    read_frame,
)

__all__ = ["change_document", "change_effects", "read_change", "written_findings"]

PARTS: tuple[Part, ...] = ("total", "direct", "indirect", "prediction")
ROLES = ("before", "after", "retrained")
MOST_FINDINGS = 5_000
MOST_MODELS = 102
UTILITY: Columns = {
    "model": "text",
    "group": "text",
    "n_rows": "count",
    "metric": "text",
    "value": "number",
    "low": "number",
    "high": "number",
    "change": "number",
    "change_low": "number",
    "change_high": "number",
}
SLACK = 1e-6
"""By how much numbers that must agree may differ, for rounding."""


def change_document(change: ModelChange | None) -> dict[str, Any] | None:
    """Return what unlearning changed as a reader of the file wants it."""
    if change is None:
        return None
    utility = change.utility
    return {
        "decision": change.decision,
        "headline": change.headline,
        "explanation": change.explanation,
        "threshold": change.threshold,
        "alpha": change.alpha,
        "smallest_threshold": change.smallest_threshold,
        "models": [asdict(model) for model in change.models],
        "findings": change.to_frame(),
        "residues": [asdict(residue) for residue in change.residues],
        "sentences": change.sentences(),
        "gaps": None if change.gaps is None else asdict(change.gaps),
        "utility": None
        if utility is None
        else {
            "table": utility.to_frame(),
            "cliff": utility.cliff,
            "level": utility.level,
            "cliffs": [asdict(cliff) for cliff in utility.cliffs],
            "notes": utility.notes,
        },
        "left_out": change.left_out,
        "rows": None if change.rows is None else asdict(change.rows),
        "not_retrained": change.not_retrained,
    }


def change_effects(change: ModelChange | None) -> Iterator[list[Effect]]:
    """Yield the effects of each finding; their uncertainty must be kept together."""
    for finding in () if change is None else change.findings:
        before = () if finding.before is None else (finding.before,)
        yield [finding.after, *before, *finding.retrained]


def written_findings(
    change: ModelChange | None, written: Callable[[Effect], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return every finding with its effects as the file refers to them."""
    return [
        {
            "feature": finding.feature,
            "part": finding.part,
            "estimator": finding.estimator.label,
            "after": written(finding.after),
            "before": None if finding.before is None else written(finding.before),
            "retrained": [written(effect) for effect in finding.retrained],
        }
        for finding in (() if change is None else change.findings)
    ]


def read_change(
    part: JsonPart,
    findings: JsonPart,
    blocks: Blocks,
    *,
    unit: str,
    n_rows: tuple[int, int],
    fingerprint: str,
    verdict: Verdict | None,
    forgotten: Sequence[str] = (),
) -> ModelChange | None:
    """Read what unlearning changed.

    Parameters
    ----------
    part : Part
        What :func:`change_document` wrote, or null.
    findings : Part
        What :func:`written_findings` wrote, or null.
    blocks : sequence of sequence of ndarray
        Columns of joint uncertainty.
    unit : str
    n_rows : tuple of int
        Rows of the target, and of the data.
    fingerprint : str
        Of the audited model.
    verdict : Verdict or None
    forgotten : sequence of str
        Features that were to be forgotten in all rows.

    Raises
    ------
    DataError
        When it is malformed, or does not agree with the rest of the report.
    """
    if part.value is None:
        if findings.value:
            raise altered("it has effects of other models, but not what came of them")
        return None
    tau, alpha = part["threshold"].finite(), part["alpha"].finite()
    if not (tau > 0 and 0 < alpha < 0.5):
        raise part.error("has a threshold that is not above 0, or an error rate beyond 0 to 0.5.")
    if verdict is not None and (tau, alpha) != (verdict.threshold, verdict.alpha):
        raise altered("the change was judged by another threshold or error rate")
    models = tuple(_model(model) for model in part["models"].items(MOST_MODELS))
    found = tuple(_finding(one, blocks, models) for one in findings.items(MOST_FINDINGS))
    audited = [model.fingerprint for model in models if model.role == "after"]
    if audited != [fingerprint]:
        raise altered("the model that was compared is not the one that was audited")
    keys = [(one.feature, one.part, one.estimator) for one in found]
    if len(set(keys)) < len(keys):
        raise findings.error("holds the same effect twice.")
    return ModelChange(
        found,
        models,
        tau,
        alpha,
        unit,
        _utility(part["utility"], {model.role for model in models}, n_rows[1]),
        _gaps(part["gaps"], found, n_rows[0]),
        {name: reason.text() for name, reason in part["left_out"].pairs()},
        _rows(part.optional("rows"), n_rows[0]),
        direct_claims(
            () if verdict is None else verdict.claims,
            forgotten,
            {str(k): m.reads for k, m in enumerate(models) if m.role == "retrained"},
        ),
        () if part.optional("not_retrained").value is None else part["not_retrained"].texts(),
    )


def _rows(part: JsonPart, n_rows: int) -> RowAgreement | None:
    if part.value is None:
        return None
    found = RowAgreement(
        part["n_rows"].count(),
        part["differing"].count(),
        part["gap"].finite(),
        part["chance"].number(),
    )
    if found.n_rows != n_rows or found.differing > n_rows or found.gap < 0:
        raise altered("the rows that differ are not among the target's")
    return found


def _model(part: JsonPart) -> ComparedModel:
    fingerprint = part["fingerprint"].text()
    if len(fingerprint) != 64 or not set(fingerprint) <= set("0123456789abcdef"):
        raise part.error("holds a fingerprint that is not SHA-256 in hexadecimal.")
    role = part["role"].choice(*ROLES)
    return ComparedModel(role, part["name"].text(), fingerprint, part["reads"].texts())


def _finding(part: JsonPart, blocks: Blocks, models: Sequence[ComparedModel]) -> ChangeFinding:
    before = part["before"]
    retrained = tuple(read_effect(one, blocks) for one in part["retrained"].items(MOST_MODELS))
    roles = [model.role for model in models]
    if (before.value is not None and "before" not in roles) or (
        len(retrained) not in (0, roles.count("retrained"))
    ):
        raise altered("it has effects of a model that is not among those compared")
    finding = ChangeFinding(
        part["feature"].text(),
        cast(Part, part["part"].choice(*PARTS)),
        read_estimator(part["estimator"]),
        read_effect(part["after"], blocks),
        None if before.value is None else read_effect(before, blocks),
        retrained,
    )
    others = (*retrained, *filter(None, (finding.before,)))
    if any(len(other.influence) != len(finding.after.influence) for other in others):
        raise part.error("keeps the uncertainty of its models apart, so that nothing follows.")
    return finding


def _gaps(part: JsonPart, findings: Sequence[ChangeFinding], n_rows: int) -> RowGaps | None:
    if part.value is None:
        return None
    gaps = RowGaps(
        part["n_rows"].count(),
        part["before"].number(),
        part["after"].finite(),
        part["chance"].number(),
    )
    if gaps.n_rows != n_rows:
        raise altered("gaps at the target's rows are not about as many rows as the target has")
    if any(gap < 0 for gap in (gaps.before, gaps.after, gaps.chance)):
        raise part.error("holds a distance below 0.")
    # A mean of distances is at least the distance of the means.
    for one in findings:
        if one.part == "prediction" and one.world is not None:
            for effect, gap in ((one.before, gaps.before), (one.after, gaps.after)):
                if effect is not None and abs(effect.value - one.world.value) > gap + SLACK:
                    raise altered("gaps at the target's rows are smaller than their mean")
    return gaps


def _utility(part: JsonPart, roles: set[str], n_rows: int) -> ModelUtility | None:
    if part.value is None:
        return None
    table = read_frame(part["table"], UTILITY)
    level, cliff = part["level"].finite(), part["cliff"].finite()
    if not (0.5 <= level < 1 and cliff > 0):
        raise part.error("has a level that is not between 0.5 and 1, or a cliff not above 0.")
    metrics = {*CLASS_MEASURES, *VALUE_MEASURES}
    if not (set(table["model"]) <= roles and set(table["metric"]) <= metrics):
        raise part["table"].error("measures what is not in this report.")
    if table.duplicated(["model", "group", "metric"]).any() or (table["n_rows"] > n_rows).any():
        raise part["table"].error("measures something twice, or on more rows than there are.")
    for name, low, high in (("value", "low", "high"), ("change", "change_low", "change_high")):
        slack = SLACK * (1 + table[name].abs())
        if (table[name] < table[low] - slack).any() or (table[name] > table[high] + slack).any():
            raise part["table"].error("holds a number outside its interval.")
    _check_changes(table)
    notes = part["notes"].texts()
    return ModelUtility(table, cliffs_in(table, cliff, level), cliff, level, notes)


def _check_changes(table: pd.DataFrame) -> None:
    """Refuse changes that are not the difference of two figures in the table."""
    keys = ["group", "metric"]
    before = table[table["model"] == BEFORE].set_index(keys)["value"]
    were = before.reindex(pd.MultiIndex.from_frame(table[keys])).to_numpy()
    due = table["value"].to_numpy() - were
    if not np.allclose(table["change"], due, rtol=SLACK, atol=SLACK, equal_nan=True):
        raise altered("a change of the models' utility is not the difference of its figures")
