"""A report as a document: typed values, and their JSON text.

Tables that people and programs read, and what it takes to read the whole report back
(:mod:`workbench.report.saved.reading`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from workbench.case.target import UnlearningTarget
from workbench.checks.finding import Rest
from workbench.checks.registry import CHECKS
from workbench.common.printable import OBEYED
from workbench.common.row_labels import written_label
from workbench.common.saved_values import plain, rows_of
from workbench.methods.attribution import Attribution
from workbench.methods.comparison import Comparison
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.methods.registry import BASELINES
from workbench.methods.row_summary import RowSummary
from workbench.methods.saved_effects import SavedGroup, save_effects
from workbench.report.findings import AuditFindings
from workbench.report.saved.core import (
    FORMAT,
    FORMAT_VERSION,
    ReportEstimates,
    SavedAdjustment,
    SavedAttribution,
    SavedAttributionRow,
    SavedClaim,
    SavedComparisonRow,
    SavedDiagnostics,
    SavedDisagreement,
    SavedEffectRow,
    SavedEntry,
    SavedEquation,
    SavedForm,
    SavedGraph,
    SavedOverlap,
    SavedPartSummary,
    SavedPath,
    SavedPathRow,
    SavedReport,
    SavedRowSummary,
    SavedSubgroupRow,
    SavedTarget,
    SavedVerdict,
)
from workbench.report.saved.profile import write_profile
from workbench.report.saved.provenance import SavedProvenance
from workbench.report.saved.steadiness import write_unsteady
from workbench.report.saved.turned import write_turned

__all__ = ["SAVED_NOTE", "document_text", "report_document"]

MOST_TOGETHER = 300
"""Columns up to which context and paths share their uncertainty with the target's effects."""
SAVED_NOTE = (
    "A saved report can be changed by anyone who holds the file. Its fingerprints are then claims: "
    "compare them with your own data and model, or repeat the audit with the code."
)


def document_text(report: AuditFindings) -> str:
    """Write a report as JSON text."""
    document = plain(report_document(report))
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # A lone surrogate in a column's name could not be written to a file. What a terminal obeys
    # can only stand in a string, where JSON has another spelling for it.
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return OBEYED.sub(lambda c: c[0] if c[0] == "\n" else f"\\u{ord(c[0]):04x}", whole)


def report_document(report: AuditFindings) -> Any:
    """Return a report as a :data:`workbench.report.saved.core.SavedReport`.

    The first keys are for readers. ``estimates`` and what stands before it hold the rest that a
    report consists of; no row of the data is among it but for the labels of a target's datapoints.
    """
    comparison = report.comparison()
    rest = _rest(report)
    return SavedReport(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        note=SAVED_NOTE,
        target=report.target.describe(),
        features=report.features,
        n_target_rows=report.n_target_rows,
        unit=report.unit,
        outcome=report.outcome,
        audited_outcome=report.audited_outcome,
        audited_class=report.audited_class,
        favourable=report.favourable,
        case_details=report.details,
        methods=report.methods,
        verdict=_verdict(report),
        profile=None if report.profile is None else write_profile(report.profile),
        effects=rows_of(report.effects.to_frame(), SavedEffectRow),
        context=rows_of(report.context.to_frame(), SavedEffectRow),
        whole_table=()
        if report.whole_table is None
        else rows_of(report.whole_table.to_frame(), SavedEffectRow),
        subgroups=rows_of(report.subgroup_frame(), SavedSubgroupRow),
        paths=rows_of(report.paths, SavedPathRow),
        comparison=rows_of(comparison.table, SavedComparisonRow),
        agreement=_agreement(comparison),
        sentences=comparison.sentences,
        attributions=tuple(map(_attribution, report.attributions)),
        diagnostics=_diagnostics(report),
        doubted=report.diagnostics.doubted,
        unsteady=write_unsteady(report.diagnostics.unsteady),
        turned=write_turned(report.diagnostics.turned),
        graph=SavedGraph(
            nodes=report.graph.nodes, edges=report.graph.edges, latents=report.graph.latents
        ),
        audit_nodes=report.audit_graph.nodes,
        reads=report.reads,
        skipped=dict(report.skipped),
        provenance=SavedProvenance(**asdict(report.provenance)),
        code=report.to_code(),
        call=report.call,
        target_parts=_target(report.target),
        subgroup_conditions=dict(report.subgroup_conditions),
        estimates=_estimates(report),
        **{
            method.saved.key: method.saved.write(report.baselines[method.name])
            for method in BASELINES
            if method.saved is not None and method.name in report.baselines
        },
        **{
            check.key: check.saved.write(report.checks[check.name], rest)
            for check in CHECKS
            if check.name in report.checks
        },
    )


def _rest(report: AuditFindings) -> Rest:
    return Rest(
        target=report.target,
        features=report.features,
        graph=report.graph,
        nodes=report.audit_graph.nodes,
        unit=report.unit,
        n_target_rows=report.n_target_rows,
        n_rows=report.provenance.n_rows,
        model_fingerprint=report.provenance.model_fingerprint,
        verdict=report.verdict,
        checks=report.checks,
    )


