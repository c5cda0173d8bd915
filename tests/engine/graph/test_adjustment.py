"""Adjustment, d-separation and projection: textbook graphs, and definitions by brute force."""

from __future__ import annotations

from itertools import chain, combinations, pairwise, permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.common.errors import GraphError, NotIdentifiableError
from workbench.graph.causal_graph import CausalGraph


@st.composite
def graphs(draw, max_nodes=6, with_latents=False):
    names = [f"n{i}" for i in range(draw(st.integers(3, max_nodes)))]
    pairs = list(combinations(draw(st.permutations(names)), 2))
    chosen = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    edges = [pair for pair, kept in zip(pairs, chosen, strict=True) if kept]
    latents = draw(st.sets(st.sampled_from(names), max_size=2)) if with_latents else ()
    return CausalGraph(edges, nodes=names, latents=latents)


def subsets(items):
    items = list(items)
    return chain.from_iterable(combinations(items, k) for k in range(len(items) + 1))


def walks(graph, x, y):
    """All paths between two nodes, whatever the direction of their edges."""
    return nx.all_simple_paths(graph.to_networkx().to_undirected(), x, y)


def is_open(graph, path, given_set):
    for before, node, after in zip(path, path[1:], path[2:], strict=False):
        collider = {(before, node), (after, node)} <= set(graph.edges)
        if collider and not ({node, *graph.descendants(node)} & given_set):
            return False
        if not collider and node in given_set:
            return False
    return True


def is_causal(graph, path):
    return all(edge in graph.edges for edge in pairwise(path))


def valid_by_definition(graph, treatments, outcome, adjustment):
    """Shpitser et al.: path by path, over proper paths from the treatments."""
    adjustment = set(adjustment)
    if adjustment & {*treatments, outcome, *graph.latents}:
        return False
    for x in treatments:
        for path in walks(graph, x, outcome):
            if set(path[1:]) & set(treatments):
                continue
            if is_causal(graph, path):
                for node in path[1:]:
                    if adjustment & {node, *graph.descendants(node)}:
                        return False
            elif is_open(graph, path, adjustment):
                return False
    return True


# ---- textbook graphs -----------------------------------------------------------------------


def test_confounder():
    graph = CausalGraph([("z", "x"), ("z", "y"), ("x", "y")])
    assert graph.adjustment_sets("x", "y") == (("z",),)
    assert graph.is_valid_adjustment("x", "y", "z")
    assert not graph.is_valid_adjustment("x", "y", ())


def test_m_bias_conditions_on_nothing():
    graph = CausalGraph(
        [("u", "x"), ("u", "m"), ("w", "m"), ("w", "y"), ("x", "y")], latents=["u", "w"]
    )
    assert graph.adjustment_set("x", "y") == ()
    assert not graph.is_valid_adjustment("x", "y", ["m"])
    assert not graph.is_valid_adjustment("x", "y", ["u"]), "a latent node cannot be adjusted for"


def test_butterfly_needs_one_wing_as_well():
    graph = CausalGraph(
        [("a", "x"), ("a", "m"), ("b", "m"), ("b", "y"), ("m", "x"), ("m", "y"), ("x", "y")]
    )
    assert graph.adjustment_sets("x", "y") == (("a", "m"), ("m", "b"))
    assert graph.adjustment_set("x", "y") == ("m", "b")
    assert graph.adjustment_set("x", "y", kind="parents") == ("a", "m")
    with pytest.raises(NotIdentifiableError) as caught:
        graph.set_latent("a").set_latent("b").adjustment_set("x", "y")
    assert caught.value.confounders in {("a",), ("b",)}


def test_front_door_is_not_identified_by_adjustment():
    graph = CausalGraph([("u", "x"), ("u", "y"), ("x", "m"), ("m", "y")], latents=["u"])
    with pytest.raises(NotIdentifiableError) as caught:
        graph.adjustment_set("x", "y")
    assert caught.value.confounders == ("u",)
    assert "No set of observed features identifies the effect of 'x' on 'y'" in str(caught.value)
    assert "the latent 'u' confounds them" in str(caught.value)
    assert graph.adjustment_sets("x", "y") == ()
    assert graph.adjustment_set("x", "m") == ()
    assert graph.adjustment_set("m", "y") == ("x",)


def test_instrument_is_left_out():
    graph = CausalGraph([("i", "x"), ("z", "x"), ("z", "y"), ("x", "y")])
    assert graph.adjustment_set("x", "y") == ("z",)
    assert graph.adjustment_set("x", "y", kind="parents") == ("i", "z")
    assert graph.is_valid_adjustment("x", "y", ["i", "z"])


