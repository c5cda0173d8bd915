"""A table in partitions: one way to read a frame, Parquet files, Arrow, SQL, or Dask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from glob import escape, glob
from itertools import pairwise
from os import PathLike, fsencode, fspath
from os.path import abspath
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.arrays import Positions
from workbench.common.errors import DataError, listed
from workbench.common.map_reduce import is_count
from workbench.common.trial import Limits, tried
from workbench.tables.files.arrow_columns import checked_pyarrow
from workbench.tables.files.limits import check_ending
from workbench.tables.files.parquet import damaged
from workbench.tables.partitions.database import asked
from workbench.tables.partitions.parts import (
    ArrowPart,
    DaskPart,
    FragmentPart,
    FramePart,
    ParquetPart,
    Partition,
)
from workbench.tables.partitions.ways_in import expected_frame, refuse_names_twice

__all__ = ["SAMPLE_ROWS", "Table"]

SAMPLE_ROWS = 200_000
"""Rows of a table that an audit case holds at the most."""
PARTITION_ROWS = 250_000
"""Rows of a partition at the most, where the workbench cuts: some 25 MB for a dozen numbers."""
TRIAL = Path(__file__).with_name("trial_parquet_file.py")
TRIAL_SECONDS = 1_800
"""Of computing, that taking one file apart may take."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table that is read partition by partition.

    Make one with :meth:`pandas`, :meth:`parquet`, :meth:`arrow`, :meth:`polars`, :meth:`sql` or
    :meth:`dask`.
    An audit case of it holds a random sample of its rows; effects over all rows are added up over
    the partitions (see :func:`workbench.whole_table_effects`).

    Attributes
    ----------
    partitions : tuple of Partition
    columns : tuple of str
    origin : str
        Where it comes from, in words.

    Examples
    --------
    >>> table = Table.pandas(pd.DataFrame({"a": range(10)}), partitions=3)
    >>> table.n_rows, [part.rows for part in table.partitions]
    (10, [3, 3, 4])
    """

    partitions: tuple[Partition, ...]
    columns: tuple[str, ...]
    origin: str

    def __post_init__(self) -> None:
        if not self.n_rows or not self.columns:
            raise DataError(
                f"The table ({self.origin}) has {self.n_rows} rows and {len(self.columns)} "
                f"columns: it is empty."
            )

    @classmethod
    def pandas(cls, frame: pd.DataFrame, partitions: int | None = None) -> Table:
        """Take a frame, cut into `partitions`; by default of at most 250,000 rows."""
        if not isinstance(frame, pd.DataFrame):
            raise DataError(expected_frame(frame))
        kept = tuple(FramePart(frame.iloc[a:b]) for a, b in _cuts(len(frame), partitions))
        return cls(kept, tuple(frame.columns), "a pandas DataFrame")

    @classmethod
    def parquet(
        cls, *paths: str | PathLike[str] | Sequence[str | PathLike[str]], tried_first: bool = False
    ) -> Table:
        """Take Parquet files: names, patterns with ``*``, or folders. Only footers are read now.

        Parameters
        ----------
        *paths : str, PathLike, or sequence of them
        tried_first : bool, default False
            Whether each file is taken apart in a child process before it is read here: a damaged
            file of somebody else's can crash the process that reads it.

        Raises
        ------
        DataError
            There is no such file, it is damaged, or the files have different columns.
        MissingPackageError
            pyarrow is not installed.
        """
        checked_pyarrow("Parquet")
        from pyarrow import parquet

        named = [[path] if isinstance(path, str | PathLike) else path for path in paths]
        files = [file for some in named for path in some for file in _files(fspath(path))]
        parts: list[Partition] = []
        names: tuple[str, ...] | None = None
        for file in files:
            if tried_first:
                _check_by_trial(file)
            try:
                footer = parquet.read_metadata(file)
            except Exception as error:
                raise DataError(f"{file} is no Parquet file that can be read: {error}") from error
            own = tuple(footer.schema.to_arrow_schema().names)
            if names is not None and set(own) != set(names):
                raise DataError(
                    f"{file} has other columns than {files[0]}: "
                    f"{listed(sorted(set(own) ^ set(names)))}. A table has the same columns in "
                    f"all of its files."
                )
            names = names or own
            parts += _groups(
                abspath(file), [footer.row_group(g).num_rows for g in range(footer.num_row_groups)]
            )
        return cls(tuple(parts), names or (), f"{len(files)} Parquet files")

    @classmethod
    def arrow(cls, data: Any, partitions: int | None = None) -> Table:
        """Take a table of Arrow's, cut as :meth:`pandas` does, or a dataset, by its fragments.

        What hands its rows over as Arrow does is a table, too: DuckDB's relations, Polars' frames,
        readers of batches.
        """
        if hasattr(data, "get_fragments"):
            fragments = [piece for whole in data.get_fragments() for piece in _pieces_of(whole)]
            kept: tuple[Partition, ...] = tuple(
                FragmentPart(piece, data.schema, _rows_of(piece)) for piece in fragments
            )
            return cls(kept, tuple(data.schema.names), "an Arrow dataset")
        if isinstance(data, pd.DataFrame):  # Arrow would make a column of its labels
            return cls.pandas(data, partitions)
        data = _arrow_table(data)
        cut = _cuts(data.num_rows, partitions)
        parts = tuple(ArrowPart(data.slice(a, b - a)) for a, b in cut)
        return cls(parts, tuple(data.schema.names), "an Arrow table")

    @classmethod
    def polars(cls, frame: Any, partitions: int | None = None) -> Table:
        """Take a frame of Polars, which is handed over as Arrow."""
        if not hasattr(frame, "to_arrow"):
            raise DataError(expected_frame(frame, "a Polars DataFrame", "polars"))
        return cls.arrow(frame.to_arrow(), partitions)

    @classmethod
    def sql(cls, query: Any, connection: Any, partitions: int | None = None) -> Table:
        """Ask a database once, and keep the rows of the answer, cut as :meth:`pandas` does.

        Parameters
        ----------
        query : str
            A query that answers with rows, run as it stands: only ever one of the auditor's own.
            What else the connection's driver takes for a query, such as psycopg's sql.SQL, is
            handed to it.
        connection : DB-API connection or SQLAlchemy engine
            An open connection of sqlite3, psycopg, DuckDB, an ADBC driver, …; it stays open.
        partitions : int, optional

        Raises
        ------
        DataError
            It is no connection, the database refuses the query, or two columns have one name.

        Examples
        --------
        >>> import sqlite3
        >>> with sqlite3.connect(":memory:") as base:
        ...     _ = base.execute("create table people (age integer, city text)")
        ...     _ = base.execute("insert into people values (31, 'Pune'), (null, 'Delhi')")
        ...     Table.sql("select * from people where city <> 'Agra'", base).n_rows
        2
        """
        answer = asked(query, connection)
        if not len(answer):
            raise DataError("The answer to the SQL query has 0 rows: the table would be empty.")
        made = cls.pandas if isinstance(answer, pd.DataFrame) else cls.arrow
        return replace(made(answer, partitions), origin="the answer to an SQL query")

    @classmethod
    def dask(cls, frame: Any) -> Table:
        """Take a dataframe of Dask. Its partitions stay as they are; their rows are counted."""
        if not hasattr(frame, "to_delayed"):
            raise DataError(expected_frame(frame, "a Dask dataframe", "dask"))
        sizes = frame.map_partitions(len).compute()
        parts = tuple(
            DaskPart(part, int(size))
            for part, size in zip(frame.to_delayed(), sizes, strict=True)
            if size
        )
        return cls(parts, tuple(frame.columns), "a Dask dataframe")

    @property
    def n_rows(self) -> int:
        """Rows of the whole table."""
        return sum(part.rows for part in self.partitions)

    def sample(
        self, most: int, columns: Sequence[str] | None = None, seed: int = 0
    ) -> pd.DataFrame:
        """Read at most `most` rows, drawn at random; which ones does not depend on partitions.

        The labels of the rows are their places in the table.
        """
        names, n = list(columns or self.columns), self.n_rows
        places = np.arange(n) if n <= most else _drawn(n, most, seed)
        pieces, start = [], 0
        for part in self.partitions:
            low, high = np.searchsorted(places, (start, start + part.rows))
            if low < high:
                rows = part.read(names).take(places[low:high] - start)
                pieces.append(rows)
            start += part.rows
        return _joined(pieces).set_axis(pd.RangeIndex(n) if n <= most else pd.Index(places))


def _drawn(n: int, most: int, seed: int) -> Positions:
    """Return `most` places of `n`, ascending, without a list of all of them."""
    generator = np.random.default_rng([seed, n])
    return np.sort(generator.choice(n, most, replace=False, shuffle=False)).astype(np.intp)


def _joined(pieces: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put pieces together; a category keeps its type though each piece has levels of its own.

    Numbers stay numbers where one piece knows none of them: a file may hold such a column as null.
    """
    refuse_names_twice(pieces[0].columns)
    if len(pieces) == 1:
        return pieces[0]
    frame = pd.concat(pieces, ignore_index=True)
    for name in frame.columns:
        kinds = [piece[name].dtype for piece in pieces]
        if frame[name].dtype == object and all(isinstance(k, pd.CategoricalDtype) for k in kinds):
            frame[name] = pd.api.types.union_categoricals([piece[name] for piece in pieces])
        elif frame[name].dtype == object and _numbers_or_nothing([p[name] for p in pieces]):
            frame[name] = frame[name].astype(np.float64)
    return frame


