"""CAFÉ's effects while the auditor still chooses: an estimate, clearly no result."""

from __future__ import annotations

import re
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.guarded import guarded
from widgets.parts.saved_view import SavedView
from widgets.parts.status_line import StatusLine
from widgets.session.report_session import ReportSession
from workbench.auditing.audit import default_threshold
from workbench.case.recorded_outcome import audited_class
from workbench.common.blocks import About, Bullets
from workbench.report.outline.effects import effect_tiles
from workbench.report.outline.moved import estimate_words, first_of_each
from workbench.report.page.markup import render_blocks

__all__ = ["LiveEstimate"]

TITLE = "Estimate while you choose (CAFÉ)"
NEXT = "Run the audit for the verdict, the paths and the other methods."
NOTHING = "The result appears here when an audit has run."
TILED_SHOWN = 4
"""Features whose effects are shown as large numbers; the words tell of all."""
TRAITS = ("report", "stale", "live", "live_state", "live_problem")


class LiveEstimate(SavedView, W.VBox):
    """Shows the session's live estimate while there is no report of the present inputs.

    Parameters
    ----------
    session : ReportSession
        Without the trait ``live`` there is never an estimate.
    """

    def __init__(self, session: ReportSession) -> None:
        self._session = session
        self._block = W.HTML()
        self._room = ""
        self._status = StatusLine()
        super().__init__([self._block, self._status])
        session.observe(lambda _: self._draw(), TRAITS)
        self._draw()

    def static_html(self) -> str:
        """Return the block as it is now."""
        return str(self._block.value)

    def _draw(self) -> None:
        self._block.value = guarded(self._made)
        words = self._words()
        if words != (self._status.text, self._status.kind):
            self._status.say(*words)
        self._status.layout.display = "" if words[0] else "none"

    def _wanted(self) -> bool:
        return self._session.report is None or bool(getattr(self._session, "stale", ()))

    def _made(self) -> str:
        session = self._session
        if not self._wanted():
            return ""
        state, live = getattr(session, "live_state", "off"), getattr(session, "live", None)
        if state == "running":
            return _frame(self._room)
        if state == "failed":
            reason = getattr(session, "live_problem", "")
            return _frame(markup.notice(reason, "warning", "There is no estimate."))
        if live is None:
            return markup.paragraph(NOTHING, "wb-muted")
        block = _estimate(session, live)
        # The page must not jump while the next estimate is made: its room is kept.
        self._room = _hollow(block)
        return _frame(block)

    def _words(self) -> tuple[str, str]:
        session = self._session
        state = getattr(session, "live_state", "off")
        if not self._wanted() or state in ("off", "failed"):
            return "", "info"
        return ("Estimating…", "busy") if state == "running" else (NEXT, "info")


def _frame(body: str) -> str:
    return f'<section class="wb-live" aria-label="{TITLE}">{markup.heading(TITLE)}{body}</section>'


def _estimate(session: Any, live: wb.EffectTable) -> str:
    case, target = getattr(session, "case", None), getattr(session, "target", None)
    if case is None or target is None:
        return ""
    tau = session.settings.threshold or default_threshold(case)
    features = tuple(dict.fromkeys(entry.feature for entry in live))
    outcome, label = audited_class(case)
    about = About(
        features,
        case.reads,
        live.unit,
        len(live.index),
        tau,
        outcome=outcome,
        audited_class=label,
    )
    everybody = target.rows is None and target.condition is None
    words = estimate_words(
        live, score=about.score, reads=case.reads, graph=case.audit_graph, everybody=everybody
    )
    tiles = effect_tiles(first_of_each(live)[:TILED_SHOWN], about)
    return render_blocks((Bullets(words), tiles))


def _hollow(block: str) -> str:
    """Return the room that a block takes, without what it says."""
    words = re.sub(r"(?<=>)[^<>]+(?=<)", "&nbsp;", re.sub(r' aria-label="[^"]*"', "", block))
    return f'<div class="wb-room" aria-hidden="true">{words}</div>'