def test_a_latent_irrelevant_cause_keeps_the_instrument_out():
    # The O-set holds the latent w: the largest valid set is pruned instead.
    graph = CausalGraph(
        [("i", "x"), ("z", "x"), ("z", "y"), ("x", "y"), ("w", "y"), ("p", "y")], latents=["w"]
    )
    assert graph.adjustment_set("x", "y") == ("z", "p")


def test_parents_with_a_latent_parent_fall_back():
    graph = CausalGraph([("u", "x"), ("u", "z"), ("z", "y"), ("x", "y")], latents=["u"])
    assert graph.adjustment_set("x", "y", kind="parents") == ("z",)


def test_collider_through_a_mediator():
    # m shares the latent u with the outcome: fine for the total effect, never to condition on.
    graph = CausalGraph([("x", "m"), ("m", "y"), ("u", "m"), ("u", "y")], latents=["u"])
    assert graph.adjustment_set("x", "y") == ()
    assert not graph.is_valid_adjustment("x", "y", ["m"])
    assert not graph.is_d_separated("x", "u", "m")
    assert graph.is_d_separated("x", "u")


def test_a_chain_of_latents_names_the_common_cause():
    graph = CausalGraph(
        [("top", "left"), ("left", "x"), ("top", "right"), ("right", "y"), ("x", "y")],
        latents=["left", "top", "right"],
    )
    with pytest.raises(NotIdentifiableError) as caught:
        graph.adjustment_set("x", "y")
    assert caught.value.confounders == ("top",)


def test_two_treatments_may_need_each_others_confounders():
    graph = CausalGraph([("a", "y"), ("b", "y"), ("z", "a"), ("z", "b"), ("z", "y"), ("a", "b")])
    assert graph.adjustment_set(["a", "b"], "y") == ("z",)
    assert graph.adjustment_set("a", "y") == ("z",)


def test_treatments_over_time_have_no_single_set():
    graph = CausalGraph([("a", "z"), ("z", "b"), ("z", "y"), ("a", "y"), ("b", "y")])
    with pytest.raises(NotIdentifiableError) as caught:
        graph.adjustment_set(["a", "b"], "y")
    assert caught.value.confounders == ()
    assert "a confounder of one treatment is caused by another" in str(caught.value)


def test_an_outcome_that_causes_the_treatment():
    with pytest.raises(NotIdentifiableError, match="'y' is itself a cause of 'x'"):
        CausalGraph([("y", "x")]).adjustment_set("x", "y")


def test_a_latent_treatment_has_no_estimate():
    graph = CausalGraph([("x", "y")], latents=["x"])
    with pytest.raises(NotIdentifiableError, match="No column records the latent node"):
        graph.adjustment_set("x", "y")


def test_unknown_kind_and_overlap_are_refused():
    graph = CausalGraph([("z", "x"), ("x", "y")])
    with pytest.raises(GraphError, match="Unknown kind of adjustment set 'best'"):
        graph.adjustment_set("x", "y", kind="best")
    with pytest.raises(GraphError, match="'x' cannot be in both treatment and adjustment"):
        graph.is_valid_adjustment("x", "y", ["x"])
    with pytest.raises(GraphError, match="'x' cannot be in both treatment and outcome"):
        graph.adjustment_set(["x"], "x")
    with pytest.raises(GraphError, match="'z' cannot be in both x and given"):
        graph.is_d_separated("z", "y", ["z"])
    with pytest.raises(GraphError, match="no node 'q'"):
        graph.is_valid_adjustment("x", "y", ["q"])


# ---- definitions by brute force -------------------------------------------------------------


@given(graphs(), st.data())
@settings(max_examples=60, deadline=None)
def test_d_separation_is_what_blocking_every_path_says(graph, data):
    x, y = data.draw(st.permutations(graph.nodes))[:2]
    for given_set in subsets(set(graph.nodes) - {x, y}):
        blocked = not any(is_open(graph, path, set(given_set)) for path in walks(graph, x, y))
        assert graph.is_d_separated(x, y, given_set) == blocked


@given(graphs(with_latents=True), st.integers(1, 2), st.data())
@settings(max_examples=150, deadline=None)
def test_adjustment_is_what_the_definition_says(graph, n_treatments, data):
    drawn = data.draw(st.permutations(graph.nodes))
    treatments, outcome = drawn[:n_treatments], drawn[n_treatments]
    others = [node for node in graph.nodes if node not in (*treatments, outcome)]
    valid = {
        frozenset(some)
        for some in subsets(others)
        if valid_by_definition(graph, treatments, outcome, some)
    }
    for some in subsets(others):
        assert graph.is_valid_adjustment(treatments, outcome, some) == (frozenset(some) in valid)

    minimal = {some for some in valid if not any(other < some for other in valid)}
    listed = graph.adjustment_sets(treatments, outcome)
    assert {frozenset(some) for some in listed} == minimal
    assert [len(some) for some in listed] == sorted(len(some) for some in listed)

    if {*treatments, outcome} & set(graph.latents):
        return
    for kind in ("minimum-variance", "parents"):
        if valid:
            assert frozenset(graph.adjustment_set(treatments, outcome, kind=kind)) in valid
        else:
            with pytest.raises(NotIdentifiableError) as caught:
                graph.adjustment_set(treatments, outcome, kind=kind)
            measured = graph
            for node in caught.value.confounders:
                measured = measured.set_latent(node, False)
            if caught.value.confounders:
                assert measured.adjustment_sets(treatments, outcome)


