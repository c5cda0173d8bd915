"""Comparisons with a threshold ±τ: the only place where estimates and intervals meet it.

Estimates may be single numbers or arrays; the answers have their shape.
"""

from __future__ import annotations

import math
from typing import TypeGuard, overload

import numpy as np
import scipy

from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.errors import TargetError

__all__ = ["check_limits", "exceeds", "lies_beyond", "lies_within", "p_within", "without_rounding"]

ROUNDING = 1e-12
"""What is below this is the rounding of a sum, and nothing at all."""


def check_limits(threshold: object, alpha: object = 0.05) -> None:
    """Refuse a threshold τ that is no size, and an error rate that is none.

    Raises
    ------
    TargetError
        The threshold is no finite number above 0, or alpha none between 0 and 0.5.

    Examples
    --------
    >>> check_limits(0.02)
    >>> check_limits("0.02")
    Traceback (most recent call last):
        ...
    workbench.common.errors.TargetError: The threshold must be a number above 0, not '0.02'.
    """
    if not (_is_number(threshold) and 0 < threshold < math.inf):
        raise TargetError(f"The threshold must be a number above 0, not {threshold!r}.")
    if not (_is_number(alpha) and 0 < alpha < 0.5):
        raise TargetError(f"alpha must lie between 0 and 0.5, not {alpha!r}.")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


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


def without_rounding(value: float, threshold: float = 1.0) -> float:
    """Return an estimate, or 0 for what is only the last bits of a sum.

    Parameters
    ----------
    threshold : float, default 1
        τ, in the unit of the estimate: sums of large numbers leave more.

    Examples
    --------
    >>> without_rounding(-0.03), without_rounding(-1e-17), without_rounding(1e-11, 500.0)
    (-0.03, 0.0, 0.0)
    """
    return 0.0 if abs(value) < ROUNDING * max(threshold, 1.0) else value


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
