"""The live estimate: CAFÉ's effects of the present inputs, and never of others."""

from __future__ import annotations

from dataclasses import replace

import workbench as wb
from tests.widgets.widget_tree import LONG, finished, loan_case
from widgets.session.session import AuditSession


def test_cafe_is_estimated_while_the_auditor_chooses(session: AuditSession) -> None:
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.wait(LONG)
    assert session.live_state == "ready" and session.report is None
    first = session.live
    case = session.case
    assert case is not None and first is not None
    expected = wb.cafe_effects(case, session.target)["zip_code"]
    assert first["zip_code"].total.value == expected.total.value
    session.settings = replace(session.settings, threshold=0.3)
    assert session.live is first  # the threshold is no input of an effect
    session.edit_graph(case.graph.remove_edge("zip_code", "neighborhood_income"))
    assert session.live is None
    assert session.wait(LONG)
    assert session.live is not None and abs(session.live["zip_code"].total.value) < 1e-9
    session.live_wanted = False
    assert session.live is None and session.live_state == "off"


def test_what_cannot_be_estimated_is_said(session: AuditSession) -> None:
    case = loan_case()
    session.open(case)
    graph = case.graph.add_node("U", latent=True).add_edge("U", "zip_code")
    session.edit_graph(graph.add_edge("U", "neighborhood_income"))
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.wait(LONG)
    assert session.live_state == "failed" and "U" in session.live_problem


def test_an_intervention_is_carried_into_the_report(session: AuditSession) -> None:
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("credit_score")
    chosen = {"credit_score": wb.Contrast(600, 700), "race": wb.Contrast("White", "Black")}
    session.settings = replace(session.settings, interventions=chosen)
    report = finished(session)
    assert report.effects["credit_score"].intervention == "600 → 700"
    assert "race" not in report.call
