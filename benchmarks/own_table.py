"""A table such as an analyst brings: 30,000 people, 18 columns, drawn with a seed.

Loans are granted by what people earn, save and owe; gender shapes all of that and stands in no
model. Drawn for ``browser_speed.py``; run alone, it does nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["GRAPH", "OUTCOME", "TARGET", "own_table"]

ROWS = 30_000
OUTCOME, TARGET = "granted", "gender"
CAUSES = {
    "education": ("gender",),
    "experience": ("age", "education"),
    "occupation": ("gender", "education"),
    "hours": ("gender", "occupation"),
    "income": ("gender", "education", "experience", "occupation", "hours"),
    "savings": ("income",),
    "debt": ("income",),
    "debt_ratio": ("income", "debt"),
    "accounts": ("savings",),
    "late_payments": ("income", "debt_ratio"),
    "housing": ("income", "savings"),
    "tenure": ("age",),
    "granted": ("income", "savings", "debt_ratio", "late_payments", "tenure", "housing"),
}
"""What the table is drawn by; `region`, `children` and `device` go with nothing."""
GRAPH = "\n".join(
    ["dag {", *(f"{cause} -> {effect}" for effect in CAUSES for cause in CAUSES[effect]), "}"]
)
"""The same as DAGitty's text."""


def own_table(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Draw the table."""
    rng = np.random.default_rng(seed)

    def noise(size: float) -> np.ndarray:
        return rng.normal(0, size, rows)

    man = rng.random(rows) < 0.55
    region = rng.choice(
        ["north", "south", "east", "west", "centre"], rows, p=[0.3, 0.25, 0.2, 0.15, 0.1]
    )
    age = rng.integers(18, 80, rows)
    education = np.clip(np.round(12 + 0.5 * man + noise(3)), 6, 22)
    experience = np.clip(age - education - 4 + noise(3), 0, None)
    rank = education + 2 * man + noise(3)
    occupation = np.where(rank > 16, "manager", np.where(rank > 12, "clerk", "worker"))
    manager = occupation == "manager"
    hours = np.clip(36 + 4 * man + 2 * manager + noise(6), 5, 80)
    income = np.exp(
        2.2
        + 0.06 * education
        + 0.015 * experience
        + 0.25 * manager
        + 0.1 * man
        + 0.01 * hours
        + noise(0.4)
    )
    savings = np.clip(0.4 * income + noise(10), 0, None)
    debt = 0.3 * income + rng.exponential(8, rows)
    debt_ratio = debt / income
    accounts = rng.poisson(2 + 0.02 * savings)
    late = rng.poisson(np.exp(-0.5 + 0.8 * np.clip(debt_ratio, 0, 3) - 0.01 * income))
    owner = income + savings + noise(20) > 60
    tenure = np.clip(rng.exponential(5, rows), 0, age - 17)
    score = (
        -1.2
        + 0.03 * income
        + 0.012 * savings
        - 1.1 * debt_ratio
        - 0.5 * late
        + 0.02 * tenure
        + 0.3 * owner
    )
    return pd.DataFrame(
        {
            "gender": np.where(man, "man", "woman"),
            "region": region,
            "age": age,
            "education": education.astype(int),
            "experience": experience.round(1),
            "occupation": occupation,
            "hours": hours.round(1),
            "income": income.round(2),
            "savings": savings.round(2),
            "debt": debt.round(2),
            "debt_ratio": debt_ratio.round(3),
            "accounts": accounts,
            "late_payments": late,
            "housing": np.where(owner, "owner", "tenant"),
            "children": rng.poisson(1.2, rows),
            "tenure": tenure.round(1),
            "device": rng.choice(["phone", "desktop", "branch"], rows),
            "granted": (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(int),
        }
    )
