"""How long audits of Adult take, beside permutation importance, the bare model and older code.

One run measures everything, so that the ratios are of one machine under one load: processor
seconds on one thread, the least of several repeats. Writes ``results/speed.md``.

Run: ``python benchmarks/speed.py [--quick]``. Adult is read from the folder that
``CAFE_WORKBENCH_DATA`` names, else from ``../shared/data``, else fetched. Older code is taken from
git (``--before``), where the clone has it.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import platform
import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import workbench as wb
from workbench.datasets import Dataset, adult

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SHARED = HERE.parent.parent / "shared" / "data"
BEFORE = "e8082ec"
"""The commit that the whole default audit is held against."""
Rows = list[tuple[str, ...]]

LR, FOREST, BOOSTING, NETWORK = "logistic regression", "random forest", "boosting", "neural network"
MODELS: dict[str, Callable[[], Any]] = {
    LR: lambda: LogisticRegression(max_iter=300),
    FOREST: lambda: RandomForestClassifier(100, random_state=0),
    BOOSTING: lambda: HistGradientBoostingClassifier(random_state=0),
    NETWORK: lambda: MLPClassifier((16,), max_iter=5, tol=1e-2, n_iter_no_change=2, random_state=0),
}
AUDIT_AT_MOST = {LR: 3.0, FOREST: 6.0}
"""Permutations of all features that the default audit of one may take, without baselines."""
OWN_AT_MOST = {LR: 0.25, FOREST: 0.10}
"""Fuzzing's own work as a share of the bare model's time for the rows that it asks about."""
CAUSAL = ("debiased", "cafe", "fuzzing")
PERMUTED = "permutation importance, one repeat, 12 features"
AUDITED = "default audit of sex, no baselines"
EVERYTHING = "total effects of 12 features, debiased"
FUZZED = "fuzzing of sex, fit included"
TIMES = ("before, s", "now, s", "share", "target", "peak above held, GB")
WHOLE = ("model", "feature", "audit", *TIMES)
FUZZING_TIMES = ("bare prediction, s", "in the model, s", "own work, s", "µs per row", "own / bare")
OWN = ("model", "rows asked", *FUZZING_TIMES, "fitting, s", "target")
ENCODINGS = ("text columns one-hot", "every column a number")


def load() -> Dataset:
    """Return Adult, from the shared folder when there is one."""
    named = os.environ.get("CAFE_WORKBENCH_DATA")
    return adult(SHARED if not named and SHARED.is_dir() else None)


def table_of(data: Dataset, encoding: str) -> pd.DataFrame:
    """Return the features and the outcome, with texts as they are or as numbers."""
    rows = data.data[[*data.features, data.outcome]].copy()
    if encoding == ENCODINGS[1]:
        for name in rows.columns.difference(rows.select_dtypes("number").columns):
            rows[name] = pd.factorize(rows[name], sort=True, use_na_sentinel=False)[0]
    return rows


def fitted(rows: pd.DataFrame, data: Dataset, estimator: Any) -> Pipeline:
    """Put the usual preprocessing before an estimator, and fit both."""
    features = rows[list(data.features)]
    numeric = list(features.select_dtypes("number").columns)
    rest = [name for name in features if name not in numeric]
    dense = isinstance(estimator, HistGradientBoostingClassifier)  # which reads no sparse table
    prepared = make_column_transformer(
        (StandardScaler(), numeric),
        (OneHotEncoder(handle_unknown="ignore"), rest),
        sparse_threshold=0.0 if dense else 0.3,
    )
    return make_pipeline(prepared, estimator).fit(features, rows[data.outcome])


def processor() -> float:
    """Return the processor seconds of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def least(action: Callable[[], Any], repeats: int) -> float:
    """Processor seconds of the cheapest of several runs."""
    seconds = []
    for _ in range(repeats):
        gc.collect()
        started = processor()
        action()
        seconds.append(processor() - started)
    return min(seconds)


def held(value: float, most: float | None, what: str) -> str:
    """Say whether a target was met."""
    return "" if most is None else f"{what}: {'met' if value <= most else 'MISSED'}"


