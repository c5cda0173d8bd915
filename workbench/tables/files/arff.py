"""A table from an ARFF file, as Weka and OpenML write it; read by SciPy."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from workbench.common.errors import DataError
from workbench.tables.files.characters import decoded
from workbench.tables.files.limits import check_cells, check_names

__all__ = ["parse_arff"]


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
        raise DataError(f"The file {shown} has more than {max_cells:,} cells.")
    from scipy.io import arff

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows, header = arff.loadarff(io.StringIO(text))
        names, kinds = header.names(), header.types()
        check_names(names, shown, max_columns)
        check_cells(len(rows), len(names), shown, max_cells)
        if not len(rows):
            raise DataError(f"The file {shown} holds no rows.")
        columns = {n: _column(rows[n], kind) for n, kind in zip(names, kinds, strict=True)}
    except DataError:
        raise
    except Exception as error:  # whatever SciPy makes of a damaged file
        reason = str(error).partition("\n")[0][:150] or type(error).__name__
        raise DataError(
            f"The file {shown} cannot be read as ARFF: {reason}. Free text and sparse rows are not "
            f"read. Save it as CSV, in Weka by 'Save…' in the Explorer."
        ) from None
    return pd.DataFrame(columns)


def _column(values: np.ndarray, kind: str) -> pd.Series:
    if kind == "nominal":
        text = [value.decode("utf-8") for value in values]
        return pd.Series([None if value == "?" else value for value in text], dtype="str")
    if kind == "date":
        return pd.Series(pd.Series(values).astype("str").replace("NaT", None), dtype="str")
    numbers = np.asarray(values, dtype=np.float64)
    whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    return pd.Series(numbers.astype(np.int64) if whole and abs(numbers).max() < 2**53 else numbers)
