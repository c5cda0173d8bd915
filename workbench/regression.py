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
import numpy.typing as npt
from scipy import linalg
from threadpoolctl import threadpool_limits

from workbench.basis import BasisKind, ColumnBasis, column_basis, level_basis
from workbench.case import AuditCase
from workbench.columns import Column, Values
from workbench.effects import Effect
from workbench.intervention import Variation
from workbench.progress import Progress, silent

__all__ = ["Question", "SharedRegression", "Standardised"]

FloatArray = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

CHUNK = 16_384
"""Rows whose regressors are held at a time."""
KEPT_BYTES = 400_000_000
"""Regressors are kept between passes up to this size, else computed again."""
ROWS_PER_TERM = 20
"""Rows there must be for every interaction term."""
MOST_TERMS = 200
"""Interaction terms of one regression at the most."""
SHRINKAGE = 1.0
"""Ridge penalty of an interaction term, in rows: it steadies empty cells and else is negligible."""

COLLINEAR = 1e-9
"""Added to the diagonal of scaled normal equations, so that collinear regressors stay solvable."""


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
    """

    def __init__(
        self,
        case: AuditCase,
        columns: Mapping[str, Column],
        *,
        kind: Literal["flexible", "linear"] = "flexible",
    ) -> None:
        self.n = case.n_rows
        self.y = case.predictions
        self.columns = columns
        self.kind: BasisKind = kind
        self._layouts: dict[BasisKind, _Layout] = {}
        width = self.layout(kind).width
        self._keep = self.n * width * 8 <= KEPT_BYTES
        self._kept: dict[tuple[BasisKind, int], FloatArray] = {}
        self.gram = np.zeros((width, width))
        self.moment = np.zeros(width)
        with _one_thread():
            for rows in self.chunks():
                block = self.block(kind, rows)
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
        fits: list[_Fit] = []
        places: dict[tuple[str, frozenset[str]], int] = {}
        with _one_thread():
            for done, question in enumerate(questions):
                key = (question.variation.feature, frozenset(question.given))
                if key not in places:
                    progress("CAFÉ: regressions", done / len(questions))
                    places[key] = len(fits)
                    fits.append(_fit(self, question, positions))
            influences = self._influences(fits)
        answers = [
            _standardised(self, f, i, positions, sampled)
            for f, i in zip(fits, influences, strict=True)
        ]
        progress("CAFÉ: regressions", 1.0)
        return [answers[places[q.variation.feature, frozenset(q.given)]] for q in questions]

    def _influences(self, fits: Sequence[_Fit]) -> list[FloatArray]:
        """How much each row moves the mean effects through the fits, each of shape (n,)."""
        mains = np.stack([v for fit in fits for v in (fit.main, fit.main_weights)], axis=1)
        out = [np.empty(self.n) for _ in fits]
        for rows in self.chunks():
            both = self.block(self.kind, rows) @ mains
            for place, fit in enumerate(fits):
                fitted, weight = both[:, 2 * place], both[:, 2 * place + 1]
                if fit.left is not None:
                    right = self.block(fit.right_kind, rows)
                    left = fit.left(self.columns[fit.feature].values[rows])
                    fitted = fitted + np.einsum("ij,ij->i", left @ fit.cross, right)
                    weight = weight + np.einsum("ij,ij->i", left @ fit.cross_weights, right)
                out[place][rows] = (self.y[rows] - fitted) * weight
        for place, fit in enumerate(fits):
            # Residuals of a fit with p terms are too small by (n − p) / n on average.
            free = max(self.n - fit.terms, 1)
            out[place] *= self.n * np.sqrt(self.n / free)
        return out

    def chunks(self) -> Iterator[slice]:
        """Slices of the data that are worked on at a time."""
        for start in range(0, self.n, CHUNK):
            yield slice(start, min(start + CHUNK, self.n))

    def block(self, kind: BasisKind, rows: slice) -> FloatArray:
        """Intercept and all columns' regressors of one kind, shape (rows, width of that kind)."""
        if (kind, rows.start) in self._kept:
            return self._kept[kind, rows.start]
        layout = self.layout(kind)
        block = np.empty((rows.stop - rows.start, layout.width))
        block[:, 0] = 1.0
        for name, basis in layout.bases.items():
            block[:, layout.slices[name]] = basis(self.columns[name].values[rows])
        if self._keep:
            self._kept[kind, rows.start] = block
        return block

    def layout(self, kind: BasisKind) -> _Layout:
        """Where each column's regressors of one kind stand."""
        if kind not in self._layouts:
            bases = {name: column_basis(column, kind) for name, column in self.columns.items()}
            stops = np.cumsum([1, *(basis.width for basis in bases.values())])
            slices = {
                name: slice(int(start), int(stop))
                for name, start, stop in zip(bases, stops[:-1], stops[1:], strict=True)
            }
            self._layouts[kind] = _Layout(bases, slices, int(stops[-1]))
        return self._layouts[kind]


