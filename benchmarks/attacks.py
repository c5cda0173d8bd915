"""Models whose use of a feature hides, audited by the command line: what the exit status says.

Each attack's table and graph are written to files, its model answers behind an address on
loopback (or its answers are a column of the table), and ``cafe-workbench audit`` is asked.
Exit status 0 for an influence above the threshold is wrong, and so is 1 for one below. Run

    python benchmarks/attacks.py --each 7

to write benchmarks/results/attacks.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from attack_cases import ALL, INNOCENT, attack
from attack_worlds import TAU, Attack, Truth, truth_of
from typer.testing import CliRunner

from workbench import CausalGraph
from workbench.cli.commands import app

ROWS = 3_000
RESULTS = Path(__file__).parent / "results" / "attacks.md"
WORDS = {0: "below", 1: "above", 2: "did not run", 3: "inconclusive"}


@dataclass(frozen=True)
class Outcome:
    """What one audit said.

    Attributes
    ----------
    kind, name : str
    truth : Truth
    status : int
        The exit status.
    headline : str
    """

    kind: str
    name: str
    truth: Truth
    status: int
    headline: str

    @property
    def wrong(self) -> bool:
        """Whether the exit status is the opposite of the truth."""
        return (self.status == 0 and self.truth.above) or (self.status == 1 and self.truth.below)


@contextmanager
def served(made: Attack) -> Iterator[str]:
    """Answer for the model on loopback; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            split = asked["dataframe_split"]
            rows = dict(zip(split["columns"], np.array(split["data"], dtype=object).T, strict=True))
            body = json.dumps({"predictions": list(made.predict(rows))}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def audited(made: Attack, folder: Path, rows: int, seed: int) -> tuple[int, str]:
    """Audit from files, as a user does; return exit status and headline."""
    table, graph, saved = folder / "rows.csv", folder / "graph.json", folder / "report.json"
    made.table(rows, seed + 50).to_csv(table, index=False)
    graph.write_text(CausalGraph(made.edges, nodes=list(made.equations)).to_json(), "utf-8")
    saved.unlink(missing_ok=True)
    words = [
        *("audit", "--data", str(table), "--graph", str(graph), "--threshold", str(TAU)),
        *("--json", str(saved), "--quiet", "--seed", str(seed), "--features", ",".join(made.reads)),
        *(word for name in made.target for word in ("--target", name)),
        *(word for group in made.groups for word in ("--subgroup", group)),
        *(word for name in ("debiased", "cafe", "fuzzing") for word in ("--method", name)),
    ]
    if made.logged:
        done = CliRunner().invoke(app, [*words, "--predictions", "answer"])
    else:
        with served(made) as url:
            done = CliRunner().invoke(app, [*words, "--endpoint", url, "--protocol", "mlflow"])
    if not saved.exists():
        return done.exit_code, " ".join(done.output.split())
    return done.exit_code, json.loads(saved.read_text("utf-8"))["verdict"]["headline"]


def run(each: int, rows: int, kinds: tuple[str, ...], first: int = 0) -> Iterator[Outcome]:
    """Audit so many attacks of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + each):
            for kind in kinds:
                made = attack(kind, seed)
                truth = truth_of(made)
                yield Outcome(kind, made.name, truth, *audited(made, Path(folder), rows, seed))


def report(found: list[Outcome], rows: int, minutes: float) -> str:
    """Write the outcomes as a page of Markdown."""
    wrong = [outcome for outcome in found if outcome.wrong]
    each = max(Counter(outcome.kind for outcome in found).values())
    lines = [
        "# Attacks on the verdict, by the command line",
        "",
        f"`python benchmarks/attacks.py --each {each}`: {len(found)} models in "
        f"tables of {rows:,} rows, threshold {TAU}, {minutes:g} minutes of processor time. Wrong "
        f"exit statuses: {len(wrong)}.",
        "",
        "| kind | attacks | above | inconclusive | below | did not run | wrong |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in dict.fromkeys(outcome.kind for outcome in found):
        own = [outcome for outcome in found if outcome.kind == kind]
        counts = [sum(o.status == status for o in own) for status in (1, 3, 0, 2)]
        told = " | ".join(map(str, (len(own), *counts, sum(o.wrong for o in own))))
        lines.append(f"| {kind} | {told} |")
    lines += [
        "",
        f"Of {', '.join(INNOCENT[:-1])} and {INNOCENT[-1]} the influence lies below the threshold; "
        "all others hide an influence above it: by the "
        "mean over all rows, or by the share of the rows that it moves.",
        "",
        "| kind | model | mean | rows moved | status | |",
        "|---|---|---:|---:|---|---|",
    ]
    lines += [
        f"| {o.kind} | {o.name} | {o.truth.mean:.3f} | {o.truth.share:.0%} | "
        f"{WORDS.get(o.status, o.status)} | {'WRONG' if o.wrong else ''} |"
        for o in found
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=7)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--kinds", nargs="*", default=list(ALL), choices=list(ALL))
    parser.add_argument("--first", type=int, default=0, help="The first seed.")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    outcomes = []
    for outcome in run(chosen.each, chosen.rows, tuple(chosen.kinds), chosen.first):
        print(outcome, flush=True)
        outcomes.append(outcome)
    outcomes.sort(key=lambda outcome: list(ALL).index(outcome.kind))
    page = report(outcomes, chosen.rows, round(time.process_time() / 60, 1))
    if chosen.kinds == list(ALL):
        RESULTS.write_text(page, encoding="utf-8")
    print(page)
