"""How far the optimum of a strictly convex training can be from some weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from workbench.checks.gradient_evidence.training import CHUNK, ConvexTraining, GradientsAt
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.threads import one_thread

__all__ = ["Curvature"]


@dataclass(frozen=True, eq=False)
class Curvature:
    """How far the optimum can be from weights with a known gradient and Hessian.

    Attributes
    ----------
    smallest : float
        Smallest eigenvalue of the Hessian at the weights, less its rounding error; 0 when the
        Hessian is singular to working precision.
    floor : float
        No eigenvalue of the Hessian is smaller anywhere between the weights and the optimum;
        0 when nothing is known.
    local_distance : float
        ‖gradient‖ / `smallest`: exact as a bound for squared loss; for logistic loss it takes the
        curvature at the weights to hold all the way.
    bound : float
        A distance that the optimum cannot exceed; infinite when nothing can be said.
    argument : str
        What the bound rests on, in words.
    step : ndarray, shape (weights,)
        The Newton step to the optimum.
    """

    smallest: float
    floor: float
    local_distance: float
    bound: float
    argument: str
    step: FloatArray
    factor: Any

    @classmethod
    def of(
        cls, training: ConvexTraining, point: GradientsAt, taking_part: BoolArray, rounding: float
    ) -> Curvature:
        """Compute it, with the bound of generalised self-concordance for logistic loss.

        Parameters
        ----------
        taking_part : ndarray of bool, shape (n,)
            Rows that the gradient is over.
        rounding : float
            How much the gradient's length may be off by rounding.

        Notes
        -----
        The logistic loss φ has |φ‴| ≤ φ″, so along θ + t·v the Hessian shrinks at most by
        exp(−t·κ·‖v‖_H), where κ ≥ |x·v| / ‖v‖_H for every row x (Bach 2010, "Self-concordant
        analysis for logistic regression"). With the Newton decrement δ = ‖∇‖ in the inverse
        Hessian's norm this gives 1 − exp(−κ‖v‖_H) ≤ κδ for the optimum θ + v, hence
        ‖v‖_H ≤ −log(1 − κδ) / κ whenever κδ < 1.
        """
        values = scipy.linalg.eigvalsh(point.hessian)
        smallest = float(values[0] - len(values) * np.finfo(float).eps * values[-1])
        size = float(scipy.linalg.norm(point.gradient)) + rounding
        if smallest <= 0:
            nothing = np.full_like(point.gradient, np.nan)
            return cls(0.0, 0.0, np.inf, np.inf, "no curvature in some direction", nothing, None)
        factor = scipy.linalg.cho_factor(point.hessian, lower=True)
        step = -scipy.linalg.cho_solve(factor, point.gradient)
        local = size / smallest
        if training.loss == "squared":
            text = "the Hessian is the same everywhere"
            return cls(smallest, smallest, local, local, text, step, factor)
        squared = max(float(-step @ point.gradient), 0.0)
        decrement = float(np.sqrt(squared) + rounding / np.sqrt(smallest))
        kappa = float(point.row_norms[taking_part].max()) / np.sqrt(smallest)
        text = "the longest row and the Newton decrement (Bach 2010)"
        if kappa * decrement > 0.01:  # rows measured by the Hessian itself say more
            kappa = _longest(training, factor, taking_part)
            text = "the row of largest leverage and the Newton decrement (Bach 2010)"
        bound, floor = np.inf, 0.0
        if kappa * decrement < 1:
            length = -np.log1p(-kappa * decrement) / kappa
            bound, floor = length / np.sqrt(smallest), smallest * float(np.exp(-kappa * length))
        least = float(training.penalties.min())
        if least > 0 and size / least < bound:
            bound, floor, text = size / least, least, "the penalty, which every weight bears"
        if not np.isfinite(bound):
            text = "none: the gradient is too large for the curvature at the weights to hold"
        return cls(smallest, floor, local, float(bound), text, step, factor)

    def distances(self, gradients: FloatArray) -> FloatArray:
        """Length of the Newton step for each of several gradients, shape (m, weights)."""
        if self.factor is None:
            return np.full(len(gradients), np.inf)
        with one_thread():
            return np.asarray(
                scipy.linalg.norm(scipy.linalg.cho_solve(self.factor, gradients.T), axis=0)
            )


def _longest(training: ConvexTraining, factor: Any, taking_part: BoolArray) -> float:
    """Length of the longest row in the inverse Hessian's norm."""
    places, longest = np.flatnonzero(taking_part), 0.0
    with one_thread():
        for start in range(0, len(places), CHUNK):
            block = training.regressors(places[start : start + CHUNK])
            solved = scipy.linalg.solve_triangular(
                factor[0], block.T, lower=True, check_finite=False
            )
            longest = max(longest, float(np.einsum("ij,ij->j", solved, solved).max()))
    return float(np.sqrt(longest))
