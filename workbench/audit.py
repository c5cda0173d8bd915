"""One audit from end to end. It reads like the method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from workbench.baselines import (
    Attribution,
    fairness_metrics,
    permutation_importance,
    shap_importance,
)
from workbench.cafe import cafe_effects
from workbench.case import AuditCase
from workbench.condition import Condition
from workbench.diagnostics import diagnose
from workbench.effects import EffectTable
from workbench.errors import AuditError, TargetError, listed
from workbench.fuzzing import fuzzed_effects
from workbench.intervention import Interventions, Variation
from workbench.named_subgroups import effects_where, read_subgroups
from workbench.paths import PathEffect, trace_paths
from workbench.progress import Progress, progress_bar
from workbench.propagation import Equations, fit_equations, set_levels
from workbench.provenance import record_provenance
from workbench.queries import variations_of
from workbench.report import AuditReport
from workbench.steps import Steps
from workbench.target import UnlearningTarget
from workbench.verdict import judge

__all__ = ["METHODS", "audit", "default_threshold"]

METHODS = ("cafe", "fuzzing", "shap", "permutation", "aif360")
"""Methods of an audit, in the order they run."""
CONTEXT_ROWS = 5_000
"""Rows on which the model is asked about the direct effects of features outside the target."""
THRESHOLD = 0.02
"""Default τ of a probability; of other outputs, this share of the spread of the predictions."""


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
        Any of "cafe", "fuzzing", "shap", "permutation", "aif360". A method that cannot work on
        this case (no queries possible, a package not installed) is left out and named in
        ``report.skipped``.
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
    progress : callable, optional
        Gets (step, share done); may raise :class:`AuditCancelled`. By default a bar is drawn when
        a person is watching.

    Returns
    -------
    AuditReport

    Raises
    ------
    AuditError
        When target, intervention, methods or a subgroup's condition do not fit the case; nothing
        is half done.

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
    chosen = _checked_methods(methods)
    names, mask = case.resolve(target)
    groups = read_subgroups(case, subgroups, names)
    positions = np.flatnonzero(mask)
    tau = default_threshold(case) if threshold is None else threshold
    varied = variations_of(case, names, positions, intervention, seed)
    with progress_bar(progress) as report_progress:
        steps = Steps(case, report_progress)
        asked = _Request(case, target, names, varied, chosen, intervention, seed, steps)

        equations = _equations(asked)
        effects = _effects(asked, equations)
        paths = _paths(asked, equations)
        verdict = judge(effects, paths, threshold=tau, alpha=alpha) if len(effects) else None

        by_group = _subgroups(asked, groups)
        context = _context(asked)
        attributions = _attributions(asked)
        fairness = _fairness(asked)
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
        attributions=attributions,
        fairness=fairness,
        diagnostics=diagnostics,
        graph=case.graph,
        audit_graph=case.audit_graph,
        reads=case.reads,
        outcome=case.outcome,
        unit=case.output,
        methods=chosen,
        call=_call(chosen, intervention, tau, alpha, seed, groups),
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
    )


def default_threshold(case: AuditCase) -> float:
    """Return τ when the auditor states none, in the unit of the prediction.

    0.02 of a probability (two percentage points); else 2 % of the distance between the 5th and
    the 95th percentile of the predictions, to two significant digits.
    """
    if case.output == "probability":
        return THRESHOLD
    low, high = np.quantile(case.predictions, [0.05, 0.95])
    spread = THRESHOLD * float(high - low)
    return float(f"{spread:.2g}") if spread > 0 else THRESHOLD


def _checked_methods(methods: Iterable[str]) -> tuple[str, ...]:
    asked = (methods,) if isinstance(methods, str) else tuple(methods)
    unknown = [method for method in asked if method not in METHODS]
    if unknown or not asked:
        raise TargetError(
            f"Unknown methods: {listed(unknown)}. Choose among {listed(METHODS)}."
            if unknown
            else f"No method is named. Choose among {listed(METHODS)}."
        )
    return tuple(method for method in METHODS if method in asked)


@dataclass(frozen=True, eq=False)
class _Request:
    """What every step of one audit needs."""

    case: AuditCase
    target: UnlearningTarget
    names: tuple[str, ...]
    varied: list[Variation]
    methods: tuple[str, ...]
    intervention: Interventions
    seed: int
    steps: Steps

    @property
    def progress(self) -> Progress:
        """Where steps say how far they are."""
        return self.steps.progress

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
        return cafe_effects(
            case,
            target,
            intervention=asked.intervention,
            seed=asked.seed,
            progress=asked.progress,
        )

    def fuzzing() -> EffectTable:
        return fuzzed_effects(
            case,
            target,
            intervention=asked.intervention,
            equations=equations,
            seed=asked.seed,
            progress=asked.progress,
        )

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
        lambda: trace_paths(
            asked.case,
            asked.target,
            intervention=asked.intervention,
            equations=equations,
            seed=asked.seed,
            progress=asked.progress,
        ),
    )


def _subgroups(asked: _Request, groups: Mapping[str, Condition]) -> dict[str, EffectTable]:
    """Estimate CAFÉ's effects again in every subgroup of the target's rows."""
    if not groups:
        return {}
    skipped = asked.steps.skipped

    def estimate() -> dict[str, EffectTable]:
        found = {}
        for place, (name, condition) in enumerate(groups.items()):
            try:
                found[name] = effects_where(
                    asked.case,
                    asked.target,
                    condition,
                    intervention=asked.intervention,
                    seed=asked.seed,
                    progress=partial(_part_done, asked.progress, place, len(groups)),
                )
            except AuditError as error:
                skipped[f"subgroup {name}"] = str(error)
        return found

    if "cafe" not in asked.methods:
        reason = "Effects in subgroups are estimated by CAFÉ; add 'cafe' to the methods."
        skipped |= {f"subgroup {name}": reason for name in groups}
        return {}
    return asked.steps.run("subgroups", estimate)


def _part_done(progress: Progress, done: int, parts: int, _: str, share: float) -> None:
    """Say how far all subgroups are when one is done in part."""
    progress("subgroups", (done + share) / parts)


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


def _fairness(asked: _Request) -> pd.DataFrame | None:
    if "aif360" not in asked.methods:
        return None
    return asked.steps.optional(
        "aif360",
        lambda: fairness_metrics(
            asked.case, asked.target, seed=asked.seed, progress=asked.progress
        ),
    )


def _call(
    chosen: tuple[str, ...],
    intervention: Interventions,
    threshold: float,
    alpha: float,
    seed: int,
    subgroups: Mapping[str, Condition],
) -> str:
    """Write the call that repeats the audit."""
    options = [f"methods={list(chosen)!r}"] if chosen != METHODS else []
    if isinstance(intervention, dict):
        inner = ", ".join(f"{name!r}: wb.{value!r}" for name, value in intervention.items())
        options.append(f"intervention={{{inner}}}")
    elif intervention is not None:
        options.append(f"intervention=wb.{intervention!r}")
    options += [f"threshold={threshold!r}", f"alpha={alpha!r}", f"seed={seed!r}"]
    if subgroups:
        options.append(f"subgroups={ {name: c.text for name, c in subgroups.items()}!r}")
    return f"wb.audit(case, target, {', '.join(options)})"
