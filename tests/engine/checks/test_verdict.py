"""The verdict: its rule, its words, and its error rates over simulated worlds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.verdict import judge
from workbench.checks.verdict.claims import claims_of_effects
from workbench.checks.verdict.words import reason_of
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.methods.estimator import Estimator
from workbench.methods.form_test import FormTest
from workbench.methods.fuzzing.paths import PathEffect, trace_paths

ROWS = 100


def effect(value: float, error: float) -> Effect:
    """An effect with the given standard error."""
    return Effect(value, np.full(ROWS, error * np.sqrt(ROWS)))


def table(total: Effect, direct: Effect, *, feature: str = "age") -> EffectTable:
    entry = FeatureEffects(feature, Estimator("cafe"), "low → high", total, direct, n_rows=ROWS)
    return EffectTable((entry,), pd.RangeIndex(ROWS), "probability", 0)


def test_below_needs_every_interval_inside_the_threshold() -> None:
    verdict = judge(table(effect(0.001, 0.001), effect(0.0, 0.0)), threshold=0.02)
    assert verdict.decision == "below"
    assert verdict.headline == "No influence above 0.02 found for this one change, on average."
    largest = max(max(abs(c.low), abs(c.high)) for c in verdict.claims)
    assert verdict.smallest_threshold == pytest.approx(largest)
    again = judge(
        table(effect(0.001, 0.001), effect(0.0, 0.0)), threshold=verdict.smallest_threshold * 1.001
    )
    assert again.decision == "below"
    just_under = judge(
        table(effect(0.001, 0.001), effect(0.0, 0.0)), threshold=verdict.smallest_threshold * 0.999
    )
    assert just_under.decision == "inconclusive"


def test_one_claim_far_above_is_enough() -> None:
    verdict = judge(table(effect(0.3, 0.01), effect(0.0, 0.0)), threshold=0.02)
    assert verdict.decision == "above"
    assert verdict.headline == "Influence above 0.02 found for this one change."
    assert "age, total effect (cafe)" in verdict.explanation


def test_a_wide_interval_is_inconclusive_and_says_what_could_be_confirmed() -> None:
    verdict = judge(table(effect(0.01, 0.02), effect(0.0, 0.0)), threshold=0.02)
    assert verdict.decision == "inconclusive"
    assert f"{verdict.smallest_threshold:.3g}" in verdict.explanation


def test_the_words_never_claim_proof() -> None:
    for size in (0.0, 0.02, 0.5):
        verdict = judge(table(effect(size, 0.01), effect(0.0, 0.0)), threshold=0.02)
        assert "prove" not in (verdict.headline + verdict.explanation).lower()


def test_a_path_above_raises_the_verdict_though_the_total_is_small() -> None:
    paths = [
        PathEffect("age", ("age", "bmi", "prediction"), "", effect(0.1, 0.005)),
        PathEffect("age", ("age", "income", "prediction"), "", effect(-0.1, 0.005)),
    ]
    verdict = judge(table(effect(0.0, 0.004), effect(0.0, 0.0)), paths, threshold=0.02)
    assert verdict.decision == "above"
    (cancellation,) = verdict.cancellations
    assert cancellation.feature == "age"
    assert {name for name, _ in cancellation.parts} == {
        "age → bmi → prediction",
        "age → income → prediction",
    }
    assert "cancel to a total of" in cancellation.sentence(0.02)


@pytest.mark.parametrize(
    ("tested", "decision"), [(0.001, "above"), (0.04, "inconclusive"), (None, "above")]
)
def test_a_path_is_known_no_better_than_the_form_that_it_rests_on(
    tested: float | None, decision: str
) -> None:
    debiased = table(effect(0.05, 0.03), effect(0.0, 0.0))
    form = None if tested is None else FormTest(0.0, tested, 0.5)
    entry = replace(debiased.entries[0], estimator=Estimator("debiased"), form=form)
    paths = [PathEffect("age", ("age", "bmi", "prediction"), "", effect(0.08, 0.01))]
    verdict = judge(replace(debiased, entries=(entry,)), paths, threshold=0.02)
    assert verdict.decision == decision


def test_what_many_tests_make_a_chance_finding_is_called_one() -> None:
    entries = tuple(
        table(effect(0.0386 * (k == 0), 0.01), effect(0.0, 0.001), feature=f"f{k}").entries[0]
        for k in range(10)
    )
    verdict = judge(EffectTable(entries, pd.RangeIndex(ROWS), "probability", 0), threshold=0.02)
    assert verdict.decision == "inconclusive"
    assert "+0.0386; after correction for all 30 that were tested, that may be chance." in (
        verdict.reason
    )


@pytest.mark.parametrize(
    ("total", "path", "said"),
    [
        (0.2, 0.1, "alone: the influence is judged over all levels tested."),
        (0.1, 0.2, "alone: the method “debiased” would test the equations of its path."),
    ],
)
def test_a_number_that_no_size_would_make_firm_is_not_called_chance(
    total: float, path: float, said: str
) -> None:
    claims = claims_of_effects(
        table(effect(total, 0.001), effect(0.0, 0.001)),
        [PathEffect("age", ("age", "bmi", "prediction"), "", effect(path, 0.001))],
        threshold=0.02,
        alpha=0.05,
        looks=10.0,
    )
    assert not any(claim.above for claim in claims)
    reason = reason_of(
        "inconclusive", 0.02, claims, None, smallest=0.2, unfollowed=0, doubted=(), withheld=""
    )
    assert said in reason and "chance" not in reason


def test_a_path_beside_a_profile_is_not_said_to_be_corrected_for_a_count_of_claims() -> None:
    """Its level pays for the changes that were looked at, and not for what is said of values."""
    claims = claims_of_effects(
        table(effect(0.0, 0.001), effect(0.0, 0.001)),
        [PathEffect("age", ("age", "bmi", "prediction"), "", effect(0.04, 0.01))],
        threshold=0.02,
        alpha=0.05,
        looks=10.0,
    )
    path = replace(claims[-1], heard=True)
    values = [replace(claims[0], over="values") for _ in range(3)]
    reason = reason_of(
        "inconclusive",
        0.02,
        [*values, path],
        None,
        smallest=0.2,
        unfollowed=0,
        doubted=(),
        withheld="",
    )
    assert "for how its change was chosen, that may be chance." in reason and "all 4" not in reason


def test_no_alarm_when_parts_point_the_same_way() -> None:
    paths = [
        PathEffect("age", ("age", "bmi", "prediction"), "", effect(0.1, 0.005)),
        PathEffect("age", ("age", "income", "prediction"), "", effect(0.1, 0.005)),
    ]
    verdict = judge(table(effect(0.2, 0.004), effect(0.0, 0.0)), paths, threshold=0.02)
    assert verdict.cancellations == ()


def test_direct_and_indirect_that_cancel_raise_the_alarm_without_paths() -> None:
    verdict = judge(table(effect(0.001, 0.001), effect(0.1, 0.001)), threshold=0.02)
    assert verdict.decision == "above"
    assert len(verdict.cancellations) == 1


def test_unfollowed_paths_forbid_below() -> None:
    path = PathEffect("age", ("age", "a", "prediction"), "", effect(0.0, 0.001), left_out=3)
    verdict = judge(table(effect(0.0, 0.001), effect(0.0, 0.0)), [path], threshold=0.02)
    assert verdict.decision == "inconclusive"
    assert "3 paths were too many to follow" in verdict.explanation


def test_a_direct_effect_by_query_is_one_claim_for_both_estimators() -> None:
    cafe = table(effect(0.0, 0.001), effect(0.0, 0.001))
    fuzzed = FeatureEffects("age", Estimator("fuzzing"), "", effect(0.0, 0.001), effect(0.0, 0.001))
    both = cafe + EffectTable((fuzzed,), cafe.index, "probability", 0)
    kinds = [claim.kind for claim in judge(both, threshold=0.02).claims]
    assert sorted(kinds) == ["direct", "indirect", "indirect", "total", "total"]


@pytest.mark.parametrize("threshold", [0, -1, float("nan"), float("inf"), "0.02", True])
def test_threshold_must_be_positive(threshold: Any) -> None:
    with pytest.raises(wb.TargetError, match="threshold must be a number above 0"):
        judge(table(effect(0.0, 0.1), effect(0.0, 0.1)), threshold=threshold)


def test_alpha_must_be_an_error_rate() -> None:
    with pytest.raises(wb.TargetError, match="alpha must lie between"):
        judge(table(effect(0.0, 0.1), effect(0.0, 0.1)), threshold=0.1, alpha=0.7)
    with pytest.raises(wb.TargetError, match="alpha must lie between"):
        judge(table(effect(0.0, 0.1), effect(0.0, 0.1)), threshold=0.1, alpha="0.05")  # type: ignore[arg-type]


def test_holm_holds_the_family_wise_error_with_many_claims() -> None:
    """Twenty paths exactly at the threshold: a wrong "above" in at most 5 % of the draws."""
    rng = np.random.default_rng(0)
    wrong = 0
    runs = 1_000
    for _ in range(runs):
        paths = [
            PathEffect("a", ("a", str(k), "prediction"), "", effect(rng.normal(0.05, 0.01), 0.01))
            for k in range(20)
        ]
        nothing = table(effect(0.0, 0.0), effect(0.0, 0.0))
        wrong += judge(nothing, paths, threshold=0.05).decision == "above"
    # 5 % and three binomial standard errors.
    assert wrong / runs < 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert wrong / runs > 0.02


def world_verdicts(total_over_threshold: float, runs: int) -> list[str]:
    """Audit small linear worlds a → b whose total effect stands at a given ratio to τ."""
    threshold = 0.1
    decisions = []
    for run in range(runs):
        rng = np.random.default_rng([run, 7])
        n = 500
        a = rng.normal(size=n)
        b = 0.5 * a + rng.normal(size=n)
        weight = 2 * threshold * total_over_threshold
        case = wb.AuditCase(
            data=pd.DataFrame({"a": a, "b": b}),
            model=wb.BlackBoxModel(
                lambda rows, weight=weight: weight * rows["b"], features=["b"], output="value"
            ),
            graph=wb.CausalGraph([("a", "b")]),
        )
        target = wb.UnlearningTarget.feature("a")
        contrast = wb.Contrast(-0.5, 0.5)
        effects = wb.cafe_effects(case, target, intervention=contrast, basis="linear")
        paths = ()
        if run % 8 == 0:
            effects = effects + wb.fuzzed_effects(case, target, intervention=contrast)
            paths = trace_paths(case, target, intervention=contrast)
        decisions.append(judge(effects, paths, threshold=threshold).decision)
    return decisions


def test_error_rates_hold_at_the_border_of_the_threshold() -> None:
    """Effects just outside τ are called below, and just inside above, at most 5 % of the time."""
    runs = 240
    slack = 3 * np.sqrt(0.05 * 0.95 / runs)
    outside = world_verdicts(1.001, runs)
    assert outside.count("below") / runs < 0.05 + slack
    assert outside.count("below") > 0, "the test has no power if nothing is ever confirmed"
    inside = world_verdicts(0.999, runs)
    assert inside.count("above") / runs < 0.05 + slack
    assert inside.count("above") > 0


def test_clear_worlds_are_decided() -> None:
    assert world_verdicts(0.3, 20) == ["below"] * 20
    assert world_verdicts(2.0, 20) == ["above"] * 20
