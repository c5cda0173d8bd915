"""Levels of a feature as they are named."""

from __future__ import annotations

import pandas as pd

from workbench.methods.profile import levels
from workbench.tables.columns import encode_column


def test_what_looks_like_another_is_named_in_full_if_a_number_and_never_by_a_code() -> None:
    numbers = encode_column("a", pd.Series([1.0, 1.00000001, 1000.5] * 50))
    assert levels.tested_levels(numbers, None, seed=0).labels == ("1", "1.00000001", "1000.5")
    category = encode_column("c", pd.Series(["a", None, "missing"] * 50, dtype=object))
    assert levels.tested_levels(category, None, seed=0).labels == ("a", "missing", "missing")
