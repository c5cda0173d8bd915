"""The whole evaluation, from data to tables."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pandas as pd

from benchmarks.paper import decomposition, efficiency, rankings, robustness
from benchmarks.paper.claims import judge
from benchmarks.paper.measuring import Measured, measure
from benchmarks.paper.settings import SEED, Size, find_data
from benchmarks.paper.subjects import datasets, subjects

__all__ = ["Results", "evaluate"]

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "shap", "aif360")


@dataclass(frozen=True, eq=False)
class Results:
    """Tables by name, and what they were made with."""

    tables: dict[str, pd.DataFrame]
    about: dict[str, Any]


def evaluate(size: Size, *, say: Callable[[str], None] = lambda words: None) -> Results:
    """Measure everything once; the same size gives the same numbers, seconds aside."""
    began, worked = time.perf_counter(), time.process_time()

    def step(words: str) -> None:
        say(f"{time.perf_counter() - began:6.0f} s  {words}")

    find_data()
    data = datasets(size)
    measured: list[Measured] = []
    for found in subjects(data, size):
        step(f"{found.dataset.name}, {found.family}")
        measured.append(measure(found, size))
    tables: dict[str, pd.DataFrame] = {}
    tables["models"] = pd.DataFrame([m.subject.quality() for m in measured])
    step("RQ1: rankings")
    tables["rankings"] = rankings.ranking_table(measured)
    tables["agreement"] = rankings.agreement(tables["rankings"])
    tables["fairness"] = rankings.fairness(measured)
    tables["without_smoking"] = rankings.without_smoking(data["heart_disease"], size, measure)
    tables["young"] = rankings.young(measured, size)
    step("RQ2: direct and indirect")
    tables["effects"] = decomposition.effect_table(measured)
    tables["subgroups"] = decomposition.subgroups(measured)
    tables["smoking_paths"] = decomposition.paths_of(measured, "heart_disease", "smoking")
    tables["gender_paths"] = decomposition.paths_of(measured, "performance", "gender")
    tables["joint"] = decomposition.joint(measured)
    tables["opposite_paths"] = decomposition.opposite_paths(size)
    step("RQ3: other models, other graphs")
    tables["across_models"] = robustness.across_models(tables["rankings"])
    tables["graph_repeats"] = robustness.changed_graphs(measured, size)
    tables["graph_changes"] = robustness.graph_summary(tables["graph_repeats"])
    step("RQ4: seconds and fidelity")
    tables["times"] = efficiency.times(measured)
    tables["fidelity"] = pd.concat(
        [efficiency.fidelity(measured), efficiency.fidelity_on_placed(data, size)],
        ignore_index=True,
    )
    tables["claims"] = judge(tables)
    about = {
        "size": size.name,
        "seed": SEED,
        "graph_repeats": size.graph_repeats,
        "graph_rows": size.graph_rows,
        "seconds": round(time.perf_counter() - began, 1),
        "processor": round(time.process_time() - worked, 1),
        "python": platform.python_version(),
        "cpus": _cpus(),
        "packages": {name: version(name) for name in PACKAGES},
    }
    step("done")
    return Results(tables, about)


def _cpus() -> int:
    import os

    return os.cpu_count() or 1
