"""A table from a Feather or Arrow file, bounded by a trial in a child process."""

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

__all__ = ["parse_feather"]

TRIAL = Path(__file__).with_name("trial_feather.py")
MAGIC = b"ARROW1"


def parse_feather(
    content: bytes, name: str, *, max_bytes: int, max_columns: int, max_cells: int
) -> pd.DataFrame:
    """Read the content of a Feather file (version 2, which is Arrow's own file format).

    Returns
    -------
    DataFrame, shape (n, columns)
        Columns as :func:`workbench.tables.files.parquet.parse_parquet` gives them.

    Raises
    ------
    DataError
        The file is no Feather file, damaged, too large once unpacked, or holds columns that are
        lists, tables in a table, or bytes.
    MissingPackageError
        pyarrow is not installed.
    """
    shown = repr(name[:100])
    if len(content) > max_bytes:
        raise too_large(shown, len(content), max_bytes)
    if content[:4] == b"FEA1":
        raise DataError(
            f"The file {shown} is Feather of the first version. Read it in Python with "
            f"pd.read_feather, and save it by to_parquet('table.parquet')."
        )
    if content[:6] != MAGIC or content[-6:] != MAGIC:
        raise DataError(
            f"The file {shown} is not a Feather or Arrow file, whatever its name says, or its end "
            f"is missing. A table in text form is read when its name ends in .csv."
        )
    pa = checked_pyarrow(shown)
    most = max_bytes + PARQUET_BYTES_PER_CELL * max_cells
    ending = tried(TRIAL, content, arrow_limits(content, most), told=most)
    check_ending(ending, shown, _damaged)
    try:
        with pa.ipc.open_file(pa.BufferReader(content)) as file:
            wanted = kept_fields(file.schema, len(file.schema), shown, max_columns)
            batches, rows, taken = [], 0, 0
            for place in range(file.num_record_batches):
                batch = file.get_batch(place)
                batch.validate(full=True)
                rows, taken = rows + batch.num_rows, taken + batch.nbytes
                check_cells(rows, len(file.schema), shown, max_cells)
                if taken > most:
                    raise unpacks_to_more(shown, most)
                batches.append(batch)
            table = pa.Table.from_batches(batches, file.schema)
        if not rows:
            raise DataError(f"The file {shown} holds no rows.")
        return pd.DataFrame(
            {
                field.name: column_of(
                    _in_dictionary(table.column(field.name)), shown, field.name, most
                )
                for field in wanted
            }
        )
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise _damaged(shown, str(error).partition("\n")[0][:200]) from None


def _damaged(shown: str, reason: str) -> DataError:
    return DataError(
        f"The file {shown} cannot be read as Feather: {reason}. Write it again, for instance with "
        f"pandas: table.to_feather('table.feather')."
    )


def _in_dictionary(column: Any) -> Any:
    """Hold a text that repeats once, as a Parquet file is read."""
    return column.dictionary_encode() if is_text(column.type) else column
