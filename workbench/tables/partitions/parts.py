"""The partitions of a table: rows of a frame, of files, of Arrow or Dask, sent to workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from workbench.common.errors import DataError
from workbench.tables.files.arrow_columns import dates_as_text
from workbench.tables.files.parquet import damaged

__all__ = ["ArrowPart", "DaskPart", "FragmentPart", "FramePart", "ParquetPart", "Partition"]


class Partition(Protocol):
    """Rows of a table that are read at once. It travels to workers, which read it."""

    @property
    def rows(self) -> int:
        """How many rows it has."""

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """Read some columns."""


def _frame_of(data: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Make a frame of Arrow's columns; decimals are numbers, dates and times text, as in files.

    pandas would have both as objects of Python.
    """
    from pyarrow import float64, types

    for place, field in enumerate(data.schema):
        if types.is_decimal(field.type):
            data = data.set_column(place, field.name, data.column(place).cast(float64()))
        elif types.is_date(field.type) or types.is_timestamp(field.type):
            data = data.set_column(place, field.name, dates_as_text(data.column(place)))
    frame: pd.DataFrame = data.to_pandas(ignore_metadata=True)
    return frame[list(columns)]


@contextmanager
def _reading(file: str, unreadable: Callable[[str, str], DataError]) -> Iterator[None]:
    """Say in words what keeps a file from being read."""
    try:
        yield
    except MemoryError:
        raise
    except FileNotFoundError as error:
        raise DataError(
            f"There is no file {file} where this part of the table is worked on. Every worker "
            f"must reach the table's files under the same path."
        ) from error
    except Exception as error:
        raise unreadable(file, str(error)) from error


def _does_not_fit(what: str, reason: str) -> DataError:
    """Return the error of a dataset's fragment: of which format, and what is wrong, Arrow says."""
    reason = reason.partition("\n")[0][:200].rstrip(".")
    return DataError(
        f"{what} cannot be read: {reason}. A column is one that the dataset has, of the same type "
        f"in all of its files."
    )


@dataclass(frozen=True, eq=False)
class FramePart:
    """Rows of a pandas frame."""

    frame: pd.DataFrame

    @property
    def rows(self) -> int:
        """See :class:`Partition`."""
        return len(self.frame)

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """See :class:`Partition`."""
        return self.frame[list(columns)]


@dataclass(frozen=True)
class ParquetPart:
    """Neighbouring row groups of a file."""

    file: str
    groups: tuple[int, ...]
    rows: int

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """See :class:`Partition`."""
        from pyarrow import parquet

        with _reading(self.file, damaged):
            with parquet.ParquetFile(self.file) as opened:
                read = opened.read_row_groups(self.groups, columns=list(columns), use_threads=False)
            return _frame_of(read, columns)


@dataclass(frozen=True, eq=False)
class FragmentPart:
    """A piece of a dataset of Arrow."""

    fragment: Any
    schema: Any
    """The dataset's: a column may stand in the folder's name and in no file."""
    rows: int

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """See :class:`Partition`."""
        name = self.fragment.path if hasattr(self.fragment, "path") else "A part of the dataset"
        with _reading(name, _does_not_fit):
            read = self.fragment.to_table(columns=list(columns), schema=self.schema)
            return _frame_of(read, columns)


@dataclass(frozen=True, eq=False)
class ArrowPart:
    """Rows of a table of Arrow."""

    data: Any

    @property
    def rows(self) -> int:
        """See :class:`Partition`."""
        return int(self.data.num_rows)

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """See :class:`Partition`."""
        return _frame_of(self.data.select(list(columns)), columns)


@dataclass(frozen=True, eq=False)
class DaskPart:
    """A partition of a dataframe of Dask."""

    delayed: Any
    rows: int

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """See :class:`Partition`."""
        frame: pd.DataFrame = self.delayed.compute(scheduler="synchronous")
        frame = frame[list(columns)]
        # Dask keeps text in a type of its own, whose comparisons give a third truth value.
        text = [name for name in columns if isinstance(frame[name].dtype, pd.StringDtype)]
        return frame.astype(dict.fromkeys(text, "str"))
