"""What a table holds, column by column, and how that is shown before a model is chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import pandas as pd

import workbench as wb
from widgets.parts import markup
from workbench.case.recorded_outcome import audited_class
from workbench.common.wording import listing

__all__ = ["ColumnSummary", "case_summary", "summarise", "table_preview"]

FLAGS = re.compile(r"say so: --type .*", re.DOTALL)
"""How a column is stated on the command line and in Python: a page has a form for it."""
EXAMPLES = 3
ROWS, CASE_ROWS = 5, 3
LISTED = 12
"""Columns up to which all are listed in the open."""
READ_SHOWN = 8
"""Columns read by a model of which all are named in the open."""
WIDEST = 30
"""Columns of the first rows that are shown; the list of columns names all of them."""
SAMPLE = 1_000
"""Values looked at to tell what a column of mixed objects holds."""


@dataclass(frozen=True)
class ColumnSummary:
    """One column in a few words.

    Attributes
    ----------
    name : str
    kind : {"number", "whole number", "yes or no", "text", "date", "other"}
    distinct, missing : int
        Different values, and rows without one.
    examples : tuple of str
        The first few different values as text.
    """

    name: str
    kind: str
    distinct: int
    missing: int
    examples: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether an audit can work with the column: it varies, and holds no dates or lists."""
        return self.distinct > 1 and self.kind not in ("date", "other")


def summarise(data: pd.DataFrame) -> tuple[ColumnSummary, ...]:
    """Describe every column.

    Examples
    --------
    >>> [(c.name, c.kind) for c in summarise(pd.DataFrame({"age": [3, 4], "sex": ["f", "m"]}))]
    [('age', 'whole number'), ('sex', 'text')]
    """
    return tuple(_summary(str(name), data[name]) for name in data.columns)


def _summary(name: str, values: pd.Series) -> ColumnSummary:
    missing = int(values.isna().sum())
    try:
        distinct = values.dropna().unique()
        examples = tuple(markup.text_of(_plain(value)) for value in islice(distinct, EXAMPLES))
    except TypeError:  # lists and the like have no "same" or "different"
        return ColumnSummary(name, "other", 0, missing, ())
    return ColumnSummary(name, _kind(values), len(distinct), missing, examples)


def _kind(values: pd.Series) -> str:
    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return "yes or no"
    if pd.api.types.is_integer_dtype(dtype):
        return "whole number"
    if pd.api.types.is_complex_dtype(dtype):
        return "other"
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return "date"
    if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
        return "text"
    found = pd.api.types.infer_dtype(values.dropna().head(SAMPLE), skipna=True)
    if found in ("string", "empty"):
        return "text"
    if found == "boolean":
        return "yes or no"
    return "date" if found in ("date", "datetime", "time", "period") else "other"


def _plain(value: object) -> object:
    """Return a value that is not longer than an example may be."""
    return value[:60] if isinstance(value, str) else value


def table_preview(data: pd.DataFrame, columns: tuple[ColumnSummary, ...]) -> str:
    """Return what a table holds as markup: its columns, and its first rows to unfold."""
    rows = [
        (column.name, column.kind, column.distinct, column.missing, ", ".join(column.examples))
        for column in columns
    ]
    shown = markup.table(
        rows,
        ["column", "kind", "different values", "missing", "for instance"],
        caption=f"{len(data):,} rows, {len(columns)} columns",
        numeric=(2, 3),
    )
    if len(columns) > LISTED:
        summary = f"<summary>See its {len(columns):,} columns</summary>"
        shown = f'<details class="wb-more">{summary}{shown}</details>'
    return f'<div class="wb-columns-list">{shown}</div>{_first_rows(data, ROWS)}'


def case_summary(
    case: wb.AuditCase, *, origin: str = "", notes: tuple[str, ...] = (), rows: bool = True
) -> str:
    """Return what is audited as markup.

    Parameters
    ----------
    origin : str
        Where the model comes from, in words.
    notes : tuple of str
        What the auditor should know, beside the case's own warnings.
    rows : bool
        Whether to show the first rows too.
    """
    unseen = [name for name in case.features if name not in case.reads]
    unit = {"probability": "a probability", "log-odds": "log-odds"}.get(case.output, "a number")
    outcome, label = audited_class(case)
    if label is not None:
        unit = f"{unit} of {label if outcome is None else f'{outcome} = {label}'}"
    terms = {
        "Model": f"{case.model.name}, {origin}" if origin else case.model.name,
        "Predicts": f"{case.outcome} ({unit})" if case.outcome and label is None else unit,
        "Reads": listing(case.reads, READ_SHOWN),
        "Never sees": ", ".join(unseen) or "nothing that the graph holds is kept from it",
    }
    warned = (FLAGS.sub("state it under “State what a column holds”.", w) for w in case.warnings)
    more = "".join(markup.notice(text, "warning") for text in (*notes, *warned))
    shown = case.data[[*case.features, *([case.outcome] if case.outcome else [])]]
    first = _first_rows(shown, CASE_ROWS) if rows else ""
    return markup.figure_note(terms) + _all_read(case.reads) + more + first


def _all_read(names: Sequence[str]) -> str:
    """Name every column that a model reads, to unfold, where not all of them stand in the open."""
    if len(names) <= READ_SHOWN:
        return ""
    summary = f"<summary>See all {len(names):,} that it reads</summary>"
    return f'<details class="wb-more">{summary}{markup.paragraph(", ".join(names))}</details>'


def _first_rows(data: pd.DataFrame, n_rows: int) -> str:
    """Return the first rows of a table, to unfold."""
    shown = data.iloc[:n_rows, :WIDEST]
    hidden = data.shape[1] - shown.shape[1]
    count = f"The first {len(shown)} of {len(data):,} rows"
    table = markup.table(
        shown.itertuples(index=True, name=None),
        ["row", *map(str, shown.columns)],
        caption=f"{count}, the first {WIDEST} columns of {data.shape[1]}" if hidden else count,
        numeric=[
            place
            for place, name in enumerate(shown.columns, start=1)
            if pd.api.types.is_numeric_dtype(shown[name])
        ],
    )
    return f'<details class="wb-more"><summary>See its first rows</summary>{table}</details>'
