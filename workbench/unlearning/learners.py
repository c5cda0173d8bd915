"""The learners that models are trained with before anything is forgotten."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.errors import ModelError, listed, suggestion
from workbench.common.threads import one_thread
from workbench.unlearning.rows import Preparation, Rows

__all__ = ["LEARNERS", "Fitted", "Learner", "Trained", "estimator_of", "fit", "fit_prepared"]

FloatArray = npt.NDArray[np.float64]
Learner: TypeAlias = str | Any
"""A name in `LEARNERS`, or an unfitted scikit-learn estimator."""

LEARNERS: Mapping[str, str] = MappingProxyType(
    {
        "logistic": "penalised logistic regression, solved to the optimum",
        "linear": "ridge regression",
        "forest": "random forest of 100 trees",
        "tree": "one randomised decision tree",
        "sgd": "linear model by stochastic gradient descent",
        "mlp": "neural network with two hidden layers",
    }
)


class Fitted(Protocol):
    """The trained part of a model."""

    def scores(self, frame: pd.DataFrame) -> FloatArray:
        """Return probabilities or values of prepared inputs, shape (m,)."""


@dataclass(frozen=True, eq=False)
class Trained:
    """One estimator with the preparation of its input.

    Attributes
    ----------
    preparation : Preparation
        The trained statistics of the input: means, standard deviations, levels.
    estimator : sklearn estimator
        Fitted on prepared rows.
    centre, scale : float
        Numbers are learned as ``(outcome − centre) / scale``; 0 and 1 for classes.
    """

    preparation: Preparation
    estimator: Any
    classes: bool
    centre: float = 0.0
    scale: float = 1.0

    def scores(self, frame: pd.DataFrame) -> FloatArray:
        """Return probabilities or values, shape (m,)."""
        return self.prepared_scores(self.preparation(frame))

    def prepared_scores(self, inputs: FloatArray) -> FloatArray:
        """Return the scores of prepared inputs, shape (m,)."""
        if not self.classes:
            values: FloatArray = self.centre + self.scale * self.estimator.predict(inputs)
            return values
        chances: FloatArray = self.estimator.predict_proba(inputs)[:, 1]
        return chances

    def targets(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the outcome as the estimator learns it, shape (m,)."""
        if self.classes:
            return rows.labels.astype(np.intp)
        return (rows.labels - self.centre) / self.scale


def estimator_of(learner: Learner, classes: bool, seed: int) -> Any:
    """Make an unfitted estimator.

    Raises
    ------
    ModelError
        When the learner is unknown or does not fit the outcome.
    """
    from sklearn.base import BaseEstimator, clone, is_classifier
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if isinstance(learner, BaseEstimator):
        if is_classifier(learner) != classes:
            raise ModelError(
                f"{type(learner).__name__} does not fit an outcome that is "
                f"{'one of two classes' if classes else 'a number'}."
            )
        made = clone(learner)
        return made.set_params(random_state=seed) if "random_state" in made.get_params() else made
    if learner == "logistic" and classes:
        # Solved far beyond the default, so that a step that comes near the optimum can be told
        # from one that does not.
        return LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=200)
    if learner == "linear" and not classes:
        return Ridge(alpha=1.0, solver="cholesky")
    if learner == "forest":
        forest = RandomForestClassifier if classes else RandomForestRegressor
        return forest(n_estimators=100, min_samples_leaf=5, n_jobs=1, random_state=seed)
    if learner == "tree":
        tree = DecisionTreeClassifier if classes else DecisionTreeRegressor
        return tree(min_samples_leaf=5, max_features="sqrt", random_state=seed)
    if learner == "sgd":
        # The default schedule starts with steps so large that two seeds give two models.
        schedule = {"learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.5, "alpha": 1e-4}
        loss = "log_loss" if classes else "squared_error"
        linear = SGDClassifier if classes else SGDRegressor
        return linear(loss=loss, max_iter=20, tol=None, random_state=seed, **schedule)
    if learner == "mlp":
        network = MLPClassifier if classes else MLPRegressor
        return network(hidden_layer_sizes=(32, 16), max_iter=30, random_state=seed)
    if learner in LEARNERS:
        raise ModelError(
            f"The learner {learner!r} does not fit an outcome that is "
            f"{'one of two classes' if classes else 'a number'}. "
            f"Use {'logistic' if classes else 'linear'!r}."
        )
    raise ModelError(
        f"There is no learner {learner!r}.{suggestion(learner, LEARNERS)} Use one of "
        f"{listed(LEARNERS)} or an unfitted scikit-learn estimator."
    )


def fit(rows: Rows, learner: Learner, seed: int) -> Trained:
    """Train from scratch: the preparation of the input, then the estimator.

    Raises
    ------
    ModelError
        When the learner does not fit the outcome.
    """
    return fit_prepared(rows, estimator_of(learner, rows.classes, seed), Preparation.fit(rows))


def fit_prepared(
    rows: Rows,
    estimator: Any,
    preparation: Preparation,
    *,
    scaling: tuple[float, float] | None = None,
) -> Trained:
    """Train an estimator on rows prepared with statistics that are given.

    Parameters
    ----------
    scaling : (float, float), optional
        Centre and scale of a numeric outcome; by default those of the rows.
    """
    from sklearn.exceptions import ConvergenceWarning

    centre, scale = 0.0, 1.0
    if scaling is not None:
        centre, scale = scaling
    elif not rows.classes:
        centre, scale = float(rows.labels.mean()), float(rows.labels.std()) or 1.0
    if rows.classes and len(np.unique(rows.labels)) < 2:
        raise ModelError(
            f"Of the {len(rows):,} rows to train on, all have the same outcome. Use fewer shards, "
            f"or erase fewer rows."
        )
    trained = Trained(preparation, estimator, rows.classes, centre, scale)
    with one_thread(), warnings.catch_warnings():
        # A network that could have trained longer is still a model to audit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(preparation(rows.frame), trained.targets(rows))
    return trained
