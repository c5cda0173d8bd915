"""The effect profile of a target: every feature over its levels, people and groups.

``estimands.md``, "What 'below τ' must mean". All levels go to the model in shared batches; where
the table is long a sample of the rows is asked about, so that a profile takes at most three times
the questions of one contrast.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from workbench.case.asking.batches import sample_places
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.common.errors import TargetError
from workbench.common.progress import Progress, silent
from workbench.methods.fuzzing.propagation import Equations, fit_equations
from workbench.methods.profile.answers import (
    Answers,
    Assignment,
    ask_levels,
    carriers_of,
    estimate_levels,
)
from workbench.methods.profile.bends import find_bends
from workbench.methods.profile.budget import bound_questions
from workbench.methods.profile.combinations import combinations_of, drawn_combinations, one_change
from workbench.methods.profile.levels import (
    TestedLevels,
    fine_grid,
    named_levels,
    with_bends,
)
from workbench.methods.profile.plausible import plausible_rows
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.profile.ranges import (
    FEWEST_NAMED,
    Range,
    profile_levels,
    scope_of,
    values_of,
)
from workbench.methods.profile.summary import Measured, summarise

__all__ = ["effect_profile"]

FloatArray = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

SCOUTS = 64
"""Rows on which a profile is scouted for bends; they take no part in the test."""
FEWEST_IN_GROUP = 30
"""Rows of the sample that a group's own profile takes."""


def effect_profile(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    range: Range = "levels",
    estimator: Literal["fuzzing", "cafe"] | None = None,
    threshold: float = 0.02,
    alpha: float = 0.05,
    groups: Mapping[str, str] | None = None,
    people_share: float = 0.01,
    questions: float = 3.0,
    equations: Equations | None = None,
    max_queries: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> EffectProfile:
    """Measure total, direct and indirect effects over all levels of the target's features.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
    range : "levels", sequence of Contrast, or mapping of feature to these, default "levels"
        Which levels: all that enough rows hold (a number's grid of quantiles, levels drawn with
        the seed, and where the prediction bends), or those that contrasts name.
    estimator : {"fuzzing", "cafe"}, optional
        Of the total effect. By default fuzzing where the model can be asked. Direct effects are
        asked wherever that is possible.
    threshold : float, default 0.02
        τ, in the unit of the prediction, beyond which a row counts as moved.
    alpha : float, default 0.05
        Error rate of each family of bounds; where one claim suffices the families share it.
    groups : mapping of str to str, optional
        Conditions by name; the profile is summed up for their rows, too.
    people_share : float, default 0.01
        Share of the target's rows that may be moved directly by more than the threshold.
    questions : float, default 3.0
        How many times the questions of one contrast each feature's profile may ask.
    equations : Equations, optional
        Fitted before; see :func:`workbench.methods.fuzzing.propagation.fit_equations`.
    max_queries : int, optional
        The most rows that may be asked about, all told. Bends are not looked for then, and few
        rows are asked about.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    EffectProfile

    Raises
    ------
    AuditError
        When target, levels or groups do not fit the case, or nothing can be estimated.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> x = np.random.default_rng(0).normal(size=2000)
    >>> case = AuditCase(data=pd.DataFrame({"x": x}), model=lambda rows: rows["x"] ** 2,
    ...                  features=["x"], graph=CausalGraph([], nodes=["x"]))
    >>> found = effect_profile(case, UnlearningTarget.feature("x"))["x"].parts["total"]
    >>> bool(found.floor > 3), found.surest.high[0][1] == found.widest.high[0][1]
    (True, True)
    """
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    if not threshold > 0:
        raise TargetError(f"The threshold must be a number above 0, not {threshold!r}.")
    asks = case.model.can_query
    by = estimator or ("fuzzing" if asks else "cafe")
    if by == "fuzzing" and not asks:
        raise TargetError(
            "The model is a column of logged predictions and cannot be asked about changed rows. "
            "Use estimator='cafe'."
        )
    chosen = profile_levels(case, target, range=range, seed=seed)
    if by == "fuzzing" and equations is None:
        keep = {
            name: levels.values for name, levels in chosen.items() if not levels.column.is_numeric
        }
        equations = fit_equations(case, names, keep=keep, seed=seed, progress=progress)
    if by == "cafe":
        equations = None
    conditions = {name: Condition(text).mask(case.data) for name, text in (groups or {}).items()}
    each = None if max_queries is None else max_queries // (len(names) + (len(names) > 1))
    run = _Run(case, target, positions, equations, by, questions, each, conditions, seed, progress)
    measured = [
        _single(run, levels, default)
        for levels, default in zip(chosen.values(), _defaults(run, names, range), strict=True)
    ]
    if len(names) > 1 and asks:
        measured.append(_joint(run, measured, range))
    families = 1 + asks + bool(groups) + _has_paths(case, names, by)
    return summarise(
        measured,
        threshold=threshold,
        alpha=alpha,
        families=families,
        group_names=tuple(conditions),
        people_share=people_share,
        sampled=run.sampled,
        table_rows=case.n_rows,
        asks=asks,
        scope=scope_of(range, chosen),
        unit=case.output,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class _Run:
    """What all features of one profile share."""

    case: AuditCase
    target: UnlearningTarget
    positions: Positions
    equations: Equations | None
    by: str
    questions: float
    max_queries: int | None
    groups: Mapping[str, npt.NDArray[np.bool_]]
    seed: int
    progress: Progress

    @property
    def sampled(self) -> bool:
        return self.target.kind != "datapoints"


def _defaults(run: _Run, names: Sequence[str], range: Range) -> list[Variation | None]:
    if range != "levels":
        return [None for _ in names]
    return [*variations_of(run.case, names, run.positions, None, run.seed)]


def _has_paths(case: AuditCase, names: Sequence[str], by: str) -> bool:
    return by == "fuzzing" and any(case.carriers(name) for name in names)


def _single(run: _Run, levels: TestedLevels, default: Variation | None) -> Measured:
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
        levels = with_bends(levels, bends)
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
        queries=answers.queries + queries,
        implausible=share,
        groups=_groups_at(run, answers),
    )


def _joint(run: _Run, singles: Sequence[Measured], range: Range) -> Measured:
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
        groups=_groups_at(run, answers),
    )


def _answers(
    run: _Run,
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
    carried = any(case.carriers(name) for name in assignment.features)
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


def _groups_on(run: _Run, positions: Positions) -> dict[str, npt.NDArray[np.bool_]]:
    inside = {name: mask[positions] for name, mask in run.groups.items()}
    return {name: mask for name, mask in inside.items() if mask.sum() >= FEWEST_IN_GROUP}


def _groups_at(run: _Run, answers: Answers) -> dict[str, npt.NDArray[np.bool_]]:
    return _groups_on(run, answers.parts["direct"].positions)


def _few(run: _Run) -> Positions:
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
