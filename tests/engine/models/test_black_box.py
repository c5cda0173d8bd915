"""The black box: what it accepts, what it refuses, and what it counts."""

from __future__ import annotations

import dataclasses
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from workbench.common.errors import AuditCancelled, ModelError
from workbench.models.black_box import BlackBoxModel
from workbench.models.estimators import read_features

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 4)), columns=list("abcd"))
TEXT = X.assign(e=["x", "y", "z"] * 20)
Y = (X["a"] + X["c"] > 0).astype(int)
WORDS = np.array(["low", "mid", "high"])[(X["a"] > 0).astype(int) + (X["b"] > 0)]


def answers(scores: object, **options) -> np.ndarray:
    return BlackBoxModel(lambda rows: scores, features=["a"], **options).predict(X[:3])


@pytest.mark.parametrize(
    "scores",
    [
        [0.1, 0.2, 0.3],
        (0.1, 0.2, 0.3),
        np.array([[0.1], [0.2], [0.3]]),
        pd.Series([0.1, 0.2, 0.3], index=[0, 1, 2]),
        pd.Series([0.1, 0.2, 0.3], dtype="Float64"),
        pd.DataFrame({"p": [0.1, 0.2, 0.3]}),
        np.array([0.1, 0.2, 0.3], dtype=object),
    ],
)
def test_one_score_per_row_in_many_forms(scores: object) -> None:
    result = answers(scores)
    assert result.dtype == np.float64 and result.tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (
            np.zeros((3, 2)),
            r"shape \(3, 2\); one score per row, shape \(3,\), is expected. For a class",
        ),
        (np.zeros(2), r"answered 3 rows with an array of shape \(2,\)"),
        (np.zeros((1, 3)), r"shape \(1, 3\)"),
        (0.5, "answered 3 rows with float"),
        (None, "answered 3 rows with NoneType"),
        ([[1], [1, 2], [3]], "answered 3 rows with list"),
        ([0.1, np.nan, np.inf], "answered 2 of 3 rows with NaN or infinity"),
        ([0.1, None, 0.2], "answered 1 of 3 rows with NaN"),
        (pd.Series([0.1, None, 0.2], dtype="Float64"), "answered 1 of 3 rows with NaN"),
        (["yes", "no", "yes"], r"class labels such as \['yes'\], where a probability is expected"),
        (pd.Series(["yes", "no", "yes"]), "class labels such as"),
        (pd.Categorical(["yes", "no", "yes"]), "class labels such as"),
        (np.array([0, 1, 1]), r"class labels such as \[0\].* or say output='value'"),
        (np.array([True, False, True]), r"class labels such as \[True\]"),
        (np.array([0.1j, 1, 2]), "class labels"),
        (np.array(["2020-01-01"] * 3, dtype="datetime64[ns]"), "class labels"),
    ],
)
def test_answers_that_are_no_scores(scores: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        answers(scores)


def test_outputs() -> None:
    with pytest.raises(ModelError, match="class labels"):
        answers(np.array([0, 1, 1]), output="probability")
    with pytest.raises(
        ModelError, match=r"said to give probabilities but answered between -0.5 and"
    ):
        answers([-0.5, 0.1, 1.0], output="probability")
    with pytest.raises(ModelError, match=r"The output 'odds' is unknown. Use 'probability'"):
        answers([1.0, 2.0, 3.0], output="odds")
    with pytest.raises(ModelError, match="class labels"):
        answers(["1", "2", "3"], output="value")
    assert answers([3, -1, 7], output="value").tolist() == [3.0, -1.0, 7.0]
    assert answers([3.0, -1.0, 7.0], output="log-odds").tolist() == [3.0, -1.0, 7.0]
    assert answers([True, False, True], output="value").tolist() == [1.0, 0.0, 1.0]
    single = np.array([1.0000001, 0.5, 0.0], dtype=np.float32)
    assert answers(single, output="probability")[0] == pytest.approx(1)


def test_a_model_that_fails() -> None:
    model = BlackBoxModel(lambda rows: rows["zzz"], features=["a"], name="risk")
    with pytest.raises(
        ModelError, match="The model 'risk' failed when asked about 60 rows: KeyErr"
    ):
        model.predict(X)
    leaves = BlackBoxModel(lambda rows: sys.exit(3), features=["a"], name="risk")
    with pytest.raises(ModelError, match="60 rows: SystemExit: 3"):
        leaves.predict(X)


def test_cancelling_is_not_a_failure() -> None:
    def cancelled(rows: pd.DataFrame) -> None:
        raise AuditCancelled

    with pytest.raises(AuditCancelled):
        BlackBoxModel(cancelled, features=["a"]).predict(X)


def test_a_model_is_a_value_that_nothing_changes() -> None:
    model = BlackBoxModel(lambda rows: rows["a"], features=["a"], name="risk")
    before = dict(vars(model))
    model.predict(X)
    told = model.reading(["a", "b"])
    assert vars(model) == before
    assert (told.features, told.name) == (("a", "b"), "risk")
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.name = "other"  # type: ignore[misc]
    logged = BlackBoxModel.from_predictions(np.linspace(0, 1, 6), ["a"])
    assert logged.logged is not None
    with pytest.raises(ValueError, match="read-only"):
        logged.logged[0] = 1.0


def test_only_the_features_are_shown_in_their_order() -> None:
    seen = []
    model = BlackBoxModel(lambda rows: seen.append(list(rows)) or rows["a"], features=["c", "a"])
    model.predict(TEXT)
    assert seen == [["c", "a"]]


def test_names() -> None:
    assert BlackBoxModel(lambda rows: 0).name == "model"
    assert BlackBoxModel.wrap(
        make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y)
    ).name == ("LinearRegression")
    assert repr(BlackBoxModel(lambda rows: 0, "a")) == "BlackBoxModel('model', reads: a)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BlackBoxModel(3), "A model is a function from a DataFrame .* not a int"),
        (lambda: BlackBoxModel(len, ["a", "a"]), "features name a column twice"),
        (lambda: BlackBoxModel(len, [1, 2]), "named by text, not by 1, 2"),
        (lambda: BlackBoxModel(len, 5), "named by text, not by 5"),
        (
            lambda: BlackBoxModel.wrap("model.pkl"),
            "A str is not a model. Bring a fitted scikit-learn",
        ),
        (lambda: BlackBoxModel.wrap(None), "A NoneType is not a model"),
        (lambda: BlackBoxModel.wrap(LinearRegression), "LinearRegression is a class, not a model"),
    ],
)
def test_no_model(make, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        make()


# ---- logged predictions -------------------------------------------------------------------


def test_logged_predictions() -> None:
    model = BlackBoxModel.from_predictions(pd.Series([0.1, 0.9]), features=["a"])
    assert not model.can_query
    assert model.logged.tolist() == [0.1, 0.9]
    with pytest.raises(ModelError, match="logged predictions and cannot be asked about new rows"):
        model.predict(X)
    for bad, message in {
        (0.1, np.nan): "answered 1 of 2 rows with NaN",
        ("a", "b"): "class labels",
        0.5: "one number per row, not 0.5",
    }.items():
        with pytest.raises(ModelError, match=message):
            BlackBoxModel.from_predictions(bad, features=["a"])


# ---- estimators ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        LinearRegression(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        GridSearchCV(LogisticRegression(), {"C": [1.0]}),
    ],
)
def test_unfitted(estimator: BaseEstimator) -> None:
    with pytest.raises(ModelError, match=r"is not fitted. Call its fit\(X, y\) first"):
        BlackBoxModel.wrap(estimator)


