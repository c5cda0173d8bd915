"""The routes of a change over all levels that the audit tested, beside the one it explains."""

from __future__ import annotations

import numpy as np

from workbench.case.asking.batches import sample_places
from workbench.case.intervention import Variation
from workbench.checks.next_actions.blocking import OPEN, Blocked, Routes
from workbench.checks.next_actions.feature_actions import DIRECT, Action
from workbench.common.against_threshold import lies_beyond, lies_within
from workbench.common.wording import listing, stated, with_interval
from workbench.methods.profile.profile import FeatureProfile, LevelEffect
from workbench.tables.columns import Column, Values

__all__ = ["change_of_residue", "left_over_levels", "over_all_levels"]

MOST_ROWS = 1_000
"""Rows on which the widest pair of levels is looked for."""
ROUNDING = 1e-12
"""What is below this is the rounding of a sum, and nothing at all."""
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
    tested = _tested(profile)
    if not blocking or len(tested) < FEWEST_LEVELS:
        return ""
    column = routes.case.columns[routes.variation.feature]
    what = blocking[-1].what
    blocked = frozenset(column.name if name == DIRECT else name for name in what)
    means = _means(routes, profile, blocked)
    low, high = int(np.argmin(means)), int(np.argmax(means))
    names = [f"the direct route of {column.name}" if name == DIRECT else name for name in what]
    start = f"{column.name}: with {listing(names)} blocked, "
    end = f"{stated(threshold)}, as far as the equations carry it."
    if means[high] - means[low] <= ROUNDING:
        return f"{start}none of all {len(tested)} tested levels differ: 0 exactly, below {end}"
    (left,) = _between(routes, profile, low, high).effects(blocked)
    ends = left.interval(level)
    held = (
        "below"
        if lies_within(*ends, threshold)
        else "still above"
        if lies_beyond(*ends, threshold)
        else "not surely below"
    )
    return (
        f"{start}the two of all {len(tested)} tested levels that then lie furthest apart are "
        f"{tested[low].label} and {tested[high].label}: "
        f"{with_interval(left.value, ends, what='')}, {held} {end}"
    )


def over_all_levels(variation: Variation, column: Column, profile: FeatureProfile) -> Variation:
    """Return a change from its own first level to every tested one: equations must cover these."""
    levels = _values(column, profile)
    n, dtype = len(variation.before), variation.before.dtype
    after = tuple(np.full(n, value, dtype=dtype) for value in levels)
    return Variation(
        variation.feature, variation.text, variation.before, (*variation.after, *after)
    )


def change_of_residue(routes: Routes, profile: FeatureProfile, threshold: float) -> Routes:
    """Return the routes of the two tested levels between which a residue is largest.

    Those of the explained change, where no others lie further apart by a tenth of the threshold:
    it was chosen for the audited model, and what is left above a retrained one can lie elsewhere.
    """
    tested = _tested(profile)
    if len(tested) < FEWEST_LEVELS:
        return routes
    means = _means(routes, profile, OPEN)
    low, high = int(np.argmin(means)), int(np.argmax(means))
    (explained,) = routes.effects(OPEN)
    if means[high] - means[low] <= abs(explained.value) + threshold / 10:
        return routes
    return _between(routes, profile, low, high)


def _tested(profile: FeatureProfile) -> list[LevelEffect]:
    return [one for one in profile.levels if one.raw and one.raw[0][1] is not None]


def _values(column: Column, profile: FeatureProfile) -> Values:
    levels = [column.encode(one.raw[0][1]) for one in _tested(profile)]
    return np.array(levels, column.values.dtype)


def _means(routes: Routes, profile: FeatureProfile, blocked: Blocked) -> list[float]:
    """Return what remains at every tested level, against the first, on some of the rows."""
    column = routes.case.columns[routes.variation.feature]
    values = _values(column, profile)
    inside = sample_places(len(routes.positions), MOST_ROWS, routes.seed)
    few = np.zeros(len(inside), dtype=column.values.dtype)
    every = Variation(column.name, "", few + values[0], tuple(few + value for value in values))
    return routes.varied(every, inside).means_by_draw(blocked)


def _between(routes: Routes, profile: FeatureProfile, low: int, high: int) -> Routes:
    """Return the routes between two tested levels, on all rows."""
    column, tested = routes.case.columns[routes.variation.feature], _tested(profile)
    values = _values(column, profile)
    rows = np.arange(len(routes.positions))
    many = np.zeros(len(rows), dtype=column.values.dtype)
    text = f"{tested[low].label} → {tested[high].label}"
    pair = Variation(column.name, text, many + values[low], (many + values[high],))
    return routes.varied(pair, rows)
