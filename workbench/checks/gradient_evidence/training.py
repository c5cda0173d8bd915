"""The training objective of a penalised logistic or ridge regression, as the auditor can redo it.

Such an objective is strictly convex, so it has one optimum, and its gradient at any weights says
how far away that optimum is. Everything is written as a sum over rows, Σ sᵢ·lossᵢ plus the
penalty, with the intercept as the weight of one more column; scikit-learn's solvers stop by the
same gradient divided by Σ sᵢ.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.errors import DataError, ModelError, listed
from workbench.common.threads import one_thread

__all__ = [
    "CHUNK",
    "ConvexTraining",
    "GradientsAt",
    "linear_estimator",
    "retrained",
    "row_counts",
    "training_of",
]


CHUNK = 2_048
"""Rows worked on at a time: their regressors stay in the processor's cache."""
MOST_BYTES = 4_000_000_000
"""Size of the transformed table at the most."""


@dataclass(frozen=True, eq=False)
class GradientsAt:
    """The objective's derivatives at some weights.

    Attributes
    ----------
    gradient : ndarray, shape (weights,)
        Of the objective over the rows that count.
    hessian : ndarray, shape (weights, weights)
    residuals : ndarray, shape (n,)
        A row's own gradient is its weight times its residual times its regressors.
    row_norms : ndarray, shape (n,)
        Lengths of the rows' regressors, the intercept's included.
    """

    gradient: FloatArray
    hessian: FloatArray
    residuals: FloatArray
    row_norms: FloatArray


@dataclass(frozen=True, eq=False)
class ConvexTraining:
    """Rows, outcome and penalty of one strictly convex training.

    Attributes
    ----------
    loss : {"logistic", "squared"}
        The squared loss is half the squared residual.
    rows : ndarray, shape (n, p)
        What reaches the estimator, after every preparing step.
    outcome : ndarray, shape (n,)
        0 or 1 for the logistic loss.
    penalty : float
        λ of the term λ/2 · ‖w‖²: 1/C, or alpha.
    intercept : float or None
        Value of the intercept's column; None without one.
    intercept_penalised : bool
        Only liblinear penalises it.
    """

    loss: Literal["logistic", "squared"]
    rows: FloatArray
    outcome: FloatArray
    penalty: float
    intercept: float | None
    intercept_penalised: bool

    @property
    def width(self) -> int:
        """Weights in all, the intercept included."""
        return int(self.rows.shape[1]) + (self.intercept is not None)

    @property
    def penalties(self) -> FloatArray:
        """λ of every weight; 0 for an intercept that is not penalised."""
        each = np.full(self.width, self.penalty)
        if self.intercept is not None and not self.intercept_penalised:
            each[-1] = 0.0
        return each

    def regressors(self, places: npt.NDArray[np.intp]) -> FloatArray:
        """Return the regressors of some rows with the intercept's column behind."""
        chosen = self.rows[places]
        if self.intercept is None:
            return chosen
        return np.column_stack([chosen, np.full(len(chosen), self.intercept)])

    def weights_of(self, estimator: Any) -> FloatArray:
        """Read the claimed weights from a fitted estimator, the intercept last."""
        weights = np.asarray(estimator.coef_, dtype=np.float64).ravel()
        if weights.shape != (self.rows.shape[1],) or not np.isfinite(weights).all():
            raise ModelError(
                f"The model holds {weights.size} weights for {self.rows.shape[1]} columns, or some "
                f"that are not finite. A fitted estimator with one finite weight per column is "
                f"expected."
            )
        if self.intercept is None:
            return weights
        return np.append(weights, np.ravel(estimator.intercept_)[0] / self.intercept)

    def at(self, weights: FloatArray, counts: FloatArray) -> GradientsAt:
        """Return gradient and Hessian at some weights, in one pass over the rows.

        Parameters
        ----------
        weights : ndarray, shape (weights,)
        counts : ndarray, shape (n,)
            sᵢ of every row; 0 for a row that does not take part.
        """
        n, p = self.rows.shape
        offset = 0.0 if self.intercept is None else self.intercept
        gradient, hessian = self.penalties * weights, np.diag(self.penalties)
        residuals, row_norms = np.empty(n), np.empty(n)
        with one_thread():
            for start in range(0, n, CHUNK):
                here = slice(start, min(start + CHUNK, n))
                block = self.rows[here]
                scores = block @ weights[:p]
                if self.intercept is not None:
                    scores += weights[-1] * offset
                fitted = scipy.special.expit(scores) if self.loss == "logistic" else scores
                residual = fitted - self.outcome[here]
                residuals[here] = residual
                row_norms[here] = np.einsum("ij,ij->i", block, block)
                pull = counts[here] * residual
                curve = counts[here] * (fitted * (1 - fitted) if self.loss == "logistic" else 1.0)
                gradient[:p] += pull @ block
                scaled = block * np.sqrt(curve)[:, None]
                hessian[:p, :p] += scaled.T @ scaled
                if self.intercept is not None:
                    cross = offset * (curve @ block)
                    hessian[:p, -1] += cross
                    hessian[-1, :p] += cross
                    gradient[-1] += offset * pull.sum()
                    hessian[-1, -1] += offset**2 * curve.sum()
        return GradientsAt(gradient, hessian, residuals, np.sqrt(row_norms + offset**2))

    def gradient_at(self, residuals: FloatArray, weights: FloatArray, counts: FloatArray) -> Any:
        """Return the gradient for other counts of the same rows, from the residuals."""
        pull = counts * residuals
        with one_thread():
            gradient = pull @ self.rows
        if self.intercept is not None:
            gradient = np.append(gradient, self.intercept * pull.sum())
        return gradient + self.penalties * weights


