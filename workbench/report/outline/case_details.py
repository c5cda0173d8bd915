"""The case that a report belongs to, as blocks: who asks, for whom, and who signs."""

from __future__ import annotations

from workbench.common.blocks import Column, Section, Sentence, Table
from workbench.report.case_details import CASE_FIELDS
from workbench.report.findings import AuditFindings

__all__ = ["case_in_short", "case_section", "reasons_of_arrows"]

EMPTY = "not stated"
STATED = "As stated by whoever had this report made; nothing of it was checked."


def case_section(report: AuditFindings) -> Section | None:
    """Return every field of the case, the empty ones too; None where no case was stated."""
    details = report.details
    if details is None:
        return None
    rows = tuple((one.label, getattr(details, one.key).strip() or EMPTY) for one in CASE_FIELDS)
    columns = (Column("field", number=False), Column("as stated", number=False))
    table = Table("", columns, rows, name="The case")
    return Section("case", "The case", (table, Sentence(STATED, quiet=True)))


def case_in_short(report: AuditFindings) -> tuple[Sentence, ...]:
    """Return the case in one sentence, for a terminal: what was stated, and how much was not."""
    details = report.details
    if details is None:
        return ()
    stated = [
        f"{one.label}: {text}" for one in CASE_FIELDS if (text := getattr(details, one.key).strip())
    ]
    left = len(details.empty)
    rest = (f"{left} of {len(CASE_FIELDS)} fields are empty",) if left else ()
    return (Sentence("; ".join((*stated, *rest)) + ".", lead="The case."),)


def reasons_of_arrows(report: AuditFindings) -> tuple[Table, ...]:
    """Return why each arrow of the graph is there, also where nobody said; none without a case."""
    if report.details is None:
        return ()
    notes = report.details.notes
    rows = tuple(
        (f"{cause} → {effect}", notes.get((cause, effect), "").strip() or EMPTY)
        for cause, effect in report.graph.edges
    )
    columns = (Column("arrow", number=False), Column("why it is there", number=False))
    return (
        Table("Why each arrow is drawn, as stated", columns, rows, name="Arrows", audience="annex"),
    )
