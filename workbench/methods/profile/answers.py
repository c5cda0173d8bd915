"""What the model answers at every level, row by row: direct by query, total by fuzzing or CAFÉ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.case.asking.batches import Answer, QueryBatch
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Contrast
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import BoolArray, FloatArray, Positions
from workbench.common.progress import Progress
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.debiased.estimator import debiased_effects
from workbench.methods.effects import Effect
from workbench.methods.fuzzing.equation_error import Nudge, nudged
from workbench.methods.fuzzing.propagation import Equations, Propagation
from workbench.methods.profile.bounds import LevelMeans
from workbench.methods.profile.equation_noise import through_equations
from workbench.methods.profile.inflation import SizeNoise
from workbench.tables.columns import Values

__all__ = ["Answers", "Assignment", "ask_levels", "estimate_levels", "filled"]


WAITING_ROWS = 400_000
"""Rows of questions that wait before they are asked."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """Levels that features are set to on every row, encoded, and what each stands for."""

    features: tuple[str, ...]
    levels: tuple[Mapping[str, float | int], ...]
    labels: tuple[str, ...]
    origins: tuple[str, ...]
    shares: FloatArray

    def __len__(self) -> int:
        return len(self.levels)


@dataclass(frozen=True, eq=False)
class Answers:
    """Means at every level by part, with what single rows and groups come to.

    Attributes
    ----------
    parts : mapping of str to LevelMeans
        "total", "direct" and "indirect".
    through_groups : mapping of str to ndarray, shape (levels, n)
        As `through` of the total's means, on the rows of each group.
    through_sizes : ndarray, shape (n,), or None
        The same for the mean size of the total's row effects.
    size_noise : SizeNoise or None
        What says how much of that size may be noise.
    before : ndarray, shape (m,)
        Scores of the rows as they are; empty where no changed row could be asked about.
    """

    parts: Mapping[str, LevelMeans]
    before: FloatArray
    queries: int
    through_groups: Mapping[str, FloatArray] = field(default_factory=dict)
    through_sizes: FloatArray | None = None
    size_noise: SizeNoise | None = None


def filled(case: AuditCase, level: Mapping[str, float | int], size: int) -> dict[str, Values]:
    """Return columns of one level each, shape (size,)."""
    return {
        name: np.full(size, value, dtype=case.columns[name].values.dtype)
        for name, value in level.items()
    }


def carriers_of(case: AuditCase, features: Sequence[str], equations: Equations | None) -> list[str]:
    """Return the nodes that carry a change of the features to the prediction."""
    return [] if equations is None else equations.carriers(case, *features)


def ask_levels(
    case: AuditCase,
    assignment: Assignment,
    equations: Equations | None,
    positions: Positions,
    plausible: BoolArray,
    *,
    copies: int,
    nudge_places: Positions,
    groups: Mapping[str, BoolArray],
    sampled: bool,
    progress: Progress,
) -> Answers:
    """Ask the model at every level: the feature alone, and with what it carries along.

    Parameters
    ----------
    positions : ndarray of int, shape (m,)
    plausible : ndarray of bool, shape (levels, m)
    copies : int
        Repeats of the rows with new noise, for few rows.
    nudge_places : ndarray of int
        Which of the m rows show how the equations' errors matter.
    groups : mapping of str to ndarray of bool, shape (m,)
    """
    batch = QueryBatch(case, progress, "profile")
    carriers = carriers_of(case, assignment.features, equations)
    size = len(positions)
    alone: list[Answer] = []
    whole: list[Answer] = []
    nudges: list[list[Nudge]] = []
    rows = sample = None
    if carriers and equations is not None:
        tiled = np.tile(positions, copies)
        rows = Propagation(case.columns, equations, tiled, copies)
        sample = Propagation(case.columns, equations, positions[nudge_places])
    waiting = 0

    def put(state: dict[str, Values], which: Propagation) -> Answer:
        told = which.equations.as_recorded(state, which.positions, assignment.features)
        return batch.ask(which.positions, told)

    for level in assignment.levels:
        alone.append(batch.ask(positions, filled(case, level, size)))
        waiting += size
        if rows is not None and sample is not None:
            state = rows.carry(filled(case, level, size * copies), through=carriers)
            whole.append(put(state, rows))
            waiting += size * copies
            if not len(nudge_places):
                continue
            moved = sample.carry(filled(case, level, len(nudge_places)), through=carriers)
            nudges += nudged(sample, moved, [put], assignment.features, carriers, sign=1.0)
            waiting += sum(len(n.answer.positions) for n in nudges[-1])
        if waiting > WAITING_ROWS:
            batch.flush()
            waiting = 0
    batch.flush()
    direct = np.stack([answer.scores for answer in alone])
    before = case.predictions[positions]
    n = case.n_rows

    def means(scores: FloatArray, through: FloatArray | None) -> LevelMeans:
        return LevelMeans(scores, plausible, positions, through, sampled, n)

    if rows is None or sample is None:
        parts = {"total": means(direct, None), "direct": means(direct, None)}
        parts["indirect"] = means(np.zeros_like(direct), None)
        return Answers(parts, before, batch.asked)
    total = np.stack([a.scores.reshape(copies, size).mean(axis=0) for a in whole])
    through: FloatArray | None = None
    by_group: dict[str, FloatArray] = {}
    sizes: FloatArray | None = None
    noise = None
    if nudges:
        noise = SizeNoise(sample, nudges, assignment.shares, n)
        through, by_group, sizes = _noise(
            assignment, sample, nudges, nudge_places, total, before, groups, n
        )
    parts = {
        "total": means(total, through),
        "direct": means(direct, None),
        "indirect": means(total - direct, through),
    }
    return Answers(parts, before, batch.asked, by_group, sizes, noise)


def _noise(
    assignment: Assignment,
    sample: Propagation,
    nudges: list[list[Nudge]],
    places: Positions,
    total: FloatArray,
    before: FloatArray,
    groups: Mapping[str, BoolArray],
    n: int,
) -> tuple[FloatArray, dict[str, FloatArray], FloatArray]:
    """Influences through the equations: per level, per group and level, and of the sizes."""
    count = len(assignment)
    weights: dict[str, FloatArray] = {"": np.ones(len(places))}
    for name, inside in groups.items():
        here = inside[places].astype(np.float64)
        # A group that the sampled rows hardly know is given the noise of all rows.
        weights[name] = here / here.mean() if here.sum() >= 10 else np.ones(len(places))
    asked = [
        [(nudge, weight) for nudge in nudges[level]]
        for weight in weights.values()
        for level in range(count)
    ]
    signs = np.sign(total[:, places] - before[places])
    asked.append(
        [
            (nudge, signs[level] * assignment.shares[level])
            for level in range(count)
            for nudge in nudges[level]
        ]
    )
    found = through_equations(sample, asked, n)
    blocks = found[:-1].reshape(len(weights), count, n)
    by_group = dict(zip(list(weights)[1:], blocks[1:], strict=True))
    return blocks[0], by_group, found[-1]


def estimate_levels(
    case: AuditCase,
    target: UnlearningTarget,
    assignment: Assignment,
    raw: Sequence[object],
    asked: Answers | None,
    *,
    seed: int,
    progress: Progress,
) -> Answers:
    """Estimate the total at every level by regression, the direct one where nobody can be asked.

    Parameters
    ----------
    raw : sequence
        The levels as an intervention names them.
    asked : Answers or None
        Exact direct answers on a sample of the rows; None for logged predictions.
    """
    name = assignment.features[0]
    _, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    base = int(np.argmax(assignment.shares))
    one = UnlearningTarget((name,), target.rows, target.condition)
    sampled, n = target.kind != "datapoints", case.n_rows
    size = len(positions)
    totals, throughs = np.zeros((len(raw), size)), np.zeros((len(raw), n))
    directs, direct_throughs = np.zeros((len(raw), size)), np.zeros((len(raw), n))
    for place, level in enumerate(raw):
        if place == base:
            continue
        progress("profile", place / len(raw))
        contrast = Contrast(raw[base], level)
        # Logged predictions: only the debiased regression carries what its form may have missed.
        estimate = cafe_effects if case.model.can_query else debiased_effects
        entry = estimate(case, one, intervention=contrast, seed=seed)[name]
        assert entry.rows is not None
        totals[place], directs[place] = entry.rows.total, entry.rows.direct
        throughs[place] = _beyond_rows(entry.total, entry.rows.total, positions, sampled)
        direct_throughs[place] = _beyond_rows(entry.direct, entry.rows.direct, positions, sampled)
    full = np.ones(totals.shape, dtype=bool)
    parts = {"total": LevelMeans(totals, full, positions, throughs, sampled, n)}
    if asked is None:
        parts["direct"] = LevelMeans(directs, full, positions, direct_throughs, sampled, n)
        between = throughs - direct_throughs
        parts["indirect"] = LevelMeans(totals - directs, full, positions, between, sampled, n)
        return Answers(parts, np.zeros(0), 0)
    direct = asked.parts["direct"]
    inside = np.searchsorted(positions, direct.positions)
    rows = totals[:, inside] - (direct.scores - direct.scores[base])
    parts["direct"] = direct
    parts["indirect"] = LevelMeans(rows, direct.plausible, direct.positions, throughs, sampled, n)
    return Answers(parts, asked.before, asked.queries)


def _beyond_rows(
    effect: Effect, rows: FloatArray, positions: Positions, sampled: bool
) -> FloatArray:
    """Return an effect's influence without what the choice of the rows adds."""
    influence = effect.influence.copy()
    if sampled:
        influence[positions] -= (rows - rows.mean()) * (len(influence) / len(rows))
    return influence
