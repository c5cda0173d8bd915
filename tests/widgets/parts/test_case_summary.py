"""What a case is, in a few lines beside the table it was made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import workbench as wb
from widgets.parts.table_preview import case_summary

FRAME = pd.DataFrame({"x": np.linspace(-1, 1, 40)})
FRAME["decision"] = np.where(FRAME["x"] + np.sin(9 * FRAME["x"]) > 0, "<approved>", "rejected")
FRAME["score"] = 2 * FRAME["x"]


@pytest.mark.parametrize(
    ("model", "outcome", "said"),
    [
        (LogisticRegression(), "decision", "a probability of decision = &lt;approved&gt;"),
        (LinearRegression(), "score", "score (a number)"),
    ],
    ids=["a class", "a number"],
)
def test_it_says_whose_probability_is_audited(model: Any, outcome: str, said: str) -> None:
    fitted = model.fit(FRAME[["x"]], FRAME[outcome])
    positive = "<approved>" if outcome == "decision" else None
    box = wb.BlackBoxModel.from_estimator(fitted, positive=positive)
    graph = wb.CausalGraph([("x", outcome)])
    case = wb.AuditCase(data=FRAME, model=box, graph=graph, outcome=outcome)
    assert said in case_summary(case)
