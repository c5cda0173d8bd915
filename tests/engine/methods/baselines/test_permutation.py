"""Permutation importance equals scikit-learn's own, and says what it scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.inspection import permutation_importance as by_sklearn
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditCancelled, AuditError, ModelError
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.baselines import permutation_importance
from workbench.models.black_box import BlackBoxModel

READS = ["age", "job"]
EVERYWHERE = UnlearningTarget.feature("age")


def people(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "unread": rng.normal(size=n),
            "job": rng.choice(["clerk", "cook", "none"], n),
            "age": rng.normal(40, 10, n).round(),
        }
    )
    score = (frame["age"] - 40) / 10 + (frame["job"] == "cook") + rng.normal(size=n)
    return frame.assign(paid=np.where(score > 0, "yes", "no"), amount=score)


def classifier(frame: pd.DataFrame) -> Pipeline:
    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["job"]), (StandardScaler(), ["age"])),
        LogisticRegression(),
    )
    return pipeline.fit(frame[READS], frame["paid"])


def case_of(frame: pd.DataFrame, model: object, **options: object) -> AuditCase:
    return AuditCase(frame, model, CausalGraph([("unread", "age")]), **options)


def moved(column: pd.Series, seed: int, repeats: int) -> int:
    """Count the rows that scikit-learn's shuffles give another value."""
    state = np.random.RandomState(np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1))
    own = values = column.to_numpy()
    order, count = np.arange(len(own)), 0
    for _ in range(repeats):
        state.shuffle(order)
        values = values[order]
        count += int((values != own).sum())
    return count


def test_equals_scikit_learn_on_the_pipeline_by_roc_auc() -> None:
    frame = people()
    model = classifier(frame)
    found = permutation_importance(
        case_of(frame, model, outcome="paid"), EVERYWHERE, n_repeats=4, seed=3
    )
    theirs = by_sklearn(
        model, frame[READS], frame["paid"], scoring="roc_auc", n_repeats=4, random_state=3
    )
    assert found.values[READS].to_numpy() == pytest.approx(theirs.importances_mean)
    assert found.values["unread"] == 0.0
    assert list(found.values.index) == ["unread", "job", "age"]
    assert found.unit == "decrease in ROC AUC"
    assert found.queries == sum(moved(frame[name], seed=3, repeats=4) for name in READS)
    assert "ROC AUC against 'paid', on 200 of 200 rows" in found.explanation


def test_equals_scikit_learn_on_a_subgroup_by_r_squared() -> None:
    frame = people()
    features = frame[["age", "unread"]]
    model = LinearRegression().fit(features, frame["amount"])
    found = permutation_importance(
        case_of(frame, model, outcome="amount"), UnlearningTarget.subgroup("age > 40", ["age"])
    )
    rows = frame["age"] > 40
    theirs = by_sklearn(
        model, features[rows], frame["amount"][rows], scoring="r2", n_repeats=2, random_state=0
    )
    assert found.values[["age", "unread"]].to_numpy() == pytest.approx(theirs.importances_mean)
    assert found.unit == "decrease in R²"
    assert found.n_rows == rows.sum()


@pytest.mark.parametrize("positive", ["yes", "no"])
def test_either_class_may_be_audited(positive: str) -> None:
    frame = people()
    model = BlackBoxModel.from_estimator(classifier(frame), positive=positive)
    found = permutation_importance(case_of(frame, model, outcome="paid"), EVERYWHERE)
    assert found.values["age"] > 0.1  # with the classes confused it would be negative


def test_a_callable_takes_the_higher_level_for_positive() -> None:
    frame = people()
    model = BlackBoxModel(lambda rows: rows["age"] / 100, features=["age"])
    found = permutation_importance(case_of(frame, model, outcome="paid"), EVERYWHERE)
    assert found.unit == "decrease in ROC AUC"
    assert found.values["age"] > 0.1


def test_rows_without_an_outcome_are_left_out() -> None:
    frame = people()
    model = classifier(frame)
    holes = frame.assign(paid=frame["paid"].where(np.arange(200) % 4 > 0))
    found = permutation_importance(case_of(holes, model, outcome="paid"), EVERYWHERE)
    kept = holes["paid"].notna()
    theirs = by_sklearn(
        model,
        frame[READS][kept],
        frame["paid"][kept],
        scoring="roc_auc",
        n_repeats=2,
        random_state=0,
    )
    assert found.values[READS].to_numpy() == pytest.approx(theirs.importances_mean)
    assert "on 150 of 200 rows" in found.explanation