def _verdict(report: AuditFindings) -> SavedVerdict | None:
    verdict = report.verdict
    if verdict is None:
        return None
    return SavedVerdict(
        decision=verdict.decision,
        headline=verdict.headline,
        explanation=verdict.explanation,
        threshold=verdict.threshold,
        alpha=verdict.alpha,
        smallest_threshold=verdict.smallest_threshold,
        claims=rows_of(verdict.to_frame(), SavedClaim),
        cancellations=tuple(c.sentence(verdict.threshold) for c in verdict.cancellations),
        basis=verdict.basis,
    )


def _agreement(comparison: Comparison) -> dict[str, dict[str, float]]:
    rows = comparison.agreement.to_dict("index")
    return {
        str(one): {str(other): value for other, value in row.items()} for one, row in rows.items()
    }


def _attribution(found: Attribution) -> SavedAttribution:
    return SavedAttribution(
        method=found.method,
        unit=found.unit,
        explanation=found.explanation,
        values=rows_of(found.to_frame(), SavedAttributionRow),
        has_interval=found.low is not None,
        n_rows=found.n_rows,
        queries=found.queries,
        exact=found.exact,
    )


def _diagnostics(report: AuditFindings) -> SavedDiagnostics:
    found = report.diagnostics
    return SavedDiagnostics(
        disagreement=rows_of(found.disagreement, SavedDisagreement),
        equations=rows_of(found.equations, SavedEquation),
        overlap=rows_of(found.overlap, SavedOverlap),
        adjustment=rows_of(found.adjustment, SavedAdjustment),
        warnings=found.warnings,
    )


def _target(target: UnlearningTarget) -> SavedTarget:
    return SavedTarget(
        names=target.names,
        rows=None if target.rows is None else tuple(map(written_label, target.rows)),
        condition=None if target.condition is None else target.condition.text,
    )


def _estimates(report: AuditFindings) -> Any:
    """Gather every effect with its place among the columns of joint uncertainty."""
    tables = [report.effects, *report.subgroups.values()]
    with_effects = [
        (check.key, check.saved.effects, report.checks[check.name])
        for check in CHECKS
        if check.saved.effects is not None and check.name in report.checks
    ]
    own = [effects.groups(found) for _, effects, found in with_effects]
    whole = report.whole_table or replace(report.context, entries=())
    # What need not be compared with the target's effects joins them only while the file is small.
    blocks, saved = save_effects(
        [_kept(entry) for table in tables for entry in table],
        [
            *(group for groups in own for group in groups),
            *(_kept(entry) for entry in report.context),
            *([path.effect] for path in report.path_effects),
            *(_kept(entry) for entry in whole),
        ],
        MOST_TOGETHER,
    )
    groups = iter(saved)
    tau = report.verdict.threshold if report.verdict else 1.0
    effects, *subgroups = (_entries(table, groups, tau) for table in tables)
    of_checks = {
        key: form.write(found, [next(groups) for _ in own_groups])
        for (key, form, found), own_groups in zip(with_effects, own, strict=True)
    }
    context = _entries(report.context, groups, tau)
    paths = tuple(
        SavedPath(
            feature=path.feature,
            path=path.path,
            intervention=path.intervention,
            effect=next(groups)[0],
            left_out=path.left_out,
        )
        for path in report.path_effects
    )
    return ReportEstimates(
        seed=report.effects.seed,
        blocks=tuple(blocks),
        effects=effects,
        context=context,
        subgroups=dict(zip(report.subgroups, subgroups, strict=True)),
        paths=paths,
        whole_table=_entries(whole, groups, tau),
        **of_checks,
    )


def _kept(entry: FeatureEffects) -> list[Effect]:
    """Return the effects of an entry that the others follow from."""
    pure = () if entry.pure_indirect is None else (entry.pure_indirect,)
    return [entry.total, entry.direct, *pure]


def _entries(
    table: EffectTable, groups: Iterator[SavedGroup], threshold: float
) -> tuple[SavedEntry, ...]:
    """Return the entries of a table; each takes the next group of saved effects."""
    entries = []
    for entry in table:
        total, direct, *pure = next(groups)
        entries.append(
            SavedEntry(
                feature=entry.feature,
                estimator=entry.estimator.label,
                intervention=entry.intervention,
                combination=entry.combination,  # type: ignore[arg-type]
                adjustment=tuple(entry.adjustment),
                n_rows=entry.n_rows,
                queries=entry.queries,
                total=total,
                direct=direct,
                pure_indirect=pure[0] if pure else None,
                rows=_summary(entry.row_summary(threshold)),
                form=None if entry.form is None else SavedForm(**asdict(entry.form)),
                filled_rows=entry.filled_rows,
            )
        )
    return tuple(entries)


def _summary(summary: RowSummary | None) -> SavedRowSummary | None:
    if summary is None:
        return None
    return SavedRowSummary(
        n_rows=summary.n_rows,
        threshold=summary.threshold,
        parts=tuple(
            SavedPartSummary(
                part=part.part,  # type: ignore[arg-type]
                mean=part.mean,
                mean_abs=part.mean_abs,
                quantiles={str(q): value for q, value in part.quantiles.items()},
                above=part.above,
                within=part.within,
                below=part.below,
                edges=tuple(part.edges),
                counts=tuple(part.counts),
            )
            for part in summary.parts()
        ),
    )
