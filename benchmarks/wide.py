"""Time of an audit of a wide table of which the graph holds four columns, and of these alone.

Run ``python benchmarks/wide.py`` to write benchmarks/results/wide.md: seconds of the processor, the
better of two audits, each method by itself, of a model that is asked and of logged predictions.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

import workbench as wb

FEATURES = (2, 100, 600)
ROWS = 2_000
METHODS = ("cafe", "debiased", "fuzzing", "permutation", "fairtest", "aif360")
CANNOT = ("fuzzing", "permutation")
"""Methods that ask a model, which logged predictions cannot be."""
RESULTS = Path(__file__).parent / "results" / "wide.md"


def case(p: int, model: str) -> wb.AuditCase:
    """Return a table of `p` features that only the model reads, and two of the graph's."""
    r = np.random.default_rng(0)
    a = r.integers(0, 2, ROWS)
    m = 2 * a + r.normal(size=ROWS)
    drawn = pd.DataFrame(r.normal(size=(ROWS, p)), columns=[f"w{place}" for place in range(p)])
    table = drawn.assign(a=a, m=m, y=m)
    names = [name for name in table if name != "y"]

    def predict(rows: pd.DataFrame) -> pd.Series:
        return 3 * rows["m"] + rows["a"] + 0.1 * rows["w1"]

    box = (
        wb.BlackBoxModel(predict, names, output="value")
        if model == "asked"
        else wb.BlackBoxModel.from_predictions(predict(table), names, output="value")
    )
    graph = wb.CausalGraph([("a", "m"), ("a", "y"), ("m", "y"), ("w0", "m")])
    return wb.AuditCase(data=table, model=box, graph=graph, outcome="y")


def seconds(p: int, model: str, method: str) -> float:
    """Return the processor time of the quicker of two audits."""
    taken = []
    for _ in range(2):
        wide = case(p, model)
        started = time.process_time()
        wb.audit(wide, wb.UnlearningTarget.feature("a"), [method], progress=lambda *_: None)
        taken.append(time.process_time() - started)
    return min(taken)


def main() -> None:
    """Time every method on every width and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--method", action="append", choices=METHODS)
    parser.add_argument("--features", action="append", type=int)
    options = parser.parse_args()
    widths = options.features or FEATURES
    head = ["model", "method", *(f"{p} outside" for p in widths), "last / first"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for model in ("asked", "logged"):
        for method in options.method or METHODS:
            if model == "logged" and method in CANNOT:
                continue
            taken = [seconds(p, model, method) for p in widths]
            cells = [f"{t:.2f} s" for t in taken] + [f"{taken[-1] / taken[0]:.1f}"]
            lines.append("| " + " | ".join([model, method, *cells]) + " |")
            print(lines[-1], flush=True)
    if not options.method:
        RESULTS.write_text(
            "# Wide tables\n\n"
            f"`python benchmarks/wide.py`: an audit of {ROWS:,} rows whose graph holds two "
            "features, their outcome and one of those beside, by the number of features that the "
            "model reads and nobody drew; processor time.\n\n" + "\n".join(lines) + "\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
