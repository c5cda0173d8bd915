"""The audits of a union of targets as one HTML page: what they say together, then each in short."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workbench.checks.verdict import Decision
from workbench.common.blocks import Note, Table, public
from workbench.common.printable import printable
from workbench.report.findings import AuditFindings
from workbench.report.outline.audit import outline_of
from workbench.report.page.markup import page_file, render_blocks, render_template

__all__ = ["render_union"]

NAMED = re.compile(r'\b(id|aria-labelledby|aria-describedby)="([^"]*)"')
"""Attributes by which parts of a page refer to each other."""


def render_union(
    decision: Decision,
    headline: str,
    explanation: str,
    table: Table,
    reports: Mapping[str, AuditFindings],
) -> str:
    """Write the verdict on all blocks, the table of them, and what each report says first.

    Parameters
    ----------
    table : Table
        The blocks with their rows and findings.
    reports : mapping of str to AuditFindings
        By block of rows.
    """
    parts = []
    for place, (name, report) in enumerate(reports.items(), start=1):
        outline = outline_of(report)
        said = (*outline.asked, *outline.verdict.blocks, *outline.brief.blocks)
        parts.append((name, _with_own_ids(render_blocks(public(said), level=3), place)))
    origin = next(iter(reports.values())).provenance
    page = render_template(
        "union.html.j2",
        verdict=(Note(decision, headline, (explanation,), audience="headline"), table),
        parts=parts,
        origin=origin,
        style=page_file("page.css").replace('"MARGIN"', '""'),
    )
    return printable(page, keep="\n\t", mark="\ufffd")


def _with_own_ids(markup: str, place: int) -> str:
    """Return markup whose names no other block of rows has: two may have the same drawing.

    A text of the user's data cannot hold such an attribute, since its quotes are escaped.
    """

    def named(found: re.Match[str]) -> str:
        names = " ".join(f"b{place}-{name}" for name in found[2].split())
        return f'{found[1]}="{names}"'

    return NAMED.sub(named, markup)