@pytest.mark.parametrize("outcome", [None, "paid"])
def test_without_a_varying_outcome_the_model_is_its_own_judge(outcome: str | None) -> None:
    frame = people()
    model = BlackBoxModel(lambda rows: rows["age"] / 100, features=["age"])
    constant = frame.assign(paid=np.where(frame["age"] > 30, "yes", "no"))
    target = UnlearningTarget.subgroup("age > 35", ["age"])
    found = permutation_importance(case_of(constant, model, outcome=outcome), target, n_repeats=1)
    ages = frame["age"][frame["age"] > 35].to_numpy()
    order = np.arange(len(ages))
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max + 1)
    np.random.RandomState(seed).shuffle(order)
    assert found.values["age"] == pytest.approx(np.abs(ages[order] - ages).mean() / 100)
    assert found.unit == "mean absolute change of the prediction"
    reason = "no outcome is recorded" if outcome is None else "the outcome does not vary here"
    assert reason in found.explanation


@pytest.mark.parametrize("outcome", ["paid", "amount", None])
def test_the_interval_holds_for_other_rows_and_other_shuffles(outcome: str | None) -> None:
    frame = people(60_000)
    model = BlackBoxModel(
        lambda rows: 1 / (1 + np.exp(-0.1 * (rows["age"] - 40))),
        features=["age"],
        output="value" if outcome == "amount" else "probability",
    )
    case = case_of(frame, model, outcome=outcome)
    truth = permutation_importance(case, EVERYWHERE, max_rows=None)
    inside, errors, values = 0, [], []
    for turn in range(200):
        part = frame.iloc[turn * 300 : (turn + 1) * 300].reset_index(drop=True)
        found = permutation_importance(case_of(part, model, outcome=outcome), EVERYWHERE, seed=turn)
        inside += found.low["age"] <= truth.values["age"] <= found.high["age"]
        errors.append((found.high - found.values)["age"] / 1.96)
        values.append(found.values["age"])
    assert 0.88 <= inside / 200 <= 0.99
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_rows_are_sampled_by_seed_above_the_limit() -> None:
    frame = people()
    case = case_of(frame, classifier(frame), outcome="paid")
    found = permutation_importance(case, EVERYWHERE, max_rows=50)
    again = permutation_importance(case, EVERYWHERE, max_rows=50)
    other = permutation_importance(case, EVERYWHERE, max_rows=50, seed=1)
    everything = permutation_importance(case, EVERYWHERE, max_rows=None)
    assert found.values.equals(again.values)
    assert not found.values.equals(other.values)
    assert (found.n_rows, everything.n_rows) == (50, 200)
    assert "on 50 of 200 rows" in found.explanation


def test_one_row_cannot_be_shuffled() -> None:
    frame = people()
    case = case_of(frame, classifier(frame), outcome="paid")
    found = permutation_importance(case, UnlearningTarget.datapoints([3]))
    assert found.values.isna().tolist() == [False, True, True]
    assert "one row has no other value" in found.explanation


def test_progress_and_cancel() -> None:
    frame = people()
    case = case_of(frame, classifier(frame), outcome="paid")
    shares: list[float] = []
    permutation_importance(case, EVERYWHERE, progress=lambda step, share: shares.append(share))
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)

    def stop(step: str, share: float) -> None:
        if share > 0.5:
            raise AuditCancelled

    with pytest.raises(AuditCancelled):
        permutation_importance(case, EVERYWHERE, progress=stop)


def test_bad_requests_are_refused_in_words() -> None:
    frame = people()
    logged = case_of(frame, BlackBoxModel.from_predictions(frame["age"], features=["age"]))
    with pytest.raises(ModelError, match=r"asks the model .* logged predictions"):
        permutation_importance(logged, EVERYWHERE)
    case = case_of(frame, classifier(frame), outcome="paid")
    with pytest.raises(AuditError, match=r"n_repeats of at least 1, not 0"):
        permutation_importance(case, EVERYWHERE, n_repeats=0)
