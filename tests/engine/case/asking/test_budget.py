"""Who asks, counts: accounts of questions, with limits, across threads and audits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.progress import silent

READ = "neighborhood_income"
MODEL = wb.BlackBoxModel(lambda rows: rows["a"] / 100, features=["a"])


def rows(count: int) -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(count, dtype=float)})


class Scores:
    """A linear score of the loan world that counts, by thread, the rows it is shown."""

    def __init__(self, start: threading.Barrier | None = None) -> None:
        self.shown: dict[int, int] = {}
        self.start = start

    def __call__(self, asked: pd.DataFrame) -> np.ndarray:
        me = threading.get_ident()
        if self.start is not None and me not in self.shown:
            self.start.wait(60)
        self.shown[me] = self.shown.get(me, 0) + len(asked)
        return 1 / (1 + np.exp(-(asked[READ].to_numpy() - 50) / 20))


def loan_case(score: Scores) -> wb.AuditCase:
    world = wb.datasets.loan(n=600, seed=0)
    start, score.start = score.start, None
    model = wb.BlackBoxModel(score, features=[READ])
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    score.shown.clear()
    score.start = start
    return case


def test_rows_calls_seconds_and_steps_are_counted() -> None:
    budget = wb.Budget()
    budget.ask(MODEL, rows(3))
    with budget.step("one"):
        budget.ask(MODEL, rows(60))
        with budget.step("two"):
            budget.ask(MODEL, rows(5))
        budget.ask(MODEL, rows(2))
    assert (budget.spent, budget.calls) == (70, 4) and budget.seconds > 0
    assert budget.by_step == {"": 3, "one": 62, "two": 5}
    assert budget.limit is None and budget.left is None


def test_the_limit_holds_and_what_exceeds_it_asks_nothing() -> None:
    seen: list[int] = []
    model = wb.BlackBoxModel(lambda asked: seen.append(len(asked)) or asked["a"], features=["a"])
    budget = wb.Budget(limit=10)
    budget.ask(model, rows(7))
    with (
        budget.step("fuzzing"),
        pytest.raises(wb.ModelError, match=r"at most 10 rows; 7 were asked, and fuzzing needs 4"),
    ):
        budget.ask(model, rows(4))
    assert (seen, budget.spent, budget.left) == ([7], 7, 3)
    budget.ask(model, rows(3))
    assert (budget.left, budget.by_step) == (0, {"": 10})
    with pytest.raises(wb.ModelError, match="0 or more"):
        wb.Budget(limit=-1)


def test_a_question_that_fails_is_given_back() -> None:
    wider = wb.Budget(limit=100)
    budget = wb.Budget(within=wider)
    broken = wb.BlackBoxModel(lambda asked: asked["zzz"], features=["a"])
    with pytest.raises(wb.ModelError, match="failed"):
        budget.ask(broken, rows(5))
    assert (budget.spent, budget.calls, wider.spent, wider.calls) == (0, 0, 0, 0)


def test_an_account_within_another_counts_in_both_and_keeps_both_limits() -> None:
    wider = wb.Budget(limit=10)
    one, two = wb.Budget(within=wider), wb.Budget(limit=5, within=wider)
    one.ask(MODEL, rows(4))
    assert (one.left, two.left, wider.spent) == (6, 5, 4)
    with pytest.raises(wb.ModelError, match="at most 5 rows"):
        two.ask(MODEL, rows(6))
    assert (two.spent, wider.spent) == (0, 4)
    two.ask(MODEL, rows(5))
    with pytest.raises(wb.ModelError, match="at most 10 rows"):
        one.ask(MODEL, rows(2))
    assert (one.spent, two.spent, wider.spent, wider.left) == (4, 5, 9, 1)


def test_threads_cannot_exceed_the_limit_together() -> None:
    budget = wb.Budget(limit=50)

    def ask(_: int) -> bool:
        try:
            budget.ask(MODEL, rows(1))
        except wb.ModelError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(ask, range(400)))
    assert granted == budget.spent == budget.calls == 50


def test_a_case_counts_where_it_is_told_and_another_model_elsewhere() -> None:
    case, budget = loan_case(Scores()), wb.Budget()
    counted = case.counted_in(budget)
    case.ask(case.data)
    assert budget.spent == 0 and case.budget is None
    counted.ask(case.data.iloc[:10])
    counted.with_rows(np.arange(50)).ask(case.data.iloc[:3])
    counted.with_graph(case.graph).ask(case.data.iloc[:4])
    assert budget.spent == 17
    other = wb.BlackBoxModel(lambda asked: asked[READ] * 0.0, features=[READ])
    assert counted.with_model(other).budget is None and budget.spent == 17
    assert counted.predictions is case.predictions and counted.data is case.data


def test_two_audits_of_one_case_at_the_same_time_count_their_own() -> None:
    score = Scores()
    case = loan_case(score)
    target = wb.UnlearningTarget.feature("zip_code")
    plans = [("cafe", "fuzzing"), ("fuzzing", "permutation")]
    alone = [
        wb.audit(case, target, plan, seed=1, progress=silent).provenance.queries for plan in plans
    ]
    score.shown.clear()
    score.start = threading.Barrier(2)
    threads: dict[int, int] = {}

    def audit(number: int) -> wb.AuditReport:
        threads[number] = threading.get_ident()
        return wb.audit(case, target, plans[number], seed=1, progress=silent)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(audit, range(2)))
    assert alone[0] != alone[1]
    for number, report in enumerate(reports):
        assert report.provenance.queries == alone[number]
        assert sum(report.provenance.queries.values()) == score.shown[threads[number]] > 0


def test_an_audit_stays_within_the_limit_of_its_case() -> None:
    score = Scores()
    budget = wb.Budget(limit=20_000)
    case = loan_case(score).counted_in(budget)
    target = wb.UnlearningTarget.feature("zip_code")
    report = wb.audit(case, target, ("cafe", "shap"), progress=silent)
    assert report.effects.of("cafe")["zip_code"].total.low > 0
    assert "at most 20,000 rows" in report.skipped["shap"]
    assert sum(score.shown.values()) == budget.spent <= 20_000
