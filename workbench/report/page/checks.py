"""What the report page says about associations, hidden subgroups and other graphs, in rows."""

from __future__ import annotations

from typing import Any

from workbench.common.wording import listing
from workbench.report.findings import AuditFindings

__all__ = ["association_section", "graph_section", "hidden_section"]

OPEN = 12
"""Rows of a table that stand open; a longer table is folded away."""


def association_section(report: AuditFindings) -> dict[str, Any] | None:
    """Word the associations, the target's features first; None when none were measured."""
    found = report.associations
    if found is None:
        return None
    rows = found.table.to_dict("records")
    own = [row for row in rows if row["feature"] in report.features]
    return {
        "own": own,
        "others": [row for row in rows if row["feature"] not in report.features],
        "contexts": found.contexts.to_dict("records"),
        "notes": found.notes,
    }


def hidden_section(report: AuditFindings) -> dict[str, Any] | None:
    """Word the subgroups that were searched for; None when nobody asked."""
    found = report.hidden_subgroups
    if found is None:
        return _left_out(report, "hidden subgroups")
    return {
        "left_out": "",
        "sentences": found.sentences(),
        "rows": found.table.to_dict("records"),
        "searched": found.n_searched,
        "tested": found.n_tested,
        "long": len(found.table) > OPEN,
    }


def graph_section(report: AuditFindings) -> dict[str, Any] | None:
    """Word what the finding owes to the graph; None when nobody asked."""
    found = report.graph_sensitivity
    if found is None:
        return _left_out(report, "graph sensitivity")
    flips = found.edits[found.edits["flips"].astype(bool)]
    return {
        "left_out": "",
        "decision": found.decision,
        "sentences": found.sentences(),
        "implications": [
            {**row, "given": listing(row["given"]) if row["given"] else "nothing"}
            for row in found.implications.to_dict("records")
        ],
        "edits": found.edits.to_dict("records"),
        "flips": len(flips),
        "shares": found.shares.to_dict("records"),
        "confounding": [
            {"feature": cause.feature, "row": row}
            for cause in found.confounding
            for row in cause.measured.to_dict("records")
        ],
        "causes": found.confounding,
    }


def _left_out(report: AuditFindings, check: str) -> dict[str, Any] | None:
    reason = report.skipped.get(check)
    return None if reason is None else {"left_out": reason}
