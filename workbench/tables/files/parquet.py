"""A table from a Parquet file: bounded by what is written in it before anything is unpacked.

A few kilobytes of Parquet can stand for billions of rows. So the file's own description is read
first, then the header of every page, and only what fits is decoded, one row group at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.errors import DataError, MissingPackageError, listed
from workbench.common.limits import (
    CELL_CHARACTERS,
    PARQUET_BYTES_PER_CELL,
    PARQUET_FOOTER_BYTES,
    PARQUET_LIST,
    PARQUET_PAGES,
)
from workbench.common.trial import Limits, tried
from workbench.tables.files.limits import check_cells, check_names, too_large
from workbench.tables.files.parquet_pages import BOUNDED_ENCODINGS, PageError, pages_of

__all__ = ["parse_parquet"]

TRIAL = Path(__file__).with_name("trial_parquet.py")
MAGIC, ENCRYPTED = b"PAR1", b"PARE"
CODE_DIGITS = 10**15
"""A whole number of more digits than this is a code, as in a CSV file."""
ROW_LABELS = "__index_level_"


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
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingPackageError(
            f"Reading {shown} needs the package pyarrow, which is not installed. Install it: pip "
            f"install 'cafe-workbench[files]'. Or save the table as CSV."
        ) from None
    most = max_bytes + PARQUET_BYTES_PER_CELL * max_cells
    ending = tried(TRIAL, content, Limits(memory=3_000_000_000 + 2 * most), told=max_cells)
    if ending == "crashed":
        raise _damaged(shown, "reading it ended the process that tried")
    try:
        limits: Any = {"thrift_container_size_limit": PARQUET_LIST}
        with parquet.ParquetFile(pa.BufferReader(content), pre_buffer=False, **limits) as file:
            wanted = _checked_schema(file, shown, max_columns)
            rows = max(file.metadata.num_rows, _rows(file.metadata))
            if rows < 1:
                raise DataError(f"The file {shown} holds no rows.")
            check_cells(rows, len(file.schema_arrow.names), shown, max_cells)
            _check_pages(content, file.metadata, shown, most)
        if ending != "fine":
            raise DataError(
                f"The file {shown} was not read: unpacking it took more {ending} than a table may. "
                f"Keep the columns that the audit needs, or a random sample of the rows."
            )
        # Text stays in its dictionary: a long text that repeats is held once until it is measured.
        texts = [field.name for field in wanted if _is_text(field.type)]
        with parquet.ParquetFile(
            pa.BufferReader(content), read_dictionary=texts, pre_buffer=False, **limits
        ) as file:
            table = _decoded(file, shown, most)
        columns = {
            field.name: _column(table.column(field.name), shown, field.name, most)
            for field in wanted
        }
    except PageError as error:
        raise _damaged(shown, f"it holds {error}") from None
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise _damaged(shown, str(error).partition("\n")[0][:200]) from None
    return pd.DataFrame(columns)


def _damaged(shown: str, reason: str) -> DataError:
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


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _checked_schema(file: Any, shown: str, max_columns: int) -> list[Any]:
    """Return the columns to keep; refuse columns that are no plain values."""
    from pyarrow import types

    schema = file.schema_arrow
    check_names(schema.names, shown, max_columns)
    nested = [field.name for field in schema if types.is_nested(field.type)]
    if nested or len(file.schema.names) != len(schema.names):
        raise DataError(
            f"The file {shown} has columns that hold lists or tables of their own: "
            f"{listed(nested)}. Make one plain column of each value, or leave them out."
        )
    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        plain = (
            types.is_boolean(kind)
            or types.is_integer(kind)
            or types.is_floating(kind)
            or types.is_decimal(kind)
            or types.is_date(kind)
            or types.is_timestamp(kind)
            or types.is_null(kind)
            or _is_text(kind)
        )
        if not plain:
            raise DataError(
                f"The column {field.name!r} of {shown} holds {str(kind)[:60]}; only numbers, text, "
                f"true/false and dates are read. Save it as one of these, or leave it out."
            )
    kept = [field for field in schema if not field.name.startswith(ROW_LABELS)]
    if not kept:
        raise DataError(f"The file {shown} holds row labels and no column.")
    return kept


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
            raise _unpacks_to_more(shown, most)
    return pa.concat_tables(tables)


def _unpacks_to_more(shown: str, most: int) -> DataError:
    return DataError(
        f"The table in {shown} takes more than {most / 1e6:,.0f} MB once it is unpacked. Keep the "
        f"columns that the audit needs, or a random sample of the rows."
    )


def _column(column: Any, shown: str, name: str, most: int) -> pd.Series:
    """Give a column the type that it would have from a CSV file."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind) and _is_text(kind.value_type):
        return _text(column, shown, name, most)
    if types.is_dictionary(kind):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks])
        kind = column.type
    if types.is_null(kind):
        return pd.Series([None] * len(column), dtype="str")
    if types.is_boolean(kind):
        return pd.Series(column.to_pandas(), dtype="boolean" if column.null_count else "bool")
    if types.is_date(kind) or types.is_timestamp(kind):
        if types.is_timestamp(kind):
            whole = column.cast(pa.timestamp("s", kind.tz), safe=False)
            column = whole if whole.cast(kind).equals(column) else column
        return pd.Series(column.cast(pa.string()).to_pandas(), dtype="str")
    if types.is_integer(kind):
        ends = pc.min_max(column).as_py()
        if any(abs(end) >= CODE_DIGITS for end in ends.values() if end is not None):
            return pd.Series(column.cast(pa.string()).to_pandas(), dtype="str")
        wanted = np.float64 if column.null_count else np.int64
        return pd.Series(column.to_numpy().astype(wanted))
    if not types.is_floating(kind):
        column = column.cast(pa.float64())
    return pd.Series(column.to_numpy().astype(np.float64))


def _text(column: Any, shown: str, name: str, most: int) -> pd.Series:
    """Spell a dictionary out once it is known how long that is."""
    import pyarrow.compute as pc

    total, parts = 0, []
    for chunk in column.chunks:
        places = pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        lengths = pc.fill_null(pc.binary_length(chunk.dictionary), 0).to_numpy(zero_copy_only=False)
        if (longest := int(lengths.max(initial=0))) > CELL_CHARACTERS:
            raise DataError(
                f"The column {name!r} of {shown} holds a text of {longest:,} bytes; at most "
                f"{CELL_CHARACTERS:,} fit into a cell."
            )
        used = np.bincount(places[places >= 0], minlength=len(lengths))
        total += int(used @ lengths.astype(np.int64))
        if total > most:
            raise _unpacks_to_more(shown, most)
        distinct = pd.array(chunk.dictionary.to_pylist(), dtype="str")
        parts.append(pd.Series(distinct.take(places, allow_fill=True)))
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
