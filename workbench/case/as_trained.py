"""A table read for the model of a file: columns of the types that it was trained on, and its names.

The command line and the page read through it, so that both say the same of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.case.model_sources import ModelFile, ModelSource
from workbench.models.table_for_model import table_for_model
from workbench.tables.files.column_types import Stated

__all__ = ["AsTrained", "as_trained"]


@dataclass(frozen=True, eq=False)
class AsTrained:
    """A table and the source of its model, which fit each other.

    Attributes
    ----------
    source : ModelSource
    data : DataFrame
    said : Stated
        What was stated of the columns, with what the model adds.
    """

    source: ModelSource
    data: pd.DataFrame
    said: Stated


def as_trained(
    source: ModelSource,
    read: Callable[[Stated], pd.DataFrame],
    reads: Sequence[str],
    said: Stated,
) -> AsTrained:
    """Read a table as the model of a file was trained on it; as stated where there is no file.

    Parameters
    ----------
    read : callable
        Reads the table with what is stated of its columns.
    reads : sequence of str
        The columns that the model reads, where its file does not say.

    Raises
    ------
    AuditError
        The model or the table cannot be read.
    """
    if not isinstance(source, ModelFile):
        return AsTrained(source, read(said), said)
    opened = source.opened(reads)
    found = table_for_model(read, opened.model, said)
    if not set(opened.model.features or ()) <= set(found.data.columns):
        opened = source.opened(reads, found.data.columns)
    return AsTrained(opened, found.data, found.said)
