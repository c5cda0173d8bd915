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

__all__ = ["Curvature", "fit_multinomial", "refuse_endless"]


PENALTY = 1.0
"""Ridge penalty of a standardised slope, in rows."""
INTERCEPT_PENALTY = 1e-8
MOST_STEPS = 50
CLOSE_ENOUGH = 1e-9
"""Gain of a step, as a share of the log-likelihood, at which it is the last."""
SHORTEST = 1e-4
"""Shortest share of a step that is tried."""
MOST_PRODUCTS = 8_000_000
"""Products of regressors that are held, at 8 bytes each; of more rows they are made again."""


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
        log_chances = scipy.special.log_softmax(log_odds, axis=1)
        return float((counts * log_chances).sum() - 0.5 * (penalty * at**2).sum()), log_chances

    value, log_chances = fit_of(found)
    curvature = Curvature(regressors, sizes)
    for _ in range(MOST_STEPS):
        chances = np.exp(log_chances[:, 1:])
        slope = regressors.T @ (counts[:, 1:] - sizes[:, None] * chances) - penalty * found
        curve = curvature.at(chances)
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


class Curvature:
    """Information matrices of the coefficients over the same regressor rows, level by level.

    The products of any two regressors are made once. An information matrix is then one product of
    matrices: theirs, and how chances of any two levels vary together.

    Parameters
    ----------
    regressors : ndarray, shape (rows, width)
    sizes : ndarray, shape (rows,)
        How many rows of the data each stands for.

    Examples
    --------
    >>> Curvature(np.ones((1, 1)), np.array([40.0])).at(np.array([[0.25]]))
    array([[7.5]])
    """

    def __init__(self, regressors: FloatArray, sizes: FloatArray) -> None:
        self._regressors, self._sizes = regressors, sizes
        width = regressors.shape[1]
        self._left, self._right = np.triu_indices(width)
        self._products: FloatArray | None = None
        if len(regressors) * len(self._left) <= MOST_PRODUCTS:
            columns = np.ascontiguousarray(regressors.T)
            self._products = columns[self._left] * columns[self._right]

    def at(self, chances: FloatArray) -> FloatArray:
        """Return the matrix at these chances of every level but the first.

        Parameters
        ----------
        chances : ndarray, shape (rows, levels − 1)

        Returns
        -------
        ndarray, shape (width · (levels − 1),) twice
            The coefficients of one level stand together.
        """
        width, others = self._regressors.shape[1], chances.shape[1]
        first, second = np.triu_indices(others)
        by_level = np.ascontiguousarray(chances.T)
        weighted = by_level * self._sizes
        out = np.empty((others, width, others, width))
        if self._products is None or others == 1:
            for i, j in zip(first, second, strict=True):
                weight = weighted[i] * ((i == j) - by_level[j])
                block = (self._regressors * weight[:, None]).T @ self._regressors
                out[i, :, j] = out[j, :, i] = block
        else:
            weights = weighted[first] * by_level[second]
            np.negative(weights, out=weights)
            weights[first == second] += weighted
            sums = weights @ self._products.T
            square = np.empty((len(first), width, width))
            square[:, self._left, self._right] = square[:, self._right, self._left] = sums
            for block, i, j in zip(square, first, second, strict=True):
                out[i, :, j] = out[j, :, i] = block
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
