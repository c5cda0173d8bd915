"""Step 5, on demand: the result as figures to hover, zoom and keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as W
import plotly.graph_objects as go

import workbench as wb
from widgets import markup
from widgets.findings import plain_words
from widgets.jobs import words_for
from widgets.plotly_figures import effects_plot, mimebundle, paths_plot, ranks_plot

__all__ = ["InteractiveView"]

NONE = "choose a figure"
PLOTS: Mapping[str, Callable[[wb.AuditReport], go.Figure]] = {
    "total, direct and indirect effects": effects_plot,
    "effects by path": paths_plot,
    "ranks by method": ranks_plot,
}


class InteractiveView(W.VBox):
    """Draws one figure of the session's report with plotly, when a reader asks for it.

    The page's own figures need no script; plotly's is several megabytes and is loaded with the
    first figure that is chosen here.

    Parameters
    ----------
    session : AuditSession
        Or anything else that has a trait `report`.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._choice = W.Dropdown(
            options=[NONE, *PLOTS], description="A figure to hover over and zoom into"
        )
        self._choice.add_class("wb-field")
        self._words = W.HTML()
        self._plot = W.Output()
        self._plot.add_class("wb-plot")
        super().__init__([self._choice, self._words, self._plot])
        self.add_class("wb-interactive")
        self._choice.observe(lambda _: self._draw(), "value")
        session.observe(lambda _: self._start_over(), "report")
        self._start_over()

    def _start_over(self) -> None:
        self._choice.value = NONE
        self.layout.display = "none" if self._session.report is None else ""
        self._draw()

    def _draw(self) -> None:
        report, draw = self._session.report, PLOTS.get(self._choice.value)
        self._words.value, self._plot.outputs = "", ()
        if report is None or draw is None:
            return
        try:
            self._plot.outputs = (mimebundle(draw(report), " ".join(plain_words(report))),)
        except Exception as error:  # the component's boundary
            self._words.value = markup.notice(words_for(error), "problem")
