"""What follows for one row, in worlds whose counterfactuals are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.debiased.equations import better_equations
from workbench.methods.debiased.what_if import DRAWS, what_if


def chain() -> wb.AuditCase:
    """Make ``a`` cause ``m`` and the level ``c``, the model read all, and ``m`` miss in row 5."""
    rng = np.random.default_rng(1)
    a = rng.choice([0.0, 1.0], 3_000)
    m = 3 * a + rng.normal(size=3_000)
    c = np.where(rng.random(3_000) < 0.2 + 0.6 * a, "yes", "no")
    frame = pd.DataFrame({"a": a, "m": m, "c": c})
    frame.loc[0] = 0.0, 0.25, "no"
    model = wb.BlackBoxModel(
        lambda rows: 10 * rows["a"] + rows["m"] + 100 * (rows["c"] == "yes"),
        features=["a", "m", "c"],
    )
    return wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([("a", "m"), ("a", "c")]))


@pytest.fixture(scope="module")
def case() -> wb.AuditCase:
    return chain()


def test_a_row_keeps_its_noise_and_the_model_is_told_step_by_step(case: wb.AuditCase) -> None:
    found = what_if(case, 0, "a", 1.0, better_equations(case, ["a"], []))
    assert found.answer == pytest.approx(0.25) and found.drawn == DRAWS
    first, second, third = found.steps
    assert (first.node, first.because, first.before, first.after) == ("a", (), 0.0, 1.0)
    assert first.answer == pytest.approx(10.25), "the feature alone"
    by_node = {step.node: step for step in (second, third)}
    assert by_node["m"].after == pytest.approx(3.25, abs=0.15), "0.25 of its own, 3 of a"
    assert by_node["m"].because == by_node["c"].because == ("a",)
    # Of those who say no without a, 0.8 − 0.2 of 0.8 come to say yes.
    assert by_node["c"].after == "yes" and by_node["c"].share == pytest.approx(0.75, abs=0.25)
    shares = by_node["c"].share * 100
    assert found.after == pytest.approx(10 + by_node["m"].after + shares, abs=1e-6)


def test_nothing_follows_where_nothing_changes(case: wb.AuditCase) -> None:
    found = what_if(case, 0, "a", 0.0, better_equations(case, ["a"], []))
    assert found.after == found.answer
    assert [step.before for step in found.steps] == [step.after for step in found.steps]


def test_what_cannot_be_is_refused_in_words(case: wb.AuditCase) -> None:
    equations = better_equations(case, ["a"], [])
    with pytest.raises(wb.InterventionError, match="never takes the level"):
        what_if(case, 0, "a", 7.0, equations)
    with pytest.raises(wb.TargetError, match="no row 3000"):
        what_if(case, 3_000, "a", 1.0, equations)
    with pytest.raises(wb.TargetError, match="is no feature"):
        what_if(case, 0, "z", 1.0, equations)
    logged = wb.BlackBoxModel.from_predictions(case.predictions, case.reads)
    with pytest.raises(wb.ModelError, match="logged"):
        what_if(case.with_model(logged), 0, "a", 1.0, equations)
