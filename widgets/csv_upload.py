"""A CSV file that somebody brought: bounded before it is parsed, refused in words."""

from __future__ import annotations

import csv
import io

import pandas as pd

from workbench.errors import DataError, listed

__all__ = ["MAX_BYTES", "MAX_CELLS", "MAX_COLUMNS", "MAX_ROWS", "read_csv"]

MAX_BYTES = 30_000_000
MAX_ROWS = 500_000
MAX_COLUMNS = 200
MAX_CELLS = 5_000_000
DELIMITERS = ",;\t|"
LONGEST_NAME = 200


def read_csv(name: str, content: bytes) -> pd.DataFrame:
    r"""Read a table with a header line, after checking that it is one and of a bearable size.

    Parameters
    ----------
    name : str
        The file's name, for messages.
    content : bytes
        UTF-8 text, separated by comma, semicolon, tab or ``|``.

    Raises
    ------
    DataError
        The file is too large, not text, not a table, or its header is unusable.

    Examples
    --------
    >>> read_csv("two.csv", b"a;b\n1;x\n2;y\n").columns.tolist()
    ['a', 'b']
    """
    shown = repr(name[:100])
    if len(content) > MAX_BYTES:
        raise DataError(
            f"The file {shown} holds {len(content) / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} "
            f"MB are read. Keep the columns that the audit needs, or a random sample of the rows."
        )
    if not content.strip():
        raise DataError(f"The file {shown} is empty.")
    if b"\0" in content[:4096] or content[:2] == b"PK":
        raise DataError(
            f"The file {shown} is not a text file. In a spreadsheet program, save the table as "
            f"'CSV UTF-8' and choose that file."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            f"The file {shown} is not written in UTF-8. In a spreadsheet program, save the table "
            f"as 'CSV UTF-8' and choose that file."
        ) from None
    head, _, _ = text.lstrip("\r\n").partition("\n")
    delimiter = max(DELIMITERS, key=head.count)
    names = _header(head, delimiter, shown)
    rows = text.count("\n")
    if rows > MAX_ROWS or rows * len(names) > MAX_CELLS:
        raise DataError(
            f"The file {shown} has about {rows:,} rows of {len(names)} columns; at most "
            f"{MAX_ROWS:,} rows and {MAX_CELLS:,} cells are read. Keep fewer columns or a random "
            f"sample of the rows."
        )
    try:
        data = pd.read_csv(
            io.StringIO(text), sep=delimiter, skipinitialspace=True, index_col=False, header=0
        )
        data.columns = pd.Index(names)
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(
            f"The file {shown} is not a table: {str(error)[:200]}. Every line needs the same "
            f"number of fields as the header."
        ) from None
    return data.drop(columns=[c for c in data.columns if data[c].isna().all()])


def _header(head: str, delimiter: str, shown: str) -> list[str]:
    names = [
        name.strip()
        for name in next(csv.reader([head], delimiter=delimiter, skipinitialspace=True))
    ]
    if len(names) < 2:
        raise DataError(
            f"The first line of {shown} holds one name only. The columns should be separated by "
            f"commas, semicolons or tabs, and the first line should name them."
        )
    if len(names) > MAX_COLUMNS:
        raise DataError(f"The file {shown} has {len(names):,} columns; at most {MAX_COLUMNS} fit.")
    if "" in names:
        raise DataError(f"Column {names.index('') + 1} of {shown} has no name in the first line.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"The file {shown} has several columns named {listed(twice)}. Rename them.")
    long = [name for name in names if len(name) > LONGEST_NAME]
    if long:
        raise DataError(f"A column of {shown} has a name of {len(long[0]):,} characters. Shorten.")
    return names
