"""How audits of wide tables and deep graphs end, each in a child process of bounded memory.

    PYTHONPATH=. python benchmarks/wide_and_deep.py

writes benchmarks/results/wide_and_deep.md: 500 columns, categories of 1,000 levels, dense graphs of
30 nodes, 10^6 rows, 40 mediators side by side and in a chain. Every case is audited by the debiased
estimate, CAFÉ and fuzzing, in a process that may hold 4 GB and work for 20 minutes; the table says
how it ended, its processor seconds, its peak memory, and the share of the total that the listed
paths cover.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import workbench as wb
from workbench.common.blocks import Bullets
from workbench.report.outline.paths import paths

RESULTS = Path(__file__).parent / "results"
METHODS = ("debiased", "cafe", "fuzzing")
MEMORY = 4_000_000_000
SECONDS = 1_200
World = tuple[pd.DataFrame, Callable[[pd.DataFrame], Any], list[tuple[str, str]]]


def columns_500(drawn: int, rows: int = 5_000) -> World:
    """Draw 500 columns, of which the first are causes of a mediator."""
    rng = np.random.default_rng(0)
    names = [f"x{place}" for place in range(498)]
    frame = pd.DataFrame(rng.normal(size=(rows, 498)), columns=names)
    frame["a"] = (rng.random(rows) < 0.5).astype(float)
    frame["m"] = frame["a"] + frame[names[:drawn]].sum(axis=1) / 10 + rng.normal(size=rows)
    weights = pd.Series(rng.normal(size=498) / 50, index=names)
    edges = [(name, "m") for name in names[:drawn]]
    return frame, lambda r: squashed(r["m"] + r[names] @ weights), [("a", "m"), *edges]


def levels_1000(where: str, rows: int = 20_000) -> World:
    """Draw a category of 1,000 levels: the target itself, what is adjusted for, or a mediator."""
    rng = np.random.default_rng(0)
    town = rng.integers(0, 1_000, rows)
    strength = rng.normal(size=1_000)
    names = np.array([f"town {place:03}" for place in range(1_000)])
    if where == "mediator":
        a = rng.normal(size=rows)
        town = np.clip(500 + 150 * a + 150 * rng.normal(size=rows), 0, 999).astype(int)
        frame = pd.DataFrame({"a": a, "town": names[town]})
        edges = [("a", "town")]
    else:
        a = 0.5 * strength[town] + rng.normal(size=rows)
        frame = pd.DataFrame({"a": a, "town": names[town]})
        edges = [("town", "a")]
    frame["m"] = frame["a"] + 0.5 * strength[town] + rng.normal(size=rows)
    table = pd.Series(strength, index=names)
    edges += [("a", "m"), ("town", "m")]
    return frame, lambda r: squashed(r["m"] + 0.3 * r["town"].map(table).astype(float)), edges


def dense(nodes: int, rows: int = 5_000) -> World:
    """Draw a graph in which every node causes all that follow."""
    rng = np.random.default_rng(0)
    names = [f"v{place:02}" for place in range(nodes)]
    values: dict[str, Any] = {}
    for place, name in enumerate(names):
        known = sum((values[other] for other in names[:place]), np.zeros(rows))
        values[name] = known / max(place, 1) + rng.normal(size=rows)
    edges = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
    return pd.DataFrame(values), lambda r: squashed(r[names].sum(axis=1) / 5), edges


def mediators_40(chain: bool, rows: int = 5_000) -> World:
    """Draw 40 mediators, side by side or one after the other."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=rows)
    names = [f"m{place:02}" for place in range(40)]
    values, before = {"a": a}, a
    for name in names:
        values[name] = 0.95 * before + (0.3 if chain else 1.0) * rng.normal(size=rows)
        before = values[name] if chain else a
    edges = list(pairwise(["a", *names])) if chain else [("a", name) for name in names]
    last = names[-1:] if chain else names
    return pd.DataFrame(values), lambda r: squashed(r[last].mean(axis=1)), edges


def rows_million() -> World:
    """Draw 10^6 rows of six columns, categories and missing values among them."""
    rng = np.random.default_rng(0)
    n = 1_000_000
    z = rng.normal(size=n)
    a = rng.random(n) < 1 / (1 + np.exp(-z))
    g = rng.choice(list("abcde"), n)
    m = np.where(rng.random(n) < 0.03, np.nan, z + a * (1 + (g == "a")) + rng.normal(size=n))
    frame = pd.DataFrame({"z": z, "a": np.where(a, "yes", "no"), "g": g, "m": m})
    frame["k"] = 0.5 * z + rng.normal(size=n)
    edges = [("z", "a"), ("z", "m"), ("a", "m"), ("g", "m"), ("z", "k"), ("a", "k")]
    return frame, lambda r: squashed(0.5 * r["m"].fillna(0) + 0.2 * r["k"] + r["z"]), edges


