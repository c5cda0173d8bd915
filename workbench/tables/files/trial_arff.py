"""Take an ARFF file apart; run in a child process, see ``common/trial.py``."""

import io
import json
import warnings

import numpy as np

LIBRARIES = ("scipy.io.arff",)


def take_apart(content: bytes, told: int) -> bytes:
    """Return the columns' names, their kinds, the number of rows and each column's values, as JSON.

    Of a table with more cells than the caller tells there are no values. A missing number is NaN, a
    missing date "NaT".
    """
    from scipy.io import arff

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows, header = arff.loadarff(io.StringIO(content.decode()))
    names, kinds = header.names(), header.types()
    few = len(rows) * len(names) <= told
    values = [_plain(rows[n], k) for n, k in zip(names, kinds, strict=True)] if few else []
    return json.dumps([names, kinds, len(rows), values]).encode()


def _plain(values: np.ndarray, kind: str) -> list[object]:
    if kind == "nominal":
        return [value.decode("utf-8") for value in values]
    return list(values.astype("str" if kind == "date" else np.float64).tolist())