def test_classifier() -> None:
    fitted = LogisticRegression().fit(X, Y)
    model = BlackBoxModel.wrap(fitted)
    assert (model.output, model.features, model.estimator) == ("probability", tuple("abcd"), fitted)
    np.testing.assert_array_equal(model.predict(X), fitted.predict_proba(X)[:, 1])
    flipped = BlackBoxModel.from_estimator(fitted, positive=0)
    np.testing.assert_array_equal(flipped.predict(X), fitted.predict_proba(X)[:, 0])
    with pytest.raises(ModelError, match=r"The model has no class 7. Classes: 0, 1"):
        BlackBoxModel.from_estimator(fitted, positive=7)


def test_several_classes() -> None:
    fitted = LogisticRegression().fit(X, WORDS)
    with pytest.raises(ModelError, match=r"3 classes \('high', 'low', 'mid'\).*positive='mid'\)"):
        BlackBoxModel.wrap(fitted)
    model = BlackBoxModel.from_estimator(fitted, positive="low")
    np.testing.assert_array_equal(model.predict(X), fitted.predict_proba(X)[:, 1])
    with pytest.raises(ModelError, match=r"no class 'lo'. Did you mean 'low'\?"):
        BlackBoxModel.from_estimator(fitted, positive="lo")


def test_estimators_without_one_score() -> None:
    with pytest.raises(ModelError, match="RidgeClassifier gives class labels and no probabilities"):
        BlackBoxModel.wrap(RidgeClassifier().fit(X, Y))
    with pytest.raises(ModelError, match="predicts values, so it has no class 1"):
        BlackBoxModel.from_estimator(LinearRegression().fit(X, Y), positive=1)
    both = np.column_stack([Y, Y])
    with pytest.raises(ModelError, match="several outcomes at once"):
        BlackBoxModel.wrap(MultiOutputClassifier(LogisticRegression()).fit(X, both))
    with pytest.raises(ModelError, match=r"shape \(60, 2\)"):
        BlackBoxModel.wrap(LinearRegression().fit(X, both)).predict(X)


