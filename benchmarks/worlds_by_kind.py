"""Every estimator on every kind of world: error, coverage, and how often a verdict is wrong.

The kinds are those of :mod:`kinds_of_worlds`. In each, models are trained on the audited rows or on
others, and the true effects on each model are simulated for the very contrast that is audited.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from fresh_kinds import FRESH
from held_out_kinds import HELD_OUT
from kinds_of_worlds import KINDS, Kind
from other_packages import PACKAGES, Question
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import workbench as wb
from workbench.checks.verdict import judge
from workbench.methods.effects import Effect, EffectTable

__all__ = [
    "ALL_KINDS",
    "ESTIMATORS",
    "MODELS",
    "beside_others",
    "by_kind",
    "by_model",
    "kinds_markdown",
    "known_truths",
    "measured",
    "overall",
    "seconds",
    "wrong_verdicts",
    "wrong_verdicts_by_kind",
]

ALL_KINDS: dict[str, Kind] = KINDS | HELD_OUT | FRESH
MEMORISING = ("deep tree", "nearest row")

TRUTH_ROWS = 100_000
THRESHOLDS = (0.7, 0.85, 0.95, 1.05, 1.15, 1.3)
"""τ as multiples of the largest true effect."""
BESIDE = (0.95, 1.05)
ALPHA = 0.05


def _filled(*steps: Any) -> Any:
    return make_pipeline(SimpleImputer(), *steps)


MODELS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: _filled(StandardScaler(), LogisticRegression()),
    "random forest": lambda: _filled(
        RandomForestClassifier(30, min_samples_leaf=10, random_state=0)
    ),
    "boosting": lambda: HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, random_state=0
    ),
    "network": lambda: _filled(
        StandardScaler(), MLPClassifier((16,), max_iter=60, tol=1e-3, random_state=0)
    ),
    # These know their training rows by heart.
    "deep tree": lambda: _filled(DecisionTreeClassifier(random_state=0)),
    "nearest row": lambda: _filled(StandardScaler(), KNeighborsClassifier(1)),
}
ESTIMATORS: dict[str, Callable[..., EffectTable]] = {
    "CAFÉ": wb.cafe_effects,
    "fuzzing": wb.fuzzed_effects,
    "debiased": wb.debiased_effects,
    # As if only the predictions had been logged: nothing is asked, direct effects neither.
    "debiased, logged": partial(wb.debiased_effects, ask=False),
}
JUDGED = ("debiased", "debiased, logged")
"""Estimators whose verdicts are taken."""
Record = dict[str, Any]
Truths = dict[tuple[Any, ...], dict[str, tuple[float, float]]]


def measured(
    kinds: Sequence[str],
    rows: int,
    seeds: Sequence[int],
    models: Sequence[str],
    *,
    fresh: bool,
    compare: bool = False,
    estimators: Sequence[str] = tuple(ESTIMATORS),
    known: Truths | None = None,
) -> Iterator[Record]:
    """Yield one record per world, model, feature, estimator and effect.

    Parameters
    ----------
    fresh : bool
        Whether the models are trained on other rows than the audited ones.
    compare : bool
        Whether the packages of :mod:`other_packages` are asked too.
    estimators : sequence of str
        Which of this workbench's estimators are asked.
    known : dict, optional
        True effects that were simulated before, by world, model and feature; see
        :func:`known_truths`. Those of the first world of every kind are simulated again, and must
        agree.
    """
    for name in kinds:
        kind = ALL_KINDS[name]
        for seed in seeds:
            key = zlib.crc32(f"{name} {seed} {rows}".encode())
            data = kind.frame(key, rows)
            training = kind.frame(key + 1, rows) if fresh else data
            features = [column for column in data if column != "y"]
            for model in models:
                fitted = MODELS[model]().fit(training[features], training["y"])
                box = wb.BlackBoxModel.from_estimator(fitted)
                graph = wb.CausalGraph(list(kind.edges))
                case = wb.AuditCase(
                    data=data, model=box, graph=graph, outcome="y", features=features
                )
                about = {"kind": name, "rows": rows, "seed": seed, "model": model, "fresh": fresh}
                world = tuple(about.values())
                check = seed == seeds[0] and model == models[0]
                for record in _features(kind, case, seed, compare, estimators, world, known, check):
                    yield about | record


def known_truths(records: pd.DataFrame) -> Truths:
    """Look up the true effects that records of earlier runs hold, by world, model and feature."""
    world = ["kind", "rows", "seed", "model", "fresh", "feature"]
    found: Truths = {}
    own = records.drop_duplicates([*world, "effect"])
    for *key, effect, value, error in own[[*world, "effect", "truth", "truth_se"]].to_numpy():
        found.setdefault(tuple(key), {})[effect] = (value, error)
    return found


def _truth(
    kind: Kind, case: wb.AuditCase, seed: int, feature: str, low: float, high: float, mediated: bool
) -> dict[str, tuple[float, float]]:
    """Simulate a feature's effects: each with the standard error of the simulation."""
    whole = kind.frame(seed, TRUTH_ROWS)[list(case.reads)]
    direct = _score(case, whole.assign(**{feature: high}))
    direct = direct - _score(case, whole.assign(**{feature: low}))
    total = direct
    if mediated:
        after, before = (
            _score(case, kind.frame(seed, TRUTH_ROWS, {feature: level})[list(case.reads)])
            for level in (high, low)
        )
        total = after - before
    effects = {"total": total, "direct": direct, "indirect": total - direct}
    root = np.sqrt(TRUTH_ROWS)
    return {name: (float(v.mean()), float(v.std() / root)) for name, v in effects.items()}


