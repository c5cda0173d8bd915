"""Step 5 without a browser: the result shown, and taken away."""

from __future__ import annotations

from html import escape

import anywidget
import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import (
    LONG,
    finished,
    loan_case,
    parts,
    said,
)
from widgets.comparison_view import ComparisonView
from widgets.effects_view import EffectsView, plain_words
from widgets.report_panel import ReportPanel
from widgets.session import AuditSession, AuditSettings
from workbench.wording import signed, span


def test_the_result_is_shown_and_gone_when_an_input_changes(session: AuditSession) -> None:
    effects, comparison, panel = (
        EffectsView(session),
        ComparisonView(session),
        ReportPanel(session),
    )
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    session.settings = AuditSettings(methods=("cafe", "fuzzing", "permutation"), threshold=0.02)
    report = finished(session)
    text = said(effects)
    assert report.verdict.headline in text
    entry = report.effects["zip_code"]
    assert f"{signed(entry.total.value)} ({span((entry.total.low, entry.total.high))})" in text
    assert "0 directly, as it is not read" in text
    assert "zip_code → neighborhood_income → prediction" in text
    for sentence in report.comparison().sentences:
        assert escape(sentence) in said(comparison)
    assert report.provenance.data_fingerprint in said(panel)
    session.settings = AuditSettings(methods=("cafe",), threshold=0.5)
    assert "The result appears here" in said(effects)
    assert said(comparison).strip() == "" and said(panel).strip() == ""
    assert all(not w.outputs for v in (effects, comparison) for w in parts(v, W.Output))


def test_a_subgroup_and_a_row_are_named_in_the_words(session: AuditSession) -> None:
    session.open(loan_case())
    session.target = wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])
    report = finished(session)
    assert f"over these {report.n_target_rows:,} rows" in plain_words(report)[0]
    session.target = wb.UnlearningTarget.datapoints([3], ["zip_code"])
    assert "for this row" in plain_words(finished(session))[0]


def test_downloads_hold_the_report(session: AuditSession) -> None:
    panel = ReportPanel(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    report = finished(session)
    made = {}
    for button in parts(panel, anywidget.AnyWidget):
        if hasattr(button, "_file"):
            name, _, make = button._file
            made[name] = make().decode()
    assert made["audit.json"] == report.to_json()
    assert made["audit.py"] == report.to_code()
    assert made["audit.html"].lstrip().lower().startswith("<!doctype html>")


def test_a_view_that_fails_says_so_and_the_page_lives_on(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("widgets.effects_view.effects_figure", broken)
    view = EffectsView(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    session.run()
    assert session.wait(LONG)
    assert session.state == "done"
    assert "workbench itself failed here (RuntimeError)" in said(view)
