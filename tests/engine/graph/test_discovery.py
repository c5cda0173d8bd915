"""Discovery: known worlds are found, tiers hold, and nothing is printed."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbench.common.errors import DataError, GraphError
from workbench.graph.causal_graph import CausalGraph
from workbench.graph.discovery import _direct_all
from workbench.graph.proposal import propose_graph
from workbench.tables.columns import encode_column
from workbench.tables.independence_tests import BlockTest, block_of


def world(n=3000, seed=0):
    """z -> x -> m -> y and z -> y, linear with skewed noise."""
    rng = np.random.default_rng(seed)
    noise = rng.exponential(size=(4, n)) - 1
    z = noise[0]
    x = 0.8 * z + noise[1]
    m = x + noise[2]
    y = m + z + noise[3]
    return pd.DataFrame({"y": y, "m": m, "x": x, "z": z})


TRUTH = {("z", "x"), ("x", "m"), ("m", "y"), ("z", "y")}


def skeleton(edges):
    return {frozenset(edge) for edge in edges}


def test_lingam_finds_every_direction():
    proposal = propose_graph(world(), method="lingam")
    assert set(proposal.graph.edges) == TRUTH
    assert proposal.undirected == () and proposal.method == "lingam" and proposal.n_rows == 3000


def test_pc_finds_the_collider_and_says_what_stays_open():
    proposal = propose_graph(world())
    assert skeleton(proposal.graph.edges) == skeleton(TRUTH)
    assert {("m", "y"), ("z", "y")} <= set(proposal.graph.edges)
    assert skeleton(proposal.undirected) == {frozenset("zx"), frozenset("xm")}
    assert set(proposal.undirected) <= set(proposal.graph.edges)
    assert "The data leave the direction of 2 of 4 edges open" in proposal.notes[0]
    # No new collider at x: the proposal implies z and m dependent given x's effects only.
    assert not {("z", "x"), ("m", "x")} <= set(proposal.graph.edges)


@pytest.mark.parametrize("method", ["pc", "lingam"])
def test_tiers_direct_the_rest(method):
    graph = CausalGraph.discover(world(), method=method, tiers=[["z"], ["x"], ["m"], ["y"]])
    assert set(graph.edges) == TRUTH


@pytest.mark.parametrize("method", ["pc", "lingam"])
def test_tiers_win_over_the_data(method):
    graph = CausalGraph.discover(world(), method=method, tiers=[["y"], ["z", "x"]])
    assert not {"z", "x"} & set(graph.ancestors("y")), "not even through the free column m"


def test_pc_takes_categories_numbers_and_truth_values_together():
    rng = np.random.default_rng(1)
    group = rng.choice(["a", "b", "c"], 3000)
    level = 1.5 * (group == "b") + rng.normal(size=3000)
    other = rng.normal(size=3000)
    passed = level + other + rng.normal(size=3000) > 0.5
    data = pd.DataFrame({"group": group, "level": level, "other": other, "passed": passed})
    proposal = propose_graph(data, tiers=[["group"], ["level", "other"], ["passed"]])
    assert set(proposal.graph.edges) == {
        ("group", "level"),
        ("level", "passed"),
        ("other", "passed"),
    }


def test_the_test_of_two_numbers_is_the_partial_correlation_test():
    rng = np.random.default_rng(2)
    n = 400
    z = rng.normal(size=n)
    frame = pd.DataFrame({"x": z + rng.normal(size=n), "y": 0.1 * z + rng.normal(size=n), "z": z})
    blocks = [block_of(encode_column(name, frame[name])) for name in frame]
    x, y, given_z = (block[:, 0] for block in blocks)
    residual = [v - given_z * (v @ given_z) / (given_z @ given_z) for v in (x, y)]
    r = stats.pearsonr(*residual).statistic
    fisher = 2 * stats.norm.sf(abs(np.arctanh(r)) * np.sqrt(n - 1 - 3))
    assert BlockTest(blocks)(0, 1, (2,)) == pytest.approx(fisher, rel=0.02)


def test_the_test_holds_its_level_between_categories_given_a_category():
    rng = np.random.default_rng(3)
    p_values = []
    for _ in range(400):
        base = rng.integers(0, 3, 300)
        x = (base + rng.integers(0, 2, 300)) % 3
        y = (base + rng.integers(0, 2, 300)) % 3
        frame = pd.DataFrame({"x": x, "y": y, "base": base}).astype(str)
        blocks = [block_of(encode_column(name, frame[name])) for name in frame]
        p_values.append(BlockTest(blocks)(0, 1, (2,)))
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.09


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_open_pairs_are_directed_acyclically_and_by_tier(seed):
    rng = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(6)]
    directed, open_pairs = set(), set()
    for i, u in enumerate(names):
        for v in names[i + 1 :]:
            kind = rng.integers(4)
            if kind == 1:
                directed.add((u, v) if rng.random() < 0.5 else (v, u))  # cycles included
            elif kind == 2:
                open_pairs.add((u, v))
    tier = {name: int(rng.integers(3)) for name in names if rng.random() < 0.7}
    edges, undetermined = _direct_all(names, directed, open_pairs, tier)
    graph = CausalGraph(edges, nodes=names)  # raises on a cycle
    assert skeleton(edges) == skeleton(directed | open_pairs)
    assert set(undetermined) == set(edges) - directed
    for late in tier:
        for node in graph.descendants(late):
            assert tier.get(node, tier[late]) >= tier[late]


def test_a_chain_is_directed_without_a_new_collider():
    edges, open_ones = _direct_all(["a", "c", "b"], set(), {("a", "b"), ("c", "b")}, {})
    assert set(edges) != {("a", "b"), ("c", "b")} and set(open_ones) == set(edges)


def test_quiet_and_the_same_every_time(capfd, recwarn):
    data = world(1200)
    for method in ("pc", "lingam"):
        one = propose_graph(data, method=method, max_rows=800, seed=5)
        two = propose_graph(data, method=method, max_rows=800, seed=5)
        assert one == two and one.n_rows == 800
        assert "A sample of 800 of 1,200 rows was used." in one.notes
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_rows_that_miss_a_number_are_left_out_and_told():
    data = world(300)
    data.loc[:9, "x"] = np.nan
    proposal = propose_graph(data)
    assert proposal.n_rows == 290
    assert proposal.notes[0] == "10 of 300 rows miss a number and were left out."


def test_lingam_takes_two_levels_and_ordered_categories():
    data = world(400)
    data["sex"] = np.where(data["z"] > 0, "f", "m")
    data["size"] = pd.cut(data["m"], 3, labels=["s", "m", "l"])
    assert set(CausalGraph.discover(data, method="lingam").nodes) == set(data)


def _with(**columns):
    return world(100).assign(**columns)


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (world(100), {"method": "ges"}, GraphError, "Unknown discovery method 'ges'"),
        (world(100), {"alpha": 1.5}, GraphError, "alpha is 1.5; it is a test level between 0"),
        (world(100), {"tiers": [["zz"]]}, GraphError, "Tier 0 names 'zz', no column."),
        (world(100), {"tiers": ["xz"]}, GraphError, "tier 0 is the text 'xz'"),
        (world(100), {"tiers": [["x"], ["x"]]}, GraphError, "'x' is in tier 0 and in tier 1"),
        (world(20), {}, DataError, "20 rows without a missing number are too few"),
        (world(100)[["x"]], {}, DataError, "at least two columns"),
        (_with(k=1.0), {}, DataError, "Constant in the 100 rows used: 'k'"),
        (_with(k=pd.Timestamp("2020-01-01")), {}, DataError, "holds dates"),
        (world(100).rename(columns={"x": 3}), {}, DataError, "Column names must be texts; 3"),
        (world(100).rename(columns={"x": "y"}), {}, DataError, "Several columns are named 'y'"),
        (
            _with(job=["a", "b", "c", "d"] * 25),
            {"method": "lingam"},
            DataError,
            "LiNGAM needs numbers, and 'job' hold more than two levels without an order",
        ),
    ],
)
def test_input_errors(data, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        propose_graph(data, **options)
