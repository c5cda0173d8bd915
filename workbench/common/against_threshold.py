"""Held against a threshold ±τ: the only place where estimates and intervals are compared with it.

Estimates may be single numbers or arrays; the answers have their shape.
"""

from __future__ import annotations

from typing import overload

import numpy as np
import scipy

from workbench.common.arrays import BoolArray, FloatArray

__all__ = ["exceeds", "lies_beyond", "lies_within", "p_within"]


@overload
def exceeds(value: float, threshold: float) -> bool: ...
@overload
def exceeds(value: FloatArray, threshold: float) -> BoolArray: ...
def exceeds(value: float | FloatArray, threshold: float) -> bool | BoolArray:
    """Whether an estimate by itself is larger than τ, in either direction.

    Examples
    --------
    >>> exceeds(-0.03, 0.02), exceeds(0.02, 0.02)
    (True, False)
    """
    found = np.asarray(np.abs(value) > threshold)
    return found if found.ndim else bool(found)


def lies_within(low: float, high: float, threshold: float) -> bool:
    """Whether a whole interval lies inside ±τ.

    Examples
    --------
    >>> lies_within(-0.01, 0.01, 0.02), lies_within(-0.02, 0.01, 0.02)
    (True, False)
    """
    return bool(-threshold < low and high < threshold)


def lies_beyond(low: float, high: float, threshold: float) -> bool:
    """Whether a whole interval lies above +τ or below −τ.

    Examples
    --------
    >>> lies_beyond(0.03, 0.04, 0.02), lies_beyond(-0.03, 0.03, 0.02)
    (True, False)
    """
    return bool(low > threshold or high < -threshold)


@overload
def p_within(value: float, error: float, threshold: float, degrees: float = np.inf) -> float: ...
@overload
def p_within(
    value: FloatArray, error: FloatArray, threshold: float, degrees: float = np.inf
) -> FloatArray: ...
def p_within(
    value: float | FloatArray,
    error: float | FloatArray,
    threshold: float,
    degrees: float = np.inf,
) -> float | FloatArray:
    """p-value of "the true value lies within ±τ", which is largest at the border.

    Parameters
    ----------
    value, error : float or ndarray
        Estimates and their standard errors; without error, an estimate is the truth.
    threshold : float
        τ, in the unit of the estimates.
    degrees : float, default infinity
        Degrees of freedom of the errors: the normal distribution, or else Student's t.

    Examples
    --------
    >>> round(p_within(0.02, 0.001, 0.02), 6), p_within(0.03, 0.0, 0.02)
    (0.5, 0.0)
    >>> round(p_within(0.04, 0.01, 0.02), 6), round(p_within(0.04, 0.01, 0.02, degrees=2), 6)
    (0.02275, 0.105087)
    """
    size = np.abs(np.asarray(value, dtype=np.float64))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        near, far = (size - threshold) / error, (size + threshold) / error
    if np.isinf(degrees):
        tails = scipy.special.ndtr(-near) + scipy.special.ndtr(-far)
    else:
        tails = scipy.stats.t.sf(near, degrees) + scipy.stats.t.sf(far, degrees)
    sure = np.where(size > threshold, 0.0, 1.0)
    found = np.where(np.asarray(error) == 0, sure, np.minimum(tails, 1.0))
    return found if found.ndim else float(found)