def linear_variance(graph, weights, x, y, adjustment):
    """Asymptotic variance of the least-squares coefficient of x, from the implied covariance."""
    index = {node: i for i, node in enumerate(graph.nodes)}
    size = len(index)
    matrix = np.zeros((size, size))
    for (u, v), weight in zip(graph.edges, weights, strict=True):
        matrix[index[v], index[u]] = weight
    reach = np.linalg.inv(np.eye(size) - matrix)
    covariance = reach @ reach.T

    def residual_variance(node, given_set):
        i, z = index[node], [index[other] for other in given_set]
        if not z:
            return covariance[i, i]
        cross = covariance[i, z]
        return covariance[i, i] - cross @ np.linalg.solve(covariance[np.ix_(z, z)], cross)

    return residual_variance(y, [x, *adjustment]) / residual_variance(x, adjustment)


@given(graphs(with_latents=True), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_no_valid_set_beats_the_minimum_variance_set(graph, seed):
    weights = np.random.default_rng(seed).uniform(0.3, 1.5, len(graph.edges))
    for x, y in permutations(graph.observed, 2):
        others = [node for node in graph.nodes if node not in (x, y)]
        valid = [some for some in subsets(others) if graph.is_valid_adjustment(x, y, some)]
        if y not in graph.descendants(x) or not valid:
            continue
        chosen = linear_variance(graph, weights, x, y, graph.adjustment_set(x, y))
        parents = linear_variance(graph, weights, x, y, graph.adjustment_set(x, y, kind="parents"))
        assert chosen <= parents * (1 + 1e-9)
        if not graph.latents:
            best = min(linear_variance(graph, weights, x, y, some) for some in valid)
            assert chosen <= best * (1 + 1e-9)


def test_many_minimal_sets_are_bounded():
    # Ten back-door chains of two nodes each: 2^10 minimal sets.
    chains = [(f"a{i}", f"b{i}") for i in range(10)]
    edges = [("x", "y"), *chains, *((a, "x") for a, _ in chains), *((b, "y") for _, b in chains)]
    graph = CausalGraph(edges)
    found = graph.adjustment_sets("x", "y", limit=2000)
    assert len(set(found)) == 1024 and all(len(some) == 10 for some in found)
    assert len(graph.adjustment_sets("x", "y", limit=7)) == 7


# ---- implications and projection ------------------------------------------------------------


@given(graphs(with_latents=True))
@settings(max_examples=80, deadline=None)
def test_testable_implications_are_all_pairs_that_can_be_separated(graph):
    claimed = {}
    for x, y, given_set in graph.testable_implications():
        assert graph.is_d_separated(x, y, given_set)
        assert not set(given_set) & set(graph.latents)
        for smaller in subsets(given_set):
            assert len(smaller) == len(given_set) or not graph.is_d_separated(x, y, smaller)
        claimed[x, y] = given_set
    for x, y in combinations(graph.observed, 2):
        others = set(graph.observed) - {x, y}
        separable = any(graph.is_d_separated(x, y, some) for some in subsets(others))
        assert ((x, y) in claimed) == separable


def test_projection_of_a_latent_mediator_and_a_latent_cause():
    graph = CausalGraph(
        [("x", "m"), ("m", "y"), ("m", "z"), ("u", "x"), ("u", "w")], latents=["m", "u"]
    )
    projected, confounded = graph.latent_projection()
    assert projected == CausalGraph([("x", "y"), ("x", "z")], nodes=["w"])
    assert confounded == (("x", "w"), ("y", "z"))


@given(graphs(with_latents=True))
@settings(max_examples=80, deadline=None)
def test_projection_keeps_every_separation_among_observed_nodes(graph):
    projected, confounded = graph.latent_projection()
    if not graph.latents:
        assert projected == graph and confounded == ()
    hidden = [(f"latent {i}", node) for i, pair in enumerate(confounded) for node in pair]
    again = CausalGraph([*projected.edges, *hidden], nodes=projected.nodes)
    for x, y in combinations(graph.observed, 2):
        for some in subsets(set(graph.observed) - {x, y}):
            assert graph.is_d_separated(x, y, some) == again.is_d_separated(x, y, some)
