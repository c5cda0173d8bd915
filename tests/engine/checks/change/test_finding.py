"""Before, after, retrained: what was removed, what the world carries, what is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.engine.methods.test_coverage import linear_case, share_within
from workbench.case.compared_cases import read_compared
from workbench.checks.change.finding import ModelChange
from workbench.checks.change.measure import change_of_models
from workbench.checks.change.one_effect import ChangeFinding, Difference, row_gaps
from workbench.datasets import linear_world
from workbench.methods.effects import Effect
from workbench.methods.estimator import ASKED
from workbench.models.trained_here import train_model

CONTRAST = wb.Contrast(-0.5, 0.5)


def linear_model(weights: dict[str, float], shift: float = 0.0) -> wb.BlackBoxModel:
    def score(rows: pd.DataFrame) -> np.ndarray:
        return rows[list(weights)].to_numpy() @ np.array(list(weights.values())) + shift

    return wb.BlackBoxModel(score, features=list(weights), output="value")


def a_case(seed: int = 3, n: int = 600):
    """A world and a model that reads all of its features but the first."""
    world = linear_world(n=n, seed=seed, n_features=6)
    rng = np.random.default_rng([4, seed])
    weights = {f: float(rng.uniform(0.3, 1)) for f in world.features[1:]}
    return world, weights, linear_case(world, weights)


def scaled(weights: dict[str, float], factor: float) -> dict[str, float]:
    return {name: factor * weight for name, weight in weights.items()}


def finding(change: ModelChange, feature: str, part: str, by: str = "cafe") -> ChangeFinding:
    return next(
        f
        for f in change.findings
        if (f.feature, f.part) == (feature, part) and f.estimator.kind in (by, "asked")
    )


def test_the_three_findings_of_a_linear_world_are_the_truth() -> None:
    """Before = 2 × after, retrained = half of it: removed, world and residue follow exactly."""
    world, weights, case = a_case()
    feature = world.features[0]
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature(feature),
        ["cafe", "fuzzing"],
        intervention=CONTRAST,
        compare={
            "before": linear_model(scaled(weights, 2)),
            "retrained": linear_model(scaled(weights, 0.5)),
        },
    )
    change = report.change
    assert change is not None and change.roles == ("before", "after", "retrained")
    for by in ("cafe", "fuzzing"):
        found = finding(change, feature, "total", by)
        assert found.after.value == pytest.approx(report.effects.of(by)[feature].total.value)
        assert found.removed.value == pytest.approx(found.after.value, rel=1e-9)
        assert found.world.value == pytest.approx(0.5 * found.after.value, rel=1e-9)
        assert found.residue.value == pytest.approx(0.5 * found.after.value, rel=1e-9)
    frame = change.to_frame()
    assert frame["removed"].to_numpy() == pytest.approx(frame["before"] - frame["after"])
    assert frame["residue"].to_numpy() == pytest.approx(frame["after"] - frame["world"])
    text = " ".join(change.sentences())
    assert "unlearning removed" in text and "the world's share" in text


def test_what_the_world_carries_is_no_residue() -> None:
    """The audited model is the retrained one: large effects, no residue, and it says so."""
    world, weights, case = a_case()
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature(world.features[0]),
        ["cafe"],
        intervention=CONTRAST,
        compare={"retrained": linear_model(weights)},
    )
    assert abs(report.effects[world.features[0]].total.value) > 0.02
    assert report.change.decision == "below" and "No residue" in report.change.headline
    assert all(c.value == 0 for c in report.change.residues)
    assert report.change.roles == ("after", "retrained")


def test_without_a_retrained_model_nothing_is_said_about_a_residue() -> None:
    world, weights, case = a_case()
    change = wb.audit(
        case,
        wb.UnlearningTarget.feature(world.features[0]),
        ["cafe"],
        compare={"before": linear_model(scaled(weights, 2))},
    ).change
    assert change.decision == "unknown" and change.residues == ()
    assert np.isnan(change.smallest_threshold)
    assert "not known without a retrained model" in " ".join(change.sentences())


def test_a_feature_that_only_the_model_before_reads_can_be_asked_of_all() -> None:
    """The column was dropped and never drawn: it joins the graph, and its removal is seen."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
    case = wb.AuditCase(data=data, model=linear_model({"b": 1.0}), graph=wb.CausalGraph([]))
    with pytest.raises(wb.TargetError):
        case.resolve(wb.UnlearningTarget.feature("a"))
    before = linear_model({"a": 2.0, "b": 1.0})
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature("a"),
        ["cafe"],
        intervention=wb.Contrast(0.0, 1.0),
        compare={"before": before, "retrained": linear_model({"b": 1.0})},
    )
    found = finding(report.change, "a", "total")
    assert (found.before.value, found.after.value) == (pytest.approx(2.0), 0.0)
    rows = wb.audit(case, wb.UnlearningTarget.datapoints([3]), ["cafe"], compare={"before": before})
    assert rows.features == ("a", "b")


