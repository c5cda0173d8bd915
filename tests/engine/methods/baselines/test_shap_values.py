"""SHAP against closed forms, against Shapley's formula by enumeration, and its manners."""

from __future__ import annotations

import itertools
import logging
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from workbench.case.asking.budget import Budget
from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditCancelled, AuditError, MissingPackageError, ModelError
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.baselines import shap_importance
from workbench.models.black_box import BlackBoxModel

EVERYWHERE = UnlearningTarget.feature("a")
QUIET = """
import logging, warnings, numpy, pandas
from workbench.methods.baselines.quiet_import import quiet_import
before = list(warnings.filters), numpy.geterr(), pandas.get_option("display.max_rows")
quiet_import({module!r})
assert logging.root.handlers == [] and logging.root.filters == []
assert (list(warnings.filters), numpy.geterr(), pandas.get_option("display.max_rows")) == before
"""


def numbers(n: int = 40, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.normal(size=n) for name in "abc"})


def case_of(frame: pd.DataFrame, model: object, **options: object) -> AuditCase:
    return AuditCase(frame, model, CausalGraph([("a", "b")]), **options)


def enumerated(case: AuditCase) -> pd.Series:
    """Mean |Shapley value| over all rows against all rows, from the definition."""
    reads, data = list(case.reads), case.data
    n, p = len(data), len(reads)
    worth = {}
    for k in range(p + 1):
        for chosen in itertools.combinations(range(p), k):
            mixed = data[reads].iloc[np.tile(np.arange(n), n)].reset_index(drop=True)
            explained = data[reads].iloc[np.repeat(np.arange(n), n)].reset_index(drop=True)
            for j in chosen:
                mixed[reads[j]] = explained[reads[j]]
            worth[chosen] = case.model.predict(mixed).reshape(n, n).mean(axis=1)
    found = {}
    for j, name in enumerate(reads):
        value = np.zeros(n)
        others = [i for i in range(p) if i != j]
        for k in range(p):
            weight = math.factorial(k) * math.factorial(p - k - 1) / math.factorial(p)
            for chosen in itertools.combinations(others, k):
                with_j = tuple(sorted((*chosen, j)))
                value += weight * (worth[with_j] - worth[chosen])
        found[name] = np.abs(value).mean()
    return pd.Series(found)


def test_linear_model_is_weight_times_distance_from_the_mean() -> None:
    frame = numbers().assign(d=0.0)
    model = LinearRegression().fit(frame[["a", "b", "c"]], frame["a"] * 2 - frame["b"])
    graph = CausalGraph([("d", "b")])
    target = UnlearningTarget.subgroup("c > 0", ["a"])
    found = shap_importance(AuditCase(frame, model, graph), target)
    rows = frame[frame["c"] > 0]
    for name, weight in zip("abc", model.coef_, strict=True):
        by_hand = np.abs(weight * (rows[name] - frame[name].mean()))
        assert found.values[name] == pytest.approx(by_hand.mean(), abs=1e-12)
        half = 1.96 * by_hand.std(ddof=1) / math.sqrt(len(rows))
        assert found.high[name] - found.values[name] == pytest.approx(half, abs=1e-12)
    assert found.values["d"] == 0.0
    assert list(found.values.index) == ["a", "b", "c", "d"]
    assert (found.unit, found.exact, found.queries, found.n_rows) == ("value", True, 0, len(rows))
    assert "LinearExplainer" in found.explanation


def mixed(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "a": rng.integers(18, 80, n),
            "b": rng.choice(["x", "y", "z"], n),
            "c": pd.Categorical(rng.choice(["low", "high"], n), ["low", "high"], ordered=True),
            "d": rng.random(n) > 0.5,
            "e": np.where(rng.random(n) > 0.8, np.nan, rng.normal(size=n)),
        }
    )


