"""Rows that are as they are, and questions that were put before, do not go to the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.batches import QueryBatch
from workbench.case.asking.budget import Budget
from workbench.case.asking.known_answers import KnownAnswers

N = 60
EVERYONE = np.arange(N)


@pytest.fixture
def told() -> list[int]:
    return []


@pytest.fixture
def case(told: list[int]) -> wb.AuditCase:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, N).astype(float)
    a[::7] = np.nan
    data = pd.DataFrame({"a": a, "b": rng.normal(size=N)})

    def score(rows: pd.DataFrame) -> np.ndarray:
        told.append(len(rows))
        return (10 * rows["a"].fillna(5.0) + rows["b"]).to_numpy()

    model = wb.BlackBoxModel(score, features=["a", "b"])
    made = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([], nodes=["a", "b"]))
    told.clear()
    return made


def test_only_rows_that_change_are_asked_about(case: wb.AuditCase, told: list[int]) -> None:
    batch = QueryBatch(case)
    values = case.columns["b"].values.copy()
    values[10:15] += 1.0
    answer = batch.ask(EVERYONE, {"a": case.columns["a"].values, "b": values})
    expected = case.predictions.copy()
    expected[10:15] = np.asarray(10 * case.data["a"].fillna(5.0) + values)[10:15]
    np.testing.assert_array_equal(answer.scores, expected)
    assert told == [5] and batch.asked == answer.asked == 5


def test_a_row_set_from_missing_to_a_value_changes(case: wb.AuditCase, told: list[int]) -> None:
    answer = QueryBatch(case).ask(EVERYONE, {"a": np.ones(N)})
    changed = ~(case.data["a"] == 1.0).to_numpy()
    np.testing.assert_array_equal(answer.scores, 10.0 + case.data["b"].to_numpy())
    assert told == [changed.sum()] == [answer.asked]


def test_the_same_question_is_put_once_per_batch(case: wb.AuditCase, told: list[int]) -> None:
    batch = QueryBatch(case)
    answers = [batch.ask(EVERYONE, {"b": np.zeros(N)}) for _ in range(3)]
    scores = [answer.scores for answer in answers]
    np.testing.assert_array_equal(scores[0], scores[2])
    again = batch.ask(EVERYONE, {"b": np.zeros(N)})
    np.testing.assert_array_equal(again.scores, scores[0])
    assert told == [N]


def test_another_call_asks_again_unless_questions_are_counted_together(
    case: wb.AuditCase, told: list[int]
) -> None:
    for _ in range(2):
        QueryBatch(case).ask(EVERYONE, {"b": np.zeros(N)}).scores  # noqa: B018
    assert told == [N, N]
    counted = case.counted_in(Budget())
    for _ in range(2):
        QueryBatch(counted).ask(EVERYONE, {"b": np.ones(N)}).scores  # noqa: B018
    assert told == [N, N, N]


def test_questions_that_differ_in_rows_or_values_differ(case: wb.AuditCase) -> None:
    batch = QueryBatch(case)
    keys = {
        batch.ask(EVERYONE, {"b": np.zeros(N)}).key,
        batch.ask(EVERYONE[:-1], {"b": np.zeros(N - 1)}).key,
        batch.ask(EVERYONE, {"b": np.ones(N)}).key,
        batch.ask(EVERYONE, {"a": np.full(N, 3.0)}).key,
    }
    assert len(keys) == 4


def test_the_oldest_answers_make_room() -> None:
    known = KnownAnswers(most_bytes=100)
    for name in (b"one", b"two", b"three"):
        known[name] = np.zeros(6)
    assert list(known) == [b"two", b"three"]
    known[b"large"] = np.zeros(1_000)
    assert list(known) == [b"large"]


def test_a_call_holds_fewer_rows_where_rows_are_wide(
    case: wb.AuditCase, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.case.asking.batches.BATCH_CELLS", 2 * 2 * N)
    batch = QueryBatch(case)
    for place in range(5):
        batch.ask(EVERYONE, {"b": np.full(N, place + 0.5)})
    batch.flush()
    assert told == [2 * N, 2 * N, N]
