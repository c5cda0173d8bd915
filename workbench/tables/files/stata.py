"""A table from a Stata file; read by pandas in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.errors import DataError, listed
from workbench.common.trial import taken_apart
from workbench.tables.files.column_types import Stated
from workbench.tables.files.limits import (
    check_cells,
    check_names,
    check_resources,
    text_limits,
    too_large,
)

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
    numbers = [column for column, kind in said.types.items() if kind == "number"]
    told = {"columns": max_columns, "cells": max_cells, "numbers": numbers}
    found = taken_apart(TRIAL, content, text_limits(content), told=told)
    check_resources(found.ending, shown)
    if found.ending != "fine":  # whatever pandas makes of a damaged file
        error, reason = found.error
        raise DataError(
            f"The file {shown} cannot be read as a Stata file: "
            f"{reason.partition(chr(10))[0][:150] or error or found.ending}. In Stata, write it "
            f"by: export delimited using table.csv."
        )
    names, rows, columns = json.loads(found.answer)
    check_names(names, shown, max_columns)
    check_cells(rows, len(names), shown, max_cells)
    if not rows:
        raise DataError(f"The file {shown} holds no rows.")
    if labels := [name for name, (kind, _) in zip(names, columns, strict=True) if kind == "labels"]:
        note(f"{listed(labels)}: the labels of the values are read, not their numbers.")
    return pd.DataFrame({name: _column(*c) for name, c in zip(names, columns, strict=True)})


def _column(kind: str, values: Sequence[Any]) -> pd.Series:
    if kind != "numbers":
        return pd.Series(values, dtype="str")
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    return pd.Series(numbers.astype(np.int64) if whole and abs(numbers).max() < 2**53 else numbers)
