"""A result of before a change says so, and the runs of a session stand beside each other."""

from __future__ import annotations

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import finished, loan_case, part, parts, said
from widgets.results.run_history import RunHistory, StaleNotice
from widgets.session.session import AuditSession, AuditSettings


@pytest.fixture
def session() -> AuditSession:
    session = AuditSession()
    session.settings = AuditSettings(methods=("cafe",), threshold=0.02)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    return session


def test_what_has_changed_is_said_and_the_audit_is_run_again_from_there(
    session: AuditSession,
) -> None:
    notice = StaleNotice(session)
    assert notice.layout.display == "none"
    finished(session)
    assert notice.layout.display == "none"
    assert session.case is not None
    session.edit_graph(session.case.graph.remove_edge("zip_code", "neighborhood_income"))
    assert notice.layout.display == ""
    assert "graph: zip_code → neighborhood_income taken away" in said(notice)
    part(notice, W.Button).click()
    assert session.wait(60) and session.state == "done"
    assert notice.layout.display == "none" and len(session.history) == 2


def test_two_runs_side_by_side_graph_against_graph(session: AuditSession) -> None:
    view = RunHistory(session)
    finished(session)
    assert view.layout.display == "none", "one run has nothing to stand beside"
    assert session.case is not None
    session.edit_graph(session.case.graph.remove_edge("zip_code", "neighborhood_income"))
    finished(session)
    assert view.layout.display == ""
    text = said(view)
    assert "graph: zip_code → neighborhood_income taken away" in text
    for run in session.history:
        verdict = run.report.verdict
        assert verdict is not None and verdict.headline[:60] in text
    one, _ = parts(view, W.Dropdown)
    one.value = 1  # beside itself
    assert "Two runs side by side" not in said(view)
    part(view, W.Button, description="Show this run above").click()
    assert session.report is session.history[0].report and session.stale
