"""What a deployed model is fed: its input as it comes, or with a feature neutralised.

A feature that was removed from the training table must be removed from every later input in the
same way; otherwise the model would be asked with what it never saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.case.condition import Condition
from workbench.common.arrays import BoolArray, FloatArray, Positions
from workbench.common.errors import DataError, listed
from workbench.methods.fuzzing.equation import Equation
from workbench.methods.fuzzing.equations import NumericEquation
from workbench.methods.fuzzing.propagation import Equations
from workbench.tables.columns import Column, Values

__all__ = ["ConsequencesUndone", "InTraining", "Inputs", "Replaced", "Untouched"]


DRAWS = 8
"""Inputs that one row stands for where a value is averaged out."""


class Inputs(Protocol):
    """How rows are made ready for the trained part of a model."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that the deployed model is asked with."""

    def expanded(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Positions]:
        """Return the inputs to score, and which row each belongs to; a row's are averaged."""

    def table(self, data: pd.DataFrame, mask: BoolArray) -> pd.DataFrame:
        """Return the training table with the rows of the mask neutralised."""


@dataclass(frozen=True, eq=False)
class Untouched:
    """The columns as they come; a column that is not among `reads` is dropped."""

    reads: tuple[str, ...]

    def expanded(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Positions]:
        """Return the rows as they are."""
        return rows[list(self.reads)], np.arange(len(rows))

    def table(self, data: pd.DataFrame, mask: BoolArray) -> pd.DataFrame:
        """Return the columns that are read; a column is dropped for all rows or for none."""
        del mask
        return data[list(self.reads)]


@dataclass(frozen=True, eq=False)
class Replaced:
    """Fixed values in the place of some features, on every row or where a condition holds.

    Attributes
    ----------
    values : DataFrame, shape (draws, features replaced)
        One row for a replacement by a single value; several rows are averaged over.
    shuffle : int or None
        Seed of the permutation that the training table gets; None puts the first value there.
    """

    features: tuple[str, ...]
    values: pd.DataFrame
    where: Condition | None = None
    shuffle: int | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Every feature of the model, and the columns of the condition."""
        return _joined(self.features, self.where)

    def expanded(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Positions]:
        """Return each masked row once per row of `values`."""
        owner, first = _owners(_mask(rows, self.where), len(self.values))
        draws = np.repeat(np.arange(len(self.values)), (len(owner) - first) // len(self.values))
        out = rows[list(self.features)].iloc[owner].reset_index(drop=True)
        return self._replaced(out, np.arange(len(owner)) >= first, self.values.iloc[draws]), owner

    def table(self, data: pd.DataFrame, mask: BoolArray) -> pd.DataFrame:
        """Return the training table with the features replaced or permuted among the rows."""
        places = np.flatnonzero(mask)
        if self.shuffle is None:
            values = self.values.iloc[np.zeros(len(places), dtype=np.intp)]
        else:
            sources = np.random.default_rng(self.shuffle).permutation(places)
            values = data[self.values.columns].iloc[sources]
        return self._replaced(data[list(self.features)].copy(), mask, values)

    def _replaced(self, out: pd.DataFrame, mask: BoolArray, values: pd.DataFrame) -> pd.DataFrame:
        for name in self.values.columns:
            out[name] = _with(out[name], mask, values[name])
        return out


@dataclass(frozen=True, eq=False)
class InTraining:
    """A change of the training table only: the rows cannot be told when the model is asked.

    Attributes
    ----------
    change : Inputs
        What happens to the table.
    reads : tuple of str
        What the deployed model reads, as it comes.
    """

    change: Inputs
    reads: tuple[str, ...]

    def expanded(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Positions]:
        """Return the rows as they are."""
        return Untouched(self.reads).expanded(rows)

    def table(self, data: pd.DataFrame, mask: BoolArray) -> pd.DataFrame:
        """Return the changed table."""
        return self.change.table(data, mask)


@dataclass(frozen=True, eq=False)
class ConsequencesUndone:
    """Inputs as they would be, had the features always been at a reference level.

    Every mediator keeps its own noise and loses what the features did to it:
    ``x − H(causes) + H(causes, had the feature been at its reference)``. A category's noise is
    known only as an interval; answers are averaged over `draws` points of it, so that the same row
    always gets the same answer. Numbers are neither rounded nor clipped: what is left of a
    mediator depends on the feature in no way that its equation knows of.

    Attributes
    ----------
    references : mapping of str to (encoded) value
    columns : mapping of str to Column
        As encoded in the training table.
    """

    features: tuple[str, ...]
    references: Mapping[str, float | int]
    equations: Equations
    columns: Mapping[str, Column]
    where: Condition | None = None
    draws: int = DRAWS

    @property
    def reads(self) -> tuple[str, ...]:
        """The model's features, the removed ones, the mediators' causes, the condition's."""
        nodes = self.equations.by_node
        causes = [parent.name for node in nodes.values() for parent in node.parents]
        return _joined((*self.features, *self.references, *nodes, *causes), self.where)

    @property
    def random(self) -> tuple[str, ...]:
        """Mediators whose noise is only known as an interval."""
        return tuple(n for n in self.equations.by_node if not self.columns[n].is_numeric)

    def expanded(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Positions]:
        """Return each moved row once per point of the noise; a row at the reference once."""
        draws = self.draws if self.random else 1
        moved = self._moved(rows, _mask(rows, self.where))
        owner, first = _owners(moved, draws)
        # Each mediator's points in an order of its own, so that the noises are independent.
        shuffles = np.random.default_rng([self.equations.seed, 5])
        each = (len(owner) - first) // draws
        noise = {n: np.repeat((shuffles.permutation(draws) + 0.5) / draws, each)
                 for n in self.random}  # fmt: skip
        return self._undone(rows, owner, first, noise), owner

    def table(self, data: pd.DataFrame, mask: BoolArray) -> pd.DataFrame:
        """Return the training table with one draw of the noise per row."""
        owner, first = _owners(self._moved(data, mask), 1)
        noise = {n: self.equations.uniforms(n, len(data))[owner[first:]] for n in self.random}
        undone = self._undone(data, owner, first, noise)
        return undone.iloc[np.argsort(owner)].set_axis(data.index)

    def _moved(self, rows: pd.DataFrame, mask: BoolArray) -> BoolArray:
        """Rows of the mask where some removed feature is not at its reference."""
        away = np.zeros(len(rows), dtype=bool)
        for name, reference in self.references.items():
            away |= _encoded(self.columns[name], rows[name]) != reference
        return away & mask

    def _undone(
        self, rows: pd.DataFrame, owner: Positions, first: int, noise: Mapping[str, FloatArray]
    ) -> pd.DataFrame:
        """Return the owners' rows, those from `first` on with the consequences undone."""
        out = rows[list(self.features)].iloc[owner].reset_index(drop=True)
        if first == len(owner):
            return out
        mask = np.arange(len(owner)) >= first
        source = rows.iloc[owner[first:]]
        was = {n: _encoded(self.columns[n], source[n]) for n in self.reads if n in self.columns}
        now = dict(was)
        for name, reference in self.references.items():
            now[name] = np.full_like(was[name], reference)
        for name, equation in self.equations.by_node.items():
            if name in self.references:
                continue
            causes = [parent.name for parent in equation.parents]
            before = _expected(equation, {cause: was[cause] for cause in causes})
            after = _expected(equation, {cause: now[cause] for cause in causes})
            if isinstance(equation, NumericEquation):
                now[name] = was[name] + (after - before)
            else:
                now[name] = equation.move(was[name], before, after, noise[name], "abduct")
        for name in out.columns:
            if name in self.references or name in self.equations.by_node:
                column = self.columns[name]
                values = now[name] if column.is_numeric else column.decode(now[name])
                out[name] = _with(out[name], mask, values)
        return out


