"""Planted leaks: the calibration is the audit's own arithmetic, and it predicts real audits."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import workbench as wb
from workbench.case.asking.variations import variations_of
from workbench.checks.planted_leaks.columns import PlantedColumns, _scaled, _without_feature, plant
from workbench.checks.planted_leaks.regressions import answer_many
from workbench.checks.planted_leaks.trials import _Judged
from workbench.checks.planted_leaks.trials import planted_leaks as with_shapes
from workbench.common.against_threshold import p_within
from workbench.methods.cafe.estimator import Plan, columns_of, plan_of
from workbench.methods.cafe.shared_regression import Question, SharedRegression
from workbench.methods.effects import Effect

planted_leaks = partial(with_shapes, shape_repeats=0)
"""By the regression alone, which these tests are about."""

LEVELS = ("east", "north", "west")


def world(seed: int, n: int = 1_500, leak: float = 0.0) -> pd.DataFrame:
    """z causes f and m, f causes m; the column L is caused by f alone, as a planted one is."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    f = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    number = 2 * z + rng.normal(size=n)
    place = np.array(LEVELS)[np.clip((z + rng.normal(size=n)).round().astype(int) + 1, 0, 2)]
    m = 0.5 * z + 0.3 * f + rng.normal(size=n)
    column = (rng.random(n) < np.where(f == 1, 0.75, 0.25)).astype(int)
    return pd.DataFrame({"z": z, "f": f, "number": number, "place": place, "m": m, "L": column})


EDGES = [("z", x) for x in ("f", "number", "place", "m")]
EDGES += [(x, "m") for x in ("f", "number", "place")]


def case_of(frame: pd.DataFrame, weight: float = 0.0, scale: float = 0.1) -> wb.AuditCase:
    scores = scale * frame["m"] + weight * frame["L"]
    reads = ["z", "m"] + (["L"] if weight else [])
    edges = EDGES + ([("f", "L")] if weight else [])
    kept = frame if weight else frame.drop(columns="L")
    model = wb.BlackBoxModel.from_predictions(scores, reads, output="value")
    return wb.AuditCase(data=kept, model=model, graph=wb.CausalGraph(edges))


F = wb.UnlearningTarget.feature("f")
CASES: list[tuple[str, wb.UnlearningTarget, Any]] = [
    ("f", F, None),
    ("number", wb.UnlearningTarget.feature("number"), None),
    ("number", wb.UnlearningTarget.feature("number"), wb.Shift(0.5)),
    ("place", wb.UnlearningTarget.feature("place"), wb.Contrast("east", "west")),
    ("f", wb.UnlearningTarget.subgroup("z > 0", ["f"]), None),
    ("number", wb.UnlearningTarget.subgroup("z > 0", ["number"]), wb.Shift(0.5)),
]


@pytest.mark.parametrize(("name", "target", "change"), CASES)
@pytest.mark.parametrize("n", [60, 1_500, 20_000])
def test_many_outcomes_at_once_are_what_cafe_says_of_each(
    name: str, target: wb.UnlearningTarget, change: Any, n: int
) -> None:
    """Few rows, many rows and several chunks choose other interactions; all must agree."""
    case = case_of(world(3, n))
    _, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    (variation,) = variations_of(case, [name], positions, change, 0)
    plan = plan_of(case, target, variation, mask, "minimum-variance", "regression")
    shared = SharedRegression(case, columns_of(case, [plan], mask))
    others = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    others[:, 1] += 3 * case.data["m"]
    found = answer_many(shared, Question(variation, plan.total_given), positions, others)
    for place, y in enumerate([case.predictions, others[:, 0], others[:, 1]]):
        model = wb.BlackBoxModel.from_predictions(y, case.reads, output="value")
        alone = wb.AuditCase(data=case.data, model=model, graph=case.graph)
        total = wb.cafe_effects(alone, target, intervention=change, direct="regression")[name].total
        assert found.values[place] == pytest.approx(total.value, rel=1e-6, abs=1e-9)
        error = np.sqrt(found.squares[place]) / n
        assert error == pytest.approx(total.standard_error, rel=1e-6)
        if place == 0:
            assert found.first == pytest.approx(total.influence, rel=1e-5, abs=1e-7)


