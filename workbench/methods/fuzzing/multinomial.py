"""Multinomial logistic regression by Newton's method on counts of distinct regressor rows.

Rows that are alike count once, with how many of them are at each level. A table of categories has
few distinct rows, and counts add over partitions of the data.
"""

from __future__ import annotations

import numpy as np
import scipy

from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError
from workbench.common.limits import EQUATION_WORK

__all__ = ["fit_multinomial", "refuse_endless"]


PENALTY = 1.0
"""Ridge penalty of a standardised slope, in rows."""
INTERCEPT_PENALTY = 1e-8
MOST_STEPS = 50
CLOSE_ENOUGH = 1e-9
"""Gain of a step, as a share of the log-likelihood, at which it is the last."""
SHORTEST = 1e-4
"""Shortest share of a step that is tried."""


def fit_multinomial(regressors: FloatArray, counts: FloatArray) -> FloatArray:
    """Fit log-odds of every level but the first against the first.

    Parameters
    ----------
    regressors : ndarray, shape (rows, width)
        Standardised; the first column is 1.
    counts : ndarray, shape (rows, levels)
        How often each level occurs among the data's rows that share these regressors.

    Returns
    -------
    ndarray, shape (width, levels − 1)

    Examples
    --------
    >>> found = fit_multinomial(np.ones((1, 1)), np.array([[30.0, 10.0]]))
    >>> round(float(np.exp(found[0, 0])), 4)
    0.3333
    """
    width, others = regressors.shape[1], counts.shape[1] - 1
    sizes, sums = counts.sum(axis=1), counts.sum(axis=0)
    penalty = np.full((width, 1), PENALTY)
    penalty[0] = INTERCEPT_PENALTY
    found = np.zeros((width, others))
    found[0] = np.log(np.maximum(sums[1:], 0.5) / max(sums[0], 0.5))

    def fit_of(at: FloatArray) -> tuple[float, FloatArray]:
        log_odds = np.column_stack([np.zeros(len(regressors)), regressors @ at])
        log_chances = log_odds - scipy.special.logsumexp(log_odds, axis=1, keepdims=True)
        return float((counts * log_chances).sum() - 0.5 * (penalty * at**2).sum()), log_chances

    value, log_chances = fit_of(found)
    for _ in range(MOST_STEPS):
        chances = np.exp(log_chances[:, 1:])
        slope = regressors.T @ (counts[:, 1:] - sizes[:, None] * chances) - penalty * found
        curve = _curvature(regressors, sizes, chances)
        curve[np.diag_indices_from(curve)] += np.tile(penalty.ravel(), others)
        step = scipy.linalg.solve(curve, slope.T.ravel(), assume_a="pos").reshape(others, width).T
        share, better = 1.0, value
        while share > SHORTEST:
            better, tried = fit_of(found + share * step)
            if better >= value:
                break
            share /= 2
        if better < value:
            break
        gain, value, log_chances = better - value, better, tried
        found = found + share * step
        if gain <= CLOSE_ENOUGH * abs(value):
            break
    return found


def _curvature(regressors: FloatArray, sizes: FloatArray, chances: FloatArray) -> FloatArray:
    """Information matrix, level by level."""
    width, others = regressors.shape[1], chances.shape[1]
    out = np.empty((others, width, others, width))
    for i in range(others):
        for j in range(i, others):
            weight = sizes * chances[:, i] * ((i == j) - chances[:, j])
            out[i, :, j] = out[j, :, i] = (regressors * weight[:, None]).T @ regressors
    return out.reshape(others * width, others * width)


def refuse_endless(name: str, rows: int, width: int, levels: int) -> None:
    """Refuse a category whose equation would take so long that nobody waits for it.

    Raises
    ------
    DataError
        It says how many levels could be fitted.
    """
    if rows * width * levels**2 > EQUATION_WORK:
        most = int((EQUATION_WORK / (rows * width)) ** 0.5)
        raise DataError(
            f"{name!r} has {levels:,} levels, and the equation of so many over {rows:,} different "
            f"rows would take too long. With its rare levels merged into one, so that at most "
            f"{most:,} are left, it can be fitted."
        )