def test_default_levels_are_the_same_for_all_models() -> None:
    """Predictions choose a category's widest contrast: those of the model before, for all."""
    world = wb.datasets.loan(n=1500, seed=1)
    up = wb.BlackBoxModel(
        lambda r: 0.2 + 0.1 * (r["zip_code"] == "MA 02136"), features=["zip_code"], name="up"
    )
    down = wb.BlackBoxModel(
        lambda r: 0.5 - 0.1 * (r["zip_code"] == "MA 02136"), features=["zip_code"], name="down"
    )
    case = wb.AuditCase(data=world.data, model=up, graph=world.graph, outcome="approved")
    change = wb.audit(
        case, wb.UnlearningTarget.feature("zip_code"), ["cafe"], compare={"before": down}
    ).change
    found = finding(change, "zip_code", "direct")
    assert found.before.value == pytest.approx(-found.after.value) != 0
    flat = case.with_model(wb.BlackBoxModel(lambda r: 0.5 + 0 * r["debt_ratio"], ["debt_ratio"]))
    for model in (up, down):
        report = wb.audit(
            flat,
            wb.UnlearningTarget.feature("zip_code"),
            ["cafe"],
            compare={"before": model, "retrained": flat.model},
        )
        removed = finding(report.change, "zip_code", "direct").removed
        assert abs(removed.value) == pytest.approx(0.1)
        again = eval(
            report.call,
            {
                "wb": wb,
                "case": flat,
                "target": report.target,
                "compare": {"before": model, "retrained": flat.model},
            },
        )
        assert again.call == report.call
        pd.testing.assert_frame_equal(again.change.to_frame(), report.change.to_frame())


def test_membership_is_asked_beside_other_models() -> None:
    """Whole records stay whole records, although their features are written out for the effects."""
    world = wb.datasets.loan(n=400, seed=0)
    features = ["income", "credit_score", "debt_ratio"]

    def train(rows: pd.DataFrame, seed: int):
        return train_model(rows, features, "approved", "forest", seed=seed)

    seen = np.arange(400) < 300
    training = wb.Training(train, seen)
    before = train(world.data[seen], 0)
    after = train(world.data[seen].iloc[20:], 0)
    case = wb.AuditCase(data=world.data, model=after, graph=world.graph, outcome="approved")
    target = wb.UnlearningTarget.datapoints(range(20))
    report = wb.audit(
        case,
        target,
        ["cafe"],
        compare={"before": before},
        training=training,
        checks=["membership"],
    )
    assert report.skipped == {} and report.membership is not None
    assert report.target == target and report.features == tuple(features)
    assert report.change.utility.table["n_rows"].max() == 100  # measured on rows not trained on


