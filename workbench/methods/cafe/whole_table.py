"""CAFÉ over every row of a table in partitions: normal equations and influence products that add.

Two passes over the partitions. The first adds up the normal equations of every regression; the
second adds up the products of the influence columns, from which follow the standard errors and what
estimates share. No row leaves its partition: messages are as large as the regressions, not as the
data. Bases are chosen on the case's sample of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd

from workbench.case.asking.as_they_are import AsTheyAre
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions, Variation
from workbench.case.partition import CaseOfPartitions
from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditError, InterventionError, TargetError
from workbench.common.map_reduce import Engine, On, engine_on
from workbench.common.progress import Progress, silent
from workbench.common.threads import one_thread
from workbench.methods.cafe.estimator import IN_TARGET, Plan, columns_of, plan_of
from workbench.methods.cafe.partition_sums import (
    Key,
    PartitionJob,
    Products,
    Sums,
    job_of,
    products_on,
    summed_on,
)
from workbench.methods.cafe.shared_regression import (
    Fit,
    Question,
    SharedRegression,
    fit_of,
    key_of,
)
from workbench.methods.cafe.table_memory import check_memory
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, sum_of
from workbench.methods.estimator import Adjustment, Basis, Direct, Estimator
from workbench.tables.partitions.parts import Partition
from workbench.tables.partitions.table import Table

__all__ = [
    "Prepared",
    "WholeTable",
    "most_questions",
    "prepared",
    "table_of",
    "whole_table_effects",
]

Message = TypeVar("Message", "Sums", "Products")


@dataclass(frozen=True, eq=False)
class WholeTable:
    """Effects over all rows of a table.

    Attributes
    ----------
    effects : EffectTable
        Without effects at single rows.
    n_rows, n_target : int
        Rows of the table, and those of the target.
    queries : int
        Rows the model was asked about, the rows as they are included.
    strange : mapping of str to int
        Rows, by column, whose value the sample did not know.
    partitions : int
    words : str
        Where the work was done.
    """

    effects: EffectTable
    n_rows: int
    n_target: int
    queries: int
    strange: Mapping[str, int]
    partitions: int
    words: str


def whole_table_effects(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    basis: Basis = "flexible",
    direct: Direct = "query",
    adjustment: Adjustment = "minimum-variance",
    seed: int = 0,
    on: On = None,
    progress: Progress = silent,
    rows: AsTheyAre | None = None,
) -> WholeTable:
    """Estimate the effects of :func:`workbench.cafe_effects` on every row of the case's table.

    Parameters
    ----------
    case : AuditCase
        Of a :class:`workbench.Table`. Levels, ranges, knots and the default contrast are those of
        the rows that it holds.
    target : UnlearningTarget
        Features, on all rows or where a condition holds.
    intervention : Contrast, mapping of feature to Contrast, or None
    basis, direct, adjustment, seed
        As for :func:`workbench.cafe_effects`.
    on : int, Workers, Dask client, or None
        Where the partitions are worked on; None is this process.
    progress : callable, optional
        See :mod:`workbench.common.progress`.
    rows : AsTheyAre, optional
        The case's partitions, where another pass may have asked about their rows as they are.

    Returns
    -------
    WholeTable

    Raises
    ------
    AuditError
        The case has no table, the intervention is no contrast, a target names rows by label, or
        the workers have too little memory.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=400)
    >>> frame = pd.DataFrame({"a": a, "b": 2 * a + rng.normal(size=400)})
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> from workbench.tables.partitions.table import Table
    >>> case = AuditCase(data=Table.pandas(frame, 3), model=lambda rows: 3 * rows["b"],
    ...                  features=["b"], graph=CausalGraph([("a", "b")]))
    >>> whole = whole_table_effects(case, UnlearningTarget.feature("a"))
    >>> whole.n_rows, whole.partitions, whole.effects["a"].direct.value
    (400, 3, 0.0)
    """
    table = table_of(case)
    made = prepared(case, target, intervention, basis, direct, adjustment, seed)
    plans, shared, job = made.plans, made.shared, made.job
    rows = AsTheyAre(case) if rows is None else rows
    with engine_on(on) as engine:
        most = max(part.rows for part in table.partitions)
        check_memory(job, most, engine.share, engine.count)
        before = rows.queries
        parts = rows.partitions(job.case, engine, progress)
        sums = _pass(engine, partial(summed_on, job), parts, progress, "normal equations")
        fits = [] if shared is None else _solved(shared, job, sums, table.n_rows)
        found = _pass(engine, partial(products_on, job, fits), parts, progress, "influences")
        words = engine.words
    answers = _answers(fits, job, found, table.n_rows)
    estimator = Estimator("cafe", basis, made.direct, adjustment)
    entries = [_entry(case, plan, answers, found.n_target, estimator) for plan in plans]
    if len(entries) > 1:
        entries.append(sum_of(entries))
    effects = EffectTable(tuple(entries), pd.RangeIndex(0), case.output, seed)
    return WholeTable(
        effects,
        table.n_rows,
        found.n_target,
        rows.queries - before + sums.queries + found.queries,
        {name: found.strange[name] for name in case.columns if found.strange[name]},
        len(table.partitions),
        words,
    )


def most_questions(case: AuditCase, names: Sequence[str], rows: AsTheyAre) -> int:
    """Return the most rows that :func:`whole_table_effects` asks about, of some features."""
    if case.table is None or not case.model.can_query:
        return 0
    read = sum(name in case.reads for name in names)
    return rows.most_questions(2) + 2 * read * case.table.n_rows


def table_of(case: AuditCase) -> Table:
    """Return the case's table, or say that it has none."""
    if case.table is None:
        raise AuditError(
            "The case holds a DataFrame, whose rows are all audited by wb.audit. Effects over a "
            "whole table need a case of a wb.Table."
        )
    return case.table


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is decided before any pass, on the rows that the case holds."""

    plans: list[Plan]
    direct: Direct
    shared: SharedRegression | None
    job: PartitionJob


def prepared(
    case: AuditCase,
    target: UnlearningTarget,
    intervention: Interventions,
    basis: Basis,
    direct: Direct,
    adjustment: Adjustment,
    seed: int,
) -> Prepared:
    """Decide on the case's sample what will be asked of all rows."""
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    if direct == "query" and not case.model.can_query:
        direct = "regression"
    varied = variations_of(case, names, positions, intervention, seed)
    _check_contrasts(varied)
    plans = [plan_of(case, target, v, mask, adjustment, direct) for v in varied]
    head = CaseOfPartitions.of(case, target)
    questions = _questions(plans, direct)
    shared = None
    if questions:
        shared = SharedRegression(
            case, columns_of(case, _regressed(plans, direct), mask), kind=basis
        )
    job = job_of(head, shared, questions, plans if direct == "query" else [])
    return Prepared(plans, direct, shared, job)