@pytest.mark.parametrize("positive", ["yes", "no"])
def test_one_hot_columns_are_summed_back_before_the_absolute_value(positive: str) -> None:
    frame = mixed()
    features = frame[["a", "b", "c"]]
    rng = np.random.default_rng(0)
    y = np.where((features["b"] == "x") + rng.normal(size=60) > 0.5, "yes", "no")
    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["b", "c"]), (StandardScaler(), ["a"])),
        LogisticRegression(),
    ).fit(features, y)
    model = BlackBoxModel.from_estimator(pipeline, positive=positive)
    found = shap_importance(case_of(frame, model), EVERYWHERE)
    inputs = pipeline[:-1].transform(features)
    shares = pipeline[-1].coef_[0] * (inputs - inputs.mean(axis=0))
    by_hand = {"a": shares[:, 5], "b": shares[:, :3].sum(axis=1), "c": shares[:, 3:5].sum(axis=1)}
    for name, row_values in by_hand.items():
        assert found.values[name] == pytest.approx(np.abs(row_values).mean(), abs=1e-10)
    assert (found.unit, found.exact) == ("log-odds", True)


def test_forest_equals_enumeration_on_scaled_whole_numbers() -> None:
    # Ages between the training ages lie on thresholds, where shap alone takes wrong branches.
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: rng.integers(0, 40, 70) for name in "abc"})
    y = (frame["a"] * frame["b"] + 5 * frame["c"] > 500).astype(int)
    even = frame // 2 * 2
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0))
    case = case_of(frame, pipeline.fit(even, y))
    found = shap_importance(case, EVERYWHERE)
    assert found.exact
    assert found.unit == "probability"
    assert "TreeExplainer" in found.explanation
    assert found.n_rows == 70
    pd.testing.assert_series_equal(found.values, enumerated(case), atol=1e-6)


def test_one_class_of_several_is_explained() -> None:
    frame = numbers(50)
    y = np.digitize(frame["a"] + frame["b"] ** 2, [0.0, 1.0])
    forest = RandomForestClassifier(10, max_depth=3, random_state=0).fit(frame, y)
    for positive in (0, 1, 2):
        case = case_of(frame, BlackBoxModel.from_estimator(forest, positive=positive))
        found = shap_importance(case, EVERYWHERE)
        assert found.exact
        pd.testing.assert_series_equal(found.values, enumerated(case), atol=1e-6)


def test_boosting_with_missing_values_is_explained_in_log_odds() -> None:
    frame = numbers(300)
    frame.loc[::4, "b"] = np.nan
    model = HistGradientBoostingClassifier(max_iter=10, random_state=0)
    model.fit(frame, frame["a"] + frame["b"].fillna(1.0) > 0)
    found = shap_importance(case_of(frame, model), EVERYWHERE)
    assert found.exact
    assert found.unit == "log-odds"
    assert found.values["a"] > found.values["c"]


def test_any_callable_on_any_column_type_equals_enumeration() -> None:
    frame = mixed(12)
    seen: list[pd.Series] = []

    def score(rows: pd.DataFrame) -> np.ndarray:
        seen.append(rows.dtypes)
        return (
            rows["a"].to_numpy() / 80
            + (rows["b"] == "x").to_numpy() * (rows["c"] == "high").to_numpy()
            + 2.0 * rows["d"].to_numpy()
            + rows["e"].isna().to_numpy()
        )

    case = case_of(frame, BlackBoxModel(score, features=list("abcde"), output="value"))
    budget = Budget()
    found = shap_importance(case.counted_in(budget), EVERYWHERE)
    assert not found.exact
    assert found.queries == budget.spent <= 200_000
    assert all((dtypes.map(str) == frame.dtypes.map(str)).all() for dtypes in seen)
    # Pairs of an order and its reverse are exact up to interactions of two features.
    pd.testing.assert_series_equal(found.values, enumerated(case), atol=1e-10)


def test_inputs_that_mix_features_are_asked_about_instead() -> None:
    frame = numbers()
    for step in (PCA(2), PolynomialFeatures(2)):
        pipeline = make_pipeline(step, LinearRegression()).fit(frame, frame["a"] * frame["b"])
        case = case_of(frame, pipeline)
        found = shap_importance(case, EVERYWHERE)
        assert not found.exact
        assert "PermutationExplainer" in found.explanation
        pd.testing.assert_series_equal(found.values, enumerated(case), atol=1e-8)


