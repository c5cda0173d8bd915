"""Subgroups with another effect than the whole: found where planted, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.condition import Condition
from workbench.checks.subgroups.finding import HiddenSubgroups
from workbench.checks.subgroups.measure import subgroup_effects
from workbench.methods.subgroup_search import halves

TARGET = wb.UnlearningTarget.feature("f")


def world(seed: int, *, planted: float = 0.0, indirect: bool = False) -> wb.AuditCase:
    """A model that treats f differently in one subgroup: itself, or what f causes."""
    rng = np.random.default_rng(seed)
    n = 3_000
    frame = pd.DataFrame(
        {
            "f": rng.integers(0, 2, n),
            "age": rng.integers(18, 80, n),
            "job": rng.choice(list("uvwx"), n),
        }
    )
    frame["m"] = 0.5 * frame["f"] + rng.normal(size=n)

    def predict(rows: pd.DataFrame) -> pd.Series:
        inside = (rows["age"] > 55) & (rows["job"] == "v")
        moved = rows["m"] if indirect else rows["f"]
        return 0.3 + 0.05 * rows["m"] + planted * moved * inside

    model = wb.BlackBoxModel(predict, features=["f", "age", "job", "m"], output="value")
    graph = wb.CausalGraph([("f", "m")], nodes=["age", "job"])
    return wb.AuditCase(data=frame, model=model, graph=graph)


def found_in(result: HiddenSubgroups, case: wb.AuditCase, part: str) -> float:
    """The best overlap of a reported subgroup with the planted one."""
    truth = Condition("age > 55 and job == 'v'").mask(case.data)
    own = result.table[result.table["part"] == part]
    masks = [Condition(text).mask(case.data) for text in own["subgroup"]]
    return max(((m & truth).sum() / (m | truth).sum() for m in masks), default=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("indirect", [False, True], ids=["direct", "indirect"])
def test_a_planted_subgroup_is_found(indirect: bool) -> None:
    hits = 0
    for seed in range(100):
        case = world(seed, planted=0.2, indirect=indirect)
        result = subgroup_effects(case, TARGET, seed=seed)
        hits += found_in(result, case, "indirect" if indirect else "direct") > 0.6
    assert hits >= 95, f"the planted subgroup was found in {hits} of 100 worlds"


@pytest.mark.slow
def test_no_subgroup_is_reported_where_the_effect_is_the_same_for_all() -> None:
    wrong = sum(len(subgroup_effects(world(s), TARGET, seed=s).table) > 0 for s in range(100))
    assert wrong <= 5, f"a false subgroup in {wrong} of 100 worlds"


def test_the_numbers_are_those_of_the_half_that_the_search_has_not_seen() -> None:
    case = world(1, planted=0.2)
    result = subgroup_effects(case, TARGET, seed=1)
    row = result.table.iloc[0]
    assert row["low"] < 0.2 < row["high"] or abs(row["value"] - 0.2) < 1e-9
    assert row["difference"] == pytest.approx(row["value"] - row["whole"])
    assert result.n_searched + result.n_tested == case.n_rows
    assert "age" in result.sentences()[0] and "f" in result.sentences()[0]
    again = subgroup_effects(case, TARGET, seed=1)
    pd.testing.assert_frame_equal(result.table, again.table)


def test_without_a_model_to_ask_the_regression_answers() -> None:
    asked = world(2, planted=0.4)
    model = wb.BlackBoxModel.from_predictions(asked.predictions, asked.reads, output="value")
    case = wb.AuditCase(data=asked.data, model=model, graph=asked.graph)
    result = subgroup_effects(case, TARGET, seed=2)
    assert isinstance(result.table, pd.DataFrame)


def test_a_subgroup_is_searched_within_the_target_and_single_rows_are_refused() -> None:
    case = world(3, planted=0.3)
    inside = wb.UnlearningTarget.subgroup("age > 40", ["f"])
    result = subgroup_effects(case, inside, seed=3)
    assert result.n_tested < case.n_rows / 2
    assert (result.table["part"] == "direct").any()
    with pytest.raises(wb.TargetError, match="single datapoints"):
        subgroup_effects(case, wb.UnlearningTarget.datapoints([1, 2], ["f"]))
    with pytest.raises(wb.TargetError, match="depth"):
        subgroup_effects(case, TARGET, max_depth=0)


def test_a_case_on_some_of_its_rows_asks_nothing_again() -> None:
    case = world(4)
    budget = wb.Budget()
    part = case.counted_in(budget).with_rows(np.arange(10, 200))
    assert part.budget is budget and budget.spent == 0 and part.n_rows == 190
    assert (part.predictions == case.predictions[10:200]).all()
    whole = wb.AuditCase(data=case.data.iloc[10:200], model=case.model, graph=case.graph)
    assert part.data_fingerprint == whole.data_fingerprint


def test_where_the_equations_form_fails_subgroups_are_corrected() -> None:
    """Nobody drew f → m: the equation of m lays on a what f does by itself, and 0.3 is missing."""
    rng = np.random.default_rng(0)
    n = 8_000
    f, v, w = rng.normal(size=(3, n))
    g = (rng.random(n) < 0.4).astype(int)
    a = f + v
    m = a + (0.2 + 0.8 * g) * f + 0.5 * w
    frame = pd.DataFrame({"f": f, "a": a, "g": g, "m": m})
    model = wb.BlackBoxModel(lambda rows: 0.5 * rows["m"], ["m"], output="value")
    graph = wb.CausalGraph([("f", "a"), ("a", "m"), ("g", "m")])
    case = wb.AuditCase(data=frame, model=model, graph=graph)
    target, change = wb.UnlearningTarget.feature("f"), wb.Contrast(-0.5, 0.5)
    half = case.with_rows(halves(n, 0)[1])
    corrected = wb.debiased_effects(half, target, change)["f"]
    assert not corrected.form.holds
    part = wb.UnlearningTarget.subgroup("g == 1", ["f"])
    plain = wb.fuzzed_effects(half, part, intervention=change)["f"].indirect
    assert plain.high < 1.0, "the truth, which the correction is for"
    found = wb.subgroup_effects(case, target, intervention=change, max_depth=1).table
    row = found.set_index("subgroup").loc["g == 1"]
    assert row["low"] < 1.0 < row["high"] and row["high"] - row["low"] < 0.5
    assert row["whole"] == pytest.approx(corrected.indirect.value)
