"""How the correction is put on fuzzing's estimate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.methods.effects import Effect
from workbench.methods.form_test import FormTest

__all__ = ["corrected", "shrunk"]

FloatArray = npt.NDArray[np.float64]

RIGHT = 0.4
"""How likely it is, before the data speaks, that the equations need no correction."""
SIZES = 2.0 ** np.arange(7)
"""Spreads that a correction has otherwise, in its own standard errors; equally likely."""


def corrected(
    total: Effect, direct: Effect, correction: Effect, equations: FloatArray
) -> tuple[Effect, FormTest]:
    """Move an estimate by the share of its correction that is not its noise.

    The error of the equations is in the estimate and, with the other sign, in what they leave
    unexplained: the regression finds it there. So the correction's noise is its own less that of
    the equations, and the corrected estimate is free of the equations' error. What the correction
    truly is, given what was found, is said by :func:`shrunk`: the value is total + λδ, and its
    variance that of the total, with the variance of δ's truth for the part that the two share
    nothing of. This second part is carried by a column at right angles to those of total and
    direct, so that both total and indirect effect get it in full.

    Parameters
    ----------
    equations : ndarray, shape (n,)
        The part of the total's influence column that is the equations' error.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> start, none, more = (Effect(v, rng.normal(size=400)) for v in (0.1, 0.0, 1.0))
    >>> found, test = corrected(start, none, more, np.zeros(400))
    >>> round(test.weight, 3), round(found.value, 3)
    (0.999, 1.099)
    """
    noise = Effect(correction.value, correction.influence - equations)
    delta, s = noise.value, noise.standard_error
    if s == 0:
        return total + Effect(delta, correction.influence), FormTest(delta, s, 1.0)
    weight, variance = shrunk(delta / s)
    aside = _aside(noise.influence, [total.influence, direct.influence])
    column = total.influence + np.sqrt(variance) * s * len(aside) * aside
    return Effect(total.value + weight * delta, column), FormTest(delta, s, weight)


def shrunk(ratio: float) -> tuple[float, float]:
    """Guess a quantity from one measurement of it, in units of the measurement's error.

    The quantity is 0 with chance 0.4, and else normal about 0 with a spread of 1, 2, 4, … or 64
    errors. A measurement within its error is mostly noise; one far beyond it is taken as it is.

    Returns
    -------
    weight : float
        Mean of the quantity given the measurement, as a share of the measurement.
    variance : float
        Its variance given the measurement.

    Examples
    --------
    >>> [tuple(round(x, 2) for x in shrunk(t)) for t in (0.0, 2.0, 10.0)]
    [(0.19, 0.19), (0.49, 1.17), (0.99, 1.02)]
    """
    spread = np.r_[0.0, SIZES] ** 2
    prior = np.r_[RIGHT, np.full(len(SIZES), (1 - RIGHT) / len(SIZES))]
    log = np.log(prior) - (np.log1p(spread) + ratio**2 / (1 + spread)) / 2
    chance = np.exp(log - log.max())
    chance /= chance.sum()
    share = spread / (1 + spread)
    weight = float(chance @ share)
    return weight, float(chance @ (share + share**2 * ratio**2)) - weight**2 * ratio**2


def _aside(column: FloatArray, others: list[FloatArray]) -> FloatArray:
    """Return the unit vector of a column's part at right angles to others."""
    basis, _ = np.linalg.qr(np.stack(others, axis=1))
    for start in (column, np.resize([1.0, -1.0], len(column)), np.arange(len(column)) * 1.0):
        left = start - basis @ (basis.T @ start)
        left = left - basis @ (basis.T @ left)
        length = float(np.linalg.norm(left))
        if length > 1e-6 * float(np.linalg.norm(start)):
            out: FloatArray = left / length
            return out
    return np.zeros(len(column))
