"""Next actions in a saved file, without the example pairs, which are rows of the data.

Their numbers were measured on rows that do not travel, so they cannot be made again; what follows
from them is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workbench.case.condition import Condition
from workbench.checks.finding import Rest, SavedForm
from workbench.checks.next_actions.feature_actions import Action, ActionKind
from workbench.checks.next_actions.finding import NextActions
from workbench.common.against_threshold import lies_within
from workbench.common.saved_values import (
    Count,
    MaybeNumber,
    Number,
    Saved,
    altered,
    check_between,
    check_known,
    wrong,
)
from workbench.methods.saved_effects import SavedEstimates

__all__ = ["SAVED"]

PLACE = "next_actions"
SLACK = 1e-6
"""By how much numbers that must agree may differ, for rounding."""


class SavedLeft(Saved, frozen=True):
    """What is left of one feature's influence."""

    feature: str
    value: Number
    low: Number
    high: Number


class SavedAction(Saved, frozen=True):
    """One action; rank, share of a blocked route, and whether it is below τ are made again."""

    rank: Count
    kind: ActionKind
    feature: str
    what: tuple[str, ...]
    remaining: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    share: MaybeNumber
    below: bool
    effect: MaybeNumber
    effect_low: MaybeNumber
    effect_high: MaybeNumber
    rows_share: Number


class SavedActions(Saved, frozen=True, omit_defaults=True):
    """What to do about what is left."""

    threshold: Number
    residue: bool
    left: tuple[SavedLeft, ...]
    actions: tuple[SavedAction, ...]
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    about: str = ""
    level: Number = 0.95


def _write(found: NextActions, _: Rest) -> SavedActions:
    return SavedActions(
        threshold=found.threshold,
        residue=found.residue,
        left=tuple(
            SavedLeft(feature=name, value=value, low=low, high=high)
            for name, value, low, high in found.left
        ),
        actions=tuple(SavedAction(**vars(action)) for action in found.actions),
        sentences=found.sentences(),
        notes=found.notes,
        about=found.about,
        level=found.level,
    )


def _read(saved: SavedActions, rest: Rest, _: SavedEstimates) -> NextActions:
    tau, change = saved.threshold, rest.checks.get("change")
    if rest.verdict is not None and tau != rest.verdict.threshold:
        raise altered("next actions were judged by another threshold")
    if tau <= 0:
        raise wrong(f"{PLACE}.threshold", "is not above 0.")
    if saved.residue and (change is None or change.decision != "above"):
        raise altered("actions are about a residue, but none above the threshold was found")
    if not (saved.left or saved.actions):
        raise wrong(f"{PLACE}.left", "is empty; actions are about some influence.")
    check_known(f"{PLACE}.left", (one.feature for one in saved.left), rest.features)
    for one in saved.left:
        check_between(f"{PLACE}.left", one.low, one.value, high=one.high)
    check_between(f"{PLACE}.level", 0.0, saved.level, high=1.0)
    totals = {one.feature: one.value for one in saved.left}
    return NextActions(
        tuple(
            _action(action, rank, tau, totals, rest.nodes)
            for rank, action in enumerate(saved.actions, start=1)
        ),
        tuple((one.feature, one.value, one.low, one.high) for one in saved.left),
        tau,
        saved.residue,
        saved.notes,
        about=saved.about,
        level=saved.level,
    )


def _action(
    saved: SavedAction,
    rank: int,
    threshold: float,
    totals: Mapping[str, float],
    nodes: Collection[str],
) -> Action:
    place = f"{PLACE}.actions[{rank - 1}]"
    known = {
        name: float("nan") if (value := getattr(saved, name)) is None else float(value)
        for name in ("remaining", "low", "high", "share", "effect", "effect_low", "effect_high")
    }
    check_known(place, (saved.feature,), totals)
    check_between(place, known["low"], known["remaining"], high=known["high"])
    check_between(place, known["effect_low"], known["effect"], high=known["effect_high"])
    check_between(place, 0.0, saved.rows_share, high=1.0)
    if not saved.what:
        raise wrong(f"{place}.what", "names nothing to do.")
    if saved.kind in ("mediator", "step"):
        check_known(f"{place}.what", saved.what, {*nodes, "direct"})
        total = totals[saved.feature]
        gone = total - known["remaining"]
        if abs(gone - known["effect"]) > SLACK or total == 0:
            raise altered("what blocking takes away and what remains do not make up the total")
        known["share"] = gone / total
    else:
        Condition(saved.what[0])
    return Action(
        rank=rank,
        kind=saved.kind,
        feature=saved.feature,
        what=saved.what,
        below=lies_within(known["low"], known["high"], threshold),
        rows_share=saved.rows_share,
        **known,
    )


SAVED = SavedForm(SavedActions, _write, _read)
