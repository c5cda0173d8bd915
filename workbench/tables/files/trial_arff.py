"""Take an ARFF file apart; run in a child process, see ``common/trial.py``."""

import io
import json
import warnings

import numpy as np

LIBRARIES = ("scipy.io.arff",)


def take_apart(content: bytes, told: dict[str, int]) -> bytes:
    """Return the columns' names, the number of rows and each column's kind and values, as JSON.

    Of a table with more columns or cells than the caller tells there are no values. A missing
    number is NaN, a missing date "NaT".
    """
    from scipy.io import arff

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows, header = arff.loadarff(io.StringIO(content.decode()))
    names, kinds = header.names(), header.types()
    few = len(names) <= told["columns"] and len(rows) * len(names) <= told["cells"]
    columns = zip(names, kinds, strict=True) if few else ()
    found = [(kind, _plain(rows[name], kind)) for name, kind in columns]
    return json.dumps([names, len(rows), found]).encode()


def _plain(values: np.ndarray, kind: str) -> list[object]:
    if kind == "nominal":
        return [value.decode("utf-8") for value in values]
    return list(values.astype("str" if kind == "date" else np.float64).tolist())
