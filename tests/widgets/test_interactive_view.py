"""Figures on demand: drawn when asked for, gone with the report, names never markup."""

from __future__ import annotations

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, finished, hostile_case, part, said
from widgets.interactive_view import NONE, PLOTS, InteractiveView
from widgets.session import AuditSession, AuditSettings


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
    output = part(view, W.Output)
    assert output.outputs == ()
    part(view, W.Dropdown).value = name
    figure = output.outputs[0]["data"]["application/vnd.plotly.v1+json"]
    assert figure["data"] and "moves the model" in output.outputs[0]["data"]["text/plain"]
    assert "<img" not in str(figure) and "b<c" not in str(figure)


def test_it_is_gone_with_the_report(view: InteractiveView, session: AuditSession) -> None:
    choice = part(view, W.Dropdown)
    choice.value = next(iter(PLOTS))
    session.settings = AuditSettings(methods=("cafe",), threshold=0.5)
    assert choice.value == NONE and view.layout.display == "none"
    assert part(view, W.Output).outputs == ()


def test_a_figure_that_fails_says_so(
    view: InteractiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("boom")

    name = next(iter(PLOTS))
    monkeypatch.setitem(PLOTS, name, broken)  # type: ignore[arg-type]
    part(view, W.Dropdown).value = name
    assert "workbench itself failed here (RuntimeError)" in said(view)
