"""What a run would take, said before it is run: a model is timed once, and never where it costs."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

import workbench as wb
from tests.widgets.widget_tree import LONG, finished, loan_case, said
from widgets.run.run_panel import RunPanel
from widgets.session.forecast import FIRST_ROWS, Forecast
from widgets.session.session import AuditSession
from workbench.auditing.outlook import TimeLeft
from workbench.case.asking.budget import Budget

READS = ["neighborhood_income", "credit_score"]


class Asked:
    """A model that counts the rows it is asked about, and the other models of the tests."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, rows: object) -> object:
        self.rows += len(rows)  # type: ignore[arg-type]
        return (rows[READS[0]] / 400 + rows[READS[1]] / 4000).to_numpy()  # type: ignore[index]


@pytest.fixture
def model() -> Asked:
    return Asked()


@pytest.fixture
def case(model: Asked) -> wb.AuditCase:
    loaded = loan_case().with_model(wb.BlackBoxModel(model, features=READS))  # type: ignore[arg-type]
    model.rows = 0
    return loaded


def told(session: AuditSession) -> Forecast:
    assert session.wait(LONG) and session._forecasts.wait(LONG)
    assert session.forecast is not None
    return session.forecast


def test_a_model_is_timed_once_and_the_words_follow_the_choices(
    session: AuditSession, case: wb.AuditCase, model: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session._live, "start", lambda *_: None)  # the estimate asks, too
    panel = RunPanel(session)
    session.open(case)
    assert session.forecast is None, "nothing is chosen to be forgotten yet"
    session.target = wb.UnlearningTarget.feature("zip_code")
    found = told(session)
    assert found.left is not None and found.left.everything > 0
    assert found.words() in said(panel)
    timed = model.rows
    assert FIRST_ROWS <= timed <= 5 * case.n_rows
    session.target = wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])
    fewer = told(session)
    assert fewer.rows < found.rows and fewer.words() in said(panel)
    assert model.rows == timed, "the model is the same"


def test_a_model_that_costs_is_not_asked_and_a_run_tells_its_rate(
    session: AuditSession, case: wb.AuditCase, model: Asked
) -> None:
    panel = RunPanel(session)
    session.open(case, live=False)
    session.target = wb.UnlearningTarget.feature("zip_code")
    found = told(session)
    assert model.rows == 0
    assert found.left is None and "known when it has answered" in said(panel)
    finished(session)
    assert told(session).left is not None
    session.open(case, live=False, rate=0.5)  # as its loading has measured it
    session.target = wb.UnlearningTarget.feature("zip_code")
    known = told(session)
    assert known.left is not None and known.left.everything > 0.5 * known.rows


def test_logged_predictions_are_not_asked(session: AuditSession, case: wb.AuditCase) -> None:
    logged = wb.BlackBoxModel.from_predictions(case.predictions, READS)
    session.open(wb.AuditCase(data=case.data, model=logged, graph=case.graph, outcome=case.outcome))
    session.target = wb.UnlearningTarget.feature("zip_code")
    found = told(session)
    assert found.rows == 0 and "asks the model nothing" in found.words()
    assert Forecast(95, TimeLeft(0.0, 3.0)).words() == (
        "Everything in a few seconds; asks the model about 95 rows."
    )


def test_no_verdict_is_promised_where_none_will_be_reached(
    session: AuditSession, case: wb.AuditCase
) -> None:
    panel = RunPanel(session)
    session.open(case, live=False, rate=0.01)
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert "The verdict in" in told(session).words()
    session.settings = replace(session.settings, methods=("shap",))
    assert "verdict" not in told(session).words() and "verdict in" not in said(panel)


def test_only_a_model_that_may_be_asked_freely_is_timed(
    session: AuditSession, case: wb.AuditCase, model: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session._live, "start", lambda *_: None)
    session.open(case)
    session.live_wanted = False
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert told(session).left is None and model.rows == 0, "nobody wants it asked while choosing"
    session.live_wanted = True
    assert told(session).left is not None and model.rows > 0
    again = case.with_model(wb.BlackBoxModel(model, features=READS))  # type: ignore[arg-type]
    model.rows = 0
    session.open(again.counted_in(Budget(limit=1_000)))
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert told(session).left is None and model.rows == 0, "its questions are limited"
    assert "rows, and 1,000 are still allowed: a run may end" in told(session).words()


def test_a_run_begins_when_the_timing_has_ended(
    session: AuditSession, case: wb.AuditCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session._live, "start", lambda *_: None)
    answer, timing, go_on = Asked(), threading.Event(), threading.Event()
    inside: list[int] = []
    most = 0

    def slow(rows: object) -> object:
        nonlocal most
        inside.append(1)
        most = max(most, len(inside))
        if loaded:
            timing.set()
            assert go_on.wait(LONG)
        inside.pop()
        return answer(rows)

    loaded = False
    session.open(case.with_model(wb.BlackBoxModel(slow, features=READS)))  # type: ignore[arg-type]
    loaded = True
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert timing.wait(LONG)
    session.run()
    assert not session.wait(0.3)
    go_on.set()
    assert session.wait(LONG) and session.state == "done" and most == 1