def _owners(mask: BoolArray, draws: int) -> tuple[Positions, int]:
    """Rows outside the mask once, then those inside `draws` times; and where these begin."""
    outside, inside = np.flatnonzero(~mask), np.flatnonzero(mask)
    return np.concatenate([outside, np.tile(inside, draws)]), len(outside)


def _with(series: pd.Series, mask: BoolArray, values: Any) -> Any:
    """Return a column with other values in the rows of the mask; numbers become floats."""
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        numbers[mask] = pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers
    array = series.array.copy()
    array[mask] = pd.Series(values).array
    return array


def _expected(equation: Equation, causes: Mapping[str, Values]) -> FloatArray:
    """Evaluate an equation once per distinct combination of its causes."""
    key = np.zeros(len(next(iter(causes.values()))), dtype=np.int64)
    for values in causes.values():
        codes, found = pd.factorize(values, use_na_sentinel=False)
        key, distinct = pd.factorize(key * len(found) + codes)
    if len(distinct) > len(key) // 2:
        return equation.expected(causes)
    first = np.empty(len(distinct), dtype=np.intp)
    first[key[::-1]] = np.arange(len(key))[::-1]
    out: FloatArray = equation.expected({name: v[first] for name, v in causes.items()})[key]
    return out


def _encoded(column: Column, series: pd.Series) -> Values:
    """Encode new values of a column as the training table's were."""
    if column.is_numeric:
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = len(column.levels) - 1 if column.levels[-1] is None else -1
    known = pd.Index(
        [level for level in column.levels if level is not None], dtype=object, tupleize_cols=False
    )
    codes = known.get_indexer(pd.Index(series.astype(object), dtype=object, tupleize_cols=False))
    codes = np.where(series.isna().to_numpy(), missing, codes).astype(np.intp)
    if (codes < 0).any():
        unknown = series[codes < 0].unique()
        raise DataError(
            f"{column.name!r} takes {listed(unknown, 4)}, which it never took in the training "
            f"table, so its consequences cannot be undone. Levels: {listed(column.levels)}."
        )
    return codes


def _mask(rows: pd.DataFrame, where: Condition | None) -> BoolArray:
    return np.ones(len(rows), dtype=bool) if where is None else where.mask(rows)


def _joined(features: Iterable[str], where: Condition | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*features, *(where.columns if where is not None else ())]))
