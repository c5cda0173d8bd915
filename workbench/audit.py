"""One audit from end to end. It reads like the method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from workbench.baselines import (
    Associations,
    Attribution,
    fairness_metrics,
    fairtest_association,
    permutation_importance,
    shap_importance,
)
from workbench.cafe import cafe_effects
from workbench.case import AuditCase
from workbench.compared_models import ComparedCases, change_of_models, read_compared
from workbench.condition import Condition
from workbench.diagnostics import diagnose
from workbench.effects import EffectTable
from workbench.errors import TargetError, listed
from workbench.fuzzing import fuzzed_effects
from workbench.graph_sensitivity import GraphSensitivity, graph_sensitivity
from workbench.hidden_subgroups import HiddenSubgroups, subgroup_effects
from workbench.intervention import Interventions, Variation
from workbench.model_change import ModelChange
from workbench.named_subgroups import effects_by_subgroup, read_subgroups
from workbench.paths import PathEffect, trace_paths
from workbench.progress import Progress, progress_bar
from workbench.propagation import Equations, fit_equations, set_levels
from workbench.provenance import record_provenance
from workbench.queries import variations_of
from workbench.report import AuditReport
from workbench.saved_code import audit_call
from workbench.steps import Steps
from workbench.target import UnlearningTarget
from workbench.training import Training
from workbench.verdict import default_threshold, judge

__all__ = ["CHECKS", "METHODS", "audit", "default_threshold"]

METHODS = ("cafe", "fuzzing", "shap", "permutation", "fairtest", "aif360")
"""Methods of an audit, in the order they run."""
CHECKS = ("subgroups", "graph", "actions", "leaks", "membership")
"""Further checks of an audit; they take time, so that they run only where they are asked for."""
CONTEXT_ROWS = 5_000
"""Rows on which the model is asked about the direct effects of features outside the target."""


def audit(
    case: AuditCase,
    target: UnlearningTarget,
    methods: Iterable[str] = METHODS,
    *,
    intervention: Interventions = None,
    threshold: float | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    subgroups: Mapping[str, str] | None = None,
    checks: Iterable[str] = (),
    compare: Mapping[str, Any] | None = None,
    training: Training | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Audit what of the target still influences the model's predictions.

    Parameters
    ----------
    case : AuditCase
        Data, model and causal graph.
    target : UnlearningTarget
        What the model is said to have forgotten.
    methods : iterable of str
        Any of "cafe", "fuzzing", "shap", "permutation", "fairtest", "aif360". A method that
        cannot work on this case (no queries possible, a package not installed) is left out and
        named in ``report.skipped``.
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        None takes the defaults of :func:`workbench.intervention.vary`.
    threshold : float, optional
        τ of the verdict, in the unit of the prediction. By default 0.02 of a probability, else
        2 % of the distance between the 5th and the 95th percentile of the predictions.
    alpha : float, default 0.05
        Error rate of the verdict.
    seed : int, default 0
        Same input and seed, same output.
    subgroups : mapping of str to str, optional
        Conditions by name (see :class:`workbench.condition.Condition`). CAFÉ's effects are
        estimated again on the target's rows where each holds, under the same interventions; see
        ``report.subgroups`` and :meth:`AuditReport.subgroup_frame`. A subgroup of fewer than two
        of the target's rows is left out and named in ``report.skipped``.
    checks : iterable of str, default none
        "subgroups" searches where the influence hides
        (:func:`workbench.hidden_subgroups.subgroup_effects`), "graph" asks what the finding owes
        to the graph (:func:`workbench.graph_sensitivity.graph_sensitivity`); on tens of thousands
        of rows they take up to some 20 and 6 seconds. Under the same intervention, threshold,
        alpha and seed; see ``report.hidden_subgroups`` and ``report.graph_sensitivity``. One that
        cannot work on this target is named in ``report.skipped``.
        "actions" ranks what to do about what is left (:func:`workbench.next_actions.next_actions`),
        "leaks" plants known leaks to see how small a one this audit would have caught
        (:func:`workbench.planted_leaks.planted_leaks`), "membership" asks whether the model still
        treats the target's rows as rows it has seen; it needs `training`.
    compare : mapping of str to model, optional
        Models to hold beside the audited one, which is the model *after* unlearning: "before", and
        "retrained", a model trained without the target or several that differ in their seed. See
        ``report.change`` and :mod:`workbench.model_change`. A feature that only one of them reads
        joins the graph.
    training : Training, optional
        How the model was trained, for the check "membership"; its mask of rows also says on which
        rows the models' utility can be measured fairly.
    progress : callable, optional
        Gets (step, share done); may raise :class:`AuditCancelled`. By default a bar is drawn when
        a person is watching.

    Returns
    -------
    AuditReport

    Raises
    ------
    AuditError
        When target, intervention, methods, checks or a subgroup's condition do not fit the case;
        nothing is half done.

    Examples
    --------
    >>> import workbench as wb
    >>> world = wb.datasets.loan(n=2000, seed=0)
    >>> from sklearn.linear_model import LinearRegression
    >>> model = LinearRegression().fit(world.data[["neighborhood_income"]], world.data["approved"])
    >>> case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")
    >>> report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), methods=["cafe"])
    >>> report.effects["zip_code"].direct.value
    0.0
    >>> report.verdict.decision
    'above'
    """
    chosen, further = _checked_methods(methods), _checked(checks, CHECKS, "checks")
    compared = None if compare is None else read_compared(case, target, compare)
    if compared is not None:
        case, target = compared.after, compared.target
    if training is not None:
        training.check(case.data)
    names, mask = case.resolve(target)
    groups = read_subgroups(case, subgroups, names)
    positions = np.flatnonzero(mask)
    tau = default_threshold(case) if threshold is None else threshold
    varied = variations_of(case, names, positions, intervention, seed)
    with progress_bar(progress) as report_progress:
        steps = Steps(case, report_progress)
        asked = _Request(
            case, target, names, varied, chosen, intervention, tau, alpha, seed, steps, training
        )

        equations = _equations(asked)
        effects = _effects(asked, equations)
        paths = _paths(asked, equations)
        verdict = judge(effects, paths, threshold=tau, alpha=alpha) if len(effects) else None

        by_group = _subgroups(asked, groups)
        context = _context(asked)
        attributions = _attributions(asked)
        associations = _associations(asked)
        fairness = _fairness(asked)
        hidden = _hidden_subgroups(asked) if "subgroups" in further else None
        sensitivity = _graph_sensitivity(asked) if "graph" in further else None
        change = _change(asked, compared, groups)
        actions = leaks = membership = None
        diagnostics = steps.run(
            "checks", lambda: diagnose(case, target, varied, effects, equations, seed=seed)
        )
    interventions = {variation.feature: variation.text for variation in varied}
    return AuditReport(
        target=target,
        features=names,
        n_target_rows=len(positions),
        effects=effects,
        context=context,
        path_effects=paths,
        verdict=verdict,
        attributions=attributions + (() if associations is None else (associations.attribution,)),
        fairness=fairness,
        diagnostics=diagnostics,
        graph=case.graph,
        audit_graph=case.audit_graph,
        reads=case.reads,
        outcome=case.outcome,
        unit=case.output,
        methods=chosen,
        call=audit_call(
            methods=None if chosen == METHODS else list(chosen),
            intervention=intervention,
            threshold=tau,
            alpha=alpha,
            seed=seed,
            subgroups={name: condition.text for name, condition in groups.items()},
            checks=further,
            given=[
                name
                for name, value in (("compare", compare), ("training", training))
                if value is not None
            ],
        ),
        provenance=record_provenance(
            case,
            seed=seed,
            interventions=interventions,
            queries=steps.queries,
            seconds=steps.seconds,
        ),
        skipped=steps.skipped,
        subgroups=by_group,
        subgroup_conditions={name: condition.text for name, condition in groups.items()},
        associations=associations,
        hidden_subgroups=hidden,
        graph_sensitivity=sensitivity,
        change=change,
        membership=membership,
        next_actions=actions,
        planted_leaks=leaks,
    )


