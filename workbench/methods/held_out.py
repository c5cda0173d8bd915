"""How well rows that were not fitted on are predicted, without the few that are far out.

A curve that bends freely may miss one row beyond the others by a whole range: squared, this one
row would choose the curve for all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["better", "trimmed_error"]

LEFT_OUT = 0.005
"""Share of the rows, the worst predicted, that are not counted."""


def trimmed_error(errors: npt.NDArray[np.float64]) -> float:
    """Mean squared error of all but the worst rows.

    Examples
    --------
    >>> trimmed_error(np.r_[np.ones(999), 80.0])
    1.0
    """
    squares = np.sort(errors**2)
    return float(squares[: len(squares) - int(LEFT_OUT * len(squares))].mean())


def better(error: float, worth: float, n: int) -> float:
    """Return the held-out error that earns a richer fit its place.

    Parameters
    ----------
    error : float
        Of the plainer fit.
    worth : float
        What the richer one must take off, in rows' worth of the error: the more rows there are,
        the smaller the bends that matter beside the noise.
    n : int

    Examples
    --------
    >>> better(2.0, 20.0, 4_000), better(2.0, 20.0, 40_000)
    (1.99, 1.999)
    """
    return error * (1 - worth / n)
