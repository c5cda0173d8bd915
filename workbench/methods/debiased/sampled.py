"""The debiased estimate where the number of questions is limited.

A random sample of the rows is asked about. CAFÉ needs no questions, and says on all rows what it
says on the sample: the difference tells how the sample differs from the whole, and is taken off.
Influence columns carry both, so that the interval counts the sample and the correction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from workbench.case.asking.variations import fixed_interventions, variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import Positions
from workbench.common.errors import InterventionError, TargetError
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.debiased.simulator import REDRAWS
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, sum_of
from workbench.methods.fuzzing.equation_error import SAMPLE_ROWS
from workbench.methods.fuzzing.estimator import ENOUGH_ROWS

__all__ = ["Sample", "affordable", "least_questions", "on_all_rows", "sampled_case"]


FEWEST_ROWS = 200
"""Rows below which equations and correction mean little."""
NUDGED_SHARE = 0.2
"""Share of the questions that tell how the equations' errors matter."""
FEWEST_NUDGED = 16
"""Rows that tell it, at the least."""


@dataclass(frozen=True)
class Sample:
    """How many rows are asked about, and how many show how the equations' errors matter."""

    rows: int
    nudged: int


def affordable(case: AuditCase, varied: Sequence[Variation], max_queries: int) -> Sample:
    """Choose the largest sample on which the effects take no more than `max_queries` questions.

    Raises
    ------
    TargetError
        When not even a small one is paid for.
    """
    least = least_questions(case, varied)
    if max_queries < least:
        raise TargetError(
            f"max_queries={max_queries:,} is too few for this target; give at least {least:,}."
        )
    nudges, sizes, costs = _costs(case, varied)
    spare = min(NUDGED_SHARE * max_queries, max_queries - int(costs[0]))
    nudged = int(np.clip(spare // max(nudges, 1), FEWEST_NUDGED, SAMPLE_ROWS))
    return Sample(int(sizes[costs + nudged * nudges <= max_queries][-1]), nudged)


def least_questions(case: AuditCase, varied: Sequence[Variation]) -> int:
    """Return the fewest questions that effects can be estimated with."""
    nudges, _, costs = _costs(case, varied)
    return int(costs[0]) + FEWEST_NUDGED * nudges


def _costs(
    case: AuditCase, varied: Sequence[Variation]
) -> tuple[int, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the questions of one nudged row, and samples' sizes with what they take at most."""
    jobs = [_Job.of(case, (v,)) for v in varied]
    if len(varied) > 1:
        jobs.append(_Job.of(case, tuple(varied)))
    redrawn = REDRAWS * len({case.carriers(v.feature) for v in varied} - {()})
    sizes = np.arange(min(FEWEST_ROWS, case.n_rows), case.n_rows + 1)
    costs = sizes * redrawn + sum(job.cost(sizes) for job in jobs)
    return sum(job.per_nudged for job in jobs), sizes, costs


@dataclass(frozen=True)
class _Job:
    """What one feature, or all of them together, may take: at most, and per row.

    Attributes
    ----------
    alone, carried : int
        Questions about a row with the features alone changed, and with what they carry along.
    drawn, gaps : bool
        Whether something is drawn in the rows, so that few of them are repeated; whether
        something is missing, so that all are.
    per_nudged : int
        Questions about a row that is nudged.
    """

    alone: int
    carried: int
    drawn: bool
    gaps: bool
    per_nudged: int

    @classmethod
    def of(cls, case: AuditCase, varied: Sequence[Variation]) -> _Job:
        names = {v.feature for v in varied}
        levels = 1 + max(len(v.after) for v in varied)
        reads = not names.isdisjoint(case.reads)
        columns = [case.columns[c] for c in case.carriers(*names) if c in case.columns]
        outcomes = (1 + reads) if columns else 0
        ends = sum(2 if column.is_numeric else len(column.levels) for column in columns)
        gaps = any(column.is_numeric and np.isnan(column.values).any() for column in columns)
        drawn = gaps or any(not column.is_numeric or column.integer for column in columns)
        return cls(levels * reads, levels * outcomes, drawn, gaps, 2 * outcomes * ends)

    def cost(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        copies = np.maximum(1 + self.gaps, -(-ENOUGH_ROWS // rows) if self.drawn else 1)
        questions: npt.NDArray[np.intp] = rows * (self.alone + self.carried * copies)
        return questions


def sampled_case(
    case: AuditCase,
    target: UnlearningTarget,
    intervention: Interventions,
    max_queries: int,
    seed: int,
) -> tuple[AuditCase, Positions, Interventions, int]:
    """Choose the rows that may be asked about.

    Returns
    -------
    case : AuditCase
        On these rows.
    places : ndarray of int
        Where they stand.
    intervention : mapping of str to intervention
        With the levels of the whole.
    nudged : int
        How many of them show how the equations' errors matter.

    Raises
    ------
    TargetError
        When the questions do not suffice, or the target names single rows.
    """
    if target.rows is not None:
        raise TargetError("max_queries= samples rows; this target names the rows that it is about.")
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    varied = variations_of(case, names, positions, intervention, seed)
    sample = affordable(case, varied, max_queries)
    levels = fixed_interventions(case, names, positions, intervention, seed)
    drawn = np.random.default_rng([seed, 41]).choice(case.n_rows, sample.rows, replace=False)
    places = np.sort(drawn)
    part = case.with_rows(places)
    try:
        variations_of(part, names, np.flatnonzero(part.resolve(target)[1]), levels, seed)
    except InterventionError:
        raise TargetError(
            f"Among the {sample.rows:,} rows that max_queries={max_queries:,} pays for, none has a "
            f"level that the change goes between. Allow more questions, or name other levels."
        ) from None
    return part, places, levels, sample.nudged


def on_all_rows(
    case: AuditCase,
    target: UnlearningTarget,
    intervention: Interventions,
    sample: AuditCase,
    places: Positions,
    found: EffectTable,
    seed: int,
) -> EffectTable:
    """Carry effects that were found on a sample over to all rows.

    Parameters
    ----------
    found : EffectTable
        The debiased effects on the sample.
    """
    whole, part = (
        cafe_effects(
            one,
            target,
            intervention=intervention,
            direct="regression",
            skip_unidentified=True,
            seed=seed,
        )
        for one in (case, sample)
    )
    told = {e.feature: e.total for e in whole if not e.combination}
    told_part = {e.feature: e.total for e in part if not e.combination}
    _, mask = case.resolve(target)
    entries: list[FeatureEffects] = []
    for entry in found:
        if entry.combination == "sum":
            continue
        total, direct = (_spread(e, places, case.n_rows) for e in (entry.total, entry.direct))
        if not entry.combination and entry.feature in told and entry.feature in told_part:
            beside = _spread(told_part[entry.feature], places, case.n_rows)
            total = _controlled(total, beside, told[entry.feature])
            if not case.carriers(entry.feature):
                direct = total
        pure = entry.pure_indirect
        entries.append(
            replace(
                entry,
                total=total,
                direct=direct,
                pure_indirect=None if pure is None else _spread(pure, places, case.n_rows),
                rows=None,
                n_rows=int(mask.sum()),
            )
        )
    single = [entry for entry in entries if not entry.combination]
    if len(single) > 1:
        entries.insert(len(single), sum_of(single))
    return EffectTable(tuple(entries), case.data.index[mask], case.output, seed)


def _spread(effect: Effect, places: Positions, n: int) -> Effect:
    """Write an influence column of the sample's rows as one of all rows."""
    influence = np.zeros(n)
    influence[places] = effect.influence * (n / len(places))
    return Effect(effect.value, influence)


def _controlled(found: Effect, beside: Effect, whole: Effect) -> Effect:
    """Take off how the sample differs from the whole, as far as a free estimate tells."""
    gap = beside - whole
    spread = float(np.dot(gap.influence, gap.influence))
    if spread == 0:
        return found
    share = float(np.dot(found.influence, gap.influence)) / spread
    return found - Effect(share * gap.value, share * gap.influence)
