"""Ridge regressions whose error is known row by row, and how well they predict unseen rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from workbench.common.arrays import FloatArray
from workbench.methods.fuzzing.alike_rows import AlikeRows
from workbench.methods.held_out import trimmed_error

__all__ = ["LeastSquares", "held_out_error", "residuals"]

STEADY = 1e-9
"""Added to the diagonal of scaled normal equations, so that collinear regressors stay solvable."""


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Coefficients of one regression, and the factor of its scaled normal equations.

    The first regressor is the intercept, which is not penalised.
    """

    coefficients: FloatArray
    _factor: tuple[FloatArray, bool]
    _scaling: FloatArray

    @classmethod
    def fit(cls, gram: FloatArray, moment: FloatArray, penalty: float, n: int) -> LeastSquares:
        """Solve normal equations.

        Parameters
        ----------
        penalty : float
            Of a standardised coefficient, in rows.
        """
        scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
        scaled = gram / np.outer(scaling, scaling)
        scaled[np.diag_indices_from(scaled)] += np.r_[0.0, np.full(len(gram) - 1, penalty / n)]
        scaled[np.diag_indices_from(scaled)] += STEADY
        factor = scipy.linalg.cho_factor(scaled, lower=True)
        return cls(scipy.linalg.cho_solve(factor, moment / scaling) / scaling, factor, scaling)

    def weights(self, gradients: FloatArray) -> FloatArray:
        """Solve for what a row's regressors times its residual adds, shape (width, k).

        Parameters
        ----------
        gradients : ndarray, shape (k, width)
            Derivatives of k quantities by the coefficients.
        """
        solved = scipy.linalg.cho_solve(self._factor, (gradients / self._scaling).T)
        out: FloatArray = solved / self._scaling[:, None]
        return out


def residuals(
    regressors: FloatArray,
    alike: AlikeRows,
    y: FloatArray,
    learn: npt.NDArray[np.bool_] | slice,
    penalty: float,
) -> FloatArray:
    """Fit on some rows; return the residuals on all of them.

    Parameters
    ----------
    regressors : ndarray, shape (combinations, width)
    alike : AlikeRows
        The combination that each row holds.
    """
    seen = regressors[learn] if alike.place is None else regressors
    sums = alike.some(learn).normal_equations(seen, y[learn])
    fit = LeastSquares.fit(*sums, penalty, len(y[learn]))
    out: FloatArray = y - alike.by_row(regressors @ fit.coefficients)
    return out


def held_out_error(
    regressors: FloatArray,
    alike: AlikeRows,
    y: FloatArray,
    one: npt.NDArray[np.bool_],
    penalty: float,
) -> float:
    """Mean squared error on rows not fitted on, each half predicted from the other."""
    left = np.empty(len(y))
    for learn in (one, ~one):
        left[~learn] = residuals(regressors, alike, y, learn, penalty)[~learn]
    return trimmed_error(left)
