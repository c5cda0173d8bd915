"""The rows of a table as a person finds them: by text or condition, in order, by label."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.condition import Condition
from workbench.common.arrays import BoolArray, Positions
from workbench.common.errors import ConditionError, DataError, TargetError
from workbench.common.limits import CONDITION_CHARACTERS

__all__ = ["LABELS", "MOST_ROWS", "TableRows", "cell_text", "cut"]

MOST_ROWS = 1_000
"""Rows that can be chosen one by one; more are better described by a condition."""
LONGEST = 60
"""Characters of a cell that are shown."""
LABELS = -1
"""The place of the row labels among the columns."""

_RANGE = re.compile(r"(-?\d{1,18})\s*[-–]\s*(-?\d{1,18})")
_NUMBER = re.compile(r"-?\d{1,18}")


def cell_text(value: object) -> str:
    """Write one cell as the condition language would, without quotes; "–" where it is missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return "–"
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.6g}"
    return str(value)


@dataclass(frozen=True, eq=False)
class TableColumn:
    """One column as it is searched and sorted; the costly parts are made when first needed."""

    values: pd.Series | pd.Index

    @cached_property
    def _factors(self) -> tuple[Positions, list[str]]:
        codes, found = _factorized(self.values)
        return codes, [cell_text(value) for value in found]

    @cached_property
    def _lowered(self) -> list[str]:
        return [text.lower() for text in self._factors[1]]

    def containing(self, text: str) -> BoolArray:
        """Return where the cell's text contains `text`, in lower case; never where missing."""
        if pd.api.types.is_float_dtype(self.values.dtype) and not set(text) <= set(
            "0123456789.e+-"
        ):
            return np.zeros(len(self.values), dtype=bool)
        # The last entry stands for missing values, whose code is -1.
        inside = np.array([text in level for level in self._lowered] + [False])
        return inside[self._factors[0]]

    @cached_property
    def rank(self) -> Positions:
        """Order of the values, equal values alike and missing ones last, shape (n,)."""
        if isinstance(self.values.dtype, pd.CategoricalDtype) and self.values.dtype.ordered:
            codes = np.asarray(pd.Categorical(self.values).codes, dtype=np.intp)
            return np.where(codes < 0, len(self.values) + 1, codes)
        codes, levels = _factorized(self.values)
        try:
            order = sorted(range(len(levels)), key=levels.__getitem__)
        except TypeError:  # kinds that do not compare with each other
            order = sorted(range(len(levels)), key=lambda at: str(levels[at]))
        ranks = np.append(np.argsort(np.asarray(order, dtype=np.intp)), len(self.values) + 1)
        return ranks[codes]

    def order(self, descending: bool) -> Positions:
        """Return positions in order; equal values keep theirs, missing ones stand last."""
        rank = self.rank
        if descending:
            rank = np.where(rank > len(self.values), rank, -rank)
        return np.argsort(rank, kind="stable")