def _numbers_or_nothing(pieces: Sequence[pd.Series]) -> bool:
    """Tell whether some pieces are numbers and all others hold nothing."""
    known = [piece.dtype for piece in pieces if piece.notna().any()]
    numeric = [np.issubdtype(k, np.number) for k in known if isinstance(k, np.dtype)]
    return bool(known) and len(numeric) == len(known) and all(numeric)


def _cuts(n: int, partitions: int | None) -> list[tuple[int, int]]:
    """Return first and last rows of partitions of nearly one size."""
    count = -(-n // PARTITION_ROWS) if partitions is None else partitions
    if partitions is not None and not (is_count(partitions) and count <= n):
        raise DataError(f"A table of {n:,} rows is cut into 1 to {n:,} partitions, not {count!r}.")
    stops = [n * place // max(count, 1) for place in range(count + 1)]
    return list(pairwise(stops))


def _arrow_table(data: Any) -> Any:
    """Return what hands its rows over as Arrow does (DuckDB, a reader of batches) as a table."""
    if not hasattr(data, "__arrow_c_stream__"):
        raise DataError(expected_frame(data, "a table of Arrow", "arrow"))
    pyarrow = checked_pyarrow("Arrow")
    if isinstance(data, pyarrow.Table):
        return data
    try:
        return pyarrow.table(data)
    except (pyarrow.ArrowException, OSError, TypeError) as error:
        raise DataError(
            f"Arrow reads no table from this {type(data).__name__}: {str(error).rstrip('.')}. "
            f"Bring rows with named columns, such as a pyarrow.Table."
        ) from error


def _files(path: str) -> Iterable[str]:
    if Path(path).is_file():  # its name may hold what a pattern is made of
        return [path]
    folder = Path(path).is_dir()
    wanted = f"{path}/*.parquet" if folder else path
    found = sorted(glob(f"{escape(path)}/*.parquet" if folder else path))
    if found:
        return found
    elsewhere = "://" in path
    if elsewhere or (folder and any(Path(path).rglob("*.parquet"))):
        what = "An address" if elsewhere else "A folder of folders"
        raise DataError(
            f"There is no file {wanted}. {what} is brought as a dataset: import pyarrow.dataset as "
            f"ds; wb.Table.arrow(ds.dataset(…, partitioning='hive'))"
        )
    raise DataError(f"There is no file {wanted}. Name Parquet files, a pattern, or a folder.")


def _check_by_trial(file: str) -> None:
    """Take a file apart in a child process, which may crash there."""
    ending = tried(TRIAL, fsencode(Path(file).absolute()), Limits(seconds=TRIAL_SECONDS))
    check_ending(ending, file, damaged)


def _groups(file: str, sizes: Sequence[int]) -> list[Partition]:
    """Join neighbouring row groups of a file to partitions of a good size."""
    parts: list[Partition] = []
    groups: list[int] = []
    rows = 0
    for group, size in enumerate(sizes):
        if groups and rows + size > PARTITION_ROWS:
            parts.append(ParquetPart(file, tuple(groups), rows))
            groups, rows = [], 0
        groups.append(group)
        rows += size
    return [*parts, ParquetPart(file, tuple(groups), rows)] if rows else parts


def _pieces_of(fragment: Any) -> list[Any]:
    split = getattr(fragment, "split_by_row_group", None)
    return [fragment] if split is None else list(split())


def _rows_of(fragment: Any) -> int:
    groups = getattr(fragment, "row_groups", None)  # count_rows() counts those of the whole file
    return sum(group.num_rows for group in groups) if groups else int(fragment.count_rows())
