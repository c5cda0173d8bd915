"""The debiased estimate where only so many questions may be asked.

A random sample of the rows is asked about. CAFÉ needs no questions, and says on all rows what it
says on the sample: the difference tells how the sample differs from the whole, and is taken off.
Influence columns carry both, so that the interval counts the sample and the correction.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from workbench.case.asking.variations import fixed_interventions
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.common.errors import TargetError
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.debiased.simulator import REDRAWS
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, sum_of
from workbench.methods.fuzzing.equation_error import SAMPLE_ROWS

__all__ = ["on_all_rows", "sampled_case"]

FloatArray = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

FEWEST_ROWS = 200
"""Rows below which equations and correction mean little."""


def sampled_case(
    case: AuditCase,
    target: UnlearningTarget,
    intervention: Interventions,
    max_queries: int,
    seed: int,
) -> tuple[AuditCase, Positions, Interventions]:
    """Choose the rows that may be asked about.

    Returns
    -------
    case : AuditCase
        On these rows.
    places : ndarray of int
        Where they stand.
    intervention : mapping of str to intervention
        With the levels of the whole.

    Raises
    ------
    TargetError
        When the questions do not suffice, or the target names single rows.
    """
    if target.rows is not None:
        raise TargetError("max_queries= samples rows; this target names the rows that it is about.")
    names, mask = case.resolve(target)
    per_row, fixed = _cost(case, names)
    rows = min(case.n_rows, (max_queries - fixed) // max(per_row, 1))
    if rows < min(FEWEST_ROWS, case.n_rows):
        least = fixed + per_row * min(FEWEST_ROWS, case.n_rows)
        raise TargetError(
            f"max_queries={max_queries:,} is too few for this target; give at least {least:,}."
        )
    levels = fixed_interventions(case, names, np.flatnonzero(mask), intervention, seed)
    drawn = np.random.default_rng([seed, 41]).choice(case.n_rows, rows, replace=False)
    places = np.sort(drawn)
    return case.with_rows(places), places, levels


def _cost(case: AuditCase, names: tuple[str, ...]) -> tuple[int, int]:
    """Return the most questions that one row takes, and those that take no more with more rows."""
    per_row, fixed = 0, 0
    jobs = len(names) + (len(names) > 1)
    for name in names:
        carriers = [node for node in case.carriers(name) if node in case.columns]
        per_row += 2
        if carriers:
            # Before and after, all and the mediators alone, each perhaps twice; and the redraws.
            per_row += 8 + REDRAWS
            ends = sum(
                2 if case.columns[c].is_numeric else len(case.columns[c].levels) for c in carriers
            )
            fixed += 2 * 2 * SAMPLE_ROWS * ends
    return per_row * jobs // len(names) + 1, fixed * jobs // len(names)


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