def _features(
    kind: Kind,
    case: wb.AuditCase,
    seed: int,
    compare: bool,
    estimators: Sequence[str],
    world: tuple[Any, ...],
    known: Truths | None,
    check: bool,
) -> Iterator[Record]:
    asked = [(f, levels, True) for f, levels in kind.contrasts.items()]
    asked += [(f, levels, False) for f, levels in kind.without.items()]
    for feature, (low, high), mediated in asked:
        before = (known or {}).get((*world, feature))
        truth = before or {}
        if before is None or check:
            truth = _truth(kind, case, seed, feature, low, high, mediated)
        if before and any(abs(before[e][0] - value) > 1e-5 for e, (value, _) in truth.items()):
            raise ValueError(f"The stored truth of {world} is another; run without --known-truths.")
        for name in estimators:
            started = time.process_time()
            table = ESTIMATORS[name](
                case,
                wb.UnlearningTarget.feature(feature),
                intervention=wb.Contrast(low, high),
                seed=seed,
            )
            spent = time.process_time() - started
            entry = table[feature]
            about = {"feature": feature, "mediated": mediated, "estimator": name, "seconds": spent}
            about |= {"ratio": np.nan if entry.form is None else entry.form.ratio}
            about |= _decisions(table, truth) if name in JUDGED and mediated else {}
            for effect, true in truth.items():
                yield about | _record(getattr(entry, effect), effect, true)
        # None of the packages takes rows with gaps.
        if compare and mediated and not case.data.isna().to_numpy().any():
            question = _question(kind, case, feature, low, high)
            for name, answer in PACKAGES.items():
                value, error = answer(question)
                found = Effect(value, np.array([error]))
                about = {"feature": feature, "mediated": True, "estimator": name, "ratio": np.nan}
                yield about | _record(found, "total", truth["total"])


def _question(kind: Kind, case: wb.AuditCase, feature: str, low: float, high: float) -> Question:
    rows = case.data.drop(columns="y").assign(score=case.predictions)
    given = [cause for cause, node in kind.edges if node == feature]
    edges = [edge for edge in kind.edges if set(edge) <= set(rows)]
    return Question(rows, edges, list(case.reads), feature, low, high, given)


def _score(case: wb.AuditCase, rows: pd.DataFrame) -> np.ndarray:
    return case.model.predict(rows)


def _record(found: Effect, effect: str, truth: tuple[float, float]) -> Record:
    return {
        "effect": effect,
        "truth": truth[0],
        "truth_se": truth[1],
        "estimate": found.value,
        "standard_error": found.standard_error,
    }


def _decisions(table: EffectTable, truth: dict[str, tuple[float, float]]) -> Record:
    """Judge at thresholds around the largest true effect."""
    largest = max(abs(value) for value, _ in truth.values())
    return {
        f"at {share}": judge(table, threshold=share * largest, alpha=ALPHA).decision
        for share in THRESHOLDS
        if largest > 0
    }


def _errors(records: pd.DataFrame) -> pd.DataFrame:
    """Add each estimate's error, in its unit and in standard errors."""
    error = records.estimate - records.truth
    spread = np.hypot(records.standard_error, records.truth_se)
    scaled = (error.abs() / spread.where(spread > 0)).fillna(0.0)
    # A package that gives no standard error has no interval that could hold or miss the truth.
    scaled = scaled.where(records.standard_error.notna())
    covered = (scaled <= 1.96).astype(float).where(scaled.notna())
    return records.assign(error=error, scaled=scaled, covered=covered)


