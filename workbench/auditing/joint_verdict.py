"""Several audits that share one error rate, and the one decision on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.auditing.audit import audit
from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.checks.verdict import Decision
from workbench.report.audit_report import AuditReport

__all__ = ["JointVerdict", "audited_together", "decision_of", "headline_of"]


@dataclass(frozen=True, eq=False)
class JointVerdict:
    """Several audits, and what they say together.

    Attributes
    ----------
    reports : mapping of label to AuditReport
        Each made with `alpha` divided by their number.
    alpha : float
        Error rate of the decision over all of them together (Bonferroni).
    """

    reports: Mapping[Any, AuditReport]
    alpha: float

    @property
    def decision(self) -> Decision:
        """Return "above" where any report is, "below" where all are, else "inconclusive"."""
        found = {decision_of(report) for report in self.reports.values()}
        if "above" in found:
            return "above"
        return "below" if found == {"below"} else "inconclusive"


def decision_of(report: AuditReport) -> Decision:
    """Return what a report decides: nothing where nothing could be estimated."""
    return "inconclusive" if report.verdict is None else report.verdict.decision


def headline_of(report: AuditReport) -> str:
    """Return a report's finding in one sentence."""
    return "Nothing could be estimated." if report.verdict is None else report.verdict.headline


def audited_together(
    parts: Mapping[Any, tuple[AuditCase, UnlearningTarget]],
    methods: Iterable[str],
    *,
    alpha: float,
    **options: Any,
) -> dict[Any, AuditReport]:
    """Audit every part at its share of the error rate."""
    methods = tuple(methods)
    return {
        label: audit(case, target, methods, alpha=alpha / len(parts), **options)
        for label, (case, target) in parts.items()
    }
