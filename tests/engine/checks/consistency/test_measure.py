"""Answers that depend on how they are asked for are seen; those of honest models are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.consistency.measure import AnswerConsistency, answer_consistency
from workbench.common.errors import DataError, ModelError
from workbench.unlearning import AuditAware, Unlearned, UnlearningRequest, unlearn

ROWS = 600
FEATURES = ("neighborhood_income", "credit_score", "debt_ratio")


@pytest.fixture(scope="module")
def world() -> Any:
    return wb.datasets.loan(ROWS, 3)


@pytest.fixture(scope="module")
def target() -> wb.UnlearningTarget:
    return wb.UnlearningTarget.datapoints(range(20))


def done(world: Any, target: wb.UnlearningTarget, method: Any, learner: str | None) -> Unlearned:
    request = UnlearningRequest.make(
        target, world.data, outcome=world.outcome, features=FEATURES, graph=world.graph
    )
    return unlearn(method, request, learner=learner)


def case_of(world: Any, model: Any) -> wb.AuditCase:
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def found(consistency: AnswerConsistency) -> set[str]:
    return {question.asked for question in consistency.inconsistent}


@pytest.mark.parametrize(
    ("method", "learner"),
    [("retrain", "logistic"), ("retrain", "forest"), ("retrain", "mlp"), ("sisa", "logistic"),
     ("newton-step", "logistic"), ("unchanged", "logistic")],
)  # fmt: skip
def test_models_that_answer_from_one_set_of_weights_are_consistent(
    world: Any, target: wb.UnlearningTarget, method: str, learner: str
) -> None:
    after = done(world, target, method, learner).after
    served = after.predict(world.data)
    consistency = answer_consistency(case_of(world, after), target, served=served)
    assert consistency.decision == "not found"
    assert [question.differing for question in consistency.questions] == [0, 0, 0]
    assert "agree with those" in consistency.finding


@pytest.mark.parametrize("learner", ["logistic", "forest"])
def test_answers_kept_for_the_very_rows_are_seen_from_next_to_them(
    world: Any, target: wb.UnlearningTarget, learner: str
) -> None:
    after = done(world, target, "masked-outputs", learner).after
    consistency = answer_consistency(case_of(world, after), target)
    assert found(consistency) == {"nearby"}
    nearby = next(one for one in consistency.questions if one.asked == "nearby")
    assert (nearby.n_rows, nearby.other_rows, nearby.other_differing) == (20, 200, 0)
    assert nearby.share > 0.8
    assert "jumps" in nearby.sentence() and "treated apart" in consistency.finding


def test_a_model_that_looks_at_the_size_of_the_call_is_seen_by_asking_alone(
    world: Any, target: wb.UnlearningTarget
) -> None:
    after = done(world, target, "audit-aware", "logistic").after
    consistency = answer_consistency(case_of(world, after), target)
    assert found(consistency) == {"alone"}
    assert "asked alone" in consistency.finding


def test_a_perfect_actor_is_seen_only_by_what_was_served(
    world: Any, target: wb.UnlearningTarget
) -> None:
    actor = done(world, target, AuditAware(batch=1), "logistic")
    case = case_of(world, actor.after)
    unlogged = answer_consistency(case, target)
    assert unlogged.decision == "not found"
    assert "would not be caught" in unlogged.finding
    # Daily use, before anybody audits: the old model answers some of the rows.
    served = np.full(ROWS, np.nan)
    served[100:200] = actor.before.predict(world.data.iloc[100:200])
    logged = answer_consistency(case, target, served=served)
    assert found(logged) == {"served"}
    question = next(one for one in logged.questions if one.asked == "served")
    assert question.n_rows == 100 and question.share > 0.9
    assert 0 < question.mean_gap <= question.largest_gap < 0.1
    wrapped = wb.BlackBoxModel.from_predictions(np.nan_to_num(served), FEATURES)
    assert found(answer_consistency(case, target, served=wrapped)) == {"served"}


def test_random_answers_are_not_called_a_fraud(world: Any, target: wb.UnlearningTarget) -> None:
    rng = np.random.default_rng(0)

    def noisy(rows: pd.DataFrame) -> Any:
        scores = rows["credit_score"].to_numpy() / 1000
        return scores + np.where(rng.random(len(rows)) < 0.3, rng.normal(0, 0.01, len(rows)), 0)

    case = case_of(world, wb.BlackBoxModel(noisy, FEATURES, output="value"))
    consistency = answer_consistency(case, target, served=noisy(world.data))
    assert min(question.differing for question in consistency.questions) > 0
    assert consistency.decision == "not found"
    alone = consistency.questions[0]
    assert alone.other_differing > 0 and "asked twice" in alone.sentence()


def test_a_target_of_all_rows_is_held_against_rows_put_together(world: Any) -> None:
    request_target = wb.UnlearningTarget.feature("neighborhood_income")
    masked = done(world, request_target, "masked-outputs", "logistic")
    consistency = answer_consistency(case_of(world, masked.after), request_target)
    assert found(consistency) == {"nearby"}
    nearby = next(one for one in consistency.questions if one.asked == "nearby")
    assert nearby.other_rows == 200 and nearby.other_differing == 0
    honest = done(world, request_target, "retrain", "forest")
    assert found(answer_consistency(case_of(world, honest.after), request_target)) == set()


def test_steps_and_single_values_of_an_honest_model_are_no_list() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"hours": rng.choice([20.0, 40.0, 60.0], 300), "age": rng.random(300)})
    frame["won"] = rng.random(300) < 0.5

    def scores(rows: pd.DataFrame) -> Any:
        stepped = np.where(rows["hours"] <= 20, 0.2, 0.4)  # jumps on one side of 20
        return stepped + np.where(rows["hours"] == 40, 0.3, 0.0) + 0.1 * rows["age"]

    case = wb.AuditCase(
        data=frame,
        model=wb.BlackBoxModel(scores, ["hours", "age"], output="value"),
        graph=wb.CausalGraph([("hours", "won"), ("age", "won")]),
        outcome="won",
    )
    for asked in (wb.UnlearningTarget.feature("hours"), wb.UnlearningTarget.datapoints(range(30))):
        consistency = answer_consistency(case, asked)
        nearby = next(one for one in consistency.questions if one.asked == "nearby")
        full = frame["hours"].iloc[:30] == 40
        assert nearby.differing > 0 and nearby.other_differing > 0
        if asked.rows is not None:
            assert nearby.differing == full.sum(), "only at 40 hours, not at the step"
        assert consistency.decision == "not found"


def test_the_same_seed_gives_the_same_table(world: Any, target: wb.UnlearningTarget) -> None:
    case = case_of(world, done(world, target, "masked-outputs", "logistic").after)
    once, again = (answer_consistency(case, target, rows=10).to_frame() for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    assert once["n_rows"].tolist() == [20, 10]
    assert ((once["low"] <= once["share"]) & (once["share"] <= once["high"])).all()


def test_models_without_numbers_say_what_could_not_be_asked() -> None:
    frame = pd.DataFrame({"kind": ["a", "b"] * 20, "won": [0, 1] * 20})
    model = wb.BlackBoxModel(lambda rows: (rows["kind"] == "a") * 0.5, ["kind"], output="value")
    case = wb.AuditCase(
        data=frame, model=model, graph=wb.CausalGraph([("kind", "won")]), outcome="won"
    )
    consistency = answer_consistency(case, wb.UnlearningTarget.datapoints([0]))
    assert list(consistency.left_out) == ["nearby"]
    assert consistency.sentences()[-1].startswith("The model reads no number")


def test_mistakes_are_named(world: Any, target: wb.UnlearningTarget) -> None:
    after = done(world, target, "retrain", "logistic").after
    case = case_of(world, after)
    with pytest.raises(DataError, match="shape"):
        answer_consistency(case, target, served=[0.1])
    with pytest.raises(DataError, match="not numbers"):
        answer_consistency(case, target, served=["a"] * ROWS)
    with pytest.raises(DataError, match="No prediction is logged"):
        answer_consistency(case, target, served=np.full(ROWS, np.nan))
    with pytest.raises(DataError, match="not a model"):
        answer_consistency(case, target, served=after)
    with pytest.raises(DataError, match="At least one row"):
        answer_consistency(case, target, rows=0)
    logged = wb.BlackBoxModel.from_predictions(after.predict(world.data), FEATURES)
    with pytest.raises(ModelError, match="cannot be asked again"):
        answer_consistency(case_of(world, logged), target)
