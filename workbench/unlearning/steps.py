"""One step from the old optimum towards the optimum of the remaining table.

Both steps start from the weights w that were optimal on D and use the gradient g of the penalised
loss on D' at w: ``w − H⁻¹ g``. The influence function takes the Hessian H of D (Pang Wei Koh and
Percy Liang, 2017, "Understanding Black-box Predictions via Influence Functions"), the Newton step
that of D' (Chuan Guo and others, 2020, "Certified Data Removal from Machine Learning Models",
whose calibrated noise is not added here). A squared loss is reached exactly by one Newton step.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from workbench.common.arrays import FloatArray
from workbench.common.errors import ModelError
from workbench.common.progress import Progress
from workbench.unlearning.learners import Learner, Trained
from workbench.unlearning.method import Deployed, Kind, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.retraining import WholeModel
from workbench.unlearning.rows import Rows

__all__ = ["InfluenceStep", "NewtonStep", "weights_of"]

LEADS_NOWHERE = "The step leads nowhere: the curvature of the loss is singular."


@dataclass(frozen=True)
class _Step(WholeModel):
    learners: tuple[str, ...] = ("logistic", "linear")

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Take the step, with the preparation of the input as it was fitted on D."""
        raise NotImplementedError


@dataclass(frozen=True)
class InfluenceStep(_Step):
    """Step with the curvature of the old table: the influence function of Koh and Liang (2017)."""

    name: str = "influence-step"
    kind: Kind = "approximate"
    note: str = (
        "Moves the weights by their estimated influence, with the curvature of the old table; "
        "means and scales of the input stay as they were fitted with the forgotten rows."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Take the step."""
        return _stepped(fitted, request, "before", 1, progress)


@dataclass(frozen=True)
class NewtonStep(_Step):
    """Step with the curvature of the remaining table (Guo and others, 2020).

    Parameters
    ----------
    steps : int, default 1
        Newton steps to take, one after another.
    """

    steps: int = 1
    name: str = "newton-step"
    kind: Kind = "approximate"
    note: str = (
        "Takes one Newton step on the remaining table, which lands near the optimum when few rows "
        "go; means and scales of the input stay as they were fitted with the forgotten rows."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Take the steps."""
        return _stepped(fitted, request, "after", self.steps, progress)


def weights_of(trained: Trained) -> FloatArray:
    """Return the intercept and the weights of a linear model.

    Parameters
    ----------
    trained : Trained
        A fitted pipeline whose last step is linear.

    Returns
    -------
    ndarray, shape (1 + width,)
        The intercept first.
    """
    estimator = trained.estimator
    out: FloatArray = np.r_[np.ravel(estimator.intercept_), np.ravel(estimator.coef_)]
    return out


def _stepped(
    fitted: Trained,
    request: UnlearningRequest,
    curvature: Literal["before", "after"],
    steps: int,
    progress: Progress,
) -> Served:
    penalty = _penalty(fitted)
    weights = weights_of(fitted)
    design, labels = _design(fitted, request.rows_after)
    curved = design if curvature == "after" else _design(fitted, request.rows_before)[0]
    for step in range(steps):
        progress("stepping", step / steps)
        gradient = design.T @ (_mean(design @ weights, fitted.classes) - labels) + penalty * weights
        mean = _mean(curved @ weights, fitted.classes)
        slope = mean * (1.0 - mean) if fitted.classes else np.ones(len(mean))
        hessian = (curved * slope[:, None]).T @ curved + np.diag(penalty)
        try:
            weights = weights - scipy.linalg.solve(hessian, gradient, assume_a="sym")
        except (np.linalg.LinAlgError, ValueError):  # singular, or no numbers in it
            raise ModelError(LEADS_NOWHERE) from None
    return Deployed(_with_weights(fitted, weights), request.inputs)


def _design(fitted: Trained, rows: Rows) -> tuple[FloatArray, FloatArray]:
    inputs = fitted.preparation(rows.frame)
    return np.column_stack([np.ones(len(inputs)), inputs]), fitted.targets(rows).astype(np.float64)


def _penalty(fitted: Trained) -> FloatArray:
    """Ridge penalty of the intercept (none) and of each weight, for a loss summed over rows.

    Raises
    ------
    ModelError
        When the estimator minimises another loss than the one that the steps know.
    """
    estimator = fitted.estimator
    settings = estimator.get_params()
    plain = (
        settings["fit_intercept"]
        and not settings.get("l1_ratio")
        and settings.get("penalty", "l2") in ("l2", "deprecated")
        and settings.get("class_weight") is None
        and not settings.get("positive")
        and np.ndim(settings.get("alpha", 0.0)) == 0
    )
    if not plain:
        raise ModelError(
            f"The step is made for a loss with a ridge penalty, an intercept and rows of equal "
            f"weight; {estimator} has another one."
        )
    alpha = 1.0 / estimator.C if fitted.classes else estimator.alpha
    width = np.size(estimator.coef_)
    out: FloatArray = np.r_[0.0, np.full(width, float(alpha))]
    return out


def _mean(log_odds: FloatArray, classes: bool) -> FloatArray:
    out: FloatArray = scipy.special.expit(log_odds) if classes else log_odds
    return out


def _with_weights(fitted: Trained, weights: FloatArray) -> Trained:
    estimator = copy.deepcopy(fitted.estimator)
    if not np.isfinite(weights).all():
        raise ModelError(LEADS_NOWHERE)
    estimator.coef_ = weights[1:].reshape(np.shape(estimator.coef_))
    estimator.intercept_ = weights[:1] if np.ndim(estimator.intercept_) else float(weights[0])
    return Trained(fitted.preparation, estimator, fitted.classes, fitted.centre, fitted.scale)
