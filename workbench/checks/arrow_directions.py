"""Which arrows into a feature a small effect rests on: those whose other direction would make more.

Were what is drawn before a feature caused by it, adjusting for the feature's other causes would
give its effect. That regression is made for every arrow into the feature, and for all of them at
once: the effects of a graph whose directions are not known (Maathuis, Kalisch and Bühlmann 2009),
without asking whether the data could tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import scipy

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.checks.verdict import TurnedArrow
from workbench.common.against_threshold import exceeds
from workbench.common.arrays import Positions
from workbench.common.threads import one_thread
from workbench.methods.level_regression import (
    RegressedLevels,
    levels_tested,
    regressed_levels,
    sampled,
)
from workbench.methods.profile.profile import EffectProfile
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import Values

__all__ = ["turned_arrows"]

FEWEST = 500
"""Rows of a target below which the regression takes all rows of the data."""
CLEAR = 3.0
"""Standard errors from zero at which a difference, the largest of several, is not chance."""
MOST_OF_IT = 0.5
"""Share of a difference that must go away with an arrow as it is drawn."""


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
    rows, where = np.flatnonzero(target.mask(case.data)), ""
    if len(rows) < min(FEWEST, case.n_rows):
        rows, where = np.arange(case.n_rows), ", in all rows of the data"
    rows = sampled(rows, seed)
    found = []
    with one_thread():
        for variation in named:
            levels = levels_tested(case.columns[variation.feature], variation, profile)
            found += [
                replace(arrow, change=arrow.change + where)
                for arrow in _of_feature(case, variation.feature, levels, rows, threshold)
            ]
    return tuple(found)


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

    def regressed(left_out: Sequence[str]) -> RegressedLevels:
        given = [blocks[name] for name in seen if name not in left_out]
        return regressed_levels(
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
