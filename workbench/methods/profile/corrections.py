"""Totals of a profile, corrected at every level by what the equations leave unexplained.

The debiased estimate's correction (:mod:`workbench.methods.debiased.estimator`) is one regression
of the simulator's residual; every level is one more contrast of it. Distances from the profile's
own average are corrected, so that no level is favoured as the one to compare with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.errors import NotIdentifiableError
from workbench.common.progress import Progress
from workbench.methods.cafe.estimator import Plan, columns_of, plan_of
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.methods.debiased.combination import ENOUGH, RIGHT, shrunk
from workbench.methods.debiased.missed_confounding import Expected, still_missed
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.profile.answers import Answers, Assignment
from workbench.methods.profile.bounds import LevelMeans

__all__ = ["Corrected", "corrected_totals"]


@dataclass(frozen=True, eq=False)
class Corrected:
    """Means at every level after correction, on all rows and in every group.

    Attributes
    ----------
    parts : mapping of str to LevelMeans
        "total" and "indirect".
    groups : mapping of str to mapping of str to LevelMeans
    queries : int
        Questions for the simulator's residual.
    """

    parts: Mapping[str, LevelMeans]
    groups: Mapping[str, Mapping[str, LevelMeans]]
    queries: int


def corrected_totals(
    simulator: Simulator,
    target: UnlearningTarget,
    assignment: Assignment,
    answers: Answers,
    groups: Mapping[str, BoolArray],
    conditions: Mapping[str, Condition],
    progress: Progress,
) -> Corrected | None:
    """Correct a feature's simulated totals at all levels, by one regression of what is left.

    Parameters
    ----------
    groups : mapping of str to ndarray of bool, shape (m,)
        Which of the rows that were asked about are in a group.
    conditions : mapping of str to Condition
        The same groups by what holds for their rows.

    Returns
    -------
    Corrected or None
        None where nothing carries the feature's change, or no adjustment set is known.
    """
    case, name = simulator.case, assignment.features[0]
    if not case.carriers(name):
        return None
    _, mask = case.resolve(target)
    one = replace(target, names=(name,))
    try:
        plan = _plan(case, one, assignment, mask)
    except NotIdentifiableError:
        return None
    left = simulator.unexplained({name: plan.total_given}, progress)[name]
    regression = RichRegression(
        columns_of(case, [plan], mask), plan.variation, plan.total_given, left.values
    )
    expected = simulator.expected(name, plan.total_given)
    parts = _moved(answers.parts, regression, expected, np.flatnonzero(mask), assignment.shares)
    by_group = {}
    for group, inside in groups.items():
        rows = mask & conditions[group].mask(case.data)
        part = _within(one, conditions[group])
        asked = {
            kind: answers.parts[kind].among(inside, answers.through_groups.get(group))
            for kind in ("total", "indirect")
        }
        own = _plan(case, part, assignment, rows)
        fitted = regression
        if own.total_given != plan.total_given:
            columns = columns_of(case, [own], rows)
            fitted = RichRegression(columns, own.variation, own.total_given, left.values)
        by_group[group] = _moved(asked, fitted, expected, np.flatnonzero(rows), assignment.shares)
    return Corrected(parts, by_group, left.queries)


def _plan(
    case: AuditCase, target: UnlearningTarget, assignment: Assignment, mask: BoolArray
) -> Plan:
    """Ask for all levels in turn, from the one that most rows are at or near."""
    name, size = assignment.features[0], int(mask.sum())
    dtype = case.columns[name].values.dtype
    values = [np.full(size, level[name], dtype=dtype) for level in assignment.levels]
    before = values[int(np.argmax(assignment.shares))]
    variation = Variation(name, "all levels", before, tuple(values))
    return plan_of(case, target, variation, mask, "minimum-variance", "query")


def _within(target: UnlearningTarget, condition: Condition) -> UnlearningTarget:
    if target.rows is not None:
        return target
    if target.condition is None:
        return replace(target, condition=condition)
    both = Condition(f"({target.condition.text}) and ({condition.text})")
    return replace(target, condition=both)


def _moved(
    asked: Mapping[str, LevelMeans],
    regression: RichRegression,
    expected: Expected,
    positions: npt.NDArray[np.intp],
    shares: FloatArray,
) -> dict[str, LevelMeans]:
    """Take of each level's correction the share that is not its noise.

    As :func:`workbench.methods.debiased.combination.corrected` does, level by level; what stays
    open of a correction is an error of the level's own.
    """
    usual = shares / shares.sum() if shares.sum() > 0 else np.full(len(shares), 1 / len(shares))
    total = asked["total"]
    # The equations' error is in what they leave, too, with the other sign.
    equations = 0.0 if total.through is None else total.through - usual @ total.through

    def from_usual(fitted: RichRegression) -> tuple[FloatArray, FloatArray]:
        rows, through = fitted.by_draw(positions)
        return rows - usual @ rows, through - usual @ through - equations

    def weights(rows: FloatArray, through: FloatArray, right: float) -> FloatArray:
        return shrunk(_ratios(rows.mean(axis=1), np.sqrt(noise_of(rows, through))), right)

    def noise_of(rows: FloatArray, through: FloatArray) -> FloatArray:
        influence = through.copy()
        if total.sampled:
            apart = rows - rows.mean(axis=1, keepdims=True)
            influence[:, positions] += apart * (total.n / len(positions))
        variance: FloatArray = (influence**2).sum(axis=1) / total.n**2
        return variance

    besides, missed = expected.adjusted(regression), 0.0
    used = besides[-1] if besides else regression
    rows, through = from_usual(used)
    delta = rows.mean(axis=1)
    if besides:
        before = [from_usual(fitted)[0].mean(axis=1) for fitted in (regression, *besides[:-1])]
        moved = np.abs(np.diff([*before, delta], axis=0)).max(axis=1)
        missed = still_missed(moved, total.n)
    few_rows, few_through = from_usual(used.of_few_regressors())
    first = weights(few_rows, few_through, RIGHT)[:, None]
    further = weights(rows - few_rows, through - few_through, ENOUGH)[:, None]
    noise = noise_of(rows, through)
    rows = first * few_rows + further * (rows - few_rows)
    through = first * few_through + further * (through - few_through)
    open_ = np.maximum(noise - noise_of(rows, through), 0.0) + (delta - rows.mean(axis=1)) ** 2
    open_ += missed**2
    inside = np.searchsorted(positions, total.positions)
    shift = rows[:, inside]
    # The correction is that of all the target's rows, of which only a sample was asked about.
    shift = shift + (rows.mean(axis=1) - shift.mean(axis=1))[:, None]
    out = {}
    for kind in ("total", "indirect"):
        means = asked[kind]
        column = through if means.through is None else through + means.through
        out[kind] = replace(means, scores=means.scores + shift, through=column, aside=open_)
    return out


def _ratios(values: FloatArray, errors: FloatArray) -> FloatArray:
    out = np.zeros(len(values))
    measured = errors > 0
    out[measured] = values[measured] / errors[measured]
    return out
