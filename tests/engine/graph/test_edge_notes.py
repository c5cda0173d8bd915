"""Why an arrow is there: kept with the graph and in its JSON, and nothing is computed from it."""

from __future__ import annotations

import json
import pickle

import pytest

from workbench.common.errors import GraphError, GraphFileError
from workbench.graph.causal_graph import CausalGraph

GRAPH = CausalGraph([("a", "b"), ("b", "c")]).with_note("a", "b", " the law of 2021 ")
NOTED = {("a", "b"): "the law of 2021"}


def test_json_keeps_a_note_and_is_as_before_without_one() -> None:
    assert GRAPH.notes == NOTED
    assert CausalGraph.from_json(GRAPH.to_json()).notes == NOTED
    assert json.loads(GRAPH.to_json())["notes"] == [["a", "b", "the law of 2021"]]
    assert "notes" not in json.loads(CausalGraph([("a", "b")]).to_json())
    assert CausalGraph.from_dot(GRAPH.to_dot()).notes == {}


def test_a_note_makes_no_other_graph() -> None:
    plain = CausalGraph(GRAPH.edges)
    assert plain == GRAPH and hash(plain) == hash(GRAPH)
    assert pickle.loads(pickle.dumps(GRAPH)).notes == NOTED


def test_a_note_stays_with_its_arrow() -> None:
    for kept in (
        GRAPH.add_edge("a", "c"),
        GRAPH.remove_edge("b", "c"),
        GRAPH.add_node("d", latent=True),
        GRAPH.set_latent("c"),
        GRAPH.remove_node("c"),
        GRAPH.with_note("b", "c", ""),
    ):
        assert kept.notes == NOTED
    for gone in (
        GRAPH.reverse_edge("a", "b"),
        GRAPH.remove_edge("a", "b"),
        GRAPH.remove_node("a"),
        GRAPH.with_note("a", "b", " "),
    ):
        assert gone.notes == {}


def test_a_note_needs_an_arrow_and_some_words() -> None:
    with pytest.raises(GraphError, match="no edge from 'a' to 'c'"):
        GRAPH.with_note("a", "c", "?")
    with pytest.raises(GraphError, match="which the graph does not have"):
        CausalGraph([("a", "b")], notes={("b", "a"): "?"})
    with pytest.raises(GraphError, match="at most 500"):
        GRAPH.with_note("a", "b", "x" * 501)
    with pytest.raises(GraphError, match="at most 500"):
        CausalGraph([("a", "b")], notes={("a", "b"): 3})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ("text", "'notes' is not a list"),
        ([["a", "b"]], "Note 0 of the JSON"),
        ([["a", "b", 3]], "Note 0 of the JSON"),
        ([["a", "b", "fine"], ["b", "a", "why"]], "Note 1 of the JSON is on the edge"),
        ([["a", "b", "x" * 501]], "501 characters"),
    ],
)
def test_notes_of_a_strangers_file_are_checked(notes: object, said: str) -> None:
    with pytest.raises(GraphFileError, match=said):
        CausalGraph.from_json(json.dumps({"edges": [["a", "b"]], "notes": notes}))
