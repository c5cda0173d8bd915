"""How much is measured, and with which seed."""

from __future__ import annotations

import os
from dataclasses import dataclass
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
    """

    name: str
    world_rows: int
    adult_rows: int | None
    graph_rows: int
    graph_repeats: int
    shap_queries: int


FULL = Size("full", 10_000, None, 4_000, 20, 200_000)
QUICK = Size("quick", 4_000, 3_000, 500, 3, 10_000)


def find_data() -> None:
    """Let the loaders read the shared folder of UCI files where no other is named."""
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    if "CAFE_WORKBENCH_DATA" not in os.environ and shared.is_dir():
        os.environ["CAFE_WORKBENCH_DATA"] = str(shared)
