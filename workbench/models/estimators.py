"""What a fitted estimator says of itself: the columns it reads, its classes, and how it is asked.

scikit-learn's estimators say it in one way; XGBoost, LightGBM, CatBoost and statsmodels each in
one of their own. Nothing of these libraries is imported here: a model brings its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.errors import ModelError
from workbench.models.answers import refuse_labels
from workbench.models.asked_model import Asked, Output
from workbench.models.networks import asked_network

__all__ = [
    "asked_estimator",
    "estimator_name",
    "read_features",
    "selected",
]

LABELLING = ("outlier_detector", "clusterer", "density_estimator")
SEVERAL = (
    "The model predicts several outcomes at once. Audit them one at a time: "
    "wb.BlackBoxModel(lambda rows: model.predict_proba(rows)[0][:, 1], features=[…]), or [:, 0] "
    "where it gives one table."
)
PLACES = re.compile(r"(Column_|f|)\d+")
"""Names that LightGBM, XGBoost and CatBoost give to the columns of an array."""


def asked_estimator(estimator: Any) -> Asked:
    """Return how a fitted estimator is asked.

    Raises
    ------
    ModelError
        It is not fitted, or answers with labels where no probability can be had.
    """
    network = asked_network(estimator)
    if network is not None:
        return network
    library = _library(estimator)
    if library == "statsmodels" and hasattr(estimator, "model"):
        return _statsmodels(estimator)
    if library in ("xgboost", "lightgbm") and type(estimator).__name__ == "Booster":
        return _xgboost(estimator) if library == "xgboost" else _lightgbm(estimator)
    if library == "catboost":
        return _catboost(estimator)
    return _scikit_learn(estimator)


def _library(model: Any) -> str:
    return type(model).__module__.partition(".")[0]


def _scikit_learn(estimator: Any) -> Asked:
    """Return how anything is asked that keeps to scikit-learn's conventions."""
    _check_fitted(estimator)
    if not hasattr(estimator, "predict"):
        raise ModelError(_without_predict(estimator))
    known = read_features(estimator)
    classes = getattr(estimator, "classes_", None)
    kind = _kind(estimator)
    if kind == "regressor" or (classes is not None and not len(classes)):
        classes = None  # the attribute, and no class in it that it answers with
    if kind in LABELLING:
        raise ModelError(
            f"{estimator_name(estimator)} answers with a label or a cluster's number, which "
            f"is no quantity.{_scores_instead(estimator)}"
        )
    if classes is not None and not hasattr(estimator, "predict_proba"):
        raise ModelError(
            f"{estimator_name(estimator)} gives class labels and no probabilities. Use an "
            f"estimator with predict_proba (for instance CalibratedClassifierCV around it)."
        )
    if classes is None and kind == "classifier":
        raise ModelError(
            f"{estimator_name(estimator)} is a classifier that does not say its classes "
            f"(classes_). Pass a probability: wb.BlackBoxModel(lambda rows: "
            f"model.predict_proba(rows)[:, 1], features=[…])."
        )
    if getattr(estimator, "multilabel_", False):
        raise ModelError(SEVERAL)
    # Fitted on an array, it knows positions and no names, and would complain about names.
    unnamed = known is None and getattr(estimator, "n_features_in_", None) is not None
    ask = estimator.predict if classes is None else estimator.predict_proba

    def answers(rows: pd.DataFrame) -> Any:
        found = ask(rows.to_numpy() if unnamed else rows)
        if classes is None and kind is None:
            refuse_labels(found, estimator_name(estimator))
        return found

    labels = None if classes is None else _class_labels(classes)
    return Asked(answers, known, labels, "value" if labels is None else "probability")


def _scores_instead(estimator: Any) -> str:
    """Say which quantity of an outlier detector or a clustering can be audited instead."""
    ways = {"score_samples": "", "decision_function": "", "transform": "[:, 0]"}
    for method, column in ways.items():
        if hasattr(estimator, method):
            what = "distance to one cluster" if column else "score"
            return (
                f" Audit its {what}: wb.BlackBoxModel(lambda rows: model.{method}(rows){column}, "
                f"features=[…], output='value')."
            )
    return " It gives no score that could be audited instead."


def _without_predict(estimator: Any) -> str:
    """Say why a fitted estimator predicts nothing, and what would."""
    if getattr(estimator, "steps", None):
        return (
            f"The last step of the pipeline, {estimator_name(estimator)}, predicts nothing. Bring "
            f"a pipeline that ends with a fitted model."
        )
    why = {
        "refit": " It was made with refit=False: bring the model that was chosen.",
        "novelty": " It was made with novelty=False: it scores only what it was fitted on.",
    }
    told = [text for name, text in why.items() if getattr(estimator, name, None) is False]
    return f"{estimator_name(estimator)} predicts nothing: it has no method predict.{''.join(told)}"


def _class_labels(classes: Any) -> tuple[Any, ...]:
    if any(np.ndim(label) for label in classes):
        raise ModelError(SEVERAL)
    return tuple(np.asarray(classes).tolist())


