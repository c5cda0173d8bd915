"""A partition of a table as a case of its own, with the levels and ranges of the whole case."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import BoolArray, FloatArray, Positions
from workbench.common.errors import DataError, TargetError
from workbench.common.wording import rows_said
from workbench.graph.causal_graph import CausalGraph
from workbench.models.black_box import BlackBoxModel
from workbench.tables.columns import Column, Values
from workbench.tables.partitions.parts import Partition
from workbench.tables.shared_text import with_shared_text

__all__ = ["AnsweredPart", "CaseOfPartitions", "Opened"]


@dataclass(frozen=True, eq=False)
class AnsweredPart:
    """A partition with the model's answers about its rows as they are, shape (rows,)."""

    part: Partition
    answers: FloatArray

    @property
    def rows(self) -> int:
        """See :class:`Partition`."""
        return self.part.rows

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """See :class:`Partition`."""
        return self.part.read(columns)


@dataclass(frozen=True, eq=False)
class Opened:
    """A partition that was read.

    Attributes
    ----------
    case : AuditCase
    positions : ndarray of int
        The target's rows in it.
    strange : mapping of str to int
        Rows, by column, whose value the case's sample does not know: beyond its range, a level or
        a missing value that it does not hold. They count as its nearest number, most frequent
        level or mean in the regressions; the model is asked about them as they are.
    groups : mapping of str to ndarray of bool
        Which rows are in a named group.
    exact : mapping of str to ndarray
        Encoded values, of the columns that were asked for, in which a number beyond the range
        stays what it is, and an unknown level is −1.
    asked : int
        Rows that the model was asked about to open it.
    """

    case: AuditCase
    positions: Positions
    strange: Mapping[str, int]
    groups: Mapping[str, BoolArray] = field(default_factory=dict)
    exact: Mapping[str, Values] = field(default_factory=dict)
    asked: int = 0


