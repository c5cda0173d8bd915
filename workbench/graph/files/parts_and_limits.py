"""What every graph text comes down to, and the limits that all of them share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from workbench.common.errors import GraphFileError
from workbench.common.limits import GRAPH_BYTES, GRAPH_EDGES, GRAPH_NODES, GRAPH_WORDS

__all__ = [
    "GraphParts",
    "bounded",
    "gathered",
    "looks_like",
    "refuse_too_large",
    "refuse_too_long",
]


class GraphParts(NamedTuple):
    """What a graph text holds, before :class:`workbench.graph.causal_graph.CausalGraph` checks it.

    Attributes
    ----------
    nodes : tuple of str
        All nodes, in the order of the text.
    edges : tuple of (str, str)
        Cause and effect.
    latents : tuple of str
        Those of the nodes that are latent.
    notes : tuple of ((str, str), str)
        An edge, and why it is there; JSON alone keeps them.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    latents: tuple[str, ...]
    notes: tuple[tuple[tuple[str, str], str], ...] = ()


def bounded(text: str) -> str:
    """Refuse a text that is too long for a graph."""
    if len(text) > GRAPH_BYTES:
        raise GraphFileError(
            f"The text holds {len(text):,} characters; a graph has at most {GRAPH_BYTES:,}."
        )
    return text


def refuse_too_large(n_nodes: int, n_edges: int) -> None:
    """Refuse a graph beyond the limits."""
    for count, limit, what in ((n_nodes, GRAPH_NODES, "nodes"), (n_edges, GRAPH_EDGES, "edges")):
        if count > limit:
            raise GraphFileError(
                f"The graph has more than {limit:,} {what}, the most that is read."
            )


def refuse_too_long(n_words: int) -> None:
    """Refuse a text of more words than any graph within the limits needs."""
    if n_words > GRAPH_WORDS:
        raise GraphFileError(f"The text goes on after {GRAPH_WORDS:,} words and signs.")


def gathered(
    nodes: Iterable[str], edges: Iterable[tuple[str, str]], latents: Iterable[str]
) -> GraphParts:
    """Collect nodes, ends of edges and latents once each, within the limit."""
    pairs = tuple(dict.fromkeys(edges))
    hidden = tuple(latents)
    ends = (node for pair in pairs for node in pair)
    everything = tuple(dict.fromkeys([*nodes, *ends, *hidden]))
    refuse_too_large(len(everything), len(pairs))
    return GraphParts(everything, pairs, hidden)


def looks_like(text: str, claimed: str) -> str:
    """Say when a text is in another format than the one it was read as."""
    start = text.lstrip()[:200].lower()
    signs = {
        "JSON": start.startswith("{"),
        "DOT": re.match(r"(strict\s+)?(di)?graph\b[^\[]*\{", start) is not None,
        "GML": re.match(r"((#|creator|version)[^\n]*\n\s*)*graph\s*\[", start) is not None,
        "DAGitty": re.match(r"(dag|mag|pdag|pag)\b", start) is not None,
        "DAGitty of version 1 or 2 (open it in DAGitty 3 and export it again)": re.match(
            r"\S+ [1eouas]( @|\s*\n)", start
        )
        is not None,
        "XML (a GraphML file's name ends in .graphml)": start.startswith("<"),
        "lavaan (its file's name ends in .lavaan)": re.match(r"[\w.]+\s*(=~|~~?)", start)
        is not None,
        "a Tetrad text": start.startswith("graph nodes:"),
        "BIF (a Bayesian network; its file's name ends in .bif)": re.match(
            r"network\s+\S+\s*\{", start
        )
        is not None,
    }
    for kind, seen in signs.items():
        if seen and kind.split(" (")[0] != claimed:
            return f" It looks like {kind}."
    return ""