def test_the_decision_is_the_verdicts() -> None:
    case = case_of(world(5))
    _, mask = case.resolve(F)
    (variation,) = variations_of(case, ["f"], np.flatnonzero(mask), None, 0)
    planted = plant(case, F, variation, mask, 0.5, 40, 0, lambda step, share: None)
    judged = _Judged("f", "alone", planted, 0.02, 0.05)
    sizes = np.array([0.02, 0.03, 0.04])
    values, errors = judged._estimates(sizes, planted.leak)
    above = judged.above(sizes, planted.leak)
    assert 0 < above.mean() < 1
    for value, error, said in zip(values.ravel(), errors.ravel(), above.ravel(), strict=True):
        effect = Effect(float(value), np.full(100, error * 10))  # its standard error is `error`
        assert (p_within(effect.value, effect.standard_error, 0.02) <= 0.05) == said


@pytest.mark.parametrize("comparison", ["with retrained", "alone"])
def test_value_and_error_are_those_of_an_audit_of_the_leaky_model(comparison: Any) -> None:
    frame, size = world(5), 0.04
    leaky, clean = case_of(frame, size / 0.5), case_of(frame)
    _, mask = clean.resolve(F)
    (variation,) = variations_of(clean, ["f"], np.flatnonzero(mask), None, 0)
    plan = plan_of(leaky, F, variation, mask, "minimum-variance", "regression")
    shared = SharedRegression(clean, columns_of(clean, [Plan(variation, plan.total_given)], mask))
    column = frame[["L"]].to_numpy(dtype=np.float32)
    question = Question(variation, plan.total_given)
    found = answer_many(shared, question, np.arange(len(frame)), column)
    one = _scaled(found, slice(1, None), 0.5, len(frame))
    own = float(found.squares[0]) / len(frame) ** 2
    planted = PlantedColumns(one, one, np.array([found.values[0]]), own, ())
    values, errors = _Judged("f", comparison, planted, 0.02, 0.05)._estimates(
        np.array([size]), planted.leak
    )
    effect = wb.cafe_effects(leaky, F)["f"].total
    if comparison == "with retrained":
        effect = effect - wb.cafe_effects(clean, F)["f"].total
    assert values.item() == pytest.approx(effect.value, rel=1e-6)
    assert errors.item() == pytest.approx(effect.standard_error, rel=1e-6)


def test_the_planted_column_has_the_effect_it_is_said_to_have() -> None:
    """Over many draws the estimates centre on the truth, and the errors are as large as stated."""
    case = case_of(world(6))
    for name, target, change in CASES:
        _, mask = case.resolve(target)
        (variation,) = variations_of(case, [name], np.flatnonzero(mask), change, 0)
        planted = plant(case, target, variation, mask, 0.5, 400, 1, lambda step, share: None)
        estimates, squares, _ = planted.leak
        noise = float(np.std(estimates))
        assert estimates.mean() == pytest.approx(1.0, abs=4 * noise / 20 + 0.02)
        assert noise == pytest.approx(float(np.sqrt(squares.mean())), rel=0.2)
        absent, squares, _ = planted.placebo
        assert absent.mean() == pytest.approx(0.0, abs=4 * float(np.std(absent)) / 20 + 0.02)


