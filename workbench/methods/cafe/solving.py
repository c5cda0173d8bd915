"""Scaled normal equations, solved though some regressors may be collinear."""

from __future__ import annotations

import numpy as np
import scipy

from workbench.common.arrays import FloatArray

__all__ = ["solve_spd"]

COLLINEAR = 1e-9
"""Added to the diagonal of scaled normal equations, so that collinear regressors stay solvable."""


def solve_spd(gram: FloatArray, right: FloatArray) -> FloatArray:
    """Solve scaled normal equations; collinear regressors share their coefficient."""
    steadied = gram.copy()
    steadied[np.diag_indices_from(gram)] += COLLINEAR
    factor = scipy.linalg.cho_factor(steadied, lower=True, overwrite_a=True)
    solution: FloatArray = scipy.linalg.cho_solve(factor, right)
    # One step of refinement takes the steadying out again wherever it was not needed.
    solution += scipy.linalg.cho_solve(factor, right - gram @ solution)
    return solution
