"""What cannot be taken as a table: something in a frame's place, or two columns of one name."""

from __future__ import annotations

from os import PathLike
from typing import Any

import pandas as pd

from workbench.common.errors import DataError, listed

__all__ = ["expected_frame", "refuse_names_twice"]

WAYS_IN = {"polars": "polars", "pyarrow": "arrow", "dask": "dask", "duckdb": "arrow"}
"""Libraries, and the method of :class:`Table` that takes what they hold."""


def expected_frame(data: Any, expected: str = "a pandas DataFrame", called: str = "pandas") -> str:
    """Say what is expected in the place of something else, and how that is brought.

    Parameters
    ----------
    data : object
    expected : str
    called : str
        The method that it was brought to: no way in for what that does not take.

    Examples
    --------
    >>> expected_frame("people.csv")
    "A pandas DataFrame is expected, not a str. Read the file first, with pandas' read_csv or \
wb.Table.parquet."
    """
    kind = type(data)
    library = kind.__module__.partition(".")[0]
    of = "" if library in ("builtins", "pandas") else f" of {library}"
    said = f"{expected[0].upper()}{expected[1:]} is expected, not a {kind.__name__}{of}."
    if isinstance(data, str | PathLike):
        return f"{said} Read the file first, with pandas' read_csv or wb.Table.parquet."
    if kind.__name__ == "LazyFrame":
        return f"{said} Collect it first: wb.Table.polars(data.collect())."
    if WAYS_IN.get(library, called) != called:
        return f"{said} Bring it as wb.Table.{WAYS_IN[library]}(data)."
    return said


def refuse_names_twice(names: pd.Index) -> None:
    """Raise where two columns have one name.

    Raises
    ------
    DataError
        It names them.
    """
    twice = names[names.duplicated()].unique()
    if len(twice):
        raise DataError(f"The data has several columns named {listed(twice)}. Rename or drop some.")
