"""A table from a Stata file; read by pandas in a child process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from workbench.common.errors import listed
from workbench.tables.files.child_columns import columns_found, numbers_of
from workbench.tables.files.column_types import Stated
from workbench.tables.files.limits import too_large

__all__ = ["parse_stata"]

TRIAL = Path(__file__).with_name("trial_stata.py")


def parse_stata(
    content: bytes,
    name: str,
    *,
    said: Stated,
    note: Callable[..., None],
    max_bytes: int,
    max_columns: int,
    max_cells: int,
) -> pd.DataFrame:
    """Read the content of a Stata file (.dta of versions 102 to 119).

    Returns
    -------
    DataFrame, shape (n, columns)
        Numbers and text. Numbers whose values all have labels are these labels, as for pandas,
        which is noted; they stay numbers where the column is stated to be one. Dates are text.

    Raises
    ------
    DataError
        The file is no Stata file, damaged, or too large.
    """
    shown = repr(name[:100])
    if len(content) > max_bytes:
        raise too_large(shown, len(content), max_bytes)
    columns = columns_found(
        TRIAL,
        content,
        shown,
        kind="a Stata file",
        instead="In Stata, write it by: export delimited using table.csv.",
        max_columns=max_columns,
        max_cells=max_cells,
        numbers=[column for column, kind in said.types.items() if kind == "number"],
    )
    if labels := [name for name, (kind, _) in columns.items() if kind == "labels"]:
        note(f"{listed(labels)}: the labels of the values are read, not their numbers.")
    return pd.DataFrame(
        {
            name: numbers_of(values) if kind == "numbers" else pd.Series(values, dtype="str")
            for name, (kind, values) in columns.items()
        }
    )
