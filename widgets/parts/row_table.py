"""A table of rows to choose from: searched, sorted and paged in Python, twenty rows on the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import pandas as pd
from traitlets import Dict, Tuple

from widgets.parts.table_rows import LABELS, MOST_ROWS, TableRows, cut
from widgets.session.jobs import words_for
from workbench.common.errors import DataError, TargetError

__all__ = ["RowTable"]

PAGE_ROWS = 20
LISTED = 50
"""Chosen rows that are listed with a button to remove them."""
UNSORTED = -2
"""The order of the data."""

_STRANGE = DataError(
    "The page asked for something that this table does not have. Nothing was changed; load the "
    "page again if this goes on."
)


class RowTable(anywidget.AnyWidget):
    """Chooses rows of a table.

    The page holds only the rows it shows. Everything it sends is an intent that is checked here.

    Parameters
    ----------
    data : DataFrame, optional
    columns : sequence of str, optional
        Those to show; all by default.
    most : int, default 1000
        Rows that can be chosen.

    Attributes
    ----------
    chosen : tuple of hashable
        Index labels of the chosen rows, in the order of choosing.
    view : dict
        What the page shows. It is written here and never read: a page can send anything.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    _css = Path(__file__).with_suffix(".css").read_text("utf-8")
    view = Dict().tag(sync=True)
    chosen = Tuple()

    def __init__(
        self,
        data: pd.DataFrame | None = None,
        columns: Sequence[str] | None = None,
        *,
        most: int = MOST_ROWS,
    ) -> None:
        super().__init__()
        self._most = most
        self._edition = 0
        self.show(data, columns)
        self.on_msg(self._received)

    def show(self, data: pd.DataFrame | None, columns: Sequence[str] | None = None) -> None:
        """Start over with another table; None shows nothing."""
        if data is None:
            data = pd.DataFrame()
        shown = tuple(data.columns if columns is None else columns)
        self._table = TableRows(data, shown)
        self._edition += 1
        self._places: dict[int, None] = {}
        self._text, self._says, self._note = "", "", ""
        self._sorted, self._descending, self._first = UNSORTED, False, 0
        self._found: npt.NDArray[np.intp] = np.arange(len(data))
        self._numeric = [pd.api.types.is_numeric_dtype(data[name].dtype) for name in shown]
        self._told()

    def choose(self, positions: Sequence[int], on: bool = True) -> None:
        """Choose rows by their positions in the data, or leave them out.

        Raises
        ------
        TargetError
            When more than `most` rows would be chosen.
        """
        places = dict(self._places)
        for position in positions:
            if on:
                places[position] = None
            else:
                places.pop(position, None)
        if len(places) > self._most:
            raise TargetError(
                f"At most {self._most:,} rows can be chosen one by one. Describe more by a "
                f"condition under “a subgroup”."
            )
        self._places = places
        self._told()

    @property
    def places(self) -> tuple[int, ...]:
        """Positions of the chosen rows in the data, in the order of choosing."""
        return tuple(self._places)

    def _received(self, _: object, content: Any, __: object) -> None:
        try:
            if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
                raise _STRANGE
            if content.get("edition") != self._edition:
                return  # about a table that is no longer shown
            self._note = ""
            self._answer(content)
        except Exception as error:  # the component's boundary
            self._note = words_for(error)
        self._told()

    def _answer(self, content: dict[str, Any]) -> None:
        match content:
            case {"kind": "search", "text": str(text)}:
                inside, self._says = self._table.search(text)
                self._text = text
                self._arrange(inside)
            case {"kind": "sort", "column": place} if self._is_place(place, LABELS):
                self._descending = place == self._sorted and not self._descending
                self._sorted = place
                inside = np.zeros(len(self._table.data), dtype=bool)
                inside[self._found] = True
                self._arrange(inside)
            case {"kind": "page", "first": first} if _is_int(first):
                last = max(0, (len(self._found) - 1) // PAGE_ROWS)
                self._first = PAGE_ROWS * min(max(first // PAGE_ROWS, 0), last)
            case {"kind": "choose", "rows": list(rows), "on": bool(on)}:
                if len(rows) > self._most or not all(map(self._is_row, rows)):
                    raise _STRANGE
                self.choose(rows, on)
            case {"kind": "labels", "text": str(text)}:
                if len(text) > 20 * self._most:
                    raise TargetError("This is too long a list. Name fewer rows.")
                rows = self._table.named(text, self._most)
                self.choose(rows)
            case {"kind": "clear"}:
                self._places = {}
            case _:
                raise _STRANGE

    def _is_place(self, value: object, least: int) -> bool:
        return _is_int(value) and least <= value < len(self._table.columns)  # type: ignore[operator]

    def _is_row(self, value: object) -> bool:
        return _is_int(value) and 0 <= value < len(self._table.data)  # type: ignore[operator]

    def _arrange(self, inside: npt.NDArray[np.bool_]) -> None:
        if self._sorted == UNSORTED:
            self._found = np.flatnonzero(inside)
        else:
            order = self._table.column(self._sorted).order(self._descending)
            self._found = order[inside[order]]
        self._first = 0

    def _told(self) -> None:
        table, places = self._table, list(self._places)
        shown = [int(at) for at in self._found[self._first : self._first + PAGE_ROWS]]
        self.view = {
            "edition": self._edition,
            "columns": [cut(name) for name in table.columns],
            "numeric": self._numeric,
            "sorted": self._sorted,
            "descending": self._descending,
            "text": self._text,
            "first": self._first,
            "size": PAGE_ROWS,
            "found": len(self._found),
            "total": len(table.data),
            "rows": [
                {
                    "at": at,
                    "label": table.label(at),
                    "cells": table.cells(at),
                    "chosen": at in self._places,
                }
                for at in shown
            ],
            "chosen": [{"at": at, "label": table.label(at)} for at in places[:LISTED]],
            "count": len(places),
            "most": self._most,
            "says": self._says,
            "note": self._note,
            "example": table.example() if len(table.data) else "",
        }
        self.chosen = table.labels(places)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
