"""How much is measured, and with which seed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["FULL", "QUICK", "SEED", "Size", "find_data"]

SEED = 0
"""Of every draw, split, model and random graph."""


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes
    ----------
    world_rows : int
        Rows of each semi-synthetic world.
    adult_rows : int or None
        Rows of Adult; None takes all 48,842.
    graph_rows : int
        Rows on which effects are estimated again under each changed graph.
    graph_repeats : int
        Random graphs of each kind, for each dataset and model.
    shap_queries : int
        Most rows that SHAP may ask of a model.
    shap_rows : int or None
        Most rows that SHAP explains; None leaves it to its budget.
    families : mapping of str to tuple of str
        The models of a dataset, and of heart disease "without smoking"; what is left out has all
        three.
    """

    name: str
    world_rows: int
    adult_rows: int | None
    graph_rows: int
    graph_repeats: int
    shap_queries: int
    shap_rows: int | None = None
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


FULL = Size("full", 10_000, None, 4_000, 20, 200_000)
QUICK = Size(
    "quick",
    world_rows=4_000,
    adult_rows=1_500,
    graph_rows=500,
    graph_repeats=2,
    shap_queries=2_000,
    shap_rows=6,
    families={
        "german_credit": ("regression",),
        "drug_consumption": ("regression",),
        "without smoking": ("regression",),
    },
)


def find_data() -> None:
    """Let the loaders read the shared folder of UCI files where no other is named."""
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    if "CAFE_WORKBENCH_DATA" not in os.environ and shared.is_dir():
        os.environ["CAFE_WORKBENCH_DATA"] = str(shared)
