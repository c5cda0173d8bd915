"""The steps of an audit, one function each, and what all of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from workbench.auditing.clock import Steps
from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.checks.change.finding import ModelChange
from workbench.checks.change.measure import ComparedCases, change_of_models
from workbench.checks.graph_sensitivity.sensitivity import GraphSensitivity, graph_sensitivity
from workbench.checks.membership import MembershipEvidence, membership_evidence
from workbench.checks.next_actions import NextActions, next_actions
from workbench.checks.planted_leaks import PlantedLeaks, planted_leaks
from workbench.checks.subgroups.hidden import HiddenSubgroups, subgroup_effects
from workbench.checks.subgroups.named import effects_by_subgroup
from workbench.checks.verdict import Verdict
from workbench.common.progress import Progress
from workbench.methods.baselines import (
    Associations,
    Attribution,
    fairness_metrics,
    fairtest_association,
    permutation_importance,
    shap_importance,
)
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.estimator import fuzzed_effects
from workbench.methods.fuzzing.paths import PathEffect, trace_paths
from workbench.methods.fuzzing.propagation import Equations, fit_equations, set_levels
from workbench.models.training import Training

__all__ = [
    "AuditRequest",
    "run_associations",
    "run_attributions",
    "run_change",
    "run_context",
    "run_effects",
    "run_equations",
    "run_fairness",
    "run_graph_sensitivity",
    "run_hidden_subgroups",
    "run_membership",
    "run_next_actions",
    "run_paths",
    "run_planted_leaks",
    "run_subgroups",
]

CONTEXT_ROWS = 5_000
"""Rows on which the model is asked about the direct effects of features outside the target."""


@dataclass(frozen=True, eq=False)
class AuditRequest:
    """What every step of one audit needs."""

    case: AuditCase
    target: UnlearningTarget
    names: tuple[str, ...]
    varied: list[Variation]
    methods: tuple[str, ...]
    intervention: Interventions
    threshold: float
    alpha: float
    seed: int
    steps: Steps
    training: Training | None

    @property
    def progress(self) -> Progress:
        """Where steps say how far they are."""
        return self.steps.progress

    @property
    def options(self) -> dict[str, Any]:
        """What every estimator of effects is told."""
        return {"intervention": self.intervention, "seed": self.seed, "progress": self.progress}

    def no_effects(self) -> EffectTable:
        """Return an empty table about the target's rows."""
        index = self.case.data.index[self.target.mask(self.case.data)]
        return EffectTable((), index, self.case.output, self.seed)


def run_equations(asked: AuditRequest) -> Equations | None:
    """Fit the structural equations once, for fuzzing and paths."""
    case, steps = asked.case, asked.steps
    if "fuzzing" not in asked.methods:
        return None
    if not case.model.can_query:
        steps.skipped["fuzzing"] = (
            "The model is a column of logged predictions and cannot be asked about changed rows."
        )
        return None
    keep = set_levels(case, asked.varied)
    run = steps.optional if "cafe" in asked.methods else steps.run
    return run(
        "structural equations",
        lambda: fit_equations(
            case, asked.names, keep=keep, seed=asked.seed, progress=asked.progress
        ),
    )


def run_effects(asked: AuditRequest, equations: Equations | None) -> EffectTable:
    """Estimate the target's effects by every causal method; at least one must succeed."""
    case, target, steps = asked.case, asked.target, asked.steps

    def cafe() -> EffectTable:
        return cafe_effects(case, target, **asked.options)

    def fuzzing() -> EffectTable:
        return fuzzed_effects(case, target, equations=equations, **asked.options)

    found: EffectTable | None = None
    if "cafe" in asked.methods:
        # With fuzzing to fall back on, an effect without an adjustment set is not the end.
        found = steps.run("cafe", cafe) if equations is None else steps.optional("cafe", cafe)
    if equations is not None:
        fuzzed = steps.run("fuzzing", fuzzing)
        found = fuzzed if found is None else found + fuzzed
    return asked.no_effects() if found is None else found


def run_paths(asked: AuditRequest, equations: Equations | None) -> tuple[PathEffect, ...]:
    """Follow the effects path by path."""
    if equations is None:
        return ()
    return asked.steps.run(
        "paths",
        lambda: trace_paths(asked.case, asked.target, equations=equations, **asked.options),
    )


def run_subgroups(asked: AuditRequest, groups: Mapping[str, Condition]) -> dict[str, EffectTable]:
    """Estimate CAFÉ's effects again in every subgroup of the target's rows."""
    if not groups:
        return {}
    if "cafe" in asked.methods:
        found, left_out = asked.steps.run(
            "subgroups",
            lambda: effects_by_subgroup(asked.case, asked.target, groups, **asked.options),
        )
    else:
        reason = "Effects in subgroups are estimated by CAFÉ; add 'cafe' to the methods."
        found, left_out = {}, dict.fromkeys(groups, reason)
    asked.steps.skipped |= {f"subgroup {name}": why for name, why in left_out.items()}
    return found


