"""What every table from a file must keep to: size, names of columns, what reading it may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.common.errors import DataError, listed
from workbench.common.limits import COLUMN_NAME_CHARACTERS
from workbench.common.trial import Ending, Limits

__all__ = [
    "arrow_limits",
    "check_cells",
    "check_ending",
    "check_names",
    "check_resources",
    "text_limits",
    "too_large",
    "too_many_cells",
]


def check_names(names: Sequence[str], shown: str, max_columns: int) -> None:
    """Refuse columns that are too many, nameless, named twice, or named by a whole text."""
    if len(names) > max_columns:
        raise DataError(
            f"The file {shown} has {len(names):,} columns; at most {max_columns:,} fit."
        )
    if "" in names:
        raise DataError(
            f"Column {names.index('') + 1} of {shown} has no name. Name it, or remove the column."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"The file {shown} has several columns named {listed(twice)}. Rename or remove some."
        )
    if long := [name for name in names if len(name) > COLUMN_NAME_CHARACTERS]:
        raise DataError(
            f"A column of {shown} has a name of {len(long[0]):,} characters; at most "
            f"{COLUMN_NAME_CHARACTERS} fit. Is the first line a header?"
        )


def check_cells(rows: int, columns: int, shown: str, max_cells: int) -> None:
    """Refuse more cells than may be read."""
    if rows * columns > max_cells:
        raise DataError(
            f"The file {shown} has {rows:,} rows of {columns} columns; at most {max_cells:,} "
            f"cells are read. Keep fewer columns or a random sample of the rows."
        )


def too_many_cells(shown: str, max_cells: int) -> DataError:
    """Say that a file holds more cells than may be read, which were not counted to the end."""
    return DataError(
        f"The file {shown} holds too much: at most {max_cells:,} cells are read. Keep fewer "
        f"columns or a random sample of the rows."
    )


def too_large(shown: str, size: int, limit: int) -> DataError:
    """Say that a file holds more bytes than may be read."""
    return DataError(
        f"The file {shown} holds {size / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} MB are read. "
        f"Keep the columns that the audit needs, or a random sample of the rows."
    )


def text_limits(content: bytes) -> Limits:
    """Return what a child may use to parse a text, packed or not: several times what a table needs.

    On two cores of 2020 a megabyte of a workbook takes some 2 seconds and 20 MB, one of ARFF 1 and
    20.
    """
    return Limits(seconds=15 + len(content) // 150_000, memory=10**9 + 40 * len(content))


def arrow_limits(content: bytes, most: int) -> Limits:
    """Return what a child may use to decode a file of Arrow or Parquet into so many bytes."""
    return Limits(seconds=20 + (len(content) + most) // 20_000_000, memory=10**9 + 2 * most)


def check_ending(ending: Ending, shown: str, damaged: Callable[[str, str], DataError]) -> None:
    """Refuse a file whose trial ended the process, or took too much; `damaged` words the former."""
    if ending == "crashed":
        raise damaged(shown, "reading it ended the process that tried")
    check_resources(ending, shown)


def check_resources(ending: Ending, shown: str) -> None:
    """Refuse a file that took more time or memory to take apart than a table may."""
    if ending in ("time", "memory"):
        raise DataError(
            f"The file {shown} was not read: unpacking it took more {ending} than a table "
            f"may. Keep the columns that the audit needs, or a random sample of the rows."
        )