def linear_estimator(model: Any) -> tuple[Any, Any]:
    """Return a model's preparing steps (or None) and its penalised linear estimator.

    Raises
    ------
    ModelError
        When the training is not a penalised logistic or ridge regression that has one optimum.
    """
    from sklearn.exceptions import NotFittedError
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.utils.validation import check_is_fitted

    opened = getattr(model, "estimator", None)
    if opened is None or hasattr(model, "coef_"):
        opened = model
    opened = getattr(opened, "best_estimator_", opened)
    steps = getattr(opened, "steps", None)
    preparation, estimator = (opened[:-1], steps[-1][1]) if steps else (None, opened)
    if preparation is not None and not len(preparation):
        preparation = None
    # The exact classes: a subclass may train by another objective.
    if type(estimator) not in (LogisticRegression, Ridge):
        raise ModelError(
            f"The gradient pins the weights only where training has one optimum: penalised "
            f"LogisticRegression or Ridge of scikit-learn, alone or last in a pipeline. This is a "
            f"{type(estimator).__name__}. For other models use membership evidence."
        )
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise ModelError(f"{type(estimator).__name__} is not fitted. Call its fit first.") from None
    _check_settings(estimator)
    return preparation, estimator


def _check_settings(estimator: Any) -> None:
    name = type(estimator).__name__
    if name == "Ridge":
        alpha = np.asarray(estimator.alpha, dtype=np.float64)
        if alpha.size != 1 or np.size(estimator.intercept_) > 1 or np.ndim(estimator.coef_) > 1:
            raise ModelError("This Ridge predicts several outcomes. Check them one at a time.")
        if not alpha.ravel()[0] > 0:
            raise ModelError("This Ridge has alpha=0, so no penalty. A positive alpha is expected.")
        if estimator.positive:
            raise ModelError("This Ridge forces positive weights, so its gradient need not be 0.")
        return
    if len(estimator.classes_) != 2:
        raise ModelError(
            f"The model tells {len(estimator.classes_)} classes apart "
            f"({listed(estimator.classes_.tolist())}); this check is for two."
        )
    other: bool = estimator.penalty in ("l1", "elasticnet", None)
    mixed = estimator.penalty != "l2" and (estimator.l1_ratio or 0) > 0
    if other or mixed or not np.isfinite(estimator.C):
        raise ModelError(
            "The check needs the penalty l2 by itself: without it, or with l1, the gradient at the "
            "optimum does not pin the weights. This model was trained with "
            f"penalty={estimator.penalty!r}, l1_ratio={estimator.l1_ratio!r}, C={estimator.C!r}."
        )