def _checked_methods(methods: Iterable[str]) -> tuple[str, ...]:
    chosen = _checked(methods, METHODS, "methods")
    if not chosen:
        raise TargetError(f"No method is named. Choose among {listed(METHODS)}.")
    return chosen


def _checked(names: Iterable[str], known: tuple[str, ...], what: str) -> tuple[str, ...]:
    asked = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise TargetError(f"Unknown {what}: {listed(unknown)}. Choose among {listed(known)}.")
    return tuple(name for name in known if name in asked)


@dataclass(frozen=True, eq=False)
class _Request:
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


def _equations(asked: _Request) -> Equations | None:
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


def _effects(asked: _Request, equations: Equations | None) -> EffectTable:
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


def _paths(asked: _Request, equations: Equations | None) -> tuple[PathEffect, ...]:
    if equations is None:
        return ()
    return asked.steps.run(
        "paths",
        lambda: trace_paths(asked.case, asked.target, equations=equations, **asked.options),
    )


def _subgroups(asked: _Request, groups: Mapping[str, Condition]) -> dict[str, EffectTable]:
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


def _context(asked: _Request) -> EffectTable:
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


def _attributions(asked: _Request) -> tuple[Attribution, ...]:
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


def _associations(asked: _Request) -> Associations | None:
    if "fairtest" not in asked.methods:
        return None
    return asked.steps.optional(
        "fairtest",
        lambda: fairtest_association(
            asked.case, asked.target, alpha=asked.alpha, seed=asked.seed, progress=asked.progress
        ),
    )


def _fairness(asked: _Request) -> pd.DataFrame | None:
    if "aif360" not in asked.methods:
        return None
    return asked.steps.optional(
        "aif360",
        lambda: fairness_metrics(
            asked.case, asked.target, seed=asked.seed, progress=asked.progress
        ),
    )


def _hidden_subgroups(asked: _Request) -> HiddenSubgroups | None:
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


def _graph_sensitivity(asked: _Request) -> GraphSensitivity | None:
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


def _change(
    asked: _Request, compared: ComparedCases | None, groups: Mapping[str, Condition]
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
