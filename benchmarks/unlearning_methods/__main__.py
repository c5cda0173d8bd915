"""Audit everything, and write the tables and the page."""

from __future__ import annotations

import os

for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # before numpy: runs share the cores among them

import argparse  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import pandas as pd  # noqa: E402
from joblib import Parallel, cpu_count, delayed  # noqa: E402

from benchmarks.unlearning_methods.error_rate import EXACT, repeated  # noqa: E402
from benchmarks.unlearning_methods.measuring import measured  # noqa: E402
from benchmarks.unlearning_methods.subjects import FULL, QUICK, runs, tables  # noqa: E402
from benchmarks.unlearning_methods.summary import conclusions, write  # noqa: E402

RESULTS = Path(__file__).resolve().parents[1] / "results"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks/unlearning_methods", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small table; see --out")
    parser.add_argument("--out", type=Path, help="folder; by default benchmarks/results")
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes")
    options = parser.parse_args()
    size, began = (QUICK if options.quick else FULL), time.perf_counter()
    work = [run for table in tables(size).values() for run in runs(size, table)]
    # Long ones first, so that no core waits for the last.
    order = sorted(range(len(work)), key=lambda k: not work[k].remembers)
    pool = Parallel(n_jobs=options.jobs, return_as="generator")
    results = {}
    for done, result in enumerate(pool(delayed(measured)(work[k]) for k in order), 1):
        results[order[done - 1]] = result
        if done % 10 == 0 or done == len(work):
            print(f"{done} of {len(work)} runs, {time.perf_counter() - began:.0f} s", flush=True)
    again = pool(
        delayed(repeated)(name, seed, size) for seed in range(size.repeats) for name in EXACT
    )
    repeats = pd.DataFrame(list(again))
    found = pd.DataFrame([results[k][0] for k in range(len(work))])
    findings = pd.concat([results[k][1] for k in range(len(work))], ignore_index=True)
    seconds = time.perf_counter() - began
    folder = options.out or (None if options.quick else RESULTS)
    # The stored results are those of the full run: a quick one is written only where told.
    if folder is not None:
        write(found, findings, repeats, folder, size, seconds)
    print("\n".join(conclusions(found, repeats)))
    print(f"{seconds:.0f} seconds.")


if __name__ == "__main__":
    main()