def training_of(
    preparation: Any, estimator: Any, data: pd.DataFrame, outcome: pd.Series
) -> ConvexTraining:
    """Take the fitted preparation as given and set up the training on a table's rows."""
    columns = [
        str(name) for name in getattr(_first(preparation, estimator), "feature_names_in_", [])
    ]
    missing = [name for name in columns if name not in data.columns]
    if missing:
        raise DataError(f"The data lacks {listed(missing)}, which the model reads.")
    asked: Any = data[columns] if columns else data.drop(columns=str(outcome.name)).to_numpy()
    rows = _prepared(preparation, asked)
    if type(estimator).__name__ == "Ridge":
        y = pd.to_numeric(outcome, errors="coerce").to_numpy(dtype=np.float64)
        if np.isnan(y).any():
            raise DataError(f"The outcome {outcome.name!r} must be a number in every row.")
        penalty, at_one = float(np.ravel(estimator.alpha)[0]), 1.0
        own = estimator.fit_intercept
        return ConvexTraining("squared", rows, y, penalty, at_one if own else None, False)
    known = outcome.isin(estimator.classes_.tolist()).to_numpy()
    if not known.all():
        raise DataError(
            f"The outcome {outcome.name!r} holds {listed(outcome[~known].unique(), 4)}, which is "
            f"no class of the model ({listed(estimator.classes_.tolist())})."
        )
    y = (outcome == estimator.classes_[1]).to_numpy(dtype=np.float64)
    # liblinear takes the intercept for the weight of one more column, and penalises it.
    scaled = estimator.solver == "liblinear"
    column = float(estimator.intercept_scaling) if scaled else 1.0
    own = estimator.fit_intercept
    penalty = 1.0 / float(estimator.C)
    return ConvexTraining("logistic", rows, y, penalty, column if own else None, scaled and own)


def retrained(
    estimator: Any, training: ConvexTraining, counts: FloatArray, *, sharp: bool
) -> FloatArray:
    """Train again on the rows that count; return the weights, the intercept last.

    Parameters
    ----------
    sharp : bool
        As sharply as the solvers can, or else with the estimator's own settings.
    """
    from sklearn.base import clone
    from sklearn.exceptions import ConvergenceWarning

    taking_part = np.flatnonzero(counts > 0)
    rows, again = training.rows[taking_part], clone(estimator)
    liblinear_column = sharp and training.intercept_penalised
    if training.loss == "logistic":
        again.set_params(class_weight=None)  # class weights are already in the counts
    if sharp:
        again.set_params(
            **{"solver": "svd"}
            if training.loss == "squared"
            else {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 1_000}
        )
    if liblinear_column:
        rows = training.regressors(taking_part)
        again.set_params(fit_intercept=False)
    with warnings.catch_warnings():
        # Near the optimum rounding can stop the line search; the gradient left is reported.
        warnings.simplefilter("ignore", ConvergenceWarning)
        again.fit(rows, training.outcome[taking_part], sample_weight=counts[taking_part])
    if liblinear_column:
        return np.asarray(again.coef_, dtype=np.float64).ravel()
    return training.weights_of(again)


def row_counts(
    estimator: Any, training: ConvexTraining, given: FloatArray, taking_part: BoolArray
) -> FloatArray:
    """Return sᵢ: a row's sample weight times its class's, counted among the rows taking part."""
    chosen = getattr(estimator, "class_weight", None)
    if chosen is None:
        return given
    from sklearn.utils.class_weight import compute_class_weight

    present = taking_part & (given > 0)
    labels = estimator.classes_[training.outcome.astype(int)]
    per_class = compute_class_weight(
        chosen,
        classes=estimator.classes_,
        y=labels[present],
        sample_weight=given[present],
    )
    counts: FloatArray = given * per_class[training.outcome.astype(int)]
    return counts


def _first(preparation: Any, estimator: Any) -> Any:
    return estimator if preparation is None else preparation[0]


def _prepared(preparation: Any, asked: Any) -> FloatArray:
    rows = asked if preparation is None else preparation.transform(asked)
    size = 8 * int(np.prod(rows.shape))
    if size > MOST_BYTES:
        raise DataError(
            f"The prepared table has {rows.shape[0]:,} rows × {rows.shape[1]:,} columns, "
            f"{size / 1e9:.0f} GB as numbers; this check holds at most {MOST_BYTES / 1e9:.0f} GB."
        )
    dense = rows.toarray() if hasattr(rows, "toarray") else rows
    try:
        array = np.ascontiguousarray(dense, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("What reaches the estimator is not a table of numbers.") from None
    if not np.isfinite(array).all():
        raise DataError("What reaches the estimator holds missing or infinite values.")
    return array
