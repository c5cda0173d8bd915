"""The session: a report never outlives its inputs."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

import workbench as wb
from widgets.session.session import AuditSession, AuditSettings
from workbench.common.progress import Progress

QUICK = AuditSettings(methods=("cafe",), threshold=0.02)
LONG = 60.0


def make_case(shift: float = 0.0) -> wb.AuditCase:
    world = wb.datasets.loan(n=400, seed=1)
    model = wb.BlackBoxModel(
        lambda rows: rows["neighborhood_income"] / 400 + shift, features=["neighborhood_income"]
    )
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")


@pytest.fixture
def session() -> AuditSession:
    session = AuditSession()
    session.settings = QUICK
    session.open(make_case(), ("zip_code", "not a column"))
    session.target = wb.UnlearningTarget.feature("zip_code")
    return session


def test_opening_a_case_suggests_only_features_that_it_has(session: AuditSession) -> None:
    assert session.suggested == ("zip_code",)


def test_a_run_gives_the_report_that_python_gives(session: AuditSession) -> None:
    session.run()
    assert session.wait(LONG)
    assert session.state == "done"
    assert session.report is not None and session.case is not None and session.target is not None
    same = wb.audit(session.case, session.target, methods=("cafe",), threshold=0.02)
    pd.testing.assert_frame_equal(session.report.to_frame(), same.to_frame())


@pytest.mark.parametrize(
    ("change", "undo", "said"),
    [
        (
            lambda s: setattr(s, "target", wb.UnlearningTarget.feature("race")),
            lambda s: setattr(s, "target", wb.UnlearningTarget.feature("zip_code")),
            "target: zip_code → race",
        ),
        (
            lambda s: setattr(s, "settings", AuditSettings(methods=("cafe",), threshold=0.5)),
            lambda s: setattr(s, "settings", QUICK),
            "threshold τ: 0.02 → 0.5",
        ),
        (
            lambda s: s.edit_graph(s.case.graph.remove_edge("zip_code", "neighborhood_income")),
            lambda s: s.edit_graph(s.case.graph.add_edge("zip_code", "neighborhood_income")),
            "graph: zip_code → neighborhood_income taken away",
        ),
        (
            lambda s: setattr(s, "subgroups", {"older": "income > 50"}),
            lambda s: setattr(s, "subgroups", {}),
            "named subgroups",
        ),
    ],
    ids=["target", "settings", "graph", "subgroups"],
)
def test_a_change_leaves_the_result_and_says_what_changed_and_undone_it_holds_again(
    session: AuditSession, change, undo, said
) -> None:  # type: ignore[no-untyped-def]
    session.run()
    assert session.wait(LONG)
    found = session.report
    assert found is not None and session.stale == ()
    change(session)
    assert session.report is found
    assert session.stale == (said,) and session.state == "changed"
    undo(session)
    assert session.report is found
    assert session.stale == () and session.state == "done"


@pytest.mark.parametrize(
    "change", [lambda s: s.open(make_case(0.1)), lambda s: s.close()], ids=["case", "closed"]
)
def test_another_case_shows_no_result_of_the_one_before(session: AuditSession, change) -> None:  # type: ignore[no-untyped-def]
    session.run()
    assert session.wait(LONG)
    change(session)
    assert session.report is None and session.stale == () and session.state == "changed"
    assert len(session.history) == 1


def test_earlier_runs_are_kept_and_shown_again_with_what_changed_since(
    session: AuditSession,
) -> None:
    reports = []
    for name in ("zip_code", "race", "income"):
        session.target = wb.UnlearningTarget.feature(name)
        session.run()
        assert session.wait(LONG)
        reports.append(session.report)
    assert [run.report for run in session.history] == reports
    assert [run.number for run in session.history] == [1, 2, 3]
    session.show(session.history[0])
    assert session.report is reports[0] and session.stale == ("target: zip_code → income",)
    session.target = wb.UnlearningTarget.feature("race")
    assert session.report is reports[1] and session.state == "done"
    session.target = wb.UnlearningTarget.feature("neighborhood_income")
    assert session.report is reports[1] and session.stale == ("target: race → neighborhood_income",)
    session.show(session.history[0])
    assert session.report is reports[0]
    assert session.stale == ("target: zip_code → neighborhood_income",)


def test_a_result_that_arrives_after_a_change_is_dropped(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Event(), threading.Event()
    real = wb.audit

    def slow(*args, progress: Progress, **options):  # type: ignore[no-untyped-def]
        started.set()
        go_on.wait(LONG)
        return real(*args, **options)  # deaf to progress: it comes to its end

    monkeypatch.setattr(wb, "audit", slow)
    session.run()
    assert started.wait(LONG)
    session.target = wb.UnlearningTarget.feature("race")
    go_on.set()
    assert session.wait(LONG)
    assert session.report is None
    assert session.state == "changed"


def test_cancel_and_run_again(session: AuditSession, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()
    real = wb.audit

    def waits(*args, progress: Progress, **options):  # type: ignore[no-untyped-def]
        started.set()
        go_on.wait(LONG)
        return real(*args, progress=progress, **options)

    monkeypatch.setattr(wb, "audit", waits)
    session.run()
    assert started.wait(LONG) and session.state == "running"
    session.cancel()
    assert session.state == "cancelled"
    go_on.set()
    session.run()
    assert session.wait(LONG)
    assert session.state == "done"
    assert session.report is not None and session.report.features == ("zip_code",)


def test_the_verdict_is_shown_while_the_comparisons_run_and_outlives_a_cancel(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands, go_on = threading.Event(), threading.Event()
    real = wb.audit

    def waits(*args, early, **options):  # type: ignore[no-untyped-def]
        def held(report: wb.AuditReport) -> None:
            early(report)
            stands.set()
            go_on.wait(LONG)

        return real(*args, early=held, **options)

    monkeypatch.setattr(wb, "audit", waits)
    session.settings = AuditSettings(methods=("cafe", "permutation"))
    session.run()
    assert stands.wait(LONG)
    assert session.state == "running"
    assert session.report is not None and session.report.verdict is not None
    assert session.report.pending == ("permutation",)
    session.cancel()
    assert session.report.pending == () and "cancelled" in session.report.skipped["permutation"]
    go_on.set()
    assert session.wait(LONG)
    assert session.state == "cancelled" and not session.report.baselines


def test_a_failure_is_said_in_words(session: AuditSession) -> None:
    session.settings = AuditSettings(methods=("cafe",), threshold=-1.0)
    session.run()
    assert session.wait(LONG)
    assert session.state == "failed"
    assert "threshold must be a number above 0" in session.problem
    assert session.report is None


def test_what_is_missing_is_said_step_by_step() -> None:
    session = AuditSession()
    assert session.missing == ("Step 1: choose data and a model.",)
    session.open(make_case())
    assert session.missing[0].startswith("Step 3")
    session.target = wb.UnlearningTarget.feature("race")
    session.settings = AuditSettings(methods=())
    assert session.missing == ("Step 5: tick at least one method.",)
    session.run()  # nothing to run
    assert session.state == "idle"


def test_an_edit_that_cannot_be_changes_nothing(session: AuditSession) -> None:
    before = session.case
    with pytest.raises(wb.GraphError, match="elsewhere"):
        session.edit_graph(wb.CausalGraph([("elsewhere", "income")]))
    assert session.case is before


def test_named_subgroups_are_reported(session: AuditSession) -> None:
    session.subgroups = {"poorer": "neighborhood_income < 50"}
    session.run()
    assert session.wait(LONG)
    assert session.report is not None, session.problem
    assert list(session.report.subgroups) == ["poorer"]
    session.open(make_case())
    assert session.subgroups == {}