def test_logged_predictions_are_compared_by_the_same_estimator() -> None:
    """Where one model cannot be asked, all are estimated by regression, or they would differ."""
    world, weights, case = a_case()
    logged = wb.BlackBoxModel.from_predictions(
        case.predictions, features=list(weights), output="value"
    )
    change = wb.audit(
        case,
        wb.UnlearningTarget.feature(world.features[1]),
        ["cafe", "fuzzing"],
        intervention=CONTRAST,
        compare={"retrained": logged},
    ).change
    assert {f.estimator.label for f in change.findings} == {"cafe (direct by regression)"}
    assert all(c.value == 0 for c in change.residues)


def test_rows_are_compared_at_their_predictions() -> None:
    """Signed gaps at the erased rows cancel in the mean; their sizes do not."""
    _, weights, case = a_case()
    rows = [0, 1]
    centre = case.predictions[rows]

    def moved(frame: pd.DataFrame) -> np.ndarray:
        scores = frame[list(weights)].to_numpy() @ np.array(list(weights.values()))
        return scores + 0.3 * np.select([scores == centre[0], scores == centre[1]], [1, -1], 0)

    retrained = [linear_model(weights, s) for s in (-0.01, 0.0, 0.01)]
    report = wb.audit(
        case.with_model(wb.BlackBoxModel(moved, features=list(weights), output="value")),
        wb.UnlearningTarget.datapoints(rows),
        ["cafe"],
        compare={"before": linear_model(weights, 0.1), "retrained": retrained},
    )
    change = report.change
    found = finding(change, "the target's rows", "prediction")
    assert found.residue.value == pytest.approx(0.0, abs=1e-9)
    assert change.gaps.after == pytest.approx(0.3) and change.gaps.before == pytest.approx(0.1)
    assert change.gaps.chance == pytest.approx((0.015 + 0 + 0.015) / 3)
    assert "lie 0.300 from the retrained" in change.gaps.sentence()


def test_gaps_of_one_retrained_model_know_no_chance() -> None:
    gaps = row_gaps(np.array([1.0]), None, [np.array([0.5])])
    assert gaps.after == 0.5 and np.isnan(gaps.chance) and np.isnan(gaps.before)


@pytest.mark.parametrize(
    ("compare", "words"),
    [
        ({"after": 1}, "compare= names 'after'"),
        ({}, "names no model"),
        ({"retrained": []}, "at least one model"),
        ({"before": "pickle.pkl"}, "not a model"),
        ({"before": linear_model({"nowhere": 1.0})}, "The model 'before'"),
        ({"before": [linear_model({"x": 1.0})] * 2}, "takes one model"),
    ],
)
def test_what_cannot_be_compared_is_refused(compare, words) -> None:
    _, _, case = a_case()
    with pytest.raises(wb.ModelError, match=words):
        wb.audit(case, wb.UnlearningTarget.feature(case.reads[0]), ["cafe"], compare=compare)


def test_models_in_different_units_are_not_subtracted() -> None:
    _, weights, case = a_case()
    other = wb.BlackBoxModel(lambda r: 0.5 + 0 * r[case.reads[0]], features=list(weights))
    with pytest.raises(wb.ModelError, match="different units"):
        read_compared(case, wb.UnlearningTarget.feature(case.reads[0]), {"before": other})


