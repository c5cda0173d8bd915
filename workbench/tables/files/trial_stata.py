"""Take a Stata file apart; run in a child process, see ``common/trial.py``."""

import io
import json
import warnings
from typing import Any

import pandas as pd

LIBRARIES = ("pandas.io.stata",)


def take_apart(content: bytes, told: dict[str, Any]) -> bytes:
    """Return the columns' names, the number of rows and each column's kind and values, as JSON.

    Of a table with more columns or cells than the caller tells there are no values. A kind is
    "text", "date", "numbers", or "labels" where every value has one and the caller does not tell
    that the column holds numbers; a missing value is null.
    """
    warnings.simplefilter("ignore")
    with pd.read_stata(io.BytesIO(content), chunksize=1, convert_categoricals=False) as reader:
        names, rows = list(reader.variable_labels()), int(vars(reader).get("_nobs", 0))
    if len(names) > told["columns"] or rows * len(names) > told["cells"]:
        return json.dumps([names, rows, []]).encode()
    plain = pd.read_stata(io.BytesIO(content), convert_categoricals=False)
    try:
        labelled = pd.read_stata(io.BytesIO(content), order_categoricals=False)
    except ValueError:  # two values with the same label
        labelled = plain
    found = [
        _column(plain[name], plain[name] if name in told["numbers"] else labelled[name])
        for name in names
    ]
    return json.dumps([names, len(plain), found]).encode()


def _column(plain: pd.Series, labelled: pd.Series) -> tuple[str, list[Any]]:
    if isinstance(labelled.dtype, pd.CategoricalDtype):
        named = labelled.astype(object)
        if all(isinstance(value, str) for value in named.dropna()):
            return "labels", [None if pd.isna(value) else value for value in named]
    if pd.api.types.is_datetime64_any_dtype(plain.dtype):
        return "date", [
            None if pd.isna(value) else str(value).removesuffix(" 00:00:00") for value in plain
        ]
    if pd.api.types.is_numeric_dtype(plain.dtype):
        return "numbers", [None if pd.isna(value) else value for value in plain.tolist()]
    return "text", [None if pd.isna(value) else str(value) for value in plain]
