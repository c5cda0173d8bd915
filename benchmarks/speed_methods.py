"""Every method on Adult beside permutation importance, a part of ``speed.py``.

Run alone, it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from own_process import Taken, in_a_fork, least, processor
from sklearn.inspection import permutation_importance
from sklearn.pipeline import Pipeline
from speed_subjects import (
    ENCODINGS,
    FOREST,
    LR,
    MODELS,
    NETWORK,
    Rows,
    fitted,
    table_of,
    target_met,
)

import workbench as wb
from benchmarks.paper.efficiency import PAPER
from workbench.case.asking.variations import variations_of
from workbench.datasets import Dataset
from workbench.methods.baselines import fairness_metrics, fairtest_association, shap_importance
from workbench.methods.fuzzing.propagation import fit_equations, set_levels

__all__ = [
    "METHODS",
    "OWN",
    "TABLE_3",
    "Found",
    "as_rows",
    "fuzzing",
    "load_modules",
    "measured",
    "table_three",
]

AUDIT_AT_MOST = {LR: 3.0, FOREST: 6.0}
"""Permutations of all features that the default audit of one may take, without baselines."""
OWN_AT_MOST = {LR: 0.25, FOREST: 0.10}
"""Fuzzing's own work as a share of the bare model's time for the rows that it asks about."""
CAUSAL = ("debiased", "cafe", "fuzzing")
PERMUTED = "permutation importance, one repeat, 12 features"
AUDITED = "default audit of sex, no baselines"
EVERYTHING = "total effects of 12 features, debiased"
FUZZED = "fuzzing of sex, fit included"
EXPLAINED = "SHAP, as an audit runs it"
METHODS = ("columns", "model", "what", "seconds", "permutations", "peak above held, MB", "target")
FUZZING_TIMES = ("bare prediction, s", "in the model, s", "own work, s", "µs per row", "own / bare")
OWN = ("model", "rows asked", *FUZZING_TIMES, "fitting, s", "target")

THREE = (LR, FOREST, NETWORK)
"""The families of the paper's Table 3, in its order."""
ALL_ASSOCIATED = "FairTest of 12 features"
ALL_FUZZED = "fuzzing of 12 features"
AS_PAPER = "CAFÉ of 12 features, as in the paper"
BESIDE_PAPER = {
    "SHAP": EXPLAINED,
    "FairTest": ALL_ASSOCIATED,
    "permutation importance": PERMUTED,
    "fuzzing as in the paper": ALL_FUZZED,
    "CAFÉ as in the paper": AS_PAPER,
}
"""What is measured here for each row of the paper's table."""
TABLE_3 = ("what", *(f"{name}, {whose}, s" for name in THREE for whose in ("paper", "here")))
Found = dict[tuple[str, str, str], Taken]
"""By columns, model and what was done."""


def load_modules(data: Dataset) -> None:
    """Import what an audit imports, so that no row below carries another's first use."""
    rows = table_of(data, ENCODINGS[0])[:500]
    case = _case(data, rows, fitted(rows, data, MODELS[LR]()))
    wb.audit(case, wb.UnlearningTarget.feature("sex"), progress=lambda *_: None)


def measured(data: Dataset, names: list[str], repeats: int) -> Found:
    """Run what a user gets, each in a copy of a process that holds the trained model."""
    found: Found = {}
    for encoding in ENCODINGS:
        rows = table_of(data, encoding)
        for name in names:
            model = fitted(rows, data, MODELS[name]())
            actions = _actions(data, rows, model)
            if encoding == ENCODINGS[1] and name in THREE:
                actions |= _as_in_the_paper(data, rows, model)
            for what, act in actions.items():
                taken = in_a_fork(act, repeats)
                found[encoding, name, what] = taken
                print(encoding, name, what, f"{taken.seconds:.2f}", taken.above, sep=" | ")
    return found


def as_rows(found: Found) -> Rows:
    """Hold what a user gets by default against one shuffle of every feature."""
    out: Rows = []
    for (encoding, name, what), taken in found.items():
        if what in (ALL_ASSOCIATED, ALL_FUZZED, AS_PAPER):
            continue
        share = taken.seconds / found[encoding, name, PERMUTED].seconds
        most = {AUDITED: AUDIT_AT_MOST.get(name), EVERYTHING: 1.0}.get(what)
        target = target_met(share, most, f"≤ {most} ×")
        if what == FUZZED and name == LR:
            target = target_met(taken.seconds, 1.4, "≤ 1.4 s")
        if what == EXPLAINED:
            what += f" ({taken.answer:,} rows explained)"
        cells = (f"{taken.seconds:.2f}", f"{share:.2f}", taken.above, target)
        out.append((encoding, name, what, *cells))
    return out


