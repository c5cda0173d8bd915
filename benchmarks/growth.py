"""How time and memory grow with the rows of a table: CAFÉ's effects added up over Parquet files.

    python -m benchmarks.growth --rows 10000 100000 1000000 10000000 --output benchmarks/growth.md

Every line is a process of its own. The table has twelve features, categories and missing values
among them, and a column of logged predictions; one feature's total, direct and indirect effect are
estimated with the default basis.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

FILE_ROWS = 250_000
NUMBERS = ("age", "income", "debt", "years", "rate", "visits", "score_a", "score_b")
FEATURES = ("sex", "town", *NUMBERS, "job", "size")


def piece(rows: int, seed: int) -> pd.DataFrame:
    """Draw some rows of the world."""
    rng = np.random.default_rng(seed)
    age = rng.normal(size=rows)
    sex = rng.random(rows) < 0.5
    job = rng.choice(list("abcdefgh"), rows)
    columns: dict[str, object] = {
        "sex": np.where(sex, "m", "f"),
        "town": rng.choice(list("uvwxyz"), rows),
        "age": age,
        "job": job,
        "size": rng.integers(0, 40, rows),
    }
    income = age + 0.5 * sex + 0.3 * (job == "a") + rng.normal(size=rows)
    columns["income"] = np.where(rng.random(rows) < 0.03, np.nan, income)
    for place, name in enumerate(NUMBERS[2:]):
        columns[name] = 0.2 * place * income + 0.3 * age + rng.normal(size=rows)
    frame = pd.DataFrame(columns)[list(FEATURES)]
    odds = 0.4 * income + 0.2 * sex + 0.1 * frame["debt"] + 0.2 * (frame["job"] == "b")
    return frame.assign(score=1 / (1 + np.exp(-odds)))


def write(folder: Path, rows: int) -> None:
    """Write the world as Parquet files of at most 250,000 rows."""
    for number, start in enumerate(range(0, rows, FILE_ROWS)):
        part = piece(min(FILE_ROWS, rows - start), number)
        part.to_parquet(folder / f"{number:05}.parquet", row_group_size=FILE_ROWS)


def measure(folder: Path, workers: int) -> dict[str, object]:
    """Estimate once, and say what it took."""
    import workbench as wb

    edges = [("age", "income"), ("sex", "income"), ("job", "income")]
    edges += [(cause, name) for name in NUMBERS[2:] for cause in ("age", "income")]
    started, used = time.perf_counter(), time.process_time()
    table = wb.Table.parquet(folder)
    model = wb.BlackBoxModel.from_predictions("score", FEATURES, output="probability")
    case = wb.AuditCase(data=table, model=model, graph=wb.CausalGraph(edges))
    opened = time.perf_counter()
    target = wb.UnlearningTarget.feature("sex")
    whole = wb.whole_table_effects(case, target, on=workers if workers > 1 else None)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = whole.effects["sex"].total
    return {
        "rows": table.n_rows,
        "workers": workers,
        "sample": opened - started,
        "seconds": time.perf_counter() - opened,
        "processor": time.process_time() - used + children.ru_utime + children.ru_stime,
        "driver": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "worker": children.ru_maxrss / 1024 if workers > 1 else None,
        "total": total.value,
        "error": total.standard_error,
    }


def table_of(found: list[dict[str, object]]) -> str:
    """Write the measurements as a table."""
    lines = [
        "| rows | where | drawing the sample, s | effects, s | processor, s | processor, µs a row |"
        " peak, driver | peak, largest worker | total effect of sex |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        rows, processor = int(str(one["rows"])), float(str(one["processor"]))
        where = "one process" if one["workers"] == 1 else f"{one['workers']} processes"
        worker = "–" if one["worker"] is None else f"{float(str(one['worker'])):,.0f} MB"
        lines.append(
            f"| {rows:,} | {where} | {one['sample']:.1f} | {one['seconds']:.1f} | {processor:.1f} "
            f"| {1e6 * processor / rows:.1f} | {one['driver']:,.0f} MB | {worker} "
            f"| {one['total']:+.5f} ± {one['error']:.5f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure every number of rows, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--output", type=Path)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(Path(asked.one[0]), int(asked.one[1]))))
        return
    found = []
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), rows)
            for workers in asked.workers:
                call = [sys.executable, "-m", "benchmarks.growth", "--one", folder, str(workers)]
                done = subprocess.run(call, check=True, capture_output=True, text=True)
                found.append(json.loads(done.stdout.splitlines()[-1]))
                print(found[-1], flush=True)
    made = "Made by `python -m benchmarks.growth`; see its docstring."
    text = f"# Growth with the rows\n\n{made}\n\n{table_of(found)}\n"
    if asked.output is not None:
        asked.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