@dataclass(frozen=True, eq=False)
class _Layout:
    """Bases of all columns and the places of their regressors behind the intercept."""

    bases: dict[str, ColumnBasis]
    slices: dict[str, slice]
    width: int

    def places(self, names: Sequence[str]) -> Positions:
        """Return the indices of some columns' regressors."""
        parts = [np.arange(self.slices[name].start, self.slices[name].stop) for name in names]
        return np.concatenate([np.zeros(0, dtype=np.intp), *parts]).astype(np.intp)


@dataclass(frozen=True, eq=False)
class _Fit:
    """One feature's fitted regression and the weights of its mean effect.

    Coefficients stand at their places in the shared layouts, zero elsewhere, so that predictions
    need no copy of the shared regressors.

    Attributes
    ----------
    main, main_weights : ndarray, shape (width of the main layout,)
        Coefficients, and what a unit of each normal equation's residual does to the mean effect.
    cross, cross_weights : ndarray, shape (width of left, width of the right layout)
        The same for the interactions.
    steps : list of (ndarray, ndarray)
        Change of the feature's main and interaction regressors, one pair per draw.
    """

    feature: str
    left: ColumnBasis | None
    right_kind: BasisKind
    terms: int
    main: FloatArray
    main_weights: FloatArray
    cross: FloatArray
    cross_weights: FloatArray
    steps: list[tuple[FloatArray, FloatArray]]


def _standardised(
    shared: SharedRegression, fit: _Fit, influence: FloatArray, positions: Positions, sampled: bool
) -> Standardised:
    place = shared.layout(shared.kind).slices[fit.feature]
    per_draw = []
    for main, left in fit.steps:
        effect = np.broadcast_to(main @ fit.main[place], len(positions)).copy()
        if fit.left is not None:
            slopes = left @ fit.cross
            for inside, right in _target_blocks(shared, fit.right_kind, positions):
                if len(slopes) == 1:
                    effect[inside] += right @ slopes[0]
                else:
                    effect[inside] += np.einsum("ij,ij->i", slopes[inside], right)
        per_draw.append(effect)
    rows = per_draw[0] if len(per_draw) == 1 else np.mean(per_draw, axis=0)
    value = float(rows.mean())
    if sampled:
        influence[positions] += (rows - value) * (shared.n / len(positions))
    return Standardised(Effect(value, influence), per_draw)


def _target_blocks(
    shared: SharedRegression, kind: BasisKind, positions: Positions
) -> Iterator[tuple[slice, FloatArray]]:
    """Blocks of the target's rows: their places among the target's, and their regressors."""
    for rows in shared.chunks():
        start, stop = np.searchsorted(positions, (rows.start, rows.stop))
        if start == stop:
            continue
        block = shared.block(kind, rows)
        if stop - start < len(block):
            block = block[positions[start:stop] - rows.start]
        yield slice(int(start), int(stop)), block


def _fit(shared: SharedRegression, question: Question, positions: Positions) -> _Fit:
    variation, feature = question.variation, question.variation.feature
    layout = shared.layout(shared.kind)
    places = np.concatenate([[0], layout.places([feature, *question.given])])
    left, right_kind = _interactions(shared, question)
    right_layout = shared.layout(right_kind)
    right = right_layout.places(question.given)
    gram, moment = _normal_equations(shared, feature, places, left, right_kind, right)
    scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    gram /= np.outer(scaling, scaling)

    basis = layout.bases[feature]
    steps = [
        (_change(basis, variation.before, after), _change(left, variation.before, after))
        for after in variation.after
    ]
    main_step = np.zeros(layout.width)
    main_step[layout.slices[feature]] = np.mean([m.mean(axis=0) for m, _ in steps], axis=0)
    cross_step = _mean_cross(shared, right_kind, steps, positions)[:, right]
    step = np.concatenate([main_step[places], cross_step.ravel()])

    both = _solve(gram, np.stack([moment, step], axis=1) / scaling[:, None]) / scaling[:, None]
    main = np.zeros((2, layout.width))
    main[:, places] = both.T[:, : len(places)]
    cross = np.zeros((2, left.width if left else 0, right_layout.width))
    if left is not None:
        cross[:, :, right] = both.T[:, len(places) :].reshape(2, left.width, len(right))
    return _Fit(feature, left, right_kind, len(moment), main[0], main[1], cross[0], cross[1], steps)


