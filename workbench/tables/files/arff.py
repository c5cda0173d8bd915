"""A table from an ARFF file, as Weka and OpenML write it; read by SciPy in a child process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.tables.files.characters import decoded
from workbench.tables.files.child_columns import columns_found, numbers_of
from workbench.tables.files.limits import too_many_cells

__all__ = ["parse_arff"]

TRIAL = Path(__file__).with_name("trial_arff.py")


def parse_arff(
    content: bytes,
    name: str,
    *,
    note: Callable[[str], None],
    max_bytes: int,
    max_columns: int,
    max_cells: int,
) -> pd.DataFrame:
    """Read the content of an ARFF file.

    Returns
    -------
    DataFrame, shape (n, columns)
        Numbers, and text of the nominal columns, where ``?`` is missing; dates are text.

    Raises
    ------
    DataError
        The file is too large, damaged, sparse, or has columns of free text.
    """
    shown = repr(name[:100])
    text = decoded(content, shown, max_bytes, None, note)
    if text.count(",") > max_cells:
        raise too_many_cells(shown, max_cells)
    columns = columns_found(
        TRIAL,
        text.encode(),
        shown,
        kind="ARFF",
        instead="Free text and sparse rows are not read. Save it as CSV, in Weka by 'Save…' in the "
        "Explorer.",
        max_columns=max_columns,
        max_cells=max_cells,
    )
    return pd.DataFrame({name: _column(*column) for name, column in columns.items()})


def _column(kind: str, values: Sequence[Any]) -> pd.Series:
    if kind == "numeric":
        return numbers_of(values)
    gone = "?" if kind == "nominal" else "NaT"
    return pd.Series([None if value == gone else value for value in values], dtype="str")
