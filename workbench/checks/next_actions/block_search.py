"""The smallest set of routes whose blocking brings an effect below a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from workbench.case.asking.batches import sample_places
from workbench.checks.next_actions.blocking import OPEN, Routes
from workbench.common.against_threshold import lies_within
from workbench.common.progress import Progress
from workbench.methods.effects import Effect

__all__ = ["BlockSearch", "smallest_set"]

MOST_SETS = 400
"""Sets that are tried on a sample of the rows; beyond, the search is greedy."""
MOST_ANSWERS = 600_000
"""Rows of questions that trying them may cost."""
TRIAL_ROWS = (100, 1_000)
"""Fewest and most rows of the sample."""
FINALISTS = 3
"""Sets of one size that are measured on all rows: those that leave least on the sample."""

Blocked = frozenset[str]


@dataclass(frozen=True, eq=False)
class BlockSearch:
    """The set found, one node at a time.

    Attributes
    ----------
    steps : tuple of (frozenset of str, Effect)
        Growing sets with what each leaves; the last is the smallest set.
    order : tuple of str
        The nodes in the order in which the steps add them.
    exhaustive : bool
        Whether every smaller set was tried.
    """

    steps: tuple[tuple[Blocked, Effect], ...]
    order: tuple[str, ...]
    exhaustive: bool


def smallest_set(
    routes: Routes, total: Effect, threshold: float, level: float, progress: Progress
) -> BlockSearch:
    """Find the smallest set of blockable nodes that leaves an interval inside ±threshold.

    Sets are tried by size on a sample of the rows, and those that leave least are measured on all
    of them. When a size has more sets than may be tried, nodes are added one by one, each the one
    that leaves least.

    Notes
    -----
    Blocking every node leaves exactly nothing, so a set is always found.
    """
    nodes = routes.blockable
    inside = sample_places(
        len(routes.positions), _trial_rows(len(nodes), routes.draws), routes.seed
    )
    trial = routes.take(inside)
    tried = 0
    exhaustive = True
    best: Blocked = OPEN
    for size in range(1, len(nodes) + 1):
        progress("smallest set of routes", (size - 1) / len(nodes))
        exhaustive = exhaustive and tried + comb(len(nodes), size) <= MOST_SETS
        if exhaustive:
            sets = [frozenset(chosen) for chosen in combinations(nodes, size)]
        else:
            sets = [best | {node} for node in nodes if node not in best]
        tried += len(sets)
        leaves = _on_sample(trial, total, sets)
        ranked = sorted(range(len(sets)), key=lambda i: (leaves[i], i))
        finalists = [sets[i] for i in ranked[:FINALISTS]]
        measured = routes.effects(*finalists)
        intervals = [effect.interval(level) for effect in measured]
        ends = [max(abs(low), abs(high)) for low, high in intervals]
        winner = int(np.argmin(ends))
        best = finalists[winner]
        if lies_within(*intervals[winner], threshold):
            break
    return _in_steps(routes, best, exhaustive)


def _trial_rows(nodes: int, draws: int) -> int:
    sets = min(2**nodes, MOST_SETS)
    fewest, most = TRIAL_ROWS
    return int(np.clip(MOST_ANSWERS // (sets * (draws + 1)), fewest, most))


def _on_sample(trial: Routes, total: Effect, sets: list[Blocked]) -> list[float]:
    """Guess the size of what each set leaves: what it takes away on the sample, off the total."""
    whole, *rest = trial.row_effects(OPEN, *sets)
    return [abs(total.value - float((whole - rows).mean())) for rows in rest]


def _in_steps(routes: Routes, found: Blocked, exhaustive: bool) -> BlockSearch:
    """Order a set: each step blocks the node that leaves least."""
    steps: list[tuple[Blocked, Effect]] = []
    order: list[str] = []
    while len(order) < len(found):
        rest = [node for node in routes.blockable if node in found and node not in order]
        sets = [frozenset({*order, node}) for node in rest]
        effects = routes.effects(*sets)
        least = int(np.argmin([abs(effect.value) for effect in effects]))
        order.append(rest[least])
        steps.append((sets[least], effects[least]))
    return BlockSearch(tuple(steps), tuple(order), exhaustive)
