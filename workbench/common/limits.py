"""Every bound on what strangers bring: how much is read, how large, how deep, and why so much.

A limit is a whole number that also says its unit and its reason; :func:`limits_table` lists all.
"""

from __future__ import annotations

import pandas as pd

__all__ = ["Limit", "limits_table"]


class Limit(int):
    """The most that is taken of something that somebody brings.

    Attributes
    ----------
    unit : str
    why : str
        What would go wrong beyond it.

    Examples
    --------
    >>> GRAPH_NODES + 0, GRAPH_NODES.unit
    (5000, 'nodes')
    """

    unit: str
    why: str

    def __new__(cls, value: int, unit: str = "", why: str = "") -> Limit:
        """Make a limit."""
        made = super().__new__(cls, value)
        made.unit, made.why = unit, why
        return made

    def __getnewargs__(self) -> tuple[int, str, str]:  # type: ignore[override]
        return int(self), self.unit, self.why


# Tables from files.
TABLE_BYTES = Limit(1_000_000_000, "bytes", "a table is held in memory, several times while read")
TABLE_CELLS = Limit(100_000_000, "cells", "each takes some 8 bytes or more in memory")
TABLE_COLUMNS = Limit(2_000, "columns", "regressions grow with their square")
COLUMN_NAME_CHARACTERS = Limit(200, "characters", "a longer name is a line of data, not a header")
CELL_CHARACTERS = Limit(131_072, "characters", "what Python's csv module reads of one cell")
TABLE_SCHEMA_BYTES = Limit(5_000_000, "bytes", "a description of columns is small")
PARQUET_BYTES_PER_CELL = Limit(16, "bytes", "a file may unpack to this much for each cell")
XLSX_BYTES = Limit(1_000_000_000, "bytes", "of XML that a workbook unpacks to")
XLSX_CELLS = Limit(10_000_000, "cells", "of a workbook; a million takes some seconds")
XLSX_ROWS = Limit(1_048_576, "rows", "no sheet of Excel has more; gaps between rows are counted")

EQUATION_WORK = Limit(
    4_000_000_000, "steps", "rows × terms × levels² of a category's equation; about a minute"
)

# What is brought to the page by upload.
UPLOAD_BYTES = Limit(30_000_000, "bytes", "the browser sends it in one message")
UPLOAD_COLUMNS = Limit(200, "columns", "more cannot be ticked by hand")
UPLOAD_CELLS = Limit(5_000_000, "cells", "several pages share one computer")
FILE_NAME_CHARACTERS = Limit(255, "characters", "file systems allow no longer ones")
SECRET_CHARACTERS = Limit(7_000, "characters", "servers refuse longer headers")

MESSAGE_BYTES = Limit(4 * 2**20, "bytes", "of one message from a page; uploads come in parts")
SERVED_PAGES = Limit(8, "pages", "open at once by default; each has a process of some 320 MB")
CLASS_READERS = Limit(200, "pages", "one process answers all of them, one after another")
CLASS_FORM_BYTES = Limit(4_096, "bytes", "of a form with an answer: two numbers and a proof")
PAGE_RETRAINED = Limit(10, "models", "the page shows each one's effects side by side")
PAGE_SUBGROUPS = Limit(20, "subgroups", "each is estimated by every estimator")
PAGE_NAME_CHARACTERS = Limit(60, "characters", "of a subgroup; a longer one fits no list")

# Graphs.
GRAPH_BYTES = Limit(5_000_000, "bytes", "some hundred times the largest graph that is read")
GRAPH_NODES = Limit(5_000, "nodes", "questions of separation grow with their number")
GRAPH_EDGES = Limit(50_000, "edges", "paths grow with their number")
GRAPH_WORDS = Limit(600_000, "words", "words, signs and gaps: a few seconds' work")
GRAPH_LATENTS = Limit(50, "nodes", "hidden causes that the editor adds; each is drawn")
GRAPH_PLACES = Limit(1_000, "nodes", "places that the drawing keeps, the latest ones")
LATENT_NAME_CHARACTERS = Limit(80, "characters", "of a hidden cause; a longer one fits no node")
EDIT_CHARACTERS = Limit(20_000, "characters", "of one order from the drawing")

