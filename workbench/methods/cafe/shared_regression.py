"""Least-squares regressions of the prediction that share one Gram matrix.

The Gram matrix of all main effects is computed once; a feature's regression takes its submatrix
and adds the block of the feature's interactions. Gram matrices add over chunks of rows, so memory
does not grow with the data (``estimands.md``, "Algorithm 2").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray, Positions
from workbench.common.progress import Progress, silent
from workbench.common.threads import one_thread
from workbench.methods.cafe.design_matrix import DesignMatrix, Layout
from workbench.methods.cafe.solving import solve_spd
from workbench.methods.effects import Effect
from workbench.tables.column_bases import BasisKind, ColumnBasis, column_basis, level_basis
from workbench.tables.columns import Column, Values

__all__ = [
    "Fit",
    "Normal",
    "Question",
    "SharedRegression",
    "Standardised",
    "add_interactions",
    "add_steps",
    "fit_of",
    "key_of",
    "normal_of",
]


ROWS_PER_TERM = 20
"""Rows there must be for every interaction term."""
MOST_TERMS = 200
"""Interaction terms of one regression at the most."""
SHRINKAGE = 1.0
"""Ridge penalty of an interaction term, in rows: it steadies empty cells and else is negligible."""


@dataclass(frozen=True, eq=False)
class Question:
    """Average m(after, z) − m(before, z), where m regresses on the feature and `given`."""

    variation: Variation
    given: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Standardised:
    """A standardised effect, the row effects behind it (one array per draw), and what it cost."""

    effect: Effect
    per_draw: list[FloatArray]
    queries: int = 0


class SharedRegression:
    """Regressions of a case's predictions on subsets of its columns.

    Parameters
    ----------
    columns : mapping of str to Column
        Every column that some regression will use.
    kind : {"flexible", "linear"}
        "linear" has no interactions (the paper's).
    layouts : mapping of BasisKind to Layout, optional
        Bases that were chosen elsewhere: of a table, where the case is one of its partitions.
    """

    def __init__(
        self,
        case: AuditCase,
        columns: Mapping[str, Column],
        *,
        kind: Literal["flexible", "linear"] = "flexible",
        layouts: Mapping[BasisKind, Layout] | None = None,
    ) -> None:
        self.y = case.predictions
        self.design = DesignMatrix(columns, case.n_rows, kind, layouts)
        self.kind: BasisKind = kind
        width = self.design.layout(kind).width
        self.gram = np.zeros((width, width))
        self.moment = np.zeros(width)
        with one_thread():
            for rows in self.design.chunks():
                block = self.design.block(kind, rows)
                self.gram += block.T @ block
                self.moment += block.T @ self.y[rows]

    def answer(
        self,
        questions: Sequence[Question],
        positions: Positions,
        *,
        sampled: bool = True,
        progress: Progress = silent,
    ) -> list[Standardised]:
        """Answer several questions about the target's rows.

        Parameters
        ----------
        positions : ndarray of int
            The target's rows, ascending.
        sampled : bool
            Whether those rows stand for a population.
        """
        distinct = {key_of(question): question for question in questions}
        normals = {key: normal_of(self, question) for key, question in distinct.items()}
        with one_thread():
            for rows in self.design.chunks():
                progress("CAFÉ: regressions", 0.8 * rows.start / self.design.n)
                inside = places_inside(positions, rows)
                for normal in normals.values():
                    add_interactions(self, normal, rows)
                    add_steps(self, normal, rows, inside, positions)
            n, n_target = self.design.n, len(positions)
            fits = [fit_of(self, normal, n_target, n) for normal in normals.values()]
            answers = dict(zip(normals, self._apply(fits, positions, sampled), strict=True))
        progress("CAFÉ: regressions", 1.0)
        return [answers[key_of(question)] for question in questions]

    def applied(
        self, fits: Sequence[Fit], positions: Positions
    ) -> Iterator[tuple[slice, slice, list[tuple[FloatArray, list[FloatArray]]]]]:
        """Apply fits chunk by chunk.

        Yields
        ------
        rows, inside : slice
            The chunk, and the places among the target's rows of those in it.
        found : list of (ndarray, list of ndarray)
            For each fit what the chunk's residuals add to its influence column, and the effects
            at its target rows, one array per draw; one number stands for all.
        """
        mains = np.concatenate([fit.main for fit in fits]).T
        for rows in self.design.chunks():
            inside = places_inside(positions, rows)
            both = self.design.block(self.kind, rows) @ mains
            found = []
            for place, fit in enumerate(fits):
                fitted, weight = both[:, 2 * place], both[:, 2 * place + 1]
                effects = [rows_at(main, inside) @ fit.main[0, fit.own] for main, _ in fit.steps]
                if fit.left is not None:
                    left = fit.left(self.design.columns[fit.feature].values[rows])
                    slopes = self.design.block(fit.right_kind, rows) @ fit.cross.T
                    fitted = fitted + np.einsum("ij,ij->i", left, slopes[:, : fit.left.width])
                    weight = weight + np.einsum("ij,ij->i", left, slopes[:, fit.left.width :])
                    here = slopes[positions[inside] - rows.start, : fit.left.width]
                    effects = [
                        effect + (rows_at(change, inside) * here).sum(axis=1)
                        for effect, (_, change) in zip(effects, fit.steps, strict=True)
                    ]
                found.append(((self.y[rows] - fitted) * weight, effects))
            yield rows, inside, found

    def _apply(
        self, fits: Sequence[Fit], positions: Positions, sampled: bool
    ) -> list[Standardised]:
        """Find the row effects, and how much each row of the data moves their mean."""
        n = self.design.n
        influences = [np.empty(n) for _ in fits]
        per_draw = [[np.empty(len(positions)) for _ in fit.steps] for fit in fits]
        for rows, inside, found in self.applied(fits, positions):
            for place, (influence, effects) in enumerate(found):
                influences[place][rows] = influence
                for target, effect in zip(per_draw[place], effects, strict=True):
                    target[inside] = effect
        everyone = slice(None) if len(positions) == n else positions
        answers = []
        for fit, influence, draws in zip(fits, influences, per_draw, strict=True):
            effect = draws[0] if len(draws) == 1 else np.mean(draws, axis=0)
            value = float(effect.mean())
            if sampled and (fit.left is not None or any(len(m) > 1 for m, _ in fit.steps)):
                influence[everyone] += (effect - value) * (n / len(positions))
            answers.append(Standardised(Effect(value, influence), draws))
        return answers


@dataclass(frozen=True, eq=False)
class Fit:
    """One feature's fitted regression and the weights of its mean effect.

    Coefficients stand at their places in the shared layouts, zero elsewhere, so that predictions
    need no copy of the shared regressors.

    Attributes
    ----------
    main : ndarray, shape (2, width of the main layout)
        Coefficients, and what a row's residual times its regressors adds to its influence.
    cross : ndarray, shape (2 · width of left, width of the right layout)
        The same for the interactions.
    own : slice
        Places of the feature's own main regressors.
    steps : list of (ndarray, ndarray)
        Change of the feature's main and interaction regressors, one pair per draw.
    """

    feature: str
    left: ColumnBasis | None
    right_kind: BasisKind
    own: slice
    main: FloatArray
    cross: FloatArray
    steps: list[tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class Normal:
    """One feature's normal equations while they are summed over the chunks.

    Attributes
    ----------
    places : ndarray of int
        Main regressors that take part.
    right : ndarray of int
        Covariates' regressors that the feature's own, `left`, are multiplied with.
    cross_step : ndarray, shape (width of left, width of the right layout)
        Sum over target rows and draws of the change of every interaction regressor.
    """

    feature: str
    places: Positions
    left: ColumnBasis | None
    right_kind: BasisKind
    right: Positions
    gram: FloatArray
    moment: FloatArray
    steps: list[tuple[FloatArray, FloatArray]]
    cross_step: FloatArray


def key_of(question: Question) -> tuple[str, frozenset[str]]:
    """Return what tells a question from others about the same change."""
    return question.variation.feature, frozenset(question.given)


def places_inside(positions: Positions, rows: slice) -> slice:
    """Places among the target's rows of those in a chunk."""
    start, stop = np.searchsorted(positions, (rows.start, rows.stop))
    return slice(int(start), int(stop))


def rows_at(step: FloatArray, inside: slice) -> FloatArray:
    """Rows of a change; a single row stands for all."""
    return step if len(step) == 1 else step[inside]


def normal_of(shared: SharedRegression, question: Question) -> Normal:
    """Start from the shared submatrix of the main regressors."""
    variation, feature = question.variation, question.variation.feature
    layout = shared.design.layout(shared.kind)
    places = np.concatenate([[0], layout.places([feature, *question.given])])
    left, right_kind = interactions_of(shared, question)
    right = shared.design.layout(right_kind).places(question.given)
    mains, width = len(places), left.width if left else 0
    size = mains + width * len(right)
    gram, moment = np.zeros((size, size)), np.zeros(size)
    gram[:mains, :mains] = shared.gram[np.ix_(places, places)]
    moment[:mains] = shared.moment[places]
    basis = layout.bases[feature]
    steps = [
        (change_of(basis, variation.before, after), change_of(left, variation.before, after))
        for after in variation.after
    ]
    cross_step = np.zeros((width, shared.design.layout(right_kind).width))
    return Normal(feature, places, left, right_kind, right, gram, moment, steps, cross_step)


def add_interactions(shared: SharedRegression, normal: Normal, rows: slice) -> None:
    """Add a chunk's part of the interactions to the normal equations (upper triangle).

    Interaction regressors are products of a left and a right one. Left ones are zero on most
    rows: with the rows in the feature's order, each is summed over one run of them.
    """
    left, right = normal.left, normal.right
    if left is None:
        return
    mains, width, places = len(normal.places), len(right), normal.places
    gram, moment = normal.gram, normal.moment
    values = shared.design.columns[normal.feature].values[rows]
    factors = left(values)
    order = np.argsort(values, kind="stable")
    order = order[factors[order].any(axis=1)]
    factors, y = factors[order], shared.y[rows][order]
    main_block = shared.design.block(shared.kind, rows)[order]
    runs = [_run(factors[:, i]) for i in range(left.width)]
    heres = [slice(mains + i * width, mains + (i + 1) * width) for i in range(left.width)]
    if left.indicates and normal.right_kind == shared.kind:
        # The rows at one level have one Gram matrix, which holds both blocks.
        for run, here in zip(runs, heres, strict=True):
            own = main_block[run].T @ main_block[run]
            gram[:mains, here] += own[np.ix_(places, right)]
            gram[here, here] += own[np.ix_(right, right)]
            moment[here] += (y[run] @ main_block[run])[right]
        return
    right_block = shared.design.block(normal.right_kind, rows)[np.ix_(order, right)]
    scaled = [right_block[run] * factors[run, i, None] for i, run in enumerate(runs)]
    for i, (run, here) in enumerate(zip(runs, heres, strict=True)):
        gram[:mains, here] += (main_block[run].T @ scaled[i])[places]
        gram[here, here] += scaled[i].T @ scaled[i]
        moment[here] += y[run] @ scaled[i]
        for j in range(i + 1, left.width):
            start, stop = max(run.start, runs[j].start), min(run.stop, runs[j].stop)
            if start < stop:
                one = scaled[i][start - run.start : stop - run.start]
                other = scaled[j][start - runs[j].start : stop - runs[j].start]
                gram[here, heres[j]] += one.T @ other


def add_steps(
    shared: SharedRegression, normal: Normal, rows: slice, inside: slice, positions: Positions
) -> None:
    """Add what the change of the interaction regressors sums to over a chunk's target rows."""
    if normal.left is None or inside.start == inside.stop:
        return
    right = shared.design.chosen(normal.right_kind, rows, inside, positions)
    for _, left in normal.steps:
        if len(left) == 1:
            normal.cross_step[:] += np.outer(left[0], right.sum(axis=0))
        else:
            normal.cross_step[:] += left[inside].T @ right


def fit_of(shared: SharedRegression, normal: Normal, n_target: int, n: int) -> Fit:
    """Solve for the coefficients and for the weights of the mean effect over the target."""
    layout, right = shared.design.layout(shared.kind), normal.right
    own, mains = layout.slices[normal.feature], len(normal.places)
    gram = normal.gram
    lower = np.tril_indices_from(gram, -1)
    gram[lower] = gram.T[lower]
    interactions = np.arange(mains, len(gram))
    gram[interactions, interactions] += SHRINKAGE
    scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    gram /= np.outer(scaling, scaling)

    main_step = np.zeros(layout.width)
    main_step[own] = np.mean([main.mean(axis=0) for main, _ in normal.steps], axis=0)
    cross_step = normal.cross_step[:, right] / (n_target * len(normal.steps))
    step = np.concatenate([main_step[normal.places], cross_step.ravel()])
    sides = np.stack([normal.moment, step], axis=1)
    both = solve_spd(gram, sides / scaling[:, None]) / scaling[:, None]
    # Residuals of a fit with p terms are too small by (n − p) / n on average.
    both[:, 1] *= n * np.sqrt(n / max(n - len(gram), 1))

    main = np.zeros((2, layout.width))
    main[:, normal.places] = both.T[:, :mains]
    width = len(normal.cross_step)
    cross = np.zeros((2 * width, normal.cross_step.shape[1]))
    if width:
        cross[:, right] = both.T[:, mains:].reshape(2 * width, len(right))
    return Fit(normal.feature, normal.left, normal.right_kind, own, main, cross, normal.steps)


def interactions_of(
    shared: SharedRegression, question: Question
) -> tuple[ColumnBasis | None, BasisKind]:
    """Choose the richest interactions of feature and covariates that the rows can carry."""
    if shared.kind == "linear" or not question.given:
        return None, shared.kind
    column = shared.design.columns[question.variation.feature]
    levels = question.variation.levels
    most = min(MOST_TERMS, shared.design.n // ROWS_PER_TERM)
    options: tuple[tuple[BasisKind, BasisKind], ...] = (
        ("local", "flexible"),
        ("local", "coarse"),
        ("coarse", "coarse"),
        ("coarse", "minimal"),
        ("minimal", "minimal"),
    )
    for left_kind, right_kind in options:
        few = not column.is_numeric and len(levels) <= 2
        left = level_basis(column, levels) if few else column_basis(column, left_kind)
        right = shared.design.layout(right_kind).places(question.given)
        if 0 < left.width * len(right) <= most:
            return left, right_kind
    return None, shared.kind


def _run(factor: FloatArray) -> slice:
    """Rows from the first to the last at which a regressor is not zero."""
    places = np.flatnonzero(factor)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def change_of(basis: ColumnBasis | None, before: Values, after: Values) -> FloatArray:
    """Change of a basis from `before` to `after`; one row stands for all where all are equal."""
    if basis is None:
        return np.zeros((1, 0))
    if bool((before == before[0]).all() and (after == after[0]).all()):
        before, after = before[:1], after[:1]
    return basis(after) - basis(before)
