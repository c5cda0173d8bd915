"""Other packages on one question about Adult, a part of ``speed.py``; run alone, it does nothing.

The question lies in a folder as plain numbers and JSON. Each package answers it in a process of its
own, which need not be of the Python that runs the workbench: ``speed_packages.py FOLDER PACKAGE``
needs numpy, pandas, networkx and the package.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from other_packages import PACKAGES, Question, by_fairlearn
from own_process import Taken, in_a_fork

__all__ = ["ANSWERED", "TOTAL", "answered", "cells", "read_question", "write_question"]

ANSWERED = ("package", "what", "version", "seconds", "peak above held, MB", "answer")
MODULES = {
    "DoWhy gcm": "dowhy",
    "DoubleML": "doubleml",
    "EconML LinearDML": "econml",
    "fairlearn": "fairlearn",
}
PARITY = "MetricFrame of two rates, demographic parity difference"
TOTAL = "total effect"
TABLE, REST = "rows.npz", "question.json"


def write_question(question: Question, folder: Path) -> None:
    """Write a question whose columns are all numbers."""
    columns = {name: question.rows[name].to_numpy(dtype=float) for name in question.rows}
    np.savez(folder / TABLE, **columns)
    rest = {name: value for name, value in vars(question).items() if name != "rows"}
    (folder / REST).write_text(json.dumps(rest), encoding="utf-8")


def read_question(folder: Path) -> Question:
    """Read what :func:`write_question` wrote."""
    with np.load(folder / TABLE, allow_pickle=False) as columns:
        rows = pd.DataFrame({name: columns[name] for name in columns.files})
    rest = json.loads((folder / REST).read_text(encoding="utf-8"))
    rest["edges"] = [(tail, head) for tail, head in rest["edges"]]
    return Question(rows, **rest)


def answered(python: str, question: Question, folder: Path) -> list[tuple[str, ...]]:
    """Put the question to every package, each in a process of its own."""
    write_question(question, folder)
    out = []
    for package in MODULES:
        child = subprocess.run(
            [python, __file__, str(folder), package], capture_output=True, text=True, check=False
        )
        what = PARITY if package == "fairlearn" else TOTAL
        if child.returncode:
            raise RuntimeError(f"{package} did not answer:\n{child.stderr}")
        told = json.loads(child.stdout.splitlines()[-1])
        if told is None:
            out.append((package, what, "not installed", "", "", ""))
        else:
            taken = Taken(**told["taken"])
            out.append((package, what, told["version"], *cells(taken)))
        print(*out[-1], sep=" | ", flush=True)
    return out


def cells(taken: Taken) -> tuple[str, str, str]:
    """Seconds, memory and the answer of one process."""
    value, error = taken.answer
    told = f"{value:+.4f}" + ("" if error is None else f" ± {error:.4f}")
    return f"{taken.seconds:.2f}", taken.above, told


def ask(folder: Path, package: str) -> dict[str, Any] | None:
    """Put the question to one package; None where it is not installed."""
    module = MODULES[package]
    if importlib.util.find_spec(module) is None:
        return None
    question = read_question(folder)
    estimate = by_fairlearn if package == "fairlearn" else PACKAGES[package]
    importlib.import_module({"econml": "econml.dml", "dowhy": "dowhy.gcm"}.get(module, module))
    if module == "dowhy":
        from dowhy import gcm

        gcm.config.set_default_n_jobs(1)  # one thread, as everything here

    def answer() -> tuple[float, float | None]:
        value, error = estimate(question)
        return value, None if np.isnan(error) else error

    taken = in_a_fork(answer)
    return {"taken": vars(taken), "version": importlib.metadata.version(module)}


if __name__ == "__main__" and sys.argv[1:]:
    warnings.simplefilter("ignore")
    print(json.dumps(ask(Path(sys.argv[1]), sys.argv[2])))
