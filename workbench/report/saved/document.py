"""A report as a JSON document.

Tables that people and programs read, and what it takes to read the whole report back
(:mod:`workbench.report.saved.reading`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from workbench.case.target import UnlearningTarget
from workbench.checks.graph_sensitivity.sensitivity import GraphSensitivity
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.methods.row_summary import RowSummary
from workbench.report.findings import AuditFindings
from workbench.report.repeating_code import written_label
from workbench.report.saved.change import change_document, change_effects, written_findings
from workbench.report.saved.further import actions_document, leaks_document, membership_document
from workbench.report.saved.joint_uncertainty import Reference, pack
from workbench.report.saved.profile import profile_document

__all__ = ["FORMAT", "FORMAT_VERSION", "SAVED_NOTE", "document_text", "report_document"]

FORMAT = "cafe-workbench-report"
FORMAT_VERSION = 2
MOST_TOGETHER = 300
"""Columns up to which context and paths share their uncertainty with the target's effects."""
SAVED_NOTE = (
    "A saved report can be changed by anyone who holds the file. Its fingerprints are then claims: "
    "compare them with your own data and model, or repeat the audit with the code."
)


def document_text(report: AuditFindings) -> str:
    """Write a report as JSON text."""
    document = report_document(report)
    text = json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False)
    # A lone surrogate in a column's name could not be written to a file.
    return text.encode("utf-8", "replace").decode("utf-8")


def report_document(report: AuditFindings) -> dict[str, Any]:
    """Return a report as nested mappings, lists and tables.

    The first keys are for readers. ``estimates`` and what follows it hold the rest that a report
    consists of; no row of the data is among it but for the labels of a target's datapoints.
    """
    comparison = report.comparison()
    verdict = report.verdict
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "note": SAVED_NOTE,
        "target": report.target.describe(),
        "features": report.features,
        "n_target_rows": report.n_target_rows,
        "unit": report.unit,
        "outcome": report.outcome,
        "methods": report.methods,
        "verdict": None
        if verdict is None
        else {
            "decision": verdict.decision,
            "headline": verdict.headline,
            "explanation": verdict.explanation,
            "threshold": verdict.threshold,
            "alpha": verdict.alpha,
            "smallest_threshold": verdict.smallest_threshold,
            "claims": verdict.to_frame(),
            "cancellations": [c.sentence(verdict.threshold) for c in verdict.cancellations],
            "basis": verdict.basis,
        },
        "profile": profile_document(report.profile),
        "change": change_document(report.change),
        "effects": report.effects.to_frame(),
        "context": report.context.to_frame(),
        "subgroups": report.subgroup_frame(),
        "paths": report.paths,
        "comparison": comparison.table,
        "agreement": comparison.agreement,
        "sentences": comparison.sentences,
        "attributions": [
            {
                "method": a.method,
                "unit": a.unit,
                "explanation": a.explanation,
                "values": a.to_frame(),
                "has_interval": a.low is not None,
                "n_rows": a.n_rows,
                "queries": a.queries,
                "exact": a.exact,
            }
            for a in report.attributions
        ],
        "fairness": report.fairness,
        "associations": None
        if report.associations is None
        else {
            "table": report.associations.table,
            "contexts": report.associations.contexts,
            "notes": report.associations.notes,
        },
        "hidden_subgroups": None
        if report.hidden_subgroups is None
        else {
            "n_searched": report.hidden_subgroups.n_searched,
            "n_tested": report.hidden_subgroups.n_tested,
            "table": report.hidden_subgroups.table,
            "sentences": report.hidden_subgroups.sentences(),
        },
        "next_actions": actions_document(report.next_actions),
        "planted_leaks": leaks_document(report.planted_leaks),
        "membership": membership_document(report.membership, report.target),
        "graph_sensitivity": _sensitivity(report.graph_sensitivity),
        "diagnostics": {
            "disagreement": report.diagnostics.disagreement,
            "equations": report.diagnostics.equations,
            "overlap": report.diagnostics.overlap,
            "adjustment": report.diagnostics.adjustment,
            "warnings": report.diagnostics.warnings,
        },
        "doubted": report.diagnostics.doubted,
        "graph": json.loads(report.graph.to_json()),
        "audit_nodes": report.audit_graph.nodes,
        "reads": report.reads,
        "skipped": report.skipped,
        "provenance": asdict(report.provenance),
        "code": report.to_code(),
        "call": report.call,
        "target_parts": _target(report.target),
        "subgroup_conditions": report.subgroup_conditions,
        "estimates": _estimates(report),
    }


