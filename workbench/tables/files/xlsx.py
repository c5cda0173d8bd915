"""A table from an Excel workbook: its first sheet, values only, read in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.common.errors import DataError, MissingPackageError, listed
from workbench.common.limits import CELL_CHARACTERS, XLSX_BYTES, XLSX_CELLS, XLSX_ROWS
from workbench.common.trial import taken_apart
from workbench.tables.files.child_columns import numbers_of
from workbench.tables.files.column_types import MARKS, SIGNS, Stated
from workbench.tables.files.limits import (
    check_names,
    check_resources,
    text_limits,
    too_large,
)

__all__ = ["parse_xlsx"]

ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))
"""What stands in a cell whose formula failed."""
UNPACKED_PER_CELL = 64
"""Bytes of XML that a cell may take on average."""
TRIAL = Path(__file__).with_name("trial_xlsx.py")
Rows = list[list[Any]]
Note = Callable[..., None]


def parse_xlsx(
    content: bytes,
    name: str,
    *,
    said: Stated,
    note: Note,
    max_bytes: int,
    max_columns: int,
    max_cells: int,
) -> pd.DataFrame:
    """Read the first sheet of an Excel workbook, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name, for messages.
    said : Stated
        What somebody said of the columns; here only which marks mean "not known" among numbers.
    note : callable
        Takes a sentence, and by ``column=`` whose, about each thing that was assumed.
    max_bytes, max_columns, max_cells : int
        What is refused.

    Returns
    -------
    DataFrame, shape (n, columns)
        Numbers where every cell holds one, true/false, or text that keeps every character; dates
        are text. A number that only looks like 02121 by its format is 2121, as for pandas.

    Raises
    ------
    DataError
        The file is no workbook, is encrypted, damaged or too large, or its sheet is not a table.
    MissingPackageError
        openpyxl is not installed.
    """
    shown = repr(name[:100])
    if len(content) > max_bytes:
        raise too_large(shown, len(content), max_bytes)
    if content[:4] == b"\xd0\xcf\x11\xe0":
        raise DataError(
            f"The file {shown} is protected by a password, or in the form of Excel before 2007. "
            f"Save it as .xlsx without a password."
        )
    if find_spec("openpyxl") is None:
        raise MissingPackageError(
            f"Reading {shown} needs the package openpyxl, which is not installed. Install it: pip "
            f"install 'cafe-workbench[files]'. Or save the sheet as 'CSV UTF-8'."
        )
    told = {
        "bytes": min(XLSX_BYTES, max_bytes + UNPACKED_PER_CELL * max_cells),
        "rows": XLSX_ROWS,
        "columns": max_columns,
        "cells": min(XLSX_CELLS, max_cells),
        "characters": CELL_CHARACTERS,
    }
    found = taken_apart(TRIAL, content, text_limits(content), told=told)
    check_resources(found.ending, shown)
    error, reason = found.error
    if error == "RefusedError":
        raise DataError(f"The file {shown} {reason}.")
    if found.ending != "fine":  # whatever openpyxl makes of a forged file
        raise DataError(
            f"The file {shown} cannot be read as an Excel workbook ({error or found.ending}). Open "
            f"it in a spreadsheet program and save it again, or save the sheet as 'CSV UTF-8'."
        )
    names, *rows = map(json.loads, found.answer.splitlines())
    if len(names) > 1:
        note(f"Of the sheets {listed(names, limit=5)}, the first is read.")
    return _table(rows, shown, said, note, max_columns)


def _table(rows: Rows, shown: str, said: Stated, note: Note, max_columns: int) -> pd.DataFrame:
    if not rows:
        raise DataError(f"The first sheet of {shown} is empty.")
    if len(rows) == 1:
        raise DataError(f"The first sheet of {shown} has a header and no row below it.")
    width = max(map(len, rows))
    names = ["" if cell is None else _named(cell).strip() for cell in rows[0]]
    names += [""] * (width - len(names))
    columns = [[row[at] if at < len(row) else None for row in rows[1:]] for at in range(width)]
    kept = [at for at in range(width) if names[at] or any(c is not None for c in columns[at])]
    if kept and kept[0] == 0 and not names[0] and len(set(map(str, columns[0]))) == len(columns[0]):
        note("The first column has no name and differs in every row: taken as row names, left out.")
        kept = kept[1:]
    check_names([names[at] for at in kept], shown, max_columns)
    if not kept:
        raise DataError(f"The first sheet of {shown} holds row names only.")
    return pd.DataFrame({names[at]: _column(columns[at], names[at], said, note) for at in kept})


def _column(cells: Sequence[Any], name: str, said: Stated, note: Note) -> pd.Series:
    """Give a column the type that its cells have in the workbook."""
    marks = said.marks(name)
    gone = {"", *(MARKS | SIGNS | ERRORS if marks is None else marks | ERRORS)}
    failed = {cell for cell in cells if isinstance(cell, str) and cell in ERRORS}
    if failed:
        note(f"{listed(sorted(failed))} in {name}, a formula that failed, is missing.", column=name)
    cells = [None if isinstance(cell, str) and cell in failed else cell for cell in cells]
    present = [cell for cell in cells if cell is not None]
    if not present:
        return pd.Series([None] * len(cells), dtype="str")
    if all(isinstance(cell, bool) for cell in present):
        return pd.Series(cells, dtype="bool" if len(present) == len(cells) else "boolean")
    numbers = [c for c in present if isinstance(c, int | float) and not isinstance(c, bool)]
    words = {cell.strip() for cell in present if isinstance(cell, str)}
    others = len(numbers) + sum(isinstance(cell, str) for cell in present) < len(present)
    if numbers and not others and words <= gone:
        if words - {""}:
            note(
                f"{listed(sorted(words - {''}))} in {name} is read as a missing number.",
                column=name,
            )
        return numbers_of([None if isinstance(cell, str) else cell for cell in cells])
    if numbers and name not in said.types:
        odd = next(c for c in present if not isinstance(c, int | float) or isinstance(c, bool))
        note(
            f"{name} holds numbers and other cells, such as {_spelled(odd)[:40]!r}: all are read "
            f"as text.",
            column=name,
        )
    return pd.Series([None if cell is None else _spelled(cell) for cell in cells], dtype="str")


def _named(cell: Any) -> str:
    return _spelled(cell) if isinstance(cell, list) else str(cell)


def _spelled(cell: Any) -> str:
    """Write a cell as a CSV file would hold it."""
    if isinstance(cell, list):  # a date
        return str(cell[0])
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell if isinstance(cell, str) else str(cell)
