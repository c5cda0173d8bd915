"""Regressions of the predictions on one feature's levels, given some of what is drawn before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray, Positions
from workbench.methods.profile.profile import EffectProfile
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import Column, Values

__all__ = ["RegressedLevels", "levels_tested", "regressed_levels", "sampled"]

MOST_REGRESSED = 5_000
"""Rows that are regressed on at the most."""
RIDGE = 1e-9
"""Relative steadying of the normal equations, for collinear regressors."""


def sampled(rows: Positions, seed: int) -> Positions:
    """Return the rows to regress on: all of them, or so many of them in their order."""
    if len(rows) <= MOST_REGRESSED:
        return rows
    drawn = np.random.default_rng([seed, len(rows)]).choice(rows, MOST_REGRESSED, replace=False)
    return np.sort(drawn)


def levels_tested(column: Column, variation: Variation, profile: EffectProfile | None) -> Values:
    """Return the encoded levels that were tested."""
    if profile is None:
        values = np.unique(np.concatenate([variation.before, *variation.after]))
        return values[[0, -1]] if column.is_numeric else values
    raw = [level.raw[0][1] for level in profile[variation.feature].levels if level.raw]
    if column.is_numeric:
        return np.array([np.nan if level is None else column.encode(level) for level in raw])
    return np.array([column.levels.index(level) for level in raw], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class RegressedLevels:
    """A regression of the predictions: what it says of a feature's levels, and what it leaves.

    Attributes
    ----------
    means : ndarray, shape (levels,)
    steps : ndarray, shape (levels, rows)
        What each row moves the mean of each level by, over the number of rows.
    """

    means: FloatArray
    steps: FloatArray

    @property
    def widest(self) -> tuple[int, int]:
        """The two levels that predictions differ between most, in their order."""
        low, high = sorted((int(self.means.argmin()), int(self.means.argmax())))
        return low, high

    def between(self, low: int, high: int) -> tuple[float, float]:
        """Return the difference between two levels, and its standard error."""
        moved = self.steps[high] - self.steps[low]
        return float(self.means[high] - self.means[low]), float(np.sqrt(np.dot(moved, moved)))


def regressed_levels(
    column: Column, levels: Values, own: FloatArray, given: Sequence[FloatArray], y: FloatArray
) -> RegressedLevels:
    """Regress predictions on a column, its basis at the rows, and those of what is given."""
    x = np.hstack([np.ones((len(y), 1)), own, *given])
    scale = np.sqrt((x**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    x = x / scale
    gram = x.T @ x / len(x)
    gram[np.diag_indices_from(gram)] += np.where(x.any(axis=0), RIDGE, 1.0)
    at = np.zeros((len(levels), len(gram)))
    places = slice(1, 1 + own.shape[1])
    at[:, places] = column_basis(column, "flexible")(levels) / scale[places]
    both = np.linalg.solve(gram, np.column_stack([x.T @ y / len(x), at.T]))
    left = y - x @ both[:, 0]
    room = np.sqrt(len(y) / max(len(y) - len(gram), 1))  # residuals of a fit are too small
    return RegressedLevels(at @ both[:, 0], (x @ both[:, 1:]).T * left * room / len(y))
