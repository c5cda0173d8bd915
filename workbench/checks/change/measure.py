"""Ask several models the same questions: before unlearning, after it, and retrained without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.compared_cases import ComparedCases
from workbench.case.intervention import Interventions, Variation
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

METHODS = ("debiased", "cafe", "fuzzing")
"""By which the effects of several models can be compared."""


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
    estimates = _Estimates(
        target,
        fixed,
        ask=all(one.model.can_query for _, one in models),
        max_queries=max_queries,
        seed=seed,
        fitted=[] if equations is None else [equations],
    )
    # A model that can be asked is estimated from its log where another has only one.
    reusable = known if estimates.ask or not case.model.can_query else None
    tables: list[EffectTable] = []
    left_out: dict[str, str] = {}
    for place, (role, one) in enumerate(models):
        share = partial(_share, progress, place, len(models), role)
        found = EffectTable((), case.data.index[positions], case.output, seed)
        for method in methods:
            if method not in METHODS or (method == "fuzzing" and not estimates.ask):
                continue
            earlier = reusable.of(method) if role == "after" and reusable is not None else ()
            try:
                found = found + (earlier if earlier else estimates.of(method, one, share))
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


@dataclass(frozen=True, eq=False)
class _Estimates:
    """Estimates every compared model's effects in the same way, with equations fitted once.

    Attributes
    ----------
    intervention : Interventions
        The change of the target's features, with fixed levels.
    ask : bool
        Whether all models can be asked: one that only logged its predictions leaves the regression
        to the rest.
    max_queries : int or None
        The most rows that a model may be asked about, for its debiased effects.
    fitted : list of Equations
        Structural equations of the data, which grows: they do not depend on the model.
    """

    target: UnlearningTarget
    intervention: Interventions
    ask: bool
    max_queries: int | None
    seed: int
    fitted: list[Equations]

    def of(self, method: str, case: AuditCase, progress: Progress) -> EffectTable:
        """Return the effects of one model by one of `METHODS`."""
        options: dict[str, Any] = {
            "intervention": self.intervention,
            "seed": self.seed,
            "progress": progress,
        }
        if method == "cafe":
            direct: Direct = "query" if self.ask else "regression"
            return cafe_effects(case, self.target, direct=direct, **options)
        if method == "fuzzing":
            return fuzzed_effects(case, self.target, equations=self._equations(case), **options)
        if not self.ask:
            return debiased_effects(case, self.target, ask=False, **options)
        if self.max_queries is not None:
            return debiased_effects(case, self.target, max_queries=self.max_queries, **options)
        return debiased_effects(case, self.target, simulator=self._simulator(case), **options)

    def _simulator(self, case: AuditCase) -> Simulator | None:
        try:
            plain = self._equations(case)
        except NotIdentifiableError:
            return None
        names, varied = self._varied(case)
        return Simulator.of(case, names, varied, plain=plain, seed=self.seed)

    def _equations(self, case: AuditCase) -> Equations:
        """Return structural equations that cover the case."""
        names, _ = case.resolve(self.target)
        for equations in self.fitted:
            with suppress(TargetError):
                equations.check_cover(case, names)
                return equations
        _, varied = self._varied(case)
        self.fitted.append(fit_equations(case, names, keep=set_levels(varied), seed=self.seed))
        return self.fitted[-1]

    def _varied(self, case: AuditCase) -> tuple[tuple[str, ...], list[Variation]]:
        names, mask = case.resolve(self.target)
        places = np.flatnonzero(mask)
        return names, variations_of(case, names, places, self.intervention, self.seed)


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
        return None, "The case records no outcome to compare the predictions with."
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