def test_it_says_what_would_have_been_caught() -> None:
    case = case_of(world(7))
    planted = planted_leaks(case, F, threshold=0.02, sizes=[0.01, 0.025, 0.1], repeats=200)
    shared, alone = planted.of("f"), planted.of("f", "alone")
    assert [r.role for r in shared] == ["no leak", "leak", "border", "leak", "leak"]
    rates = {r.size: r.rate for r in shared}
    assert rates[0.0] == rates[0.01] == 0 and rates[0.1] == 1
    assert next(r for r in shared if r.role == "border").rate <= 0.1
    # what two audits share cancels: the difference sees smaller leaks
    assert planted.leaks[0].smallest_80 < planted.leaks[1].smallest_80
    assert planted.leaks[0].smallest_80 <= planted.leaks[0].smallest_95
    assert all(r.low <= r.rate <= r.high for r in (*shared, *alone))
    text = " ".join(planted.sentences())
    assert "a leak of 0.1 would have been found in 200 of 200 trials" in text
    assert "raised a false alarm in 0 of 200 trials" in text
    assert list(planted.to_frame().columns[:4]) == ["feature", "comparison", "role", "size"]
    again = planted_leaks(case, F, threshold=0.02, sizes=[0.01, 0.025, 0.1], repeats=200)
    pd.testing.assert_frame_equal(planted.to_frame(), again.to_frame())


def test_more_claims_and_a_fainter_column_hide_larger_leaks() -> None:
    case = case_of(world(8))

    def smallest(**options: Any) -> float:
        return planted_leaks(case, F, threshold=0.02, repeats=200, **options).leaks[0].smallest_80

    assert smallest(claims=12) > smallest() > smallest(clarity=0.8)
    assert smallest(alpha=0.01) > smallest()
    found = planted_leaks(case, F, threshold=0.02, repeats=50, alpha=0.2)
    none = next(rate for rate in found.rates if rate.role == "no leak")
    exact = binomtest(none.found, 50).proportion_ci(0.8, method="exact")
    assert (none.low, none.high) == (exact.low, exact.high)
    assert "80 % interval" in " ".join(found.sentences())


@pytest.mark.parametrize("comparison", ["with retrained", "alone"])
def test_at_the_border_it_errs_as_often_as_it_says(comparison: Any) -> None:
    rates = []
    for seed in range(3):
        case = case_of(world(20 + seed, 1_000))
        planted = planted_leaks(case, F, threshold=0.03, repeats=400, seed=seed)
        rates.append(next(r.rate for r in planted.of("f", comparison) if r.role == "border"))
    assert 0.02 < np.mean(rates) < 0.085


def test_the_placebo_goes_with_the_feature_and_only_adjustment_tells_it_apart() -> None:
    case = case_of(world(9, 4_000))
    blind = case.with_graph(wb.CausalGraph([("f", "m"), ("z", "m")]))  # lacks z → f
    _, mask = case.resolve(F)
    (variation,) = variations_of(case, ["f"], np.flatnonzero(mask), None, 0)
    plan = plan_of(case, F, variation, mask, "minimum-variance", "regression")
    shared = SharedRegression(case, columns_of(case, [plan], mask))
    chance = np.where(case.data["f"] == 1, 0.75, 0.25)
    alike = _without_feature(shared, plan, chance)
    assert np.corrcoef(alike, case.data["f"])[0, 1] > 0.3
    planted = plant(case, F, variation, mask, 0.5, 50, 0, lambda step, share: None)
    assert planted.adjustment == plan.total_given and "z" in planted.adjustment
    estimates = planted.placebo[0]
    assert abs(estimates.mean()) < 3 * np.std(estimates)
    # without z → f in the graph nothing is adjusted for, and the same placebo passes for a leak
    blind = case.with_graph(wb.CausalGraph([("f", "m")]))
    (question,) = [Question(variation, ())]
    drawn = np.random.default_rng(0).random((case.n_rows, 20)) < alike[:, None]
    bare = SharedRegression(blind, columns_of(blind, [Plan(variation)], mask))
    naive = answer_many(bare, question, np.arange(case.n_rows), drawn.astype(np.float32))
    assert naive.values[1:].mean() > 0.05


def test_features_are_calibrated_one_by_one() -> None:
    case = case_of(world(10))
    target = wb.UnlearningTarget.features(["f", "number"])
    planted = planted_leaks(case, target, threshold=0.02, repeats=20)
    assert [leak.feature for leak in planted.leaks] == ["f", "f", "number", "number"]
    single = planted_leaks(case, F, threshold=0.02, repeats=20)
    assert planted.of("f") == single.of("f")


