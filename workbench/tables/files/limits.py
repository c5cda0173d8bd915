"""What every table from a file must keep to: its limits, its size, its columns' names."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.common.errors import DataError, listed
from workbench.common.limits import COLUMN_NAME_CHARACTERS

__all__ = [
    "check_cells",
    "check_names",
    "too_large",
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


def too_large(shown: str, size: int, limit: int) -> DataError:
    """Say that a file holds more bytes than may be read."""
    return DataError(
        f"The file {shown} holds {size / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} MB are read. "
        f"Keep the columns that the audit needs, or a random sample of the rows."
    )
