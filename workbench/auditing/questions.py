"""How an audit with a limit on its questions shares them among its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from workbench.auditing.ranges import AuditRange, tested_range
from workbench.case.asking.as_they_are import AsTheyAre
from workbench.case.asking.question_plan import ALL_ROWS, EVERY_LEVEL, QuestionPlan
from workbench.case.asking.steadiness import MOST_CALLS, planned_rows
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions, Variation, is_number
from workbench.case.target import UnlearningTarget
from workbench.checks.registry import CHECK_BY_NAME
from workbench.checks.subgroups.named import read_subgroups
from workbench.common.errors import TargetError
from workbench.methods.cafe.whole_table import most_questions
from workbench.methods.debiased.sampled import affordable, least_questions
from workbench.methods.profile.budget import fewest_questions
from workbench.methods.profile.combinations import MOST_COMBINATIONS
from workbench.methods.profile.over_all_rows import MOST_ASKED, questions_at_levels
from workbench.methods.profile.ranges import Range, profile_levels
from workbench.methods.registry import BASELINES, CAUSAL_METHODS, METHOD_NAMES, with_needed

__all__ = ["plan_questions", "question_plan"]

PROFILE_SHARE = 0.4
"""Share of the questions that the profile over all levels takes; the effects take the rest."""
ALL_ROWS_SHARE = 0.5
"""Share that passes over all rows of a table may take; where they need more they are left out."""


def question_plan(
    case: AuditCase,
    target: UnlearningTarget,
    methods: Iterable[str] = METHOD_NAMES,
    *,
    max_queries: int,
    range: AuditRange = None,
    intervention: Interventions = None,
    subgroups: Mapping[str, str] | None = None,
    checks: Iterable[str] = (),
    seed: int = 0,
) -> QuestionPlan:
    """Say what an audit with ``max_queries=`` would ask, without asking anything.

    Parameters
    ----------
    case, target, methods, max_queries, range, intervention, subgroups, checks, seed
        As for :func:`workbench.audit`.

    Returns
    -------
    QuestionPlan

    Raises
    ------
    AuditError
        As the audit would, for instance when the limit is too low.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> a = np.random.default_rng(0).normal(size=5_000)
    >>> case = AuditCase(data=pd.DataFrame({"a": a, "b": a}), model=lambda rows: rows["b"],
    ...                  features=["b"], graph=CausalGraph([("a", "b")]))
    >>> plan = question_plan(case, UnlearningTarget.feature("a"), max_queries=5_000)
    >>> plan.profile, plan.effects, plan.sample, plan.n_rows, plan.left_out[:2]
    (2000, 2875, 575, 5000, ('fuzzing', 'paths'))
    """
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    tested = tested_range(case, names, positions, range, intervention, seed=seed)
    changed = tested.intervention if intervention is None else intervention
    groups = len(read_subgroups(case, subgroups, names))
    return plan_questions(
        case,
        target,
        variations_of(case, names, positions, changed, seed),
        max_queries,
        methods=with_needed(tuple(methods), groups),
        checks=tuple(checks),
        groups=groups,
        levels=tested.levels,
        seed=seed,
    )


def plan_questions(
    case: AuditCase,
    target: UnlearningTarget,
    varied: Sequence[Variation],
    max_queries: int,
    *,
    methods: Sequence[str],
    checks: Sequence[str],
    groups: int,
    levels: Range | None,
    seed: int,
) -> QuestionPlan:
    """Share the questions among profile and effects, and name what must be left out.

    Parameters
    ----------
    varied : sequence of Variation
        How the target's features are varied.
    max_queries : int
        Rows that the model may be asked about.
    groups : int
        Subgroups whose effects are estimated, too.
    levels : Range or None
        What the audit's profile is made over, if it makes one.
    seed : int

    Raises
    ------
    TargetError
        When the limit is too low, or the audit is none that rows can be sampled for.
    """
    if not is_number(max_queries, whole=True) or max_queries < 1:
        raise TargetError(f"max_queries must be a whole number from 1, not {max_queries!r}.")
    if target.rows is not None:
        raise TargetError(
            "max_queries= asks about a sample of the rows; this target names the rows that it is "
            "about. Leave it out, or count them with case.counted_in(wb.Budget(limit=…))."
        )
    if "debiased" not in methods:
        raise TargetError("max_queries= limits the debiased estimate; methods= leaves it out.")
    tables = 1 + groups
    least_effects = tables * least_questions(case, varied)
    least_profile = 0 if levels is None else _least_profile(case, target, levels, seed)
    if max_queries < least_effects + least_profile:
        raise TargetError(
            f"max_queries={max_queries:,} is too few for this audit; give at least "
            f"{least_effects + least_profile:,}."
        )
    room = min(int(ALL_ROWS_SHARE * max_queries), max_queries - least_effects - least_profile)
    passes = _passes(case, target, levels, seed, room)
    all_rows = sum(passes.values())
    shared = max_queries - all_rows
    share = 0 if levels is None else int(PROFILE_SHARE * shared)
    profile = int(np.clip(share, least_profile, shared - least_effects))
    again = MOST_CALLS * planned_rows(shared)
    if shared - profile - again < least_effects:
        again = 0
    effects = shared - profile - again
    sample = affordable(case, varied, effects // tables)
    return QuestionPlan(
        max_queries,
        profile,
        effects,
        tables,
        sample.rows,
        case.n_rows,
        (*_left_out(methods, checks), *(name for name, most in passes.items() if not most)),
        again,
        all_rows,
    )


def _passes(
    case: AuditCase, target: UnlearningTarget, levels: Range | None, seed: int, room: int
) -> dict[str, int]:
    """Return the most that each pass over all rows of a table asks; 0 where there is no room.

    The verdict gains more from the levels, which come first.
    """
    table = case.table
    if table is None or table.n_rows == case.n_rows:
        return {}
    rows, found = AsTheyAre(case), {}
    at_levels = 0 if levels is None else questions_at_levels(case, target, seed, levels)
    if at_levels:
        most = at_levels + rows.most_questions(1)
        found[EVERY_LEVEL] = most if at_levels <= MOST_ASKED and most <= room else 0
    most = most_questions(case, case.resolve(target)[0], rows)
    found[ALL_ROWS] = most if most <= room - sum(found.values()) else 0
    return found


def _least_profile(case: AuditCase, target: UnlearningTarget, levels: Range, seed: int) -> int:
    names, mask = case.resolve(target)
    counts = {
        name: len(found)
        for name, found in profile_levels(case, target, range=levels, seed=seed).items()
    }
    jobs: list[tuple[tuple[str, ...], int]] = [((name,), counts[name]) for name in names]
    if len(names) > 1:
        jobs.append((names, MOST_COMBINATIONS))
    each = [
        fewest_questions(
            case,
            job,
            [node for node in case.carriers(*job) if node in case.columns],
            levels=count,
            rows=int(mask.sum()),
        )
        for job, count in jobs
    ]
    return len(jobs) * max(each)  # they share alike


def _left_out(methods: Sequence[str], checks: Sequence[str]) -> Iterator[str]:
    yield from (m.name for m in CAUSAL_METHODS if m.name in methods and m.asks_all_rows)
    yield "paths"
    yield "cafe, other features"
    yield from (m.name for m in BASELINES if m.name in methods and m.asks)
    yield from (CHECK_BY_NAME[name].step for name in checks if CHECK_BY_NAME[name].asks)
