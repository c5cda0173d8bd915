"""A graph in Tetrad's text form: ``Graph Nodes:`` and numbered ``Graph Edges:``."""

from __future__ import annotations

import re

from workbench.common.errors import GraphFileError
from workbench.graph.files.dot_and_dagitty import from_dagitty
from workbench.graph.files.parts_and_limits import (
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
)

__all__ = ["from_tetrad", "from_text"]

_SIGN = re.compile(r"\s(-->|<--|<->|---|o->|<-o|o-o|o--|--o)\s")
_NUMBER = re.compile(r"\d+\.\s*")


def from_text(text: str) -> GraphParts:
    """Read a .txt file: Tetrad's form where it begins so, else DAGitty's."""
    return from_tetrad(text) if text.lstrip().startswith("Graph Nodes:") else from_dagitty(text)


def from_tetrad(text: str) -> GraphParts:
    r"""Read Tetrad's text; ``a <-> b`` becomes a latent common cause, as Tetrad means it.

    Examples
    --------
    >>> from_tetrad("Graph Nodes:\na;b\n\nGraph Edges:\n1. a --> b\n").edges
    (('a', 'b'),)
    """
    lines = [line for line in bounded(text).splitlines() if line.strip()]
    if len(lines) < 2 or not lines[0].startswith("Graph Nodes:"):
        raise GraphFileError(
            f"A graph of Tetrad begins with 'Graph Nodes:'; this text does not."
            f"{looks_like(text, 'a Tetrad text')}"
        )
    told = lines[0].removeprefix("Graph Nodes:").strip() or lines[1]
    nodes = [name.strip() for name in re.split("[;,]", told) if name.strip()]
    if chosen := [name for name in nodes if name.startswith("[") and name.endswith("]")]:
        raise GraphFileError(
            f"The rows were chosen by the node {chosen[0]} (selection). An audit cannot account "
            f"for that. Remove it only if the rows were not chosen so."
        )
    refuse_too_large(len(nodes), len(lines))
    edges: list[tuple[str, str]] = []
    latents = [name for name in nodes if name.startswith("(") and name.endswith(")")]
    start = next((i for i, line in enumerate(lines) if line.startswith("Graph Edges:")), None)
    if start is None:
        raise GraphFileError("This text of Tetrad has no line 'Graph Edges:'.")
    for line in lines[start + 1 :]:
        left, *rest = _SIGN.split(line.strip(), maxsplit=1)
        if not rest:
            if line.rstrip().endswith(":"):
                break  # attributes of the graph, or lists of triples, follow the edges
            raise GraphFileError(f"The line {line.strip()[:60]!r} is no edge such as '1. a --> b'.")
        sign, right = rest[0], rest[1].strip()
        left = _NUMBER.sub("", left, count=1).strip() if _NUMBER.match(left) else left.strip()
        first, *properties = right.split()
        right = first if first in nodes and right not in nodes else right  # properties follow
        if odd := [name for name in (left, right) if name not in nodes]:
            raise GraphFileError(f"The edge {line.strip()[:60]!r} names {odd[0]!r}, no graph node.")
        if "pl" in properties and right == first:
            raise GraphFileError(
                f"The edge {left} {sign} {right} is marked pl: a latent variable may cause both. "
                f"Decide it: add the edge {left} <-> {right} too, or take the mark away."
            )
        if sign in ("-->", "<--"):
            edges.append((left, right) if sign == "-->" else (right, left))
        elif sign == "<->":
            latent = f"latent of {left} and {right}"
            latents.append(latent)
            edges += [(latent, left), (latent, right)]
        else:
            what = "has no causal direction" if sign == "---" else "ends in a circle"
            raise GraphFileError(
                f"The edge {left} {sign} {right} {what}: Tetrad could not say which is the cause. "
                f"Decide it: {left} --> {right}, {right} --> {left}, or no edge."
            )
    return gathered(nodes, edges, latents)