def _sensitivity(found: GraphSensitivity | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "decision": found.decision,
        "threshold": found.threshold,
        "alpha": found.alpha,
        "implications": found.implications,
        "edits": found.edits,
        "shares": found.shares,
        "confounding": [
            {
                "feature": cause.feature,
                "effect": cause.effect,
                "threshold": cause.threshold,
                "spread": cause.spread,
                "robustness": cause.robustness,
                "measured": cause.measured,
            }
            for cause in found.confounding
        ],
        "sentences": found.sentences(),
    }


def _target(target: UnlearningTarget) -> dict[str, Any]:
    return {
        "names": target.names,
        "rows": None if target.rows is None else [written_label(label) for label in target.rows],
        "condition": None if target.condition is None else target.condition.text,
    }


def _estimates(report: AuditFindings) -> dict[str, Any]:
    """Gather every effect with its place among the columns of joint uncertainty."""
    tau = report.verdict.threshold if report.verdict else 1.0
    main = [*report.effects, *(e for table in report.subgroups.values() for e in table)]
    # What need not be compared with the target's effects joins them only while the file is small.
    groups: list[list[Effect]] = [[effect for entry in main for effect in _kept(entry)]]
    for more in [
        *change_effects(report.change),
        *([*_kept(entry)] for entry in report.context),
        *([path.effect] for path in report.path_effects),
    ]:
        if len(groups[0]) + len(more) <= MOST_TOGETHER:
            groups[0] += more
        else:
            groups.append(more)
    places: dict[int, tuple[int, Reference]] = {}
    blocks = []
    for turn, group in enumerate(groups):
        block = pack(group)
        blocks.append(block.columns)
        for effect, reference in zip(group, block.references, strict=True):
            places[id(effect)] = turn, reference

    def written(effect: Effect) -> dict[str, Any]:
        turn, column = places[id(effect)]
        return {"value": effect.value, "block": turn, "column": column}

    def entries(table: EffectTable) -> list[dict[str, Any]]:
        return [
            {
                "feature": entry.feature,
                "estimator": entry.estimator.label,
                "intervention": entry.intervention,
                "combination": entry.combination,
                "adjustment": entry.adjustment,
                "n_rows": entry.n_rows,
                "queries": entry.queries,
                "total": written(entry.total),
                "direct": written(entry.direct),
                "pure_indirect": None
                if entry.pure_indirect is None
                else written(entry.pure_indirect),
                "rows": _summary(entry.row_summary(tau)),
                "form": None if entry.form is None else asdict(entry.form),
                "filled_rows": entry.filled_rows,
            }
            for entry in table
        ]

    return {
        "seed": report.effects.seed,
        "blocks": blocks,
        "effects": entries(report.effects),
        "context": entries(report.context),
        "subgroups": {name: entries(table) for name, table in report.subgroups.items()},
        "paths": [
            {
                "feature": path.feature,
                "path": path.path,
                "intervention": path.intervention,
                "effect": written(path.effect),
                "left_out": path.left_out,
            }
            for path in report.path_effects
        ],
        "change": written_findings(report.change, written),
    }


def _kept(entry: FeatureEffects) -> Iterable[Effect]:
    """Effects of an entry that the others follow from."""
    return filter(None, (entry.total, entry.direct, entry.pure_indirect))


def _summary(summary: RowSummary | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    return {
        "n_rows": summary.n_rows,
        "threshold": summary.threshold,
        "parts": [
            {
                "part": part.part,
                "mean": part.mean,
                "mean_abs": part.mean_abs,
                "quantiles": part.quantiles,
                "above": part.above,
                "within": part.within,
                "below": part.below,
                "edges": part.edges,
                "counts": part.counts,
            }
            for part in summary.parts()
        ],
    }


def plain(value: Any) -> Any:
    """Turn a value into what JSON knows; NaN becomes null."""
    if isinstance(value, pd.DataFrame):
        if value.index.equals(pd.RangeIndex(len(value))):
            return [plain(record) for record in value.to_dict("records")]
        return {str(k): plain(record) for k, record in value.to_dict("index").items()}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
