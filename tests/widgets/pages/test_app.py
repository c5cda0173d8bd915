"""The workbench and its views in a cell, with what the notebook already holds."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from tests.widgets.widget_tree import finished, loan_case, part, said
from widgets.graph.graph_editor import GraphEditor
from widgets.pages.app import Workbench
from widgets.results.outline_view import ComparisonView, EffectsView
from widgets.run.run_panel import RunPanel
from widgets.session.session import AuditSession, AuditSettings
from widgets.target.target_picker import TargetPicker


def test_a_case_from_memory_is_audited_as_it_is() -> None:
    case = loan_case()
    page = Workbench(case)
    assert page.session.case is case
    assert "rows" in said(page)
    page.session.settings = AuditSettings(methods=("cafe",))
    page.session.target = wb.UnlearningTarget.feature("zip_code")
    assert not part(page, W.Button, description="Run the audit").disabled
    report = finished(page.session)
    assert report.verdict is not None and report.verdict.headline in said(page)


def test_views_show_a_report_without_a_session() -> None:
    report = wb.audit(loan_case(), wb.UnlearningTarget.feature("zip_code"), ["cafe", "permutation"])
    again = wb.AuditReport.from_json(report.to_json())
    for found in (report, again):
        view, others = EffectsView(found), ComparisonView(found)
        assert found.verdict is not None
        assert found.verdict.headline in said(view) and found.verdict.headline in view.static_html()
        assert "Estimate while you choose" not in said(view)
        assert "permutation importance" in said(others)


def test_components_keep_what_a_session_holds_already(session: AuditSession) -> None:
    targets = (
        wb.UnlearningTarget.features(["zip_code", "income"]),
        wb.UnlearningTarget.subgroup("income > 50", ["zip_code"]),
        wb.UnlearningTarget.datapoints([3, 5]),
    )
    session.open(loan_case(), live=False)
    for target in targets:
        settings = AuditSettings(methods=("cafe",), threshold=0.05, seed=4)
        session.settings, session.target = settings, target
        for component in (GraphEditor, TargetPicker, RunPanel):
            component(session)
        assert session.target == target and session.settings == settings
