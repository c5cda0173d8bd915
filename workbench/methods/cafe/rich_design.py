"""Regressors of a rich regression, block by block, and the least squares that fits them.

Normal equations add over chunks of rows, so that no table of all regressors is ever held. Rows that
are alike in all that a regression reads are worked on once, with their number as weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.common.threads import one_thread
from workbench.methods.cafe.solving import solve_spd
from workbench.methods.fuzzing.alike_rows import AlikeRows
from workbench.methods.fuzzing.equation_terms import Basis
from workbench.methods.held_out import trimmed_error
from workbench.tables.columns import Values

__all__ = ["Block", "Design", "Fit", "held_out_error", "residuals", "slices"]

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
        return self.of([basis(values[basis.name]) for basis in self.bases])

    def of(self, made: Sequence[FloatArray], out: FloatArray | None = None) -> FloatArray:
        """Take what its bases give at some rows, shape (m, width); into `out` where there is one.

        Of one basis that is all, of two each column of one times each of the other.
        """
        first, size = made[0], len(made[0])
        if out is None:
            out = np.empty((size, self.width))
        if len(made) == 1:
            out[:] = first
        else:
            product = out.reshape(size, first.shape[1], made[1].shape[1])
            np.multiply(first[:, :, None], made[1][:, None, :], out=product)
        return out


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
        bases = {basis for block in self.blocks for basis in block.bases}
        made = {basis: basis(values[basis.name]) for basis in bases}
        out = np.empty((len(next(iter(values.values()))), self.width))
        out[:, 0] = 1.0
        stop = 1
        for block in self.blocks:
            start, stop = stop, stop + block.width
            block.of([made[basis] for basis in block.bases], out[:, start:stop])
        return out

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
    alike : AlikeRows, optional
        Which of the rows are alike in the columns that the design begins with; blocks of other
        columns stand at its end. By default every row stands for itself.
    """

    def __init__(
        self,
        design: Design,
        values: Mapping[str, Values],
        y: FloatArray,
        alike: AlikeRows | None = None,
    ) -> None:
        self.design, self._y = design, y
        self._alike = AlikeRows(values) if alike is None else alike
        read = self._alike.causes
        self._shared = Design(tuple(b for b in design.blocks if _reads_only(b, read)))
        own = design.blocks[len(self._shared.blocks) :]
        self._own = np.hstack([np.empty((len(y), 0)), *(block(values) for block in own)])
        with one_thread():
            gram, moment = self._normal_equations()
        self._scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
        self._gram = _penalised(gram, design) / np.outer(self._scaling, self._scaling)
        self.coefficients = self.solve(moment)

    def at(self, values: Mapping[str, Values]) -> FloatArray:
        """Return its value at rows."""
        out: FloatArray = self.design(values) @ self.coefficients
        return out

    @cached_property
    def fitted(self) -> FloatArray:
        """Its value at every row it was fitted on, shape (n,)."""
        out: FloatArray = self.applied(self.coefficients[None])[0]
        return out

    def applied(self, weights: FloatArray) -> FloatArray:
        """Multiply the regressors of every row by weights of shape (k, width): shape (k, n)."""
        split = self._shared.width
        found = np.empty((len(weights), self._alike.size))
        with one_thread():
            for rows, regressors in self._chunks():
                found[:, rows] = weights[:, :split] @ regressors.T
            out: FloatArray = self._alike.by_row(found)
            if self._own.size:
                out = out + weights[:, split:] @ self._own.T
        return out

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve the normal equations for one right-hand side, or for one in every row."""
        with one_thread():
            found: FloatArray = solve_spd(self._gram, (right / self._scaling).T).T / self._scaling
        return found

    def through(self, gradients: FloatArray) -> FloatArray:
        """Influence of every row on gradients · coefficients, shape (k, n)."""
        n = len(self._y)
        weights = self.solve(gradients) * n * np.sqrt(n / max(n - self.design.width, 1))
        return self.applied(weights) * (self._y - self.fitted)

    def _chunks(self) -> Iterator[tuple[slice, FloatArray]]:
        """Yield regressors of rows that differ, some at a time."""
        for rows in slices(self._alike.size):
            at = {name: values[rows] for name, values in self._alike.causes.items()}
            yield rows, self._shared(at)

    def _normal_equations(self) -> tuple[FloatArray, FloatArray]:
        split, width, place = self._shared.width, self.design.width, self._alike.place
        gram, moment = np.zeros((width, width)), np.zeros(width)
        beside, count = np.column_stack([self._own, self._y]).T, self._alike.size
        if place is not None:
            held = np.sqrt(np.bincount(place, minlength=count))
            beside = np.stack([np.bincount(place, column, count) for column in beside])
        for rows, design in self._chunks():
            added = design.T @ beside[:, rows].T
            gram[:split, split:] += added[:, :-1]
            moment[:split] += added[:, -1]
            if place is not None:
                design *= held[rows, None]
            gram[:split, :split] += design.T @ design
        gram[split:, :split] = gram[:split, split:].T
        gram[split:, split:] = self._own.T @ self._own
        moment[split:] = self._own.T @ self._y
        return gram, moment


def _reads_only(block: Block, names: Mapping[str, Values]) -> bool:
    return all(basis.name in names for basis in block.bases)


def _penalised(gram: FloatArray, design: Design) -> FloatArray:
    out = gram.copy()
    out[np.diag_indices_from(out)] += design.penalties
    return out


def held_out_error(
    design: Design,
    regressors: FloatArray,
    alike: AlikeRows,
    y: FloatArray,
    one: npt.NDArray[np.bool_],
) -> float:
    """Mean squared error on rows not fitted on, each half predicted from the other.

    Parameters
    ----------
    regressors : ndarray, shape (combinations, width)
    alike : AlikeRows
        The combination that each row holds.
    """
    left = np.empty(len(y))
    for learn in (one, ~one):
        left[~learn] = residuals(design, regressors, alike, y, learn)[~learn]
    return trimmed_error(left)


def residuals(
    design: Design,
    regressors: FloatArray,
    alike: AlikeRows,
    y: FloatArray,
    learn: npt.NDArray[np.bool_] | slice,
) -> FloatArray:
    """Errors at all rows of a fit to some of them."""
    here = alike.some(learn)
    seen = regressors[learn] if alike.place is None else regressors
    gram, moment = here.normal_equations(seen, y[learn])
    gram = _penalised(gram, design)
    scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    scaled = gram / np.outer(scaling, scaling)
    coefficients = solve_spd(scaled, moment / scaling) / scaling
    out: FloatArray = y - alike.by_row(regressors @ coefficients)
    return out


def slices(size: int) -> Iterator[slice]:
    """Cut so many rows into pieces that are worked on one at a time."""
    for start in range(0, size, CHUNK):
        yield slice(start, min(start + CHUNK, size))