def _interactions(
    shared: SharedRegression, question: Question
) -> tuple[ColumnBasis | None, BasisKind]:
    """Choose the richest interactions of feature and covariates that the rows can carry."""
    if shared.kind == "linear" or not question.given:
        return None, shared.kind
    column = shared.columns[question.variation.feature]
    levels = question.variation.levels
    most = min(MOST_TERMS, shared.n // ROWS_PER_TERM)
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
        right = shared.layout(right_kind).places(question.given)
        if 0 < left.width * len(right) <= most:
            return left, right_kind
    return None, shared.kind


def _normal_equations(
    shared: SharedRegression,
    feature: str,
    places: Positions,
    left: ColumnBasis | None,
    right_kind: BasisKind,
    right: Positions,
) -> tuple[FloatArray, FloatArray]:
    """Gram matrix and moments: the shared submatrix, and the block of the interactions.

    Interaction regressors are products of a left and a right one. Left ones are zero on most
    rows: with the rows in the feature's order, each is summed over one run of them, without copies.
    """
    mains, width = len(places), len(right)
    terms = 0 if left is None else left.width * width
    gram = np.zeros((mains + terms, mains + terms))
    moment = np.zeros(mains + terms)
    gram[:mains, :mains] = shared.gram[np.ix_(places, places)]
    moment[:mains] = shared.moment[places]
    if left is None:
        return gram, moment
    values = shared.columns[feature].values
    for rows in shared.chunks():
        factors = left(values[rows])
        order = np.argsort(values[rows], kind="stable")
        order = order[factors[order].any(axis=1)]
        factors, y = factors[order], shared.y[rows][order]
        main_block = shared.block(shared.kind, rows)[order]
        right_block = shared.block(right_kind, rows)[np.ix_(order, right)]
        runs = [_run(factors[:, i]) for i in range(left.width)]
        for i, run in enumerate(runs):
            here = slice(mains + i * width, mains + (i + 1) * width)
            scaled = right_block[run] * factors[run, i, None]
            gram[:mains, here] += (main_block[run].T @ scaled)[places]
            moment[here] += scaled.T @ y[run]
            for j in range(i, left.width):
                both = slice(max(run.start, runs[j].start), min(run.stop, runs[j].stop))
                if both.start >= both.stop:
                    continue
                there = slice(mains + j * width, mains + (j + 1) * width)
                other = right_block[both] * factors[both, j, None]
                within = slice(both.start - run.start, both.stop - run.start)
                gram[here, there] += scaled[within].T @ other
    lower = np.tril_indices_from(gram, -1)
    gram[lower] = gram.T[lower]
    gram[np.arange(mains, len(gram)), np.arange(mains, len(gram))] += SHRINKAGE
    return gram, moment


def _run(factor: FloatArray) -> slice:
    """Rows from the first to the last at which a regressor is not zero."""
    places = np.flatnonzero(factor)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def _one_thread() -> threadpool_limits:
    """Keep linear algebra on one thread.

    The matrices are small: more threads gain little on an idle machine, and on a busy one they
    wait for each other and take several times as long.
    """
    return threadpool_limits(1, user_api="blas")


def _solve(gram: FloatArray, right: FloatArray) -> FloatArray:
    """Solve scaled normal equations; collinear regressors share their coefficient."""
    steadied = gram.copy()
    steadied[np.diag_indices_from(gram)] += COLLINEAR
    factor = linalg.cho_factor(steadied, lower=True, overwrite_a=True)
    solution: FloatArray = linalg.cho_solve(factor, right)
    # One step of refinement takes the steadying out again wherever it was not needed.
    solution += linalg.cho_solve(factor, right - gram @ solution)
    return solution


def _change(basis: ColumnBasis | None, before: Values, after: Values) -> FloatArray:
    """Change of a basis from `before` to `after`; one row stands for all where all are equal."""
    if basis is None:
        return np.zeros((1, 0))
    if bool((before == before[0]).all() and (after == after[0]).all()):
        before, after = before[:1], after[:1]
    return basis(after) - basis(before)


def _mean_cross(
    shared: SharedRegression,
    right_kind: BasisKind,
    steps: Sequence[tuple[FloatArray, FloatArray]],
    positions: Positions,
) -> FloatArray:
    """Mean over the target's rows and the draws of the change of every interaction regressor."""
    width = steps[0][1].shape[1]
    out = np.zeros((width, shared.layout(right_kind).width))
    if not width:
        return out
    for inside, right in _target_blocks(shared, right_kind, positions):
        for _, left in steps:
            if len(left) == 1:
                out += np.outer(left[0], right.sum(axis=0))
            else:
                out += left[inside].T @ right
    return out / (len(positions) * len(steps))
