"""Whether a report depends on how its table is cut, and on who works on the partitions.

    PYTHONPATH=. python benchmarks/partitions.py

writes benchmarks/results/partitions.md: Adult and a synthetic table with categories and missing
values, in 1, 3 and 17 partitions, in one process, on two worker processes and on two Dask workers
(extra ``distributed``; left out and said without it). Each saved report is compared with the first,
number by number and word by word; the time it was made and the seconds that it took are left out.
The case holds at most a third of the rows, so that the rest is reached by the passes alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import workbench as wb
import workbench.case.audit_case

RESULTS = Path(__file__).parent / "results"
PARTITIONS = (1, 3, 17)
WHERE = ("one process", "two processes", "two Dask workers", "two Dask workers, a Dask dataframe")
METHODS = ("debiased", "cafe", "fuzzing")
PARTS = ("effects", "whole_table", "profile", "verdict")
UNTIMED = {"created", "seconds"}
"""Keys of a report's provenance that no two runs share."""


def gaps(one: Any, other: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Yield by how much two JSON values differ, place by place; infinitely where words do."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one.keys() - UNTIMED:
            yield from gaps(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for turn, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from gaps(a, b, f"{place}[{turn}]")
    elif one != other:
        yield place, _gap(one, other)


def _gap(one: Any, other: Any) -> float:
    """Return the distance of two numbers, or of two columns of numbers that are a text."""
    words = [str(value).split() for value in (one, other)]
    try:
        a, b = (np.array(list(map(float, found))) for found in words)
    except ValueError:
        return float("inf")
    same = len(a) == len(b) and isinstance(one, bool) == isinstance(other, bool)
    return float(np.abs(a - b).max()) if same and len(a) else float("inf")


def synthetic(n: int) -> tuple[pd.DataFrame, wb.BlackBoxModel, wb.CausalGraph]:
    """Draw categories, a rare level, missing numbers and missing levels."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    a = rng.random(n) < 1 / (1 + np.exp(-z))
    g = rng.choice(list("abcde"), n, p=[0.4, 0.3, 0.2, 0.09, 0.01])
    m = np.where(rng.random(n) < 0.05, np.nan, z + a * (1 + (g == "a")) + rng.normal(size=n))
    c = np.where(m + rng.normal(size=n) > 0.5, "high", "low")
    frame = pd.DataFrame(
        {
            "z": z,
            "a": np.where(a, "yes", "no"),
            "g": pd.Categorical(g),
            "m": m,
            "c": np.where(rng.random(n) < 0.04, None, c),
        }
    )
    graph = wb.CausalGraph([("z", "a"), ("z", "m"), ("a", "m"), ("g", "m"), ("m", "c")])
    return frame, wb.BlackBoxModel(odds, list(frame), output="probability"), graph


def odds(rows: pd.DataFrame) -> Any:
    """Score rows of the synthetic table."""
    known = 0.4 * rows["m"].fillna(0) + 0.2 * rows["z"]
    known = known + 0.3 * (rows["a"] == "yes") + 0.2 * (rows["g"] == "b")
    return (1 / (1 + np.exp(-known - 0.3 * (rows["c"] == "high")))).to_numpy(dtype=float)


def adult() -> tuple[pd.DataFrame, wb.BlackBoxModel, wb.CausalGraph]:
    """Return Adult, and a logistic regression of it."""
    world = wb.datasets.adult()
    rows = world.data[list(world.features)]
    text = [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), text), remainder=StandardScaler()
        ),
        LogisticRegression(max_iter=1000),
    ).fit(rows, world.data[world.outcome])
    return rows, wb.BlackBoxModel.wrap(model), world.graph.subgraph(world.features)


def saved(
    table: wb.Table, model: wb.BlackBoxModel, graph: wb.CausalGraph, target: str, on: Any
) -> Any:
    """Audit a table, and return the saved report."""
    case = wb.AuditCase(data=table, model=model, graph=graph)
    wanted = wb.UnlearningTarget.feature(target)
    report = wb.audit(case, wanted, METHODS, on=on, progress=lambda *_: None)
    return json.loads(report.to_json())


@contextmanager
def engines() -> Iterator[dict[str, Any]]:
    """Give what ``on=`` takes, by its name."""
    found: dict[str, Any] = {WHERE[0]: None, WHERE[1]: 2}
    if find_spec("distributed") is None:
        yield found
        return
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        yield found | {WHERE[2]: client, WHERE[3]: client}


def table_of(frame: pd.DataFrame, partitions: int, where: str) -> wb.Table:
    """Cut a frame, as pandas or as Dask."""
    if where != WHERE[3]:
        return wb.Table.pandas(frame, partitions)
    from dask import dataframe

    return wb.Table.dask(dataframe.from_pandas(frame, npartitions=partitions, sort=False))


def compared(
    name: str, world: tuple[pd.DataFrame, wb.BlackBoxModel, wb.CausalGraph], target: str
) -> Iterator[str]:
    """Yield the rows of the table for one world."""
    frame, model, graph = world
    most = len(frame) // 3
    workbench.case.audit_case.SAMPLE_ROWS = most
    first: Any = None
    with engines() as found:
        for where, engine in found.items():
            for partitions in PARTITIONS:
                own = saved(table_of(frame, partitions, where), model, graph, target, engine)
                first = first or own
                apart = [max((g for _, g in gaps(first[p], own[p])), default=0.0) for p in PARTS]
                every = dict(gaps(first, own))
                words = [place for place, gap in every.items() if gap == float("inf")]
                numbers = max((g for g in every.values() if g < float("inf")), default=0.0)
                cells = [f"{gap:.1e}" if gap else "0" for gap in (*apart, numbers)]
                said = ", ".join(words) or "none"
                yield f"| {name} | {where} | {partitions} | {' | '.join(cells)} | {said} |"


def main() -> None:
    """Compare both worlds and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the small world; nothing is written")
    asked = parser.parse_args()
    worlds = {"synthetic, 6,000 rows": (synthetic(6_000), "a")}
    if not asked.quick:
        worlds["Adult, logistic regression"] = (adult(), "sex")
    heads = [*PARTS, "every number of the file", "words that differ"]
    lines = ["| table | who works | partitions | " + " | ".join(heads) + " |"]
    lines.append("| --- " * (3 + len(heads)) + "|")
    for name, (world, target) in worlds.items():
        for line in compared(name, world, target):
            lines.append(line)
            print(line, flush=True)
    missing = "" if find_spec("distributed") else "\nDask was not installed.\n"
    text = (
        "# Partitions and engines\n\n`PYTHONPATH=. python benchmarks/partitions.py`: the largest "
        "difference to the first line's saved report, by its part; see the docstring.\n\n"
    )
    if not asked.quick:
        whole = text + "\n".join(lines) + "\n" + missing
        (RESULTS / "partitions.md").write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
