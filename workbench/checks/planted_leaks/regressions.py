"""CAFÉ's regression of one feature for many outcomes on the same rows.

The very regression of :mod:`cafe.shared_regression` (same regressors, same penalty, same influence
function), solved for hundreds of outcomes at the price of two passes over the rows: only the right
side of the normal equations differs between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray, Positions
from workbench.common.progress import Progress, silent
from workbench.common.threads import one_thread
from workbench.methods.cafe.shared_regression import (
    SHRINKAGE,
    Question,
    SharedRegression,
    change_of,
    interactions_of,
    places_inside,
    rows_at,
)
from workbench.methods.cafe.solving import solve_spd
from workbench.tables.column_bases import BasisKind, ColumnBasis

__all__ = ["ManyEffects", "answer_many"]


@dataclass(frozen=True, eq=False)
class ManyEffects:
    """The same effect on several outcomes.

    Attributes
    ----------
    values : ndarray, shape (m,)
    squares : ndarray, shape (m,)
        Sum of the squared influence values.
    crosses : ndarray, shape (m,)
        Sum of the products with the first outcome's influence values.
    first : ndarray, shape (n,)
        The first outcome's influence values.
    """

    values: FloatArray
    squares: FloatArray
    crosses: FloatArray
    first: FloatArray


def answer_many(
    shared: SharedRegression,
    question: Question,
    positions: Positions,
    outcomes: npt.NDArray[np.float32],
    *,
    progress: Progress = silent,
) -> ManyEffects:
    """Answer one question for the prediction and for many other outcomes.

    Parameters
    ----------
    shared : SharedRegression
        Of the prediction, which is taken as the first outcome.
    positions : ndarray of int
        The target's rows, ascending; they stand for a population.
    outcomes : ndarray, shape (n, m), dtype float32
        Single precision, to hold hundreds of 0/1 columns; sums are in double.
    """
    terms = _Terms.of(shared, question)
    n, width = shared.design.n, terms.width
    many = outcomes.shape[1] + 1
    gram, moments = np.zeros((width, width)), np.zeros((width, many))
    step = np.zeros(width)
    chunks = list(shared.design.chunks())
    with one_thread():
        for place, rows in enumerate(chunks):
            progress("planted leaks: regressions", 0.5 * place / len(chunks))
            block = terms.block(shared, rows)
            gram += block.T @ block
            moments += block.T @ _columns(shared, outcomes, rows)
            inside = places_inside(positions, rows)
            step += terms.steps(shared, rows, inside, positions).sum(axis=0) / len(positions)
        gram[np.arange(terms.mains, width), np.arange(terms.mains, width)] += SHRINKAGE
        scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
        sides = np.column_stack([moments, step]) / scaling[:, None]
        both = solve_spd(gram / np.outer(scaling, scaling), sides) / scaling[:, None]
        # Residuals of a fit with p terms are too small by (n − p) / n on average.
        weights = both[:, -1] * n * np.sqrt(n / max(n - width, 1))
        coefficients = both[:, :-1]
        values = step @ coefficients
        squares, crosses, first = np.zeros(many), np.zeros(many), np.empty(n)
        for place, rows in enumerate(chunks):
            progress("planted leaks: regressions", 0.5 + 0.5 * place / len(chunks))
            block = terms.block(shared, rows)
            influence = _columns(shared, outcomes, rows) - block @ coefficients
            influence *= (block @ weights)[:, None]
            inside = places_inside(positions, rows)
            if terms.varies and inside.start < inside.stop:
                effects = terms.steps(shared, rows, inside, positions) @ coefficients
                here = positions[inside] - rows.start
                influence[here] += (effects - values) * (n / len(positions))
            squares += np.einsum("ij,ij->j", influence, influence)
            crosses += influence[:, 0] @ influence
            first[rows] = influence[:, 0]
    return ManyEffects(values, squares, crosses, first)


def _columns(
    shared: SharedRegression, outcomes: npt.NDArray[np.float32], rows: slice
) -> FloatArray:
    return np.column_stack([shared.y[rows], outcomes[rows].astype(np.float64)])


@dataclass(frozen=True, eq=False)
class _Terms:
    """The regressors of one question: main ones, then the feature's interactions.

    Attributes
    ----------
    places, right : ndarray of int
        Main regressors that take part, the feature's own right behind the intercept; and the
        covariates' that the feature's, `left`, are multiplied with.
    changes : list of (ndarray, ndarray)
        Change of the feature's main and interaction regressors, one pair per draw.
    """

    feature: str
    places: Positions
    left: ColumnBasis | None
    right_kind: BasisKind
    right: Positions
    changes: list[tuple[FloatArray, FloatArray]]

    @classmethod
    def of(cls, shared: SharedRegression, question: Question) -> _Terms:
        variation = question.variation
        feature, layout = variation.feature, shared.design.layout(shared.kind)
        left, right_kind = interactions_of(shared, question)
        basis = layout.bases[feature]
        return cls(
            feature,
            np.concatenate([[0], layout.places([feature, *question.given])]),
            left,
            right_kind,
            shared.design.layout(right_kind).places(question.given),
            [
                (
                    change_of(basis, variation.before, after),
                    change_of(left, variation.before, after),
                )
                for after in variation.after
            ],
        )

    @property
    def mains(self) -> int:
        return len(self.places)

    @property
    def width(self) -> int:
        return self.mains + (self.left.width if self.left else 0) * len(self.right)

    @property
    def varies(self) -> bool:
        """Whether the effect differs between rows."""
        return self.left is not None or any(len(main) > 1 for main, _ in self.changes)

    def block(self, shared: SharedRegression, rows: slice) -> FloatArray:
        """Regressors at the rows of a chunk, shape (rows, width)."""
        main = shared.design.block(shared.kind, rows)[:, self.places]
        if self.left is None:
            return main
        factors = self.left(shared.design.columns[self.feature].values[rows])
        return np.hstack([main, self._products(shared, rows, factors)])

    def steps(
        self, shared: SharedRegression, rows: slice, inside: slice, positions: Positions
    ) -> FloatArray:
        """Change of the regressors at a chunk's target rows, shape (target rows, width)."""
        here = positions[inside] - rows.start
        step = np.zeros((len(here), self.width))
        for main, left in self.changes:
            step[:, 1 : 1 + main.shape[1]] += rows_at(main, inside)
            if self.left is not None:
                factors = np.broadcast_to(rows_at(left, inside), (len(here), left.shape[1]))
                step[:, self.mains :] += self._products(shared, rows, factors, here)
        return step / len(self.changes)

    def _products(
        self,
        shared: SharedRegression,
        rows: slice,
        factors: FloatArray,
        here: Positions | slice = slice(None),
    ) -> FloatArray:
        right = shared.design.block(self.right_kind, rows)[here][:, self.right]
        return (factors[:, :, None] * right[:, None, :]).reshape(len(factors), -1)
