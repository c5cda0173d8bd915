"""Causal graphs as text: JSON, Graphviz DOT, GML and DAGitty model code.

Every format keeps isolated nodes, latent nodes and any name: quotes, spaces and other scripts
included. Texts come from users, so that sizes are bounded and each error says where and what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from pathlib import Path

import networkx as nx

from workbench.common.errors import GraphFileError, listed
from workbench.common.limits import CASE_FIELD_CHARACTERS, GRAPH_BYTES
from workbench.graph.files.bayesian_networks import from_bif
from workbench.graph.files.dot_and_dagitty import from_dagitty, from_dot, to_dagitty, to_dot
from workbench.graph.files.graphml_and_node_link import from_graphml, from_networkx, from_node_link
from workbench.graph.files.parts_and_limits import (
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
    refuse_too_long,
)
from workbench.graph.files.structural_equations import from_lavaan
from workbench.graph.files.tetrad import from_tetrad, from_text

__all__ = [
    "GraphParts",
    "from_dagitty",
    "from_dot",
    "from_gml",
    "from_json",
    "parse",
    "read",
    "to_dagitty",
    "to_dot",
    "to_gml",
    "to_json",
    "write",
]

# ---- JSON ----------------------------------------------------------------------------------


def to_json(parts: GraphParts) -> str:
    """Write ``{"nodes": […], "edges": [[cause, effect], …], "latents": […]}``.

    Where edges have notes, ``"notes": [[cause, effect, why], …]`` follows.
    """
    held = {"nodes": parts.nodes, "edges": parts.edges, "latents": parts.latents}
    if parts.notes:
        held["notes"] = tuple((*edge, why) for edge, why in parts.notes)
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in held.items()
    )
    return "{" + ",\n ".join(lines) + "}\n"


def from_json(text: str) -> GraphParts:
    """Read what :func:`to_json` writes, or networkx's node-link form.

    ``nodes``, ``latents`` and ``notes`` may be missing.
    """
    try:
        found = json.loads(bounded(text))
    except (ValueError, RecursionError) as error:
        raise GraphFileError(f"This is not JSON: {error}.{looks_like(text, 'JSON')}") from None
    shape = '{"nodes": ["a", "b"], "edges": [["a", "b"]], "latents": []}'
    if isinstance(found, dict) and _is_node_link(found):
        return from_node_link(found)
    if isinstance(found, dict) and {"elements", "graph"} & set(found):
        raise GraphFileError(
            f"A graph in JSON has the form {shape}, or networkx's node-link form. This one looks "
            f"like Cytoscape's or the JSON Graph Format: export GraphML or GML instead."
        )
    if not isinstance(found, dict) or "edges" not in found:
        raise GraphFileError(f"A graph in JSON has the form {shape}; this text has no edges key.")
    if unknown := sorted(set(found) - {"nodes", "edges", "latents", "notes"}):
        raise GraphFileError(
            f"A graph in JSON has the form {shape}; unknown key {listed(unknown)}."
        )
    for key, values in found.items():
        if not isinstance(values, list):
            raise GraphFileError(f"A graph in JSON has the form {shape}; {key!r} is not a list.")
    for i, edge in enumerate(found["edges"]):
        if not (isinstance(edge, list) and len(edge) == 2 and _all_names(edge)):
            raise GraphFileError(f"Edge {i} of the JSON is {edge!r}, not a pair of names.")
    for key in ("nodes", "latents"):
        if not _all_names(found.get(key, [])):
            raise GraphFileError(f"{key!r} in the JSON holds something that is not a name.")
    edges = [(u, v) for u, v in found["edges"]]
    parts = gathered(found.get("nodes", []), edges, found.get("latents", []))
    return parts._replace(notes=tuple(_notes(found.get("notes", []), set(edges))))


def _notes(
    found: list[object], edges: set[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Check why edges are there, as a person wrote it."""
    for i, note in enumerate(found):
        if not (isinstance(note, list) and len(note) == 3 and _all_names(note)):
            raise GraphFileError(
                f"Note {i} of the JSON is {note!r:.200}, not a cause, an effect and a text."
            )
        cause, effect, why = note
        if (cause, effect) not in edges:
            raise GraphFileError(
                f"Note {i} of the JSON is on the edge from {cause!r:.60} to {effect!r:.60}, which "
                f"the graph does not have."
            )
        if len(why) > CASE_FIELD_CHARACTERS:
            raise GraphFileError(
                f"Note {i} of the JSON has {len(why):,} characters; at most "
                f"{CASE_FIELD_CHARACTERS:,} are kept."
            )
        yield (cause, effect), why


def _is_node_link(found: dict[str, object]) -> bool:
    nodes = found.get("nodes")
    of_objects = isinstance(nodes, list) and any(isinstance(node, dict) for node in nodes)
    return nodes is not None and (of_objects or not {"links", "directed"}.isdisjoint(found))


def _all_names(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and value for value in values)


# ---- GML -----------------------------------------------------------------------------------


def to_gml(parts: GraphParts) -> str:
    """Write GML: each name is a label, latent nodes carry ``latent 1``."""
    digraph = nx.DiGraph()
    hidden = set(parts.latents)
    digraph.add_nodes_from((node, {"latent": 1} if node in hidden else {}) for node in parts.nodes)
    digraph.add_edges_from(parts.edges)
    return "\n".join(nx.generate_gml(digraph)) + "\n"


