"""A table read from a file: bounded before it is parsed, refused in words."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from workbench.common.errors import DataError
from workbench.common.limits import TABLE_BYTES, TABLE_CELLS, TABLE_COLUMNS
from workbench.tables.files.arff import parse_arff
from workbench.tables.files.characters import decoded, unpacked
from workbench.tables.files.column_types import (
    STATED_TYPES,
    Stated,
    stated,
    typed,
    with_stated_types,
)
from workbench.tables.files.feather import parse_feather
from workbench.tables.files.kinds import check_kind
from workbench.tables.files.limits import check_names, too_large, too_many_cells
from workbench.tables.files.parquet import parse_parquet
from workbench.tables.files.spelled_numbers import decimal_sign
from workbench.tables.files.stata import parse_stata
from workbench.tables.files.table_schema import beside, read_schema
from workbench.tables.files.xlsx import parse_xlsx

__all__ = [
    "READING_NOTES",
    "parse_csv",
    "parse_table",
    "read_table",
]

DELIMITERS = ",;\t|"
ARROW = {".parquet": parse_parquet, ".feather": parse_feather, ".arrow": parse_feather}
READING_NOTES = "workbench.reading_notes"
"""Key of ``DataFrame.attrs`` under which a table keeps what was assumed when it was read: pairs of
a column, or "" for the whole table, and a sentence."""


def read_table(
    path: str | os.PathLike[str],
    *,
    types: Mapping[str, str] | None = None,
    missing: str | Iterable[str] | Mapping[str, str | Iterable[str]] | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> pd.DataFrame:
    """Read a table from a file: CSV (also .gz), Parquet, Excel (.xlsx), Feather, ARFF or Stata.

    A file ``NAME.schema.json`` beside it, in the form of a Frictionless Table Schema, states what
    the arguments leave open.

    Parameters
    ----------
    path : path
        See `parse_csv` for what a CSV file may hold.
    types : mapping of str to {"text", "category", "number", "yes/no"}, optional
        What columns hold. A column that is not named gets the type that its values plainly have.
    missing : str, iterable of str, or mapping of column to these, optional
        What means "not known". By default empty cells, and in a column of numbers also NA, NaN,
        null, None, ``.``, ``?`` and their like; in a column of text these are values.
    decimal : {".", ","}, optional
        The sign before a fraction, where the numbers leave it open.
    encoding : str, optional
        How the characters are written, such as "latin-1", where the file is not UTF-8.

    Returns
    -------
    DataFrame, shape (n, columns)
        A CSV file's rows are numbered from 0. What was assumed stands in
        ``attrs[READING_NOTES]`` and among the warnings of a case made of it.

    Raises
    ------
    DataError
        The file cannot be read, is too large, or is not a table.
    MissingPackageError
        Parquet and Feather need pyarrow, Excel openpyxl.
    """
    file = Path(path)
    check_kind(file.name)
    said = stated(types, missing, decimal)
    if (schema := beside(file)) is not None:
        said = read_schema(schema, said)
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > TABLE_BYTES:
                raise too_large(repr(file.name), size, TABLE_BYTES)
            content = stream.read(TABLE_BYTES + 1)
    except OSError as error:
        raise DataError(f"Cannot read {str(file)!r}: {error.strerror}.") from None
    return parse_table(content, file.name, said=said, encoding=encoding)


def parse_table(
    content: bytes,
    name: str,
    *,
    said: Stated | None = None,
    encoding: str | None = None,
    max_bytes: int = TABLE_BYTES,
    max_columns: int = TABLE_COLUMNS,
    max_cells: int = TABLE_CELLS,
) -> pd.DataFrame:
    r"""Read the content of a table's file, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name: its ending says the kind, and the content must agree.
    said : Stated, optional
        What somebody said of the columns, by :func:`workbench.tables.files.column_types.stated`.
    encoding : str, optional
        How the characters of a CSV file are written, where it is not UTF-8.
    max_bytes, max_columns, max_cells : int
        What is refused before it is parsed.

    Returns
    -------
    DataFrame, shape (n, columns)
        See `parse_csv` and :func:`workbench.tables.files.parquet.parse_parquet`.

    Raises
    ------
    DataError
        The file is too large, of another kind than its name says, or not a table.
    MissingPackageError
        Parquet and Feather need pyarrow, Excel openpyxl.

    Examples
    --------
    >>> parse_table(b"age,zip\n30,02121\n", "people.csv").dtypes.tolist()
    [dtype('int64'), <StringDtype(na_value=nan)>]
    """
    kind = check_kind(name)
    said = said or Stated()
    limits = {"max_bytes": max_bytes, "max_columns": max_columns, "max_cells": max_cells}
    if kind in (*ARROW, ".xlsx", ".arff", ".dta"):
        return _typed_table(kind, content, name, said, limits)
    if content[:4] == b"PAR1":
        raise DataError(
            f"The file {name[:100]!r} is a Parquet file. Let its name end in .parquet to have it "
            f"read as one."
        )
    if kind.endswith(".gz"):
        content = unpacked(content, repr(name[:100]), max_bytes)
    return parse_csv(content, name, said=said, encoding=encoding, **limits)


def _typed_table(
    kind: str, content: bytes, name: str, said: Stated, limits: Mapping[str, int]
) -> pd.DataFrame:
    """Read a table whose cells have types, and give columns those that are stated."""
    notes: list[tuple[str, str]] = []

    def note(sentence: str, column: str = "") -> None:
        notes.append((column, sentence))

    if kind == ".xlsx":
        table = parse_xlsx(content, name, said=said, note=note, **limits)
    elif kind == ".dta":
        table = parse_stata(content, name, said=said, note=note, **limits)
    elif kind == ".arff":
        table = parse_arff(content, name, note=note, **limits)
    else:
        table = ARROW[kind](content, name, **limits)
    table = with_stated_types(table, repr(name[:100]), said)
    if notes:
        table.attrs[READING_NOTES] = tuple(dict.fromkeys(notes))
    return table


def parse_csv(
    content: bytes,
    name: str,
    *,
    said: Stated | None = None,
    encoding: str | None = None,
    max_bytes: int = TABLE_BYTES,
    max_columns: int = TABLE_COLUMNS,
    max_cells: int = TABLE_CELLS,
) -> pd.DataFrame:
    r"""Read the content of a CSV file, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
        Text with a header line, separated by comma, semicolon, tab or ``|``: UTF-8, UTF-16 with a
        mark at its beginning, or plainly a western European Windows text.
    name : str
        The file's name, for messages.
    said, encoding
        See `parse_table`.
    max_bytes, max_columns, max_cells : int
        What is refused before it is parsed.

    Returns
    -------
    DataFrame, shape (n, columns)
        Whole numbers, numbers, true/false, or text that keeps every character. A column is text
        when one of its values has a leading zero (02121 is a code) or more than 15 digits. What
        was assumed stands in ``attrs[READING_NOTES]``.

    Raises
    ------
    DataError
        The file is too large, not text, not a table, its header is unusable, or its values do not
        have the stated type.

    Examples
    --------
    >>> table = parse_csv(b"zip;age;member\n02121;30;true\n10001;;false\n", "two.csv")
    >>> table.to_dict("list")
    {'zip': ['02121', '10001'], 'age': [30.0, nan], 'member': [True, False]}
    """
    shown, said = repr(name[:100]), said or Stated()
    notes: list[tuple[str, str]] = []

    def note(sentence: str, column: str = "") -> None:
        notes.append((column, sentence))

    text = decoded(content, shown, max_bytes, encoding, note)
    text, delimiter = _delimiter(text, note)
    if '"' not in text and text.count(delimiter) > max_cells:
        raise too_many_cells(shown, max_cells)
    names, tight = _lines_either_way(text, delimiter, shown, (max_columns, max_cells), note)
    try:
        cells = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0,
            names=names,
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            skipinitialspace=tight,
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(f"The file {shown} is not a table: {str(error)[:200]}.") from None
    if names[0] == ROW_NAMES:
        cells, names = cells.drop(columns=ROW_NAMES), names[1:]
    said.check_names(names, shown)
    likely = said.decimal or _decimal_of_file(cells, delimiter)
    table = pd.DataFrame(
        {
            column: typed(cells[column], column, shown, said, partial(note, column=column), likely)
            for column in names
        }
    )
    if said.types:
        table.attrs[STATED_TYPES] = dict(said.types)
    if notes:
        table.attrs[READING_NOTES] = tuple(dict.fromkeys(notes))
    return table


ROW_NAMES = "\0row names"
"""Stands for the first column where the header does not name it."""


def _delimiter(text: str, note: Callable[[str], None]) -> tuple[str, str]:
    """Return the text without a line ``sep=;``, and what separates its columns."""
    first, _, rest = text.lstrip("\r\n").partition("\n")
    stated = first.strip().strip('"').lower()
    if stated.startswith("sep=") and len(stated) == 5 and stated[4] in DELIMITERS:
        note(f"The first line, {first.strip()!r}, says what separates the columns.")
        return rest, stated[4]
    return text, max(DELIMITERS, key=first.count)


def _decimal_of_file(cells: pd.DataFrame, delimiter: str) -> str | None:
    """Return the decimal sign that columns of the file show, for those that leave it open."""
    signs = {
        sign
        for column in cells
        if (sign := decimal_sign([v.strip() for v in pd.unique(cells[column])[:1000] if v])[0])
    }
    if len(signs) == 1:
        return signs.pop()
    return "," if delimiter == ";" and not signs and not _has_point(cells) else None


def _has_point(cells: pd.DataFrame) -> bool:
    """Whether some column holds numbers with a decimal point."""
    sample = cells.head(1000)
    return any(bool(sample[c].str.fullmatch(r"\s*[+-]?[0-9]+\.[0-9]+\s*").any()) for c in sample)


def _lines_either_way(
    text: str, delimiter: str, shown: str, most: tuple[int, int], note: Callable[[str], None]
) -> tuple[list[str], bool]:
    """Check the lines; say whether blanks before a quoted value belong to the separator."""
    try:
        return _checked_lines(text, delimiter, shown, most, note, tight=False), False
    except DataError:
        if f'{delimiter} "' not in text:
            raise
    names = _checked_lines(text, delimiter, shown, most, note, tight=True)
    note("Blanks after a separator are left out, because quoted values follow them.")
    return names, True


def _checked_lines(
    text: str,
    delimiter: str,
    shown: str,
    most: tuple[int, int],
    note: Callable[[str], None],
    *,
    tight: bool,
) -> list[str]:
    """Return the header's names; every row has as many cells, up to the most columns and cells."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=tight)
    names: list[str] = []
    rows, labels = 0, set()
    try:
        for cells in lines:
            if not cells:
                continue  # a blank line
            if not names:
                names = [cell.strip() for cell in cells]
                if len(names) < 2:
                    raise DataError(
                        f"The first line of {shown} names one column only. Columns are separated "
                        f"by commas, semicolons, tabs or |, and the first line names them."
                    )
                if not names[0]:  # pandas and R write row names so
                    names[0] = ROW_NAMES
                check_names(names, shown, most[0])
                continue
            rows += 1
            if rows == 1 and len(cells) == len(names) + 1 and names[0] != ROW_NAMES:
                names = [ROW_NAMES, *names]  # R's write.table names no column for row names
            if len(cells) != len(names):
                raise DataError(
                    f"Line {lines.line_num:,} of {shown} has {len(cells)} cells, but the header "
                    f"names {len(names)} columns. Every line needs as many cells as the header; "
                    f"put quotes around a value that holds {delimiter!r}."
                )
            if rows * len(names) > most[1]:
                raise too_many_cells(shown, most[1])
            if names[0] == ROW_NAMES:
                labels.add(cells[0])
    except csv.Error as error:
        raise DataError(
            f"Line {lines.line_num:,} of {shown} cannot be read: {error}. Check its quotes."
        ) from None
    if not rows:
        raise DataError(f"The file {shown} has a header and no row below it.")
    if names[0] == ROW_NAMES:
        if rows == 1:
            raise DataError(
                f"The only line below the header of {shown} has {len(names)} cells, of which the "
                f"header does not name the first. Name it, or remove the cell."
            )
        if len(labels) < rows:
            raise DataError(
                f"Column 1 of {shown} has no name, and its values repeat, so that they are no row "
                f"names. Name it, or remove the column."
            )
        note("The first column has no name and differs in every row: taken as row names, left out.")
    return names
