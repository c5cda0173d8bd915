"""Bounds of a share among a finite number of rows, of which some were asked about."""

from __future__ import annotations

import numpy as np
import scipy

__all__ = ["largest_share", "least_share"]


def largest_share(found: int, asked: int, many: int, alpha: float) -> float:
    """Return the largest share of all rows that the rows asked about do not refute.

    Parameters
    ----------
    found : int
        Rows of a kind among those asked about.
    asked, many : int
        Rows asked about, drawn at random from all `many`.
    alpha : float
        Chance of refuting a share that is true.

    Examples
    --------
    >>> largest_share(0, 500, 500, 0.05), largest_share(0, 250, 500, 0.05)
    (0.0, 0.008)
    """
    if asked >= many:
        return found / many
    low, high = found, many - (asked - found)
    while low < high:  # the largest number with a chance above alpha of as few as were found
        middle = (low + high + 1) // 2
        if scipy.stats.hypergeom.cdf(found, many, middle, asked) > alpha:
            low = middle
        else:
            high = middle - 1
    return low / many


def least_share(found: int, asked: int, many: int, alpha: float) -> float:
    """Return the smallest share of all rows that the rows asked about do not refute.

    Examples
    --------
    >>> least_share(0, 250, 500, 0.05), least_share(10, 250, 500, 0.05)
    (0.0, 0.028)
    """
    lowest: float = 1.0 - largest_share(asked - found, asked, many, alpha)
    return float(np.round(lowest, 12))