@dataclass(frozen=True, eq=False)
class TableRows:
    """The rows of a table: which match a search, in which order, and what they are called.

    Parameters
    ----------
    data : DataFrame, shape (n, p)
    columns : tuple of str
        Those that are shown, and searched for text; a condition may name any.
    """

    data: pd.DataFrame
    columns: tuple[str, ...]
    _made: dict[int, TableColumn] = field(default_factory=dict)

    def column(self, place: int) -> TableColumn:
        """Return the column at a place among `columns`, or the labels at ``-1``."""
        if place not in self._made:
            values = self.data.index if place == LABELS else self.data[self.columns[place]]
            self._made[place] = TableColumn(values)
        return self._made[place]

    def search(self, text: str) -> tuple[BoolArray, str]:
        """Return the rows where a condition holds or text occurs, shape (n,), and words on it.

        The text is tried as a condition first. The words are empty when it was plain text that
        occurs somewhere.
        """
        text = text.strip()
        if not text:
            return np.ones(len(self.data), dtype=bool), ""
        if len(text) > CONDITION_CHARACTERS:
            raise DataError(
                f"The search has {len(text):,} characters; at most {CONDITION_CHARACTERS:,} are "
                f"read."
            )
        try:
            return Condition(text).mask(self.data), f"Rows where {text}"
        except ConditionError as error:
            reason = str(error) if re.search(r"[<>=]|\b(in|is)\b", text) else ""
        lowered = text.lower()
        inside = self.column(LABELS).containing(lowered)
        for place in range(len(self.columns)):
            inside = inside | self.column(place).containing(lowered)
        if inside.any():
            return inside, ""
        return inside, f"No row contains this text. {reason}".strip()

    def cells(self, position: int) -> list[str]:
        """Return what a row shows, cut to what a table can hold."""
        return [cut(cell_text(self.data[name].iat[position])) for name in self.columns]

    def label(self, position: int) -> str:
        """Return a row's label as text."""
        return cut(cell_text(self.data.index[position]))

    def labels(self, positions: Sequence[int]) -> tuple[Hashable, ...]:
        """Return labels as the index holds them, as plain Python values."""
        found = (self.data.index[position] for position in positions)
        return tuple(label.item() if isinstance(label, np.generic) else label for label in found)

    def named(self, text: str, most: int = MOST_ROWS) -> list[int]:
        """Return the positions of rows named as a person types them: ``3, 17, 20-25``.

        Raises
        ------
        TargetError
            When a label is unknown, or more than `most` rows are named.
        """
        found: dict[int, None] = {}
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise TargetError(f"Type the labels of rows, for instance {self.example()}.")
        for part in parts:
            found.update(dict.fromkeys(self._positions(part)))
            if len(found) > most:
                raise TargetError(
                    f"These are more than {most:,} rows. Name fewer, or describe them by a "
                    f"condition under “a subgroup”."
                )
        return list(found)

    def _positions(self, part: str) -> Sequence[int]:
        index = self.data.index
        if pd.api.types.is_integer_dtype(index.dtype):
            values = index.to_numpy()
            if _NUMBER.fullmatch(part):
                at = np.flatnonzero(values == int(part))
            elif match := _RANGE.fullmatch(part):
                low, high = int(match[1]), int(match[2])
                if low > high:
                    raise TargetError(f"{part!r} runs backwards. Write {high}-{low}.")
                at = np.flatnonzero((values >= low) & (values <= high))
            else:
                raise TargetError(
                    f"{part[:50]!r} is not a number. Rows are numbered from {values.min()} to "
                    f"{values.max()}; write for instance {self.example()}."
                )
        else:
            at = np.flatnonzero(self._spelled == part)
        if not len(at):
            raise TargetError(
                f"The data has no row labelled {part[:50]}. Labels run from "
                f"{self.label(0)} to {self.label(len(index) - 1)}."
            )
        return [int(position) for position in at]

    @cached_property
    def _spelled(self) -> npt.NDArray[Any]:
        return np.array([cell_text(label) for label in self.data.index], dtype=object)

    def example(self) -> str:
        """Return labels as they could be typed."""
        last = len(self.data) - 1
        names = list(dict.fromkeys(self.label(at) for at in (0, min(2, last))))
        if pd.api.types.is_integer_dtype(self.data.index.dtype) and last >= 9:
            names.append(f"{self.label(5)}-{self.label(9)}")
        return ", ".join(names)


def _factorized(values: pd.Series | pd.Index) -> tuple[Positions, list[Any]]:
    """Return a code per row, -1 where missing, and what the codes stand for."""
    try:
        codes, found = pd.factorize(values)
        return codes, list(found)
    except TypeError:  # lists and other values that have no hash, in a column nobody audits
        texts = np.array([cell_text(value) for value in values], dtype=object)
    codes, kinds = pd.factorize(texts)
    return codes, list(kinds)


def cut(text: str) -> str:
    """Cut text to what a table can hold."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
