"""CausalGraph: relations, paths, edits, the audit graph, and every message."""

from __future__ import annotations

import pickle
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.common.errors import CycleError, GraphError
from workbench.graph.causal_graph import PREDICTION, CausalGraph

LOAN = CausalGraph(
    [("zip_code", "neighborhood_income"), ("neighborhood_income", "approved"), ("race", "zip_code")]
)


@st.composite
def graphs(draw, max_nodes=7, with_latents=False):
    names = [f"n{i}" for i in range(draw(st.integers(2, max_nodes)))]
    order = draw(st.permutations(names))
    pairs = list(combinations(order, 2))
    chosen = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    edges = [pair for pair, kept in zip(pairs, chosen, strict=True) if kept]
    latents = draw(st.sets(st.sampled_from(names))) if with_latents else ()
    return CausalGraph(edges, nodes=names, latents=latents)


def brute_force_paths(graph, source, sink):
    if source == sink:
        return []
    return list(nx.all_simple_paths(graph.to_networkx(), source, sink))


# ---- the value -----------------------------------------------------------------------------


def test_nodes_come_as_given_then_by_first_appearance():
    graph = CausalGraph([("b", "a"), ("a", "c")], nodes=["lone", "c"], latents=["b"])
    assert graph.nodes == ("lone", "c", "b", "a")
    assert graph.edges == (("b", "a"), ("a", "c"))
    assert graph.latents == ("b",)
    assert graph.observed == ("lone", "c", "a")


def test_equal_graphs_hash_alike_and_order_does_not_matter():
    one = CausalGraph([("a", "b"), ("b", "c")], nodes=["z"])
    two = CausalGraph([("b", "c"), ("a", "b"), ("a", "b")], nodes=["c", "z"])
    assert one == two and hash(one) == hash(two)
    assert one != two.set_latent("a") and one != two.add_edge("a", "c") and one != two.add_node("q")
    assert one != "a graph"


def test_repr_rebuilds_the_graph_and_pickle_keeps_it():
    graph = CausalGraph([("a b", 'c"')], nodes=["lone"], latents=["a b"])
    assert repr(graph) == """CausalGraph([('a b', 'c"')], nodes=['lone'], latents=['a b'])"""
    assert pickle.loads(pickle.dumps(graph)) == graph


def test_a_graph_cannot_be_changed_in_place():
    with pytest.raises(AttributeError):
        LOAN.edges = ()
    with pytest.raises(nx.NetworkXError):
        LOAN._digraph.add_edge("x", "y")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"edges": [("a", 1)]}, "A node name must be a text that is not empty; 1 is int."),
        ({"edges": [("", "a")]}, "A node name must be a text that is not empty; '' is empty."),
        ({"edges": ["ab"]}, "An edge must be a pair (cause, effect); 'ab' is not."),
        ({"edges": [("a", "b", "c")]}, "An edge must be a pair (cause, effect); ('a', 'b', 'c')"),
        ({"nodes": "age"}, "nodes must be a list of names, not the text 'age'."),
        ({"nodes": ["a"], "latents": "a"}, "latents must be a list of names, not the text 'a'."),
        (
            {"nodes": ["income"], "latents": ["incme"]},
            "The latent name 'incme' is not a node of the graph. Did you mean 'income'?",
        ),
        ({"nodes": ["a\ud800"]}, "holds half a character"),
    ],
)
def test_malformed_arguments_are_named(arguments, message):
    with pytest.raises(GraphError) as caught:
        CausalGraph(**arguments)
    assert message in str(caught.value)


def test_a_cycle_is_named():
    with pytest.raises(CycleError) as caught:
        CausalGraph([("x", "a"), ("a", "b"), ("b", "c"), ("c", "a")])
    assert "The edges run in a circle: a -> b -> c -> a." in str(caught.value)
    assert caught.value.cycle == ("a", "b", "c")


def test_a_loop_is_a_cycle():
    with pytest.raises(CycleError, match="a -> a") as caught:
        CausalGraph([("a", "a")])
    assert caught.value.cycle == ("a",)


# ---- relations -----------------------------------------------------------------------------


def test_relations_of_the_loan_graph():
    assert LOAN.parents("zip_code") == ("race",)
    assert LOAN.children("zip_code") == ("neighborhood_income",)
    assert LOAN.ancestors("approved") == ("race", "zip_code", "neighborhood_income")
    assert LOAN.descendants("race") == ("zip_code", "neighborhood_income", "approved")
    assert LOAN.mediators("race", "approved") == ("zip_code", "neighborhood_income")
    assert LOAN.mediators("approved", "race") == ()
    assert "race" in LOAN and "rice" not in LOAN and 3 not in LOAN


def test_an_unknown_node_gets_a_suggestion():
    with pytest.raises(GraphError) as caught:
        LOAN.parents("zipcode")
    assert "The graph has no node 'zipcode'. Did you mean 'zip_code'?" in str(caught.value)
    for question in (LOAN.descendants, LOAN.ancestors, LOAN.children, LOAN.remove_node):
        with pytest.raises(GraphError, match="no node"):
            question(7)


def test_node_order_decides_where_causes_leave_a_choice():
    assert CausalGraph([("c", "d")], nodes=["b", "a"]).topological_order() == ("b", "a", "c", "d")


@given(graphs())
def test_topological_order_puts_causes_first(graph):
    place = {node: i for i, node in enumerate(graph.topological_order())}
    assert set(place) == set(graph.nodes)
    assert all(place[u] < place[v] for u, v in graph.edges)


