"""How far the estimators are from the truth in nonlinear worlds.

Each world is a random causal graph over six features with tanh and quadratic equations,
interactions and binary nodes. Three models are trained on its rows; the true effects on each are
found by simulating the true equations on fresh rows, for the very contrast that the estimators
used. Writes ``results/nonlinear_worlds.md`` and ``.csv``.

With ``--kinds`` the worlds are those of :mod:`kinds_of_worlds` instead, which no estimator was made
for: ``results/kinds_of_worlds.md`` and ``.csv``.

Run: ``python benchmarks/nonlinear_worlds.py [--quick]``, or
``python benchmarks/nonlinear_worlds.py --kinds [--compare] [--steps 0,3] [--only debiased]``
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import sklearn
from fresh_kinds import FRESH
from held_out_kinds import HELD_OUT
from kinds_of_worlds import KINDS
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from worlds_by_kind import (
    beside_others,
    by_kind,
    by_model,
    kinds_markdown,
    known_truths,
    measured,
    overall,
    seconds,
    wrong_verdicts,
    wrong_verdicts_by_kind,
)

import workbench as wb
from workbench.case.intervention import vary
from workbench.datasets import SampleWorld, random_world
from workbench.methods.effects import EffectTable

RESULTS = Path(__file__).parent / "results"
ROWS = 10_000
"""Rows of each world, on which the model is trained and the audit is run."""
TRUTH_ROWS = 40_000
"""Fresh rows on which the true equations are simulated: standard errors of about 0.0007."""
TARGETS = {"total": 0.015, "direct": 0.002, "indirect": 0.015}
"""Largest RMSE of the debiased estimate."""
EFFECTS = tuple(TARGETS)

MODELS: dict[str, Callable[[], object]] = {
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    # Grown to the last row, a forest knows its training rows by heart: its logged predictions on
    # them then differ from what it would say of new rows, which no adjustment can undo.
    "random forest": lambda: RandomForestClassifier(30, min_samples_leaf=10, random_state=0),
    "neural network": lambda: make_pipeline(
        StandardScaler(), MLPClassifier((16,), max_iter=60, tol=1e-3, random_state=0)
    ),
}

ESTIMATORS: dict[str, Callable[[wb.AuditCase, wb.UnlearningTarget], EffectTable]] = {
    "CAFÉ (default)": wb.cafe_effects,
    "CAFÉ from logged predictions": lambda case, target: wb.cafe_effects(
        case, target, direct="regression"
    ),
    "CAFÉ as in the paper": lambda case, target: wb.cafe_effects(
        case, target, basis="linear", direct="paper", adjustment="parents"
    ),
    "fuzzing": wb.fuzzed_effects,
    "debiased": wb.debiased_effects,
}


def truths(
    world: SampleWorld, case: wb.AuditCase, rows: int
) -> Iterator[tuple[str, wb.datasets.Truth]]:
    """Yield each feature's true effects for its default contrast."""
    everyone = np.arange(case.n_rows)
    for feature in world.features:
        column = case.columns[feature]
        variation = vary(column, None, everyone, predictions=case.predictions)
        low, high = (
            column.decode(values[:1])[0] for values in (variation.before, variation.after[0])
        )
        yield feature, world.truth(case.model, feature, low, high, n=rows)


