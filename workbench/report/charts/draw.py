"""Any chart of a block as one ``<svg>`` element."""

from __future__ import annotations

from typing import assert_never

from workbench.common.charts import (
    BarChart,
    ChangeChart,
    Chart,
    ForestChart,
    GraphPicture,
    HistogramChart,
    RankChart,
    RateChart,
)
from workbench.graph.causal_graph import CausalGraph
from workbench.graph.picture.drawing import draw_graph
from workbench.report.charts.change_chart import change_chart
from workbench.report.charts.charts import bar_chart, forest_chart, histogram_chart, rank_chart
from workbench.report.charts.rate_chart import rate_chart

__all__ = ["draw"]

GRAPH_WIDTH = 920


def draw(chart: Chart) -> str:
    """Draw a chart, the same for the same value; names in it are escaped."""
    if isinstance(chart, RankChart):
        return rank_chart(chart.methods, chart.ranks, lit=chart.lit, title=chart.title)
    if isinstance(chart, GraphPicture):
        latents = [name for name, role in chart.roles.items() if role == "latent"]
        graph = CausalGraph(chart.edges, nodes=chart.nodes, latents=latents)
        return draw_graph(graph, roles=chart.roles, lit=chart.lit, width=GRAPH_WIDTH)
    tau, title, axis = chart.threshold, chart.title, chart.axis
    if isinstance(chart, ForestChart):
        return forest_chart(chart.rows, threshold=tau, title=title, axis=axis)
    if isinstance(chart, BarChart):
        return bar_chart(chart.rows, threshold=tau, title=title, axis=axis)
    if isinstance(chart, ChangeChart):
        return change_chart(chart.rows, threshold=tau, title=title, axis=axis)
    if isinstance(chart, HistogramChart):
        return histogram_chart(chart.panels, threshold=chart.threshold, title=title, axis=axis)
    if isinstance(chart, RateChart):
        return rate_chart(chart.curves, threshold=chart.threshold, title=title, axis=axis)
    assert_never(chart)
