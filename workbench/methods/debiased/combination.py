"""How the correction is put on fuzzing's estimate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.methods.effects import Effect
from workbench.methods.form_test import FormTest

__all__ = ["corrected"]

FloatArray = npt.NDArray[np.float64]

HIDDEN = 1 / 3
"""Share of s² by which a correction that is not taken may still be a true one."""


def corrected(total: Effect, direct: Effect, correction: Effect) -> tuple[Effect, FormTest]:
    """Move an estimate by the share of its correction that exceeds the correction's own noise.

    λ = max(0, 1 − s² / δ²); the value is total + λδ. Its variance is that of a mixture, which
    says with chance λ that the corrected estimate is the right one and else that the other is:
    (1 − λ) · se²(total) + λ · se²(total + δ) + λ(1 − λ) · δ². A correction that is not taken may
    still be a true one that its noise hides: with a half-Cauchy prior on its size, a third of s²
    is left of it where δ is 0, and (1 − λ) · s² / 3 is added for that. All this is the variance of
    the sum's own influence column plus λ(1 − λ)(s² + δ²) + (1 − λ) · s² / 3, which is carried by a
    column of its own, at right angles to those of total and direct, so that both total and
    indirect effect get it in full.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> start, none, more = (Effect(v, rng.normal(size=400)) for v in (0.1, 0.0, 1.0))
    >>> found, test = corrected(start, none, more)
    >>> round(test.weight, 3), round(found.value, 3)
    (0.998, 1.098)
    """
    delta, s = correction.value, correction.standard_error
    share = max(0.0, 1 - s**2 / delta**2) if delta != 0 else 0.0
    test = FormTest(delta, s, share)
    if s == 0:
        return total + Effect(share * delta, correction.influence * share), test
    influence = total.influence + share * correction.influence
    extra = np.sqrt(share * (1 - share) * (s**2 + delta**2) + (1 - share) * HIDDEN * s**2)
    n = len(influence)
    aside = _aside(correction.influence, [influence, direct.influence])
    return Effect(total.value + share * delta, influence + extra * n * aside), test


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