# ---- libraries with ways of their own ----------------------------------------------------------


def _own_names(names: Iterable[Any] | None) -> tuple[str, ...] | None:
    """Return the names of columns, or None where they only count the columns of an array."""
    found = tuple(str(name) for name in names or ())
    return None if all(PLACES.fullmatch(name) for name in found) else found


def _catboost(estimator: Any) -> Asked:
    if not estimator.is_fitted():
        raise ModelError("The CatBoost model is not fitted. Call its fit(X, y) first.")
    known = _own_names(estimator.feature_names_)
    labels = _class_labels(estimator.classes_) or None

    def answers(rows: pd.DataFrame) -> Any:
        asked = rows if known else rows.to_numpy()
        if labels is None:
            return estimator.predict(asked)
        return estimator.predict(asked, prediction_type="Probability")

    return Asked(answers, known, labels, "value" if labels is None else "probability")


def _xgboost(booster: Any) -> Asked:
    """Return how XGBoost's own kind of model is asked, which takes a table of its own kind."""
    import json
    import sys

    library = sys.modules["xgboost"]
    settings = json.loads(booster.save_config())["learner"]
    objective = settings["objective"]["name"]
    n_classes = int(settings["learner_model_param"]["num_class"])
    known = tuple(booster.feature_names) if booster.feature_names else None
    output, labels = _of_objective(objective, n_classes)

    def answers(rows: pd.DataFrame) -> Any:
        asked = rows if known else rows.to_numpy()
        return booster.predict(library.DMatrix(asked, enable_categorical=True))

    return Asked(_both_classes(answers, labels), known, labels, output)


def _lightgbm(booster: Any) -> Asked:
    known = _own_names(booster.feature_name())
    told = re.search(r"^objective=(.*)$", booster.model_to_string(num_iteration=1), re.M)
    objective = told.group(1).split()[0] if told and told.group(1).strip() else ""
    trees_at_once = booster.num_model_per_iteration()
    output, labels = _of_objective(objective, trees_at_once)

    def answers(rows: pd.DataFrame) -> Any:
        return booster.predict(rows if known else rows.to_numpy())

    return Asked(_both_classes(answers, labels), known, labels, output)


def _of_objective(objective: str, n_classes: int) -> tuple[Output, tuple[int, ...] | None]:
    """Return what a boosted model's answers are, by the name of what it was trained for."""
    if objective in ("multi:softmax", "binary:hinge"):
        other = "multi:softprob" if objective == "multi:softmax" else "binary:logistic"
        raise ModelError(
            f"The model was trained for {objective}, so it answers with class labels. Train it "
            f"for {other}."
        )
    if objective in ("multi:softprob", "multiclass", "multiclassova"):
        return "probability", tuple(range(n_classes))
    if objective in ("binary:logistic", "binary"):
        return "probability", (0, 1)
    return ("log-odds" if objective == "binary:logitraw" else "value"), None


def _both_classes(
    answers: Callable[[pd.DataFrame], Any], labels: Sequence[Any] | None
) -> Callable[[pd.DataFrame], Any]:
    """Give two classes a column each where the model says the probability of one alone."""
    if labels is None or len(labels) != 2:
        return answers

    def both(rows: pd.DataFrame) -> Any:
        found = np.asarray(answers(rows))
        return found if found.ndim == 2 else np.column_stack([1 - found, found])

    return both


def _statsmodels(results: Any) -> Asked:
    """Return how fitted results of statsmodels are asked: by a formula's columns, or by exog's."""
    model = results.model
    kind = type(model).__name__
    family = type(getattr(model, "family", None)).__name__
    probability = kind in ("Logit", "Probit") or family == "Binomial"
    if kind in ("MNLogit", "OrderedModel"):
        raise ModelError(
            f"{kind} answers with one column for each class. Say which to audit: "
            f"wb.BlackBoxModel(lambda rows: results.predict(rows)[1], features=[…], "
            f"output='probability')."
        )
    output: Output = "probability" if probability else "value"
    labels = _binary_outcome(model) if probability else None
    formula = getattr(model, "formula", None)
    if formula:
        frame = getattr(model.data, "frame", None)
        columns = [] if frame is None else [str(name) for name in frame.columns]
        known = _in_formula(str(formula), columns)
        return Asked(_statsmodels_classes(results.predict, labels), known or None, labels, output)
    names = [str(name) for name in model.exog_names]
    constant = {name for name in names if name in ("const", "Intercept")}
    known = tuple(name for name in names if name not in constant)

    def answers(rows: pd.DataFrame) -> Any:
        columns = iter(rows.to_numpy(np.float64).T)
        ones = np.ones(len(rows))
        return results.predict(
            np.column_stack([ones if name in constant else next(columns) for name in names])
        )

    unnamed = all(re.fullmatch(r"x\d+", name) for name in known)
    return Asked(_statsmodels_classes(answers, labels), None if unnamed else known, labels, output)


