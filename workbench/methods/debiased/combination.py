"""How the correction is put on fuzzing's estimate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.methods.effects import Effect
from workbench.methods.form_test import FormTest

__all__ = ["corrected", "shrunk", "widened"]


RIGHT = 0.1
"""How likely it is, before the data speaks, that the equations need no correction.

With 0.4 the error is a tenth smaller where equations of this form fit, but noise of two humps or
a pile of zeros then left intervals that held the truth in 58 to 75 %.
"""
ENOUGH = 0.3
"""The same of "finer curves find nothing that a few do not"."""
SIZES = 2.0 ** np.arange(7)
"""Spreads that a correction has otherwise, in its own standard errors; equally likely."""


def corrected(
    total: Effect,
    direct: Effect,
    correction: Effect,
    equations: FloatArray,
    coarse: Effect | None = None,
) -> tuple[Effect, FormTest]:
    """Move an estimate by the share of its correction that is not its noise.

    The error of the equations is in the estimate and, with the other sign, in what they leave
    unexplained: the regression finds it there. So the correction's noise is its own less that of
    the equations, and the corrected estimate is free of the equations' error. What the correction
    truly is, given what was found, is said by :func:`shrunk`. A regression on few regressors has
    little noise, and finds most of a smooth error; what one on many adds to it is mostly noise. So
    each of the two parts is judged by its own error. The variance is that of the total, that of
    the whole correction, and the square of what was not taken of it. The last two are carried by a
    column at right angles to those of total and direct, so that both total and indirect effect get
    them in full.

    Parameters
    ----------
    equations : ndarray, shape (n,)
        The part of the total's influence column that is the equations' error.
    coarse : Effect, optional
        What few regressors find of the correction; without, it is taken as a whole.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> start, none, more = (Effect(v, rng.normal(size=400)) for v in (0.1, 0.0, 1.0))
    >>> found, test = corrected(start, none, more, np.zeros(400))
    >>> round(test.weight, 3), round(found.value, 3)
    (0.997, 1.097)
    """
    noise = Effect(correction.value, correction.influence - equations)
    delta, s = noise.value, noise.standard_error
    if s == 0:
        return total + Effect(delta, correction.influence), FormTest(delta, s, 1.0)
    if coarse is None:
        taken = _share(noise) * delta
    else:
        first = Effect(coarse.value, coarse.influence - equations)
        further = noise - first
        taken = _share(first) * first.value + _share(further, ENOUGH) * further.value
    open_ = float(np.hypot(s, delta - taken))
    aside = _aside(noise.influence, [total.influence, direct.influence])
    column = total.influence + open_ * len(aside) * aside
    weight = float(np.clip(taken / delta, 0.0, 1.0)) if delta else 1.0
    return Effect(total.value + taken, column), FormTest(delta, s, weight)


def _share(found: Effect, right: float = RIGHT) -> float:
    s = found.standard_error
    return float(shrunk(found.value / s, right)) if s > 0 else 1.0


def shrunk(ratios: npt.ArrayLike, right: float = RIGHT) -> FloatArray:
    """Guess quantities from one measurement of each, in units of the measurements' errors.

    A quantity is 0 with chance `right`, and else normal about 0 with a spread of 1, 2, 4, … or 64
    errors. A measurement within its error is mostly noise; one far beyond it is taken as it is.

    Such a guess is closer to the truth on average over quantities. What holds of this one is
    the measurement's own error, and that what was not taken of it may be true. Intervals count
    both: with the guess's variance they would hold a quantity of two errors in 87 %.

    Returns
    -------
    ndarray
        Mean of the quantity given the measurement, as a share of the measurement.

    Examples
    --------
    >>> shrunk([0.0, 2.0, 10.0]).round(2).tolist()
    [0.49, 0.72, 0.99]
    """
    measured = np.asarray(ratios, dtype=np.float64)[..., None]
    spread = np.r_[0.0, SIZES] ** 2
    prior = np.r_[right, np.full(len(SIZES), (1 - right) / len(SIZES))]
    log = np.log(prior) - (np.log1p(spread) + measured**2 / (1 + spread)) / 2
    chance = np.exp(log - log.max(axis=-1, keepdims=True))
    chance /= chance.sum(axis=-1, keepdims=True)
    out: FloatArray = chance @ (spread / (1 + spread))
    return out


def widened(effect: Effect, by: float) -> Effect:
    """Add an error of its own to an effect's interval, as if it were one standard error.

    Examples
    --------
    >>> start = Effect(0.1, np.random.default_rng(0).normal(size=400))
    >>> found = widened(start, 0.2).standard_error
    >>> bool(np.isclose(found, np.hypot(start.standard_error, 0.2), rtol=1e-2))
    True
    """
    own = _aside(np.ones(len(effect.influence)), [effect.influence])
    return Effect(effect.value, effect.influence + by * len(own) * own)


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
