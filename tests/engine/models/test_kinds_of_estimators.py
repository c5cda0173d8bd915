"""What an estimator is, by what it says and does: a value, a probability, or a refusal in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans, MeanShift
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import workbench as wb
from workbench.common.errors import ModelError

RNG = np.random.default_rng(0)
DATA = pd.DataFrame({"a": RNG.integers(0, 2, 200), "m": RNG.normal(size=200)})
VALUE = (DATA.a + DATA.m).to_numpy()
LABEL = np.where(VALUE > 0.5, "yes", "no")
BOTH = np.column_stack([VALUE > 0.5, VALUE < 0]).astype(int)
GRID = {"C": [0.5, 1.0]}


class Own(BaseEstimator):
    """Somebody's own estimator, with the mixin behind BaseEstimator."""

    def fit(self, rows: pd.DataFrame, _: Any) -> Own:
        self.feature_names_in_ = np.array(rows.columns, dtype=object)
        return self

    def predict(self, rows: pd.DataFrame) -> Any:
        return (rows.a + rows.m).to_numpy()


class OwnRegressor(Own, RegressorMixin):
    """Carries classes_, as wrappers of several libraries do."""

    classes_ = (0, 1)


class OwnClassifier(Own, ClassifierMixin):
    """Gives probabilities and does not say its classes."""

    def predict_proba(self, rows: pd.DataFrame) -> Any:
        chance = 1 / (1 + np.exp(-self.predict(rows)))
        return np.column_stack([1 - chance, chance])


def test_a_regressor_with_classes_predicts_values() -> None:
    model = wb.BlackBoxModel.wrap(OwnRegressor().fit(DATA, VALUE))
    assert (model.output, model.audited_class) == ("value", None)
    np.testing.assert_allclose(model.predict(DATA), VALUE)


VOTERS = [("line", LogisticRegression()), ("tree", DecisionTreeClassifier(max_depth=2))]


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), GridSearchCV(LogisticRegression(), GRID)),
        CalibratedClassifierCV(LinearSVC()),
        VotingClassifier(VOTERS, voting="soft"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_nested_classifiers_give_the_probability_of_their_class(model: Any) -> None:
    fitted = model.fit(DATA, LABEL)
    box = wb.BlackBoxModel.wrap(fitted)
    assert (box.output, box.audited_class) == ("probability", "yes")
    np.testing.assert_allclose(box.predict(DATA), fitted.predict_proba(DATA)[:, 1])


@pytest.mark.parametrize(
    ("model", "outcome", "said"),
    [
        (OwnClassifier(), LABEL, "does not say its classes"),
        (OneVsRestClassifier(LogisticRegression()), BOTH, "several outcomes at once"),
        (MultiOutputClassifier(LogisticRegression()), BOTH, "several outcomes at once"),
        (VotingClassifier(VOTERS), LABEL, "no probabilities"),
        (RidgeClassifier(), LABEL, "no probabilities"),
        (GridSearchCV(LinearSVC(), GRID), LABEL, "no probabilities"),
        (GaussianMixture(2), None, "a cluster's number"),
        (make_pipeline(StandardScaler(), GaussianMixture(2)), None, "a cluster's number"),
        (make_pipeline(StandardScaler(), KMeans(2)), None, "a cluster's number"),
        (GridSearchCV(KMeans(), {"n_clusters": [2, 3]}), None, "a cluster's number"),
        (IsolationForest(n_estimators=5), None, "a cluster's number"),
        (PCA(), None, "predicts nothing"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseEstimator) else "",
)
def test_what_gives_no_one_quantity_is_refused(model: Any, outcome: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        wb.BlackBoxModel.from_estimator(model.fit(DATA, outcome))


def test_the_score_that_is_advised_instead_of_a_label_can_be_audited() -> None:
    ways = {
        IsolationForest(n_estimators=5): "score_samples",
        GaussianMixture(2): "score_samples",
        KMeans(2, n_init=1): r"transform\(rows\)\[:, 0\]",
        MeanShift(bandwidth=3): "no score",
    }
    for model, said in ways.items():
        with pytest.raises(ModelError, match=said) as told:
            wb.BlackBoxModel.wrap(model.fit(DATA))
        if said != "no score":
            code = str(told.value).split("instead: ")[-1].split(": ", 1)[-1].rstrip(".")
            advised = eval(code.replace("…", "'a', 'm'"), {"wb": wb, "model": model})
            assert np.ptp(advised.predict(DATA)) > 0 and advised.output == "value"


class Shaped(OwnRegressor, ClassifierMixin):
    """Answers in a form of its own."""

    _estimator_type = "classifier"
    classes_ = ("no", "yes")

    def __init__(self, form: Any = None) -> None:
        self.form = form

    def predict_proba(self, rows: pd.DataFrame) -> Any:
        chance = 1 / (1 + np.exp(-self.predict(rows)))
        return self.form(pd.DataFrame({"no": 1 - chance, "yes": chance}, index=rows.index))


@pytest.mark.parametrize(
    "form",
    [
        lambda table: table,
        lambda table: table[["yes", "no"]],
        lambda table: table.sample(frac=1, random_state=0),
        lambda table: table.set_axis(["p0", "p1"], axis=1),
        lambda table: table.to_numpy(),
    ],
    ids=["by name", "other order", "rows shuffled", "other names", "array"],
)
def test_a_class_is_found_by_its_name_where_the_answer_is_a_table(form: Any) -> None:
    box = wb.BlackBoxModel.wrap(Shaped(form).fit(DATA, LABEL))
    np.testing.assert_allclose(box.predict(DATA), 1 / (1 + np.exp(-VALUE)))


@pytest.mark.parametrize(
    "form",
    [
        lambda table: table["yes"].to_numpy(),
        lambda table: table[["yes"]].to_numpy(),
        lambda table: table.assign(more=0).to_numpy(),
    ],
    ids=["one number", "one column", "three columns"],
)
def test_an_answer_without_a_column_for_each_class_is_refused(form: Any) -> None:
    box = wb.BlackBoxModel.wrap(Shaped(form).fit(DATA, LABEL))
    with pytest.raises(ModelError, match=r"nobody can say which class"):
        box.predict(DATA)


class Predicts:
    """Anybody's object with a method predict, which does not say what it is."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def predict(self, rows: pd.DataFrame) -> Any:
        return (rows.m > 0).astype(self.kind)


@pytest.mark.parametrize("kind", [int, bool])
def test_marks_of_an_object_that_says_nothing_of_itself_are_no_values(kind: Any) -> None:
    box = wb.BlackBoxModel.wrap(Predicts(kind)).reading(["a", "m"])
    with pytest.raises(ModelError, match="does not say whether it is a classifier"):
        box.predict(DATA)
    said = wb.BlackBoxModel(Predicts(int).predict, ["a", "m"], output="value")
    assert set(said.predict(DATA)) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (make_pipeline(StandardScaler()), "last step of the pipeline, StandardScaler"),
        (GridSearchCV(LogisticRegression(), GRID, refit=False), "refit=False"),
        (LocalOutlierFactor(), "novelty=False"),
    ],
    ids=["pipeline", "search", "outliers"],
)
def test_why_an_estimator_predicts_nothing_is_said(model: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        wb.BlackBoxModel.wrap(model.fit(DATA, LABEL))
