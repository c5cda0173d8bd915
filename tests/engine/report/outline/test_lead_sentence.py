"""The finding in one sentence: it is about the change that the auditor named, in its direction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.report.outline.lead_sentence import lead_sentence


@pytest.mark.parametrize("named", [("low", "high"), ("high", "low")])
def test_a_change_is_told_in_the_direction_that_was_named(named: tuple[str, str]) -> None:
    rng = np.random.default_rng(0)
    high = rng.integers(0, 2, 800)
    income = 2.0 * high + rng.normal(size=800)
    data = pd.DataFrame({"area": np.where(high, "high", "low"), "income": income})
    model = wb.BlackBoxModel(lambda rows: rows["income"], ["income"], output="value")
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("area", "income")]))
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature("area"),
        ["debiased"],
        threshold=0.5,
        intervention=wb.Contrast(*named),
    )
    way = "higher" if named[1] == "high" else "lower"
    assert lead_sentence(report).startswith(f"If area were {named[1]} instead of {named[0]} ")
    assert f"would on average be {way} by 1.9" in lead_sentence(report)
    assert "rests on another change" not in report.to_html()
