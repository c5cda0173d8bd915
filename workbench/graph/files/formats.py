"""Causal graphs as text: JSON, Graphviz DOT, GML and DAGitty model code.

Every format keeps isolated nodes, latent nodes and any name: quotes, spaces and other scripts
included. Texts come from users, so that sizes are bounded and each error says where and what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path

import networkx as nx

from workbench.common.errors import GraphFileError, listed
from workbench.graph.files.dot_and_dagitty import from_dagitty, from_dot, to_dagitty, to_dot
from workbench.graph.files.parts_and_limits import (
    MAX_BYTES,
    MAX_NODES,
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
    refuse_too_long,
)

__all__ = [
    "MAX_BYTES",
    "MAX_NODES",
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
    """Write ``{"nodes": […], "edges": [[cause, effect], …], "latents": […]}``."""
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in parts._asdict().items()
    )
    return "{" + ",\n ".join(lines) + "}\n"


def from_json(text: str) -> GraphParts:
    """Read what :func:`to_json` writes; ``nodes`` and ``latents`` may be missing."""
    try:
        found = json.loads(bounded(text))
    except (ValueError, RecursionError) as error:
        raise GraphFileError(f"This is not JSON: {error}.{looks_like(text, 'JSON')}") from None
    shape = '{"nodes": ["a", "b"], "edges": [["a", "b"]], "latents": []}'
    if not isinstance(found, dict) or "edges" not in found:
        raise GraphFileError(f"A graph in JSON has the form {shape}; this text has no edges key.")
    if unknown := sorted(set(found) - {"nodes", "edges", "latents"}):
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
    return gathered(found.get("nodes", []), edges, found.get("latents", []))


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
    refuse_too_long(len(text.split()))
    try:
        graph = nx.parse_gml(text, label="id")
    except (nx.NetworkXError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise GraphFileError(
            f"This GML cannot be read: {str(error).strip().rstrip('.')}.{looks_like(text, 'GML')}"
        ) from None
    if not graph.is_directed():
        raise GraphFileError("This GML graph is undirected: add the line 'directed 1' to it.")
    name = {node: str(data.get("label", node)) for node, data in graph.nodes(data=True)}
    if len(set(name.values())) < len(name):
        twice = [
            label for label in dict.fromkeys(name.values()) if [*name.values()].count(label) > 1
        ]
        raise GraphFileError(f"Several nodes of this GML graph have the label {listed(twice)}.")
    hidden = [name[node] for node, latent in graph.nodes(data="latent") if latent == 1]
    return gathered(name.values(), [(name[u], name[v]) for u, v in graph.edges()], hidden)


# ---- files ---------------------------------------------------------------------------------

_Format = tuple[Callable[[GraphParts], str], Callable[[str], GraphParts]]
_FORMATS: dict[str, _Format] = {
    ".json": (to_json, from_json),
    ".dot": (to_dot, from_dot),
    ".gv": (to_dot, from_dot),
    ".gml": (to_gml, from_gml),
    ".dagitty": (to_dagitty, from_dagitty),
    ".txt": (to_dagitty, from_dagitty),
}


def _format(name: str) -> _Format:
    suffix = Path(name).suffix.lower()
    if suffix not in _FORMATS:
        raise GraphFileError(
            f"{name!r} is not a kind of graph file that can be read or written: its name must "
            f"end in one of {', '.join(_FORMATS)} (.txt is DAGitty)."
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
    if len(content) > MAX_BYTES:
        raise GraphFileError(
            f"{name!r} holds {len(content):,} bytes; a graph file has at most {MAX_BYTES:,}."
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
        raise GraphFileError(f"{name}: {error}") from None


def read(path: str | PathLike[str]) -> GraphParts:
    """Read a graph file by its ending; see :meth:`CausalGraph.read`."""
    file = Path(path)
    _format(file.name)
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
            size = len(content) if len(content) <= MAX_BYTES else file.stat().st_size
    except OSError as error:
        raise GraphFileError(f"Cannot read {str(file)!r}: {error.strerror}.") from None
    if size > MAX_BYTES:
        raise GraphFileError(
            f"{file.name!r} holds {size:,} bytes; a graph file has at most {MAX_BYTES:,}."
        )
    return parse(content, file.name)


def write(parts: GraphParts, path: str | PathLike[str]) -> None:
    """Write a graph file; the ending chooses the format."""
    file = Path(path)
    text = _format(file.name)[0](parts)
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise GraphFileError(f"Cannot write {str(file)!r}: {error.strerror}.") from None
