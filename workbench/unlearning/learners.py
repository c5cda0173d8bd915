"""The learners that models are trained with before anything is forgotten."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import ModelError
from workbench.common.threads import one_thread
from workbench.models.learners import new_learner
from workbench.unlearning.rows import Preparation, Rows

__all__ = ["Fitted", "Learner", "Trained", "fit", "fit_prepared", "unfitted"]

Learner: TypeAlias = str | Any
"""A name in `LEARNERS`, or an unfitted scikit-learn estimator."""


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


def unfitted(learner: Learner, classes: bool, seed: int) -> Any:
    """Make an unfitted estimator.

    Raises
    ------
    ModelError
        When the learner is unknown or does not fit the outcome.
    """
    from sklearn.base import BaseEstimator, clone, is_classifier

    if not isinstance(learner, BaseEstimator):
        return new_learner(learner, classes, seed)
    if is_classifier(learner) != classes:
        raise ModelError(
            f"{type(learner).__name__} does not fit an outcome that is "
            f"{'one of two classes' if classes else 'a number'}."
        )
    made = clone(learner)
    return made.set_params(random_state=seed) if "random_state" in made.get_params() else made


def fit(rows: Rows, learner: Learner, seed: int) -> Trained:
    """Train from scratch: the preparation of the input, then the estimator.

    Raises
    ------
    ModelError
        When the learner does not fit the outcome.
    """
    return fit_prepared(rows, unfitted(learner, rows.classes, seed), Preparation.fit(rows))


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
