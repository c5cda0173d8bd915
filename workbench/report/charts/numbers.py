"""The numbers of a chart as a table, for files that cannot draw it."""

from __future__ import annotations

from typing import assert_never

from workbench.common.blocks import Cell, Column, Number, Table
from workbench.common.charts import (
    BarChart,
    ChangeChart,
    ChangeRow,
    Chart,
    ForestChart,
    GraphPicture,
    HistogramChart,
    Mark,
    RankChart,
    RateChart,
)
from workbench.common.wording import level_text

__all__ = ["numbers_of"]

Rows = tuple[tuple[Cell, ...], ...]


def numbers_of(chart: Chart) -> Table:
    """Return what a chart draws, as a table."""
    if isinstance(chart, GraphPicture):
        arrows: Rows = tuple((cause, effect) for cause, effect in chart.edges)
        return _table("The drawn graph: each arrow", ("cause", "effect"), arrows)
    title = chart.title
    if isinstance(chart, RankChart):
        ranks: Rows = tuple(
            (name, *(None if rank is None else f"{rank:g}" for rank in row))
            for name, row in chart.ranks.items()
        )
        return _table(title, ("feature", *chart.methods), ranks)
    if isinstance(chart, ForestChart):
        marks: Rows = tuple(
            (row.group, row.label, mark.series, _mark(mark))
            for row in chart.rows
            for mark in row.marks
        )
        return _table(title, ("of", "what", "by", chart.axis), marks)
    if isinstance(chart, BarChart):
        bars: Rows = tuple(
            (row.label, Number(row.value, (row.low, row.high)), row.note) for row in chart.rows
        )
        return _table(title, ("what", chart.axis, "note"), bars)
    if isinstance(chart, ChangeChart):
        changes: Rows = tuple(line for row in chart.rows for line in _changes(row))
        return _table(title, ("what", "model", chart.axis), changes)
    if isinstance(chart, HistogramChart):
        bins: Rows = tuple(
            (panel.label, f"{level_text(low)} to {level_text(high)}", count)
            for panel in chart.panels
            for low, high, count in zip(
                panel.edges[:-1], panel.edges[1:], panel.counts, strict=True
            )
            if count
        )
        return _table(title, ("of", chart.axis, "rows"), bins)
    if isinstance(chart, RateChart):
        rates: Rows = tuple(
            (
                curve.series,
                level_text(point.size),
                Number(point.rate, (point.low, point.high), "share"),
            )
            for curve in chart.curves
            for point in curve.points
        )
        return _table(title, ("of", chart.axis, "rate"), rates)
    assert_never(chart)


def _table(caption: str, heads: tuple[str, ...], rows: Rows) -> Table:
    return Table(caption, tuple(Column(head, number=False) for head in heads), rows)


def _mark(mark: Mark) -> Number:
    return Number(mark.value, (mark.low, mark.high))


def _changes(row: ChangeRow) -> Rows:
    extra = (("removed", row.removed), ("residue", row.residue))
    return (
        *((row.label, mark.series, _mark(mark)) for mark in row.models),
        *((row.label, name, _mark(mark)) for name, mark in extra if mark is not None),
    )
