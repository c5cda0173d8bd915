"""Algorithm 2: CAFÉ, the fast estimator, from one prediction per row.

Back-door adjustment with a flexible regression of the prediction (``estimands.md``, "Algorithm
2"): fit m(f, z) = E[Ŷ | f, z] by one least-squares per feature, then average m(b, z) − m(a, z) over
the target's rows. The regressions of all features share one Gram matrix of main effects; each
feature adds only the block of its own interactions. A feature without mediators moves the
prediction only through the model, so that its total effect is the direct one and is asked, not
estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.asking.batches import QueryBatch, direct_differences, sample_places
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.common.errors import NotIdentifiableError
from workbench.common.progress import Progress, silent
from workbench.graph.causal_graph import PREDICTION
from workbench.methods.averages import mean_effect, row_effects
from workbench.methods.cafe.other_inputs import inputs_beside
from workbench.methods.cafe.shared_regression import Question, SharedRegression, Standardised
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, sum_of
from workbench.methods.estimator import Adjustment, Basis, Direct, Estimator
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.method import CausalMethod
from workbench.tables.columns import Column, encode_column

__all__ = ["METHOD", "cafe_effects"]

IN_TARGET = "(row in target)"


def cafe_effects(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    basis: Basis = "flexible",
    direct: Direct = "query",
    adjustment: Adjustment = "minimum-variance",
    query_rows: int | None = None,
    skip_unidentified: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> EffectTable:
    """Estimate total, direct and indirect effects of the target's features by adjustment.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        None takes the defaults of :func:`workbench.case.intervention.vary`.
    basis : {"flexible", "linear"}, default "flexible"
        Splines and one-hot blocks with the feature's interactions, or the paper's linear terms.
    direct : {"query", "regression", "paper"}, default "query"
        Ask the model (exact); regress on all its other inputs, which is what remains when only
        logged predictions exist and is then taken by itself; or the paper's regression on the
        adjustment set and the mediators, which can raise false alarms. With "query" the total
        effect of a feature without mediators is the answer of the model, too.
    adjustment : {"minimum-variance", "parents"}, default "minimum-variance"
        Which valid back-door set to adjust for.
    query_rows : int, optional
        Ask the model on a random sample of at most this many of the target's rows; all by default.
    skip_unidentified : bool, default False
        Leave features out whose effect the graph does not identify, instead of raising.
    seed : int, default 0
        For interventions that draw.
    progress : callable, optional
        See :mod:`workbench.common.progress`.

    Returns
    -------
    EffectTable
        One entry per feature; for several features also their sum, as in the paper.

    Raises
    ------
    TargetError, InterventionError
        When target or intervention do not fit the case.
    NotIdentifiableError
        When a latent common cause leaves no valid back-door set; the message names it.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=400)
    >>> frame = pd.DataFrame({"a": a, "b": 2 * a + rng.normal(size=400)})
    >>> case = AuditCase(data=frame, model=lambda rows: 3 * rows["b"], features=["b"],
    ...                  graph=CausalGraph([("a", "b")]))
    >>> from workbench.case.intervention import Contrast
    >>> table = cafe_effects(case, UnlearningTarget.feature("a"), intervention=Contrast(0, 1),
    ...                      basis="linear")
    >>> bool(table["a"].total.low < 6 < table["a"].total.high), table["a"].direct.value
    (True, 0.0)
    """
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    sampled = target.kind != "datapoints"
    if direct == "query" and not case.model.can_query:
        direct = "regression"
    estimator = Estimator("cafe", basis, direct, adjustment)
    plans = []
    for variation in variations_of(case, names, positions, intervention, seed):
        try:
            plans.append(plan_of(case, target, variation, mask, adjustment, direct))
        except NotIdentifiableError:
            if not skip_unidentified:
                raise
    if not plans:
        return EffectTable((), case.data.index[positions], case.output, seed)
    regressed = [plan for plan in plans if not plan.direct_only]
    questions = [Question(plan.variation, plan.total_given) for plan in regressed]
    if direct != "query":
        questions += [Question(plan.variation, plan.direct_given) for plan in plans]
    answers: list[Standardised] = []
    if questions:
        shared = SharedRegression(case, columns_of(case, regressed, mask), kind=basis)
        answers = shared.answer(questions, positions, sampled=sampled, progress=progress)
    estimated, directs = answers[: len(regressed)], answers[len(regressed) :]
    if direct == "query":
        inside = sample_places(len(positions), query_rows, seed)
        part_only = len(inside) < len(positions)
        directs = _asked(case, plans, positions, inside, sampled or part_only, progress)
    whole = direct != "query" or query_rows is None or query_rows >= len(positions)
    entries = []
    left = iter(estimated)
    for plan, part in zip(plans, directs, strict=True):
        total = part if plan.direct_only else next(left)
        name = plan.variation.feature
        if direct == "regression" and name not in case.reads:
            part = _nothing(case, plan, positions)
        entries.append(
            FeatureEffects(
                name,
                estimator,
                plan.variation.text,
                total.effect,
                part.effect,
                row_effects(total.per_draw, part.per_draw) if whole else None,
                adjustment=tuple(n for n in plan.total_given if n != IN_TARGET),
                n_rows=len(positions),
                queries=part.queries,
            )
        )
    if len(entries) > 1:
        entries.append(sum_of(entries))
    return EffectTable(tuple(entries), case.data.index[positions], case.output, seed)


@dataclass(frozen=True, eq=False)
class Plan:
    """How one feature is estimated: what its regressions condition on, if any."""

    variation: Variation
    total_given: tuple[str, ...] = ()
    direct_given: tuple[str, ...] = ()
    direct_only: bool = False


def plan_of(
    case: AuditCase,
    target: UnlearningTarget,
    variation: Variation,
    mask: npt.NDArray[np.bool_],
    adjustment: Adjustment,
    direct: Direct,
) -> Plan:
    name = variation.feature
    if direct == "query" and not case.carriers(name):
        return Plan(variation, direct_only=True)
    given = case.covariates(name, kind=adjustment)
    direct_given: tuple[str, ...] = ()
    if direct == "regression":
        direct_given = inputs_beside(case, name)
    elif direct == "paper":
        observed = [m for m in case.carriers(name) if m in case.columns]
        direct_given = tuple(dict.fromkeys([*given, *observed]))
    if not mask.all() and _separates_rows(case, target, name, given):
        given = (*given, IN_TARGET)
        direct_given = (*direct_given, IN_TARGET)
    return Plan(variation, given, direct_given)


def _separates_rows(
    case: AuditCase, target: UnlearningTarget, name: str, given: tuple[str, ...]
) -> bool:
    """Whether membership in the subgroup may enter the regression as a covariate.

    Where it may, the subgroup's effect is estimated for the subgroup itself and not smoothed over
    its border. It may not where the condition looks at what the feature causes, or at a common
    effect of hidden causes.
    """
    if target.condition is None or case.outcome in target.condition.columns:
        return False
    graph = case.audit_graph
    for column in target.condition.columns:
        graph = graph.add_edge(column, IN_TARGET)
    return graph.is_valid_adjustment(name, PREDICTION, (*given, IN_TARGET))


def columns_of(
    case: AuditCase, plans: Sequence[Plan], mask: npt.NDArray[np.bool_]
) -> dict[str, Column]:
    """Columns that some plan's regressions use."""
    used = dict.fromkeys(
        name
        for plan in plans
        for name in (plan.variation.feature, *plan.total_given, *plan.direct_given)
    )
    return {
        name: encode_column(IN_TARGET, pd.Series(mask)) if name == IN_TARGET else case.columns[name]
        for name in used
    }


