"""Every method once on one model, with the time it took, and the truth where it is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import workbench as wb
from benchmarks.paper.settings import SEED, Size
from benchmarks.paper.subjects import Subject
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import vary
from workbench.case.target import UnlearningTarget
from workbench.datasets import SampleWorld, Truth
from workbench.methods.baselines import Attribution, permutation_importance, shap_importance
from workbench.methods.baselines.fairtest import fairtest_association
from workbench.methods.effects import EffectTable
from workbench.methods.profile.profile import EffectProfile

__all__ = [
    "ATTRIBUTIONS",
    "CAUSAL",
    "LOGGED",
    "METHODS",
    "PROFILE",
    "Measured",
    "explained",
    "levels",
    "measure",
    "truths",
]

Estimate = Callable[[AuditCase, UnlearningTarget], EffectTable]

CAUSAL: Mapping[str, Estimate] = {
    "debiased": lambda case, target: wb.debiased_effects(case, target, seed=SEED),
    "CAFÉ": lambda case, target: wb.cafe_effects(case, target, seed=SEED),
    "CAFÉ from logged predictions": lambda case, target: wb.cafe_effects(
        case, target, direct="regression", seed=SEED
    ),
    "CAFÉ as in the paper": lambda case, target: wb.cafe_effects(
        case, target, direct="paper", basis="linear", adjustment="parents", seed=SEED
    ),
    "fuzzing": lambda case, target: wb.fuzzed_effects(case, target, seed=SEED),
    "fuzzing as in the paper": lambda case, target: wb.fuzzed_effects(
        case, target, residuals="drop", seed=SEED
    ),
}
ATTRIBUTIONS = ("SHAP", "permutation importance", "FairTest")
REPEATS = {"CAFÉ as in the paper": 3, "CAFÉ from logged predictions": 2}
"""Runs of the quickest methods; the least time counts."""
LOGGED = "CAFÉ total from logged predictions"
"""Every total regressed. The default asks the model where a feature has no mediators, so that its
total effect is the direct one: the two differ by what asking is worth."""
PROFILE = "spread over all levels"
"""The standard deviation of the total effect over a feature's levels: what the report ranks by."""
METHODS = (
    "debiased total",
    PROFILE,
    "CAFÉ total",
    "CAFÉ direct",
    "CAFÉ indirect",
    "CAFÉ total as in the paper",
    "fuzzing total",
    *ATTRIBUTIONS,
)


@dataclass(frozen=True, eq=False)
class Measured:
    """What all methods say of one model.

    Attributes
    ----------
    effects : mapping of str to EffectTable
        By the names of `CAUSAL`.
    attributions : mapping of str to Attribution
        By the names of `ATTRIBUTIONS`.
    truth : mapping of str to Truth
        By feature; empty where the equations behind the data are not known.
    spread : Series
        Of the total effect over each feature's levels.
    seconds : DataFrame
        One row per method: seconds of the clock and of the processor, and the rows explained.
    """

    subject: Subject
    effects: Mapping[str, EffectTable]
    attributions: Mapping[str, Attribution]
    truth: Mapping[str, Truth]
    spread: pd.Series
    seconds: pd.DataFrame

    @property
    def features(self) -> tuple[str, ...]:
        """The features that were audited."""
        return self.subject.target.names

    def values(self) -> dict[str, pd.Series]:
        """Return one number per feature for `METHODS` and `LOGGED`, in each method's own unit."""

        def part(estimator: str, name: str) -> pd.Series:
            table = self.effects[estimator]
            return pd.Series({f: getattr(table[f], name).value for f in self.features})

        found = {
            "debiased total": part("debiased", "total"),
            PROFILE: self.spread.reindex(list(self.features)).fillna(0.0),
            "CAFÉ total": part("CAFÉ", "total"),
            "CAFÉ direct": part("CAFÉ", "direct"),
            "CAFÉ indirect": part("CAFÉ", "indirect"),
            "CAFÉ total as in the paper": part("CAFÉ as in the paper", "total"),
            "fuzzing total": part("fuzzing", "total"),
            LOGGED: part("CAFÉ from logged predictions", "total"),
        }
        for name, attribution in self.attributions.items():
            found[name] = attribution.values.reindex(list(self.features))
        return found

    def true(self, part: str) -> pd.Series:
        """Return the true total, direct or indirect effect of every feature."""
        return pd.Series({f: getattr(t, part) for f, t in self.truth.items()}, dtype=float)


def measure(subject: Subject, size: Size) -> Measured:
    """Run every method on one model."""
    case, target = subject.case, subject.target
    seconds: list[dict[str, Any]] = []

    def timed(method: str, action: Callable[[], Any], repeats: int = 1) -> Any:
        clock, processor = [], []
        for _ in range(repeats):
            began, worked = time.perf_counter(), time.process_time()
            answer = action()
            clock.append(time.perf_counter() - began)
            processor.append(time.process_time() - worked)
        match answer:
            case Attribution():
                rows = answer.n_rows
            case EffectProfile():
                rows = max(found.asked_rows for found in answer)
            case _:
                rows = case.n_rows
        record = {"method": method, "clock": min(clock), "processor": min(processor)}
        seconds.append({**subject.key, **record, "rows": rows})
        return answer

    timed("one prediction per row", lambda: case.model.predict(case.data[list(case.reads)]))
    effects = {
        name: timed(name, lambda estimate=estimate: estimate(case, target), REPEATS.get(name, 1))
        for name, estimate in CAUSAL.items()
    }
    attributions = {
        "SHAP": timed(
            "SHAP",
            lambda: shap_importance(
                case, explained(target, case, size), max_queries=size.shap_queries, seed=SEED
            ),
        ),
        "permutation importance": timed(
            "permutation importance",
            lambda: permutation_importance(case, target, max_rows=None, seed=SEED),
        ),
        "FairTest": timed(
            "FairTest", lambda: fairtest_association(case, target, seed=SEED).attribution
        ),
    }
    profile = timed(PROFILE, lambda: wb.effect_profile(case, target, seed=SEED))
    spread = profile.ranking().set_index("feature")["spread"]
    table = pd.DataFrame(seconds)
    return Measured(subject, effects, attributions, truths(subject), spread, table)


def explained(target: UnlearningTarget, case: AuditCase, size: Size) -> UnlearningTarget:
    """The rows of a target that SHAP explains, of which its budget may take a sample."""
    index = case.data.index[target.mask(case.data)]
    if size.shap_rows is None or len(index) <= size.shap_rows:
        return target
    rows = np.random.default_rng(SEED).choice(index, size.shap_rows, replace=False)
    return UnlearningTarget(target.names, tuple(int(row) for row in rows))


def levels(case: AuditCase, feature: str) -> tuple[Any, Any]:
    """Return the levels of a feature's default contrast, in its own unit."""
    column = case.columns[feature]
    everyone = np.arange(case.n_rows)
    varied = vary(column, None, everyone, predictions=case.predictions)
    low, high = (column.decode(v[:1])[0] for v in (varied.before, varied.after[0]))
    return low, high


def truths(subject: Subject) -> dict[str, Truth]:
    """Set each feature in the world's own equations, on the audit's own rows, and ask the model.

    The equations and the noise of these very rows are known, so nothing is sampled or estimated.
    """
    world = subject.dataset
    if not isinstance(world, SampleWorld):
        return {}
    found = {}
    for feature in subject.target.names:
        low, high = levels(subject.case, feature)
        found[feature] = world.truth(subject.case.model, feature, low, high, n=None)
    return found