def squashed(odds: pd.Series) -> Any:
    """Return probabilities."""
    return (1 / (1 + np.exp(-odds))).to_numpy(dtype=float)


CASES: dict[str, tuple[str, Callable[[], World]]] = {
    "500 columns, 20 of them drawn": ("a", lambda: columns_500(20)),
    "500 columns, all drawn": ("a", lambda: columns_500(498)),
    "1,000 levels: the target": ("town", lambda: levels_1000("target")),
    "1,000 levels: adjusted for": ("a", lambda: levels_1000("cause")),
    "1,000 levels: a mediator": ("a", lambda: levels_1000("mediator")),
    "30 nodes, all 435 arrows": ("v00", lambda: dense(30)),
    "40 mediators side by side": ("a", lambda: mediators_40(False)),
    "40 mediators in a chain": ("a", lambda: mediators_40(True)),
    "10^6 rows as a frame": ("a", rows_million),
    "10^6 rows as a table": ("a", rows_million),
}


def measure(name: str) -> dict[str, Any]:
    """Audit one case here, within the bounds."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    target, draw = CASES[name]
    frame, predict, edges = draw()
    features = list(frame.columns)
    model = wb.BlackBoxModel(predict, features, output="probability")
    started = time.process_time()
    found: dict[str, Any] = {"name": name, "rows": len(frame), "columns": len(features)}
    try:
        table = wb.Table.pandas(frame) if name.endswith("table") else frame
        case = wb.AuditCase(data=table, model=model, graph=wb.CausalGraph(edges))
        wanted = wb.UnlearningTarget.feature(target)
        report = wb.audit(case, wanted, METHODS, progress=lambda *_: None)
        found["ended"] = report.verdict.headline if report.verdict else "no verdict"
        found["skipped"] = dict(report.skipped)
        found["paths"] = len(report.path_effects)
        found["said"] = _said_of_paths(report)
    except wb.AuditError as error:
        found["ended"] = f"refused: {error}"
    found["processor"] = time.process_time() - started
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (high,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return found | {"peak": int(high) / 1024}


def _said_of_paths(report: wb.AuditReport) -> str:
    """Return what the report says of paths that were too many to follow."""
    section = paths(report)
    accounts = (block for block in section.blocks if isinstance(block, Bullets))
    items = (str(item) for account in accounts for item in account.items)
    return " ".join(item for item in items if "too many to follow" in item)


def measured(name: str) -> dict[str, Any]:
    """Audit one case in a child process; a child that dies is said to have died."""
    call = [sys.executable, __file__, "--one", name]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode == 0 and lines:
        found: dict[str, Any] = json.loads(lines[-1])
        return found
    last = (done.stderr.splitlines() or [""])[-1]
    return {"name": name, "ended": f"DIED with status {done.returncode}: {last}"}


def table_of(found: list[dict[str, Any]]) -> str:
    """Write how the cases ended as a table."""
    heads = ("case", "rows", "columns", "processor s", "peak memory", "ended", "paths", "left out")
    lines = [" | ".join(heads).join(("| ", " |")), "| --- " * len(heads) + "|"]
    for one in found:
        if "processor" not in one:
            lines.append(f"| {one['name']} | | | | | {one['ended']} | | |")
            continue
        skipped = "; ".join(f"{name}: {why}" for name, why in one.get("skipped", {}).items())
        cells = (
            one["name"],
            f"{one['rows']:,}",
            one["columns"],
            f"{one['processor']:.1f}",
            f"{one['peak']:,.0f} MB",
            one["ended"],
            one.get("said") or f"{one.get('paths', 0)} paths, all followed",
            skipped or "nothing",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    """Audit every case, each in a child process, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--case", action="append", choices=CASES, help="these alone; not written")
    parser.add_argument("--quick", action="store_true", help="two small cases; not written")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.one)))
        return
    quick = ["40 mediators side by side", "1,000 levels: the target"]
    found = []
    for name in asked.case or (quick if asked.quick else CASES):
        found.append(measured(name))
        print(json.dumps(found[-1]), flush=True)
    if not (asked.case or asked.quick):
        text = (
            "# Wide tables and deep graphs\n\n`PYTHONPATH=. python benchmarks/wide_and_deep.py`: "
            f"{', '.join(METHODS)}, in processes that may hold {MEMORY / 1e9:.0f} GB and compute "
            f"for {SECONDS / 60:.0f} minutes; see the docstring.\n\n"
        )
        whole = f"{text}{table_of(found)}\n"
        (RESULTS / "wide_and_deep.md").write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
