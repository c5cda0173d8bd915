"""The right half of the page: the answer that is always in view, and the tabs below it."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from widgets.pages.sections import TABS, TabSection
from widgets.parts.disclosure import Disclosure
from widgets.parts.link_bar import Link, LinkBar, place
from widgets.parts.saved_view import SavedView
from widgets.results.downloads import Downloads
from widgets.results.first_look import first_look
from widgets.results.live_view import LiveEstimate
from widgets.results.outline_view import ChapterView, verdict_blocks
from widgets.results.run_history import RunHistory, StaleNotice
from widgets.results.union_panel import UnionPanel
from widgets.session.session import AuditSession

__all__ = ["Answer"]


class Answer(SavedView, W.VBox):
    """Shows the session's result: verdict, files, first look; then one tab of the rest.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._wanted: tuple[str, ...] = ()  # tabs that the reader chose, the last one first
        stale, live = StaleNotice(session), LiveEstimate(session)
        verdict, look = (ChapterView(session, [make]) for make in (verdict_blocks, first_look))
        self._tabs = {tab.key: W.VBox([tab.make(session)]) for tab in TABS}
        for key, panel in self._tabs.items():
            panel.add_class("wb-panel")
            panel.add_class(place(key))
        self._bar = LinkBar("Parts of the result", self._follow, list(self._tabs))
        panels = (panel.children[0] for panel in self._tabs.values())
        self._saved = [stale, live, verdict, look, *panels]
        parts = [verdict, Downloads(session), look, self._bar, *self._tabs.values()]
        self._result = W.VBox(parts)
        self._result.add_class("wb-result")
        union = UnionPanel(session)
        several = Disclosure("Different features for different rows, in one verdict", union)
        several.observe(lambda _: union.build(), "opened")
        self._saved.append(union)
        super().__init__(
            [
                W.HTML('<h2><span class="wb-step-number">6</span> Result</h2>'),
                stale,
                RunHistory(session),
                live,
                self._result,
                several,
            ]
        )
        for name in ("wb-step", "wb-answer-pane", place("result")):
            self.add_class(name)
        session.observe(lambda _: self._dim(), "stale")
        session.observe(lambda _: self._offer(), "report")
        self._offer()

    def static_html(self) -> str:
        """Return the result as it is now, the tabs one after another."""
        return "".join(part.static_html() for part in self._saved if isinstance(part, SavedView))

    def _follow(self, key: str) -> None:
        self._wanted = tuple(dict.fromkeys((key, *self._wanted)))
        self._offer()

    def _offer(self) -> None:
        """Offer the tabs that this report has, and show the one chosen last, or the first.

        A tab that was chosen before there was one is shown as soon as there is.
        """
        report = self._session.report
        offered = [tab for tab in TABS if report is not None and tab.shown(report)]
        keys = [tab.key for tab in offered]
        chosen = next((key for key in (*self._wanted, *keys) if key in keys), "")
        self._bar.layout.display = None if offered else "none"
        (self.add_class if report is None else self.remove_class)("wb-waits")
        self._bar.put([_link(tab, report) for tab in offered if report is not None], chosen)
        for key, panel in self._tabs.items():
            panel.layout.display = None if key == chosen else "none"

    def _dim(self) -> None:
        """Show a result of other inputs as one."""
        (self._result.add_class if self._session.stale else self._result.remove_class)("wb-stale")


def _link(tab: TabSection, report: wb.AuditReport) -> Link:
    if tab.waits(report):
        return Link(tab.key, tab.title, "running", "still being measured")
    return Link(tab.key, tab.title)