def _asked(
    case: AuditCase,
    plans: Sequence[Plan],
    positions: npt.NDArray[np.intp],
    inside: npt.NDArray[np.intp],
    sampled: bool,
    progress: Progress,
) -> list[Standardised]:
    """Direct effects by asking the model: exact, all questions put together."""
    batch = QueryBatch(case, progress, "CAFÉ: asking the model")
    positions = positions[inside]
    asked = [direct_differences(batch, positions, p.variation.take(inside)) for p in plans]
    answers = []
    for differences in asked:
        rows = np.mean(differences.per_draw, axis=0)
        effect = mean_effect(rows, positions, case.n_rows, sampled=sampled)
        answers.append(Standardised(effect, differences.per_draw, differences.queries))
    return answers


def _nothing(case: AuditCase, plan: Plan, positions: npt.NDArray[np.intp]) -> Standardised:
    """Give the direct effect of a feature that the model does not read."""
    rows = [np.zeros(len(positions))] * len(plan.variation.after)
    return Standardised(Effect(0.0, np.zeros(case.n_rows)), rows)


def _run(asked: AuditRequest, _: Equations | None) -> EffectTable:
    direct: Direct = "query" if asked.plan is None else "regression"
    return cafe_effects(asked.case, asked.target, direct=direct, **asked.options)


METHOD = CausalMethod(
    name="cafe",
    title="CAFÉ",
    label="CAFÉ (fast causal estimate)",
    cost="a second or two",
    run=_run,
    compared=("total", "direct", "indirect"),
)
