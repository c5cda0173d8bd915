"""A small bank: a table of loans, a registry with a clock of its own, and a configuration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from workbench.evidence.registry.registry import Registry
from workbench.evidence.retraining import configuration_for

START = 1_767_225_600  # 2026-01-01
DAY = 86_400
PURPOSE = "credit scoring"


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def pass_days(self, days: int) -> None:
        self.now += days * DAY


def loans(rows: int = 60, seed: int = 0, first: int = 0) -> pd.DataFrame:
    """Customers with two loans each, of two regions."""
    rng = np.random.default_rng(seed)
    income = rng.normal(40, 12, rows).round(2)
    debt = rng.normal(0.4, 0.1, rows).round(3)
    return pd.DataFrame(
        {
            "customer": [f"c-{first + place // 2}" for place in range(rows)],
            "income": income,
            "debt": debt,
            "region": np.where(np.arange(rows) % 3 == 0, "north", "south"),
            "paid": (income / 40 - debt + rng.normal(0, 0.3, rows) > 0.5).astype(int),
        }
    )


def new_registry(folder: Path, clock: Clock | None = None) -> Registry:
    return Registry.create(
        folder / "registry.sqlite", origin="bank.example/evidence", clock=clock or Clock()
    )


def with_loans(folder: Path, clock: Clock | None = None, rows: int = 60) -> Registry:
    """A registry that holds the loans of thirty consenting customers."""
    registry = new_registry(folder, clock)
    registry.source("loans", uri="file:loans.csv", licence="own records")
    registry.ingest(loans(rows), subject="customer", source="loans", consent={"purpose": PURPOSE})
    return registry


def with_model(folder: Path, clock: Clock, rows: int = 60) -> Registry:
    """The same with a version trained on a frozen data set, and served."""
    registry = with_loans(folder, clock, rows)
    data = registry.freeze(purpose=PURPOSE)
    configuration = registry.commit(configuration_for(registry.table(data.name), "paid"))
    registry.train("credit", data, configuration)
    registry.serve("credit/1")
    return registry