def _binary_outcome(model: Any) -> tuple[Any, ...] | None:
    """Return the two outcomes: 0 and 1, or those of a text or of yes and no in a formula.

    Of two columns that a formula makes of a text, statsmodels predicts the first.
    """
    endog = np.asarray(model.endog)
    if endog.ndim == 1 and isinstance(model.endog_names, str):
        return (0, 1) if set(np.unique(endog)) <= {0, 1} else None
    found = [re.fullmatch(r".*\[(.*)\]", str(name)) for name in np.atleast_1d(model.endog_names)]
    levels = [match.group(1) for match in found if match]
    return tuple({"True": True, "False": False}.get(level, level) for level in levels) or None


def _statsmodels_classes(
    answers: Callable[[pd.DataFrame], Any], labels: Sequence[Any] | None
) -> Callable[[pd.DataFrame], Any]:
    """Give two classes a column each: the answer is that of 1, or of the first level of a text."""
    both = _both_classes(answers, labels)
    if labels is None or type(labels[0]) is int:  # False is the first of two levels
        return both
    return lambda rows: both(rows)[:, ::-1]


def _in_formula(formula: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return which columns stand on a formula's right side, in the order of the table.

    Examples
    --------
    >>> _in_formula("pay ~ age + np.log(bmi) + C(Q('home town')):age",
    ...             ["pay", "age", "bmi", "home town", "C"])
    ('age', 'bmi', 'home town')
    """
    right = formula.partition("~")[2]
    quoted = set(re.findall(r"Q\(\s*(['\"])(.*?)\1\s*\)", right))
    bare = re.sub(r"(['\"]).*?\1", "", right)
    called = set(re.findall(r"([^\W\d]\w*)\s*[(.]", bare))
    named = set(re.findall(r"(?<![.\w])[^\W\d]\w*", bare)) - called
    wanted = named | {text for _, text in quoted}
    return tuple(name for name in columns if name in wanted)


# ---- scikit-learn's conventions ----------------------------------------------------------------


def _kind(estimator: Any) -> str | None:
    """Return what an estimator says it is: "regressor", "classifier", "clusterer" and so on."""
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import get_tags

    told: str | None = getattr(estimator, "_estimator_type", None)
    if told is None and isinstance(estimator, BaseEstimator):
        inner = estimator.steps[-1][1] if getattr(estimator, "steps", None) else estimator
        told = get_tags(inner).estimator_type
    if told is None:  # the mixin behind BaseEstimator: a common slip that loses what it says
        mixins = {"regressor": RegressorMixin, "classifier": ClassifierMixin}
        told = next((kind for kind, of in mixins.items() if isinstance(estimator, of)), None)
    return told


def read_features(estimator: Any) -> tuple[str, ...] | None:
    """Return the columns a fitted estimator reads, or None when it does not know.

    A column that a ColumnTransformer drops is not read, though it was in the training table.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> frame = pd.DataFrame({"age": [30, 60, 40], "bmi": [20.0, 30.0, 28.0]})
    >>> read_features(LinearRegression().fit(frame, [0.1, 0.5, 0.2]))
    ('age', 'bmi')
    """
    searched = getattr(estimator, "best_estimator_", None)
    if searched is not None:
        return read_features(searched)
    steps = [
        step for _, step in getattr(estimator, "steps", ()) if step not in ("passthrough", None)
    ]
    if steps:
        return read_features(steps[0])
    seen = getattr(estimator, "feature_names_in_", None)
    if seen is None and _library(estimator) != "sklearn":  # CatBoost, and what follows it
        return _own_names(getattr(estimator, "feature_names_", None))
    if seen is None:
        return None
    names = [str(name) for name in seen]
    if not hasattr(estimator, "transformers_"):
        return tuple(names)
    used: set[str] = set()
    for _, transformer, columns in estimator.transformers_:
        if not (isinstance(transformer, str) and transformer == "drop"):
            used.update(selected(columns, names))
    return tuple(name for name in names if name in used)


def selected(columns: Any, names: list[str]) -> list[str]:
    """Return the names that a ColumnTransformer's column selection stands for."""
    if isinstance(columns, slice):
        # A slice of names holds both its ends, as in pandas.
        start, stop = columns.start, columns.stop
        start = names.index(start) if isinstance(start, str) else start
        stop = names.index(stop) + 1 if isinstance(stop, str) else stop
        return names[start : stop : columns.step]
    chosen = [columns] if isinstance(columns, str | int) else list(columns)
    if chosen and all(isinstance(c, bool | np.bool_) for c in chosen):
        return [name for name, taken in zip(names, chosen, strict=True) if taken]
    return [str(c) if isinstance(c, str) else names[c] for c in chosen]


def _check_fitted(estimator: Any) -> None:
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(estimator, BaseEstimator):
        return
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise ModelError(
            f"{estimator_name(estimator)} is not fitted. Call its fit(X, y) first, or pass "
            f"wb.BlackBoxModel(estimator.predict, features=[…]) if it needs no fitting."
        ) from None


def estimator_name(estimator: Any) -> str:
    """Return how reports call an estimator: its type, for a pipeline that of its last step."""
    steps = getattr(estimator, "steps", None)
    return type(steps[-1][1] if steps else estimator).__name__
