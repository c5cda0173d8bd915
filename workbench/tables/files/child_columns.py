"""Columns that a child process found in a file, checked and in the types of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.errors import DataError
from workbench.common.trial import taken_apart
from workbench.tables.files.limits import check_cells, check_names, check_resources, text_limits

__all__ = ["columns_found", "numbers_of"]


def columns_found(
    program: Path,
    content: bytes,
    shown: str,
    *,
    kind: str,
    instead: str,
    max_columns: int,
    max_cells: int,
    **told: Any,
) -> dict[str, tuple[str, list[Any]]]:
    """Let a program take a file apart, and return the kind and the values of each column.

    Parameters
    ----------
    program : path
        It answers, in JSON, with the names of the columns, the number of rows, and of each column
        its kind and values; without values where there are more columns or cells than it is told.
    kind, instead : str
        What the file should have been, and what to do about one that it is not, in words.
    told
        For the program, beside the limits.

    Raises
    ------
    DataError
        The program refused the file, ended badly, or found no rows or more than may be read.
    """
    limits = {"columns": max_columns, "cells": max_cells}
    found = taken_apart(program, content, text_limits(content), told=limits | told)
    check_resources(found.ending, shown)
    if found.ending != "fine":  # whatever a library makes of a damaged file
        error, reason = found.error
        reason = reason.partition("\n")[0][:150] or error or found.ending
        raise DataError(f"The file {shown} cannot be read as {kind}: {reason}. {instead}")
    names, rows, columns = json.loads(found.answer)
    check_names(names, shown, max_columns)
    check_cells(rows, len(names), shown, max_cells)
    if not rows:
        raise DataError(f"The file {shown} holds no rows.")
    return dict(zip(names, map(tuple, columns), strict=True))


def numbers_of(values: Sequence[float | None]) -> pd.Series:
    """Make a column of numbers: whole ones where every value is there and is one."""
    numbers = np.asarray(values, dtype=np.float64)
    whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    return pd.Series(numbers.astype(np.int64) if whole and abs(numbers).max() < 2**53 else numbers)
