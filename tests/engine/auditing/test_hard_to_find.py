"""Influences that are made hard to find: none of them may be called absent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.wording import amount

N = 3_000
Score = Callable[[pd.DataFrame], pd.Series]
Edges = list[tuple[str, str]]


def people(n: int = N) -> pd.DataFrame:
    r = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": r.normal(size=n),
            "y": r.normal(size=n),
            "z": r.normal(size=n),
            "b": r.integers(0, 2, n),
            "c": r.integers(0, 2, n),
            "unknown": r.normal(size=n),
            "rare": (r.random(n) < 0.03).astype(int),
            "zip": r.choice(list("ABCDEFGH"), n, p=[0.3, 0.25, 0.2, 0.1, 0.07, 0.04, 0.02, 0.02]),
            "asked": np.where(r.random(n) < 0.04, np.nan, r.normal(size=n)),
        }
    )
    frame["m"] = 0.8 * frame["x"] + r.normal(0, 0.6, n)
    frame["wave"] = np.sin(3 * frame["x"]) + r.normal(0, 0.2, n)
    frame["mb"] = frame["b"] + r.normal(0, 0.3, n)
    frame["mc"] = frame["c"] + r.normal(0, 0.3, n)
    frame["again"] = frame["b"] + r.normal(0, 0.3, n)
    return frame


def audit(
    score: Score, reads: list[str], target: list[str], edges: Edges, n: int = N, **options: object
) -> wb.AuditReport:
    kept = list(dict.fromkeys([*reads, *target, *(n for edge in edges for n in edge)]))
    frame = people(n)[kept]
    model = wb.BlackBoxModel(
        lambda rows: np.clip(0.5 + 0.03 * rows["z"] + score(rows), 0, 1).to_numpy(), features=reads
    )
    graph = wb.CausalGraph(edges, nodes=[n for n in kept if n != "unknown"])
    case = wb.AuditCase(data=frame, model=model, graph=graph)
    methods = ("debiased", "cafe", "fuzzing")
    features = wb.UnlearningTarget.features(target)
    return wb.audit(case, features, methods, threshold=0.02, **options)


HARD: dict[str, tuple[Score, list[str], list[str], Edges]] = {
    "a band between the levels": (
        lambda d: 0.3 * ((d.x > 0.42) & (d.x < 0.445)), ["x", "z"], ["x"], []),
    "two bands": (
        lambda d: 0.2 * ((d.x > 0.1) & (d.x < 0.12)) - 0.2 * ((d.x > 1.1) & (d.x < 1.14)),
        ["x", "z"], ["x"], []),
    "a fine wave": (lambda d: 0.1 * np.sin(20 * d.x), ["x", "z"], ["x"], []),
    "the mediator's tail": (lambda d: 0.5 * (d.m > 1.8), ["m", "z"], ["x"], [("x", "m")]),
    "the mediator's band": (
        lambda d: 0.4 * ((d.m > 0.3) & (d.m < 0.45)), ["m", "z"], ["x"], [("x", "m")]),
    "a wave in the mediator": (lambda d: 0.1 * d.wave, ["wave", "z"], ["x"], [("x", "wave")]),
    "three in a hundred people": (
        lambda d: 0.2 * (d.z > 1.88) * (d.b - 0.5), ["b", "z"], ["b"], []),
    "signs by a column that is not in the graph": (
        lambda d: 0.1 * (d.b - 0.5) * np.sign(d.unknown), ["b", "unknown", "z"], ["b"], []),
    "signs by such a column, through a mediator": (
        lambda d: 0.2 * (d.mb - 0.5) * np.sign(d.unknown), ["mb", "unknown", "z"], ["b"],
        [("b", "mb")]),
    "only where the value is missing": (
        lambda d: 0.3 * d.asked.isna(), ["asked", "z"], ["asked"], []),
    "a category of two in a hundred": (lambda d: 0.4 * (d.zip == "H"), ["zip", "z"], ["zip"], []),
    "two features that only act together": (
        lambda d: 0.2 * ((d.b + d.c) % 2), ["b", "c", "z"], ["b", "c"], []),
    "a corner of two features": (
        lambda d: 0.5 * ((d.x > 1.3) & (d.y > 1.3)), ["x", "y", "z"], ["x", "y"], []),
    "two mediators that only act together": (
        lambda d: 0.3 * (d.mb - 0.5) * (d.mc - 0.5), ["mb", "mc", "z"], ["b", "c"],
        [("b", "mb"), ("c", "mc")]),
    "two mediators that cancel": (
        lambda d: 0.1 * (d.mb - d.again), ["mb", "again", "z"], ["b"],
        [("b", "mb"), ("b", "again")]),
    "the feature against its mediator": (
        lambda d: 0.1 * (d.m - 0.8 * d.x), ["m", "x", "z"], ["x"], [("x", "m")]),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_what_is_hard_to_find_is_found(name: str) -> None:
    # In 3,000 rows the band is left open: sizes at single rows are claimed no more finely than the
    # form of the mediator's equation was tested.
    n = 6_000 if name == "the mediator's band" else N
    assert audit(*HARD[name], n=n).verdict.decision == "above"


@pytest.mark.parametrize(
    "score",
    [
        lambda d: 0.9 * (d.z > 1.88) * (d.mb > 0.5),
        lambda d: 0.5 * d.rare * d.mb,
        lambda d: 0.4 * (d.z > 1.88) * (d.mb - 0.5),
    ],
    ids=["a step in the tail", "a rare group", "a slope in the tail"],
)
def test_few_people_whom_a_mediator_reaches_are_looked_for(score: Score) -> None:
    report = audit(score, ["mb", "rare", "z"], ["b"], [("b", "mb")])
    assert report.verdict.decision == "above"
    assert "for rows where" in report.verdict.headline


def test_no_group_is_found_where_the_change_moves_all_alike() -> None:
    report = audit(lambda d: 0.005 * d.mb, ["mb", "z"], ["b"], [("b", "mb")])
    assert report.verdict.decision == "below"
    assert not report.profile["b"].groups
    assert any("can be missed" in line for line in report.verdict.basis)


def test_a_tail_of_few_people_is_not_called_absent() -> None:
    report = audit(lambda d: 0.5 * (d.x < -2.45), ["x", "z"], ["x"], [])
    assert report.verdict.decision != "below"


def test_features_are_ranked_by_how_much_the_mean_varies_with_them_and_ties_are_said() -> None:
    report = audit(
        lambda d: 0.1 * d.x + 0.05 * d.mb - 0.05 * d.mc,
        ["x", "mb", "mc", "z"],
        ["b", "x", "c"],
        [("b", "mb"), ("c", "mc")],
    )
    ranked = report.profile.ranking()
    assert ranked["feature"].tolist()[0] == "x"
    assert ranked["rank"].tolist() == [1, 2, 2]
    assert ranked["spread"].iloc[0] == pytest.approx(0.1, rel=0.1)
    assert ranked["mean_size"].notna().all()
    page = report.to_html()
    assert "Ranking of the features" in page and "2 (tie)" in page
    saved = report.to_json()
    again = wb.AuditReport.from_json(saved).profile.ranking()
    pd.testing.assert_frame_equal(again, ranked)
    lines = report.to_csv().splitlines()
    ranks = [line.split(",")[1:3] for line in lines if line.startswith("standard deviation")]
    assert ranks[0] == ["rank 1", "x"] and [rank for rank, _ in ranks[1:]] == ["rank 2 (tie)"] * 2
    document = json.loads(saved)
    assert [row["rank"] for row in document["profile"]["ranking"]] == [1, 2, 2]
    document["profile"]["ranking"][1]["rank"] = 3
    with pytest.raises(wb.DataError, match="ranking"):
        wb.AuditReport.from_json(json.dumps(document))


@pytest.mark.slow
def test_the_german_forest_is_found_to_use_the_credit_amount(shared_data: Path) -> None:
    """Between its quartiles little happens; at high amounts the forest's answers rise."""
    found = wb.datasets.german_credit(shared_data)
    reads = [name for name in found.data.columns if name != found.outcome]
    model = wb.train_model(found.data, reads, found.outcome, "forest")
    case = wb.AuditCase(data=found.data, model=model, graph=found.graph, outcome=found.outcome)
    target = wb.UnlearningTarget.feature("credit-amount")
    report = wb.audit(case, target, ("debiased", "cafe", "fuzzing"))
    total = report.profile["credit-amount"].parts["total"]
    assert report.verdict.decision == "above"
    assert abs(total.default.value) < 0.02 < 0.1 < total.floor
    assert report.effects["credit-amount"].intervention == report.verdict.deciding.change


