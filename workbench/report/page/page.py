"""An audit's report as one HTML page: inline CSS and SVG, no script, no network."""

from __future__ import annotations

import re
from dataclasses import replace

from workbench.common.blocks import public
from workbench.common.printable import printable
from workbench.report.findings import AuditFindings
from workbench.report.outline.audit import outline_of
from workbench.report.page.markup import page_file, render_template

__all__ = ["render_page"]


def render_page(report: AuditFindings, *, rows: bool = False) -> str:
    """Write a report as one self-contained HTML page.

    Parameters
    ----------
    report : AuditFindings
    rows : bool, default False
        Whether people's rows stand on it: example rows and the scores of single records.

    Returns
    -------
    str
        HTML text in UTF-8's repertoire; the same for the same report. Names and levels from the
        user's data appear only escaped.
    """
    outline = outline_of(report)
    chapters = outline.chapters
    if not rows:
        chapters = tuple(replace(one, blocks=public(one.blocks)) for one in chapters)
    page = render_template(
        "page.html.j2",
        outline=outline,
        chapters=chapters,
        places={chapter.key: place for place, chapter in enumerate(chapters, start=1)},
        origin=report.provenance,
        style=page_file("page.css").replace('"MARGIN"', _margin_text(report)),
    )
    return printable(page, keep="\n\t", mark="\ufffd")


def _margin_text(report: AuditFindings) -> str:
    """Return the foot of every printed page as a CSS string of harmless characters."""
    origin = report.provenance
    text = (
        f"data {origin.data_fingerprint[:12]} - model {origin.model_fingerprint[:12]} - "
        f"seed {origin.seed} - {origin.created}"
    )
    return '"' + re.sub(r"[^0-9A-Za-z :+.-]", "", text) + '"'