def table_three(found: Found) -> Rows:
    """Put the paper's seconds for all features of Adult beside the same work here."""
    out: Rows = []
    for paper, what in BESIDE_PAPER.items():
        cells: list[str] = []
        for name, theirs in zip(THREE, PAPER[paper], strict=True):
            taken = found.get((ENCODINGS[1], name, what))
            cells += [f"{theirs:g}", "" if taken is None else f"{taken.seconds:.2f}"]
        out.append((what, *cells))
    return out


def _case(data: Dataset, rows: pd.DataFrame, box: Any) -> wb.AuditCase:
    return wb.AuditCase(rows, box, data.graph, outcome=data.outcome)


def _logged(data: Dataset, rows: pd.DataFrame, model: Pipeline) -> wb.AuditCase:
    scores = model.predict_proba(rows[list(data.features)])[:, 1]
    return _case(data, rows, wb.BlackBoxModel.from_predictions(scores, data.features))


def _actions(
    data: Dataset, rows: pd.DataFrame, model: Pipeline
) -> dict[str, Callable[[], int | None]]:
    features, y = rows[list(data.features)], rows[data.outcome]
    every, sex = wb.UnlearningTarget.features(data.features), wb.UnlearningTarget.feature("sex")
    asked, kept = _case(data, rows, model), _logged(data, rows, model)

    def again() -> wb.AuditCase:
        return asked.counted_in(wb.Budget())  # no answer is remembered from another estimate

    def of_logged(basis: Any) -> None:
        wb.cafe_effects(kept, every, basis=basis, direct="regression")

    def explained() -> int:
        return shap_importance(again(), sex).n_rows

    actions: dict[str, Callable[[], Any]] = {
        PERMUTED: lambda: permutation_importance(model, features, y, n_repeats=1, random_state=0),
        AUDITED: lambda: wb.audit(asked, sex, CAUSAL, progress=lambda *_: None),
        EVERYTHING: lambda: wb.debiased_effects(again(), every),
        "the same by CAFÉ, model asked": lambda: wb.cafe_effects(again(), every),
        "the same by CAFÉ, logged": lambda: of_logged("flexible"),
        "the same by CAFÉ, logged, linear": lambda: of_logged("linear"),
        FUZZED: lambda: wb.fuzzed_effects(again(), sex),
        "FairTest of sex, as an audit runs it": lambda: fairtest_association(again(), sex),
        "AIF360 metrics, as an audit runs them": lambda: fairness_metrics(again(), sex),
    }
    return {what: _unanswered(act) for what, act in actions.items()} | {EXPLAINED: explained}


def _unanswered(act: Callable[[], Any]) -> Callable[[], None]:
    """Run an action whose result nobody needs."""

    def run() -> None:
        act()

    return run


def _as_in_the_paper(
    data: Dataset, rows: pd.DataFrame, model: Pipeline
) -> dict[str, Callable[[], None]]:
    every = wb.UnlearningTarget.features(data.features)
    asked, kept = _case(data, rows, model), _logged(data, rows, model)

    def associate() -> None:
        fairtest_association(asked.counted_in(wb.Budget()), every)

    def fuzz() -> None:
        wb.fuzzed_effects(asked.counted_in(wb.Budget()), every)

    def regress() -> None:
        wb.cafe_effects(kept, every, basis="linear", direct="paper", adjustment="parents")

    return {ALL_ASSOCIATED: associate, ALL_FUZZED: fuzz, AS_PAPER: regress}


def fuzzing(data: Dataset, names: list[str]) -> Rows:
    """Compare fuzzing's own work with the model's time for the rows that it asks about."""
    target = wb.UnlearningTarget.features(data.features)
    rows = table_of(data, ENCODINGS[0])
    features = rows[list(data.features)]
    out: Rows = []
    for name in (name for name in names if name in OWN_AT_MOST):
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
        case = _case(data, rows, box).counted_in(budget)
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
                target_met(own / bare, OWN_AT_MOST[name], f"≤ {OWN_AT_MOST[name]:.0%}"),
            )
        )
    return out
