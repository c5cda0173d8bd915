"""What to do about one feature: which routes to block and where in the data to look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from workbench.checks.next_actions.block_search import smallest_set
from workbench.checks.next_actions.blocking import Routes, value_and_ends
from workbench.checks.next_actions.influence_places import InfluencePlace, influence_places
from workbench.common.against_threshold import lies_beyond, lies_within
from workbench.common.progress import Progress
from workbench.common.wording import listing, share, stated, with_interval
from workbench.methods.effects import Effect

__all__ = ["DIRECT", "Action", "beside", "feature_actions", "route_words"]

ActionKind = Literal["mediator", "step", "subgroup", "range"]

MOST_SINGLE = 3
"""Mediators that are named by themselves."""
SMALLEST_SHARE = 0.01
"""A mediator that carries less of what is left is not named."""
MORE_THAN_ALL = 1.05
"""Sum of single shares from which on it is explained."""
DIRECT = "direct"
"""How the direct route is named among the blocked ones."""


@dataclass(frozen=True)
class Action:
    """One thing to do, with what it would leave.

    Attributes
    ----------
    rank : int
        1 is the first to do.
    kind : {"mediator", "step", "subgroup", "range"}
        Block one route alone; the next one of the smallest set; look at a subgroup; at a range.
    feature : str
        Of the target.
    what : tuple of str
        The blocked mediators ("direct" for the direct route), or one condition on rows.
    remaining, low, high : float
        The total effect that would remain, with its interval. For rows: without what they
        contribute.
    share : float
        Of what is left, how much is gone then; above 1 when what remains has the other sign.
    below : bool
        Whether the interval of what remains lies inside ±τ.
    effect, effect_low, effect_high : float
        For rows: the effect inside; else the change of the total.
    rows_share : float
        Share of the target's rows that the condition describes; 1 for mediators.
    """

    rank: int
    kind: ActionKind
    feature: str
    what: tuple[str, ...]
    remaining: float
    low: float
    high: float
    share: float
    below: bool
    effect: float
    effect_low: float
    effect_high: float
    rows_share: float = 1.0

    def sentence(self, threshold: float, whole: str = "effect") -> str:
        """Say it in words; `whole` is what it is a part of: the effect, or the residue."""
        left = with_interval(self.remaining, (self.low, self.high), what="") + " would remain"
        left += f", {beside(self.low, self.high, threshold)}"
        if self.kind == "mediator":
            route = route_words(self.what[0], self.feature)
            return (
                f"Block {route}: it carries {share(self.share)} of "
                f"the {whole} of {self.feature}; then {left}."
            )
        if self.kind == "step":
            routes = listing([route_words(name, self.feature) for name in self.what], most=20)
            together = " together" if len(self.what) > 1 else " first"
            return f"Block {routes}{together}: then {left}."
        where = f"Look at the rows where {self.what[0]}"
        inside = with_interval(self.effect, (self.effect_low, self.effect_high), what="")
        return (
            f"{where}: there the {whole} of {self.feature} is {inside}; these are "
            f"{share(self.rows_share)} of the rows and {share(self.share)} of that {whole}."
        )


def feature_actions(
    routes: Routes, total: Effect, threshold: float, level: float, progress: Progress
) -> tuple[list[Action], list[str]]:
    """Find the actions about one feature.

    Parameters
    ----------
    level : float
        Coverage of each interval.

    Returns
    -------
    actions : list of Action
        Best first, not ranked yet.
    notes : list of str
        What to be careful about, in words.
    """
    feature = routes.variation.feature
    nodes = routes.blockable
    notes = []
    progress("blocking routes", 0.0)
    singles = [frozenset({node}) for node in nodes]
    remaining = dict(zip(singles, routes.effects(*singles), strict=True))
    by_size = sorted(singles, key=lambda one: -(_gone(total, remaining[one])))
    least = SMALLEST_SHARE * abs(total.value)
    named = [one for one in by_size[:MOST_SINGLE] if _gone(total, remaining[one]) > least]
    found = [
        _blocking("mediator", routes, total, one, remaining[one], threshold, level) for one in named
    ]
    progress("blocking routes", 0.3)
    search = smallest_set(routes, total, threshold, level, partial(_between, progress, 0.3, 0.7))
    if len(search.steps) > 1 or search.steps[0][0] not in named:
        found += [
            _blocking("step", routes, total, step, effect, threshold, level, search.order)
            for step, effect in search.steps
        ]
    if not search.exhaustive:
        notes.append(
            f"{feature}: not all combinations of {len(nodes)} routes could be tried, so a smaller "
            f"set may exist."
        )
    shares = [_gone(total, remaining[one]) / abs(total.value) for one in named]
    if sum(shares) > MORE_THAN_ALL:
        notes.append(
            f"{feature}: what these routes carry adds up to {share(sum(shares))} of the effect. "
            f"A path that passes several of them is closed by blocking any one, and counts for "
            f"each; and what works against the others counts for none."
        )
    against = [node for node in nodes if _gone(total, remaining[frozenset({node})]) < -threshold]
    if against:
        which = listing([route_words(node, feature) for node in against])
        notes.append(
            f"{feature}: blocking {which} alone would raise what is left, because it works against "
            f"the other routes."
        )
    for place in influence_places(routes, threshold, partial(_between, progress, 0.7, 1.0)):
        found.append(_place(place, feature, threshold, level))
    return found, notes


def _between(progress: Progress, start: float, end: float, step: str, share: float) -> None:
    progress(step, start + (end - start) * share)


def _gone(total: Effect, remaining: Effect) -> float:
    """By how much the size of the total falls, in its own direction."""
    return float(np.sign(total.value)) * (total.value - remaining.value)


def _blocking(
    kind: ActionKind,
    routes: Routes,
    total: Effect,
    blocked: frozenset[str],
    remaining: Effect,
    threshold: float,
    level: float,
    order: tuple[str, ...] = (),
) -> Action:
    feature = routes.variation.feature
    ordered = [n for n in (order or routes.blockable) if n in blocked]
    change = total - remaining
    left, low, high = value_and_ends(remaining, level, threshold)
    return Action(
        0,
        kind,
        feature,
        tuple(DIRECT if name == feature else name for name in ordered),
        left,
        low,
        high,
        change.value / total.value,
        lies_within(low, high, threshold),
        change.value,
        *change.interval(level),
    )


def beside(low: float, high: float, threshold: float) -> str:
    """Say where an interval of what is left lies beside the threshold."""
    if lies_within(low, high, threshold):
        held = "below"
    else:
        held = "still above" if lies_beyond(low, high, threshold) else "not surely below"
    return f"{held} {stated(threshold)}"


def route_words(name: str, feature: str) -> str:
    """Name a route that is blocked."""
    return f"the direct route of {feature}" if name == DIRECT else name


def _place(place: InfluencePlace, feature: str, threshold: float, level: float) -> Action:
    low, high = place.remaining.interval(level)
    return Action(
        0,
        place.kind,
        feature,
        (place.condition,),
        place.remaining.value,
        low,
        high,
        place.share,
        lies_within(low, high, threshold),
        place.inside.value,
        *place.inside.interval(level),
        place.rows_share,
    )
