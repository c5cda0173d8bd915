"""Which sets of nodes remove confounding: the graphical criteria behind an estimate.

Functions over a networkx directed acyclic graph, the treatments `x`, the outcome `y` and the
latent nodes; :class:`workbench.graph.causal_graph.CausalGraph` is the public face.

Sources: Shpitser, VanderWeele and Robins 2010 and Perković et al. 2018 (the complete criterion);
van der Zander, Liśkiewicz and Textor 2019 (proper back-door graph, the largest set); Henckel,
Perković and Maathuis 2022 and Rotnitzky and Smucler 2020 (least variance); Shen and Liang 1997
(all minimal separators). See ``estimands.md``, Algorithm 2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet

import networkx as nx

__all__ = [
    "forbidden",
    "is_valid",
    "minimal_sets",
    "minimum_variance",
    "missing_confounders",
    "parents_of",
]

MAX_SEPARATORS = 2000
"""How many minimal sets are generated before the smallest are picked."""


def parents_of(digraph: nx.DiGraph[str], nodes: Iterable[str]) -> set[str]:
    """Direct causes of any of the nodes; a node of the set is included when another causes it."""
    return {parent for node in nodes for parent in digraph.predecessors(node)}


def _with_ancestors(digraph: nx.DiGraph[str], nodes: Iterable[str]) -> set[str]:
    seen, todo = set(nodes), list(nodes)
    while todo:
        fresh = set(digraph.predecessors(todo.pop())) - seen
        seen |= fresh
        todo.extend(fresh)
    return seen


def _causal_nodes(digraph: nx.DiGraph[str], x: AbstractSet[str], y: str) -> set[str]:
    """Nodes outside `x` on directed paths from `x` to `y` that leave `x` for good."""
    outside = digraph.subgraph(set(digraph) - x)
    before = _with_ancestors(outside, [y])
    after: set[str] = set()
    for start in {child for node in x for child in digraph[node]} - x:
        if start not in after:
            after |= {start} | nx.descendants(outside, start)
    return before & after


def forbidden(digraph: nx.DiGraph[str], x: AbstractSet[str], y: str) -> set[str]:
    """Nodes that no adjustment set may hold: the mediators, the outcome and what they cause."""
    inside = _causal_nodes(digraph, x, y)
    return inside.union(*(nx.descendants(digraph, node) for node in inside))


def _back_door_graph(digraph: nx.DiGraph[str], x: AbstractSet[str], y: str) -> nx.DiGraph[str]:
    """Drop the first edge of every causal path: what is left is confounding."""
    inside = _causal_nodes(digraph, x, y)
    rest = nx.DiGraph(digraph)
    rest.remove_edges_from([(u, v) for u in x for v in digraph[u] if v in inside])
    return rest


def is_valid(
    digraph: nx.DiGraph[str], x: AbstractSet[str], y: str, adjustment: AbstractSet[str]
) -> bool:
    """Whether the set satisfies the complete adjustment criterion for the effect of `x` on `y`."""
    if adjustment & (x | {y}) or adjustment & forbidden(digraph, x, y):
        return False
    return bool(nx.is_d_separator(_back_door_graph(digraph, x, y), set(x), {y}, set(adjustment)))


def _candidates(
    digraph: nx.DiGraph[str], x: AbstractSet[str], y: str, latents: AbstractSet[str]
) -> set[str]:
    """Find the largest candidate; it is valid whenever any set is."""
    return _with_ancestors(digraph, [*x, y]) - x - {y} - forbidden(digraph, x, y) - latents


def minimum_variance(
    digraph: nx.DiGraph[str],
    x: AbstractSet[str],
    y: str,
    latents: AbstractSet[str],
    order: Sequence[str],
) -> set[str] | None:
    """Find a valid set of small asymptotic variance, or None when no set is valid.

    When the O-set is observed it is that set, the best there is. Otherwise the largest valid set
    loses, node by node, what tells nothing about the outcome given the rest: each step leaves
    the set valid and cannot raise the variance (Henckel et al., pruning), so that the result is
    at least as good as the treatment's parents.
    """
    inside = _causal_nodes(digraph, x, y)
    best = parents_of(digraph, inside) - forbidden(digraph, x, y) - x
    if inside and not best & latents and is_valid(digraph, x, y, best):
        return best
    chosen = _candidates(digraph, x, y, latents)
    if not is_valid(digraph, x, y, chosen):
        return None
    for node in order:
        if node in chosen:
            rest = chosen - {node}
            if nx.is_d_separator(digraph, {y}, {node}, rest | x) and is_valid(digraph, x, y, rest):
                chosen = rest
    return chosen


def missing_confounders(
    digraph: nx.DiGraph[str],
    x: AbstractSet[str],
    y: str,
    latents: AbstractSet[str],
    order: Sequence[str],
) -> set[str]:
    """Latent nodes that would identify the effect of `x` on `y` if they were measured.

    A smallest such set by inclusion; latent common causes of both are kept in preference to
    other latents. Empty when measuring would not help.
    """
    if not is_valid(digraph, x, y, _candidates(digraph, x, y, set())):
        return set()
    common = _with_ancestors(digraph, x) & _with_ancestors(digraph.subgraph(set(digraph) - x), [y])
    needed = set(latents)
    for node in sorted((node for node in order if node in latents), key=common.__contains__):
        trial = needed - {node}
        if is_valid(digraph, x, y, _candidates(digraph, x, y, latents - trial)):
            needed = trial
    return needed


def minimal_sets(
    digraph: nx.DiGraph[str],
    x: AbstractSet[str],
    y: str,
    latents: AbstractSet[str],
    order: Sequence[str],
) -> list[set[str]]:
    """All valid sets without a valid proper part, or the first ``MAX_SEPARATORS`` found.

    They are the minimal separators of treatment and outcome in the moral graph of the ancestors,
    once the nodes that cannot be adjusted for are eliminated.
    """
    allowed = _candidates(digraph, x, y, latents)
    if not is_valid(digraph, x, y, allowed):
        return []
    back_door = _back_door_graph(digraph, x, y)
    ancestral = back_door.subgraph(_with_ancestors(back_door, [*x, y]))
    moral: nx.Graph[str] = nx.moral_graph(ancestral)
    for node in [node for node in order if node in moral]:
        if node not in allowed and node not in x and node != y:
            _join(moral, list(moral[node]))
            moral.remove_node(node)
    source, *others = [node for node in order if node in x]
    for node in others:
        moral.add_edges_from([(source, near) for near in moral[node] if near != source])
        moral.remove_node(node)
    return _minimal_separators(moral, source, y, order)


def _join(graph: nx.Graph[str], nodes: Sequence[str]) -> None:
    graph.add_edges_from((u, v) for i, u in enumerate(nodes) for v in nodes[i + 1 :])


def _component(graph: nx.Graph[str], node: str, without: AbstractSet[str]) -> set[str]:
    return set(nx.node_connected_component(graph.subgraph(set(graph) - without), node))


def _boundary(graph: nx.Graph[str], nodes: Collection[str]) -> set[str]:
    return {near for node in nodes for near in graph[node]} - set(nodes)


def _minimal_separators(
    graph: nx.Graph[str], source: str, sink: str, order: Sequence[str]
) -> list[set[str]]:
    """All minimal vertex separators of two nodes, moving step by step from source to sink."""
    first = _boundary(graph, _component(graph, sink, _boundary(graph, [source])))
    found = [first]
    seen = {frozenset(first)}
    for separator in found:
        near = _component(graph, source, separator)
        for node in order:
            if node in separator and not graph.has_edge(node, sink):
                wall = _boundary(graph, near | {node})
                moved = _boundary(graph, _component(graph, sink, wall))
                if frozenset(moved) not in seen:
                    seen.add(frozenset(moved))
                    found.append(moved)
        if len(found) >= MAX_SEPARATORS:
            break
    return found
