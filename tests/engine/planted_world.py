"""A world in which an influence hides: a model that heeds one feature only in one group."""

from __future__ import annotations

import numpy as np
import pandas as pd

import workbench as wb

GROUP = "age > 55 and job == 'v'"


def planted_case(n: int = 2_400) -> wb.AuditCase:
    """f moves the prediction of GROUP alone, and m a little everywhere; f causes m."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "f": rng.choice(["no", "yes"], n),
            "age": rng.integers(18, 80, n),
            "job": rng.choice(list("uvw"), n),
        }
    )
    frame["m"] = 0.5 * (frame["f"] == "yes") + rng.normal(size=n)
    model = wb.BlackBoxModel(
        lambda rows: (
            0.25
            + 0.05 * np.tanh(rows["m"])
            + 0.4 * (rows["f"] == "yes") * ((rows["age"] > 55) & (rows["job"] == "v"))
        ),
        features=["f", "age", "job", "m"],
        output="probability",
    )
    graph = wb.CausalGraph([("f", "m")], nodes=["age", "job"])
    return wb.AuditCase(data=frame, model=model, graph=graph)