def measured(data: Dataset, rows: pd.DataFrame, name: str, times: int) -> dict[str, float]:
    """Time one model: a shuffle of every feature, and what the workbench does by default."""
    features, y = rows[list(data.features)], rows[data.outcome]
    model = fitted(rows, data, MODELS[name]())
    every, sex = wb.UnlearningTarget.features(data.features), wb.UnlearningTarget.feature("sex")

    def case_of(box: Any) -> wb.AuditCase:
        return wb.AuditCase(rows, box, data.graph, outcome=data.outcome)

    logged = wb.BlackBoxModel.from_predictions(model.predict_proba(features)[:, 1], data.features)
    asked, kept = case_of(model), case_of(logged)

    def anew() -> wb.AuditCase:
        return asked.counted_in(wb.Budget())  # no answer is remembered from another estimate

    def permute() -> None:
        permutation_importance(model, features, y, n_repeats=1, random_state=0)

    def cafe(basis: Any) -> None:
        wb.cafe_effects(kept, every, basis=basis, direct="regression")

    actions: dict[str, Callable[[], Any]] = {
        PERMUTED: permute,
        AUDITED: lambda: wb.audit(asked, sex, CAUSAL, progress=lambda *_: None),
        EVERYTHING: lambda: wb.debiased_effects(anew(), every),
        "the same by CAFÉ, model asked": lambda: wb.cafe_effects(anew(), every),
        "the same by CAFÉ, logged": lambda: cafe("flexible"),
        "the same by CAFÉ, logged, linear": lambda: cafe("linear"),
        FUZZED: lambda: wb.fuzzed_effects(anew(), sex),
    }
    return {what: least(act, 1 if what == EVERYTHING else times) for what, act in actions.items()}


def beside_permutation(data: Dataset, names: list[str], repeats: int) -> Rows:
    """Time what a user gets by default against one shuffle of every feature."""
    out: Rows = []
    for encoding in ENCODINGS:
        rows = table_of(data, encoding)
        for name in names:
            found = measured(data, rows, name, 1 if name == FOREST else repeats)
            for what, seconds in found.items():
                share = seconds / found[PERMUTED]
                most = {AUDITED: AUDIT_AT_MOST.get(name), EVERYTHING: 1.0}.get(what)
                target = held(share, most, f"≤ {most} ×")
                if what == FUZZED and name == LR:
                    target = held(seconds, 1.4, "≤ 1.4 s")
                out.append((encoding, name, what, f"{seconds:.2f}", f"{share:.2f}", target))
                print(*out[-1], sep=" | ", flush=True)
    return out


def fuzzing(data: Dataset, names: list[str]) -> Rows:
    """Compare fuzzing's own work with the model's time for the rows that it asks about."""
    from workbench.case.asking.variations import variations_of
    from workbench.methods.fuzzing.propagation import fit_equations, set_levels

    target = wb.UnlearningTarget.features(data.features)
    rows = table_of(data, ENCODINGS[0])
    features = rows[list(data.features)]
    out: Rows = []
    for name in names:
        model = fitted(rows, data, MODELS[name]())
        inside = 0.0

        def ask(asked: pd.DataFrame, model: Pipeline = model) -> Any:
            nonlocal inside
            started = processor()
            scores = model.predict_proba(asked)[:, 1]
            inside += processor() - started
            return scores

        box = wb.BlackBoxModel(ask, data.features, output="probability")
        budget = wb.Budget()
        case = wb.AuditCase(rows, box, data.graph, outcome=data.outcome).counted_in(budget)
        varied = variations_of(case, list(data.features), np.arange(case.n_rows), None, 0)
        started = processor()
        equations = fit_equations(case, case.features, keep=set_levels(varied))
        fitting, inside, started = processor() - started, 0.0, processor()
        wb.fuzzed_effects(case, target, equations=equations)
        own, asked = processor() - started - inside, budget.spent
        pace = features.iloc[np.arange(min(asked, 200_000)) % len(features)].reset_index(drop=True)
        bare = least(lambda model=model, pace=pace: model.predict_proba(pace), 2)  # type: ignore[misc]
        bare *= asked / len(pace)
        out.append(
            (
                name,
                f"{asked:,}",
                f"{bare:.2f}",
                f"{inside:.2f}",
                f"{own:.2f}",
                f"{1e6 * own / asked:.2f}",
                f"{own / bare:.0%}",
                f"{fitting:.2f}",
                held(own / bare, OWN_AT_MOST.get(name), f"≤ {OWN_AT_MOST.get(name, 0):.0%}"),
            )
        )
    return out