def run_context(asked: AuditRequest) -> EffectTable:
    """Estimate CAFÉ's effects of every other feature, where the graph allows it."""
    case, target = asked.case, asked.target
    others = tuple(
        name
        for name in case.features
        if name not in asked.names and not case.columns[name].is_constant
    )
    if "cafe" not in asked.methods or not others:
        return asked.no_effects()
    found = asked.steps.optional(
        "cafe, other features",
        lambda: cafe_effects(
            case,
            UnlearningTarget(others, target.rows, target.condition),
            query_rows=CONTEXT_ROWS,
            skip_unidentified=True,
            seed=asked.seed,
            progress=asked.progress,
        ),
    )
    return asked.no_effects() if found is None else found


def run_attributions(asked: AuditRequest) -> tuple[Attribution, ...]:
    """Ask SHAP and permutation importance what matters."""
    baselines: dict[str, Callable[..., Attribution]] = {
        "shap": shap_importance,
        "permutation": permutation_importance,
    }
    found = [
        asked.steps.optional(
            method,
            partial(
                baselines[method],
                asked.case,
                asked.target,
                seed=asked.seed,
                progress=asked.progress,
            ),
        )
        for method in asked.methods
        if method in baselines
    ]
    return tuple(attribution for attribution in found if attribution is not None)


def run_associations(asked: AuditRequest) -> Associations | None:
    """Measure FairTest's association with the prediction."""
    if "fairtest" not in asked.methods:
        return None
    return asked.steps.optional(
        "fairtest",
        lambda: fairtest_association(
            asked.case, asked.target, alpha=asked.alpha, seed=asked.seed, progress=asked.progress
        ),
    )


def run_fairness(asked: AuditRequest) -> pd.DataFrame | None:
    """Compute AIF360's fairness metrics."""
    if "aif360" not in asked.methods:
        return None
    return asked.steps.optional(
        "aif360",
        lambda: fairness_metrics(
            asked.case, asked.target, seed=asked.seed, progress=asked.progress
        ),
    )


def run_hidden_subgroups(asked: AuditRequest) -> HiddenSubgroups | None:
    """Search where the influence hides."""
    return asked.steps.optional(
        "hidden subgroups",
        lambda: subgroup_effects(
            asked.case,
            asked.target,
            smallest=asked.threshold / 4,
            alpha=asked.alpha,
            **asked.options,
        ),
    )


def run_graph_sensitivity(asked: AuditRequest) -> GraphSensitivity | None:
    """Ask what the finding owes to the graph."""
    return asked.steps.optional(
        "graph sensitivity",
        lambda: graph_sensitivity(
            asked.case,
            asked.target,
            threshold=asked.threshold,
            alpha=asked.alpha,
            **asked.options,
        ),
    )


def run_change(
    asked: AuditRequest, compared: ComparedCases | None, groups: Mapping[str, Condition]
) -> ModelChange | None:
    """Hold the other models beside the audited one."""
    if compared is None:
        return None
    data, training = asked.case.data, asked.training
    return asked.steps.run(
        "change",
        lambda: change_of_models(
            compared,
            threshold=asked.threshold,
            alpha=asked.alpha,
            intervention=asked.intervention,
            fuzz="fuzzing" in asked.methods,
            groups={name: condition.mask(data) for name, condition in groups.items()},
            held_out=None if training is None or training.rows.all() else ~training.rows,
            seed=asked.seed,
            progress=asked.progress,
        ),
    )


def run_next_actions(
    asked: AuditRequest,
    compared: ComparedCases | None,
    change: ModelChange | None,
    equations: Equations | None,
) -> NextActions | None:
    """Rank what to do about what is left: about the residue if there is one, else about all."""
    retrained = None
    if compared is not None and change is not None and change.decision == "above":
        retrained = compared.retrained[0]
    return asked.steps.optional(
        "next actions",
        lambda: next_actions(
            asked.case,
            asked.target,
            retrained=retrained,
            threshold=asked.threshold,
            equations=equations if retrained is None else None,
            **asked.options,
        ),
    )


def run_planted_leaks(asked: AuditRequest, verdict: Verdict | None) -> PlantedLeaks | None:
    """Plant known leaks to see how small a one this audit would have caught."""
    return asked.steps.optional(
        "planted leaks",
        lambda: planted_leaks(
            asked.case,
            asked.target,
            threshold=asked.threshold,
            alpha=asked.alpha,
            claims=1 if verdict is None else len(verdict.claims),
            **asked.options,
        ),
    )


def run_membership(asked: AuditRequest, target: UnlearningTarget) -> MembershipEvidence | None:
    """Ask whether the model still treats the target's rows as rows it has seen.

    `target` as the auditor gave it: whole records, without the names of their features.
    """
    training = asked.training
    if training is None:
        asked.steps.skipped["membership"] = (
            "Nothing says how the model was trained. Give audit(…, training=wb.Training(train, "
            "rows)), so that attacks can be tried on rows that are known to be in the model."
        )
        return None
    return asked.steps.optional(
        "membership",
        lambda: membership_evidence(
            asked.case,
            target,
            training,
            alpha=asked.alpha,
            seed=asked.seed,
            progress=asked.progress,
        ),
    )