def test_the_headline_says_down_to_which_share_of_the_people_it_speaks() -> None:
    carried = audit(lambda d: 0.005 * d.mb, ["mb", "z"], ["b"], [("b", "mb")])
    assert carried.verdict.headline.endswith("for groups of at least 2 % of the people.")
    asked = audit(lambda d: 0.005 * d.b, ["b", "z"], ["b"], [])
    assert asked.verdict.headline.endswith("for groups of at least 1 % of the people.")
    again = wb.AuditReport.from_json(carried.to_json())
    assert again.verdict.headline == carried.verdict.headline


def test_a_category_that_changes_by_chance_does_not_keep_the_verdict_open() -> None:
    frame = people()
    r = np.random.default_rng(5)
    frame["owns"] = np.where(r.random(N) < 0.4 + 0.02 * frame["b"], "yes", "no")
    model = wb.BlackBoxModel(
        lambda rows: 0.4 + 0.1 * (rows["owns"] == "yes").to_numpy() + 0.02 * np.tanh(rows["z"]),
        features=["owns", "z"],
    )
    graph = wb.CausalGraph([("b", "owns")], nodes=["b", "owns", "z"])
    case = wb.AuditCase(data=frame[["b", "owns", "z"]], model=model, graph=graph)
    target = wb.UnlearningTarget.feature("b")
    report = wb.audit(case, target, ("debiased", "cafe", "fuzzing"), threshold=0.02)
    assert report.verdict.decision == "below"


