"""Columns of Arrow, as Parquet and Feather hold them, in the types that a CSV file would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.common.errors import DataError, MissingPackageError, listed
from workbench.common.limits import CELL_CHARACTERS
from workbench.tables.files.limits import check_names

__all__ = [
    "checked_pyarrow",
    "column_of",
    "dates_as_text",
    "is_text",
    "kept_fields",
    "unpacks_to_more",
]

CODE_DIGITS = 10**15
"""A whole number of more digits than this is a code, as in a CSV file."""
ROW_LABELS = "__index_level_"


def checked_pyarrow(shown: str) -> Any:
    """Return pyarrow, or say how to install it."""
    try:
        import pyarrow
    except ImportError:
        raise MissingPackageError(
            f"Reading {shown} needs the package pyarrow, which is not installed. Install it: pip "
            f"install 'cafe-workbench[files]'. Or save the table as CSV."
        ) from None
    return pyarrow


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is text."""
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def kept_fields(schema: Any, leaves: int, shown: str, max_columns: int) -> list[Any]:
    """Return the columns to keep; refuse columns that are no plain values.

    `leaves` counts the columns of plain values that the file stores.
    """
    from pyarrow import types

    check_names(schema.names, shown, max_columns)
    nested = [field.name for field in schema if types.is_nested(field.type)]
    if nested or leaves != len(schema.names):
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
            or is_text(kind)
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


def unpacks_to_more(shown: str, most: int) -> DataError:
    """Say that a table takes more memory than it may."""
    return DataError(
        f"The table in {shown} takes more than {most / 1e6:,.0f} MB once it is unpacked. Keep the "
        f"columns that the audit needs, or a random sample of the rows."
    )


def column_of(column: Any, shown: str, name: str, most: int) -> pd.Series:
    """Give a column the type that it would have from a CSV file."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind) and is_text(kind.value_type):
        return _text(column, shown, name, most)
    if types.is_dictionary(kind):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks])
        kind = column.type
    if types.is_null(kind):
        return pd.Series([None] * len(column), dtype="str")
    if types.is_boolean(kind):
        return pd.Series(column.to_pandas(), dtype="boolean" if column.null_count else "bool")
    if types.is_date(kind) or types.is_timestamp(kind):
        return pd.Series(dates_as_text(column).to_pandas(), dtype="str")
    if types.is_integer(kind):
        ends = pc.min_max(column).as_py()
        if any(abs(end) >= CODE_DIGITS for end in ends.values() if end is not None):
            return pd.Series(column.cast(pa.string()).to_pandas(), dtype="str")
        wanted = np.float64 if column.null_count else np.int64
        return pd.Series(column.to_numpy().astype(wanted))
    if not types.is_floating(kind):
        column = column.cast(pa.float64())
    return pd.Series(column.to_numpy().astype(np.float64))


def dates_as_text(column: Any) -> Any:
    """Spell dates and times out; whole seconds without a fraction."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        whole = column.cast(pa.timestamp("s", kind.tz), safe=False)
        column = whole if whole.cast(kind).equals(column) else column
    return column.cast(pa.string())


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
            raise unpacks_to_more(shown, most)
        distinct = pd.array(chunk.dictionary.to_pylist(), dtype="str")
        parts.append(pd.Series(distinct.take(places, allow_fill=True)))
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
