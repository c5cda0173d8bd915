"""One audit from end to end. It reads like the method."""

from __future__ import annotations

from collections.abc import Iterable

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
from workbench.diagnostics import diagnose
from workbench.effects import EffectTable
from workbench.errors import TargetError, listed
from workbench.fuzzing import fuzzed_effects
from workbench.intervention import Interventions, Variation
from workbench.paths import PathEffect, trace_paths
from workbench.progress import Progress, progress_bar
from workbench.propagation import Equations, fit_equations
from workbench.provenance import record_provenance
from workbench.queries import variations_of
from workbench.report import AuditReport
from workbench.steps import Steps
from workbench.target import UnlearningTarget
from workbench.verdict import judge

__all__ = ["METHODS", "audit", "default_threshold"]

METHODS = ("cafe", "fuzzing", "shap", "permutation", "aif360")
"""Methods of an audit, in the order they run."""
CAUSAL = ("cafe", "fuzzing")
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
    progress : callable, optional
        Gets (step, share done); may raise :class:`AuditCancelled`. By default a bar is drawn when
        a person is watching.

    Returns
    -------
    AuditReport

    Raises
    ------
    AuditError
        When target, intervention or methods do not fit the case; nothing is half done.

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
    positions = np.flatnonzero(mask)
    tau = default_threshold(case) if threshold is None else threshold
    varied = variations_of(case, names, positions, intervention, seed)
    with progress_bar(progress) as report_progress:
        steps = Steps(case, report_progress)

        equations = _equations(case, names, varied, chosen, seed, steps)
        effects = _effects(case, target, chosen, intervention, equations, seed, steps)
        paths = _paths(case, target, chosen, intervention, equations, seed, steps)
        verdict = judge(effects, paths, threshold=tau, alpha=alpha) if len(effects) else None

        context = _context(case, target, chosen, seed, steps)
        attributions = _attributions(case, target, chosen, seed, steps)
        fairness = _fairness(case, target, chosen, seed, steps)
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
        call=_call(chosen, intervention, tau, alpha, seed),
        provenance=record_provenance(
            case,
            seed=seed,
            interventions=interventions,
            queries=steps.queries,
            seconds=steps.seconds,
        ),
        skipped=steps.skipped,
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


def _equations(
    case: AuditCase,
    names: tuple[str, ...],
    varied: list[Variation],
    chosen: tuple[str, ...],
    seed: int,
    steps: Steps,
) -> Equations | None:
    """Fit the structural equations once, for fuzzing and paths."""
    if "fuzzing" not in chosen:
        return None
    if not case.model.can_query:
        steps.skipped["fuzzing"] = (
            "The model is a column of logged predictions and cannot be asked about changed rows."
        )
        return None
    keep = {v.feature: v.levels for v in varied if not case.columns[v.feature].is_numeric}
    run = steps.run if "cafe" not in chosen else steps.optional
    return run(
        "structural equations",
        lambda: fit_equations(case, names, keep=keep, seed=seed, progress=steps.progress),
    )


def _effects(
    case: AuditCase,
    target: UnlearningTarget,
    chosen: tuple[str, ...],
    intervention: Interventions,
    equations: Equations | None,
    seed: int,
    steps: Steps,
) -> EffectTable:
    """Estimate the target's effects by every causal method; at least one must succeed."""
    tables = []
    if "cafe" in chosen:
        # With fuzzing to fall back on, an effect without an adjustment set is not the end.
        run = steps.optional if equations is not None else steps.run
        tables.append(
            run(
                "cafe",
                lambda: cafe_effects(
                    case, target, intervention=intervention, seed=seed, progress=steps.progress
                ),
            )
        )
    if equations is not None:
        tables.append(
            steps.run(
                "fuzzing",
                lambda: fuzzed_effects(
                    case,
                    target,
                    intervention=intervention,
                    equations=equations,
                    seed=seed,
                    progress=steps.progress,
                ),
            )
        )
    found = [table for table in tables if table is not None]
    if not found and "cafe" in chosen:
        cafe_effects(case, target, intervention=intervention, seed=seed)  # raises, saying why
    if not found:
        return EffectTable((), case.data.index[target.mask(case.data)], case.output, seed)
    return found[0] if len(found) == 1 else found[0] + found[1]


def _paths(
    case: AuditCase,
    target: UnlearningTarget,
    chosen: tuple[str, ...],
    intervention: Interventions,
    equations: Equations | None,
    seed: int,
    steps: Steps,
) -> tuple[PathEffect, ...]:
    if equations is None:
        return ()
    return steps.run(
        "paths",
        lambda: trace_paths(
            case,
            target,
            intervention=intervention,
            equations=equations,
            seed=seed,
            progress=steps.progress,
        ),
    )


def _context(
    case: AuditCase,
    target: UnlearningTarget,
    chosen: tuple[str, ...],
    seed: int,
    steps: Steps,
) -> EffectTable:
    """Estimate CAFÉ's effects of every other feature, where the graph allows it."""
    names, mask = case.resolve(target)
    nothing = EffectTable((), case.data.index[mask], case.output, seed)
    others = tuple(
        name for name in case.features if name not in names and not case.columns[name].is_constant
    )
    if "cafe" not in chosen or not others:
        return nothing
    found = steps.optional(
        "cafe, other features",
        lambda: cafe_effects(
            case,
            UnlearningTarget(others, target.rows, target.condition),
            query_rows=CONTEXT_ROWS,
            skip_unidentified=True,
            seed=seed,
            progress=steps.progress,
        ),
    )
    return nothing if found is None else found


def _attributions(
    case: AuditCase,
    target: UnlearningTarget,
    chosen: tuple[str, ...],
    seed: int,
    steps: Steps,
) -> tuple[Attribution, ...]:
    baselines = {"shap": shap_importance, "permutation": permutation_importance}
    found = []
    for method, importance in baselines.items():
        if method in chosen:
            found.append(
                steps.optional(
                    method,
                    lambda importance=importance: importance(  # type: ignore[misc]
                        case, target, seed=seed, progress=steps.progress
                    ),
                )
            )
    return tuple(attribution for attribution in found if attribution is not None)


def _fairness(
    case: AuditCase,
    target: UnlearningTarget,
    chosen: tuple[str, ...],
    seed: int,
    steps: Steps,
) -> pd.DataFrame | None:
    if "aif360" not in chosen:
        return None
    return steps.optional(
        "aif360",
        lambda: fairness_metrics(case, target, seed=seed, progress=steps.progress),
    )


def _call(
    chosen: tuple[str, ...],
    intervention: Interventions,
    threshold: float,
    alpha: float,
    seed: int,
) -> str:
    """Write the call that repeats the audit."""
    options = [f"methods={list(chosen)!r}"] if chosen != METHODS else []
    if isinstance(intervention, dict):
        inner = ", ".join(f"{name!r}: wb.{value!r}" for name, value in intervention.items())
        options.append(f"intervention={{{inner}}}")
    elif intervention is not None:
        options.append(f"intervention=wb.{intervention!r}")
    options += [f"threshold={threshold!r}", f"alpha={alpha!r}", f"seed={seed!r}"]
    return f"wb.audit(case, target, {', '.join(options)})"