def test_nothing_small_is_said_where_a_change_stops_at_a_category_that_is_not_known() -> None:
    r = np.random.default_rng(6)
    group = r.integers(0, 2, 2_000)
    high = r.random(2_000) < np.where(group == 1, 0.8, 0.3)
    known = np.where(high, "high", "low").astype(object)
    known[r.random(2_000) < 0.3] = None
    frame = pd.DataFrame({"group": group, "band": known, "score": 2 * high + r.normal(size=2_000)})
    case = wb.AuditCase(
        data=frame,
        model=wb.BlackBoxModel(lambda d: 1 / (1 + np.exp(0.5 - 0.5 * d["score"])), ["score"]),
        graph=wb.CausalGraph([("group", "band"), ("band", "score")]),
    )
    target = wb.UnlearningTarget.subgroup("band is None", ["group"])  # truth 0.116
    report = wb.audit(case, target, ("debiased",), threshold=0.1, progress=lambda *_: None)
    assert report.verdict is not None
    assert report.verdict.decision == "inconclusive"
    assert report.verdict.doubted == ("group",)
    assert any("rows (100 %) band is missing" in said for said in report.diagnostics.warnings)


def test_answers_that_are_nearly_probabilities_are_said_to_be_taken_as_values() -> None:
    frame = people(400)[["b", "z"]]
    for output, told in ((None, True), ("value", False)):
        model = wb.BlackBoxModel(
            lambda d: 0.5 + 0.1 * d["b"] + 0.2 * d["z"], ["b", "z"], output=output
        )
        case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([], nodes=["b", "z"]))
        target = wb.UnlearningTarget.feature("b")
        report = wb.audit(case, target, ("debiased",), progress=lambda *_: None)
        said = [one for one in report.diagnostics.warnings if "taken as values" in one]
        assert len(said) == told, said
        assert not told or "lie outside 0 to 1 (−0." in said[0]
        beyond = max(-case.predictions.min(), case.predictions.max() - 1)
        assert not told or f", by up to {amount(beyond)})" in said[0]


@pytest.mark.parametrize(("name", "told"), [("in", True), ("k`k", False)])
def test_a_group_is_told_by_a_column_of_any_name_that_conditions_can_have(
    name: str, told: bool
) -> None:
    r = np.random.default_rng(5)
    kind, a = r.choice(list("pqrstuvwxy"), 4_000), r.integers(0, 2, 4_000)
    frame = pd.DataFrame({"a": a, name: kind, "m": a + 0.5 * r.normal(size=4_000)})
    model = wb.BlackBoxModel(
        lambda d: 0.5 + 0.1 * d["m"] * (d[name] == "p"), list(frame), output="value"
    )
    case = wb.AuditCase(frame, model, wb.CausalGraph([("a", "m")], nodes=[name]))
    target = wb.UnlearningTarget.feature("a")
    report = wb.audit(case, target, ("debiased",), threshold=0.02, progress=lambda *_: None)
    assert report.verdict is not None
    assert ("rows where `in` == 'p'" in report.verdict.headline) is told
