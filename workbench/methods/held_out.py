"""How far predictions of rows that were not fitted on are off, without the few that are far out.

A curve that bends freely may miss one row beyond the others by a whole range: squared, this one
row would choose the curve for all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["trimmed_error"]

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
