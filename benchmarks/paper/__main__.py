"""Measure everything, and write tables, figures and the summary."""

from __future__ import annotations

import os

for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # before numpy: seconds of one thread can be compared

import argparse  # noqa: E402
from pathlib import Path  # noqa: E402

from benchmarks.paper.evaluation import evaluate  # noqa: E402
from benchmarks.paper.settings import FULL, QUICK  # noqa: E402
from benchmarks.paper.summary import stored, write  # noqa: E402

RESULTS = Path(__file__).resolve().parents[1] / "results" / "paper"


def main() -> None:
    """Run the evaluation from the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.paper", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="smaller data, in about 2 minutes; writes only to --out",
    )
    parser.add_argument(
        "--out", type=Path, help="where results go; by default benchmarks/results/paper"
    )
    parser.add_argument(
        "--judge",
        action="store_true",
        help="measure nothing: judge the stored tables again, and write claims, figures, summary",
    )
    options = parser.parse_args()
    if options.judge:
        results = stored(options.out or RESULTS)
    else:
        size = QUICK if options.quick else FULL
        results = evaluate(size, say=lambda words: print(words, flush=True))
    # The stored results are those of the full run: a quick one is written only where told.
    folder = options.out or (None if options.quick else RESULTS)
    if folder is not None:
        write(results, folder)
    for claim in results.tables["claims"].to_dict("records"):
        print(f"{claim['verdict']:>14}  {claim['claim']}")


if __name__ == "__main__":
    main()
