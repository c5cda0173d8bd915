"""Step 2 without a browser: edits, undo, refusals, roles."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from tests.widgets.widget_tree import (
    loan_case,
    part,
    parts,
    press,
)
from widgets.browser_parts import StatusLine
from widgets.graph_view import GraphView, graph_roles, lit_edges
from widgets.session import AuditSession


def test_edges_are_edited_and_undone(session: AuditSession) -> None:
    view = GraphView(session)
    session.open(loan_case())
    before = session.case.graph
    source, sink = parts(view, W.Dropdown)
    source.value, sink.value = "race", "income"
    press(view, "Add")
    assert ("race", "income") in session.case.graph.edges
    press(view, "Reverse")
    assert ("income", "race") in session.case.graph.edges
    press(view, "Remove")
    source.value, sink.value = "income", "race"
    press(view, "Remove")
    assert session.case.graph == before
    for _ in range(3):
        press(view, "Undo")
    assert session.case.graph == before
    assert part(view, W.Button, description="Undo").disabled


def test_a_cycle_is_refused_and_named(session: AuditSession) -> None:
    view = GraphView(session)
    session.open(loan_case())
    before = session.case
    source, sink = parts(view, W.Dropdown)
    source.value, sink.value = "credit_score", "zip_code"
    press(view, "Add")
    assert session.case is before
    status = part(view, StatusLine)
    assert status.kind == "problem"
    for name in ("credit_score", "zip_code", "neighborhood_income"):
        assert name in status.text


def test_the_text_replaces_the_graph(session: AuditSession) -> None:
    view = GraphView(session)
    session.open(loan_case())
    part(view, W.Textarea).value = "dag { zip_code -> neighborhood_income }"
    press(view, "Use this text")
    assert session.case.graph.edges == (("zip_code", "neighborhood_income"),)


def test_roles_and_lit_edges() -> None:
    case = loan_case()
    target = wb.UnlearningTarget.feature("zip_code")
    roles = graph_roles(case, target)
    assert roles["zip_code"] == "target" and roles["prediction"] == "prediction"
    assert roles["neighborhood_income"] == roles["credit_score"] == "mediator"
    assert roles["race"] == "unread"
    assert set(lit_edges(case, target)) == {
        ("zip_code", "neighborhood_income"),
        ("neighborhood_income", "credit_score"),
        ("neighborhood_income", "prediction"),
        ("credit_score", "prediction"),
    }
    assert lit_edges(case, None) == ()
    astray = case.with_graph(case.graph.add_edge("zip_code", "debt_ratio"))  # reaches nothing read
    assert set(lit_edges(astray, target)) == set(lit_edges(case, target))