def one_world(seed: int, rows: int, truth_rows: int) -> Iterator[dict[str, object]]:
    """Yield one record per model, estimator, feature and effect."""
    world = random_world(seed, n=rows)
    names = list(world.features)
    for model_name, make in MODELS.items():
        model = make().fit(world.data[names], world.data[world.outcome])
        case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
        target = wb.UnlearningTarget.features(names)
        tables = {name: estimate(case, target) for name, estimate in ESTIMATORS.items()}
        for feature, truth in truths(world, case, truth_rows):
            for name, table in tables.items():
                for effect in EFFECTS:
                    estimate = getattr(table[feature], effect)
                    yield {
                        "world": seed,
                        "model": model_name,
                        "estimator": name,
                        "feature": feature,
                        "mediated": bool(case.carriers(feature)),
                        "effect": effect,
                        "truth": getattr(truth, effect),
                        "truth_se": getattr(truth, "se" if effect == "total" else f"{effect}_se"),
                        "estimate": estimate.value,
                        "standard_error": estimate.standard_error,
                    }


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """RMSE, largest error and coverage by effect, estimator and whether there are mediators."""
    table = records.assign(
        error=records.estimate - records.truth,
        # The simulated truth has an error of its own.
        spread=np.hypot(records.standard_error, records.truth_se),
    )
    covered = (table.error.abs() <= 1.96 * table.spread).astype(float)
    # An effect that is zero by construction has no interval that could miss.
    table["covered"] = covered.mask((table.standard_error == 0) & (table.error == 0))
    grouped = table.groupby(["effect", "mediated", "estimator"], sort=False)
    out = pd.DataFrame(
        {
            "RMSE": grouped.error.agg(lambda e: np.sqrt(np.mean(e**2))),
            "largest error": grouped.error.agg(lambda e: e.abs().max()),
            "RMS of the effect": grouped.truth.agg(lambda t: np.sqrt(np.mean(t**2))),
            "95 % coverage": grouped.covered.mean(),
        }
    )
    for model in MODELS:
        part = table[table.model == model].groupby(["effect", "mediated", "estimator"], sort=False)
        out[f"RMSE, {model}"] = part.error.agg(lambda e: np.sqrt(np.mean(e**2)))
    order = [
        (effect, mediated, name)
        for effect in EFFECTS
        for mediated in (True, False)
        for name in ESTIMATORS
    ]
    return out.loc[[row for row in order if row in out.index]]


def markdown(table: pd.DataFrame) -> str:
    """Write the summary as a Markdown table."""
    heads = ["effect", "features", "estimator", *table.columns]
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    for (effect, mediated, name), row in table.iterrows():
        which = "with mediators" if mediated else "without mediators"
        cells = [f"{v:.1%}" if k == "95 % coverage" else f"{v:.4f}" for k, v in row.items()]
        # Nothing to estimate, so no interval that could miss.
        cells = ["none" if cell == "nan%" else cell for cell in cells]
        lines.append("| " + " | ".join([effect, which, name, *cells]) + " |")
    return "\n".join(lines)


def verdicts(table: pd.DataFrame) -> list[str]:
    """Say of each target whether the debiased estimate met it, on features with mediators."""
    lines = []
    for effect, most in TARGETS.items():
        rmse = table.loc[(effect, True, "debiased"), "RMSE"]
        met = "met" if rmse <= most else "MISSED"
        lines.append(f"- {effect}: RMSE {rmse:.4f}, target at most {most}: {met}")
    return lines


@dataclass(frozen=True)
class Step:
    """One part of the benchmark on kinds of worlds."""

    kinds: tuple[str, ...]
    rows: int
    seeds: int
    models: tuple[str, ...] = ("logistic regression", "random forest")
    fresh: bool = False
    compare: bool = False
    first: int = 0
    estimators: tuple[str, ...] = ("CAFÉ", "fuzzing", "debiased")