@dataclass(frozen=True, eq=False)
class CaseOfPartitions:
    """What a worker must know of a case to open a partition of its table; no row of the data.

    Attributes
    ----------
    columns : mapping of str to Column
        Without their values.
    fillers : mapping of str to float
        What stands for a value that the sample does not know: a mean, or a code.
    witnesses : DataFrame
        Rows that hold every level that the conditions may name.
    groups : mapping of str to Condition
    """

    columns: Mapping[str, Column]
    fillers: Mapping[str, float]
    missing: frozenset[str]
    model: BlackBoxModel
    graph: CausalGraph
    outcome: str | None
    condition: Condition | None
    witnesses: pd.DataFrame
    groups: Mapping[str, Condition] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        case: AuditCase,
        target: UnlearningTarget,
        groups: Mapping[str, Condition] | None = None,
    ) -> CaseOfPartitions:
        """Take from a case what its partitions share; rows can be told by named groups, too.

        Raises
        ------
        TargetError
            The target names rows by their labels, which partitions do not have.
        """
        if target.kind == "datapoints":
            raise TargetError(
                "A target of rows named by label is looked at in the rows that the case holds, "
                "not in the partitions of a table. Say which rows by a condition."
            )
        known = {name: column.without_rows() for name, column in case.columns.items()}
        fillers = {
            name: float(np.nanmean(c.values)) if c.is_numeric else float(np.argmax(c.counts()))
            for name, c in case.columns.items()
        }
        missing = frozenset(
            name
            for name, c in case.columns.items()
            if c.is_numeric and bool(np.isnan(c.values).any())
        )
        model = case.model
        if model.logged is not None:
            model = model.at_rows(np.arange(0))
        return cls(
            known,
            fillers,
            missing,
            model,
            case.graph,
            case.outcome,
            target.condition,
            _witnesses(case.data, _columns_of(target.condition, groups or {})),
            groups or {},
        )

    @property
    def needed(self) -> list[str]:
        """Columns that a partition is read with."""
        logged = [] if self.model.logged_column is None else [self.model.logged_column]
        named = _columns_of(self.condition, self.groups)
        return list(dict.fromkeys([*self.columns, *(self.model.features or ()), *named, *logged]))

    def open(
        self, partition: Partition, *, scored: bool = True, exact: Collection[str] = ()
    ) -> Opened:
        """Read a partition and, where it is to be scored, ask the model about its rows.

        What an :class:`AnsweredPart` brings is not asked again.
        """
        frame = self._read(partition, self.needed)
        columns: dict[str, Column] = {}
        strange: dict[str, int] = {}
        for name, column in self.columns.items():
            values, count = self._encoded(name, frame[name])
            columns[name] = replace(column, values=values)
            if count:
                strange[name] = count
        as_they_are = {name: self._exact(name, frame[name]) for name in exact}
        model = self.model.logged_in(frame)
        predictions, asked = np.zeros(len(frame)), 0
        if model.logged is not None:
            predictions = model.logged
        elif isinstance(partition, AnsweredPart):
            predictions = partition.answers
        elif scored:
            predictions, asked = self._predicted(frame), len(frame)
        case = AuditCase.of_checked(
            data=frame,
            model=model,
            graph=self.graph,
            outcome=self.outcome,
            columns=columns,
            predictions=predictions,
        )
        positions = np.arange(len(frame))
        if self.condition is not None:
            positions = np.flatnonzero(self._holds(self.condition, frame))
        groups = {name: self._holds(one, frame) for name, one in self.groups.items()}
        return Opened(case, positions, strange, groups, as_they_are, asked)

    def answers(self, partition: Partition) -> FloatArray:
        """Ask the model about the rows of a partition as they are."""
        return self._predicted(self._read(partition, list(self.model.features or ())))

    def _predicted(self, frame: pd.DataFrame) -> FloatArray:
        return self.model.predict(frame[list(self.model.features or ())].copy())

    def _read(self, partition: Partition, names: Sequence[str]) -> pd.DataFrame:
        frame = with_shared_text(partition.read(names).reset_index(drop=True))
        if len(frame) != partition.rows:
            raise DataError(
                f"A partition of {rows_said(partition.rows)} now has {len(frame):,}: the table was "
                f"changed after the audit began to read it. Repeat the audit on a table that stays."
            )
        for name in names:
            column = self.columns.get(name)
            if column is not None and column.is_numeric and frame[name].dtype == object:
                frame[name] = _numbers(name, frame[name])
        return frame

    def _holds(self, condition: Condition, frame: pd.DataFrame) -> BoolArray:
        named = list(condition.columns)
        both = pd.concat([frame[named], self.witnesses[named]], ignore_index=True)
        return condition.mask(both)[: len(frame)]

    def _encoded(self, name: str, series: pd.Series) -> tuple[Values, int]:
        column, filler = self.columns[name], self.fillers[name]
        if column.is_numeric:
            values = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
            beyond = (values < column.low) | (values > column.high)
            count = int(beyond.sum())
            if count:
                np.clip(values, column.low, column.high, out=values)
            if name not in self.missing:
                gaps = np.isnan(values)
                count += int(gaps.sum())
                values[gaps] = filler
            return values, count
        coded = _codes(column, series)
        unknown = coded < 0
        coded[unknown] = int(filler)
        return coded, int(unknown.sum())

    def _exact(self, name: str, series: pd.Series) -> Values:
        column = self.columns[name]
        if not column.is_numeric:
            return _codes(column, series)
        numbers: Values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers


def _numbers(name: str, series: pd.Series) -> pd.Series:
    """Read as numbers what a partition holds as objects, such as nothing but gaps."""
    numbers = pd.to_numeric(series, errors="coerce").astype(np.float64)
    other = series[numbers.isna() & series.notna()]
    if len(other):
        raise DataError(
            f"Column {name!r} holds numbers in the rows that were drawn and {other.iloc[0]!r} in "
            f"another partition. Make it one kind."
        )
    return numbers


def _codes(column: Column, series: pd.Series) -> Values:
    """Return codes into a column's levels, −1 of a level that it does not have."""
    codes, found = pd.factorize(series)
    places = {level: code for code, level in enumerate(column.levels)}
    of_level = np.array([*(places.get(level, -1) for level in found), places.get(None, -1)])
    return of_level[codes].astype(np.intp)


def _columns_of(condition: Condition | None, groups: Mapping[str, Condition]) -> list[str]:
    conditions = [*groups.values()] if condition is None else [condition, *groups.values()]
    return list(dict.fromkeys(name for one in conditions for name in one.columns))


def _witnesses(data: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    named = data[list(columns)]
    first = [0] + [
        place
        for name in named.columns
        if not pd.api.types.is_numeric_dtype(named[name].dtype)
        for place in np.flatnonzero(~named[name].duplicated().to_numpy()).tolist()
    ]
    return named.iloc[sorted(set(first))]
