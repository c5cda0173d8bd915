"""How the finding depends on the graph, in worlds where the graph is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.graph_sensitivity.measure import graph_sensitivity
from workbench.graph.nearby_graphs import covered_edges

TARGET = wb.UnlearningTarget.feature("f")


def case_of(graph: wb.CausalGraph, seed: int = 0, confounded: float = 0.6) -> wb.AuditCase:
    """In truth z causes f and m, and f does not cause m: all association is confounding."""
    rng = np.random.default_rng(seed)
    n = 2_000
    z = rng.normal(size=n)
    f = confounded * z + rng.normal(size=n)
    m = confounded * z + rng.normal(size=n)
    frame = pd.DataFrame({"z": z, "f": f, "m": m, "w": rng.normal(size=n)})
    model = wb.BlackBoxModel(lambda rows: rows["m"] + 0.0, features=["m"], output="value")
    return wb.AuditCase(data=frame, model=model, graph=graph)


TRUE = wb.CausalGraph([("z", "f"), ("z", "m")], nodes=["w"])


def test_the_one_arrow_that_hides_the_confounding_is_found() -> None:
    drawn = wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")], nodes=["w"])
    found = graph_sensitivity(case_of(drawn), TARGET, threshold=0.15, repeats=20)
    assert found.decision == "below"
    flips = found.edits[found.edits["flips"]]
    # Without z as a common cause, its path counts as an effect of f.
    assert {"remove z → f", "reverse z → f"} & set(flips["edit"])
    assert (flips["decision"] == "above").any()
    assert flips["change"].abs().is_monotonic_increasing
    assert not found.edits.set_index("edit").loc["add w → m", "flips"]
    assert 0 <= found.shares["share"].min() <= found.shares["share"].max() <= 1


def test_a_wrong_graph_is_contradicted_by_the_data_and_the_true_one_is_not() -> None:
    wrong = wb.CausalGraph([("z", "f")], nodes=["m", "w"])
    found = graph_sensitivity(case_of(wrong), TARGET, threshold=0.15, repeats=2)
    rejected = found.implications[found.implications["rejected"]]
    assert ("z", "m") in {tuple(sorted(pair, reverse=True)) for pair in rejected[["x", "y"]].values}
    assert "contradict" in found.sentences()[0]
    false_alarms = 0
    for seed in range(40):
        true = graph_sensitivity(case_of(TRUE, seed), TARGET, threshold=0.15, repeats=1, seed=seed)
        false_alarms += bool(true.implications["rejected"].any())
    assert false_alarms <= 5  # 5 % of 40, and three standard errors


def test_equivalent_graphs_are_those_with_the_same_skeleton_and_colliders() -> None:
    chain = wb.CausalGraph([("z", "f"), ("f", "m")], nodes=["w"])
    case = case_of(chain)
    shares = graph_sensitivity(case, TARGET, threshold=0.15, repeats=1).shares
    # z → f → m, z ← f ← m, z ← f → m
    assert shares.iloc[0]["n"] == 2
    collider = wb.CausalGraph([("z", "f"), ("m", "f")])
    assert covered_edges(collider) == ()


def test_same_input_same_output_and_everything_is_said() -> None:
    case = case_of(TRUE)
    one, two = (graph_sensitivity(case, TARGET, repeats=5, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.edits, two.edits)
    pd.testing.assert_frame_equal(one.shares, two.shares)
    text = " ".join(one.sentences())
    assert "single arrow" in text and "hidden common cause" in text


def test_a_drawn_graph_that_does_not_identify_says_why() -> None:
    edges = [("u", "f"), ("u", "m"), ("f", "m")]
    graph = wb.CausalGraph(edges, nodes=["z", "w"], latents=["u"])
    with pytest.raises(wb.NotIdentifiableError, match="u"):
        graph_sensitivity(case_of(graph), TARGET)
    with pytest.raises(wb.TargetError, match="repeats"):
        graph_sensitivity(case_of(TRUE), TARGET, repeats=0)


def test_an_arrow_that_makes_a_mediator_changes_how_the_effect_is_found() -> None:
    """Without mediators the model is asked; an edit that draws one needs an estimate of its own."""
    rng = np.random.default_rng(0)
    n = 3_000
    a, c = rng.normal(size=n), rng.normal(size=n)
    data = pd.DataFrame({"a": a, "m": a + 0.5 * rng.normal(size=n), "c": c, "d": c})
    data["d"] += rng.normal(size=n)
    graph = wb.CausalGraph([("c", "d")], nodes=list(data))
    model = wb.BlackBoxModel(lambda rows: rows["m"] + 0.0 * rows["c"], features=["m", "c", "d"])
    case = wb.AuditCase(data=data, model=model, graph=graph)
    target = wb.UnlearningTarget.feature("a")
    edits = wb.graph_sensitivity(case, target, threshold=0.1).edits.set_index("edit")
    added = edits.loc["add a → m"]
    truth = wb.cafe_effects(case.with_graph(graph.add_edge("a", "m")), target)["a"].total.value
    assert truth > 1 and added["total"] == pytest.approx(truth, abs=0.05) and added["flips"]
    assert not edits.loc["remove c → d", "flips"]


def test_the_audits_own_estimate_is_moved_and_the_change_that_was_tried_is_named() -> None:
    case = case_of(TRUE)
    debiased = wb.debiased_effects(case, TARGET)
    alone = graph_sensitivity(case, TARGET, threshold=0.15, repeats=2)
    found = graph_sensitivity(case, TARGET, threshold=0.15, repeats=2, effects=debiased)
    # what another graph changes is asked of the same regression; where it starts is not
    pd.testing.assert_series_equal(found.edits["change"], alone.edits["change"])
    starts = found.edits["total"] - found.edits["change"]
    assert starts.to_numpy() == pytest.approx(debiased["f"].total.value)
    assert (found.corrected, alone.corrected) == (True, False)
    text = " ".join(found.sentences())
    assert f"({found.about}), by the debiased estimate" in text and found.about.startswith("f: ")
    assert "the finding about this change" in text and "the finding;" not in text


def test_in_an_audit_it_follows_the_estimate_that_is_judged_and_keeps_it_in_a_file() -> None:
    report = wb.audit(case_of(TRUE), TARGET, ["debiased"], threshold=0.15, checks=["graph"])
    found = report.graph_sensitivity
    assert found.corrected
    again = wb.AuditReport.from_json(report.to_json()).graph_sensitivity
    assert again.sentences() == found.sentences() and again.about == found.about
