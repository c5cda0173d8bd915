"""Tetrad's text: no edge is lost in silence, and none means more than Tetrad could say."""

from __future__ import annotations

import pytest

from workbench.common.errors import GraphFileError
from workbench.graph.files.formats import parse


def tetrad(*edges: str) -> bytes:
    numbered = "\n".join(f"{i}. {edge}" for i, edge in enumerate(edges, start=1))
    return (
        f"Graph Nodes:\na;b;c\n\nGraph Edges:\n{numbered}\n\nGraph Attributes:\nBIC: -1\n".encode()
    )


def test_attributes_follow_the_edges() -> None:
    assert parse(tetrad("a --> b", "b --> c dd nl"), "g.txt").edges == (("a", "b"), ("b", "c"))


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        ("b -> c", "'2. b -> c' is no edge"),
        ("b --> c pd pl", "The edge b --> c is marked pl"),
        ("b o-> c", "The edge b o-> c ends in a circle"),
        ("b --- c", "The edge b --- c has no causal direction"),
        ("b --> d", "names 'd'"),
    ],
)
def test_an_edge_that_decides_nothing_is_named(edge: str, said: str) -> None:
    with pytest.raises(GraphFileError, match=said):
        parse(tetrad("a --> b", edge), "g.txt")
