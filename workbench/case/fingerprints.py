"""Fingerprints of data and of a black box: what changed when a result is made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.tables.columns import Column

__all__ = ["data_fingerprint", "model_fingerprint"]


def data_fingerprint(data: pd.DataFrame, columns: Mapping[str, Column], outcome: str | None) -> str:
    """SHA-256 of the audited columns and the outcome: names, types, order, labels, values."""
    digest = hashlib.sha256()
    _add(digest, list(data.index.names), data.index.tolist())
    types = dict(data.dtypes)  # a column of a wide table is dear to take out
    for name in dict.fromkeys([*columns, *([outcome] if outcome else [])]):
        kind, column = types[name], columns.get(name)
        _add(digest, name, str(kind))
        if isinstance(kind, pd.CategoricalDtype):
            _add(digest, kind.categories.tolist(), kind.ordered)
        if column is None:  # the outcome is not encoded
            _add(digest, data[name].tolist())
        else:
            _add(digest, column.levels)
            digest.update(column.values.tobytes())
    return digest.hexdigest()


def model_fingerprint(reads: tuple[str, ...], output: str, predictions: FloatArray) -> str:
    """SHA-256 of what can be known of a black box: what it reads and how it scores the rows."""
    digest = hashlib.sha256()
    _add(digest, reads, output)
    digest.update((np.round(predictions, 12) + 0.0).tobytes())
    return digest.hexdigest()


def _add(digest: Any, *parts: object) -> None:
    """Digest the written form of plain values, which is the same in every process."""
    for part in parts:
        digest.update(repr(part).encode("utf-8", "backslashreplace") + b"\0")
