"""Text columns that hold one Python string per level, not one per row.

Arrow keeps text as bytes. A model of scikit-learn reads Python strings, so that each question about
such a column makes a new string for every row, and then hashes it: of a logistic regression on
Adult this is half of what an answer takes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["with_shared_text"]

ROWS_PER_LEVEL = 4
"""Rows that a level has on average at the least: text that hardly comes twice stays as it is."""


def with_shared_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold the text of few levels as Python strings that rows share, in the frame itself.

    Values, missing ones and the columns' order stay the same, and the dtype is still ``str`` (or
    ``string``); only how it is stored is another.

    Returns
    -------
    DataFrame
        The frame that was given.

    Examples
    --------
    >>> frame = with_shared_text(pd.DataFrame({"a": ["x", "y"] * 4}, dtype="str"))
    >>> str(frame["a"].dtype), frame["a"][0] is frame["a"][2]
    ('str', True)
    """
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if not isinstance(dtype, pd.StringDtype) or dtype.storage == "python":
            continue
        codes, found = pd.factorize(frame[name].array)
        if ROWS_PER_LEVEL * len(found) > len(frame):
            continue
        # A missing value has the code −1, which takes the last.
        levels = np.append(np.asarray(found, dtype=object), [dtype.na_value])
        frame[name] = pd.array(levels[codes], dtype=pd.StringDtype("python", dtype.na_value))
    return frame
