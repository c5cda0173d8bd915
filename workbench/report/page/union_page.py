"""The audits of a union of targets as one HTML page: what they say together, then each in short."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workbench.common.blocks import Block, public
from workbench.common.printable import printable
from workbench.report.findings import AuditFindings
from workbench.report.outline.audit import outline_of
from workbench.report.page.markup import page_file, render_blocks, render_template

__all__ = ["render_union"]

NAMED = re.compile(r'\b(id|aria-labelledby|aria-describedby)="([^"]*)"')
"""Attributes by which parts of a page refer to each other."""


def render_union(
    question: str, first: Sequence[Block], reports: Mapping[str, AuditFindings]
) -> str:
    """Write the verdict on all blocks, the table of them, and what each report says first.

    Parameters
    ----------
    first : sequence of Block
        What is said of all blocks together.
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
        question=question,
        first=first,
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
