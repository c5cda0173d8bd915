"""How the finding depends on the graph, in worlds where the graph is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.variations import variations_of
from workbench.checks.graph_sensitivity.measure import AuditedFinding, graph_sensitivity
from workbench.checks.graph_sensitivity.other_graph import moved_profile, regressed
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
    above = int((flips["decision"] == "above").sum())
    assert f"{above} to “above the threshold”" in found.headline
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
    debiased = AuditedFinding(wb.debiased_effects(case, TARGET))
    alone = graph_sensitivity(case, TARGET, threshold=0.15, repeats=2)
    found = graph_sensitivity(case, TARGET, threshold=0.15, repeats=2, audited=debiased)
    # what another graph changes is asked of the same regression; where it starts is not
    pd.testing.assert_series_equal(found.edits["change"], alone.edits["change"])
    starts = found.edits["total"] - found.edits["change"]
    assert starts.to_numpy() == pytest.approx(debiased.effects["f"].total.value)
    assert (found.corrected, alone.corrected) == (True, False)
    text = " ".join(found.sentences())
    assert f"({found.about}), by the debiased estimate" in text and found.about.startswith("f: ")
    assert "the finding about this change" in text and "the finding;" not in text


def test_in_an_audit_it_follows_the_estimate_that_is_judged_and_keeps_it_in_a_file() -> None:
    report = wb.audit(case_of(TRUE), TARGET, ["debiased"], threshold=0.15, checks=["graph"])
    found = report.graph_sensitivity
    assert found.corrected and found.scope == "levels"
    assert (found.decision, "the whole finding" in found.sentences()[1]) == ("below", True)
    again = wb.AuditReport.from_json(report.to_json()).graph_sensitivity
    assert again.sentences() == found.sentences() and again.about == found.about


def one_level(graph: wb.CausalGraph) -> wb.AuditCase:
    """In truth z makes f = b likely and raises m; f itself causes nothing."""
    rng = np.random.default_rng(1)
    z = rng.uniform(-1, 1, size=4_000)
    likely = rng.random(len(z)) < 0.4 + 0.3 * z
    f = np.where(likely, "b", rng.choice(["a", "c"], size=len(z)))
    frame = pd.DataFrame({"z": z, "f": f, "m": z + rng.uniform(-0.1, 0.1, len(z))})
    model = wb.BlackBoxModel(lambda rows: rows["m"] + 0.0, features=["m"], output="value")
    return wb.AuditCase(data=frame, model=model, graph=graph)


def test_the_whole_finding_is_tried_not_only_the_change_that_is_explained() -> None:
    drawn = wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")])
    change = wb.Contrast("a", "c")
    how = {"threshold": 0.2, "intervention": change}
    report = wb.audit(
        one_level(drawn), TARGET, ["debiased"], range="levels", checks=["graph"], **how
    )
    alone = graph_sensitivity(one_level(drawn), TARGET, repeats=2, **how)
    whole = report.graph_sensitivity
    removed = [found.edits.set_index("edit").loc["reverse z → f"] for found in (alone, whole)]
    assert [row["decision"] for row in removed] == ["below", "above"]
    assert (report.verdict.decision, whole.decision, removed[1]["flips"]) == (
        "below",
        "below",
        True,
    )


def test_a_graph_that_adjusts_for_the_same_leaves_every_bound_where_it_was() -> None:
    case = one_level(wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")]))
    profile = wb.audit(case, TARGET, ["debiased"], threshold=0.2).profile
    (variation,) = variations_of(case, ("f",), np.arange(case.n_rows), None, 0)
    same = regressed(case, TARGET, variation, profile["f"])
    before, after = profile["f"].parts, moved_profile(profile, "f", same, same)["f"].parts
    for part in ("total", "direct", "indirect"):
        for name in ("floor", "ceiling", "surest", "widest"):
            one, other = (getattr(parts[part], name) for parts in (before, after))
            assert getattr(one, "value", one) == pytest.approx(getattr(other, "value", other))
