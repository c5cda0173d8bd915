"""What would overturn a finding: the weakest first, and what was not tested said as such."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.report.outline.overturn import Footing, assumptions, overturn

FEATURE = wb.UnlearningTarget.feature("zip_code")
CAUSAL = ("debiased", "cafe")


def loan(reads: list[str]) -> wb.AuditCase:
    world = wb.datasets.loan(n=1_000, seed=0)
    model = wb.BlackBoxModel(
        lambda rows: sum(0.002 * rows[name].astype(float) for name in reads), features=reads
    )
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


@pytest.fixture(scope="module")
def untested() -> wb.AuditReport:
    return wb.audit(loan(["neighborhood_income"]), FEATURE, CAUSAL)


@pytest.fixture(scope="module")
def tested() -> wb.AuditReport:
    return wb.audit(loan(["neighborhood_income"]), FEATURE, CAUSAL, checks=["graph"])


def test_what_was_not_tested_is_said_so_and_stands_first(untested: wb.AuditReport) -> None:
    found = assumptions(untested)
    assert [one.footing for one in found] == sorted(one.footing for one in found)
    first = {one.name: one for one in found if one.footing == Footing.UNTESTED}
    assert set(first) == {
        "The drawn graph is right",
        "Nothing unmeasured causes both the feature and the prediction",
    }
    page = untested.to_html()
    assert "What would overturn this finding" in page and "not tested here" in page


def test_other_graphs_that_change_the_finding_come_before_all(tested: wb.AuditReport) -> None:
    graph = next(one for one in assumptions(tested) if one.name == "The drawn graph is right")
    assert tested.graph_sensitivity is not None
    flips = int(tested.graph_sensitivity.edits["flips"].sum())
    assert flips > 0, "without the arrow to the income nothing is left"
    assert graph.footing == Footing.FAILED and tested.graph_sensitivity.headline in graph.said
    assert assumptions(tested)[0].footing == Footing.FAILED


def test_a_direct_effect_does_not_rest_on_the_graph() -> None:
    data = pd.DataFrame({"x": np.random.default_rng(0).normal(size=800)})
    case = wb.AuditCase(
        data=data,
        model=lambda rows: rows["x"],
        features=["x"],
        graph=wb.CausalGraph([], nodes=["x"]),
    )
    report = wb.audit(case, wb.UnlearningTarget.feature("x"), CAUSAL)
    assert report.verdict is not None and report.verdict.deciding is not None
    graph = next(one for one in assumptions(report) if one.name == "The drawn graph is right")
    direct = report.verdict.deciding.kind == "direct"
    assert graph.footing == (Footing.HELD if direct else Footing.UNTESTED)


def test_one_change_and_a_small_sample_are_weak() -> None:
    case = loan(["neighborhood_income"])
    one = wb.audit(case, FEATURE, CAUSAL, range=wb.Contrast("MA 02121", "MA 02467"))
    levels = next(a for a in assumptions(one) if a.name.startswith("The levels"))
    assert levels.footing == Footing.UNTESTED and "one change only" in levels.said
    few = wb.audit(case.with_rows(np.arange(30)), FEATURE, CAUSAL)
    assert few.verdict is not None and few.verdict.decision == "inconclusive"
    sample = next(a for a in assumptions(few) if a.name.startswith("The rows"))
    assert sample.footing == Footing.FAILED
    no_verdict = wb.audit(case, FEATURE, ["permutation"])
    assert no_verdict.verdict is None and overturn(no_verdict) is None


def test_named_levels_are_not_said_to_be_all() -> None:
    case = loan(["neighborhood_income"])
    named = [wb.Contrast("MA 02121", "MA 02467"), wb.Contrast("MA 02121", "MA 02138")]
    report = wb.audit(case, FEATURE, CAUSAL, range=named)
    levels = next(a for a in assumptions(report) if a.name.startswith("The levels"))
    assert levels.footing == Footing.UNTESTED and "named only" in levels.said


def test_of_logged_predictions_nothing_is_said_to_have_been_asked() -> None:
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=900), "z": rng.normal(size=900)})
    logged = wb.BlackBoxModel.from_predictions(np.sin(2 * data["x"]) + data["z"], ["x", "z"])
    case = wb.AuditCase(data=data, model=logged, graph=wb.CausalGraph([], nodes=["x", "z"]))
    report = wb.audit(case, wb.UnlearningTarget.feature("x"), CAUSAL)
    found = {one.name: one for one in assumptions(report)}
    assert found["The drawn graph is right"].footing == Footing.UNTESTED
    assert "The equations have the right form" not in found
    assert all("is asked of the model" not in one.said for one in found.values())


def test_where_only_people_lie_above_no_effect_is_given_a_size() -> None:
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"a": rng.normal(size=1_500), "z": rng.normal(size=1_500)})
    case = wb.AuditCase(
        data=data,
        model=lambda rows: 0.2 * ((rows["z"] > 1.6) & (rows["a"] > 0)),
        features=["a", "z"],
        graph=wb.CausalGraph([], nodes=["a", "z"]),
    )
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), CAUSAL, threshold=0.05)
    assert report.verdict is not None and report.verdict.decision == "above"
    assert {claim.kind for claim in report.verdict.claims if claim.above} == {"share"}
    sample = next(a for a in assumptions(report) if a.name.startswith("The rows"))
    assert "no effect does" in sample.said and "at least" not in sample.said
