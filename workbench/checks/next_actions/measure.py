"""What to do about the influence that is left.

Which mediator carries most of it, the smallest set of routes whose blocking brings it below the
threshold, where in the data it sits, and pairs of rows that show it. With a retrained model all of
it is about the residue: an effect is linear in the model, so the residue is the effect on the
difference of the two models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from workbench.case.asking.batches import QueryBatch, sample_places
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.checks.next_actions.blocking import OPEN, Routes, value_and_ends
from workbench.checks.next_actions.example_pairs import ExamplePair, example_pairs
from workbench.checks.next_actions.feature_actions import Action, feature_actions
from workbench.checks.next_actions.finding import NextActions
from workbench.checks.next_actions.over_levels import (
    change_of_residue,
    left_over_levels,
    over_all_levels,
)
from workbench.common.against_threshold import check_limits, exceeds, lies_within
from workbench.common.errors import DataError, ModelError
from workbench.common.progress import Progress, silent
from workbench.common.wording import listing, signed, stated
from workbench.methods.debiased.equations import better_equations
from workbench.methods.effects import Effect, EffectTable
from workbench.methods.fuzzing.paths import MOST_ROWS
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.profile.profile import EffectProfile
from workbench.models.black_box import BlackBoxModel

__all__ = ["next_actions"]


MOST_FEATURES = 3
"""Features of the target that are followed, those with most left first."""


def next_actions(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    retrained: AuditCase | None = None,
    threshold: float,
    alpha: float = 0.05,
    intervention: Interventions = None,
    equations: Equations | None = None,
    effects: EffectTable | None = None,
    profile: EffectProfile | None = None,
    max_rows: int | None = MOST_ROWS,
    seed: int = 0,
    progress: Progress = silent,
) -> NextActions:
    """Say what to do about the influence that is left, with what each step would leave.

    Parameters
    ----------
    case : AuditCase
        With the audited model, which can be asked.
    target : UnlearningTarget
        Features, on all rows, in a subgroup or at single rows.
    retrained : AuditCase, optional
        The same data with a model retrained without the target: then all is about the residue,
        the audited model's effect less the retrained one's.
    threshold : float
        τ > 0, in the unit of the prediction.
    alpha : float, default 0.05
        Intervals have the level 1 − alpha.
    intervention, equations
        As in :func:`fuzzed_effects`; equations must cover what either model's
        reads are reached through.
    effects : EffectTable, optional
        The audited model's debiased effects of the same change: what is left is their total. By
        how much they differ from what the equations carry is left whatever route is blocked.
    profile : EffectProfile, optional
        The audit's: what blocking leaves is then said over all its levels, too; and a residue is
        followed between those of them where it is largest.
    max_rows : int or None, default 10,000
        Work on a random sample of the target's rows of this size; None takes all.
    seed : int, default 0
        Of the sample, and of fuzzing.
    progress : callable, optional

    Returns
    -------
    NextActions
        Per feature whose total is above τ, at most three: single routes, the smallest set of
        routes step by step, then a subgroup and a range of values.

    Raises
    ------
    TargetError
        When the threshold is not above 0.
    DataError, ModelError
        When the retrained model's case is about other data or other units, or a model cannot be
        asked.
    NotIdentifiableError, InterventionError
        As :func:`workbench.methods.fuzzing.estimator.fuzzed_effects`.

    Notes
    -----
    Blocking is an experiment on the model, not yet a repair: it says which route to close when the
    model is trained again. Shares of single routes need not add up to 100 %, because one path can
    pass several mediators and routes can work against each other.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> rng = np.random.default_rng(0)
    >>> sex = rng.integers(0, 2, 1_000)
    >>> frame = pd.DataFrame({"sex": sex, "job": sex + rng.normal(size=1_000)})
    >>> case = AuditCase(data=frame, model=lambda rows: 0.1 * rows["job"], features=["job"],
    ...                  graph=CausalGraph([("sex", "job")]))
    >>> todo = next_actions(case, UnlearningTarget.feature("sex"), threshold=0.02)
    >>> todo.actions[0].what, todo.actions[0].remaining
    (('job',), 0.0)
    """
    check_limits(threshold)
    _check_models(case, retrained)
    whole = case if retrained is None else _difference(case, retrained)
    # A target without named features means those that the audited model reads.
    names, mask = case.resolve(target)
    all_rows = np.flatnonzero(mask)
    positions = all_rows[sample_places(len(all_rows), max_rows, seed)]
    varied = variations_of(case, names, positions, intervention, seed)
    about_residue = profile if retrained is not None else None
    if equations is None:
        every = varied
        if about_residue is not None:
            every = [
                over_all_levels(v, whole.columns[v.feature], about_residue[v.feature])
                for v in varied
            ]
        equations = better_equations(whole, names, every, seed=seed, progress=progress)
    equations.check_cover(whole, names)
    sampled = target.kind != "datapoints" or len(positions) < len(all_rows)
    batch = QueryBatch(whole, progress, "what is left")
    routes = [
        Routes(
            case=whole,
            equations=equations,
            variation=v,
            positions=positions,
            sampled=sampled,
            batch=batch,
            seed=seed,
        )
        for v in varied
    ]
    notes: list[str] = []
    if about_residue is not None:
        chosen = [
            change_of_residue(one, about_residue[one.variation.feature], threshold)
            for one in routes
        ]
        routes = [one for one, _ in chosen]
        notes += [careful for _, careful in chosen if careful]
    estimated = effects if retrained is None else None
    features = [_left_of(one, estimated, threshold) for one in routes]
    left = tuple((one.name, *value_and_ends(one.total, 1 - alpha, threshold)) for one in features)
    by_size = sorted(features, key=lambda one: -abs(one.total.value))
    above = [one for one in by_size if exceeds(one.total.value, threshold)]
    not_above = [one for one in by_size if one not in above]
    followed, passed_over = above[:MOST_FEATURES], above[MOST_FEATURES:]
    notes += _unsure(left, {one.name for one in above}, threshold)
    notes += _cancelling(not_above, threshold)
    if passed_over:
        rest = listing([one.name for one in passed_over])
        notes.append(f"Also above {stated(threshold)} and not followed here: {rest}.")
    actions: list[Action] = []
    pairs: list[ExamplePair] = []
    for place, one in enumerate(followed):
        step = partial(_share_of, progress, place, len(followed))
        found, careful = feature_actions(one.routes, one.total, threshold, 1 - alpha, step)
        actions += found
        notes += [note for note in (one.not_carried, *careful) if note]
        if profile is not None:
            further = left_over_levels(one.routes, found, profile[one.name], threshold, 1 - alpha)
            notes += [further] if further else []
        pairs += example_pairs(case, one.routes, retrained)
    if len(positions) < len(all_rows):
        notes.append(f"Measured on a sample of {len(positions):,} of {len(all_rows):,} rows.")
    return NextActions(
        actions=tuple(replace(action, rank=rank) for rank, action in enumerate(actions, start=1)),
        left=left,
        threshold=threshold,
        residue=retrained is not None,
        notes=tuple(notes),
        pairs=tuple(pairs),
        about="; ".join(f"{one.variation.feature}: {one.variation.text}" for one in routes),
        level=1 - alpha,
    )


def _check_models(case: AuditCase, retrained: AuditCase | None) -> None:
    if retrained is not None and not isinstance(retrained, AuditCase):
        raise ModelError(
            f"retrained= takes an AuditCase with the same data and the retrained model, not a "
            f"{type(retrained).__name__}."
        )
    cases = [case] if retrained is None else [case, retrained]
    if not all(one.model.can_query for one in cases):
        raise ModelError(
            "What to do next is found by asking the model about changed rows; logged predictions "
            "cannot be asked. Bring the model itself."
        )


@dataclass(frozen=True, eq=False)
class _Left:
    """What is left of one feature's influence: its routes, their total, what no route carries."""

    routes: Routes
    total: Effect
    not_carried: str

    @property
    def name(self) -> str:
        return self.routes.variation.feature