@given(graphs())
@settings(max_examples=60)
def test_paths_counts_and_mediators_agree_with_a_full_list(graph):
    for source in graph.nodes:
        for sink in graph.nodes:
            expected = brute_force_paths(graph, source, sink)
            paths = graph.directed_paths(source, sink)
            assert sorted(paths) == sorted(tuple(path) for path in expected)
            assert [len(path) for path in paths] == sorted(len(path) for path in expected)
            assert graph.count_directed_paths(source, sink) == len(expected)
            inside = {node for path in expected for node in path[1:-1]}
            assert set(graph.mediators(source, sink)) == inside


def test_paths_too_many_to_list_are_counted():
    names = [f"n{i:02}" for i in range(40)]
    graph = CausalGraph(combinations(names, 2))
    assert graph.count_directed_paths("n00", "n39") == 2**38
    paths = graph.directed_paths("n00", "n39", limit=50)
    assert len(set(paths)) == 50
    assert paths[0] == ("n00", "n39") and len(paths[-1]) == 4
    assert graph.directed_paths("n00", "n39", limit=0) == ()


# ---- edits ---------------------------------------------------------------------------------


def test_edits_return_new_graphs():
    before = LOAN.edges
    assert LOAN.add_edge("race", "approved").edges == (*before, ("race", "approved"))
    assert ("race", "zip_code") not in LOAN.remove_edge("race", "zip_code").edges
    assert "race" in LOAN.remove_edge("race", "zip_code").nodes
    assert LOAN.reverse_edge("race", "zip_code").parents("race") == ("zip_code",)
    assert LOAN.add_node("u", latent=True).latents == ("u",)
    assert LOAN.remove_node("zip_code").edges == (("neighborhood_income", "approved"),)
    assert LOAN.subgraph(["race", "zip_code"]).nodes == ("zip_code", "race")
    assert LOAN.edges == before


@given(graphs(with_latents=True), st.data())
def test_edits_undo_each_other(graph, data):
    if graph.edges:
        u, v = data.draw(st.sampled_from(graph.edges))
        assert graph.remove_edge(u, v).add_edge(u, v) == graph
        if graph.count_directed_paths(u, v) == 1:
            assert graph.reverse_edge(u, v).reverse_edge(v, u) == graph
        else:
            with pytest.raises(CycleError):
                graph.reverse_edge(u, v)
    node = data.draw(st.sampled_from(graph.nodes))
    latent = node in graph.latents
    assert graph.set_latent(node, not latent).set_latent(node, latent) == graph
    assert graph.add_node("new", latent=latent).remove_node("new") == graph


def test_edit_errors_leave_the_graph_and_say_what_is_there():
    with pytest.raises(CycleError, match="neighborhood_income -> approved -> race -> zip_code"):
        LOAN.add_edge("approved", "race")
    with pytest.raises(GraphError) as caught:
        LOAN.remove_edge("zip_code", "race")
    assert str(caught.value) == (
        "The graph has no edge from 'zip_code' to 'race'. There is one from 'race' to 'zip_code'."
    )
    with pytest.raises(GraphError, match="no edge from 'race' to 'approved'"):
        LOAN.reverse_edge("race", "approved")
    with pytest.raises(GraphError, match="has a node 'race' already"):
        LOAN.add_node("race")


# ---- the audit graph -----------------------------------------------------------------------


def test_the_prediction_replaces_the_outcome():
    graph = LOAN.with_prediction(["neighborhood_income", "credit"], outcome="approved")
    assert "approved" not in graph
    assert graph.parents(PREDICTION) == ("neighborhood_income", "credit")
    assert graph.parents("credit") == () and graph.children("credit") == (PREDICTION,)
    assert graph.nodes[-1] == PREDICTION


def test_an_outcome_that_causes_or_is_read_stays():
    causing = LOAN.add_edge("approved", "debt").with_prediction(["race"], outcome="approved")
    assert causing.children("approved") == ("debt",)
    read = LOAN.with_prediction(["approved"], outcome="approved")
    assert read.parents("approved") == ("neighborhood_income",)
    assert read.parents(PREDICTION) == ("approved",)


def test_the_outcome_may_be_called_prediction():
    graph = CausalGraph([("a", PREDICTION), ("b", PREDICTION)])
    assert graph.with_prediction(["a"], outcome=PREDICTION).parents(PREDICTION) == ("a",)


def test_a_feature_called_prediction_is_refused():
    for graph, reads in ((CausalGraph([(PREDICTION, "a")]), ["a"]), (LOAN, [PREDICTION])):
        with pytest.raises(GraphError, match="'prediction' stands for the model's output"):
            graph.with_prediction(reads)


def test_a_latent_feature_cannot_be_read():
    with pytest.raises(GraphError, match="The model reads 'race', which the graph calls latent"):
        LOAN.set_latent("race").with_prediction(["race"])


def test_one_name_in_place_of_a_list_of_reads_is_refused():
    with pytest.raises(GraphError, match="reads must be a list of names"):
        LOAN.with_prediction("race")


# ---- exchange ------------------------------------------------------------------------------


@given(graphs(with_latents=True))
def test_networkx_round_trip(graph):
    assert CausalGraph.from_networkx(graph.to_networkx()) == graph


def test_an_undirected_networkx_graph_is_refused():
    with pytest.raises(GraphError, match="needs directed edges"):
        CausalGraph.from_networkx(nx.Graph([("a", "b")]))


def test_html_is_a_picture_without_script():
    html = LOAN.set_latent("race")._repr_html_()
    assert html.startswith("<svg") and "latent" in html and "<script" not in html
