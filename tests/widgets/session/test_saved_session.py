"""A session as a file: all that was chosen and found comes back, no row, and nothing forged."""

from __future__ import annotations

import json
from typing import Any

import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, finished, loan_case
from widgets.session.saved_session import put_back, read_session, write_session
from widgets.session.session import AuditSession, AuditSettings
from workbench.case.intervention import Contrast, Resample, Shift
from workbench.common.errors import AuditError, DataError

SETTINGS = AuditSettings(
    methods=("cafe",),
    threshold=0.03,
    seed=4,
    interventions={
        "zip_code": Contrast("MA 02121", "MA 02467"),
        "income": Shift(2.5),
        "race": Resample(7, "parents"),
    },
    favourable="lower",
)


@pytest.fixture
def session() -> AuditSession:
    found = AuditSession()
    found.settings = AuditSettings(methods=("cafe",), threshold=0.02)
    found.open(loan_case())
    found.subgroups = {"black": "race == 'Black'"}
    found.target = wb.UnlearningTarget.subgroup("income > 20", ["zip_code"])
    return found


def fresh(case: wb.AuditCase) -> AuditSession:
    found = AuditSession()
    found.open(case)
    return found


def test_choices_and_results_come_back(session: AuditSession) -> None:
    first = finished(session)
    session.settings = SETTINGS
    assert session.case is not None
    edges = set(session.case.graph.edges) - {("employment_years", "income")}
    session.edit_graph(wb.CausalGraph(sorted(edges)))
    second = finished(session)
    kept = read_session(write_session(session))
    assert kept.question.settings == SETTINGS
    assert kept.question.target == session.target
    # A report that was read says so; what it found is the same.
    assert [run.report.verdict for run in kept.runs] == [first.verdict, second.verdict]
    assert [len(run.report.effects) for run in kept.runs] == [len(first.effects)] * 2

    again = fresh(loan_case())
    assert put_back(again, kept) == 2
    assert again.case is not None and set(again.case.graph.edges) == edges
    assert again.subgroups == {"black": "race == 'Black'"}
    # What stood then stands now, beside what has changed since.
    assert [run.number for run in again.history] == [1, 2]
    again.settings, again.target = SETTINGS, session.target
    assert again.stale == () and again.state == "done"
    assert again.report is not None and again.report.verdict == second.verdict
    again.show(again.history[0])
    assert any("employment_years → income taken away" in words for words in again.stale)


def test_no_row_of_the_data_is_in_the_file(session: AuditSession) -> None:
    finished(session)
    text = write_session(session)
    assert session.case is not None
    incomes = session.case.data["income"]
    assert sum(repr(float(value)) in text for value in incomes) <= 6  # bounds, not rows


def test_another_table_or_model_is_told_apart(session: AuditSession) -> None:
    finished(session)
    kept = read_session(write_session(session))
    world = wb.datasets.loan(n=200, seed=2)
    reads = ["credit_score"]
    model = wb.BlackBoxModel(lambda rows: rows["credit_score"].to_numpy(), features=reads)
    other = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    with pytest.raises(DataError, match="not the one of the saved session"):
        put_back(fresh(other), kept)
    again = fresh(loan_case().with_model(model))
    assert put_back(again, kept) == 0 and again.history == () and again.report is None


def test_the_oldest_results_give_way(session: AuditSession) -> None:
    size = int(1.2 * len(finished(session).to_json()))
    session.settings = AuditSettings(methods=("cafe",), threshold=0.04)
    finished(session)
    kept = read_session(write_session(session, most_bytes=size))
    assert [run.number for run in kept.runs] == [2]
    assert read_session(write_session(session, most_bytes=0)).runs == ()


def forged(text: str, change: Any) -> str:
    values = json.loads(text)
    change(values)
    return json.dumps(values)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(format="other"),
        lambda v: v.update(format_version=2),
        lambda v: v.update(more=1),
        lambda v: v.pop("question"),
        lambda v: v.update(runs=v["runs"] * 11),
        lambda v: v["question"].update(graph={"nodes": ["a"], "edges": [["a", "a"]]}),
        lambda v: v["question"].update(methods=["os.system"]),
        lambda v: v["question"].update(checks=[HOSTILE]),
        lambda v: v["question"].update(seed=-1),
        lambda v: v["question"].update(threshold=1e308),
        lambda v: v["question"].update(condition="__import__('os').system('true')"),
        lambda v: v["question"].update(interventions={"income": {"kind": "contrast"}}),
        lambda v: v["question"].update(
            rows=[{"text": "x", "code": "__import__('os').system('true')"}]
        ),
        lambda v: v["runs"][0].update(started="yesterday"),
        lambda v: v["runs"][0]["report"].update(verdict=None),
        lambda v: v["runs"][0].update(report={}),
    ],
)
def test_what_is_not_a_session_is_refused(session: AuditSession, change: Any) -> None:
    finished(session)
    text = write_session(session)
    read_session(text)
    with pytest.raises(AuditError):
        read_session(forged(text, change))


def test_other_files_are_refused_in_words(session: AuditSession) -> None:
    report = finished(session)
    with pytest.raises(DataError, match="legal review page"):
        read_session(report.to_json())
    with pytest.raises(DataError, match="cannot be read as JSON"):
        read_session("{")
    with pytest.raises(DataError, match="nothing to save yet"):
        write_session(AuditSession())


def test_what_was_typed_of_the_case_comes_back_and_is_checked(session: AuditSession) -> None:
    session.details = wb.CaseDetails(asked_by=HOSTILE, law="GDPR art. 17")
    text = write_session(session)
    again = fresh(loan_case())
    put_back(again, read_session(text))
    assert again.details == session.details
    older = json.loads(text)
    del older["details"]
    assert read_session(json.dumps(older)).details is None, "files of before have no case"
    put_back(again, read_session(json.dumps(older)))
    assert again.details == session.details, "a file without a case takes none away"
    for forged in ({"asked_by": 7}, {"law": "x" * 100_000}, {"sql": ""}, {"arrows": {"a": "b"}}):
        with pytest.raises(AuditError):
            read_session(json.dumps({**older, "details": forged}))
