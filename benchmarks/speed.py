"""How fast the estimators are on Adult, beside permutation importance and the bare model.

One run measures everything, so that the ratios are of one machine under one load. Each time is the
least of several repeats. Writes ``results/speed.md``.

Run: ``python benchmarks/speed.py [--quick]``. Adult is read from the folder that
``CAFE_WORKBENCH_DATA`` names, else from ``../shared/data``, else fetched.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_info

import workbench as wb
from workbench.case.asking.variations import variations_of
from workbench.datasets import Dataset, adult
from workbench.methods.fuzzing.propagation import fit_equations

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SHARED = HERE.parent.parent / "shared" / "data"
Rows = list[tuple[str, ...]]

MODELS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: LogisticRegression(max_iter=300),
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "neural network": lambda: MLPClassifier(
        (16,), max_iter=5, tol=1e-2, n_iter_no_change=2, random_state=0
    ),
}
AT_LEAST = {
    ("linear", "logistic regression"): 5,
    ("linear", "random forest"): 100,
    ("flexible", "random forest"): 5,
}
"""How many times as fast as permutation importance CAFÉ is to be."""


def load() -> Dataset:
    """Return Adult, from the shared folder when there is one."""
    named = os.environ.get("CAFE_WORKBENCH_DATA")
    return adult(SHARED if not named and SHARED.is_dir() else None)


def pipeline(data: Dataset, estimator: Any) -> Pipeline:
    """Put the usual preprocessing before an estimator, and fit both."""
    rows = data.data[list(data.features)]
    numeric = list(rows.select_dtypes("number").columns)
    rest = [name for name in rows if name not in numeric]
    prepared = make_column_transformer(
        (StandardScaler(), numeric), (OneHotEncoder(handle_unknown="ignore"), rest)
    )
    return make_pipeline(prepared, estimator).fit(rows, data.data[data.outcome])


def least(action: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(repeats):
        gc.collect()
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def verdict(met: bool) -> str:
    """Say whether a target was met."""
    return "met" if met else "MISSED"


def estimators(
    data: Dataset, models: dict[str, Pipeline], repeats: int
) -> tuple[Rows, dict[str, float]]:
    """Time CAFÉ from logged predictions against permutation importance with one repeat."""
    rows, y = data.data[list(data.features)], data.data[data.outcome]
    target = wb.UnlearningTarget.features(data.features)
    out: Rows = []
    for name, model in models.items():
        logged = model.predict_proba(rows)[:, 1]
        runs = min(repeats, 2) if name == "random forest" else repeats

        def permute(model: Pipeline = model) -> None:
            permutation_importance(model, rows, y, n_repeats=1, random_state=0)

        def case_of(logged: Any = logged) -> wb.AuditCase:
            box = wb.BlackBoxModel.from_predictions(logged, data.features)
            return wb.AuditCase(data=data.data, model=box, graph=data.graph, outcome=data.outcome)

        permuted = least(permute, runs)
        out.append((name, "permutation_importance, one repeat", f"{permuted:.2f}", "1", "", ""))
        case = case_of()
        made = least(case_of, repeats)
        for basis in ("linear", "flexible"):

            def run(basis: Any = basis, case: wb.AuditCase = case) -> None:
                wb.cafe_effects(case, target, basis=basis, direct="regression").to_frame()

            seconds = least(run, repeats)
            ratio, whole = permuted / seconds, permuted / (seconds + made)
            wanted = AT_LEAST.get((basis, name))
            out.append(
                (
                    name,
                    f"CAFÉ, {basis} basis, 12 features with intervals",
                    f"{seconds:.3f}",
                    f"{ratio:.1f}",
                    f"{whole:.1f}",
                    f"≥ {wanted}: {verdict(ratio >= wanted)}" if wanted else "",
                )
            )
    return out, {"case": made}


def fuzzing(data: Dataset, models: dict[str, Pipeline], repeats: int) -> Rows:
    """Compare fuzzing's own work with the model's time for the rows that it asks about."""
    target = wb.UnlearningTarget.features(data.features)
    frame = data.data[list(data.features)]
    out: Rows = []
    for name, model in models.items():
        budget = wb.Budget()
        case = wb.AuditCase(
            data=data.data, model=model, graph=data.graph, outcome=data.outcome
        ).counted_in(budget)
        everyone = np.arange(case.n_rows)
        varied = variations_of(case, list(data.features), everyone, None, 0)
        keep = {v.feature: v.levels for v in varied if not case.columns[v.feature].is_numeric}
        fitting = least(
            lambda case=case, keep=keep: fit_equations(case, case.features, keep=keep), 1
        )
        equations = fit_equations(case, case.features, keep=keep)
        found = []
        for _ in range(1 if name == "random forest" else repeats):
            rows, inside = budget.spent, budget.seconds
            started = time.perf_counter()
            wb.fuzzed_effects(case, target, equations=equations)
            total = time.perf_counter() - started
            found.append((total - (budget.seconds - inside), budget.seconds - inside))
            asked = budget.spent - rows
        own, inside = min(found)
        own_pace = 1e6 * own / asked
        # The model's own pace on as many rows, in tables of the size that fuzzing uses.
        pace = frame.iloc[np.arange(min(asked, 200_000)) % len(frame)].reset_index(drop=True)
        bare = least(lambda model=model, pace=pace: model.predict_proba(pace), 1 if asked else 0)
        bare *= asked / len(pace)
        out.append(
            (
                name,
                f"{asked:,}",
                f"{bare:.2f}",
                f"{inside:.2f}",
                f"{own:.2f}",
                f"{own_pace:.2f}",
                f"{1e6 * bare / asked:.2f}",
                f"{own / bare:.0%}",
                f"{(own + fitting) / bare:.0%}",
                f"{fitting:.2f}",
                f"≤ 25 %: {verdict(own <= 0.25 * bare)}; fit ≤ 5 s: {verdict(fitting <= 5)}",
            )
        )
    return out


def scaling(data: Dataset, sizes: list[int]) -> tuple[Rows, list[str]]:
    """Time CAFÉ from logged predictions on more and more resampled rows of Adult."""
    logged = pipeline(data, MODELS["logistic regression"]()).predict_proba(
        data.data[list(data.features)]
    )[:, 1]
    target = wb.UnlearningTarget.features(data.features)
    out: Rows = []
    seconds: dict[str, list[float]] = {"linear": [], "flexible": []}
    for size in sizes:
        drawn = np.random.default_rng(size).integers(0, len(logged), size)
        rows = data.data.iloc[drawn].reset_index(drop=True)
        started = time.perf_counter()
        case = wb.AuditCase(
            data=rows,
            model=wb.BlackBoxModel.from_predictions(logged[drawn], data.features),
            graph=data.graph,
            outcome=data.outcome,
        )
        made = time.perf_counter() - started
        for basis, times in seconds.items():
            run = lambda: wb.cafe_effects(case, target, basis=basis, direct="regression")  # noqa: B023, E731
            times.append(least(run, 3 if basis == "linear" or size < 100_000 else 1))
        out.append((f"{size:,}", f"{made:.2f}", *(f"{t[-1]:.2f}" for t in seconds.values())))
    slopes = []
    for basis, times in seconds.items():
        slope = np.polyfit(np.log(sizes), np.log(times), 1)[0]
        last = np.log(times[-1] / times[-2]) / np.log(sizes[-1] / sizes[-2])
        slopes.append(
            f"- {basis} basis: log-log slope {slope:.2f} over all sizes, {last:.2f} between the "
            f"largest two; about linear (≤ 1.1 over all): {verdict(slope <= 1.1)}"
        )
    return out, slopes


def one_audit(name: str) -> None:
    """Run CAFÉ and fuzzing of one model on Adult; the child process whose memory is measured."""
    data = load()
    model = pipeline(data, MODELS[name]())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    case = wb.AuditCase(data=data.data, model=model, graph=data.graph, outcome=data.outcome)
    target = wb.UnlearningTarget.features(data.features)
    wb.cafe_effects(case, target)
    wb.fuzzed_effects(case, target)
    print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def memory(names: list[str]) -> Rows:
    """Peak memory of a process that trains a model and audits all 12 features both ways."""
    unit = 1024**3 if sys.platform == "darwin" else 1024**2
    out: Rows = []
    for name in names:
        child = subprocess.run(
            [sys.executable, __file__, "--audit", name], capture_output=True, text=True, check=True
        )
        trained, peak = (int(word) / unit for word in child.stdout.split())
        out.append((name, f"{trained:.2f}", f"{peak:.2f}", f"< 1.5 GB: {verdict(peak < 1.5)}"))
    return out


def table(heads: tuple[str, ...], rows: Rows) -> str:
    """Write a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Run the benchmark, print its tables and write its results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no forest; writes no results")
    parser.add_argument("--audit", choices=list(MODELS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.audit:
        one_audit(options.audit)
        return
    started = time.perf_counter()
    data = load()
    names = [n for n in MODELS if not (options.quick and n == "random forest")]
    # First, while this process is small: Linux counts the parent's memory as the child's own.
    used = memory(["logistic regression"] if options.quick else names)
    models = {name: pipeline(data, MODELS[name]()) for name in names}
    repeats = 2 if options.quick else 3
    times, extra = estimators(data, models, repeats)
    fuzzed = fuzzing(data, models, repeats)
    sizes = [10_000, 30_000, 100_000] if options.quick else [10_000, 100_000, 1_000_000]
    scaled, slopes = scaling(data, sizes)
    pools = ", ".join(f"{p['internal_api']} × {p['num_threads']}" for p in threadpool_info())
    text = "\n".join(
        [
            "# Speed on Adult",
            "",
            f"{len(data.data):,} rows, {len(data.features)} features, models behind a "
            "ColumnTransformer (one-hot, scaler). Seconds are the least of several runs within "
            "this one.",
            "",
            "## CAFÉ from logged predictions",
            "",
            table(
                ("model", "what", "seconds", "times as fast", "with making the case", "target"),
                times,
            ),
            "",
            f"Making the case (checking and encoding the table, once per audit): "
            f"{extra['case']:.2f} s.",
            "",
            "## Fuzzing all 12 features",
            "",
            table(
                (
                    "model",
                    "rows asked",
                    "bare prediction, s",
                    "in the model, s",
                    "own work, s",
                    "own work, µs per row",
                    "bare, µs per row",
                    "own work / bare",
                    "with fitting",
                    "fitting the equations, s",
                    "target",
                ),
                fuzzed,
            ),
            "",
            "Own work is all but the model: carrying changes through the graph, building the "
            "tables of questions, intervals. Per row it costs the same for any model, so "
            "its share is large beside a model that answers a row in a microsecond or two, and "
            "small beside one that thinks longer. The equations are fitted once per audit and can "
            "be shared between calls (`equations=`).",
            "",
            "## Growth with the rows (resampled Adult, logged predictions)",
            "",
            table(("rows", "making the case, s", "linear basis, s", "flexible basis, s"), scaled),
            "",
            *slopes,
            "",
            "## Peak memory of one process: training, CAFÉ and fuzzing",
            "",
            table(("model", "after training, GB", "peak, GB", "target"), used),
            "",
            f"Python {platform.python_version()}, numpy {np.__version__}, pandas "
            f"{pd.__version__}, scikit-learn {sklearn.__version__}; thread pools: {pools}; "
            f"{os.cpu_count()} CPUs; {time.perf_counter() - started:.0f} s.",
            "",
        ]
    )
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "speed.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
