"""The routes of a change over all levels that the audit tested, beside the one it explains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.case.asking.batches import sample_places
from workbench.case.intervention import Variation
from workbench.checks.next_actions.blocking import OPEN, Blocked, Routes, value_and_ends
from workbench.checks.next_actions.feature_actions import DIRECT, Action, beside, route_words
from workbench.common.against_threshold import exceeds, without_rounding
from workbench.common.wording import listing, with_interval
from workbench.methods.profile.profile import FeatureProfile
from workbench.tables.columns import Column, Values

__all__ = ["change_of_residue", "left_over_levels", "over_all_levels"]

MOST_ROWS = 1_000
"""Rows on which the widest pair of levels is looked for, as long as any differ there."""
FEWEST_LEVELS = 3
"""Of two levels the explained change is all there is."""


class Tested(NamedTuple):
    """The levels of a column that the audit tested, in words and encoded."""

    labels: tuple[str, ...]
    values: Values


class Widest(NamedTuple):
    """The places of the two levels that lie furthest apart on average, how far, and where."""

    low: int
    high: int
    apart: float
    where: str


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
    tested = _tested(column, profile)
    count = len(tested.labels)
    if not blocking or count < FEWEST_LEVELS:
        return ""
    what = blocking[-1].what
    blocked = frozenset(column.name if name == DIRECT else name for name in what)
    names = listing([route_words(name, column.name) for name in what])
    start = f"{column.name}: with {names} blocked, "
    end = "as far as the equations carry it."
    widest = _widest(routes, tested, blocked, threshold)
    if widest is None:
        return (
            f"{start}no two of the {count} tested levels differ: 0 exactly, "
            f"{beside(0.0, 0.0, threshold)}, {end}"
        )
    (left,) = _between(routes, tested, widest).effects(blocked)
    value, low, high = value_and_ends(left, level, threshold)
    return (
        f"{start}of the {count} tested levels, the two that then lie furthest apart{widest.where} "
        f"are {tested.labels[widest.low]} and {tested.labels[widest.high]}: "
        f"{with_interval(value, (low, high), what='')}, {beside(low, high, threshold)}, {end}"
    )


def over_all_levels(variation: Variation, column: Column, profile: FeatureProfile) -> Variation:
    """Return a change from its own first level to every tested one: equations must cover these."""
    n = len(variation.before)
    after = tuple(_pinned(column, value, n) for value in _tested(column, profile).values)
    return Variation(
        variation.feature, variation.text, variation.before, (*variation.after, *after)
    )


def change_of_residue(
    routes: Routes, profile: FeatureProfile, threshold: float
) -> tuple[Routes, str]:
    """Return the routes of the two tested levels between which a residue is largest.

    Those of the explained change, where no others lie further apart by a tenth of the threshold:
    it was chosen for the audited model, and what is left above a retrained one can lie elsewhere.
    With them comes what to be careful about: pairs are chosen on rows that are averaged over, too.
    """
    column = routes.case.columns[routes.variation.feature]
    tested = _tested(column, profile)
    if len(tested.labels) < FEWEST_LEVELS:
        return routes, ""
    widest = _widest(routes, tested, OPEN, threshold)
    (explained,) = routes.effects(OPEN)
    least = abs(explained.value) + threshold / 10
    if widest is None or widest.apart <= least:
        return routes, ""
    chosen = _between(routes, tested, widest)
    (left,) = chosen.effects(OPEN)
    if abs(left.value) <= least:  # some of the rows showed more than all do
        return routes, ""
    if not without_rounding(left.standard_error, threshold) or not exceeds(left.value, threshold):
        return chosen, ""
    return chosen, (
        f"{column.name}: {chosen.variation.text} is the pair where most is left, chosen from "
        f"{len(tested.labels)} levels{widest.where}; the interval does not count the choice."
    )


def _tested(column: Column, profile: FeatureProfile) -> Tested:
    levels = [one for one in profile.levels if one.raw and one.raw[0][1] is not None]
    values = [column.encode(one.raw[0][1]) for one in levels]
    return Tested(tuple(one.label for one in levels), np.array(values, column.values.dtype))


def _pinned(column: Column, value: object, n: int) -> Values:
    """Return one level at every row."""
    return np.full(n, value, column.values.dtype)


def _widest(routes: Routes, tested: Tested, blocked: Blocked, threshold: float) -> Widest | None:
    """Look for the levels furthest apart; None where no row tells any apart.

    On some of the rows, and on all where these show nothing: a sample can miss what few rows carry.
    """
    column = routes.case.columns[routes.variation.feature]
    n = len(routes.positions)
    some = sample_places(n, MOST_ROWS, routes.seed)
    for places in (some, np.arange(n)) if len(some) < n else (some,):
        first, *_ = levels = tuple(_pinned(column, one, len(places)) for one in tested.values)
        every = Variation(column.name, "", first, levels)
        rows = routes.varied(every, places).by_draw(blocked)
        if any(without_rounding(float(np.abs(draw).max()), threshold) for draw in rows):
            means = [float(draw.mean()) for draw in rows]
            low, high = int(np.argmin(means)), int(np.argmax(means))
            if low == high:  # what single rows show cancels at every level
                low, high = 0, len(means) - 1
            where = f" on {len(places):,} of these {n:,} rows" if len(places) < n else ""
            return Widest(low, high, means[high] - means[low], where)
    return None


def _between(routes: Routes, tested: Tested, widest: Widest) -> Routes:
    """Return the routes between two tested levels, on all rows."""
    column, n = routes.case.columns[routes.variation.feature], len(routes.positions)
    before, after = (_pinned(column, tested.values[i], n) for i in (widest.low, widest.high))
    text = f"{tested.labels[widest.low]} → {tested.labels[widest.high]}"
    return routes.varied(Variation(column.name, text, before, (after,)), np.arange(n))
