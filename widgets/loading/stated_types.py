"""What a reader says of a table's columns: their types, and what means "not known"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import ipywidgets as W

from widgets.loading.sources import Table, numbers_its_rows
from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from workbench.common.errors import listed
from workbench.tables.files.column_types import TYPES, Stated
from workbench.tables.whole_number_codes import named_like_code

__all__ = ["StatedTypes"]

EVERY = ""
"""The choice that speaks of every column."""
AS_READ = ""


class StatedTypes(W.VBox):
    """Asks what columns hold, where the file's values do not say so.

    Parameters
    ----------
    chosen : callable (Stated) -> None
        Reads the file again, and then calls :meth:`offer`.
    """

    def __init__(self, chosen: Callable[[Stated], None]) -> None:
        self._chosen = chosen
        self._table: Table | None = None
        self._filling = False
        self._question, self._said = W.HTML(), W.HTML()
        self._column = W.Dropdown(options=[("every column", EVERY)], description="Column to state")
        self._type = W.Dropdown(
            options=[("as the file was read", AS_READ), *((kind, kind) for kind in TYPES)],
            description="It holds",
        )
        self._missing = W.Text(
            description="Marks for a missing value, with blanks between them",
            placeholder="as the file was read; for instance: . ? -9",
        )
        for control in (self._column, self._type, self._missing):
            control.add_class("wb-field")
        self._apply = W.Button(description="Read the file again")
        self._more = Disclosure(
            "State what a column holds",
            W.VBox([self._column, self._type, self._missing, self._apply]),
        )
        super().__init__([self._question, self._said, self._more])
        self._column.observe(lambda _: self._show_column(), "value")
        self._apply.on_click(lambda _: self._tell())

    def offer(self, table: Table) -> None:
        """Ask about a table, and show what has been stated of it."""
        again = self._table is not None and self._table.file is table.file
        before = self._column.value if again else None
        self._table = table
        names = [column.name for column in table.columns]
        codes = _like_codes(table)
        self._column.options = [("every column", EVERY), *((name, name) for name in names)]
        self._column.value = before if before in names else codes[0] if codes else EVERY
        self._show_column()
        self._more.opened = again and self._more.opened
        self._question.value = _question(codes)
        terms = _terms(table.said)
        self._said.value = markup.figure_note(terms) if terms else ""

    def _show_column(self) -> None:
        """Fill the fields with what is stated of the chosen column."""
        said = Stated() if self._table is None else self._table.said
        name = str(self._column.value)
        marks = said.missing if name == EVERY else said.missing_in.get(name)
        self._type.layout.display = "none" if name == EVERY else ""
        self._type.value = said.types.get(name, AS_READ)
        self._missing.value = " ".join(sorted(marks or ()))

    def _tell(self) -> None:
        if self._table is None:
            return
        said, name = self._table.said, str(self._column.value)
        marks = frozenset(str(self._missing.value).split()) or None
        if name == EVERY:
            self._chosen(replace(said, missing=marks))
            return
        types = {key: kind for key, kind in said.types.items() if key != name}
        missing = {key: found for key, found in said.missing_in.items() if key != name}
        if self._type.value != AS_READ:
            types[name] = str(self._type.value)
        if marks is not None:
            missing[name] = marks
        self._chosen(
            replace(said, types=MappingProxyType(types), missing_in=MappingProxyType(missing))
        )


def _like_codes(table: Table) -> list[str]:
    """Name the columns of whole numbers that may be codes by their names, if nobody said."""
    return [
        column.name
        for column in table.columns
        if column.kind == "whole number"
        and column.distinct > 2
        and column.name not in table.said.types
        and named_like_code(column.name)
        and not numbers_its_rows(column, len(table.data))
    ]


def _question(codes: list[str]) -> str:
    if not codes:
        return ""
    verb, noun = ("holds", "a category") if len(codes) == 1 else ("hold", "categories")
    return markup.notice(
        f"{listed(codes, 6)} {verb} whole numbers, and may be codes by name. Codes are "
        f"{noun}; amounts and counts are numbers. State which, below: as a number, a code loses "
        f"effects that have no order.",
        "warning",
    )


def _terms(said: Stated) -> dict[str, str]:
    terms = {}
    if said.types:
        terms["Stated types"] = ", ".join(f"{name}: {kind}" for name, kind in said.types.items())
    marks = [f"{name}: {' '.join(sorted(found))}" for name, found in said.missing_in.items()]
    if said.missing is not None:
        marks.insert(0, f"every column: {' '.join(sorted(said.missing))}")
    if marks:
        terms["Missing marks"] = ", ".join(marks)
    return terms
