"""Graphs near a drawn one: one edge changed, indistinguishable by data, or changed at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from workbench.common.errors import GraphError
from workbench.graph.causal_graph import CausalGraph

__all__ = ["covered_edges", "equivalent_graphs", "perturbed_graph", "single_edits"]

Edge = tuple[str, str]


def single_edits(
    graph: CausalGraph, features: Sequence[str]
) -> Iterator[tuple[str, str, CausalGraph]]:
    """Yield each graph that differs by one edge: "add", "remove" or "reverse", words, the graph."""
    for one, other in combinations(features, 2):
        for source, sink in ((one, other), (other, one)):
            if (source, sink) in graph.edges:
                yield "remove", f"remove {source} → {sink}", graph.remove_edge(source, sink)
                reversed_graph = _tried(graph.reverse_edge, source, sink)
                if reversed_graph is not None:
                    yield "reverse", f"reverse {source} → {sink}", reversed_graph
            elif (sink, source) not in graph.edges:
                added = _tried(graph.add_edge, source, sink)
                if added is not None:
                    yield "add", f"add {source} → {sink}", added


def _tried(edit: Callable[[str, str], CausalGraph], source: str, sink: str) -> CausalGraph | None:
    try:
        return edit(source, sink)
    except GraphError:  # it would close a cycle
        return None


def covered_edges(graph: CausalGraph) -> tuple[Edge, ...]:
    """Return the edges whose reversal no data can tell: both ends have the same other parents.

    Examples
    --------
    >>> covered_edges(CausalGraph([("a", "b"), ("b", "c")]))
    (('a', 'b'),)
    """
    return tuple((u, v) for u, v in graph.edges if set(graph.parents(v)) == {u, *graph.parents(u)})


def equivalent_graphs(graph: CausalGraph, most: int) -> list[CausalGraph]:
    """Return Markov-equivalent graphs, nearest first; they are linked by covered edges.

    (Chickering 1995, Theorem 2.)
    """
    if graph.latents:
        return []  # the theorem is about graphs without hidden causes
    seen, waiting = {graph}, [graph]
    found: list[CausalGraph] = []
    while waiting and len(found) < most:
        current = waiting.pop(0)
        for source, sink in covered_edges(current):
            other = current.reverse_edge(source, sink)
            if other not in seen:
                seen.add(other)
                found.append(other)
                waiting.append(other)
    return found[:most]


def perturbed_graph(
    graph: CausalGraph, features: Sequence[str], part: float, rng: np.random.Generator
) -> CausalGraph:
    """Add or remove, each with equal chance, until the share of the edges has been changed."""
    wanted = max(1, round(part * len(graph.edges)))
    changed = graph
    for _ in range(wanted):
        removable = [e for e in changed.edges if e[0] in features and e[1] in features]
        if removable and rng.random() < 0.5:
            changed = changed.remove_edge(*removable[int(rng.integers(len(removable)))])
            continue
        order = {n: i for i, n in enumerate(changed.topological_order())}
        linked = {frozenset(edge) for edge in changed.edges}
        missing = [
            (one, other) if order.get(one, -1) < order.get(other, -1) else (other, one)
            for one, other in combinations(features, 2)
            if frozenset((one, other)) not in linked
        ]
        if missing:
            changed = changed.add_edge(*missing[int(rng.integers(len(missing)))])
    return changed