def _check_contrasts(varied: Sequence[Variation]) -> None:
    for variation in varied:
        levels = [variation.before, *variation.after]
        if len(variation.after) > 1 or any((level != level[0]).any() for level in levels):
            raise InterventionError(
                f"Effects over a whole table are those of one change from a level to another; "
                f"{variation.feature!r} is changed by {variation.text}. Give a wb.Contrast."
            )


def _regressed(plans: Sequence[Plan], direct: Direct) -> list[Plan]:
    """Return the plans that need a regression."""
    return [plan for plan in plans if direct != "query" or not plan.direct_only]


def _questions(plans: Sequence[Plan], direct: Direct) -> list[Question]:
    regressed = _regressed(plans, direct)
    questions = [Question(plan.variation, plan.total_given) for plan in regressed]
    if direct != "query":
        questions += [Question(plan.variation, plan.direct_given) for plan in regressed]
    return list({key_of(question): question for question in questions}.values())


def _pass(
    engine: Engine,
    function: Callable[[Partition], Message],
    partitions: Sequence[Partition],
    progress: Progress,
    what: str,
) -> Message:
    step = f"all rows: {what}"
    return engine.map_reduce(function, partitions, _added, lambda share: progress(step, share))


def _added(one: Message, other: Message) -> Message:
    return one + other


def _solved(shared: SharedRegression, job: PartitionJob, sums: Sums, n: int) -> list[Fit]:
    fits = []
    for empty, (gram, moment, cross_step) in zip(job.normals.values(), sums.own, strict=True):
        places, mains = empty.places, len(empty.places)
        gram[:mains, :mains] += sums.gram[np.ix_(places, places)]
        moment[:mains] += sums.moment[places]
        normal = replace(empty, gram=gram, moment=moment, cross_step=cross_step)
        with one_thread():
            fits.append(fit_of(shared, normal, sums.n_target, n))
    return fits


def _answers(
    fits: Sequence[Fit], job: PartitionJob, found: Products, n: int
) -> dict[Key | str, Effect]:
    """Return the effects, whose influence columns have the products of the whole table's.

    An effect is known by its question, or by its feature where the model was asked. The columns
    are no longer than there are effects: only products of them are ever used.
    """
    if not found.n_target:
        raise TargetError("No row of the table is in the target.")
    crosses, scale = found.crosses, n / found.n_target
    last = len(crosses) - 1
    names: list[Key | str] = [*job.normals, *(v.feature for v in job.asked)]
    weights = np.zeros((len(names), len(crosses)))
    values = np.zeros(len(names))
    for place, fit in enumerate(fits):
        values[place] = crosses[2 * place + 1, last] / found.n_target
        weights[place, 2 * place] = 1.0
        if fit.left is not None:
            weights[place, 2 * place + 1] = scale
            weights[place, last] = -scale * values[place]
    for place in range(len(fits), len(names)):
        column = len(fits) + place
        values[place] = crosses[column, last] / found.n_target
        weights[place, column] = scale
        weights[place, last] = -scale * values[place]
    sizes, axes = np.linalg.eigh(weights @ crosses @ weights.T)
    short = np.sqrt(np.clip(sizes, 0, None))[:, None] * axes.T * (len(names) / n)
    return {
        name: Effect(float(value), short[:, place].copy())
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    }


def _entry(
    case: AuditCase,
    plan: Plan,
    answers: Mapping[Key | str, Effect],
    n_target: int,
    estimator: Estimator,
) -> FeatureEffects:
    name = plan.variation.feature
    if estimator.direct == "query":
        direct = answers[name]
    elif estimator.direct == "regression" and name not in case.reads:
        direct = Effect(0.0, np.zeros(len(answers)))
    else:
        direct = answers[key_of(Question(plan.variation, plan.direct_given))]
    total = direct
    if not plan.direct_only:
        total = answers[key_of(Question(plan.variation, plan.total_given))]
    return FeatureEffects(
        name,
        estimator,
        plan.variation.text,
        total,
        direct,
        None,
        adjustment=tuple(given for given in plan.total_given if given != IN_TARGET),
        n_rows=n_target,
    )
