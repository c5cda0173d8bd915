"""Membership evidence: whether the model still remembers the erased records."""

from workbench.checks.membership.evidence import AttackEvidence, MembershipEvidence
from workbench.checks.membership.figures import AttackFigures, Estimate
from workbench.checks.membership.measure import membership_evidence
from workbench.checks.membership.one_run import OneRunAudit, epsilon_lower_bound, one_run_audit
from workbench.checks.membership.u_lira_result import ULira, ULiraFigures
from workbench.checks.membership.unlearned import u_lira

__all__ = [
    "AttackEvidence",
    "AttackFigures",
    "Estimate",
    "MembershipEvidence",
    "OneRunAudit",
    "ULira",
    "ULiraFigures",
    "epsilon_lower_bound",
    "membership_evidence",
    "one_run_audit",
    "u_lira",
]
