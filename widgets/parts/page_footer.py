"""The foot of a page: which data, which model, which seed, which versions, and when."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.saved_view import SavedView
from widgets.session.jobs import words_for
from workbench.report.provenance import Provenance

__all__ = ["PageFooter"]

SHORT = 12
"""Characters of a fingerprint in one line; the whole stands in the fold."""
NOTHING = "No result yet. Fingerprints, seed, versions and time stand here when there is one."


class PageFooter(SavedView, W.HTML):
    """Says at the bottom of the page where the result on it comes from.

    It stays in sight while the page scrolls. On paper its line stands at the foot of every sheet
    (in browsers that know page margins; in others once, at the end), and the whole at the end.

    Parameters
    ----------
    session : AuditSession
        Or anything else that has a trait `report`.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        super().__init__()
        self.add_class("wb-footer")
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def static_html(self) -> str:
        """Return the footer without its style for paper."""
        return _footer(self._session.report)

    def _draw(self) -> None:
        report = self._session.report
        try:
            self.value = _footer(report) + _every_sheet(report)
        except Exception as error:  # the component's boundary
            self.value = markup.notice(words_for(error), "problem")


def _footer(report: wb.AuditReport | None) -> str:
    if report is None:
        return f'<footer class="wb-foot">{escape(NOTHING)}</footer>'
    origin = report.provenance
    pairs = "".join(
        f'<span class="wb-foot-pair"><span class="wb-foot-name">{name}</span> '
        f'<span title="{escape(whole)}">{escape(short)}</span></span>'
        for name, short, whole in _line(origin)
    )
    terms = {
        "Data (SHA-256)": origin.data_fingerprint,
        "Model (SHA-256)": origin.model_fingerprint,
        "Seed": str(origin.seed),
        "Versions": ", ".join(f"{name} {version}" for name, version in origin.versions.items()),
        "Made": origin.created,
    }
    return (
        f'<footer class="wb-foot"><details><summary>{pairs}</summary>'
        f"{markup.figure_note(terms)}</details></footer>"
    )


def _line(origin: Provenance) -> tuple[tuple[str, str, str], ...]:
    """Return what the line says: a name, short, and in full."""
    versions = ", ".join(f"{name} {version}" for name, version in origin.versions.items())
    named = "cafe-workbench" if "cafe-workbench" in origin.versions else "python"
    return (
        ("Data", _short(origin.data_fingerprint), f"SHA-256 {origin.data_fingerprint}"),
        ("Model", _short(origin.model_fingerprint), f"SHA-256 {origin.model_fingerprint}"),
        ("Seed", str(origin.seed), f"seed {origin.seed}"),
        ("Version", f"{named} {origin.versions.get(named, '–')}", versions),
        ("Made", _minute(origin.created), origin.created),
    )


def _short(fingerprint: str) -> str:
    return fingerprint if len(fingerprint) <= SHORT else fingerprint[:SHORT] + "…"


def _minute(created: str) -> str:
    """Write a moment of the ISO form to the minute; any other text as it is.

    Examples
    --------
    >>> _minute("2026-11-21T04:08:57+00:00"), _minute("yesterday")
    ('2026-11-21 04:08 UTC', 'yesterday')
    """
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\+00:00|Z)", created)
    return f"{found[1]} {found[2]} UTC" if found else created


def _every_sheet(report: wb.AuditReport | None) -> str:
    """Return the style that puts the line at the foot of every printed sheet."""
    said = "CAFÉ Audit Workbench · no result yet"
    if report is not None:
        said = " · ".join(f"{name} {short}" for name, short, _ in _line(report.provenance))
    # Within a style sheet nothing may close the string or the element.
    said = re.sub(r"[^\w .,:;·…+()–-]", "?", said)[:200]
    return (
        '<style>@media print { @page { margin: 16mm 14mm 20mm; @bottom-left { content: "'
        f'{said}"; font: 8pt sans-serif; color: #52606d; }} @bottom-right {{ content: "page " '
        'counter(page) " of " counter(pages); white-space: nowrap; font: 8pt sans-serif; '
        "color: #52606d; } } }</style>"
    )