@pytest.mark.slow
def test_shared_row_differences_cover_and_are_narrower_than_separate_audits() -> None:
    """200 linear worlds: intervals of removed and residue hold the truth in 93 to 97 %.

    The models differ in every weight. Two separate audits would add their variances.
    """
    scores: dict[str, list[np.ndarray]] = {"removed": [], "residue": []}
    widths = []
    for seed in range(2000, 2200):
        world, weights, case = a_case(seed)
        rng = np.random.default_rng([5, seed])
        others = {
            role: {f: w * float(rng.uniform(0.6, 1.4)) for f, w in weights.items()}
            for role in ("before", "retrained")
        }
        models = {role: linear_model(other) for role, other in others.items()}
        target = wb.UnlearningTarget.features(world.features)
        change = change_of_models(
            read_compared(case, target, models),
            threshold=0.02,
            intervention=CONTRAST,
            methods=["cafe"],
        )

        def truth(own: dict[str, float], feature: str, world=world) -> float:
            return world.linear_truth(own, feature, -0.5, 0.5).total

        found: dict[str, list[float]] = {"removed": [], "residue": []}
        for feature in world.features:
            # The stand-in for a retrained model reads every feature; its difference is measured.
            one = replace(finding(change, feature, "total"), honest=True)
            if one.removed.row_error < 1e-9:
                continue  # no mediators: the model itself was asked
            gone = truth(others["before"], feature) - truth(weights, feature)
            left = truth(weights, feature) - truth(others["retrained"], feature)
            found["removed"].append((one.removed.value - gone) / one.removed.row_error)
            found["residue"].append((one.residue.value - left) / one.residue.row_error)
            apart = np.hypot(one.before.standard_error, one.after.standard_error)
            widths.append(one.removed.row_error / apart)
        for name, values in found.items():
            scores[name].append(np.array(values))
    for name in scores:
        share, error = share_within(scores[name], 1.0)
        assert error < 0.014, "too few replicates for an honest check"
        assert 0.93 <= share <= 0.97, name
        short, _ = share_within(scores[name], 0.8)
        assert short < 0.91, "the check would not find short intervals"
    assert np.median(widths) < 0.5 and np.max(widths) < 1.0


def honest(value: float, rng: np.random.Generator, count: int, noise: float) -> ModelChange:
    """A change whose audited model is one more draw of the training, as exact unlearning gives."""
    still = np.zeros(50)
    draws = [Effect(value + noise * e, still) for e in rng.normal(size=count + 1)]
    found = ChangeFinding("a", "total", ASKED, draws[0], None, tuple(draws[1:]))
    return ModelChange((found,), (), 0.02, 0.05, "probability")


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_the_chance_in_training_is_counted(count: int) -> None:
    """Honest unlearning is called residual in at most 5 %, and its interval covers in 95 %."""
    rng = np.random.default_rng(7)
    repeats = 4000
    changes = [honest(0.3, rng, count, 0.05) for _ in range(repeats)]
    wrong = np.mean([change.decision == "above" for change in changes])
    assert wrong <= 0.05
    held = [
        low <= 0 <= high
        for low, high in (change.findings[0].residue.interval() for change in changes)
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.011)


def test_one_retrained_model_hides_the_chance_and_says_so() -> None:
    rng = np.random.default_rng(7)
    changes = [honest(0.3, rng, 1, 0.05) for _ in range(400)]
    assert np.mean([change.decision == "above" for change in changes]) > 0.5
    assert "another seed could move" in changes[0].explanation


def test_a_true_residue_is_found_beyond_the_chance_in_training() -> None:
    rng = np.random.default_rng(1)
    still = np.zeros(50)
    retrained = tuple(Effect(0.1 + 0.005 * e, still) for e in rng.normal(size=5))
    found = ChangeFinding("a", "total", ASKED, Effect(0.2, still), None, retrained)
    change = ModelChange((found,), (), 0.02, 0.05, "probability")
    assert change.decision == "above" and "residue above 0.02 was found" in change.headline


def test_what_grew_was_added_and_not_removed_also_where_there_was_nothing() -> None:
    still = np.zeros(50)
    said = []
    for before, now in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.1), (0.1, -0.1)):
        found = ChangeFinding("a", "total", ASKED, Effect(now, still), Effect(before, still), ())
        said.append(" ".join(ModelChange((found,), (), 0.02, 0.05, "probability").sentences()))
    assert ["unlearning added +" in one for one in said] == [True, True, False, False]
    assert ["unlearning removed +" in one for one in said] == [False, False, True, True]


def test_a_difference_without_error_is_exact() -> None:
    assert Difference(0.03, 0.0).p_above(0.02) == 0.0
    assert Difference(0.01, 0.0).p_above(0.02) == 1.0
    assert Difference(0.02, 0.01, 0.01, 4).degrees == pytest.approx(16.0)
