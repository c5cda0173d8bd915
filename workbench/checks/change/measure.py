"""Ask several models the same questions: before unlearning, after it, and retrained without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.compared_cases import ComparedCases
from workbench.case.intervention import Interventions
from workbench.case.recorded_outcome import recorded_outcome
from workbench.case.target import UnlearningTarget
from workbench.checks.change.agreement import (
    RowAgreement,
    direct_claims,
    not_retrained,
    row_agreement,
)
from workbench.checks.change.finding import ComparedModel, ModelChange
from workbench.checks.change.one_effect import ChangeFinding, ChangePart, row_gaps
from workbench.checks.change.utility import ModelUtility, model_utility
from workbench.checks.verdict import Claim
from workbench.common.errors import AuditError, NotIdentifiableError, TargetError
from workbench.common.progress import Progress, silent
from workbench.methods.averages import mean_effect
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.debiased.estimator import debiased_effects
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.methods.estimator import ASKED, Direct, Estimator
from workbench.methods.fuzzing.estimator import fuzzed_effects
from workbench.methods.fuzzing.propagation import Equations, fit_equations, set_levels
from workbench.models.trained_here import how_trained

__all__ = ["change_of_models"]


def change_of_models(
    compared: ComparedCases,
    *,
    threshold: float,
    alpha: float = 0.05,
    intervention: Interventions = None,
    methods: Sequence[str] = ("debiased",),
    groups: Mapping[str, npt.NDArray[np.bool_]] | None = None,
    held_out: npt.NDArray[np.bool_] | None = None,
    claims: Sequence[Claim] = (),
    known: EffectTable | None = None,
    equations: Equations | None = None,
    max_queries: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> ModelChange:
    """Estimate every model's effects on the same rows, and tell apart what changed.

    Parameters
    ----------
    compared : ComparedCases
    threshold : float
        τ, in the unit of the prediction.
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        See :meth:`ComparedCases.interventions` for the default levels.
    methods : sequence of str
        Estimators of the effects: any of "debiased", "cafe" and "fuzzing", the last where all
        models can be asked.
    groups : mapping of str to ndarray of bool, shape (n,), optional
        Subgroups for the utility.
    held_out : ndarray of bool, shape (n,), optional
        Rows that the models were not trained on: the utility is measured there.
    claims : sequence of Claim, optional
        Of the verdict about the audited model.
    known : EffectTable, optional
        The audited model's effects of the same intervention and seed; they are not estimated
        again where the other models' can be estimated in the same way.
    equations : Equations, optional
        Fuzzing's own of the same features and data, fitted before.
    max_queries : int, optional
        The most rows that each further model may be asked about, for its debiased effects.

    Returns
    -------
    ModelChange
    """
    case, target = compared.after, compared.target
    positions = np.flatnonzero(target.mask(case.data))
    fixed = compared.interventions(intervention, seed)
    models = list(compared)
    ask = all(one.model.can_query for _, one in models)
    tables: list[EffectTable] = []
    fitted = [] if equations is None else [equations]
    # A model that can be asked is estimated from its log where another has only one.
    alike = ask or not case.model.can_query
    left_out: dict[str, str] = {}
    for place, (role, one) in enumerate(models):
        options: dict[str, Any] = {
            "intervention": fixed,
            "seed": seed,
            "progress": partial(_share, progress, place, len(models), role),
        }
        found = EffectTable((), case.data.index[positions], case.output, seed)
        for method in methods:
            if method not in ESTIMATES or (method == "fuzzing" and not ask):
                continue
            if role == "after" and known is not None and alike and len(known.of(method)):
                found = found + known.of(method)
                continue
            try:
                if method == "debiased" and ask and max_queries is not None:
                    options["max_queries"] = max_queries
                    estimate: EffectsOfOne = debiased_effects
                else:
                    estimate = ESTIMATES[method](one, target, fixed, fitted, ask, seed)
                found = found + estimate(one, target, **options)
            except AuditError as error:
                left_out[f"{method}, {role}"] = str(error)
        tables.append(found)
    no_yardstick = not_retrained(compared, seed)
    findings = list(_findings(compared, tables))
    if target.kind in ("datapoints", "subgroup"):
        findings.append(_mean_prediction(compared, positions))
    utility, why_not = _utility(compared, groups, held_out, 1 - alpha)
    if why_not:
        left_out["utility"] = why_not
    return ModelChange(
        findings=tuple(replace(one, honest=not no_yardstick) for one in findings),
        models=tuple(
            ComparedModel(
                role, one.model.name, one.model_fingerprint, one.reads, _known(role, one, target)
            )
            for role, one in models
        ),
        threshold=threshold,
        alpha=alpha,
        unit=case.output,
        utility=utility,
        gaps=_gaps(compared, positions),
        left_out=left_out,
        rows=_row_agreement(compared, positions, threshold),
        levels=direct_claims(
            claims,
            target.names if target.kind in ("feature", "features") else (),
            {str(k): case.reads for k, case in enumerate(compared.retrained)},
        ),
        not_retrained=no_yardstick,
    )


def _known(role: str, one: AuditCase, target: UnlearningTarget) -> str:
    """Say how a retrained model was trained, if that was here and without the target's features.

    Which rows a training left out is not known from the model alone.
    """
    trained = how_trained(one.model.estimator)
    if role != "retrained" or trained is None or target.kind not in ("feature", "features"):
        return ""
    if not set(target.names).isdisjoint(trained.features):
        return ""
    return trained.sentence()


def _row_agreement(
    compared: ComparedCases, positions: npt.NDArray[np.intp], threshold: float
) -> RowAgreement | None:
    if not compared.retrained:
        return None
    retrained = [case.predictions[positions] for case in compared.retrained]
    return row_agreement(compared.after.predictions[positions], retrained, threshold)


def _share(progress: Progress, place: int, count: int, role: str, step: str, share: float) -> None:
    progress(f"model {role}: {step}", (place + share) / count)


EffectsOfOne = Callable[..., EffectTable]


def _by_cafe(
    case: AuditCase,
    target: UnlearningTarget,
    fixed: Interventions,
    fitted: list[Equations],
    ask: bool,
    seed: int,
) -> EffectsOfOne:
    direct: Direct = "query" if ask else "regression"
    return partial(cafe_effects, direct=direct)


def _by_fuzzing(
    case: AuditCase,
    target: UnlearningTarget,
    fixed: Interventions,
    fitted: list[Equations],
    ask: bool,
    seed: int,
) -> EffectsOfOne:
    return partial(fuzzed_effects, equations=_equations(case, target, fixed, fitted, seed))


def _debiased(
    case: AuditCase,
    target: UnlearningTarget,
    fixed: Interventions,
    fitted: list[Equations],
    ask: bool,
    seed: int,
) -> EffectsOfOne:
    if not ask:
        # All models alike: one that only logged its predictions leaves the regression to the rest.
        return partial(debiased_effects, ask=False)
    names, mask = case.resolve(target)
    try:
        plain = _equations(case, target, fixed, fitted, seed)
    except NotIdentifiableError:
        return debiased_effects
    varied = variations_of(case, names, np.flatnonzero(mask), fixed, seed)
    simulator = Simulator.of(case, names, varied, plain=plain, seed=seed)
    return partial(debiased_effects, simulator=simulator)


ESTIMATES = {"debiased": _debiased, "cafe": _by_cafe, "fuzzing": _by_fuzzing}
"""Give the estimator of one model, with what it shares with those of the other models."""


def _equations(
    case: AuditCase,
    target: UnlearningTarget,
    intervention: Interventions,
    fitted: list[Equations],
    seed: int,
) -> Equations:
    """Return structural equations that cover the case: they are about the data, not the model."""
    names, mask = case.resolve(target)
    for equations in fitted:
        with suppress(TargetError):
            equations.check_cover(case, names)
            return equations
    varied = variations_of(case, names, np.flatnonzero(mask), intervention, seed)
    fitted.append(fit_equations(case, names, keep=set_levels(varied), seed=seed))
    return fitted[-1]


def _findings(compared: ComparedCases, tables: Sequence[EffectTable]) -> Iterator[ChangeFinding]:
    """Line up the same effect of every model; what one model lacks cannot be compared."""
    by_role: dict[str, list[dict[tuple[str, Estimator, ChangePart], Effect]]] = {
        "before": [],
        "after": [],
        "retrained": [],
    }
    for (role, _), table in zip(compared, tables, strict=True):
        by_role[role].append(dict(_parts(table)))
    before = by_role["before"][0] if by_role["before"] else {}
    for key, effect in by_role["after"][0].items():
        feature, estimator, part = key
        retrained = [found[key] for found in by_role["retrained"] if key in found]
        complete = len(retrained) == len(by_role["retrained"])
        yield ChangeFinding(
            feature,
            part,
            estimator,
            effect,
            before.get(key),
            tuple(retrained) if complete else (),
        )


def _parts(table: EffectTable) -> Iterator[tuple[tuple[str, Estimator, ChangePart], Effect]]:
    for entry in table:
        if entry.combination == "sum":
            continue
        for part, effect in _named(entry):
            asked = part == "direct" and entry.estimator.asks_direct
            yield (entry.feature, ASKED if asked else entry.estimator, part), effect


def _named(entry: FeatureEffects) -> tuple[tuple[ChangePart, Effect], ...]:
    return ("total", entry.total), ("direct", entry.direct), ("indirect", entry.indirect)


def _mean_prediction(compared: ComparedCases, positions: npt.NDArray[np.intp]) -> ChangeFinding:
    sampled = compared.target.kind != "datapoints"

    def mean(case: AuditCase) -> Effect:
        return mean_effect(case.predictions[positions], positions, case.n_rows, sampled=sampled)

    return ChangeFinding(
        "the target's rows",
        "prediction",
        ASKED,
        mean(compared.after),
        None if compared.before is None else mean(compared.before),
        tuple(mean(case) for case in compared.retrained),
    )


def _gaps(compared: ComparedCases, positions: npt.NDArray[np.intp]) -> Any:
    if not compared.retrained or compared.target.kind not in ("datapoints", "subgroup"):
        return None
    before = compared.before
    return row_gaps(
        compared.after.predictions[positions],
        None if before is None else before.predictions[positions],
        [case.predictions[positions] for case in compared.retrained],
    )


def _utility(
    compared: ComparedCases,
    groups: Mapping[str, npt.NDArray[np.bool_]] | None,
    held_out: npt.NDArray[np.bool_] | None,
    level: float,
) -> tuple[ModelUtility | None, str]:
    """Measure what the models are good for; of several retrained ones, the first."""
    case = compared.after
    outcome = recorded_outcome(case) if case.outcome is not None else None
    if outcome is None:
        return None, "The case records no outcome that the predictions could be held against."
    scores: dict[str, npt.NDArray[np.float64]] = {}
    for role, one in compared:
        scores.setdefault(role, one.predictions)
    try:
        found = model_utility(
            outcome, scores, output=case.output, groups=groups, rows=held_out, level=level
        )
    except AuditError as error:
        return None, str(error)
    return found, ""
