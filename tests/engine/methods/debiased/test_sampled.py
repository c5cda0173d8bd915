"""Few questions: a sample of the rows, and an interval that counts it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.budget import Budget
from workbench.common.errors import TargetError

LEVELS = wb.Contrast(-0.5, 0.5)


def case(seed: int, n: int = 3000) -> wb.AuditCase:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    f = 0.6 * z + rng.normal(size=n)
    m = f * z + 0.5 * f + 0.5 * rng.normal(size=n)
    rows = pd.DataFrame({"z": z, "f": f, "m": m})
    model = wb.BlackBoxModel(lambda q: q["m"].to_numpy() + 0.2 * q["f"], features=["f", "m"])
    return wb.AuditCase(
        data=rows, model=model, graph=wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")])
    )


def test_no_more_rows_are_asked_about_than_allowed() -> None:
    budget = Budget()
    counted = case(0).counted_in(budget)
    target = wb.UnlearningTarget.feature("f")
    entry = wb.debiased_effects(counted, target, LEVELS, max_queries=8_000)["f"]
    assert 2_000 < budget.spent <= 8_000
    assert entry.rows is None and len(entry.total.influence) == 3000


def test_the_interval_is_that_of_the_sample_and_covers() -> None:
    """The truth is 0.5 + 0.2; all rows give less noise than the sample, the control in between."""
    target = wb.UnlearningTarget.feature("f")
    missed, sizes = 0, []
    for seed in range(12):
        made = case(seed)
        few = wb.debiased_effects(made, target, LEVELS, max_queries=8_000, seed=seed)["f"].total
        missed += not few.interval(0.99)[0] < 0.7 < few.interval(0.99)[1]
        sizes.append(few.standard_error)
    assert missed <= 1
    whole = wb.debiased_effects(case(0), target, LEVELS)["f"].total.standard_error
    assert whole < np.mean(sizes) < 4 * whole


def test_too_few_questions_are_refused_with_what_would_do() -> None:
    with pytest.raises(TargetError, match=r"too few for this target; give at least [\d,]+"):
        wb.debiased_effects(case(0), wb.UnlearningTarget.feature("f"), LEVELS, max_queries=50)
