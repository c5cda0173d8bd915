"""Step 5 without a browser: settings, run and cancel."""

from __future__ import annotations

import threading
from dataclasses import replace

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import (
    LONG,
    finished,
    loan_case,
    part,
    parts,
    said,
)
from widgets.parts.status_line import StatusLine
from widgets.run.run_panel import RunPanel
from widgets.session.session import AuditSession, AuditSettings
from workbench.auditing.outlook import TimeLeft
from workbench.methods.registry import METHOD_NAMES


def test_the_threshold_is_proposed_once_per_table(session: AuditSession) -> None:
    panel = RunPanel(session)
    session.open(loan_case())
    tau = part(panel, W.FloatText)
    assert tau.value == 0.02
    tau.value = 0.1
    session.edit_graph(session.case.graph.remove_edge("race", "zip_code"))
    assert tau.value == session.settings.threshold == 0.1
    other = wb.BlackBoxModel(lambda rows: rows["income"].to_numpy() / 300, features=["income"])
    session.case = session.case.with_model(other)  # as after unlearning on the page
    assert tau.value == session.settings.threshold == 0.1
    session.open(loan_case())
    assert tau.value == 0.02


def test_what_a_higher_answer_means_is_said_of_one_answer(session: AuditSession) -> None:
    session.settings = AuditSettings(methods=("cafe",))
    panel = RunPanel(session)
    case = loan_case()
    session.open(case)
    better = part(panel, W.Dropdown, description="A higher answer is")
    assert better.label == "not said" and session.settings.favourable is None
    session.target = wb.UnlearningTarget.feature("zip_code")
    methods = parts(panel, W.Checkbox)
    for box in methods:
        if box.description != "Estimate CAFÉ while I choose":
            box.value = box.description.startswith("CAFÉ")
    finished(session)
    better.value = "higher"
    assert session.stale == ("a higher answer is: not said → good",)
    report = finished(session)
    assert report.favourable == "higher" and "favourable='higher'" in report.to_code()
    session.edit_graph(case.graph.remove_edge("race", "zip_code"))
    assert session.settings.favourable == "higher"
    session.open(loan_case())
    assert better.label == "not said" and session.settings.favourable is None


def test_run_and_cancel_are_offered_when_they_can_work(session: AuditSession) -> None:
    panel = RunPanel(session)
    run, cancel = (part(panel, W.Button, description=d) for d in ("Run the audit", "Cancel"))
    assert run.disabled and cancel.disabled
    assert "Step 1" in said(panel)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert not run.disabled
    for box in parts(panel, W.Checkbox):
        if box.description != "Estimate CAFÉ while I choose":
            box.value = box.description.startswith("CAFÉ")
    assert session.settings.methods == ("cafe",)
    run.click()
    assert session.wait(LONG)
    assert session.state == "done" and "Done" in said(panel)
    part(panel, W.IntText).value = 3
    assert session.stale == ("seed: 0 → 3",) and "changed since the last run" in said(panel)


def test_the_methods_and_the_checks_that_take_longer_are_offered(session: AuditSession) -> None:
    session.settings = AuditSettings()
    panel = RunPanel(session)
    assert "Further checks, which take longer" in said(panel)
    association = part(panel, W.Checkbox, description="FairTest association")
    hides = "Where does the influence hide? (searches subgroups)"
    right = "Is the graph right? (tries other graphs)"
    boxes = [part(panel, W.Checkbox, description=words) for words in (hides, right)]
    assert association.value and not any(box.value for box in boxes)
    session.open(loan_case())
    assert session.settings.methods == METHOD_NAMES and session.settings.checks == ()
    for box in boxes:
        box.value = True
    assert session.settings.checks == ("subgroups", "graph")
    association.value = boxes[0].value = False
    assert "fairtest" not in session.settings.methods and session.settings.checks == ("graph",)
    for box in parts(panel, W.Checkbox):
        if "graphs" not in box.description:
            box.value = box.description.startswith("CAFÉ")
    session.target = wb.UnlearningTarget.feature("zip_code")
    report = finished(session)
    assert report.graph_sensitivity is not None and report.hidden_subgroups is None
    assert report.graph_sensitivity.threshold == session.settings.threshold
    assert "checks=['graph']" in report.call
    boxes[0].value = True
    assert session.stale == ("checks: Where the influence hides added",)


def test_who_does_not_want_to_be_asked_while_choosing_says_so(session: AuditSession) -> None:
    panel = RunPanel(session)
    box = part(panel, W.Checkbox, description="Estimate CAFÉ while I choose")
    session.open(loan_case(), live=False)
    assert not box.value
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.live_state == "off"
    box.value = True
    assert session.wait(LONG)
    assert session.live_state == "ready"


def test_a_cancel_before_the_verdict_says_that_the_result_below_is_an_earlier_one(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = RunPanel(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    session.settings = AuditSettings(methods=("cafe",), threshold=0.02)
    before = finished(session)
    started, go_on = threading.Event(), threading.Event()
    real = wb.audit

    def waits(*args: object, **options: object) -> wb.AuditReport:
        started.set()
        go_on.wait(LONG)
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(wb, "audit", waits)
    session.target = wb.UnlearningTarget.feature("race")
    session.run()
    assert started.wait(LONG)
    session.cancel()
    go_on.set()
    assert session.wait(LONG)
    assert session.report is before and session.stale == ("target: zip_code → race",)
    assert "The result shown is of an earlier run" in said(panel)


def test_how_long_a_run_will_take_is_said_beside_where_it_is(session: AuditSession) -> None:
    panel = RunPanel(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    line = part(panel, StatusLine)
    with session.lock:  # the run waits where it wants to say something
        session.run()
        session.clock = 62.0, TimeLeft(12.0, 130.0)
        assert line.clock == (
            "1 min 2 s so far; the verdict in about 10 s, everything in about 2 min"
        )
        session.cancel()
    assert session.state == "cancelled" and line.clock == ""
    with session.lock:
        session.settings = replace(session.settings, methods=("shap",))
        session.run()
        session.clock = 62.0, TimeLeft(12.0, 130.0)
        assert line.clock == "1 min 2 s so far; everything in about 2 min", "no verdict will stand"
        session.cancel()
