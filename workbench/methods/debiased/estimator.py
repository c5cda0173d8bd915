"""The debiased estimate: fuzzing with better equations, corrected by what they leave unexplained.

1. Carry the change through structural equations and ask the model, as fuzzing does
   (:mod:`workbench.methods.fuzzing`), with equations that bend where the data does
   (:mod:`location_scale`).
2. Redraw every row's mediators, ask again, and see what of the predictions that does not explain
   (:mod:`simulator`).
3. Regress this on the feature and what it is adjusted for, as CAFÉ regresses the prediction: the
   correction δ ± s.
4. Take the share of δ that is not its noise, apart for what few regressors find of it and for what
   many add (:mod:`combination`).

See ``estimands.md``, "The debiased estimate". A feature without mediators needs none of this: its
total effect is the model's own answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from workbench.case.asking.budget import Budget
from workbench.case.asking.steadiness import ASKED_ROWS, remember_rows, unsteady_answers
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray
from workbench.common.errors import NotIdentifiableError
from workbench.common.progress import Progress, silent
from workbench.methods.averages import mean_effect
from workbench.methods.cafe.estimator import Plan, columns_of, plan_of
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.methods.debiased.combination import corrected, widened
from workbench.methods.debiased.missed_confounding import Expected, still_missed
from workbench.methods.debiased.regressed import regressed_effects
from workbench.methods.debiased.sampled import on_all_rows, sampled_case
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, sum_of
from workbench.methods.estimator import Estimator
from workbench.methods.fuzzing.equation_error import SAMPLE_ROWS
from workbench.methods.fuzzing.estimator import fuzzed_effects
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.method import CausalMethod

__all__ = ["METHOD", "debiased_effects"]

DEBIASED = Estimator("debiased")
MANY_ROWS = 10 * ASKED_ROWS
"""Rows from which it is worth finding out whether a row need be asked about only once."""


def debiased_effects(
    case: AuditCase,
    target: UnlearningTarget,
    intervention: Interventions = None,
    *,
    simulator: Simulator | None = None,
    ask: bool = True,
    max_queries: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> EffectTable:
    """Estimate total, direct and indirect effects that do not rest on the equations' form alone.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        None takes the defaults of :func:`workbench.case.intervention.vary`.
    simulator : Simulator, optional
        The case's equations and what they leave unexplained, to be shared between calls; made
        here by default.
    ask : bool, default True
        Whether the model may be asked about changed rows; without, the regression remains.
    max_queries : int, optional
        The most rows that the model may be asked about. A sample of the rows is asked about then,
        and CAFÉ, which asks nothing, tells how it differs from the whole; there are no effects at
        single rows.
    seed : int, default 0
        For everything that is drawn.
    progress : callable, optional
        See :mod:`workbench.common.progress`.

    Returns
    -------
    EffectTable
        One entry per feature; for several features also their sum and the joint intervention. An
        entry's `form` says what the equations leave unexplained: where it does not hold, paths and
        the pure indirect effect are not to be relied on, since no data can correct them.

        With logged predictions only, or without equations that the data could teach, CAFÉ's
        regression with products and finer knots is what remains; its interval carries what
        boosted trees still find in its residuals.

        Of 2,000 rows or more some are asked about twice first: where the answers prove to be a
        function of the row, the model is asked about a row once, whichever question holds it.

    Raises
    ------
    TargetError, InterventionError
        When target or intervention do not fit the case.
    NotIdentifiableError
        When a latent common cause leaves neither an adjustment set nor the equations.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> from workbench.case.intervention import Contrast
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=2000)
    >>> frame = pd.DataFrame({"a": a, "b": a**2 + (1 + a**2) * rng.normal(size=2000)})
    >>> case = AuditCase(data=frame, model=lambda rows: 3 * rows["b"], features=["b"],
    ...                  graph=CausalGraph([("a", "b")]))
    >>> found = debiased_effects(case, UnlearningTarget.feature("a"), Contrast(0.0, 1.0))["a"]
    >>> bool(found.total.low < 3 < found.total.high), found.direct.value, found.form.holds
    (True, 0.0, True)
    """
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    varied = variations_of(case, names, positions, intervention, seed)
    ask = ask and case.model.can_query
    if not ask:
        return regressed_effects(case, target, varied, mask, ask=False, seed=seed)
    if max_queries is not None:
        part, places, levels, nudged = sampled_case(case, target, intervention, max_queries, seed)
        found = _asked_effects(part, target, levels, None, nudged, seed, progress)
        return on_all_rows(case, target, levels, part, places, found, seed)
    if simulator is None and case.n_rows >= MANY_ROWS:
        case = _asked_once(case, names, seed)
    return _asked_effects(case, target, intervention, simulator, SAMPLE_ROWS, seed, progress)


def _asked_once(case: AuditCase, names: Sequence[str], seed: int) -> AuditCase:
    """Let the model be asked about a row once, where its answers are a function of the row.

    An audit finds this out for itself, for all that it asks.
    """
    if case.budget is None:
        case = case.counted_in(Budget())
    assert case.budget is not None
    if case.answered.rows is None:
        before = case.budget.spent
        steady = unsteady_answers(case, moved=names, seed=seed) is None
        if steady and case.budget.spent > before:
            remember_rows(case)
    return case


def _asked_effects(
    case: AuditCase,
    target: UnlearningTarget,
    intervention: Interventions,
    simulator: Simulator | None,
    nudged_rows: int,
    seed: int,
    progress: Progress,
) -> EffectTable:
    """Estimate by equations, correction and questions about every row of a case."""
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    varied = variations_of(case, names, positions, intervention, seed)
    try:
        if simulator is None:
            simulator = Simulator.of(case, names, varied, seed=seed, progress=progress)
    except NotIdentifiableError:
        return regressed_effects(case, target, varied, mask, ask=True, seed=seed)
    equations = simulator.equations
    started = fuzzed_effects(
        case,
        target,
        intervention=intervention,
        equations=equations,
        nudged_rows=nudged_rows,
        seed=seed,
        progress=progress,
    )
    plans = _plans(case, target, varied, mask)
    left = simulator.unexplained({n: plan.total_given for n, plan in plans.items()}, progress)
    shared = columns_of(case, list(plans.values()), mask)
    entries, corrections = [], []
    for variation in varied:
        entry = replace(started[variation.feature], estimator=DEBIASED)
        plan = plans.get(variation.feature)
        if plan is None:
            # No mediators, so that the model answers; or no adjustment set to correct by.
            entries.append(entry)
            continue
        residual = left[variation.feature]
        regression = RichRegression(shared, variation, plan.total_given, residual.values)
        sampled = target.kind != "datapoints"
        expected = simulator.expected(variation.feature, plan.total_given)
        correction, coarse, missed = _correction(
            regression, expected, positions, case.n_rows, sampled
        )
        corrections.append(correction)
        through = entry.total.influence - _over_rows(entry, positions, case.n_rows, sampled)
        total, form = corrected(entry.total, entry.direct, correction, through, coarse)
        if missed:
            total, form = widened(total, missed), replace(form, missed=missed)
        entries.append(
            replace(
                entry,
                total=total,
                form=form,
                adjustment=tuple(n for n in plan.total_given if n in case.columns),
                queries=entry.queries + residual.queries,
            )
        )
    if len(entries) > 1:
        joint = replace(started.entries[-1], estimator=DEBIASED)
        if case.carriers(*names):
            # What confounders hide of several features may add up.
            hidden = sum(entry.form.missed for entry in entries if entry.form is not None)
            joint = _widened(joint, corrections)
            joint = replace(joint, total=widened(joint.total, hidden)) if hidden else joint
        entries += [sum_of(entries), joint]
    return EffectTable(tuple(entries), case.data.index[positions], case.output, seed)


def _plans(
    case: AuditCase,
    target: UnlearningTarget,
    varied: list[Variation],
    mask: npt.NDArray[np.bool_],
) -> dict[str, Plan]:
    """Say what each feature with mediators is adjusted for, where the graph allows it."""
    plans = {}
    for variation in varied:
        if not case.carriers(variation.feature):
            continue
        try:
            plans[variation.feature] = plan_of(
                case, target, variation, mask, "minimum-variance", "query"
            )
        except NotIdentifiableError:
            continue
    return plans


def _correction(
    regression: RichRegression,
    expected: Expected,
    positions: npt.NDArray[np.intp],
    n: int,
    sampled: bool,
) -> tuple[Effect, Effect, float]:
    """Return what is left unexplained, what few regressors find of it, and what may be missed."""

    def of(fitted: RichRegression) -> Effect:
        return fitted.answer(positions, sampled=sampled).effect

    further = expected.adjusted(regression)
    used = further[-1] if further else regression
    found, coarse = of(used), of(used.of_few_regressors())
    values = [of(fitted).value for fitted in (regression, *further[:-1])]
    missed = still_missed(np.diff([*values, found.value]), n) if further else 0.0
    return found, coarse, missed


def _over_rows(
    entry: FeatureEffects, positions: npt.NDArray[np.intp], n: int, sampled: bool
) -> FloatArray:
    """Return what of an influence column stems from which rows are averaged over."""
    if entry.rows is None:
        return np.zeros(n)
    return mean_effect(entry.rows.total, positions, n, sampled=sampled).influence


def _widened(joint: FeatureEffects, corrections: list[Effect]) -> FeatureEffects:
    """Let a joint intervention's interval carry what its features' corrections exceed their noise.

    No regression answers for several features set together, so that its value is not moved.
    """
    excess = sum(max(0.0, d.value**2 - d.standard_error**2) for d in corrections)
    if excess == 0:
        return joint
    largest = max(corrections, key=lambda d: abs(d.value))
    stretch = np.sqrt(excess) / largest.standard_error
    return replace(joint, total=joint.total + Effect(0.0, largest.influence * stretch))


def _run(asked: AuditRequest, equations: Equations | None) -> EffectTable:
    if asked.plan is not None:
        most = asked.plan.per_table
        return debiased_effects(asked.case, asked.target, max_queries=most, **asked.options)
    simulator = None
    if equations is not None:
        simulator = Simulator.of(
            asked.case, asked.names, asked.varied, plain=equations, seed=asked.seed
        )
    return debiased_effects(asked.case, asked.target, simulator=simulator, **asked.options)


METHOD = CausalMethod(
    name="debiased",
    title="debiased estimate",
    label="Debiased estimate (the verdict judges it)",
    cost="some seconds; it asks the model about every row several times",
    run=_run,
    compared=("total", "direct", "indirect"),
    takes_equations=True,
)
