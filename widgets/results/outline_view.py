"""The chapters of a report on the page: the blocks that the printed report has too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets as W

import workbench as wb
from widgets.parts.guarded import guarded
from widgets.parts.page_style import stand_alone
from widgets.parts.saved_view import SavedView
from widgets.results.live_view import LiveEstimate
from widgets.session.report_session import ReportSession, session_of
from workbench.common.blocks import Block, public
from workbench.report.outline.audit import chapter_makers, chapters
from workbench.report.outline.verdict import asked, verdict
from workbench.report.page.markup import render_blocks

__all__ = ["ChapterView", "ComparisonView", "EffectsView", "blocks_html"]

PAPER = "background:#ffffff;color:#1f2933"
"""Where no style sheet of ours is, a chapter keeps white paper: figures have dark lines."""
APART = ("others", "meaning", "how")
"""Chapters that have a view of their own."""
FIRST = 2
"""Parts that a short print holds: the verdict, and the chapter after it."""

Make = Callable[[wb.AuditReport], Sequence[Block]]


def blocks_html(blocks: Sequence[Block]) -> str:
    """Return blocks as one section of the page; "" without any."""
    made = render_blocks(blocks) if blocks else ""
    return f'<section class="wb-part" style="{PAPER}">{made}</section>' if made else ""


class ChapterView(SavedView, W.VBox):
    """Shows chapters of the session's report, each by itself: one may fail alone.

    Parameters
    ----------
    session : ReportSession or AuditReport
        Anything with a trait ``report`` will do, such as a page that opens saved reports; or the
        report itself.
    makers : sequence of callables
        Each makes the blocks of one part from a report.
    before, after : sequence of Widget
        What stands above and below.
    """

    def __init__(
        self,
        session: ReportSession | wb.AuditReport,
        makers: Sequence[Make],
        *,
        before: Sequence[W.Widget] = (),
        after: Sequence[W.Widget] = (),
    ) -> None:
        alone = isinstance(session, wb.AuditReport)
        self._session = session = session_of(session)
        self._parts = {make: W.HTML() for make in makers}
        super().__init__([*before, *self._parts.values(), *after])
        if alone:
            stand_alone(self)
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def static_html(self) -> str:
        """Return the chapters as they are now, without the sections that show people's rows."""
        report = self._session.report
        if report is None:
            return ""
        return "".join(guarded(partial(_made, make, report, keep=False)) for make in self._parts)

    def _draw(self) -> None:
        report = self._session.report
        for make, part in self._parts.items():
            part.value = "" if report is None else guarded(partial(_made, make, report, keep=True))


def _made(make: Make, report: wb.AuditReport, *, keep: bool) -> str:
    blocks = tuple(make(report))
    return blocks_html(blocks if keep else public(blocks))


def _chapter(key: str) -> Make:
    return lambda report: chapters(report, key)


def verdict_blocks(report: wb.AuditReport) -> tuple[Block, ...]:
    """Return what was asked, and the verdict."""
    return (*asked(report), *verdict(report).blocks)


class EffectsView(ChapterView):
    """Shows what a report found; in a session without one, the live estimate.

    Examples
    --------
    In a cell of a notebook, for a report from Python or from a file::

        EffectsView(report)
    """

    def __init__(self, session: ReportSession | wb.AuditReport) -> None:
        held = session_of(session)
        self._live = LiveEstimate(held)
        keys = (key for key in chapter_makers() if key not in APART)
        super().__init__(held, [verdict_blocks, *map(_chapter, keys)], before=[self._live])
        for part in list(self._parts.values())[FIRST:]:
            part.add_class("wb-print-later")
        if held is not session:
            stand_alone(self)

    def static_html(self) -> str:
        """Return the live estimate or the chapters as they are now."""
        return self._live.static_html() + super().static_html()


class ComparisonView(ChapterView):
    """Shows what other methods say of a report's case, and the fairness metrics."""

    def __init__(self, session: ReportSession | wb.AuditReport) -> None:
        super().__init__(session, [_chapter("others")])
