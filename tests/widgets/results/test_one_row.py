"""A row changed on the page: what follows, step by step, and nothing of it kept."""

from __future__ import annotations

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, LONG, hostile_case, part, press, said
from widgets.pages.app import Workbench
from widgets.parts.row_table import RowTable
from widgets.parts.status_line import StatusLine
from widgets.results.one_row import OneRow, consequences
from widgets.session.session import AuditSession, AuditSettings
from workbench.methods.debiased.what_if import Consequence, WhatIf

OWN = 0.123456789
"""A value that no other row has."""


def case_of_a_chain() -> wb.AuditCase:
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    frame = pd.DataFrame({"x": x, "noise": rng.normal(size=400)})
    frame.loc[7, ["x", "noise"]] = 0.5, OWN
    frame["m"] = 2 * frame["x"] + frame["noise"]
    model = wb.BlackBoxModel(lambda rows: rows["m"].to_numpy(), features=["m"])
    graph = wb.CausalGraph([("x", "m")], nodes=["noise"])
    return wb.AuditCase(data=frame, model=model, graph=graph)


@pytest.fixture
def view(session: AuditSession) -> OneRow:
    session.open(case_of_a_chain(), live=False)
    session.target = wb.UnlearningTarget.feature("x")
    return OneRow(session)


def test_a_change_is_followed_to_the_answer(view: OneRow, session: AuditSession) -> None:
    button = part(view, W.Button, description="See what follows")
    assert button.disabled and "Choose a row" in said(view)
    part(view, RowTable).choose([3, 7])
    number = part(view, W.FloatText)
    assert not button.disabled and number.value == 0.5, "the row's own value, to begin with"
    number.value = 1.5
    button.click()
    assert view.wait(LONG)
    text = said(view)
    assert "goes from 1.123 to 3." in text, text
    assert "1. x" in text and "2. m" in text and "not read by the model" in text
    number.value = 50.0
    button.click()
    assert view.wait(LONG)
    assert part(view, StatusLine).kind == "problem" and "range" in part(view, StatusLine).text
    session.edit_graph(session.case.graph.remove_edge("x", "m"))
    assert "2. m" not in said(view), "another graph tells another story"


def test_what_is_drawn_is_said_and_what_strangers_wrote_is_text(session: AuditSession) -> None:
    session.open(hostile_case(), live=False)
    session.target = wb.UnlearningTarget.feature(HOSTILE)
    view = OneRow(session)
    part(view, RowTable).choose([0])
    press(view, "See what follows")
    assert view.wait(LONG)
    assert "(stays)" in said(view) and "this step adds" in said(view)
    assert HOSTILE not in said(view).replace("<p", "") and "&lt;img" in said(view)


def test_no_value_of_the_row_is_kept() -> None:
    app = Workbench(case_of_a_chain())
    app.session.settings = AuditSettings(methods=("cafe",), threshold=0.02)
    app.session.target = wb.UnlearningTarget.feature("x")
    view = part(app, OneRow)
    part(view, RowTable).choose([7])
    part(view, W.FloatText).value = 1.5
    press(view, "See what follows")
    assert view.wait(LONG)
    assert "goes from 1.123 to 3." in said(view)
    assert "1.123" not in app.static_html()


def test_answers_of_any_size_are_written_in_full() -> None:
    step = Consequence("x", (), 0.0, 1.0, 1.0, -123_456.0, read=True)
    told = consequences(case_of_a_chain(), WhatIf("x", 0.0004, (step,), 1))
    assert "goes from 0.00040 to −123,456:" in told