def _left_of(routes: Routes, estimated: EffectTable | None, threshold: float) -> _Left:
    """Return what is left of the routes' feature, corrected by a better estimate of its total."""
    asked = len(routes.blockable) < 2 and routes.variation.feature in routes.blockable
    not_carried = ""
    if estimated is not None and not asked:
        total = estimated[routes.variation.feature].total
        (carried,) = routes.effects(OPEN)
        routes.beyond = total - carried
        if exceeds(routes.beyond.value, threshold / 4):
            not_carried = (
                f"{routes.variation.feature}: the routes carry {signed(carried.value)}, where the "
                f"debiased estimate is {signed(total.value)}. No route can be named for the "
                f"difference; it is counted as left until all routes are blocked."
            )
    (total,) = routes.effects(OPEN)
    return _Left(routes, total, not_carried)


def _share_of(progress: Progress, place: int, count: int, step: str, share: float) -> None:
    progress(f"next actions: {step}", min((place + share) / count, 1.0))


def _difference(case: AuditCase, retrained: AuditCase) -> AuditCase:
    """Return the case whose model is the audited one less the retrained one."""
    if not case.data.index.equals(retrained.data.index):
        raise DataError("The retrained model's case has other rows. Give both the same data.")
    differing = [
        name
        for name in retrained.reads
        if name not in case.data or not case.data[name].equals(retrained.data[name])
    ]
    if differing:
        raise DataError(
            f"The retrained model reads {listing(differing)}, which is not the same in both "
            f"cases. Give both the same data."
        )
    if case.output != retrained.output:
        raise ModelError(
            f"The audited model gives a {case.output} and the retrained one a {retrained.output}; "
            f"their difference means nothing. Say the same output= for both."
        )
    reads = [name for name in case.data.columns if name in {*case.reads, *retrained.reads}]
    model = BlackBoxModel(
        lambda rows: case.ask(rows) - retrained.ask(rows),
        features=reads,
        output="value",
        name="what the audited model does beyond the retrained one",
    )
    return AuditCase(data=case.data, model=model, graph=case.graph, outcome=case.outcome)


