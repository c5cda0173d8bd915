"""How time and memory grow with the rows of a table: CAFÉ's effects added up over Parquet files.

    PYTHONPATH=. python benchmarks/growth.py

writes benchmarks/results/growth.md and growth.svg: 10,000 to 10,000,000 rows in one process and in
two, and all twelve features at the largest in one. ``--rows 100000000 --on dask-2 --keep`` adds
10^8 rows on two Dask workers (extra ``distributed``) to what is stored: some 9 GB of files, about
ten processor minutes.

Every line is a process of its own. The table has twelve features, categories and missing values
among them, and a column of logged predictions; total, direct and indirect effects are estimated
with the default basis. Peak memory is the high-water mark that the system keeps for each process.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.report.charts.svg import INK, LINE, SERIES, SOFT, WIDTH, label_at, marker, svg

RESULTS = Path(__file__).parent / "results"
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


def peak(process: int | str = "self") -> float:
    """Return the most megabytes that a process held so far; 0 where it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0]) / 1024 if found else 0.0


def children() -> list[int]:
    """Return the processes that this one started, and theirs."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
    found, level = [], {os.getpid()}
    while level:
        level = {process for process, parent in parents.items() if parent in level}
        found += sorted(level)
    return found


@contextmanager
def watched() -> Iterator[list[float]]:
    """Give a list of one number: the most megabytes that a child process held."""
    most, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            most[0] = max([most[0], *map(peak, children())])

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


@contextmanager
def workers_of(on: str) -> Iterator[Any]:
    """Give what ``on=`` takes: one process, a number of processes, or Dask workers as many."""
    kind, _, count = on.partition("-")
    if kind == "dask":
        from distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=int(count or 2),
                threads_per_worker=1,
                memory_limit="1.5GB",
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
    else:
        yield None if on == "one" else int(count)


def measure(folder: Path, on: str, features: Sequence[str]) -> dict[str, Any]:
    """Estimate once, and say what it took."""
    import workbench as wb

    edges = [("age", "income"), ("sex", "income"), ("job", "income")]
    edges += [(cause, name) for name in NUMBERS[2:] for cause in ("age", "income")]
    with watched() as most, workers_of(on) as engine:
        begun, started = processor(), time.perf_counter()
        table = wb.Table.parquet(folder)
        model = wb.BlackBoxModel.from_predictions("score", FEATURES, output="probability")
        case = wb.AuditCase(data=table, model=model, graph=wb.CausalGraph(edges))
        drawn, opened = processor(), time.perf_counter()
        whole = wb.whole_table_effects(case, wb.UnlearningTarget.features(features), on=engine)
        seconds = time.perf_counter() - opened
        own = processor() - drawn
        driver = peak()
        workers = sum(map(used, children()))
    total = whole.effects["sex"].total
    return {
        "rows": table.n_rows,
        "on": on,
        "features": len(features),
        "drawing": drawn - begun,
        "drawing_seconds": opened - started,
        "seconds": seconds,
        "processor": own + workers,
        "driver": driver,
        "worker": most[0] or None,
        "total": total.value,
        "error": total.standard_error,
    }


def processor() -> float:
    """Return the processor seconds of this process and of children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def used(process: int) -> float:
    """Return the processor seconds of a running process."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def where(one: dict[str, Any]) -> str:
    """Say who worked on a table."""
    kind, _, count = one["on"].partition("-")
    named = {"one": "one process", "processes": f"{count} processes", "dask": f"{count} on Dask"}
    return named[kind]


def table_of(found: list[dict[str, Any]]) -> str:
    """Write the measurements as a table."""
    lines = [
        "| rows | features | where | sample, processor s | effects, processor s | µs a row |"
        " peak, driver | peak, largest worker | total effect of sex |",
        "| --- " * 9 + "|",
    ]
    for one in found:
        worker = "–" if one["worker"] is None else f"{one['worker']:,.0f} MB"
        lines.append(
            f"| {one['rows']:,} | {one['features']} | {where(one)} | {one['drawing']:.1f} "
            f"| {one['processor']:.1f} | {1e6 * one['processor'] / one['rows']:.1f} "
            f"| {one['driver']:,.0f} MB | {worker} "
            f"| {one['total']:+.5f} ± {one['error']:.5f} |"
        )
    return "\n".join(lines)


def linear(found: list[dict[str, Any]]) -> list[str]:
    """Say how much dearer a row is in the largest table than in the first of a million rows."""
    said = []
    for name in dict.fromkeys((one["on"], one["features"]) for one in found):
        series = [one for one in found if (one["on"], one["features"]) == name]
        series = [one for one in series if one["rows"] >= 1_000_000]
        if len(series) < 2:
            continue
        first, last = (one["processor"] / one["rows"] for one in (series[0], series[-1]))
        said.append(
            f"- {where(series[0])}, features {name[1]}: a row of {series[-1]['rows']:,} takes "
            f"{last / first:.2f} × the processor time of a row of {series[0]['rows']:,}."
        )
    return said


def picture(found: list[dict[str, Any]]) -> str:
    """Draw time per row, and peak memory, by the rows; both axes in powers of ten."""
    series: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        series.setdefault(f"{where(one)}, features {one['features']}", []).append(one)
    body = _panel(
        series, 30.0, "processor time per row, µs", lambda m: 1e6 * m["processor"] / m["rows"]
    )
    body += _panel(series, 330.0, "peak memory of the largest process, MB", largest)
    for place, name in enumerate(series):
        y = 640.0 + 20 * place
        body += [marker(place, 80, y - 4), label_at(name, 94, y)]
    words = "; ".join(
        f"{one['rows']:,} rows, {where(one)}: {1e6 * one['processor'] / one['rows']:.1f} µs a row, "
        f"{largest(one):,.0f} MB"
        for one in found
    )
    return svg("Growth with the rows", words, body, WIDTH, 640.0 + 20 * len(series))


def largest(one: dict[str, Any]) -> float:
    """Return the peak of the process that held most."""
    return float(max(one["driver"], one["worker"] or 0.0))


def _panel(
    series: dict[str, list[dict[str, Any]]], top: float, title: str, value: Any
) -> list[str]:
    every = [one for ones in series.values() for one in ones]
    left, right, tall = 80.0, WIDTH - 20, 240.0
    low, high = (math.log10(f(one["rows"] for one in every)) for f in (min, max))
    floor = math.floor(math.log10(min(map(value, every))))
    roof = math.ceil(math.log10(max(map(value, every))))

    def at(one: dict[str, Any]) -> tuple[float, float]:
        across = (math.log10(one["rows"]) - low) / max(high - low, 1.0)
        up = (math.log10(value(one)) - floor) / max(roof - floor, 1)
        return left + across * (right - left), top + tall * (1 - up)

    body = [label_at(title, left, top - 8, fill=INK)]
    for power in range(floor, roof + 1):
        y = top + tall * (1 - (power - floor) / max(roof - floor, 1))
        body.append(f'<path d="M{left} {y:.1f}H{right}" stroke="{LINE}"/>')
        body.append(label_at(f"{10.0**power:g}", left - 8, y + 4, anchor="end", fill=SOFT))
    for rows in sorted({one["rows"] for one in every}):
        x = left + (math.log10(rows) - low) / max(high - low, 1.0) * (right - left)
        body.append(label_at(f"{rows:,}", x, top + tall + 18, anchor="middle", fill=SOFT, size=11))
    for place, ones in enumerate(series.values()):
        points = [at(one) for one in ones]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(f'<polyline points="{line}" fill="none" stroke="{SERIES[place % 3]}"/>')
        body += [marker(place, x, y) for x, y in points]
    return body


def page(found: list[dict[str, Any]]) -> str:
    """Write the page of results."""
    lines = [
        "# Growth with the rows",
        "",
        "`PYTHONPATH=. python benchmarks/growth.py`; what is measured is in its docstring.",
        "",
        table_of(found),
        "",
        *linear(found),
        "",
        "![Processor time per row and peak memory, by the rows](growth.svg)",
        "",
    ]
    if not any(one["rows"] >= 10**8 for one in found):
        lines += [
            "10^8 rows were not measured in this run: `--rows 100000000 --on dask-2 --keep`.",
            "",
        ]
    return "\n".join(lines)


def measured(folder: str, on: str, features: Sequence[str]) -> dict[str, Any]:
    """Measure in a process of its own."""
    call = [sys.executable, __file__, "--one", folder, on, ",".join(features)]
    done = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(found, flush=True)
    return found


def stored() -> list[dict[str, Any]]:
    """Return what earlier runs measured."""
    file = RESULTS / "growth.json"
    found: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    return found


def renewed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the last measurement of each kind, smaller tables first."""
    last = {(one["rows"], one["features"], one["on"].partition("-")): one for one in found}
    order = ("one", "processes", "dask")
    return [last[key] for key in sorted(last, key=lambda k: (k[0], k[1], order.index(k[2][0])))]


def main() -> None:
    """Measure every number of rows, each in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10**p for p in (4, 5, 6, 7)])
    parser.add_argument("--on", nargs="+", choices=("one", "processes-2", "dask-2"))
    parser.add_argument("--keep", action="store_true", help="add to what is stored")
    parser.add_argument("--quick", action="store_true", help="10,000 rows; nothing is written")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        folder, on, features = asked.one
        print(json.dumps(measure(Path(folder), on, features.split(","))))
        return
    found = stored() if asked.keep else []
    for rows in [10_000] if asked.quick else asked.rows:
        with tempfile.TemporaryDirectory() as made:
            write(Path(made), rows)
            found += [measured(made, on, ["sex"]) for on in asked.on or ("one", "processes-2")]
            if rows == max(asked.rows) and not (asked.on or asked.quick):
                found.append(measured(made, "one", FEATURES))
    found = renewed(found)
    text = page(found)
    print(text)
    if not asked.quick:
        (RESULTS / "growth.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (RESULTS / "growth.md").write_text(text, encoding="utf-8")
        (RESULTS / "growth.svg").write_text(picture(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
