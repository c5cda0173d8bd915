"""A function as bytes that another process can open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.common.errors import AuditError, DataError

__all__ = ["packed"]


def packed(function: Callable[..., Any]) -> bytes:
    """Return a function as bytes that another process can open.

    Raises
    ------
    AuditError
        It holds what cannot be sent, for instance a model with a lock, or one asked over HTTP.
    """
    from joblib.externals.loky.backend.reduction import dumps

    try:
        return bytes(dumps(function))
    except AuditError:
        raise
    except Exception as error:
        raise DataError(
            f"The model cannot be sent to other processes ({type(error).__name__}: {error}). Use "
            f"on=None (in the command line neither --workers nor --scheduler), or log its "
            f"predictions in a column of the table."
        ) from error
