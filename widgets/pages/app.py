"""The page over one session: the question on the left, the answer on the right."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from widgets.pages.answer import Answer
from widgets.pages.question import Question
from widgets.pages.session_file import SessionFile
from widgets.parts.page_footer import PageFooter
from widgets.parts.page_style import page_style
from widgets.parts.saved_view import SavedView
from widgets.session.session import AuditSession

__all__ = ["Workbench"]

HEAD = """
<header class="wb-head"><h1>CAFÉ Audit Workbench</h1>
<p>Has a model really forgotten? A removed column can still act through the columns that it shapes.
</p></header>
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
        question = Question(session, None if isinstance(start, wb.AuditCase) else start)
        self._answer = Answer(session)
        made = question.made
        saved = SessionFile(session, made["data"], made["target"], made["run"])
        panes = W.VBox([question, self._answer])
        panes.add_class("wb-panes")
        body = W.VBox([panes])
        body.add_class("wb-body")
        top = W.HBox([W.HTML(f"{page_style()}{HEAD}"), saved])
        top.add_class("wb-top")
        super().__init__([top, question.bar, body, PageFooter(session)])
        self.add_class("wb-page")
        self.add_class("wb-wide")
        self._graph = question.made["graph"]
        if isinstance(start, wb.AuditCase):
            session.open(start)
            question.fold("data", "graph")

    def static_html(self) -> str:
        """Return the graph and the result, as they are now."""
        return str(self._graph.static_html()) + self._answer.static_html()