def _summary(records: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    grouped = _errors(records).groupby(by, sort=False)
    return pd.DataFrame(
        {
            "effects": grouped.size(),
            "RMSE": grouped.error.agg(lambda e: np.sqrt(np.mean(e**2))),
            "RMS of the effect": grouped.truth.agg(lambda t: np.sqrt(np.mean(t**2))),
            "95 % coverage": grouped.covered.mean(),
            "largest error in standard errors": grouped.scaled.max(),
        }
    )


def _estimated(records: pd.DataFrame, mediated: bool) -> pd.DataFrame:
    chosen = records[(records.mediated == mediated) & (records.effect != "direct")]
    return chosen if mediated else chosen[chosen.effect == "total"]


def _own(records: pd.DataFrame) -> pd.DataFrame:
    """Keep this workbench's estimators; other packages have totals alone."""
    return records[records.estimator.isin(list(ESTIMATORS))]


def _fair(records: pd.DataFrame) -> pd.DataFrame:
    return records[records.kind.map(lambda name: ALL_KINDS[name].fair)]


def _usual(records: pd.DataFrame) -> pd.DataFrame:
    return records[~records.model.isin(MEMORISING)]


def by_kind(records: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Total and indirect effects of features with mediators, by kind and estimator."""
    chosen = _own(_usual(_estimated(records, True)))
    return _summary(chosen[chosen["rows"] == rows], ["kind", "estimator"])


def overall(records: pd.DataFrame) -> pd.DataFrame:
    """The same over the kinds where graph and overlap are right; without mediators apart."""
    fair = _own(_usual(_fair(records)))
    said = {**dict.fromkeys(HELD_OUT, "held out"), **dict.fromkeys(FRESH, "fresh")}
    fair = fair.assign(kinds=fair.kind.map(lambda kind: said.get(kind, "looked at")))
    parts = [
        _estimated(fair, mediated).assign(
            features="with mediators" if mediated else "without mediators"
        )
        for mediated in (True, False)
    ]
    order = ["features", "rows", "kinds", "estimator"]
    return _summary(pd.concat(parts).sort_values("rows", kind="stable"), order)


def by_model(records: pd.DataFrame) -> pd.DataFrame:
    """The same by model, and by whether it was trained on the audited rows."""
    fair = _own(_estimated(_fair(records), True))
    fair = fair.assign(**{"trained on": np.where(fair.fresh, "other rows", "the audited rows")})
    return _summary(fair[fair["rows"] == 4_000], ["model", "trained on", "estimator"])


def beside_others(records: pd.DataFrame) -> pd.DataFrame:
    """Totals of features with mediators on those worlds that every package was asked about."""
    totals = _fair(records)[lambda r: (r.effect == "total") & r.mediated & ~r.fresh]
    world = ["kind", "rows", "seed", "model", "feature"]
    asked = totals[totals.estimator.isin(list(PACKAGES))][world].drop_duplicates()
    return _summary(totals.merge(asked, on=world), ["rows", "estimator"])


def _judged(records: pd.DataFrame) -> pd.DataFrame:
    """Keep one record per audit of a feature with mediators."""
    judged = records[records.estimator.isin(JUDGED) & (records.effect == "total")]
    return _usual(_fair(judged[judged.mediated]))


def _wrong(judged: pd.DataFrame, share: float) -> pd.Series[Any]:
    """Count the audits at one τ, those firmly wrong and those right."""
    decisions = judged[f"at {share}"].dropna()
    wrong, right = ("below", "above") if share < 1 else ("above", "below")
    return pd.Series(
        {
            "audits": len(decisions),
            "wrong": float((decisions == wrong).mean()),
            "right": float((decisions == right).mean()),
        }
    )


def wrong_verdicts(records: pd.DataFrame) -> pd.DataFrame:
    """Share of audits with a wrong firm decision about a feature with mediators, by τ."""
    return pd.DataFrame(
        [
            {"estimator": name, "τ / truth": share, **_wrong(judged, share)}
            for name, judged in _judged(records).groupby("estimator", sort=False)
            for share in THRESHOLDS
        ]
    ).astype({"audits": int})


def wrong_verdicts_by_kind(records: pd.DataFrame) -> pd.DataFrame:
    """Count the debiased estimate's wrong firm decisions just beside the truth, by kind."""
    judged = _judged(records)
    lines = []
    for kind, audits in judged[judged.estimator == "debiased"].groupby("kind", sort=False):
        line: Record = {"kind": kind}
        for share in BESIDE:
            found = _wrong(audits, share)
            line |= {f"audits at {share}": int(found.audits)}
            line |= {f"wrong at {share}": round(found.wrong * found.audits)}
        lines.append(line)
    return pd.DataFrame(lines)


def seconds(records: pd.DataFrame) -> pd.DataFrame:
    """Processor seconds of one feature with mediators, where two estimators met one world."""
    taken = records[records.mediated & (records.effect == "total") & records.seconds.notna()]
    world = [*("kind", "rows", "seed", "model", "fresh"), "feature"]
    both = taken.groupby(world).estimator.transform("nunique") > 1
    grouped = taken[both].groupby(["rows", "estimator"], sort=False).seconds
    return pd.DataFrame(
        {
            "features": grouped.size(),
            "mean seconds": grouped.mean(),
            "median": grouped.median(),
            "largest": grouped.max(),
        }
    )


def kinds_markdown(table: pd.DataFrame) -> str:
    """Write a summary as a Markdown table."""
    flat = table.reset_index() if table.index.names[0] else table
    lines = ["| " + " | ".join(map(str, flat.columns)) + " |", "| --- " * flat.shape[1] + "|"]
    for row in flat.to_dict("records"):
        lines.append("| " + " | ".join(_cell(k, v) for k, v in row.items()) + " |")
    return "\n".join(lines)


def _cell(column: str, value: Any) -> str:
    if isinstance(value, float):
        if np.isnan(value):
            return "none"
        if column in ("95 % coverage", "wrong", "right"):
            return f"{value:.1%}"
        return f"{value:.2f}" if column in ("τ / truth",) or value >= 1 else f"{value:.4f}"
    return str(value)
