"""Where a table can come from: the samples, and a file that somebody brought."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from widgets.parts.table_preview import ColumnSummary, summarise
from workbench.case.brought_table import BroughtTable
from workbench.common.limits import UPLOAD_BYTES, UPLOAD_CELLS, UPLOAD_COLUMNS
from workbench.common.progress import Progress
from workbench.datasets import samples
from workbench.tables.files.column_types import Stated, reading_code
from workbench.tables.whole_number_codes import named_like_code

__all__ = [
    "SOURCES",
    "Source",
    "Table",
    "left_out",
    "likely_features",
    "likely_outcome",
    "likely_predictions",
    "numbers_its_rows",
    "parsed",
    "sample_table",
    "table_of",
    "uploaded_table",
]

DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}(?!\d)")
MOST_LEVELS = 50
"""A text column with more levels than this is rather a name or a number of a person."""
MOST_NODES = 30
"""An empty graph with more nodes than this cannot be drawn in by hand; it begins with less."""


OWN_STORY = (
    "Bring a table; its first line names the columns. Nothing is stored: the table is gone when "
    "you close the page."
)


@dataclass(frozen=True)
class Source:
    """A sample that the page offers.

    Attributes
    ----------
    title : str
    story : str
        What a newcomer should know, in two sentences.
    suggested : tuple of str
        Features worth asking about first.
    """

    title: str
    story: str
    suggested: tuple[str, ...]


SOURCES = {
    "loan": Source(
        "Loan applications (simulated)",
        "A bank's model was made to forget the zip code, which stands in for race: it no longer "
        "reads either. But zip code shapes neighborhood income, and that the model still reads.",
        ("zip_code",),
    ),
    "heart_disease": Source(
        "Heart disease (simulated)",
        "A model predicts a patient's risk. Smoking and exercise also act on it in a roundabout "
        "way, through body mass and blood pressure.",
        ("smoking",),
    ),
    "performance": Source(
        "Job performance (simulated)",
        "A model scores employees. Gender acts on the score only through education, and education "
        "through experience and income.",
        ("gender",),
    ),
    "adult": Source(
        "Adult census income (real)",
        "The 1994 US census: who earns more than 50,000 dollars a year. The causal graph is a "
        "published one (Chiappa 2019). A random forest on it takes some minutes to audit.",
        ("sex",),
    ),
    "german_credit": Source(
        "German credit (real)",
        "1,000 customers of a German bank: who is a bad credit risk. The causal graph is a "
        "published one (Chikahara et al. 2021).",
        ("sex",),
    ),
    "drug_consumption": Source(
        "Drug consumption (real)",
        "1,885 people and their answers to a personality test: who used cannabis within the last "
        "year. The causal graph was proposed by an algorithm (LiNGAM): check its arrows.",
        ("gender",),
    ),
}


@dataclass(frozen=True, eq=False)
class Table(BroughtTable):
    """A table on the page, with what is worth asking of it first.

    Attributes
    ----------
    suggested : tuple of str
        Features worth asking about first.
    file : tuple of str and bytes, optional
        Name and content of the file that was brought, to read it again.
    said : Stated
        What the reader stated of the columns.
    """

    suggested: tuple[str, ...] = ()
    file: tuple[str, bytes] | None = None
    said: Stated = field(default_factory=Stated)

    @cached_property
    def columns(self) -> tuple[ColumnSummary, ...]:
        """What each column holds; looked up once, as it reads every cell."""
        return summarise(self.data)

    def nodes_to_draw(
        self, reads: tuple[str, ...], outcome: str | None, predictions: str | None
    ) -> tuple[str, ...]:
        """Return what the model reads, what else could be a cause, and the outcome."""
        others = tuple(
            name
            for name in likely_features(self, outcome)
            if name not in reads and name != predictions
        )
        known = super().nodes_to_draw(reads, outcome, predictions)
        drawn = (*reads, *others, *known[len(reads) :])
        return drawn if len(drawn) <= MOST_NODES else known


def sample_table(key: str, progress: Progress) -> Table:
    """Load a sample.

    Raises
    ------
    DataError
        Its files are not there and cannot be fetched.
    """
    progress("reading the data", 0.0)
    return Table(**vars(samples.sample_table(key)), suggested=SOURCES[key].suggested)


def uploaded_table(
    file: tuple[str, bytes], progress: Progress, said: Stated | None = None
) -> Table:
    """Read a table file that somebody brought, within the page's limits.

    Parameters
    ----------
    file : tuple of str and bytes
        Name and content.
    said : Stated, optional
        What the reader stated of the columns.

    Raises
    ------
    DataError
        The file is too large, or no table that can be read.
    """
    progress("reading the file", 0.0)
    said = said or Stated()
    table = table_of(parsed(file, said), file, said)
    progress("looking at its columns", 0.6)
    table.columns  # noqa: B018 — looked up here, in the background, and kept
    return table


def parsed(file: tuple[str, bytes], said: Stated) -> pd.DataFrame:
    """Return the table of a file that somebody brought; raises a DataError as above."""
    from workbench.tables.files.delimited import parse_table

    name, content = file
    return parse_table(
        content,
        name,
        said=said,
        max_bytes=UPLOAD_BYTES,
        max_columns=UPLOAD_COLUMNS,
        max_cells=UPLOAD_CELLS,
    )


def table_of(data: pd.DataFrame, file: tuple[str, bytes], said: Stated) -> Table:
    """Return the table of a file with the Python that reads it again."""
    code = f"data = wb.read_table({file[0]!r}{reading_code(said)})"
    return Table(data, (), (code,), file=file, said=said)


def left_out(table: Table, outcome: str | None) -> dict[str, str]:
    """Return the columns that are not proposed, each with the reason.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [3, 4], "land": ["d", "d"], "born": pd.to_datetime([0, 9])})
    >>> left_out(Table(frame, (), ()), None)
    {'land': 'one value only', 'born': 'dates'}
    """
    likely = {outcome, *likely_features(table, outcome)}
    rows = len(table.data)
    return {
        column.name: _why(column, rows) for column in table.columns if column.name not in likely
    }


def numbers_its_rows(column: ColumnSummary, rows: int) -> bool:
    """Whether a column is named like a code and has another whole number in every row."""
    whole = column.kind == "whole number" and rows > MOST_LEVELS
    return whole and column.distinct == rows and named_like_code(column.name)


def _why(column: ColumnSummary, rows: int) -> str:
    if column.kind in ("date", "other"):
        return "dates" if column.kind == "date" else "neither numbers nor text"
    if column.distinct < 2:
        return "one value only" if column.distinct else "no value"
    if numbers_its_rows(column, rows):
        return "another number in every row, like an id"
    if all(map(DATE.match, column.examples)):
        return f"{column.distinct:,} dates"
    if column.distinct == rows:
        return "another text in every row, like a name or an id"
    return f"{column.distinct:,} different texts, more than {MOST_LEVELS}, like names of people"


def likely_features(table: Table, outcome: str | None) -> tuple[str, ...]:
    """Name the columns that a model could sensibly read: no outcome, no names of people, no ids."""
    return tuple(
        column.name
        for column in table.columns
        if column.name != outcome
        and column.usable
        and (column.kind != "text" or column.distinct <= MOST_LEVELS)
        and not numbers_its_rows(column, len(table.data))
    )


def likely_outcome(table: Table, without: str | None = None) -> str:
    """Return the last column with two values, else the last numeric one, else the last."""
    columns = [column for column in table.columns if column.name != without]
    two = [column.name for column in columns if column.distinct == 2]
    numbers = [column.name for column in columns if "number" in column.kind]
    return (two or numbers or [column.name for column in columns])[-1]


def likely_predictions(table: Table) -> tuple[str, ...]:
    """Return the columns that could hold predictions, the likeliest first."""
    numbers = [column.name for column in table.columns if "number" in column.kind]
    words = ("predict", "score", "prob", "yhat", "y_hat")

    def rank(name: str) -> tuple[bool, bool]:
        values = table.data[name].dropna()
        share = bool(len(values)) and float(values.min()) >= 0 and float(values.max()) <= 1
        return (not any(word in name.lower() for word in words), not share)

    return tuple(sorted(reversed(numbers), key=rank))


def story(key: object) -> str:
    """Return what there is to know about a source; of any other, about a table of one's own."""
    if key is None:
        return ""
    return SOURCES[str(key)].story if key in SOURCES else OWN_STORY