def one_audit(name: str, feature: str, baselines: bool) -> None:
    """Audit one feature in a process of its own: seconds, memory held before, memory at the peak.

    Also run by older code, so it uses only what that has.
    """
    data = load()
    rows = table_of(data, ENCODINGS[0])
    model = fitted(rows, data, MODELS[name]())
    case = wb.AuditCase(data=rows, model=model, graph=data.graph, outcome=data.outcome)
    methods = {}
    if not baselines:
        causal = ["cafe", "fuzzing"]
        methods = {"methods": ["debiased", *causal] if hasattr(wb, "debiased_effects") else causal}
    target = wb.UnlearningTarget.feature(feature)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, processor()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wb.audit(case, target, progress=lambda *_: None, **methods)
    print(processor() - started, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def in_child(code: Path, name: str, feature: str, baselines: bool) -> tuple[float, float, float]:
    """Run :func:`one_audit` on some version of the code; memory in GB."""
    unit = 1024**3 if sys.platform == "darwin" else 1024**2
    options = [name, feature, "all" if baselines else "causal"]
    child = subprocess.run(
        [sys.executable, __file__, "--audit", *options],
        env=os.environ | {"PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, before, peak = (float(word) for word in child.stdout.split()[-3:])
    return seconds, before / unit, peak / unit


def compile_as_installed(folder: str, *codes: Path | None) -> None:
    """Compile both versions for the processes that follow, as pip does when it installs."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "compiled"))
    for code in filter(None, codes):
        subprocess.run([sys.executable, "-m", "compileall", "-q", code / "workbench"], check=True)


def beside_older_code(older: Path | None, names: list[str], repeats: int) -> Rows:
    """Time whole audits by turns on this code and on older code."""
    out: Rows = []
    for name, feature, baselines in (
        (LR, "sex", True),
        (LR, "age", True),
        (FOREST, "sex", True),
        (LR, "sex", False),
        (LR, "age", False),
    ):
        if name not in names:
            continue
        ours, theirs = [], []
        for _ in range(1 if name == FOREST else repeats):
            if older is not None:
                theirs.append(in_child(older, name, feature, baselines)[0])
            ours.append(in_child(HERE.parent, name, feature, baselines))
        seconds = min(one[0] for one in ours)
        _, before, peak = max(ours, key=lambda one: one[2] - one[1])
        share = seconds / min(theirs) if theirs else float("nan")
        most, what = (0.5, "≤ 50 %") if baselines else (1.0, "≤ 100 %")
        target = held(share, most, what) if theirs else "older code not in this clone"
        if theirs and not baselines:
            target += "; " + held(share, 1.5, "≤ 150 %")
        out.append(
            (
                name,
                feature,
                "with baselines" if baselines else "causal methods and profile",
                f"{min(theirs):.2f}" if theirs else "",
                f"{seconds:.2f}",
                f"{share:.0%}" if theirs else "",
                target,
                f"{peak - before:.2f} (held {before:.2f})",
            )
        )
        print(*out[-1], sep=" | ", flush=True)
    return out


def packages(data: Dataset) -> Rows:
    """Time the other packages on one total effect, where they are installed."""
    from other_packages import PACKAGES, Question

    rows = table_of(data, ENCODINGS[1])
    features = rows[list(data.features)]
    scores = fitted(rows, data, MODELS[LR]()).predict_proba(features)[:, 1]
    edges = [(a, b) for a, b in data.graph.edges if {a, b} <= set(data.features)]
    question = Question(
        features.assign(score=scores), edges, list(data.features), "sex", 0.0, 1.0, []
    )
    modules = {"DoWhy gcm": "dowhy", "DoubleML": "doubleml", "EconML LinearDML": "econml"}
    out: Rows = []
    for name, estimate in PACKAGES.items():
        there = importlib.util.find_spec(modules[name]) is not None
        cell = f"{least(lambda e=estimate: e(question), 1):.2f}" if there else "not installed"  # type: ignore[misc]
        out.append((name, cell))
    return out


def table(heads: tuple[str, ...], rows: Rows) -> str:
    """Write a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def older_code(commit: str, folder: str) -> Path | None:
    """Check older code out beside this one; None where the clone does not have it."""
    run = ["git", "-C", str(HERE.parent), "archive", commit, "workbench"]
    packed = subprocess.run(run, capture_output=True, check=False)
    if packed.returncode:
        return None
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return Path(folder)


def main() -> None:
    """Run the benchmark, print its tables and write its results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one model; writes no results")
    parser.add_argument("--before", default=BEFORE, help="the commit of older code")
    parser.add_argument("--audit", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.audit:
        one_audit(options.audit[0], options.audit[1], options.audit[2] == "all")
        return
    started = processor()
    warnings.simplefilter("ignore")
    data = load()
    names, repeats = ([LR], 1) if options.quick else (list(MODELS), 2)
    # First, while this process is small: Linux counts the parent's memory as the child's own.
    with tempfile.TemporaryDirectory() as folder:
        older = older_code(options.before, folder)
        compile_as_installed(folder, HERE.parent, older)
        whole = beside_older_code(older, names, repeats)
    times = beside_permutation(data, names, repeats)
    own = fuzzing(data, [name for name in names if name in OWN_AT_MOST])
    others = packages(data)
    text = "\n".join(
        [
            "# Speed on Adult\n",
            f"`python benchmarks/speed.py`: {len(data.data):,} rows, {len(data.features)} "
            "features. Processor seconds on one thread, the least of several runs within this one.",
            "",
            "## What a user gets, beside permutation importance\n",
            table(("columns", "model", "what", "seconds", "permutations", "target"), times),
            "",
            f"## Whole audits, beside the code of commit {options.before}\n",
            "By turns, each in a process of its own, compiled as an installation is, after the "
            "model was trained. The older code has no debiased estimate, no profile and no verdict "
            "over levels and people.",
            "",
            table(WHOLE, whole),
            "",
            "## Fuzzing of all 12 features: its own work\n",
            table(OWN, own),
            "",
            "## Other packages: total effect of sex from logged predictions, columns as numbers\n",
            table(("package", "seconds"), others),
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
