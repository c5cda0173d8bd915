"""A table from a Parquet file, bounded by a trial in a child process.

A few kilobytes of Parquet can stand for billions of rows, and what the file says of its own sizes
need not be true. So a child process unpacks it first, one row group after another, with a limit on
memory; only what went well there is unpacked here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from workbench.common.errors import DataError
from workbench.common.limits import PARQUET_BYTES_PER_CELL
from workbench.common.trial import tried
from workbench.tables.files.arrow_columns import (
    checked_pyarrow,
    column_of,
    is_text,
    kept_fields,
    unpacks_to_more,
)
from workbench.tables.files.limits import arrow_limits, check_cells, check_ending, too_large

__all__ = ["damaged", "parse_parquet"]

TRIAL = Path(__file__).with_name("trial_parquet.py")
MAGIC, ENCRYPTED = b"PAR1", b"PARE"


def parse_parquet(
    content: bytes, name: str, *, max_bytes: int, max_columns: int, max_cells: int
) -> pd.DataFrame:
    """Read the content of a Parquet file, for instance one that was uploaded.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name, for messages.
    max_bytes, max_columns, max_cells : int
        What is refused. Unpacked, a table takes at most `max_bytes` and 16
        bytes per cell.

    Returns
    -------
    DataFrame, shape (n, columns)
        Columns have the types that they would have from a CSV file: whole numbers, numbers,
        true/false or text. Dates and times are text, decimal numbers are numbers, categories are
        their values, codes of more than 15 digits are text. Row labels that pandas had stored are
        left out; rows are numbered from 0.

    Raises
    ------
    DataError
        The file is no Parquet file, too large once unpacked, encrypted, or holds columns that are
        lists, tables in a table, or bytes.
    MissingPackageError
        pyarrow is not installed.
    """
    shown = repr(name[:100])
    if len(content) > max_bytes:
        raise too_large(shown, len(content), max_bytes)
    _check_ends(content, shown)
    pa = checked_pyarrow(shown)
    from pyarrow import parquet

    most = max_bytes + PARQUET_BYTES_PER_CELL * max_cells
    ending = tried(TRIAL, content, arrow_limits(content, most), told=[max_cells, most])
    check_ending(ending, shown, damaged)
    try:
        with parquet.ParquetFile(pa.BufferReader(content), pre_buffer=False) as file:
            wanted = kept_fields(file.schema_arrow, len(file.schema.names), shown, max_columns)
            rows = max(file.metadata.num_rows, _rows(file.metadata))
            if rows < 1:
                raise DataError(f"The file {shown} holds no rows.")
            check_cells(rows, len(file.schema_arrow.names), shown, max_cells)
        # Text stays in its dictionary: a long text that repeats is held once until it is measured.
        texts = [field.name for field in wanted if is_text(field.type)]
        with parquet.ParquetFile(
            pa.BufferReader(content), read_dictionary=texts, pre_buffer=False
        ) as file:
            table = _decoded(file, shown, most)
        columns = {
            field.name: column_of(table.column(field.name), shown, field.name, most)
            for field in wanted
        }
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise damaged(shown, str(error)) from None
    return pd.DataFrame(columns)


def damaged(shown: str, reason: str) -> DataError:
    """Return the error of a file that cannot be read as Parquet."""
    reason = reason.partition("\n")[0][:200].rstrip(".")
    return DataError(
        f"The file {shown} cannot be read as Parquet: {reason}. Write it again, for instance with "
        f"pandas: table.to_parquet('table.parquet')."
    )


def _check_ends(content: bytes, shown: str) -> None:
    """Refuse what does not begin and end as a Parquet file does."""
    if ENCRYPTED in (content[:4], content[-4:]):
        raise DataError(f"The file {shown} is encrypted. Save the table without encryption.")
    if content[:4] != MAGIC:
        raise DataError(
            f"The file {shown} is not a Parquet file, whatever its name says. A table in text form "
            f"is read when its name ends in .csv."
        )
    footer = int.from_bytes(content[-8:-4], "little")
    if content[-4:] != MAGIC or len(content) < 12 or footer > len(content) - 12:
        raise DataError(
            f"The file {shown} is only a part of a Parquet file: its end is missing. Copy or "
            f"upload it again."
        )


def _rows(metadata: Any) -> int:
    return sum(metadata.row_group(place).num_rows for place in range(metadata.num_row_groups))


def _decoded(file: Any, shown: str, most: int) -> Any:
    """Decode one row group after another, and stop when they take more than they may."""
    import pyarrow as pa

    tables: list[Any] = []
    taken = 0
    for group in range(file.metadata.num_row_groups):
        tables.append(file.read_row_group(group, use_threads=False))
        taken += tables[-1].nbytes
        if taken > most:
            raise unpacks_to_more(shown, most)
    return pa.concat_tables(tables)