def test_a_feature_without_any_edge_and_a_model_that_can_be_asked() -> None:
    frame = world(11).drop(columns="L")
    case = wb.AuditCase(
        data=frame,
        model=wb.BlackBoxModel(lambda rows: 0.1 * rows["m"], features=["m"]),
        graph=wb.CausalGraph(nodes=["f", "m"]),
    )
    planted = planted_leaks(case, F, threshold=0.02, repeats=20)
    assert planted.leaks[0].adjustment == ()
    assert planted.leaks[0].smallest_95 < 0.05


def test_mistakes_are_named() -> None:
    case = case_of(world(12, 200))
    with pytest.raises(wb.TargetError, match="single datapoints"):
        planted_leaks(case, wb.UnlearningTarget.datapoints([1]))
    with pytest.raises(wb.InterventionError, match=r"wb\.Contrast"):
        planted_leaks(case, wb.UnlearningTarget.feature("number"), intervention=wb.Resample(5))
    for wrong in ({"threshold": 0.0}, {"alpha": 0.7}, {"sizes": [-1.0]}, {"sizes": []},
                  {"repeats": 3}, {"claims": 0}, {"clarity": 1.0}):  # fmt: skip
        with pytest.raises(wb.TargetError):
            planted_leaks(case, F, **wrong)  # type: ignore[arg-type]
    with pytest.raises(wb.TargetError, match="no_such"):
        planted_leaks(case, wb.UnlearningTarget.feature("no_such"))
    hidden = case.with_graph(wb.CausalGraph([*EDGES, ("u", "f"), ("u", "m")], latents=["u"]))
    with pytest.raises(wb.NotIdentifiableError):
        planted_leaks(hidden, F)


def test_it_reports_progress_and_can_be_cancelled() -> None:
    case = case_of(world(13, 300))
    shares: list[float] = []
    planted_leaks(case, F, repeats=10, progress=lambda step, share: shares.append(share))
    assert shares == sorted(shares) and shares[-1] <= 1

    def stop(step: str, share: float) -> None:
        raise wb.AuditCancelled

    with pytest.raises(wb.AuditCancelled):
        planted_leaks(case, F, repeats=10, progress=stop)


@pytest.mark.slow
@pytest.mark.parametrize(("comparison", "delta", "scale"), [
    ("with retrained", 0.025, 0.1), ("alone", 0.05, 0.2)
])  # fmt: skip
def test_the_rates_predict_those_of_real_audits(
    comparison: Any, delta: float, scale: float
) -> None:
    """Fresh worlds with a real leak of the same size: audited in full, each with its own rows."""
    tau, n, worlds = 0.02, 800, 250
    found = []
    for seed in range(worlds):
        frame = world(1_000 + seed, n)
        # the real model's own influence of f is removed, so that the leak is all there is
        frame["m"] -= 0.3 * frame["f"]
        leaky = wb.cafe_effects(case_of(frame, delta / 0.5, scale), F)["f"].total
        clean = wb.cafe_effects(case_of(frame, 0.0, scale), F)["f"].total
        effect = leaky - clean if comparison == "with retrained" else leaky
        found.append(p_within(effect.value, effect.standard_error, tau) <= 0.05)
    predicted = []
    for seed in range(4):
        case = case_of(world(5_000 + seed, n), scale=scale)
        planted = planted_leaks(case, F, threshold=tau, sizes=[delta], repeats=250, seed=seed)
        predicted += [r.rate for r in planted.of("f", comparison) if r.role == "leak"]
    real, said = float(np.mean(found)), float(np.mean(predicted))
    assert 0.2 < real < 0.9, "a rate that says something"
    assert abs(real - said) < 4 * np.sqrt(real * (1 - real) * (1 / worlds + 1 / 1_000))