def test_regressor() -> None:
    model = BlackBoxModel.wrap(LinearRegression().fit(X[["a", "c"]], X["b"]))
    assert (model.output, model.features) == ("value", ("a", "c"))
    assert model.predict(X).shape == (60,)


def test_fitted_on_an_array_it_is_asked_with_one() -> None:
    fitted = LogisticRegression().fit(X.to_numpy(), Y)
    model = BlackBoxModel.from_estimator(fitted, features=["a", "b", "c", "d"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = model.predict(TEXT[["d", "c", "b", "a", "e"]])
    np.testing.assert_array_equal(scores, fitted.predict_proba(X.to_numpy())[:, 1])
    assert BlackBoxModel.wrap(fitted).features is None


def test_a_model_of_ones_own() -> None:
    class Own:
        def predict(self, rows: pd.DataFrame) -> pd.Series:
            return rows["a"] * 2

    assert BlackBoxModel.wrap(Own()).reading(["a"]).predict(X).tolist() == (X["a"] * 2).tolist()


# ---- the features a pipeline reads --------------------------------------------------------

SELECTIONS = {
    "names": (["a", "c"], {"a", "c"}),
    "positions": ([0, 2], {"a", "c"}),
    "negative position": ([-2], {"d"}),
    "slice of positions": (slice(0, 2), {"a", "b"}),
    "slice with a step": (slice(0, 4, 2), {"a", "c"}),
    "slice of names": (slice("b", "d"), {"b", "c", "d"}),
    "open slice of names": (slice(None, "b"), {"a", "b"}),
    "mask as array": (np.array([True, False, False, True, False]), {"a", "d"}),
    "mask as list": ([True, False, False, True, False], {"a", "d"}),
    "index": (pd.Index(["b"]), {"b"}),
    "selector": (make_column_selector(pattern="^[ab]$"), {"a", "b"}),
    "selector by dtype": (make_column_selector(dtype_include=float), {"a", "b", "c", "d"}),
    "function": (lambda frame: ["b", "d"], {"b", "d"}),
}


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("remainder", ["drop", "passthrough"])
def test_columns_that_a_pipeline_drops_are_not_read(name: str, remainder: str) -> None:
    selection, expected = SELECTIONS[name]
    table = TEXT.assign(e=RNG.integers(0, 3, size=60))  # passthrough needs numbers
    columns = ColumnTransformer([("s", StandardScaler(), selection)], remainder=remainder)
    fitted = make_pipeline(columns, LogisticRegression()).fit(table, Y)
    if remainder == "passthrough":
        expected = set("abcde")
    model = BlackBoxModel.wrap(fitted)
    assert model.features == tuple(sorted(expected))
    # asked with nothing but these columns, it answers as if it had been given all
    np.testing.assert_array_equal(model.predict(table), fitted.predict_proba(table)[:, 1])
    # and what it does not read cannot matter
    scrambled = table.copy()
    for other in set(table) - expected:
        scrambled[other] = 99
    np.testing.assert_array_equal(model.predict(scrambled), model.predict(table))


def test_pipelines_within() -> None:
    columns = ColumnTransformer(
        [("e", OneHotEncoder(), ["e"]), ("gone", "drop", ["a"]), ("as is", "passthrough", [1])]
    )
    inner = make_pipeline(columns, LogisticRegression())
    for estimator in (
        inner,
        make_pipeline("passthrough", inner),
        GridSearchCV(inner, {"logisticregression__C": [0.5, 1.0]}),
    ):
        assert read_features(estimator.fit(TEXT, Y)) == ("b", "e")
        model = BlackBoxModel.wrap(estimator)
        np.testing.assert_array_equal(model.predict(TEXT), estimator.predict_proba(TEXT)[:, 1])