def test_an_estimator_that_the_score_does_not_come_from_is_not_trusted() -> None:
    frame = numbers()
    model = BlackBoxModel(lambda rows: rows["c"] * 3.0, features=list("abc"), output="value")
    model = model._with(estimator=LinearRegression().fit(frame, frame["a"]))
    found = shap_importance(case_of(frame, model), EVERYWHERE)
    assert not found.exact
    assert found.values["c"] > 1.0
    assert found.values["a"] == 0.0


def test_the_budget_holds_and_rows_are_sampled_by_seed() -> None:
    frame = numbers(500)
    case = case_of(
        frame, BlackBoxModel(lambda r: r["a"] * r["b"], features=list("ab"), output="value")
    )
    for budget in (5, 60, 2_000):
        found = shap_importance(case, EVERYWHERE, max_queries=budget)
        assert 0 < found.queries <= budget
        assert f"{budget:,} queries" in found.explanation
    again = shap_importance(case, EVERYWHERE, max_queries=2_000)
    other = shap_importance(case, EVERYWHERE, max_queries=2_000, seed=1)
    assert found.values.equals(again.values)
    assert not found.values.equals(other.values)
    assert found.n_rows == 20
    assert "on 20 of 500 rows" in found.explanation
    with pytest.raises(AuditError, match=r"needs 5 queries .* max_queries is 4\. Allow"):
        shap_importance(case, EVERYWHERE, max_queries=4)


@pytest.mark.parametrize("kind", ["linear", "trees", "callable"])
def test_a_single_datapoint_has_no_interval(kind: str) -> None:
    frame = numbers(300)
    models = {
        "linear": LinearRegression().fit(frame, frame["a"]),
        "trees": RandomForestClassifier(5, random_state=0).fit(frame, frame["a"] > 0),
        "callable": BlackBoxModel(lambda r: r["a"], features=list("abc"), output="value"),
    }
    found = shap_importance(case_of(frame, models[kind]), UnlearningTarget.datapoints([7]))
    assert found.n_rows == 1
    assert found.low is None
    assert found.values.idxmax() == "a"


@pytest.mark.parametrize("kind", ["linear", "trees", "callable"])
def test_progress_runs_from_zero_to_one_and_can_cancel(kind: str) -> None:
    frame = numbers(100)
    models = {
        "linear": LinearRegression().fit(frame, frame["a"]),
        "trees": RandomForestClassifier(5, random_state=0).fit(frame, frame["a"] > 0),
        "callable": BlackBoxModel(lambda r: r["a"], features=list("abc"), output="value"),
    }
    case = case_of(frame, models[kind])
    shares: list[float] = []
    shap_importance(case, EVERYWHERE, progress=lambda step, share: shares.append(share))
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)

    def stop(step: str, share: float) -> None:
        if share >= (0.0 if kind == "linear" else 0.2):
            raise AuditCancelled

    with pytest.raises(AuditCancelled):
        shap_importance(case, EVERYWHERE, progress=stop)


def test_logged_predictions_cannot_be_explained() -> None:
    frame = numbers()
    case = case_of(frame, BlackBoxModel.from_predictions(frame["a"], features=["a"]))
    with pytest.raises(ModelError, match=r"SHAP asks .* logged predictions"):
        shap_importance(case, EVERYWHERE)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = numbers()
    case = case_of(frame, LinearRegression().fit(frame, frame["a"]))
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(MissingPackageError, match=r'pip install "cafe-workbench\[baselines\]"'):
        shap_importance(case, EVERYWHERE)


@pytest.mark.parametrize("module", ["shap", "aif360.sklearn.metrics"])
def test_importing_prints_nothing_and_changes_nothing(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUIET.format(module=module)],
        cwd=Path(__file__).resolve().parents[4],
        env={**os.environ, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_explaining_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    frame = numbers(100)
    case = case_of(frame, BlackBoxModel(lambda r: r["a"], features=list("abc"), output="value"))
    np.random.seed(5)
    expected = np.random.RandomState(5).random()
    before = (list(logging.root.handlers), list(warnings.filters), np.geterr())
    shap_importance(case, EVERYWHERE)
    assert np.random.random() == expected
    assert (list(logging.root.handlers), list(warnings.filters), np.geterr()) == before
    assert capfd.readouterr() == ("", "")
