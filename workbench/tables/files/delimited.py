"""A table read from a CSV or Parquet file: bounded before it is parsed, refused in words."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

import pandas as pd

from workbench.common.errors import DataError
from workbench.tables.files.limits import (
    MAX_BYTES,
    MAX_CELLS,
    MAX_COLUMNS,
    check_cells,
    check_names,
    too_large,
)
from workbench.tables.files.parquet import parse_parquet

__all__ = ["MAX_BYTES", "MAX_CELLS", "MAX_COLUMNS", "parse_csv", "parse_table", "read_table"]

KINDS = (".csv", ".tsv", ".txt", ".parquet")

DELIMITERS = ",;\t|"
MISSING = frozenset(("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "#N/A"))
"""Cells that mean "not known"."""
CODE = re.compile(r"[+-]?0[0-9]|[+-]?[0-9]{16}")
"""How a code begins that only looks like a number: 02121, or more digits than a float holds."""


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table from a file that ends in .csv, .tsv, .txt or .parquet.

    Parameters
    ----------
    path : path
        See `parse_csv` for what a CSV file may hold.

    Returns
    -------
    DataFrame, shape (n, columns)
        A CSV file's rows are numbered from 0.

    Raises
    ------
    DataError
        The file cannot be read, is too large, or is not a table.
    MissingPackageError
        Parquet needs pyarrow.
    """
    file = Path(path)
    _check_kind(file.name)
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > MAX_BYTES:
                raise too_large(repr(file.name), size, MAX_BYTES)
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"Cannot read {str(file)!r}: {error.strerror}.") from None
    return parse_table(content, file.name)


def _check_kind(name: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise DataError(
            f"{name[:100]!r} is not a kind of table that can be read: its name must end in .csv, "
            f".tsv, .txt or .parquet."
        )
    return suffix


def parse_table(
    content: bytes,
    name: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_columns: int = MAX_COLUMNS,
    max_cells: int = MAX_CELLS,
) -> pd.DataFrame:
    r"""Read the content of a CSV or Parquet file, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name: its ending says the kind, and the content must agree.
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
        Parquet needs pyarrow.

    Examples
    --------
    >>> parse_table(b"age,zip\n30,02121\n", "people.csv").dtypes.tolist()
    [dtype('int64'), <StringDtype(na_value=nan)>]
    """
    parquet = _check_kind(name) == ".parquet"
    if not parquet and content[:4] == b"PAR1":
        raise DataError(
            f"The file {name[:100]!r} is a Parquet file. Let its name end in .parquet to have it "
            f"read as one."
        )
    parse = parse_parquet if parquet else parse_csv
    return parse(content, name, max_bytes=max_bytes, max_columns=max_columns, max_cells=max_cells)


def parse_csv(
    content: bytes,
    name: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_columns: int = MAX_COLUMNS,
    max_cells: int = MAX_CELLS,
) -> pd.DataFrame:
    r"""Read the content of a CSV file, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
        UTF-8 text with a header line, separated by comma, semicolon, tab or ``|``.
    name : str
        The file's name, for messages.
    max_bytes, max_columns, max_cells : int
        What is refused before it is parsed.

    Returns
    -------
    DataFrame, shape (n, columns)
        Whole numbers, numbers, true/false, or text. A column is text when one of its values has a
        leading zero (02121 is a code) or more than 15 digits. Empty cells and NA, NaN, null and
        their like are missing.

    Raises
    ------
    DataError
        The file is too large, not text, not a table, or its header is unusable.

    Examples
    --------
    >>> table = parse_csv(b"zip;age;member\n02121;30;true\n10001;;false\n", "two.csv")
    >>> table.to_dict("list")
    {'zip': ['02121', '10001'], 'age': [30.0, nan], 'member': [True, False]}
    """
    shown = repr(name[:100])
    text = _decoded(content, shown, max_bytes)
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    names, rows = _checked_lines(text, delimiter, shown, max_columns)
    check_cells(rows, len(names), shown, max_cells)
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
            skipinitialspace=True,
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(f"The file {shown} is not a table: {str(error)[:200]}.") from None
    return pd.DataFrame({column: _typed(cells[column]) for column in names})


def _decoded(content: bytes, shown: str, max_bytes: int) -> str:
    if len(content) > max_bytes:
        raise too_large(shown, len(content), max_bytes)
    if not content.strip():
        raise DataError(f"The file {shown} is empty.")
    if b"\0" in content[:4096] or content[:2] == b"PK":
        raise DataError(
            f"The file {shown} is not a text file. In a spreadsheet program, save the table as "
            f"'CSV UTF-8' and choose that file."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"The file {shown} is not UTF-8 text (line {line:,}). In a spreadsheet program, save "
            f"the table as 'CSV UTF-8' and choose that file."
        ) from None


def _checked_lines(
    text: str, delimiter: str, shown: str, max_columns: int
) -> tuple[list[str], int]:
    """Return the header's names and the number of rows; every row has as many cells as names."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    names: list[str] = []
    rows = 0
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
                check_names(names, shown, max_columns)
                continue
            rows += 1
            if len(cells) != len(names):
                raise DataError(
                    f"Line {lines.line_num:,} of {shown} has {len(cells)} cells, but the header "
                    f"names {len(names)} columns. Every line needs as many cells as the header; "
                    f"put quotes around a value that holds {delimiter!r}."
                )
    except csv.Error as error:
        raise DataError(
            f"Line {lines.line_num:,} of {shown} cannot be read: {error}. Check its quotes."
        ) from None
    if not rows:
        raise DataError(f"The file {shown} has a header and no row below it.")
    return names, rows


def _typed(cells: pd.Series) -> pd.Series:
    """Give a column of text the type its values have."""
    # Most columns repeat their values: each distinct one is looked at once.
    codes, distinct = pd.factorize(cells)
    values = [str(value).strip() for value in distinct]
    present = [value for value in values if value not in MISSING]
    whole = pd.Series([None if value in MISSING else value for value in values], dtype="str")
    if present and {value.lower() for value in present} <= {"true", "false"}:
        typed = whole.str.lower().map({"true": True, "false": False})
        typed = typed.astype(bool) if len(present) == len(values) else typed.astype("boolean")
    elif present and not any(CODE.match(value) for value in present):
        try:
            typed = pd.to_numeric(whole)
        except (ValueError, TypeError):
            typed = whole
    else:
        typed = whole
    return pd.Series(typed.array.take(codes), index=cells.index)
