"""Ask about one feature at all its levels, or about several that are set together."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from workbench.case.asking.batches import sample_places
from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray, Positions
from workbench.common.progress import Progress
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.profile.answers import (
    Answers,
    Assignment,
    ask_levels,
    carriers_of,
    estimate_levels,
)
from workbench.methods.profile.bends import find_bands, find_bends
from workbench.methods.profile.budget import bound_questions
from workbench.methods.profile.combinations import combinations_of, drawn_combinations, one_change
from workbench.methods.profile.corrections import corrected_totals
from workbench.methods.profile.found_groups import FEWEST_IN_GROUP, found_groups
from workbench.methods.profile.levels import (
    TestedLevels,
    fine_grid,
    named_levels,
    with_bends,
)
from workbench.methods.profile.measured import Measured
from workbench.methods.profile.plausible import plausible_rows
from workbench.methods.profile.ranges import FEWEST_NAMED, Range, scope_of, values_of

__all__ = ["ProfileRun", "ask_feature", "ask_together"]


SCOUTS = 64
"""Rows on which a profile is scouted for bends; they take no part in the test."""


@dataclass(frozen=True, eq=False)
class ProfileRun:
    """What all features of one profile share."""

    case: AuditCase
    target: UnlearningTarget
    positions: Positions
    equations: Equations | None
    simulator: Simulator | None
    by: str
    questions: float
    max_queries: int | None
    conditions: Mapping[str, Condition]
    threshold: float
    seed: int
    progress: Progress

    @cached_property
    def groups(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Which rows of the data are in a named group."""
        return {name: one.mask(self.case.data) for name, one in self.conditions.items()}

    @property
    def sampled(self) -> bool:
        """Whether the rows stand for a population."""
        return self.target.kind != "datapoints"


def ask_feature(run: ProfileRun, levels: TestedLevels, default: Variation | None) -> Measured:
    """Ask about one feature at its levels, and at those where its profile bends."""
    case, name = run.case, levels.column.name
    places = np.arange(len(run.positions))
    queries = 0
    asks = case.model.can_query
    fine = fine_grid(levels.column, values_of(case, name, _few(run)))
    scouting = asks and run.max_queries is None and "named" not in levels.origins
    if scouting and fine is not None and len(places) > 4 * SCOUTS:
        scouts = sample_places(len(places), SCOUTS, run.seed + 1)
        places = np.setdiff1d(places, scouts)
        bends, queries = find_bends(
            case, run.equations, name, fine, run.positions[scouts], run.progress
        )
        bands, more = find_bands(
            case, name, fine, run.positions, threshold=run.threshold, seed=run.seed
        )
        levels, queries = with_bends(levels, [*bends, *bands]), queries + more
    if run.by == "cafe" and levels.column.is_numeric:
        levels = _without_missing(levels)
    assignment = Assignment(
        (name,),
        tuple({name: value} for value in levels.values.tolist()),
        levels.labels,
        levels.origins,
        levels.shares,
    )
    raw = tuple(((name, levels.raw(k)),) for k in builtins.range(len(levels)))
    answers, share = _answers(run, assignment, raw, places)
    pair = None
    if default is not None:
        encoded = levels.values.tolist()
        ends = default.before[0].item(), default.after[0][0].item()
        if all(end in encoded for end in ends):
            pair = encoded.index(ends[0]), encoded.index(ends[1])
    run.progress("profile: groups of people", 0.0)
    groups = _groups_on(run, answers.parts["direct"].positions)
    followed = _followed(case, (name,))
    found = found_groups(
        case, name, answers, threshold=run.threshold, followed=followed, seed=run.seed
    )
    corrected = None
    if run.simulator is not None:
        conditions = {**run.conditions, **{text: one for text, (one, _) in found.items()}}
        masks = groups | {text: mask for text, (_, mask) in found.items()}
        corrected = corrected_totals(
            run.simulator, run.target, assignment, answers, masks, conditions, run.progress
        )
    return Measured(
        answers,
        assignment,
        raw,
        levels=levels,
        default=pair,
        estimator=run.by,
        untested=levels.untested,
        n_untested=levels.n_untested,
        n_rows=len(run.positions),
        queries=answers.queries + queries + (0 if corrected is None else corrected.queries),
        implausible=share,
        groups=groups | {text: mask for text, (_, mask) in found.items()},
        found=frozenset(found),
        corrected=corrected,
        followed=followed,
    )


