"""What is said of the kinds of worlds is what was run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from fresh_kinds import FRESH
from held_out_kinds import HELD_OUT
from worlds_by_kind import KINDS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_list_counts_the_kinds() -> None:
    counted = (
        f"on {len(KINDS)} kinds of worlds that they were not made for, {len(HELD_OUT)} held out "
        f"and {len(FRESH)} fresh ones:"
    )
    assert counted in (BENCHMARKS / "README.md").read_text(encoding="utf-8")


def test_two_worlds_of_every_kind_but_the_fresh_ones_were_logged() -> None:
    told = (BENCHMARKS / "results/kinds_of_worlds.md").read_text(encoding="utf-8")
    assert "two worlds of every kind but the fresh ones, logistic regression" in told
    held = pd.read_csv(BENCHMARKS / "results/kinds_of_worlds.csv")
    logged = held[held.estimator == "debiased, logged"]
    worlds = logged.groupby("kind").seed.nunique().to_dict()
    assert worlds == dict.fromkeys([*KINDS, *HELD_OUT], 2)
    assert set(logged.model) == {"logistic regression"}
