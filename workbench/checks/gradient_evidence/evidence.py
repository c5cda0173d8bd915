"""Exact evidence of unlearning where training has one optimum: the gradient over what remains.

A penalised logistic or ridge regression is pinned by its gradient: at the optimum of the remaining
rows it is zero, and a model that still holds a record shows that record's own gradient. No
attack and no reference model is needed, only the weights and the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from workbench.case.target import UnlearningTarget
from workbench.checks.gradient_evidence.curvature import Curvature
from workbench.checks.gradient_evidence.finding import (
    CLEAR,
    FEW,
    ErasedRecord,
    GradientEvidence,
    OptimumDecision,
)
from workbench.checks.gradient_evidence.training import (
    ConvexTraining,
    GradientsAt,
    linear_estimator,
    retrained,
    row_counts,
    training_of,
)
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.errors import DataError, TargetError
from workbench.common.progress import Progress, silent

__all__ = ["gradient_evidence"]


def gradient_evidence(
    model: Any,
    data: pd.DataFrame,
    outcome: str,
    erased: Any,
    *,
    sample_weight: Any = None,
    retrain: bool = True,
    progress: Progress = silent,
) -> GradientEvidence:
    """Check by the gradient whether a model's weights are the optimum without some rows.

    Parameters
    ----------
    model : LogisticRegression, Ridge, Pipeline ending in one, or BlackBoxModel around these
        The model that is said to have forgotten. Logistic regression has two classes and the
        penalty l2; class weights count as scikit-learn counts them.
    data : DataFrame, shape (n, columns)
        The table before, with the rows to be forgotten.
    outcome : str
        The column that was learned.
    erased : array_like of bool, UnlearningTarget, or index labels
        The rows to be forgotten: a mask of shape (n,), or their labels.
    sample_weight : array_like, shape (n,), optional
        As given to `fit` on the table before.
    retrain : bool, default True
        Retrain without the rows as well and measure the distance.
    progress : callable, optional

    Returns
    -------
    GradientEvidence

    Raises
    ------
    ModelError
        When the training has no single optimum that a gradient could pin.
    DataError, TargetError
        When the table or the rows do not fit.

    Notes
    -----
    ‖w − w*‖ ≤ ‖∇‖ / μ, where μ bounds the Hessian's eigenvalues from w to w*. For ridge
    regression the Hessian is the same everywhere; for logistic regression the bound of Bach (2010,
    "Self-concordant analysis for logistic regression") carries the one at w along. That weights
    can be made optimal for a table which they were not trained on is shown by Thudi, Jia,
    Shumailov and Papernot (2022, "On the necessity of auditable algorithmic definitions for
    machine unlearning").

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.normal(size=50), "y": rng.normal(size=50)})
    >>> before = Ridge().fit(frame[["a"]], frame["y"])
    >>> after = Ridge().fit(frame[["a"]][1:], frame["y"][1:])
    >>> gradient_evidence(before, frame, "y", [0]).decision
    'optimum before'
    >>> gradient_evidence(after, frame, "y", [0]).decision
    'optimum'
    """
    _check_table(data, outcome)
    preparation, estimator = linear_estimator(model)
    gone = _erased_mask(data, erased)
    progress("gradient: preparing the rows", 0.0)
    training = training_of(preparation, estimator, data, data[outcome])
    given = _sample_weights(sample_weight, len(data))
    counts = row_counts(estimator, training, given, ~gone)
    left_over = np.where(gone, 0.0, counts)
    _check_remaining(training, left_over)
    weights = training.weights_of(estimator)
    progress("gradient: over the remaining rows", 0.3)
    point = training.at(weights, left_over)
    own = np.abs(counts * point.residuals) * point.row_norms
    rounding = float(np.finfo(float).eps * own[~gone].sum())
    curvature = Curvature.of(training, point, left_over > 0, rounding)
    distance, left, usual = np.nan, np.nan, np.nan
    if retrain:
        progress("gradient: retraining", 0.5)
        again = retrained(estimator, training, left_over, sharp=True)
        distance = float(np.linalg.norm(again - weights))
        left = float(np.linalg.norm(training.at(again, left_over).gradient))
        progress("gradient: the solver's own precision", 0.8)
        again = retrained(estimator, training, left_over, sharp=False)
        usual = float(np.abs(training.at(again, left_over).gradient).max() / left_over.sum())
    whole = row_counts(estimator, training, given, np.ones(len(data), dtype=bool))
    before = training.gradient_at(point.residuals, weights, whole)
    progress("gradient: done", 1.0)
    return _evidence(
        estimator, training, data.index, gone, counts, point, curvature, before,
        (distance, left, usual),
        prepared=preparation is not None,
    )  # fmt: skip


def _evidence(
    estimator: Any,
    training: ConvexTraining,
    index: pd.Index,
    gone: BoolArray,
    counts: FloatArray,
    point: GradientsAt,
    curvature: Curvature,
    before: FloatArray,
    again: tuple[float, float, float],
    *,
    prepared: bool,
) -> GradientEvidence:
    places = np.flatnonzero(gone)
    pulls = counts[places] * point.residuals[places]
    own = pulls[:, None] * training.regressors(places)
    distances, sizes = curvature.distances(own), np.linalg.norm(own, axis=1)
    records = tuple(
        ErasedRecord(_plain(label), float(size), float(far))
        for label, size, far in zip(index[places], sizes, distances, strict=True)
    )
    size = float(np.linalg.norm(point.gradient))
    of_all = np.abs(counts * point.residuals) * point.row_norms
    total = float(counts[~gone].sum())
    per_row = float(np.abs(point.gradient).max()) / total
    tolerance = _tolerance(estimator, point)
    known = {
        "gradient": size,
        "gradient_before": float(np.linalg.norm(before)),
        "gradient_per_row": per_row,
        "together": float(np.linalg.norm(own.sum(axis=0))),
    }
    return GradientEvidence(
        decision=_decide(known, sizes, float(np.fmax(tolerance, again[2])), curvature),
        learner=type(estimator).__name__,
        solver=str(getattr(estimator, "solver_", estimator.solver)),
        tolerance=tolerance,
        n_remaining=int((~gone).sum()),
        n_erased=len(places),
        n_weights=training.width,
        **known,
        smallest_eigenvalue=curvature.smallest,
        eigenvalue_floor=curvature.floor,
        distance_local=curvature.local_distance,
        distance_bound=curvature.bound,
        bound_argument=curvature.argument,
        distance_retrained=again[0],
        gradient_retrained=again[1],
        solver_per_row=again[2],
        records=records,
        hidden_rows=int((of_all < min(size, known["gradient_before"])).sum()),
        n_rows=len(gone),
        prepared=prepared,
    )


def _tolerance(estimator: Any, point: GradientsAt) -> float:
    """Return what the solver may leave of the gradient, per row; NaN when it does not say."""
    solver = str(getattr(estimator, "solver_", estimator.solver))
    tolerance = float(estimator.tol)
    if type(estimator).__name__ == "Ridge":
        if solver in ("lsqr", "sparse_cg", "sag", "saga", "lbfgs"):
            return float(np.nan)
        # A closed solution has no tolerance but that of the machine.
        return 1e-9 * max(float(np.abs(point.residuals).mean()), np.finfo(float).tiny)
    if solver in ("liblinear", "sag", "saga"):
        return float(np.nan)
    # lbfgs also stops where the objective no longer falls in double precision.
    return max(tolerance, 1e-6) if solver == "lbfgs" else tolerance


def _decide(
    known: dict[str, float], own: FloatArray, tolerance: float, curvature: Curvature
) -> OptimumDecision:
    """Decide, most telling first, which table these weights are the optimum of."""
    size = known["gradient"]
    if curvature.smallest == 0:
        return "cannot tell"
    if CLEAR * known["gradient_before"] <= size:
        return "optimum before"
    hidden = float(np.mean(own < CLEAR * size))
    if hidden <= FEW and CLEAR * size <= known["together"] and np.isfinite(curvature.bound):
        return "optimum"
    if known["gradient_per_row"] > CLEAR * tolerance:
        return "not optimum"
    return "cannot tell"


def _check_table(data: Any, outcome: str) -> None:
    if not isinstance(data, pd.DataFrame) or outcome not in data.columns:
        raise DataError(f"A DataFrame with the outcome's column {outcome!r} is expected.")


def _check_remaining(training: ConvexTraining, counts: FloatArray) -> None:
    if training.loss == "logistic" and len(np.unique(training.outcome[counts > 0])) < 2:
        raise DataError("The remaining rows hold one class only, so there is nothing to learn.")


def _sample_weights(given: Any, n: int) -> FloatArray:
    if given is None:
        return np.ones(n)
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != (n,) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError(f"sample_weight takes {n:,} finite numbers from 0, one per row.")
    return weights


def _erased_mask(data: pd.DataFrame, erased: Any) -> BoolArray:
    """Return which rows are to be forgotten."""
    if isinstance(erased, UnlearningTarget):
        if erased.kind not in ("datapoints", "subgroup"):
            raise TargetError(
                "The gradient tells whether rows were forgotten. Name datapoints or a subgroup."
            )
        gone = erased.mask(data)
    else:
        values = np.asarray(erased)
        if values.dtype == bool and values.shape == (len(data),):
            gone = values
        else:
            labels = (
                erased if isinstance(erased, Iterable) and not isinstance(erased, str) else [erased]
            )
            gone = UnlearningTarget.datapoints(list(labels)).mask(data)
    if not gone.any() or gone.all():
        raise TargetError("Some rows must be forgotten and some must remain.")
    return gone


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label