_LR = ("logistic regression",)
_EVERY_OTHER = tuple(KINDS)[::2]
_TWELVE_WORLDS = (
    "feature by confounder",
    "product of confounders",
    "steep model",
    "whole hours",
    "undrawn cause of flags",
    "two humps",
    "cut at zero",
    "many zeros",
    "gaps",
    "non monotone",
    "sign flips",
    "multiplicative",
)
"""Kinds in doubt: under 88 % or nearly, in four worlds here or in six others; and three more."""
PLAN = (
    Step(tuple(KINDS), 4_000, 4),
    Step(tuple(HELD_OUT), 4_000, 4),
    Step(tuple(KINDS), 10_000, 2, _LR),
    Step(tuple(KINDS), 1_000, 2, _LR),
    Step(tuple(KINDS), 300, 2, _LR),
    Step(_EVERY_OTHER, 4_000, 1, ("boosting", "network")),
    Step(_EVERY_OTHER, 4_000, 1, ("deep tree", "nearest row")),
    Step(_EVERY_OTHER, 4_000, 1, ("deep tree", "nearest row"), fresh=True),
    Step(_EVERY_OTHER, 50_000, 1, _LR),
    Step(_TWELVE_WORLDS, 4_000, 8, first=4),
    # Side by side, so that the seconds of the two can be compared.
    Step((*KINDS, *HELD_OUT), 4_000, 2, _LR, estimators=("debiased", "debiased, logged")),
    # Under 90 % in the worlds before: as many again.
    Step(("many zeros", "two humps"), 4_000, 12, first=12),
    Step(("multiplicative", "non monotone"), 4_000, 12, first=12),
    Step(tuple(FRESH), 4_000, 4),
    Step(tuple(FRESH), 1_000, 4, _LR),
    Step(tuple(FRESH), 300, 4, _LR),
)
"""What the stored results hold. With `--compare` the first step is small and asks others too."""
WORLD = ["kind", "rows", "seed", "model", "fresh"]


def run_kinds(options: argparse.Namespace) -> None:
    """Run the kinds of worlds step by step; what the file knows of other worlds is kept."""
    started = time.process_time()
    plan = (Step(tuple(KINDS), 4_000, 1, _LR, compare=True),) if options.compare else PLAN
    if options.quick:
        plan = (Step(tuple(KINDS)[:2], 1_000, 1, _LR, compare=options.compare),)
    file = RESULTS / "kinds_of_worlds.csv"
    known = known_truths(pd.read_csv(file)) if options.known_truths else None
    chosen = [int(place) for place in options.steps.split(",")] if options.steps else None
    for place, step in enumerate(plan):
        if chosen is not None and place not in chosen:
            continue
        records = []
        wanted = options.only.split("+") if options.only else step.estimators
        for kind in step.kinds:
            records += list(
                measured(
                    [kind],
                    step.rows,
                    range(step.first, step.first + step.seeds),
                    step.models,
                    fresh=step.fresh,
                    compare=step.compare,
                    estimators=wanted,
                    known=known,
                )
            )
            print(f"{place} {kind}: {time.process_time() - started:.0f} s", flush=True)
        frame = pd.DataFrame(records)
        if not options.quick:
            frame = _kept(frame)
            frame.round(6).to_csv(RESULTS / "kinds_of_worlds.csv", index=False)
        text = kinds_text(frame)
        if not options.quick:
            (RESULTS / "kinds_of_worlds.md").write_text(text, encoding="utf-8")
    print(text)


def _kept(frame: pd.DataFrame) -> pd.DataFrame:
    """Put new records in the place of those of the same worlds and estimators."""
    file = RESULTS / "kinds_of_worlds.csv"
    if not file.exists():
        return frame
    known = pd.read_csv(file)
    key = [*WORLD, "estimator"]
    again = known[key].merge(frame[key].drop_duplicates(), how="left", indicator=True)
    return pd.concat([known[(again["_merge"] == "left_only").to_numpy()], frame])


