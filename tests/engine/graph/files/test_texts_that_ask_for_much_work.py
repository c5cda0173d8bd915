"""Short texts that once took minutes or for ever are read or refused at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from workbench.common.errors import GraphFileError
from workbench.graph.files.formats import parse

N = 60_000


@pytest.fixture(autouse=True)
def _an_end() -> Iterator[None]:
    """End a test that would never end; each takes hundredths of a second."""

    def end(*_: object) -> None:
        pytest.fail("took more than twenty seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.json", "# " * 100),
        ("g.graphml", "<edge " + "directed='false' " * N),
        ("g.gml", "graph[directed 1 " + 'a"b"' * 400_000 + "]"),
        ("g.lavaan", "+".join(["a"] * 9_000) + "~" + "+".join(["b"] * 9_000)),
        ("g.lavaan", "|" * N + "~"),
        ("g.lavaan", "\n" * N),
        ("g.tetrad", "Graph Nodes:\na;b\nGraph Edges:\n1. a" + " " * N),
        ("g.dot", "digraph { a [label=<" + "<>" * N),
        ("g.dot", "digraph " + "{" * N),
        ("g.json", '{"a":' * N),
        ("g.graphml", "<a>" * N),
    ],
)
def test_it_is_refused_at_once(name: str, text: str) -> None:
    with pytest.raises(GraphFileError):
        parse(text.encode(), name)


def test_parents_that_never_end_are_no_parents() -> None:
    assert parse(b"variable a {}" + b"probability(a|" * N, "g.bif").edges == ()
