"""How long audits of Adult take, beside permutation importance, other packages and older code.

One run measures everything, so that the ratios are of one machine under one load: processor
seconds on one thread, and memory above what the process held. Writes ``results/speed.md``.

Run: ``PYTHONPATH=. python benchmarks/speed.py [--quick] [--packages-python PATH]``. Adult is read
from the folder that ``CAFE_WORKBENCH_DATA`` names, else from ``../shared/data``, else fetched.
Older code is taken from git (``--before``), where the clone has it. The other packages come with
the extra ``compare``; where they are installed for another Python, name that.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import sklearn
from other_packages import Question
from own_process import in_a_fork, processor
from speed_methods import (
    METHODS,
    OWN,
    TABLE_3,
    as_rows,
    fuzzing,
    load_modules,
    measured,
    table_three,
)
from speed_packages import ANSWERED, TOTAL, answered, cells
from speed_subjects import ENCODINGS, LR, MODELS, Rows, fitted, load, table, table_of
from speed_whole import BEFORE, WHOLE, beside_older_code, compile_as_installed, older_code

import workbench as wb
from workbench.datasets import Dataset

RESULTS = Path(__file__).parent / "results"


def packages(data: Dataset, python: str) -> Rows:
    """Put one question to the other packages and to the workbench's own estimates."""
    rows = table_of(data, ENCODINGS[1])
    features = rows[list(data.features)]
    scores = fitted(rows, data, MODELS[LR]()).predict_proba(features)[:, 1]
    edges = [(a, b) for a, b in data.graph.edges if {a, b} <= set(data.features)]
    box = wb.BlackBoxModel.from_predictions(scores, data.features)
    case = wb.AuditCase(rows, box, data.graph, outcome=data.outcome)
    sex = wb.UnlearningTarget.feature("sex")
    given = list(case.covariates("sex"))
    question = Question(
        features.assign(score=scores), edges, list(data.features), "sex", 0.0, 1.0, given
    )
    out: Rows = []
    for name, estimate in (
        ("workbench, debiased", wb.debiased_effects),
        ("workbench, CAFÉ", wb.cafe_effects),
    ):

        def answer(estimate: object = estimate) -> tuple[float, float | None]:
            total = estimate(case.counted_in(wb.Budget()), sex)["sex"].total  # type: ignore[operator]
            return total.value, total.standard_error

        out.append((name, TOTAL, "this code", *cells(in_a_fork(answer))))
        print(*out[-1], sep=" | ", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        return out + answered(python, question, Path(folder))


def main() -> None:
    """Run the benchmark, print its tables and write its results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one model; writes no results")
    parser.add_argument("--before", default=BEFORE, help="the commit of older code")
    parser.add_argument(
        "--packages-python", default=sys.executable, help="the Python that has the other packages"
    )
    options = parser.parse_args()
    started = processor()
    warnings.simplefilter("ignore")
    data = load()
    names, repeats = ([LR], 1) if options.quick else (list(MODELS), 2)
    load_modules(data)
    others = packages(data, options.packages_python)
    with tempfile.TemporaryDirectory() as folder:
        older = older_code(options.before, folder)
        compile_as_installed(folder, Path(__file__).parent.parent, older)
        whole = beside_older_code(older, names, repeats)
    found = measured(data, names, repeats)
    own = fuzzing(data, names)
    text = "\n".join(
        [
            "# Speed on Adult\n",
            f"`python benchmarks/speed.py`: {len(data.data):,} rows, {len(data.features)} "
            "features. Processor seconds on one thread; the least of two runs, or one where it "
            "takes over three seconds. Every row but the last table's is a process of its own, a "
            "copy of one that holds the table, the trained model and all imported modules: neither "
            "these nor their time are counted. Memory is the highest that it held, above what it "
            "began with.",
            "",
            "## What a user gets, beside permutation importance\n",
            table(METHODS, as_rows(found)),
            "",
            "The rows of SHAP, FairTest and AIF360 are those steps of an audit of sex. SHAP and "
            "the metrics are about all 12 features, FairTest's contexts about sex. SHAP explains "
            "as many rows as 200,000 questions or a bounded walk through the trees allow. AIF360's "
            "metrics come with intervals from 1,000 bootstrap draws.",
            "",
            "## The paper's Table 3: seconds for all features of Adult\n",
            table(TABLE_3, table_three(found)),
            "",
            "The paper's are of its own machine, tables and models, so only the order of size is "
            "to be compared; here every column is a number. Fuzzing is the workbench's default, "
            "not the paper's variant. CAFÉ as in the paper is linear and reads logged predictions; "
            "by default the workbench does more. SHAP here explains the rows that the first table "
            "says, not all.",
            "",
            "## Other packages, one question each\n",
            table(ANSWERED, others),
            "",
            "All rows, columns as numbers, logged predictions of a logistic regression, sex from 0 "
            "to 1; nobody asks the model. DoubleML and EconML adjust for what the workbench "
            "adjusts for, by boosted trees. gcm is given the whole graph and draws 4,000 rows on "
            "either side from mechanisms that it chose, for which codes of categories are amounts: "
            "with text columns it would answer otherwise. It gives no error by itself. fairlearn "
            "compares the shares of decisions above 0.5 and estimates no effect. Importing a "
            "package is not counted.",
            "",
            f"## Whole audits, beside the code of commit {options.before}\n",
            "By turns, each in a process of its own, compiled as an installation is, after the "
            "model was trained; here what is imported late is counted. The older code has no "
            "debiased estimate, no profile and no verdict over levels and people.",
            "",
            table(WHOLE, whole),
            "",
            "## Fuzzing of all 12 features: its own work\n",
            table(OWN, own),
            "",
            f"Python {platform.python_version()}, numpy {np.__version__}, pandas "
            f"{pd.__version__}, scikit-learn {sklearn.__version__}; {os.cpu_count()} CPUs; "
            f"{processor() - started:.0f} processor seconds in all.",
            "",
        ]
    )
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "speed.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
