"""Graphs as programs exchange them: GraphML, networkx's node-link JSON, GML's attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import networkx as nx

from workbench.common.errors import GraphFileError
from workbench.graph.files.names_and_ends import named_nodes
from workbench.graph.files.parts_and_limits import (
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
)

__all__ = ["from_graphml", "from_networkx", "from_node_link"]

UNDIRECTED_EDGE = re.compile(r"<(?:\w+:)?edge\b[^<>]*\bdirected\s*=\s*['\"](?:false|0)['\"][^<>]*>")

TRUE = (True, 1, "1", "true", "True", "yes")


def from_graphml(text: str) -> GraphParts:
    """Read a directed GraphML graph; nodes are named by name or label where only numbered."""
    heads = re.findall(r"<(?:\w+:)?(node|edge)\b", bounded(text))
    refuse_too_large(heads.count("node"), heads.count("edge"))
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise GraphFileError("This GraphML declares a document type, which no graph needs.")
    for source, target in re.findall(r'<y:Arrows\s+source="(\w+)"\s+target="(\w+)"', text):
        if source != "none" or target == "none":
            raise GraphFileError(
                f"An edge of this GraphML is drawn with the ends {source!r} and {target!r}; an "
                f"arrow at its target alone says what causes what."
            )
    if found := UNDIRECTED_EDGE.search(text):
        raise GraphFileError(
            f"The edge {found[0][:100]} of this GraphML is undirected. Decide it: its source "
            f"causes its target, the other way round, or no edge."
        )
    try:
        graph = nx.parse_graphml(text)
    except Exception:  # what networkx raises on a damaged text is endless, and Python's words
        said = "it is damaged, or no GraphML"
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
    """Collect a directed graph whose nodes carry ``label``, ``name`` and ``latent``.

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
        ends = graphics.get("arrow") if isinstance(graphics, dict) else None
        if ends not in (None, "last"):
            raise GraphFileError(
                f"The edge between {labels[str(tail)] or tail!r} and {labels[str(head)] or head!r} "
                f"of this {what} is drawn with arrow {str(ends)!r}; one at its target alone says "
                f"what causes what."
            )
    names = named_nodes(labels, what)
    hidden = [names[str(node)] for node, latent in graph.nodes(data="latent") if latent in TRUE]
    pairs = [(names[str(tail)], names[str(head)]) for tail, head in graph.edges()]
    return gathered(names.values(), pairs, hidden)