def _unsure(
    left: tuple[tuple[str, float, float, float], ...], above: set[str], threshold: float
) -> Iterator[str]:
    """Name features whose total was not found above the threshold, nor shown to be below."""
    unsure = [
        name
        for name, _, low, high in left
        if name not in above and not lies_within(low, high, threshold)
    ]
    if unsure:
        yield (
            f"The interval of {listing(unsure)} reaches beyond {stated(threshold)}: more rows "
            f"could show an influence there."
        )


def _cancelling(features: Sequence[_Left], threshold: float) -> Iterator[str]:
    """Name small totals that hide a direct and an indirect influence that cancel."""
    said = [note for one in features if (note := _cancels(one, threshold))]
    yield from said[:MOST_FEATURES]
    if (more := len(said) - MOST_FEATURES) > 0:
        yield f"Of {more} more feature{'s' if more > 1 else ''} the routes cancel, too."


def _cancels(left: _Left, threshold: float) -> str:
    routes, feature = left.routes, left.name
    if feature not in routes.blockable or len(routes.blockable) < 2:
        return ""
    beyond = 0.0 if routes.beyond is None else routes.beyond.value
    if exceeds(left.total.value - beyond, threshold):
        return ""  # the routes carry more than the better estimate says
    others = frozenset(routes.blockable) - {feature}
    direct, indirect = (
        float(rows.mean()) for rows in routes.row_effects(others, frozenset({feature}))
    )
    if not (exceeds(direct, threshold) or exceeds(indirect, threshold)):
        return ""
    return (
        f"{feature}: the total is small because its routes cancel: {signed(direct)} directly "
        f"and {signed(indirect)} through others, each by itself. Blocking one of them alone would "
        f"uncover the other."
    )
