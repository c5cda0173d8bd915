"""How a finding depends on the graph, in a saved file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from workbench.checks.finding import Rest, SavedForm
from workbench.checks.graph_sensitivity.finding import GraphSensitivity, share_of_flips
from workbench.checks.graph_sensitivity.hidden_confounder import Confounding
from workbench.checks.verdict import Decision
from workbench.common.limits import EDIT_ARROWS
from workbench.common.saved_values import (
    Count,
    MaybeNumber,
    Number,
    Saved,
    altered,
    check_between,
    check_known,
    frame_of,
    rows_of,
    wrong,
)
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.saved_effects import SavedEstimates

__all__ = ["SAVED"]

PLACE = "graph_sensitivity"
ARROW = " → "
INFINITY = float("inf")


class SavedImplication(Saved, frozen=True):
    """One independence that the graph claims; whether it is rejected is made again."""

    x: str
    y: str
    given: tuple[str, ...]
    p_value: Number
    correlation: Number
    rejected: bool


class SavedEdit(Saved, frozen=True):
    """One arrow changed; whether it flips the finding is made again."""

    edit: str
    kind: Literal["add", "remove", "reverse"]
    decision: Decision
    total: Number
    change: Number
    flips: bool


class SavedShare(Saved, frozen=True):
    """One family of other graphs; share, low and high are made again."""

    graphs: str
    n: Count
    flipped: Count
    share: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    unidentified: Count


class SavedCovariate(Saved, frozen=True):
    """A measured common cause beside the hidden one."""

    covariate: str
    with_feature: Number
    with_prediction: Number


class SavedConfounding(Saved, frozen=True):
    """What a hidden common cause could do; the robustness is made again."""

    feature: str
    effect: Number
    threshold: Number
    spread: Number
    robustness: MaybeNumber
    measured: tuple[SavedCovariate, ...]


class SavedSensitivity(Saved, frozen=True, omit_defaults=True):
    """How the finding depends on the graph."""

    decision: Decision
    threshold: Number
    alpha: Number
    implications: tuple[SavedImplication, ...]
    edits: tuple[SavedEdit, ...]
    shares: tuple[SavedShare, ...]
    confounding: tuple[SavedConfounding, ...]
    sentences: tuple[str, ...]
    about: str = ""
    corrected: bool = False
    scope: Literal["", "levels", "named", "change"] = ""


def _write(found: GraphSensitivity, _: Rest) -> SavedSensitivity:
    return SavedSensitivity(
        decision=found.decision,
        threshold=found.threshold,
        alpha=found.alpha,
        implications=rows_of(found.implications, SavedImplication),
        edits=rows_of(found.edits, SavedEdit),
        shares=rows_of(found.shares, SavedShare),
        confounding=tuple(
            SavedConfounding(
                feature=cause.feature,
                effect=cause.effect,
                threshold=cause.threshold,
                spread=cause.spread,
                robustness=cause.robustness,
                measured=rows_of(cause.measured, SavedCovariate),
            )
            for cause in found.confounding
        ),
        sentences=found.sentences(),
        about=found.about,
        corrected=found.corrected,
        scope=found.scope,
    )


def _read(saved: SavedSensitivity, rest: Rest, _: SavedEstimates) -> GraphSensitivity:
    verdict = rest.verdict
    if verdict is not None and (saved.threshold, saved.alpha) != (verdict.threshold, verdict.alpha):
        raise altered("other graphs were judged by another threshold or error rate")
    if saved.scope and verdict is not None and saved.decision != verdict.decision:
        raise altered("other graphs were compared with another finding than the verdict")
    return GraphSensitivity(
        decision=saved.decision,
        threshold=saved.threshold,
        alpha=saved.alpha,
        implications=_implications(saved.implications, rest.graph, saved.alpha),
        edits=_edits(saved.edits, rest.graph, saved.decision),
        shares=_shares(saved.shares, 1 - saved.alpha),
        confounding=tuple(
            _confounding(cause, rest, saved.threshold) for cause in saved.confounding
        ),
        about=saved.about,
        corrected=saved.corrected,
        scope=saved.scope,
    )


def _implications(
    rows: Sequence[SavedImplication], graph: CausalGraph, alpha: float
) -> pd.DataFrame:
    place, names = f"{PLACE}.implications", set(graph.nodes)
    for row in rows:
        check_known(place, (row.x, row.y, *row.given), names)
        check_between(place, 0.0, row.p_value, row.correlation, high=1.0)
    table = frame_of(rows, SavedImplication)
    return table.assign(rejected=table["p_value"] <= alpha)


def _edits(rows: Sequence[SavedEdit], graph: CausalGraph, drawn: Decision) -> pd.DataFrame:
    names, edges = set(graph.nodes), set(graph.edges)
    for row in rows:
        if not _is_edit(row.edit, row.kind, names, edges):
            place = f"{PLACE}.edits"
            raise wrong(place, "names a change of an arrow that the graph does not allow.")
    table = frame_of(rows, SavedEdit)
    return table.assign(flips=table["decision"] != drawn)


def _is_edit(text: str, kind: str, names: set[str], edges: set[tuple[str, str]]) -> bool:
    """Whether a text names an arrow that may be added, or is there to be removed or reversed."""
    parts = text.removeprefix(f"{kind} ").split(ARROW, EDIT_ARROWS)
    ends = ((ARROW.join(parts[:i]), ARROW.join(parts[i:])) for i in range(1, len(parts)))
    return text.startswith(f"{kind} ") and any(
        one in names and other in names and ((one, other) in edges) != (kind == "add")
        for one, other in ends
    )


def _shares(rows: Sequence[SavedShare], level: float) -> pd.DataFrame:
    if any(row.flipped > row.n for row in rows):
        raise altered("more graphs change the finding than were tried")
    table = frame_of(rows, SavedShare)
    found = [share_of_flips(row.flipped, row.n, level) for row in rows]
    for place, name in enumerate(("share", "low", "high")):
        table[name] = [shares[place] for shares in found]
    return table


def _confounding(saved: SavedConfounding, rest: Rest, threshold: float) -> Confounding:
    place = f"{PLACE}.confounding"
    check_known(place, (saved.feature,), rest.features)
    check_between(place, 0.0, saved.spread, high=INFINITY)
    if saved.threshold != threshold:
        raise altered("a hidden cause was compared with another threshold")
    check_known(place, (row.covariate for row in saved.measured), set(rest.graph.nodes))
    for row in saved.measured:
        check_between(place, 0.0, row.with_feature, row.with_prediction, high=1.0)
    measured = frame_of(saved.measured, SavedCovariate)
    return Confounding(saved.feature, saved.effect, threshold, saved.spread, measured)


SAVED = SavedForm(SavedSensitivity, _write, _read)
