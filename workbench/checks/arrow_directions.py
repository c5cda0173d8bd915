"""Which arrows into a feature a small effect rests on: those whose other direction would make more.

Were what is drawn before a feature caused by it, adjusting for the feature's other causes would
give its effect. That regression is made for every arrow into the feature, and for all of them at
once: the effects of a graph whose directions are not known (Maathuis, Kalisch and Bühlmann 2009),
without asking whether the data could tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.checks.verdict import TurnedArrow
from workbench.common.against_threshold import exceeds
from workbench.common.arrays import FloatArray, Positions
from workbench.common.threads import one_thread
from workbench.methods.profile.profile import EffectProfile
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import Column, Values

__all__ = ["turned_arrows"]

ROWS = 5_000
"""Rows that are regressed on at the most."""
FEWEST = 500
"""Rows of a target below which the regression takes all rows of the data."""
CLEAR = 3.0
"""Standard errors from zero at which a difference, the largest of several, is not chance."""
MOST_OF_IT = 0.5
"""Share of a difference that must go away with an arrow as it is drawn."""
RIDGE = 1e-9
"""Relative steadying of the normal equations, for collinear regressors."""


def turned_arrows(
    case: AuditCase,
    target: UnlearningTarget,
    varied: Sequence[Variation],
    profile: EffectProfile | None,
    *,
    threshold: float,
    seed: int = 0,
) -> tuple[TurnedArrow, ...]:
    """Find arrows into the target's features whose other direction would move more than τ.

    Parameters
    ----------
    varied : sequence of Variation
        The change of each feature that the report explains; tried where there is no profile.
    profile : EffectProfile or None
        Names the levels that were tested.
    """
    named = [v for v in varied if case.audit_graph.parents(v.feature)]
    if not named:
        return ()
    rows = np.flatnonzero(target.mask(case.data))
    rows = rows if len(rows) >= FEWEST else np.arange(case.n_rows)
    if len(rows) > ROWS:
        rows = np.sort(np.random.default_rng([seed, len(rows)]).choice(rows, ROWS, replace=False))
    found = []
    with one_thread():
        for variation in named:
            levels = _levels(case.columns[variation.feature], variation, profile)
            found += list(_of_feature(case, variation.feature, levels, rows, threshold))
    return tuple(found)


def _levels(column: Column, variation: Variation, profile: EffectProfile | None) -> Values:
    """Return the encoded levels that were tested."""
    if profile is None:
        values = np.unique(np.concatenate([variation.before, *variation.after]))
        return values[[0, -1]] if column.is_numeric else values
    raw = [level.raw[0][1] for level in profile[variation.feature].levels if level.raw]
    if column.is_numeric:
        return np.array([np.nan if level is None else column.encode(level) for level in raw])
    return np.array([column.levels.index(level) for level in raw], dtype=np.intp)


def _of_feature(
    case: AuditCase, feature: str, levels: Values, rows: Positions, threshold: float
) -> Iterator[TurnedArrow]:
    if len(levels) < 2:
        return
    parents = case.audit_graph.parents(feature)
    seen = [name for name in parents if name in case.columns]
    hidden = [name for name in parents if name in case.graph.latents and _behind(case, name)]
    blocks = {
        name: column_basis(case.columns[name], "flexible")(case.columns[name].values[rows])
        for name in (feature, *seen)
    }

    def regressed(left_out: Sequence[str]) -> _Regressed:
        given = [blocks[name] for name in seen if name not in left_out]
        return _regressed(
            case.columns[feature], levels, blocks[feature], given, case.predictions[rows]
        )

    as_drawn = regressed(())

    def turned(causes: Sequence[str], *, behind: bool = False) -> Iterator[TurnedArrow]:
        found = as_drawn if behind else regressed(causes)
        low, high = found.widest
        value, error = found.between(low, high)
        if not exceeds(value, threshold) or abs(value) <= CLEAR * error:
            return
        if not behind and abs(value - as_drawn.between(low, high)[0]) < MOST_OF_IT * abs(value):
            return  # it is not these arrows that it rests on
        half = float(scipy.special.ndtri(0.975)) * error
        label = case.columns[feature].label
        yield TurnedArrow(
            feature,
            tuple(causes),
            f"{label(levels[low])} → {label(levels[high])}",
            value,
            value - half,
            value + half,
            explained=all(case.graph.notes.get((name, feature)) for name in causes),
            hidden=behind,
        )

    found = [one for name in seen for one in turned([name])]
    if hidden:
        found += turned(hidden, behind=True)
    if not found and len(seen) > 1:
        found += turned(seen)
    yield from found


def _behind(case: AuditCase, hidden: str) -> bool:
    """Whether a hidden cause reaches something that is observed in more ways than one."""
    return len(case.graph.children(hidden)) > 1


@dataclass(frozen=True, eq=False)
class _Regressed:
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


def _regressed(
    column: Column, levels: Values, own: FloatArray, given: Sequence[FloatArray], y: FloatArray
) -> _Regressed:
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
    return _Regressed(at @ both[:, 0], (x @ both[:, 1:]).T * left * room / len(y))
