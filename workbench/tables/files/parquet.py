"""A table from a Parquet file: bounded by what is written in it before anything is unpacked.

A few kilobytes of Parquet can stand for billions of rows. So the file's own description is read
first, then the header of every page, and only what fits is decoded, one row group at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from workbench.common.errors import DataError, listed
from workbench.common.limits import (
    PARQUET_BYTES_PER_CELL,
    PARQUET_FOOTER_BYTES,
    PARQUET_LIST,
    PARQUET_PAGES,
)
from workbench.common.trial import Limits, tried
from workbench.tables.files.arrow_columns import (
    checked_pyarrow,
    column_of,
    is_text,
    kept_fields,
    unpacks_to_more,
)
from workbench.tables.files.limits import check_cells, check_resources, too_large
from workbench.tables.files.parquet_pages import BOUNDED_ENCODINGS, PageError, pages_of

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
        What is refused before it is unpacked. Unpacked, a table takes at most `max_bytes` and 16
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
    ending = tried(TRIAL, content, Limits(memory=3_000_000_000 + 2 * most), told=max_cells)
    if ending == "crashed":
        raise damaged(shown, "reading it ended the process that tried")
    try:
        limits: Any = {"thrift_container_size_limit": PARQUET_LIST}
        with parquet.ParquetFile(pa.BufferReader(content), pre_buffer=False, **limits) as file:
            wanted = kept_fields(file.schema_arrow, len(file.schema.names), shown, max_columns)
            rows = max(file.metadata.num_rows, _rows(file.metadata))
            if rows < 1:
                raise DataError(f"The file {shown} holds no rows.")
            check_cells(rows, len(file.schema_arrow.names), shown, max_cells)
            _check_pages(content, file.metadata, shown, most)
        check_resources(ending, shown)
        # Text stays in its dictionary: a long text that repeats is held once until it is measured.
        texts = [field.name for field in wanted if is_text(field.type)]
        with parquet.ParquetFile(
            pa.BufferReader(content), read_dictionary=texts, pre_buffer=False, **limits
        ) as file:
            table = _decoded(file, shown, most)
        columns = {
            field.name: column_of(table.column(field.name), shown, field.name, most)
            for field in wanted
        }
    except PageError as error:
        raise damaged(shown, f"it holds {error}") from None
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise damaged(shown, str(error)) from None
    return pd.DataFrame(columns)


def damaged(shown: str, reason: str) -> DataError:
    """Return the error of a file that cannot be read as Parquet."""
    reason = reason.partition("\n")[0][:200]
    return DataError(
        f"The file {shown} cannot be read as Parquet: {reason}. Write it again, for instance with "
        f"pandas: table.to_parquet('table.parquet')."
    )


def _check_ends(content: bytes, shown: str) -> None:
    """Refuse what does not begin and end as a Parquet file does, or describes itself too long."""
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
    if footer > PARQUET_FOOTER_BYTES:
        raise DataError(
            f"The file {shown} describes its columns in {footer / 1e6:,.0f} MB; at most "
            f"{PARQUET_FOOTER_BYTES / 1e6:,.0f} MB are read. Write it with fewer row groups or "
            f"columns."
        )


def _rows(metadata: Any) -> int:
    return sum(metadata.row_group(place).num_rows for place in range(metadata.num_row_groups))


def _check_pages(content: bytes, metadata: Any, shown: str, most: int) -> None:
    """Add up what the pages will take, by their own headers."""
    unpacked = pages = 0
    for group in range(metadata.num_row_groups):
        chunks = metadata.row_group(group)
        for place in range(chunks.num_columns):
            chunk = chunks.column(place)
            if chunk.file_path:
                raise PageError("a column that lies in another file")
            if chunk.num_values != chunks.num_rows:
                raise PageError("a column with another number of rows than the table")
            first = [chunk.data_page_offset, chunk.dictionary_page_offset or 0]
            start = min(offset for offset in first if offset > 0)
            for page in pages_of(content, start, chunk.num_values):
                pages += 1
                unpacked += page.unpacked
                if pages > PARQUET_PAGES:
                    raise PageError(f"more than {PARQUET_PAGES:,} pages")
                if unpacked > most:
                    raise DataError(
                        f"The file {shown} would unpack to more than {most / 1e6:,.0f} MB and was "
                        f"not opened. Keep the columns that the audit needs, or a random sample of "
                        f"the rows."
                    )
                if page.encoding not in BOUNDED_ENCODINGS:
                    raise PageError(
                        "a column in an encoding whose size cannot be known beforehand (it is not "
                        f"{listed(BOUNDED_ENCODINGS.values())})"
                    )
                if page.values > (chunks.num_rows if page.is_data else page.unpacked):
                    raise PageError("a page with more values than the table has rows")


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
