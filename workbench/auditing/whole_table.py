"""An audit of a table in partitions: what is added up over all rows, and how the report says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import hypot

from workbench.auditing.clock import Steps
from workbench.case.asking.as_they_are import AsTheyAre
from workbench.case.asking.budget import Budget
from workbench.case.asking.question_plan import ALL_ROWS as STEP
from workbench.case.asking.question_plan import EVERY_LEVEL, LEFT_OUT
from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.common.errors import AuditError, DataError
from workbench.common.map_reduce import On
from workbench.common.progress import Progress
from workbench.common.wording import listing, rows_said, signed, with_interval
from workbench.methods.cafe.whole_table import WholeTable, most_questions, whole_table_effects
from workbench.methods.effects import EffectTable, FeatureEffects
from workbench.methods.profile.over_all_rows import (
    AllRows,
    asked_at_levels,
    profile_over_all_rows,
)
from workbench.methods.profile.profile import EffectProfile
from workbench.tables.partitions.table import SAMPLE_ROWS

__all__ = [
    "EVERY_LEVEL",
    "STEP",
    "apart",
    "run_every_level",
    "run_whole_table",
    "told_of_memory",
    "whole_table_notes",
]

APART = 4.0
"""So many standard errors between sample and table are no chance."""


def run_every_level(
    asked: AuditRequest,
    steps: Steps,
    profile: EffectProfile | None,
    rows: AsTheyAre,
    on: On,
) -> AllRows | None:
    """Ask every row of the table at the profile's levels, where the case holds only a sample.

    Where a limit on the questions does not hold them, the sample alone is asked.
    """
    case = asked.case
    if profile is None or case.table is None or not asked_at_levels(case, profile):
        return None
    if asked.plan is not None and EVERY_LEVEL in asked.plan.left_out:
        steps.skipped[EVERY_LEVEL] = LEFT_OUT
        return None
    levels = sum(len(found.levels) for found in asked_at_levels(case, profile))
    most = rows.most_questions(1) + case.table.n_rows * levels

    def asked_about() -> AllRows:
        with _counted(asked, most) as (told, progress):
            found = profile_over_all_rows(
                case,
                asked.target,
                profile,
                groups=asked.groups,
                on=on,
                progress=progress,
                rows=rows,
            )
            told(found.queries)
        return found

    return steps.optional(EVERY_LEVEL, asked_about)


def run_whole_table(
    asked: AuditRequest, steps: Steps, rows: AsTheyAre, on: On
) -> WholeTable | None:
    """Add up CAFÉ's effects over the table, where the case holds only a sample of its rows."""
    case = asked.case
    table = case.table
    if table is None or table.n_rows == case.n_rows:
        return None

    if asked.plan is not None and STEP in asked.plan.left_out:
        steps.skipped[STEP] = (
            f"All {rows_said(table.n_rows)} were not asked about: max_queries= is too low for it. "
            f"Allow more, or log the predictions in a column."
        )
        return None

    def added_up() -> WholeTable:
        with _counted(asked, most_questions(case, asked.names, rows)) as (told, progress):
            whole = whole_table_effects(
                case,
                asked.target,
                intervention=asked.intervention,
                seed=asked.seed,
                on=on,
                progress=progress,
                rows=rows,
            )
            told(whole.queries)
        return whole

    return steps.optional(STEP, added_up)


@contextmanager
def _counted(asked: AuditRequest, most: int) -> Iterator[tuple[Callable[[int], None], Progress]]:
    """Hold what the workers may ask about in the case's account, and count what they did."""
    begun = False

    def heard(step: str, share: float) -> None:
        nonlocal begun
        begun = True
        asked.progress(step, share)

    with (asked.case.budget or Budget()).held_for(most) as told:
        try:
            yield told, heard
        except AuditError:
            if not begun:  # refused before anything was asked
                told(0)
            raise


def whole_table_notes(
    asked: AuditRequest,
    whole: WholeTable | None,
    effects: EffectTable,
    every: AllRows | None,
) -> tuple[str, ...]:
    """Say which rows the parts of the report rest on, and what all rows of the table say."""
    case = asked.case
    table = case.table
    if table is None or table.n_rows == case.n_rows:
        return ()
    asked_of_all = () if every is None else tuple(f for f in every.profile if f.direct_rows)
    places = () if every is None else every.sentences()
    drawn = f"{rows_said(case.n_rows)} of it, drawn at random"
    has = f"The table has {rows_said(table.n_rows)}."
    if asked_of_all:
        names = listing([found.feature for found in asked_of_all])
        sample = (
            f"{has} Verdict and profile rest on all of it where they speak of direct effects of "
            f"{names}: those were asked at every tested level, of everyone in the target. Every "
            f"other figure of this report rests on {drawn}"
        )
    else:
        sample = (
            f"{has} The verdict, the profile and every other figure of this report rest on {drawn}"
        )
    if whole is None:
        nothing = "CAFÉ's effects were not" if asked_of_all else "nothing was"
        return (f"{sample}; {nothing} added up over all rows.", *places)
    alone = "" if asked_of_all else " alone"
    said = [f"{sample}; CAFÉ's effects{alone} were added up over all rows, too.", *places]
    said += [_over_all(entry, whole) for entry in whole.effects]
    said += [
        f"The total effect of {feature} over all rows differs by {signed(gap)} from the sample's, "
        f"more than chance explains: trust neither before this is understood."
        for feature, gap in apart(whole, effects).items()
    ]
    strange = sum(whole.strange.values())
    if strange:
        said.append(
            f"{strange:,} values of the table, in {listing(list(whole.strange))}, are not among "
            f"the sample's: beyond its range, or a level that it does not hold. In the regressions "
            f"over all rows they count as the nearest number or the most frequent level."
        )
    return tuple(said)


def apart(whole: WholeTable | None, effects: EffectTable) -> dict[str, float]:
    """Return by how much the table's total is further from the sample's than chance would have it.

    By feature; those that agree are left out.
    """
    own = {e.feature: e for e in effects if e.estimator.kind == "cafe" and not e.combination}
    found = {}
    for entry in () if whole is None else whole.effects:
        other = own.get(entry.feature)
        if other is None or other.intervention != entry.intervention or entry.combination:
            continue
        gap = entry.total.value - other.total.value
        if abs(gap) > APART * hypot(entry.total.standard_error, other.total.standard_error):
            found[entry.feature] = gap
    return found


@contextmanager
def told_of_memory(case: AuditCase) -> Iterator[None]:
    """Let memory that runs out end in a sentence that says what would fit.

    Raises
    ------
    DataError
        Instead of a MemoryError.
    """
    try:
        yield
    except MemoryError as error:
        size = f"{rows_said(case.n_rows)} and {case.data.shape[1]:,} columns"
        instead = (
            "Leave out columns that the audit does not need, or name fewer methods and checks."
            if case.table is not None or case.n_rows <= SAMPLE_ROWS
            else f"Bring it as wb.AuditCase(data=wb.Table.pandas(data), …): the audit then looks "
            f"at {SAMPLE_ROWS:,} rows drawn at random, and adds CAFÉ's effects up over all."
        )
        raise DataError(f"The memory ran out in the audit of {size}. {instead}") from error


def _over_all(entry: FeatureEffects, whole: WholeTable) -> str:
    parts = (("total", entry.total), ("direct", entry.direct), ("indirect", entry.indirect))
    figures = "; ".join(
        f"{name} effect {with_interval(effect.value, effect.interval())}" for name, effect in parts
    )
    return (
        f"CAFÉ over all {rows_said(whole.n_target)} of the target, {entry.feature} "
        f"({entry.intervention}): {figures}."
    )
