"""Graphs from GraphML, networkx's node-link JSON, and GML with attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import networkx as nx

from workbench.common.errors import GraphFileError
from workbench.graph.files.names_and_ends import is_hidden, named_nodes
from workbench.graph.files.parts_and_limits import (
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
)

__all__ = ["from_graphml", "from_networkx", "from_node_link"]

EDGE = re.compile(r"<(?:\w+:)?edge\b[^<>]*>")
UNDIRECTED = re.compile(r"\bdirected\s*=\s*['\"](?:false|0)['\"]")

HEADS = ("standard", "delta", "white_delta", "plain", "diamond", "white_diamond", "short", "last")
"""Ends that are an arrow's head, as yEd and GML name them."""


def from_graphml(text: str) -> GraphParts:
    """Read a directed GraphML graph; nodes are named by name or label where only numbered."""
    heads = re.findall(r"<(?:\w+:)?(node|edge|graph|hyperedge)\b", bounded(text))
    refuse_too_large(heads.count("node"), heads.count("edge"))
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise GraphFileError("This GraphML declares a document type, which no graph needs.")
    for source, target in re.findall(r'<y:Arrows\s+source="(\w+)"\s+target="(\w+)"', text):
        if source != "none" or target not in HEADS:
            raise GraphFileError(
                f"An edge of this GraphML is drawn with the ends {source!r} and {target!r}; an "
                f"arrow at its target alone says what causes what."
            )
    if found := next((e for e in EDGE.findall(text) if UNDIRECTED.search(e)), None):
        raise GraphFileError(
            f"The edge {found[:100]} of this GraphML is undirected. Decide it: its source "
            f"causes its target, the other way round, or no edge."
        )
    if heads.count("graph") > 1:
        raise GraphFileError(
            f"This GraphML holds {heads.count('graph')} graphs, or groups of nodes. Ungroup the "
            f"nodes, and export one graph."
        )
    if "hyperedge" in heads:
        raise GraphFileError("This GraphML has a hyperedge; a causal arrow joins two nodes.")
    try:
        graph = nx.parse_graphml(text)
    except Exception:  # what networkx raises on a damaged text is endless, and Python's words
        said = "it is damaged, no GraphML, or mixes directed and undirected edges"
        raise GraphFileError(
            f"This GraphML cannot be read: {said}.{looks_like(text, 'XML')}"
        ) from None
    if not graph.is_directed():
        raise GraphFileError(
            "This GraphML graph is undirected (edgedefault); a causal graph has directed edges."
        )
    return from_networkx(graph, "GraphML graph")


def from_node_link(found: Mapping[str, Any]) -> GraphParts:
    """Read ``networkx.node_link_data``: nodes with an id, edges with source and target."""
    if found.get("directed") is not True:
        raise GraphFileError(
            'This node-link JSON is of an undirected graph ("directed" is not true); a causal '
            "graph has directed edges."
        )
    edges = found.get("edges", found.get("links"))
    nodes = found["nodes"]
    digraph: nx.DiGraph[Any] = nx.DiGraph()
    try:
        refuse_too_large(len(nodes), len(edges))
        for node in nodes:
            if not isinstance(node["id"], str | int):
                raise TypeError
            digraph.add_node(node["id"], **{str(k): v for k, v in node.items() if k != "id"})
        known = set(digraph.nodes())
        for edge in edges or ():
            if not {edge["source"], edge["target"]} <= known:
                raise KeyError
            digraph.add_edge(edge["source"], edge["target"])
    except (TypeError, KeyError, AttributeError):
        raise GraphFileError(
            'Node-link JSON has the form {"directed": true, "nodes": [{"id": "a"}, {"id": "b"}], '
            '"edges": [{"source": "a", "target": "b"}]}; this one has not.'
        ) from None
    return from_networkx(digraph, "node-link JSON")


def from_networkx(graph: Any, what: str) -> GraphParts:
    """Collect a directed graph; nodes may carry ``label``, ``name``, ``latent``, ``observed``.

    Raises
    ------
    GraphFileError
        Several nodes have one name, or an edge is drawn with other ends than an arrow's.
    """
    labels: dict[str, str | None] = {}
    for node, data in graph.nodes(data=True):
        label = data.get("name", data.get("label"))
        labels[str(node)] = None if label is None else str(label)
    if len(labels) < len(graph):
        raise GraphFileError(f"Several nodes of this {what} have one name.")
    for tail, head, data in graph.edges(data=True):
        graphics = data.get("graphics")
        drawn = graphics if isinstance(graphics, dict) else {}
        at_source = drawn.get("sourceArrow", "none")
        at_target = drawn.get("arrow", drawn.get("targetArrow", "last"))
        if at_target not in HEADS or at_source != "none":
            odd = at_target if at_target not in HEADS else at_source
            raise GraphFileError(
                f"The edge between {labels[str(tail)] or tail!r} and {labels[str(head)] or head!r} "
                f"of this {what} is drawn with arrow {str(odd)!r}; one at its target alone says "
                f"what causes what."
            )
    names = named_nodes(labels, what)
    hidden = [names[str(node)] for node, data in graph.nodes(data=True) if is_hidden(data)]
    pairs = [(names[str(tail)], names[str(head)]) for tail, head in graph.edges()]
    return gathered(names.values(), pairs, hidden)
