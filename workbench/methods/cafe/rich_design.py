"""Regressors of a rich regression, block by block, and the least squares that fits them.

Normal equations add over chunks of rows, so that no table of all regressors is ever held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.common.threads import one_thread
from workbench.methods.cafe.solving import solve_spd
from workbench.methods.fuzzing.equation_terms import Basis
from workbench.methods.held_out import trimmed_error
from workbench.tables.columns import Values

__all__ = ["Block", "Design", "Fit", "coefficients_of", "held_out_error", "slices", "unseen"]

CHUNK = 16_384


@dataclass(frozen=True, eq=False)
class Block:
    """Regressors of one basis, or all products of two; with their penalty in rows."""

    bases: tuple[Basis, ...]
    penalty: float

    @property
    def width(self) -> int:
        """How many there are."""
        return int(np.prod([basis.width for basis in self.bases]))

    def __call__(self, values: Mapping[str, Values]) -> FloatArray:
        """Evaluate at encoded values, shape (m, width)."""
        first = self.bases[0](values[self.bases[0].name])
        if len(self.bases) == 1:
            return first
        second = self.bases[1](values[self.bases[1].name])
        product: FloatArray = (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)
        return product


@dataclass(frozen=True, eq=False)
class Design:
    """Intercept and blocks of regressors."""

    blocks: tuple[Block, ...]

    @property
    def width(self) -> int:
        """How many there are."""
        return 1 + sum(block.width for block in self.blocks)

    @property
    def penalties(self) -> FloatArray:
        """What ridge adds to each one's own square, in rows."""
        return np.concatenate([[0.0], *(np.full(b.width, b.penalty) for b in self.blocks)])

    def __call__(self, values: Mapping[str, Values]) -> FloatArray:
        """Evaluate at encoded values, shape (m, width)."""
        size = len(next(iter(values.values())))
        return np.hstack([np.ones((size, 1)), *(block(values) for block in self.blocks)])

    def change(
        self, feature: str, values: Mapping[str, Values], before: Values, after: Values
    ) -> FloatArray:
        """Change of all regressors when the feature goes from `before` to `after`."""
        out = np.zeros((len(before), self.width))
        stop = 1
        for block in self.blocks:
            here = slice(stop, stop + block.width)
            stop += block.width
            if any(basis.name == feature for basis in block.bases):
                out[:, here] = block({**values, feature: after})
                out[:, here] -= block({**values, feature: before})
        return out


class Fit:
    """One design fitted to an outcome.

    Parameters
    ----------
    design : Design
    values : mapping of str to ndarray, shape (n,)
    y : ndarray, shape (n,)
    """

    def __init__(self, design: Design, values: Mapping[str, Values], y: FloatArray) -> None:
        self.design, self._values, self._y = design, values, y
        with one_thread():
            gram, moment = self._normal_equations()
        self._scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
        self._gram = _penalised(gram, design) / np.outer(self._scaling, self._scaling)
        self.coefficients = self.solve(moment)

    def chunks(self) -> Iterator[tuple[slice, dict[str, Values]]]:
        """Yield the rows it was fitted on, some at a time."""
        for rows in slices(len(self._y)):
            yield rows, {name: values[rows] for name, values in self._values.items()}

    def at(self, values: Mapping[str, Values]) -> FloatArray:
        """Return its value at rows."""
        out: FloatArray = self.design(values) @ self.coefficients
        return out

    def fitted(self) -> FloatArray:
        """Return its value at every row it was fitted on, shape (n,)."""
        return np.concatenate([self.at(values) for _, values in self.chunks()])

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve the normal equations for one right-hand side, or for one in every row."""
        with one_thread():
            found: FloatArray = solve_spd(self._gram, (right / self._scaling).T).T / self._scaling
        return found

    def through(self, gradients: FloatArray) -> FloatArray:
        """Influence of every row on gradients · coefficients, shape (k, n)."""
        n, out = len(self._y), np.empty((len(gradients), len(self._y)))
        weights = self.solve(gradients) * n * np.sqrt(n / max(n - self.design.width, 1))
        with one_thread():
            for rows, at in self.chunks():
                regressors = self.design(at)
                left = self._y[rows] - regressors @ self.coefficients
                out[:, rows] = (weights @ regressors.T) * left
        return out

    def _normal_equations(self) -> tuple[FloatArray, FloatArray]:
        width = self.design.width
        gram, moment = np.zeros((width, width)), np.zeros(width)
        for rows, at in self.chunks():
            design = self.design(at)
            gram += design.T @ design
            moment += design.T @ self._y[rows]
        return gram, moment


def _penalised(gram: FloatArray, design: Design) -> FloatArray:
    out = gram.copy()
    out[np.diag_indices_from(out)] += design.penalties
    return out


def held_out_error(
    design: Design, at: Mapping[str, Values], y: FloatArray, one: npt.NDArray[np.bool_]
) -> float:
    """Mean squared error on rows not fitted on, each half predicted from the other."""
    regressors = design(at)
    left = np.empty(len(y))
    for learn in (one, ~one):
        left[~learn] = unseen(design, regressors, y, learn)
    return trimmed_error(left)


def unseen(
    design: Design, regressors: FloatArray, y: FloatArray, learn: npt.NDArray[np.bool_]
) -> FloatArray:
    """Errors on the rows that were not learned from."""
    coefficients = coefficients_of(design, regressors[learn], y[learn])
    return y[~learn] - regressors[~learn] @ coefficients


def coefficients_of(design: Design, regressors: FloatArray, y: FloatArray) -> FloatArray:
    """Fit a design to rows whose regressors are given."""
    gram = _penalised(regressors.T @ regressors, design)
    scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    scaled = gram / np.outer(scaling, scaling)
    out: FloatArray = solve_spd(scaled, regressors.T @ y / scaling) / scaling
    return out


def slices(size: int) -> Iterator[slice]:
    """Cut so many rows into pieces that are worked on one at a time."""
    for start in range(0, size, CHUNK):
        yield slice(start, min(start + CHUNK, size))
