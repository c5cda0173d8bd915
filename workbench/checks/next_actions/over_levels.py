"""What blocking leaves over all levels that the audit tested, beside the change it explains."""

from __future__ import annotations

import numpy as np

from workbench.case.asking.batches import sample_places
from workbench.case.intervention import Variation
from workbench.checks.next_actions.blocking import Routes
from workbench.checks.next_actions.feature_actions import DIRECT, Action
from workbench.common.against_threshold import lies_beyond, lies_within
from workbench.common.wording import listing, stated, with_interval
from workbench.methods.profile.profile import FeatureProfile

__all__ = ["left_over_levels"]

MOST_ROWS = 1_000
"""Rows on which the widest pair of levels is looked for."""
FEWEST_LEVELS = 3
"""Of two levels the explained change is all there is."""


def left_over_levels(
    routes: Routes, actions: list[Action], profile: FeatureProfile, threshold: float, level: float
) -> str:
    """Say how far the tested levels still lie apart once the routes that are named are blocked.

    Parameters
    ----------
    routes : Routes
        Of the explained change.
    actions : list of Action
        About this feature.
    profile : FeatureProfile
        Its levels.
    level : float
        Coverage of the interval.

    Returns
    -------
    str
        "" where nothing is blocked that brings the explained change below the threshold, or there
        are no other levels.
    """
    blocking = [a for a in actions if a.kind in ("mediator", "step") and a.below]
    column = routes.case.columns[routes.variation.feature]
    tested = [one for one in profile.levels if one.raw and one.raw[0][1] is not None]
    if not blocking or len(tested) < FEWEST_LEVELS:
        return ""
    what = blocking[-1].what
    blocked = frozenset(column.name if name == DIRECT else name for name in what)
    values = np.array([column.encode(one.raw[0][1]) for one in tested], column.values.dtype)
    inside = sample_places(len(routes.positions), MOST_ROWS, routes.seed)
    few = np.zeros(len(inside), dtype=column.values.dtype)
    every = Variation(column.name, "", few + values[0], tuple(few + value for value in values))
    means = routes.varied(every, inside).means_by_draw(blocked)
    low, high = int(np.argmin(means)), int(np.argmax(means))
    if low == high:
        low, high = 0, len(tested) - 1
    all_rows = np.arange(len(routes.positions))
    many = np.zeros(len(all_rows), dtype=column.values.dtype)
    pair = Variation(column.name, "", many + values[low], (many + values[high],))
    (left,) = routes.varied(pair, all_rows).effects(blocked)
    ends = left.interval(level)
    held = (
        "below"
        if lies_within(*ends, threshold)
        else "still above"
        if lies_beyond(*ends, threshold)
        else "not surely below"
    )
    names = [f"the direct route of {column.name}" if name == DIRECT else name for name in what]
    return (
        f"{column.name}: with {listing(names)} blocked, the two of all {len(tested)} tested levels "
        f"that then lie furthest apart are {tested[low].label} and {tested[high].label}: "
        f"{with_interval(left.value, ends, what='')}, {held} {stated(threshold)}, as far as the "
        f"equations carry it."
    )