def ask_together(run: ProfileRun, singles: Sequence[Measured], range: Range) -> Measured:
    """Set all features together: combinations that rows hold, and the ends of each profile."""
    tested = {m.levels.column.name: m.levels for m in singles if m.levels}
    if scope_of(range, tested) == "change" and range != "levels":
        places = one_change(run.case, tested, range)
    else:
        donors = np.setdiff1d(np.arange(run.case.n_rows), _few(run))
        means: list[dict[str, FloatArray]] = [
            {part: found.scores.mean(axis=1) for part, found in m.answers.parts.items()}
            for m in singles
        ]
        places = drawn_combinations(tested, donors, means, seed=run.seed)
    assignment, raw = combinations_of(tested, places)
    answers, share = _answers(run, assignment, raw, np.arange(len(run.positions)))
    return Measured(
        answers,
        assignment,
        raw,
        estimator=run.by if run.by == "fuzzing" else "query",
        n_rows=len(run.positions),
        queries=answers.queries,
        implausible=share,
        groups=_groups_on(run, answers.parts["direct"].positions),
        followed=_followed(run.case, assignment.features),
    )


def _followed(case: AuditCase, names: Sequence[str]) -> bool:
    carriers = case.carriers(*names)
    return all(case.columns[node].is_numeric for node in carriers if node in case.columns)


def _answers(
    run: ProfileRun,
    assignment: Assignment,
    raw: Sequence[tuple[tuple[str, object], ...]],
    places: Positions,
) -> tuple[Answers, FloatArray]:
    """Ask about a sample of the rows that the bound on questions allows."""
    case, count = run.case, len(assignment)
    single = len(assignment.features) == 1
    if not case.model.can_query:
        levels = [level[0][1] for level in raw]
        answers = estimate_levels(
            case, run.target, assignment, levels, None, seed=run.seed, progress=run.progress
        )
        return answers, np.zeros(count)
    carriers = carriers_of(case, assignment.features, run.equations)
    plan = bound_questions(
        case,
        assignment.features,
        carriers,
        levels=count,
        target_rows=len(run.positions),
        rows=len(places),
        questions=run.questions,
        max_queries=run.max_queries,
    )
    most, nudged, copies = plan.rows, plan.nudged, plan.copies
    inside = places[sample_places(len(places), most, run.seed + (0 if single else 2))]
    positions = run.positions[inside]
    plausible = np.ones((count, len(positions)), dtype=bool)
    if run.sampled:
        plausible = plausible_rows(case, assignment.levels, positions)
    answers = ask_levels(
        case,
        assignment,
        run.equations,
        positions,
        plausible,
        copies=copies,
        nudge_places=sample_places(len(positions), nudged, run.seed),
        groups=_groups_on(run, positions),
        sampled=run.sampled,
        progress=run.progress,
    )
    carried = bool(case.carriers(*assignment.features))
    if run.by == "cafe" and carried and not single:
        # Only what was asked is known of several features together: no total by regression.
        parts = {"direct": answers.parts["direct"]}
        answers = Answers(parts, answers.before, answers.queries)
    elif run.by == "cafe" and carried:
        levels = [level[0][1] for level in raw]
        answers = estimate_levels(
            case, run.target, assignment, levels, answers, seed=run.seed, progress=run.progress
        )
    return answers, 1.0 - plausible.mean(axis=1)


def _groups_on(run: ProfileRun, positions: Positions) -> dict[str, npt.NDArray[np.bool_]]:
    inside = {name: mask[positions] for name, mask in run.groups.items()}
    return {name: mask for name, mask in inside.items() if mask.sum() >= FEWEST_IN_GROUP}


def _few(run: ProfileRun) -> Positions:
    """Rows of single persons whom the report is about."""
    few = not run.sampled and len(run.positions) < FEWEST_NAMED
    return run.positions if few else run.positions[:0]


def _without_missing(levels: TestedLevels) -> TestedLevels:
    if "missing" not in levels.origins:
        return levels
    kept = [float(v) for v in levels.values if not np.isnan(v)]
    fresh = named_levels(levels.column, kept)
    origins = tuple(o for o in levels.origins if o != "missing")
    untested = (*levels.untested, "missing")
    return TestedLevels(
        fresh.column, fresh.values, origins, fresh.shares, untested, levels.n_untested + 1
    )
