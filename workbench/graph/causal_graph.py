"""Causal graphs: who causes whom, and what follows from it.

A :class:`CausalGraph` is a frozen value; edits return a new one. The definitions are in
``estimands.md``; relations and edits are in :mod:`workbench.graph.acyclic_graph`, the graphical
criteria in :mod:`workbench.graph.adjustment`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from os import PathLike
from typing import Literal

import networkx as nx
import pandas as pd

from workbench.common.errors import GraphError, NotIdentifiableError, listed
from workbench.graph import adjustment
from workbench.graph.acyclic_graph import AcyclicGraph, Nodes, node_names
from workbench.graph.discovery import discover_arrows
from workbench.graph.files import formats as graph_files
from workbench.graph.files.names_and_ends import is_hidden

__all__ = ["PREDICTION", "CausalGraph"]

PREDICTION = "prediction"
"""The node that stands for the model's output in an audit graph."""


class CausalGraph(AcyclicGraph):
    """A directed acyclic graph over named features, some of which may be latent.

    Parameters
    ----------
    edges : iterable of (str, str), default ()
        Cause and effect. A repeated edge counts once.
    nodes : iterable of str, default ()
        Nodes in the order wanted; needed only for isolated nodes or for the order.
    latents : iterable of str, default ()
        Those of the nodes that no column records.
    notes : mapping of (str, str) to str, optional
        Why an edge is there, in a person's words.

    Attributes
    ----------
    edges : tuple of (str, str)
        In the order given.
    nodes : tuple of str
        All nodes, latent ones included: ``nodes`` as given, then by first appearance in ``edges``.
    latents : tuple of str
        The latent nodes, in node order.

    Raises
    ------
    GraphError
        A name is empty or not a string, or a latent name is no node.
    CycleError
        The edges run in a circle; the message and ``.cycle`` name it.

    Notes
    -----
    Two graphs are equal when they hold the same nodes, edges and latents, in any order.

    Examples
    --------
    >>> graph = CausalGraph([("smoking", "bmi"), ("bmi", "risk"), ("smoking", "risk")])
    >>> graph.mediators("smoking", "risk")
    ('bmi',)
    >>> graph.remove_edge("smoking", "risk").edges
    (('smoking', 'bmi'), ('bmi', 'risk'))
    """

    def is_d_separated(self, x: Nodes, y: Nodes, given: Nodes = ()) -> bool:
        """Whether `given` blocks every path between `x` and `y`.

        Parameters
        ----------
        x, y : str or iterable of str
            Disjoint sets of nodes.
        given : str or iterable of str, default ()
            Nodes to condition on, disjoint from both.

        Examples
        --------
        >>> CausalGraph([("a", "c"), ("b", "c")]).is_d_separated("a", "b", given="c")
        False
        """
        sides = self._set(x), self._set(y), self._set(given)
        self._refuse_overlap(sides, ("x", "y", "given"))
        return bool(nx.is_d_separator(self._digraph, *sides))

    def is_valid_adjustment(self, treatment: Nodes, outcome: str, adjustment_set: Nodes) -> bool:
        """Whether averaging over a set of nodes gives the causal effect.

        The complete (generalised) adjustment criterion, for one or several treatments.

        Parameters
        ----------
        treatment : str or iterable of str
            The node, or the nodes intervened on together.
        outcome : str
            The node whose response is wanted.
        adjustment_set : str or iterable of str
            The nodes to adjust for. A set with a latent node is never valid.
        """
        x, y, z = self._set(treatment), self._known(outcome), self._set(adjustment_set)
        self._refuse_overlap((x, {y}, z), ("treatment", "outcome", "adjustment"))
        return z.isdisjoint(self.latents) and adjustment.is_valid(self._digraph, x, y, z)

    def adjustment_set(
        self,
        treatment: Nodes,
        outcome: str,
        *,
        kind: Literal["minimum-variance", "parents"] = "minimum-variance",
    ) -> tuple[str, ...]:
        """One set of observed nodes to adjust for.

        Parameters
        ----------
        treatment : str or iterable of str
            The node, or the nodes intervened on together.
        outcome : str
            The node whose response is wanted.
        kind : {"minimum-variance", "parents"}, default "minimum-variance"
            ``"minimum-variance"``: the parents of the mediators and of the outcome that are not
            themselves affected (the O-set), or what is left of the largest valid set once nodes
            that only add variance are dropped. ``"parents"``: the treatment's own parents, or the
            former when a parent is latent.

        Returns
        -------
        tuple of str
            Observed nodes, in node order.

        Raises
        ------
        NotIdentifiableError
            No valid set exists; ``.confounders`` names latent nodes whose measurement would help.

        Examples
        --------
        >>> graph = CausalGraph([("z", "x"), ("x", "y"), ("w", "y"), ("z", "y")])
        >>> graph.adjustment_set("x", "y"), graph.adjustment_set("x", "y", kind="parents")
        (('z', 'w'), ('z',))
        """
        x, y = self._set(treatment), self._known(outcome)
        self._refuse_overlap((x, {y}), ("treatment", "outcome"))
        hidden = set(self.latents)
        if unseen := (x | {y}) & hidden:
            names = self._in_node_order(unseen)
            raise NotIdentifiableError(
                f"No column records the latent node(s) {listed(names)}, so no effect of or on "
                "them can be estimated. Choose observed nodes.",
                names,
            )
        if kind not in ("minimum-variance", "parents"):
            raise GraphError(
                f"Unknown kind of adjustment set {kind!r}: use 'minimum-variance' or 'parents'."
            )
        if kind == "parents":
            own = adjustment.parents_of(self._digraph, x) - x
            if own.isdisjoint(hidden) and adjustment.is_valid(self._digraph, x, y, own):
                return self._in_node_order(own)
        chosen = adjustment.minimum_variance(self._digraph, x, y, hidden, self.nodes)
        if chosen is None:
            raise self._not_identifiable(x, y)
        return self._in_node_order(chosen)

    def adjustment_sets(
        self, treatment: Nodes, outcome: str, *, limit: int = 100
    ) -> tuple[tuple[str, ...], ...]:
        """List the minimal valid adjustment sets, smallest first, at most `limit` of them.

        A set is minimal when no part of it is valid alone. Empty when no valid set exists.
        """
        x, y = self._set(treatment), self._known(outcome)
        self._refuse_overlap((x, {y}), ("treatment", "outcome"))
        found = adjustment.minimal_sets(self._digraph, x, y, set(self.latents), self.nodes)
        ordered = sorted(
            (self._in_node_order(found_set) for found_set in found),
            key=lambda names: (len(names), [self._position[name] for name in names]),
        )
        return tuple(ordered[: max(limit, 0)])

    def testable_implications(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Independences that the data should show if the graph is right.

        Returns
        -------
        tuple of (x, y, given)
            One for each pair of observed nodes that some observed set separates, with a
            minimal such set.

        Examples
        --------
        >>> CausalGraph([("a", "b"), ("b", "c")]).testable_implications()
        (('a', 'c', ('b',)),)
        """
        observed = self.observed
        found = []
        for x, y in combinations(observed, 2):
            if not (self._digraph.has_edge(x, y) or self._digraph.has_edge(y, x)):
                given = nx.find_minimal_d_separator(
                    self._digraph, x, y, restricted=set(observed) - {x, y}
                )
                if given is not None:
                    found.append((x, y, self._in_node_order(given)))
        return tuple(found)

    def latent_projection(self) -> tuple[CausalGraph, tuple[tuple[str, str], ...]]:
        """Project onto the observed nodes, and name the pairs that share a latent cause.

        Returns
        -------
        graph : CausalGraph
            An edge for every edge or path whose inner nodes are all latent.
        confounded : tuple of (str, str)
            Unordered pairs, each in node order, reached from one latent node through latent
            nodes only.
        """
        hidden = set(self.latents)
        reached: dict[str, set[str]] = {}
        for node in reversed(self.topological_order()):
            reached[node] = {child for child in self._digraph[node] if child not in hidden}
            for child in self._digraph[node]:
                if child in hidden:
                    reached[node] |= reached[child]
        edges = [(u, v) for u in self.observed for v in self._in_node_order(reached[u])]
        pairs = {pair for u in hidden for pair in combinations(self._in_node_order(reached[u]), 2)}
        place = self._position
        return CausalGraph(edges, nodes=self.observed), tuple(
            sorted(pairs, key=lambda pair: (place[pair[0]], place[pair[1]]))
        )

    def with_prediction(self, reads: Iterable[str], *, outcome: str | None = None) -> CausalGraph:
        """Return the audit graph: the prediction's causes are the features the model reads.

        Parameters
        ----------
        reads : iterable of str
            The features that the model reads. One that the graph lacks joins it without edges
            to other features.
        outcome : str, optional
            The recorded outcome. It leaves the graph when it causes nothing and is not read.

        Raises
        ------
        GraphError
            A feature that the model reads is latent, or the name ``"prediction"`` is taken.

        Examples
        --------
        >>> graph = CausalGraph([("zip_code", "income"), ("income", "approved")])
        >>> graph.with_prediction(["income"], outcome="approved").edges
        (('zip_code', 'income'), ('income', 'prediction'))
        """
        features = node_names(reads, "reads")
        if unseen := [node for node in features if node in self.latents]:
            raise GraphError(
                f"The model reads {listed(unseen)}, which the graph calls latent. A feature "
                "that is read is observed: set_latent(name, latent=False)."
            )
        base = self
        if outcome in self and outcome not in features and not self.children(str(outcome)):
            base = self.remove_node(str(outcome))
        if PREDICTION in base or PREDICTION in features:
            raise GraphError(
                f"The name {PREDICTION!r} stands for the model's output and is taken by a "
                "feature. Rename that feature."
            )
        return CausalGraph(
            [*base.edges, *((node, PREDICTION) for node in features)],
            nodes=[*base.nodes, *features, PREDICTION],
            latents=base.latents,
        )

    def to_networkx(self) -> nx.DiGraph[str]:
        """Return a networkx graph of its own; latent nodes carry ``latent=True``."""
        digraph: nx.DiGraph[str] = nx.DiGraph()
        hidden = set(self.latents)
        digraph.add_nodes_from((node, {"latent": node in hidden}) for node in self.nodes)
        digraph.add_edges_from(self.edges)
        return digraph

    @classmethod
    def from_networkx(cls, digraph: nx.DiGraph[str]) -> CausalGraph:
        """Build from networkx; ``latent=True`` or ``observed="no"`` makes a node latent."""
        if not digraph.is_directed():
            raise GraphError("A causal graph needs directed edges: give a networkx DiGraph.")
        hidden = [node for node, data in digraph.nodes(data=True) if is_hidden(data)]
        return cls(digraph.edges(), nodes=digraph.nodes(), latents=hidden)

    def to_json(self) -> str:
        """Write as JSON: ``{"nodes": […], "edges": [[cause, effect], …], "latents": […]}``.

        With notes, ``"notes": [[cause, effect, why], …]`` too; other formats drop them.
        """
        return graph_files.to_json(self._parts())

    @classmethod
    def from_json(cls, text: str) -> CausalGraph:
        """Read what :meth:`to_json` writes."""
        return cls.of_parts(graph_files.from_json(text))

    def to_dot(self) -> str:
        """Write as Graphviz DOT; latent nodes carry ``latent=true`` and are dashed."""
        return graph_files.to_dot(self._parts())

    @classmethod
    def from_dot(cls, text: str) -> CausalGraph:
        """Read a Graphviz ``digraph``."""
        return cls.of_parts(graph_files.from_dot(text))

    def to_gml(self) -> str:
        """Write as GML; latent nodes carry ``latent 1``."""
        return graph_files.to_gml(self._parts())

    @classmethod
    def from_gml(cls, text: str) -> CausalGraph:
        """Read a directed GML graph; nodes are named by their label."""
        return cls.of_parts(graph_files.from_gml(text))

    def to_dagitty(self) -> str:
        """Write as DAGitty model code."""
        return graph_files.to_dagitty(self._parts())

    @classmethod
    def from_dagitty(cls, text: str) -> CausalGraph:
        """Read DAGitty model code; ``a <-> b`` becomes a latent common cause."""
        return cls.of_parts(graph_files.from_dagitty(text))

    @classmethod
    def read(cls, path: str | PathLike[str]) -> CausalGraph:
        """Read a ``.json``, ``.dot`` or ``.gv``, ``.gml``, ``.dagitty`` or ``.txt`` file.

        Raises
        ------
        GraphFileError
            The file is missing, of another kind, larger than 5 MB or 5,000 nodes, or malformed.
        """
        return cls.of_parts(graph_files.read(path))

    def write(self, path: str | PathLike[str]) -> None:
        """Write a file; the ending chooses the format as in :meth:`read`."""
        graph_files.write(self._parts(), path)

    @classmethod
    def discover(
        cls,
        data: pd.DataFrame,
        *,
        method: Literal["pc", "lingam"] = "pc",
        tiers: Sequence[Sequence[str]] | None = None,
        alpha: float = 0.01,
        max_rows: int = 10_000,
        seed: int = 0,
    ) -> CausalGraph:
        """Propose a graph from data; a proposal to edit, not a finding.

        :func:`workbench.graph.discovery.discover_arrows` documents the arguments, and
        :func:`workbench.graph.proposal.propose_graph` says what the data left open.
        """
        found = discover_arrows(
            data, method=method, tiers=tiers, alpha=alpha, max_rows=max_rows, seed=seed
        )
        return cls(found.edges, nodes=found.nodes)

    def _repr_html_(self) -> str:
        from workbench.graph.picture.drawing import draw_graph

        return draw_graph(self, roles=dict.fromkeys(self.latents, "latent"))

    def _parts(self) -> graph_files.GraphParts:
        notes = tuple(self.notes.items())
        return graph_files.GraphParts(self.nodes, self.edges, self.latents, notes)

    @classmethod
    def of_parts(cls, parts: graph_files.GraphParts) -> CausalGraph:
        """Build from what :func:`workbench.graph.files.formats.parse` has read."""
        return cls(parts.edges, nodes=parts.nodes, latents=parts.latents, notes=dict(parts.notes))

    def _not_identifiable(self, x: set[str], y: str) -> NotIdentifiableError:
        cause = listed(self._in_node_order(x))
        missing = adjustment.missing_confounders(self._digraph, x, y, set(self.latents), self.nodes)
        start = f"No set of observed features identifies the effect of {cause} on {y!r}: "
        if missing:
            names = self._in_node_order(missing)
            return NotIdentifiableError(
                f"{start}the latent {listed(names)} confounds them. Measure it, or remove it "
                "from the graph if you can defend that.",
                names,
            )
        if any(y in nx.ancestors(self._digraph, node) for node in x):
            return NotIdentifiableError(f"{start}{y!r} is itself a cause of {cause}.")
        return NotIdentifiableError(
            f"{start}a confounder of one treatment is caused by another. Audit them one at a "
            "time, or together by fuzzing."
        )
