"""Figures on demand: drawn when asked for, gone with the report, names never markup."""

from __future__ import annotations

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, finished, hostile_case, part, parts, said
from widgets.results.interactive_view import NONE, PLOTS, InteractiveView, PlotlyFigure
from widgets.session.session import AuditSession, AuditSettings


@pytest.fixture
def view(session: AuditSession) -> InteractiveView:
    view = InteractiveView(session)
    session.open(hostile_case(), (HOSTILE,))
    session.target = wb.UnlearningTarget.feature(HOSTILE)
    session.settings = AuditSettings(methods=("cafe", "fuzzing", "permutation"), threshold=0.02)
    finished(session)
    return view


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_is_drawn_when_it_is_chosen(view: InteractiveView, name: str) -> None:
    assert parts(view, PlotlyFigure) == []  # its script is megabytes: not before it is wanted
    part(view, W.Dropdown).value = name
    plot = part(view, PlotlyFigure)
    assert plot.figure["data"] and "moves the model" in plot.words
    assert "<img" not in str(plot.figure) and "b<c" not in str(plot.figure)


def test_it_is_gone_with_the_report(view: InteractiveView, session: AuditSession) -> None:
    choice = part(view, W.Dropdown)
    choice.value = next(iter(PLOTS))
    session.close()
    assert choice.value == NONE and view.layout.display == "none"
    assert parts(view, PlotlyFigure) == []


def test_a_figure_that_fails_says_so(
    view: InteractiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("boom")

    name = next(iter(PLOTS))
    monkeypatch.setitem(PLOTS, name, broken)  # type: ignore[arg-type]
    part(view, W.Dropdown).value = name
    assert "workbench itself failed here (RuntimeError)" in said(view)