def kinds_text(frame: pd.DataFrame) -> str:
    """Write the results on kinds of worlds."""
    parts = {
        "Overall": overall(frame),
        "By model, 4,000 rows, features with mediators": by_model(frame),
        "Beside other packages, totals of features with mediators": beside_others(frame),
        "Wrong firm decisions of the debiased estimate's verdict (α = 5 %)": wrong_verdicts(frame),
        "Wrong firm decisions just beside the truth, by kind": wrong_verdicts_by_kind(frame),
        "Processor seconds of one feature with mediators": seconds(frame),
        "By kind, 4,000 rows, features with mediators": by_kind(frame, 4_000),
    }
    lines = [
        "# Kinds of worlds",
        "",
        "Made by `python benchmarks/nonlinear_worlds.py --kinds`, and the rows of other packages "
        "by `--kinds --compare`, which needs the extra `compare`. Total and indirect effects of "
        "features with mediators count together; of a feature without, the total is the model's "
        "own answer. Truth on 100,000 simulated rows. Units: probability. The overall figures "
        "leave out the kinds whose graph or overlap is wrong by design (poor overlap, missing "
        "edge), and models that know their training rows by heart, which have rows of their own. "
        "The fresh kinds were written before the correction was taken in two parts and run once "
        "after that; no rule was chosen on them. The kinds held out have been looked at more "
        "often: their intervals were made longer after two of them had been held in less than "
        "88 %, one constant was lowered after their first result (see `held_out_kinds.py`), and "
        "that two humps were worst among them is why the correction was worked on, in worlds of "
        "that sort with other equations. At 4,000 rows most kinds have four worlds; those in "
        "doubt, and three more, have twelve, some of them 24, so that the overall rows lean "
        "towards the hard ones. Measured by today's rules: the debiased estimate, where it may "
        "ask, and alone with logged predictions. Rows of CAFÉ, fuzzing and other packages are of "
        "earlier runs; at 1,000 rows CAFÉ and fuzzing were run again and gave the same. "
        '"debiased, logged" asks the model nothing, as if its predictions '
        "had been logged: two worlds of every kind but the fresh ones, logistic regression. "
        "Seconds are of an audit of one feature, equations included, on a busy machine.",
    ]
    for title, table in parts.items():
        if len(table):
            lines += ["", f"## {title}", "", kinds_markdown(table)]
    lines += [
        "",
        f"Models: {', '.join(sorted(frame.model.unique()))}. Python {platform.python_version()}, "
        f"numpy {np.__version__}, scikit-learn {sklearn.__version__}.",
        "",
    ]
    return "\n".join(lines)


def worlds_text(records: pd.DataFrame, worlds: int, truth_rows: int, seconds: float) -> str:
    """Write the results on random worlds."""
    table = summary(records)
    return "\n".join(
        [
            "# Nonlinear worlds",
            "",
            f"{worlds} worlds (`random_world`, seeds 0 to {worlds - 1}), 6 features, {ROWS:,} rows "
            f"each, 3 models, every feature with its default contrast; truth on {truth_rows:,} "
            f"fresh rows of the true equations. {len(records) // len(ESTIMATORS) // 3} effects of "
            "each kind. Units: probability.",
            "",
            markdown(table),
            "",
            *verdicts(table),
            "",
            f"Python {platform.python_version()}, numpy {np.__version__}, scipy "
            f"{scipy.__version__}, pandas {pd.__version__}, scikit-learn {sklearn.__version__}; "
            f"{seconds:.0f} processor seconds.",
            "",
        ]
    )


def main() -> None:
    """Run the benchmark, print its table and write its results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 worlds; writes no results")
    parser.add_argument("--worlds", type=int, default=12)
    parser.add_argument("--kinds", action="store_true", help="the kinds of worlds instead")
    parser.add_argument("--compare", action="store_true", help="other packages on the kinds")
    parser.add_argument("--steps", default="", help="of the plan of kinds, such as 0,3")
    parser.add_argument("--only", default="", help="estimators, such as debiased+fuzzing")
    parser.add_argument(
        "--known-truths",
        action="store_true",
        help="take the true effects that the results hold; the first of every kind is checked",
    )
    options = parser.parse_args()
    if options.kinds:
        run_kinds(options)
        return
    worlds = 2 if options.quick else options.worlds
    truth_rows = TRUTH_ROWS // 3 if options.quick else TRUTH_ROWS
    started = time.process_time()
    records = pd.DataFrame(
        [record for seed in range(worlds) for record in one_world(seed, ROWS, truth_rows)]
    )
    text = worlds_text(records, worlds, truth_rows, time.process_time() - started)
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "nonlinear_worlds.md").write_text(text, encoding="utf-8")
        records.round(6).to_csv(RESULTS / "nonlinear_worlds.csv", index=False)


if __name__ == "__main__":
    main()
