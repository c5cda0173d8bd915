"""Directed acyclic graphs over named nodes: who comes before whom.

:class:`AcyclicGraph` is the value underneath :class:`CausalGraph`: its checks,
its relations and its edits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, islice
from typing import Self

import networkx as nx

from workbench.common.errors import CycleError, GraphError, listed, suggestion
from workbench.common.limits import CASE_FIELD_CHARACTERS

__all__ = ["AcyclicGraph", "Nodes", "node_names"]

Nodes = str | Iterable[str]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class AcyclicGraph:
    """A frozen directed acyclic graph, documented at :class:`CausalGraph`."""

    edges: tuple[tuple[str, str], ...]
    nodes: tuple[str, ...]
    latents: tuple[str, ...]
    notes: Mapping[tuple[str, str], str]
    _digraph: nx.DiGraph[str] = field(repr=False, compare=False)
    _position: dict[str, int] = field(repr=False, compare=False)

    def __init__(
        self,
        edges: Iterable[tuple[str, str]] = (),
        *,
        nodes: Iterable[str] = (),
        latents: Iterable[str] = (),
        notes: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        pairs = tuple(dict.fromkeys(_edge(pair) for pair in edges))
        named = node_names(nodes, "nodes")
        ordered = tuple(dict.fromkeys([*named, *(node for pair in pairs for node in pair)]))
        hidden = set(node_names(latents, "latents"))
        for node in sorted(hidden.difference(ordered)):
            raise GraphError(
                f"The latent name {node!r} is not a node of the graph.{suggestion(node, ordered)}"
                " List it in nodes or give it an edge."
            )
        digraph: nx.DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from(ordered)
        digraph.add_edges_from(pairs)
        _refuse_cycle(digraph)
        object.__setattr__(self, "edges", pairs)
        object.__setattr__(self, "nodes", ordered)
        object.__setattr__(self, "latents", tuple(node for node in ordered if node in hidden))
        object.__setattr__(self, "notes", _checked_notes(notes or {}, digraph))
        object.__setattr__(self, "_digraph", nx.freeze(digraph))
        object.__setattr__(self, "_position", {node: i for i, node in enumerate(ordered)})

    def _identity(self) -> tuple[frozenset[str], frozenset[tuple[str, str]], frozenset[str]]:
        return frozenset(self.nodes), frozenset(self.edges), frozenset(self.latents)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AcyclicGraph):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        linked = {node for edge in self.edges for node in edge}
        lone = [node for node in self.nodes if node not in linked]
        parts = [repr(list(self.edges))]
        parts += [f"nodes={lone!r}"] if lone else []
        parts += [f"latents={list(self.latents)!r}"] if self.latents else []
        return f"{type(self).__name__}({', '.join(parts)})"

    def __contains__(self, node: object) -> bool:
        return isinstance(node, str) and node in self._position

    # ---- relations -------------------------------------------------------------------------

    @property
    def observed(self) -> tuple[str, ...]:
        """The nodes that are not latent, in node order."""
        hidden = set(self.latents)
        return tuple(node for node in self.nodes if node not in hidden)

    def parents(self, node: str) -> tuple[str, ...]:
        """Direct causes of a node, in node order."""
        return self._in_node_order(self._digraph.predecessors(self._known(node)))

    def children(self, node: str) -> tuple[str, ...]:
        """Direct effects of a node, in node order."""
        return self._in_node_order(self._digraph.successors(self._known(node)))

    def ancestors(self, node: str) -> tuple[str, ...]:
        """All causes of a node, near and far, in topological order; the node is left out."""
        return self._in_causal_order(nx.ancestors(self._digraph, self._known(node)))

    def descendants(self, node: str) -> tuple[str, ...]:
        """All effects of a node, near and far, in topological order; the node is left out."""
        return self._in_causal_order(nx.descendants(self._digraph, self._known(node)))

    def topological_order(self) -> tuple[str, ...]:
        """All nodes, causes first; where causes leave a choice, node order decides."""
        return tuple(self._causal_position)

    def mediators(self, treatment: str, outcome: str) -> tuple[str, ...]:
        """Nodes strictly inside the directed paths from one node to another, causes first."""
        return self.mediators_of([treatment], outcome)

    def mediators_of(self, treatments: Collection[str], outcome: str) -> tuple[str, ...]:
        """Nodes inside the directed paths from treatments to an outcome that pass no other one.

        Set together, treatments hold still whatever reaches them.
        """
        after = {n for t in treatments for n in nx.descendants(self._digraph, self._known(t))}
        after -= {*treatments}
        self._known(outcome)
        # Backwards through what the treatment causes only: an outcome may have hundreds of causes.
        found: set[str] = set()
        ahead = [outcome] if outcome in after else []
        while ahead:
            new = after.intersection(self._digraph.pred[ahead.pop()]) - found
            found |= new
            ahead.extend(new)
        return self._in_causal_order(found)

    def directed_paths(
        self, source: str, sink: str, *, limit: int = 1000
    ) -> tuple[tuple[str, ...], ...]:
        """Directed paths from one node to another, shortest first, at most `limit` of them.

        Parameters
        ----------
        source, sink : str
            First and last node.
        limit : int, default 1000
            How many to list. :meth:`count_directed_paths` tells how many there are.

        Returns
        -------
        tuple of tuple of str
            Each path with both ends. Empty when there is none, or when the ends are the same.

        Examples
        --------
        >>> AcyclicGraph([("a", "b"), ("b", "c"), ("a", "c")]).directed_paths("a", "c")
        (('a', 'c'), ('a', 'b', 'c'))
        """
        self._known(source), self._known(sink)
        # The lengths at which each node reaches the sink: the search never enters a dead end.
        lengths: dict[str, set[int]] = {sink: {0}}
        for node in reversed(self.topological_order()):
            if node != sink:
                lengths[node] = {
                    steps + 1 for child in self._digraph[node] for steps in lengths[child]
                }

        def extend(path: tuple[str, ...], steps: int) -> Iterator[tuple[str, ...]]:
            if not steps:
                yield path
                return
            for child in self.children(path[-1]):
                if steps - 1 in lengths[child]:
                    yield from extend((*path, child), steps - 1)

        found = (
            path for steps in sorted(lengths[source]) if steps for path in extend((source,), steps)
        )
        return tuple(islice(found, max(limit, 0)))

    def count_directed_paths(self, source: str, sink: str) -> int:
        """How many directed paths lead from one node to another, without listing them."""
        self._known(source), self._known(sink)
        if source == sink:
            return 0
        count = {sink: 1}
        for node in reversed(self.topological_order()):
            if node != sink:
                count[node] = sum(count[child] for child in self._digraph[node])
        return count[source]

    # ---- edits: each returns a new graph ---------------------------------------------------

    def add_edge(self, source: str, sink: str) -> Self:
        """Return the graph with one more edge; an end that is no node yet becomes one."""
        return self._with(edges=(*self.edges, (source, sink)))

    def remove_edge(self, source: str, sink: str) -> Self:
        """Return the graph without an edge; its ends stay."""
        self._known_edge(source, sink)
        return self._with(edges=[edge for edge in self.edges if edge != (source, sink)])

    def reverse_edge(self, source: str, sink: str) -> Self:
        """Return the graph with an edge turned around."""
        self._known_edge(source, sink)
        old = (source, sink)
        return self._with(edges=[(sink, source) if edge == old else edge for edge in self.edges])

    def with_note(self, source: str, sink: str, note: str) -> Self:
        """Return the graph with a note on why an edge is there; an empty one takes it away."""
        self._known_edge(source, sink)
        return self._with(notes={**self.notes, (source, sink): note})

    def add_node(self, node: str, latent: bool = False) -> Self:
        """Return the graph with one more node that has no edge yet."""
        if node in self:
            raise GraphError(f"The graph has a node {node!r} already.")
        extra = (node,) if latent else ()
        return self._with(nodes=(*self.nodes, node), latents=(*self.latents, *extra))

    def remove_node(self, node: str) -> Self:
        """Return the graph without a node and its edges."""
        self._known(node)
        return self.subgraph(other for other in self.nodes if other != node)

    def set_latent(self, node: str, latent: bool = True) -> Self:
        """Return the graph with a node declared latent, or observed with ``latent=False``."""
        self._known(node)
        rest = tuple(other for other in self.latents if other != node)
        return self._with(latents=(*rest, node) if latent else rest)

    def subgraph(self, nodes: Iterable[str]) -> Self:
        """Return the graph on some of the nodes and the edges between them."""
        keep = self._set(nodes)
        return type(self)(
            [(u, v) for u, v in self.edges if u in keep and v in keep],
            nodes=self._in_node_order(keep),
            latents=[node for node in self.latents if node in keep],
            notes={pair: note for pair, note in self.notes.items() if keep.issuperset(pair)},
        )

    # ---- inside ----------------------------------------------------------------------------

    def _with(
        self,
        *,
        edges: Iterable[tuple[str, str]] | None = None,
        nodes: Iterable[str] | None = None,
        latents: Iterable[str] | None = None,
        notes: Mapping[tuple[str, str], str] | None = None,
    ) -> Self:
        pairs = self.edges if edges is None else tuple(edges)
        if notes is None:
            there = set(pairs)
            notes = {pair: note for pair, note in self.notes.items() if pair in there}
        return type(self)(
            pairs,
            nodes=self.nodes if nodes is None else nodes,
            latents=self.latents if latents is None else latents,
            notes=notes,
        )

    def _in_node_order(self, nodes: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(nodes, key=self._position.__getitem__))

    @cached_property
    def _causal_position(self) -> dict[str, int]:
        """The place of each node in the topological order."""
        ordered = nx.lexicographical_topological_sort(self._digraph, key=self._position.__getitem__)
        return {node: place for place, node in enumerate(ordered)}

    def _in_causal_order(self, nodes: Collection[str]) -> tuple[str, ...]:
        return tuple(sorted(nodes, key=self._causal_position.__getitem__))

    def _known(self, node: str) -> str:
        if node not in self:
            raise GraphError(
                f"The graph has no node {node!r}.{suggestion(node, self.nodes)} "
                f"Its nodes are {listed(self.nodes)}."
            )
        return node

    def _known_edge(self, source: str, sink: str) -> None:
        if not self._digraph.has_edge(self._known(source), self._known(sink)):
            turned = self._digraph.has_edge(sink, source)
            hint = f" There is one from {sink!r} to {source!r}." if turned else ""
            raise GraphError(f"The graph has no edge from {source!r} to {sink!r}.{hint}")

    def _set(self, nodes: Nodes) -> set[str]:
        return {self._known(node) for node in ([nodes] if isinstance(nodes, str) else nodes)}

    def _refuse_overlap(self, sets: Sequence[set[str]], names: Sequence[str]) -> None:
        for (one, one_name), (two, two_name) in combinations(zip(sets, names, strict=True), 2):
            if both := one & two:
                raise GraphError(
                    f"{listed(self._in_node_order(both))} cannot be in both {one_name} and "
                    f"{two_name}."
                )


def node_names(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Check a list of node names and drop repetitions.

    Parameters
    ----------
    names : iterable of str
        Texts that are not empty.
    what : str
        What the list is called in the message.

    Raises
    ------
    GraphError
        A text is given in place of a list, or a name is empty or not a text.
    """
    if isinstance(names, str):
        raise GraphError(f"{what} must be a list of names, not the text {names!r}.")
    return tuple(dict.fromkeys(_name(node) for node in names))


