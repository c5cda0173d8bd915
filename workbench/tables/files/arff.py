"""A table from an ARFF file, as Weka and OpenML write it; read by SciPy in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.errors import DataError
from workbench.common.trial import taken_apart
from workbench.tables.files.characters import decoded
from workbench.tables.files.limits import (
    check_cells,
    check_names,
    check_resources,
    text_limits,
    too_many_cells,
)

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
    if len(text) - text.lower().find("@data") > 1 and text.count(",") > max_cells:
        raise too_many_cells(shown, max_cells)
    plain = text.encode()
    found = taken_apart(TRIAL, plain, text_limits(plain), told=max_cells)
    check_resources(found.ending, shown)
    if found.ending != "fine":  # whatever SciPy makes of a damaged file
        error, reason = found.error
        reason = reason.partition("\n")[0][:150] or error or found.ending
        raise DataError(
            f"The file {shown} cannot be read as ARFF: {reason}. Free text and sparse rows are not "
            f"read. Save it as CSV, in Weka by 'Save…' in the Explorer."
        )
    names, kinds, rows, values = json.loads(found.answer)
    check_names(names, shown, max_columns)
    check_cells(rows, len(names), shown, max_cells)
    if not rows:
        raise DataError(f"The file {shown} holds no rows.")
    return pd.DataFrame(
        {name: _column(*column) for name, *column in zip(names, values, kinds, strict=True)}
    )


def _column(values: Sequence[Any], kind: str) -> pd.Series:
    if kind != "numeric":
        gone = "?" if kind == "nominal" else "NaT"
        return pd.Series([None if value == gone else value for value in values], dtype="str")
    numbers = np.asarray(values, dtype=np.float64)
    whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    return pd.Series(numbers.astype(np.int64) if whole and abs(numbers).max() < 2**53 else numbers)
