"""The page: six numbered steps over one session."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from widgets.graph.graph_editor import GraphEditor
from widgets.loading.loader import DataModelLoader
from widgets.other_models.change_models import ChangeModels
from widgets.parts.page_footer import PageFooter
from widgets.parts.page_style import page_style
from widgets.parts.saved_view import SavedView
from widgets.results.interactive_view import InteractiveView
from widgets.results.outline_view import ComparisonView, EffectsView
from widgets.results.report_panel import ReportPanel
from widgets.results.run_history import RunHistory, StaleNotice
from widgets.run.run_panel import RunPanel
from widgets.session.session import AuditSession
from widgets.target.target_picker import TargetPicker

__all__ = ["Workbench"]

HEAD = """
<header class="wb-head"><h1>CAFÉ Audit Workbench</h1>
<p>Has a model really forgotten? Removing a column does not remove its influence: it can come back
through the columns that it shapes. Choose a model, say what was to be forgotten, and see what is
left.</p></header>
"""


class Workbench(SavedView, W.VBox):
    """The whole workbench.

    Parameters
    ----------
    start : str, AuditCase or None, default "loan"
        The sample to begin with, or a case from memory: your own data, model and graph.

    Attributes
    ----------
    session : AuditSession
        What the page works on; readable from a notebook, for instance ``app.session.report``.

    Examples
    --------
    In a cell of a notebook::

        Workbench(case)
    """

    def __init__(self, start: str | wb.AuditCase | None = "loan") -> None:
        self.session = session = AuditSession()
        # The order matters: a component hears of a change before those below it.
        loader = DataModelLoader(session, None if isinstance(start, wb.AuditCase) else start)
        graph = GraphEditor(session)
        target = TargetPicker(session)
        change = ChangeModels(session)
        run = RunPanel(session)
        effects, comparison, panel = (
            view(session) for view in (EffectsView, ComparisonView, ReportPanel)
        )
        stale = StaleNotice(session)
        self._saved = (graph, stale, effects, comparison, panel)
        self._result = W.VBox([effects, comparison, InteractiveView(session), panel])
        session.observe(lambda _: self._dim(), "stale")
        super().__init__(
            [
                W.HTML(f"{page_style()}{HEAD}"),
                _step(1, "Data and model", loader),
                _step(2, "What causes what", graph),
                _step(3, "What should have been forgotten", target),
                _step(4, "Before, after and retrained", change),
                _step(5, "Run the audit", run),
                _step(6, "What is left of it", stale, RunHistory(session), self._result),
                PageFooter(session),
            ]
        )
        self.add_class("wb-page")
        if isinstance(start, wb.AuditCase):
            session.open(start)

    def _dim(self) -> None:
        """Show a result of other inputs as one."""
        (self._result.add_class if self.session.stale else self._result.remove_class)("wb-stale")

    def static_html(self) -> str:
        """Return the graph and the result, as they are now."""
        return "".join(part.static_html() for part in self._saved)


def _step(number: int, title: str, *parts: W.Widget) -> W.VBox:
    head = W.HTML(f'<h2><span class="wb-step-number">{number}</span> {title}</h2>')
    section = W.VBox([head, *parts])
    section.add_class("wb-step")
    return section