def from_gml(text: str) -> GraphParts:
    """Read a directed GML graph; a node without a label is named by its id."""
    # Counted before parsing, which takes long.
    heads = [head.lower() for head in re.findall(r"\b(node|edge)\s*\[", bounded(text))]
    refuse_too_large(heads.count("node"), heads.count("edge"))
    refuse_too_long(len(re.findall(r"[\[\]\"]|[^\s\[\]\"]+", text)))
    try:
        graph = nx.parse_gml(text, label="id")
    except nx.NetworkXError as error:
        said = str(error).strip().rstrip(".")[:200] or "it is damaged"
        raise GraphFileError(f"This GML cannot be read: {said}.{looks_like(text, 'GML')}") from None
    except Exception:  # what else networkx raises on a damaged text is endless, and Python's words
        said = "it is damaged, or no GML"
        raise GraphFileError(f"This GML cannot be read: {said}.{looks_like(text, 'GML')}") from None
    if not isinstance(graph, nx.Graph) or not graph.is_directed():
        raise GraphFileError("This GML graph is undirected: add the line 'directed 1' to it.")
    return from_networkx(graph, "GML graph")


# ---- files ---------------------------------------------------------------------------------

MOST_SAID = 2_000
"""Characters of what is wrong with a file."""

_Format = tuple[Callable[[GraphParts], str] | None, Callable[[str], GraphParts]]
_FORMATS: dict[str, _Format] = {
    ".json": (to_json, from_json),
    ".dot": (to_dot, from_dot),
    ".gv": (to_dot, from_dot),
    ".gml": (to_gml, from_gml),
    ".dagitty": (to_dagitty, from_dagitty),
    ".txt": (to_dagitty, from_text),
    ".graphml": (None, from_graphml),
    ".bif": (None, from_bif),
    ".lavaan": (None, from_lavaan),
    ".tetrad": (None, from_tetrad),
}
_ELSEWHERE = {
    ".xmlbif": "Export it as .bif.",
    ".xdsl": "In GeNIe, export it as .bif.",
    ".net": "In Hugin, export it as .bif; in Pajek, as GraphML.",
    ".rds": "In R: dagitty prints its graph as text; igraph::write_graph writes GraphML.",
    ".rdata": "In R: dagitty prints its graph as text; igraph::write_graph writes GraphML.",
    ".graphmlz": "Export it as .graphml.",
    ".gexf": "In Gephi, export it as GraphML or GML.",
    ".csv": "A list of edges says nothing of latent nodes: in Python, wb.CausalGraph(edges).",
    ".xml": "If it is GraphML, let its name end in .graphml.",
    ".pkl": "A pickle runs its author's code when it is opened. Export it as JSON or GraphML.",
    ".png": "A picture cannot be read. Export the graph as DOT, GraphML or DAGitty code.",
    ".svg": "A picture cannot be read. Export the graph as DOT, GraphML or DAGitty code.",
}
"""What to do with a graph of another kind."""


def _format(name: str) -> _Format:
    suffix = Path(name).suffix.lower()
    if suffix not in _FORMATS:
        raise GraphFileError(
            f"{name!r} is not a kind of graph file that can be read or written: its name must "
            f"end in one of {', '.join(_FORMATS)} (.txt is DAGitty or Tetrad). "
            f"{_ELSEWHERE.get(suffix, '')}".rstrip()
        )
    return _FORMATS[suffix]


def parse(content: bytes, name: str) -> GraphParts:
    """Read the content of a graph file, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
        UTF-8 text of at most 5 MB.
    name : str
        The file's name; its ending chooses the format.

    Raises
    ------
    GraphFileError
        The content is too large, not text, or not in that format.
    """
    read_text = _format(name)[1]
    if len(content) > GRAPH_BYTES:
        raise GraphFileError(
            f"{name!r} holds {len(content):,} bytes; a graph file has at most {GRAPH_BYTES:,}."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GraphFileError(
            f"{name!r} is not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from None
    try:
        return read_text(text)
    except GraphFileError as error:
        said = str(error)  # it may hold a name of any length
        raise GraphFileError(f"{name}: {said[:MOST_SAID]}{'…' * (len(said) > MOST_SAID)}") from None


def read(path: str | PathLike[str]) -> GraphParts:
    """Read a graph file by its ending; see :meth:`CausalGraph.read`."""
    file = Path(path)
    _format(file.name)
    try:
        with file.open("rb") as stream:
            content = stream.read(GRAPH_BYTES + 1)
            size = len(content) if len(content) <= GRAPH_BYTES else file.stat().st_size
    except OSError as error:
        raise GraphFileError(f"Cannot read {str(file)!r}: {error.strerror}.") from None
    if size > GRAPH_BYTES:
        raise GraphFileError(
            f"{file.name!r} holds {size:,} bytes; a graph file has at most {GRAPH_BYTES:,}."
        )
    return parse(content, file.name)


def write(parts: GraphParts, path: str | PathLike[str]) -> None:
    """Write a graph file; the ending chooses the format."""
    file = Path(path)
    to_text = _format(file.name)[0]
    if to_text is None:
        written = ", ".join(suffix for suffix, (to, _) in _FORMATS.items() if to is not None)
        raise GraphFileError(
            f"Graphs of the kind {file.suffix!r} are read, not written. Name the file with one of "
            f"{written}."
        )
    text = to_text(parts)
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise GraphFileError(f"Cannot write {str(file)!r}: {error.strerror}.") from None
