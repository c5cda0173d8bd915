"""The rows that answer an SQL query, over whatever connection the auditor holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any

import pandas as pd

from workbench.common.errors import DataError, listed

__all__ = ["asked"]


def asked(query: Any, connection: Any) -> Any:
    """Return the answer as a frame, or as the table of Arrow that an ADBC driver makes.

    What a query may be, the connection's driver knows.

    The frame has SQL's NULL as missing, whole numbers beside a NULL as floating numbers (as pandas
    has them), exact decimals as floating numbers, and dates as text.

    Raises
    ------
    DataError
        It is no connection, the database cannot be reached or refuses the query, or two columns
        have one name.
    """
    with _cursor(connection) as cursor:
        query = getattr(query, "text", query)  # of SQLAlchemy's text(…)
        try:
            cursor.execute(query)
            names = [column[0] for column in cursor.description or ()]
            _check_names(names)
            if hasattr(cursor, "fetch_arrow_table"):  # ADBC's drivers
                return cursor.fetch_arrow_table()
            rows = cursor.fetchall()
        except (DataError, MemoryError):
            raise
        except Exception as error:  # each driver has errors of its own
            raise DataError(f"The database refuses the query: {error}") from error
    return _frame(rows, names)


@contextmanager
def _cursor(connection: Any) -> Iterator[Any]:
    """Open what a query runs in, and close what was opened for it."""
    if isinstance(connection, ModuleType):  # DuckDB's looks like a connection, and is none
        name = connection.__name__
        how = f"Open one: {name}.connect(…)" if hasattr(connection, "connect") else "Open one."
        raise DataError(f"{name} is the package, not a connection to a database. {how}")
    with ExitStack() as opened:
        try:
            cursor = _opened(connection, opened)
        except (DataError, MemoryError):
            raise
        except Exception as error:  # closed already, or nobody answers: each driver says it its way
            raise DataError(f"The database cannot be reached: {error}") from error
        yield cursor


def _opened(connection: Any, opened: ExitStack) -> Any:
    if hasattr(connection, "raw_connection"):  # an engine of SQLAlchemy
        own = opened.enter_context(closing(connection.raw_connection()))
        return opened.enter_context(closing(own.cursor()))
    if hasattr(connection, "exec_driver_sql"):  # a connection of SQLAlchemy
        return opened.enter_context(closing(connection.connection.cursor()))
    if hasattr(connection, "fetchall"):  # DuckDB's is its own cursor; a new one sees no views
        return connection
    if hasattr(connection, "cursor"):
        return opened.enter_context(closing(connection.cursor()))
    raise DataError(
        f"An open connection to a database is expected (sqlite3.connect(…), a DuckDB or ADBC "
        f"connection, an engine of SQLAlchemy), not a {type(connection).__name__}."
    )


def _check_names(names: list[str]) -> None:
    if not names:
        raise DataError("The query answers with no rows. Write one that selects the table's rows.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"The query answers with two columns of one name: {listed(twice)}. Name each with AS."
        )


def _frame(rows: list[Any], names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame.from_records([tuple(row) for row in rows], columns=names)
    for name in names:
        column = frame[name]
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            frame[name] = column.astype("str")
        if column.dtype != object:
            continue
        if column.map(lambda value: isinstance(value, Decimal)).any():
            frame[name] = column.astype(float)
        elif column.map(lambda value: isinstance(value, date)).any():
            frame[name] = column.astype("str")
    return frame
