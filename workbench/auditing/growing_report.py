"""The report of an audit: first with its verdict, then with what every further step finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workbench.auditing.clock import Steps
from workbench.auditing.estimates import Estimates
from workbench.auditing.steps import (
    run_baselines,
    run_checks,
    run_context,
    run_subgroups,
    to_ask,
    to_check,
)
from workbench.case.recorded_outcome import audited_class
from workbench.methods.effects import EffectTable
from workbench.report.audit_report import AuditReport
from workbench.report.case_details import CaseDetails
from workbench.report.provenance import record_provenance

__all__ = ["completed", "first_report"]


def first_report(
    found: Estimates, *, n_target_rows: int, call: str, details: CaseDetails | None
) -> AuditReport:
    """Return the report as it is when the verdict stands, with the steps that it waits for."""
    asked, case, effects = found.asked, found.asked.case, found.effects
    audited_outcome, label = audited_class(case)
    return AuditReport(
        target=asked.asked_target,
        features=asked.names,
        n_target_rows=n_target_rows,
        effects=effects,
        context=EffectTable((), effects.index, effects.unit, asked.seed),
        path_effects=found.paths,
        verdict=found.verdict,
        profile=found.profile,
        whole_table=None if found.whole is None else found.whole.effects,
        diagnostics=found.diagnostics,
        graph=case.graph,
        audit_graph=case.audit_graph,
        reads=case.reads,
        outcome=case.outcome,
        unit=case.output,
        audited_outcome=audited_outcome,
        audited_class=label,
        favourable=asked.favourable,
        details=details,
        methods=asked.methods,
        call=call,
        provenance=record_provenance(
            case,
            seed=asked.seed,
            interventions={variation.feature: variation.text for variation in asked.varied},
        ),
        skipped={},
        subgroup_conditions={name: condition.text for name, condition in asked.groups.items()},
        pending=(*to_ask(asked), *to_check(asked)),
    )


def completed(
    report: AuditReport,
    found: Estimates,
    steps: Steps,
    early: Callable[[AuditReport], None] | None,
) -> AuditReport:
    """Run the steps that the report waits for, one after another, and return it whole.

    Parameters
    ----------
    early : callable, optional
        Gets the report after every step that leaves something to wait for.
    """

    def grown(name: str = "", **more: Any) -> None:
        nonlocal report
        origin = replace(
            report.provenance, queries=dict(steps.queries), seconds=dict(steps.seconds)
        )
        report = replace(
            report,
            provenance=origin,
            skipped=dict(steps.skipped),
            pending=tuple(left for left in report.pending if left != name),
            **more,
        )
        if early is not None and report.pending:
            early(report)

    asked = found.asked
    grown()
    grown(subgroups=run_subgroups(asked, steps, found.equations))
    grown(context=run_context(asked, steps))
    for name, baseline in run_baselines(asked, steps):
        grown(name, baselines=_with(report.baselines, name, baseline))
    for name, finding in run_checks(asked, steps, found.for_checks):
        grown(name, checks=_with(report.checks, name, finding))
    return report


def _with(found: Mapping[str, Any], name: str, new: Any | None) -> dict[str, Any]:
    return dict(found) if new is None else {**found, name: new}