def _name(node: object) -> str:
    if not isinstance(node, str) or not node:
        raise GraphError(
            f"A node name must be a text that is not empty; {node!r} is "
            f"{'empty' if node == '' else type(node).__name__}."
        )
    if not node.isascii() and any("\ud800" <= sign <= "\udfff" for sign in node):
        raise GraphError(f"The node name {node!r} holds half a character; no file can keep it.")
    return node


def _edge(pair: object) -> tuple[str, str]:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise GraphError(f"An edge must be a pair (cause, effect); {pair!r} is not.")
    return _name(pair[0]), _name(pair[1])


def _checked_notes(
    notes: Mapping[tuple[str, str], object], digraph: nx.DiGraph[str]
) -> Mapping[tuple[str, str], str]:
    """Return the notes that say something, each on an edge that is there."""
    kept = {}
    for pair, note in notes.items():
        source, sink = _edge(pair)
        if not digraph.has_edge(source, sink):
            raise GraphError(
                f"A note is on the edge from {source!r} to {sink!r}, which the graph does not have."
            )
        if not isinstance(note, str) or len(note) > CASE_FIELD_CHARACTERS:
            raise GraphError(
                f"The note on the edge from {source!r} to {sink!r} must be a text of at most "
                f"{CASE_FIELD_CHARACTERS:,} characters."
            )
        if note.strip():
            kept[source, sink] = note.strip()
    return kept


def _refuse_cycle(digraph: nx.DiGraph[str]) -> None:
    if nx.is_directed_acyclic_graph(digraph):
        return
    cycle = tuple(edge[0] for edge in nx.find_cycle(digraph))
    raise CycleError(
        f"The edges run in a circle: {' -> '.join((*cycle, cycle[0]))}. "
        "Remove or turn one of these edges.",
        cycle,
    )
