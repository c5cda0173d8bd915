"""Step 6, on demand: the result as figures to hover, zoom and keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import anywidget
import ipywidgets as W
import plotly
import plotly.graph_objects as go
from traitlets import Dict, Unicode

import workbench as wb
from widgets.parts import markup
from widgets.parts.script_with_library import with_library
from widgets.results.plotly_figures import effects_plot, paths_plot, ranks_plot
from widgets.session.jobs import words_for
from widgets.session.report_session import ReportSession
from workbench.report.outline.moved import moved_words

__all__ = ["InteractiveView", "PlotlyFigure"]

LIBRARY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

NONE = "choose a figure"
PLOTS: Mapping[str, Callable[[wb.AuditReport], go.Figure]] = {
    "total, direct and indirect effects": effects_plot,
    "effects by path": paths_plot,
    "ranks by method": ranks_plot,
}


class PlotlyFigure(anywidget.AnyWidget):
    """A figure drawn with plotly.

    A widget of our own carries plotly's script (4.8 MB) to the page only when there is a figure;
    the package's extension would load it with every page.

    Attributes
    ----------
    figure : dict
        Plotly's JSON: data and layout; empty for nothing.
    words : str
        What it shows, for who cannot see it.
    """

    figure = Dict().tag(sync=True)
    words = Unicode().tag(sync=True)

    @property
    def _esm(self) -> str:
        return with_library("Plotly", LIBRARY, Path(__file__).with_suffix(".js"))


class InteractiveView(W.VBox):
    """Draws one figure of the session's report with plotly, when a reader asks for it.

    The page's own figures need no script; plotly's is several megabytes and is loaded with the
    first figure that is chosen here.

    Parameters
    ----------
    session : ReportSession
    """

    def __init__(self, session: ReportSession) -> None:
        self._session = session
        self._choice = W.Dropdown(
            options=[NONE, *PLOTS], description="A figure to hover over and zoom into"
        )
        self._choice.add_class("wb-field")
        self._words = W.HTML()
        self._plot: PlotlyFigure | None = None
        super().__init__([self._choice, self._words])
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
        self._words.value = ""
        if report is None or draw is None:
            self.children = [self._choice, self._words]
            return
        try:
            figure = json.loads(draw(report).to_json())
            if self._plot is None:
                self._plot = PlotlyFigure()
            self._plot.words = " ".join(moved_words(report))
            self._plot.figure = {"data": figure["data"], "layout": figure["layout"]}
            self.children = [self._choice, self._words, self._plot]
        except Exception as error:  # the component's boundary
            self._words.value = markup.notice(words_for(error), "problem")