# Models.
SKOPS_BYTES = Limit(2_000_000_000, "bytes", "of the file, and of what it unpacks to")
SKOPS_PARTS = Limit(100_000, "files", "in one model file, each of which is opened")
SKOPS_SCHEMA_BYTES = Limit(200_000_000, "bytes", "of the part that is parsed as JSON")
ONNX_BYTES = Limit(500_000_000, "bytes", "a model is held in memory several times")
ONNX_NODES = Limit(100_000, "steps", "each is checked before the model runs")
ONNX_MEMORY = Limit(2_000_000_000, "bytes", "of all running models together")
ONNX_SECONDS = Limit(60, "seconds", "for one question; a loop may never end")
MODEL_FEATURES = Limit(100_000, "features", "of a model file; each has a name and a place")
RETRAINED_MODELS = Limit(100, "models", "each is asked as often as the audited one")

# Endpoints.
URL_CHARACTERS = Limit(2_000, "characters", "servers refuse longer addresses")
ENDPOINT_ROWS = Limit(100_000, "rows", "in one request, which is held in memory as text")
RETRY_SECONDS = Limit(8, "seconds", "of the longest pause before a question is put again")
RETRY_ASKED_SECONDS = Limit(30, "seconds", "of a pause that a server asks for by Retry-After")
ANSWER_BYTES = Limit(1_000_000, "bytes", "of an answer, whatever the number of rows")
ANSWER_BYTES_PER_ROW = Limit(4_000, "bytes", "of an answer, more for each row")

# Texts.
UBJSON_DEPTH = Limit(40, "levels", "of a model that XGBoost saved; read level by level")
JSON_BYTES = Limit(50_000_000, "bytes", "of a saved report; parsing takes many times as much")
JSON_VALUES = Limit(2_000_000, "values", "of a saved report; each becomes a Python object")
REPORT_ENTRIES = Limit(5_000, "entries", "in a list of a saved report; each is checked again")
REPORT_ATTRIBUTIONS = Limit(100, "entries", "each holds up to thousands of features")
REPORT_MODELS = Limit(RETRAINED_MODELS + 2, "models", "those retrained, and before and after")
REPORT_TRIALS = Limit(1_000_000, "trials", "the interval of their share is derived again")
PROFILE_LEVELS = Limit(500, "levels", "of a feature in a saved profile; derived again from them")
PROFILE_FEATURES = Limit(1_000, "features", "in a saved profile; each is derived again")
EDIT_ARROWS = Limit(20, "arrows", "in the names of the two features that an arrow joins")
CASE_FILE_BYTES = Limit(200_000, "bytes", "of a case file, which people type")
CASE_FIELD_CHARACTERS = Limit(500, "characters", "of a field; all stand on the first page")
DVC_LOCK_BYTES = Limit(20_000_000, "bytes", "a lock file lists hashes; it is parsed as YAML")
CODE_CHARACTERS = Limit(1_000_000, "characters", "of the call that a saved report holds")
CONDITION_CHARACTERS = Limit(2_000, "characters", "of a condition or a search")
CONDITION_DEPTH = Limit(50, "levels", "of a condition; Python's own parser has a limit, too")
OUTPUT_NAME_CHARACTERS = Limit(200, "characters", "of an output or a class, which stand in tables")
SUBGROUP_NAME_CHARACTERS = Limit(200, "characters", "a name stands in tables and sentences")


def limits_table() -> pd.DataFrame:
    """Return every limit: name, value, unit, why.

    Examples
    --------
    >>> limits_table().set_index("name").loc["GRAPH_NODES", "value"].item()
    5000
    """
    known = [(name, value) for name, value in globals().items() if isinstance(value, Limit)]
    return pd.DataFrame(
        [(name, int(limit), limit.unit, limit.why) for name, limit in known],
        columns=["name", "value", "unit", "why"],
    )
