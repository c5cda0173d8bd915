"""Checks of an audit: fit of the equations, overlap, and what is put into words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.variations import variations_of
from workbench.checks.diagnostics import equation_fit, overlap
from workbench.methods.fuzzing.propagation import fit_equations
from workbench.models.trained_here import train_model


def noisy_case(noise: float, n: int = 3_000) -> wb.AuditCase:
    """A world a → b → prediction in which a explains a known share of b."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=n)
    data = pd.DataFrame({"a": a, "b": a + noise * rng.normal(size=n)})
    data["group"] = np.where(a + noise * rng.normal(size=n) > 0, "yes", "no")
    model = wb.BlackBoxModel(
        lambda rows: rows["b"] + (rows["group"] == "yes"), features=["b", "group"], output="value"
    )
    graph = wb.CausalGraph([("a", "b"), ("a", "group")])
    return wb.AuditCase(data=data, model=model, graph=graph)


@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
def test_held_out_fit_of_a_number_is_its_r_squared(noise: float) -> None:
    fit = equation_fit(fit_equations(noisy_case(noise), ["a"]), seed=0).set_index("node")
    assert fit.loc["b", "held_out_fit"] == pytest.approx(1 / (1 + noise**2), abs=0.06)


def test_held_out_fit_of_a_category_falls_with_the_noise() -> None:
    scores = [
        equation_fit(fit_equations(noisy_case(noise), ["a"]), seed=0)
        .set_index("node")
        .loc["group", "held_out_fit"]
        for noise in (0.2, 1.0, 50.0)
    ]
    assert scores[0] > 0.5 > scores[1] > 0.1 > scores[2]
    assert scores[2] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(("strength", "unsupported"), [(0.0, False), (8.0, True)])
def test_overlap_counts_rows_where_a_level_hardly_occurs(
    strength: float, unsupported: bool
) -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(size=4_000)
    treated = (rng.random(4_000) < 1 / (1 + np.exp(-strength * z))).astype(int)
    case = wb.AuditCase(
        data=pd.DataFrame({"z": z, "f": treated}),
        model=wb.BlackBoxModel(lambda rows: rows["f"] + rows["z"], features=["f", "z"]),
        graph=wb.CausalGraph([("z", "f")]),
    )
    positions = np.arange(4_000)
    varied = variations_of(case, ["f"], positions, None, 0)
    found = overlap(case, varied, [("z",)], positions, seed=0)
    assert list(found["level"]) == ["0", "1"]
    assert bool((found["unsupported"] > 0.2).any()) is unsupported


def test_a_number_far_from_what_its_causes_allow_is_unsupported() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(size=2_000) * 10
    case = wb.AuditCase(
        data=pd.DataFrame({"z": z, "f": z + 0.1 * rng.normal(size=2_000)}),
        model=wb.BlackBoxModel(lambda rows: rows["f"], features=["f"], output="value"),
        graph=wb.CausalGraph([("z", "f")]),
    )
    positions = np.arange(2_000)
    found = overlap(case, variations_of(case, ["f"], positions, None, 0), [("z",)], positions, 0)
    assert (found["unsupported"] > 0.9).all()


def test_a_read_feature_without_any_edge_is_named() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    model = wb.BlackBoxModel(lambda rows: rows["b"] + rows["c"], features=["b", "c"])
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("a", "b")], nodes=["c"]))
    assert any("'c' has neither causes nor effects" in warning for warning in case.warnings)
    lacking = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("a", "b")]))
    assert any("graph lacks 'c'" in warning for warning in lacking.warnings)


def test_a_missing_arrow_is_noticed_although_the_model_is_asked() -> None:
    """Not drawn, income cannot carry the postcode's influence; the predictions say that it does."""
    world = wb.datasets.loan(n=2_000, seed=0)
    read = ["neighborhood_income", "income", "credit_score"]
    model = train_model(world.data, read, world.outcome, "logistic")
    target = wb.UnlearningTarget.feature("zip_code")

    def warned(graph: wb.CausalGraph, of: wb.UnlearningTarget = target) -> list[str]:
        case = wb.AuditCase(data=world.data, model=model, graph=graph, outcome=world.outcome)
        report = wb.audit(case, of, ["cafe"], threshold=0.03)
        return [text for text in report.diagnostics.warnings if "miss an arrow out of" in text]

    assert warned(world.graph) == []
    cut = world.graph
    for child in world.graph.children("zip_code"):
        cut = cut.remove_edge("zip_code", child)
    assert cut.children("zip_code") == ()
    (text,) = warned(cut)
    assert "zip_code" in text and "+0.4" in text
    case = wb.AuditCase(data=world.data, model=model, graph=cut, outcome=world.outcome)
    report = wb.audit(case, target, ["cafe"], threshold=0.03)
    assert all(claim.below for claim in report.verdict.claims)  # zero, exactly, as drawn
    assert report.verdict.decision == "inconclusive" and report.verdict.doubted == ("zip_code",)
    assert "No small effect of zip_code can be believed" in report.verdict.explanation
    back = wb.AuditReport.from_json(report.to_json())
    assert back.verdict.decision == "inconclusive" and back.to_html() == report.to_html()
    assert warned(cut, wb.UnlearningTarget.subgroup("income > 0", ["zip_code"]))
    assert warned(cut, wb.UnlearningTarget.datapoints([1, 2], ["zip_code"])) == []
    # What the model reads and nothing else carries needs no arrow.
    assert warned(world.graph, wb.UnlearningTarget.feature("credit_score")) == []


def test_a_confounder_of_too_many_levels_is_said_not_to_be_adjusted_for():
    r = np.random.default_rng(0)
    n = 2000
    shop, a = r.integers(0, 1500, n), r.integers(0, 2, n)
    m = 2 * a + r.normal(size=n)
    table = pd.DataFrame({"shop": [f"s{i}" for i in shop], "a": a, "m": m, "y": m})
    edges = [("shop", "a"), ("shop", "m"), ("a", "m"), ("m", "y")]
    model = wb.BlackBoxModel(lambda rows: rows["m"] * 1.0, ["m"], output="value")

    def warnings(shops):
        case = wb.AuditCase(table.assign(shop=shops), model, wb.CausalGraph(edges), outcome="y")
        report = wb.audit(case, wb.UnlearningTarget.feature("a"), ["cafe", "fuzzing"])
        return " ".join(report.diagnostics.warnings)

    assert "The effect of a is hardly adjusted for shop: 100 % of the rows" in warnings(
        table["shop"]
    )
    assert "hardly adjusted" not in warnings([f"s{i % 10}" for i in shop])
    assert "hardly adjusted for shop" in warnings(  # a fifth in one shop
        [f"s{i}" if i % 5 else "s0" for i in range(n)]
    )
