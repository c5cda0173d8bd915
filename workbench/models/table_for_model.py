"""A table read for a model: its columns get the types that the model was trained on.

The model only proposes. A reading is taken when the model knows every value of the column in it
and did not before, and it is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.common.errors import DataError, listed
from workbench.models.black_box import BlackBoxModel
from workbench.models.training_values import MISSING_WORDS, Trained, trained_on, unknown_values
from workbench.tables.files.column_types import Stated
from workbench.tables.files.delimited import READING_NOTES

__all__ = ["TableForModel", "table_for_model"]

MOST_COLUMNS = 50
"""Columns for which other readings are tried: each reads the file again."""


@dataclass(frozen=True, eq=False)
class TableForModel:
    """A table as a model was trained to read it.

    Attributes
    ----------
    data : DataFrame
        What was taken from the model is a note on how it was read: every report says it.
    said : Stated
        What was stated, with what the model adds.
    """

    data: pd.DataFrame
    said: Stated


def table_for_model(
    read: Callable[[Stated], pd.DataFrame], model: BlackBoxModel, said: Stated
) -> TableForModel:
    """Read a table, and the columns that a model does not know once more as it was trained.

    Parameters
    ----------
    read : callable
        Reads the table with what is stated of its columns.
    said : Stated
        What the auditor says; a column of which something is said is left as it is.
    """
    data, notes = read(said), []
    trained = trained_on(model.estimator)
    for column in _doubtful(model, data, trained)[:MOST_COLUMNS]:
        if column in said.types or said.marks(column) is not None:
            continue
        for proposed, words in _readings(column, trained[column], said):
            try:
                again = read(proposed)
            except DataError:
                continue
            if column not in _doubtful(model, again, trained):
                data, said = again, proposed
                sentence = (
                    f"{column} is {words}, because the model was trained on "
                    f"{_trained_words(trained[column])}."
                )
                notes.append((column, sentence))
                break
    if notes:  # a table that is kept may come here twice
        told = (*data.attrs.get(READING_NOTES, ()), *notes)
        data.attrs[READING_NOTES] = tuple(dict.fromkeys(told))
    return TableForModel(data, said)


def _doubtful(
    model: BlackBoxModel, data: pd.DataFrame, trained: Mapping[str, Trained]
) -> list[str]:
    """Name columns whose values the model does not know, or that are text and should be numbers."""
    text = [
        name
        for name, known in trained.items()
        if known.kind == "number" and name in data.columns and _is_text(data[name])
    ]
    return [*(found.column for found in unknown_values(model, data)), *text]


def _is_text(series: pd.Series) -> bool:
    return isinstance(series.dtype, pd.StringDtype) or series.dtype == object


def _readings(column: str, known: Trained, said: Stated) -> Iterator[tuple[Stated, str]]:
    """Name other ways to read a column, the likeliest first."""
    words = MISSING_WORDS | {""}
    if known.values and all(isinstance(value, bool) for value in known.values):
        yield _with(said, column, kind="yes/no"), "read as yes or no"
        return
    numbers = known.kind == "number" or all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known.values
    )
    if numbers:
        yield _with(said, column, kind="number"), "read as a number"
    else:
        yield _with(said, column, kind="text"), "read as text"
        if known.missing:
            yield _with(said, column, missing=words), "read with words such as NA as missing"
            both = _with(said, column, kind="text", missing=words)
            yield both, "read as text with words such as NA as missing"


def _with(said: Stated, column: str, *, kind: str | None = None, missing: Any = None) -> Stated:
    types = dict(said.types) | ({} if kind is None else {column: kind})
    marks = dict(said.missing_in) | ({} if missing is None else {column: frozenset(missing)})
    return Stated(types, said.missing, marks, said.decimal)


def _trained_words(known: Trained) -> str:
    if known.kind == "number":
        return "numbers there"
    return f"values such as {listed(sorted(known.values, key=str), limit=3)}"
