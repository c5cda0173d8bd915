"""Text of few levels is one Python string per level, and the same text as before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.case.audit_case import AuditCase
from workbench.graph.causal_graph import CausalGraph
from workbench.tables.shared_text import with_shared_text

TEXT = ["a", None, "b b", "é", "a", "a", "b b", None] * 5


@pytest.mark.parametrize("storage", ["pyarrow", "python"])
@pytest.mark.parametrize("gap", [np.nan, pd.NA])
def test_the_same_text_with_the_same_gaps(storage: str, gap: object) -> None:
    before = pd.Series(TEXT, dtype=pd.StringDtype(storage, gap))
    after = with_shared_text(pd.DataFrame({"text": before, "n": range(40)}))["text"]
    assert str(after.dtype) == str(before.dtype)
    assert after.array.dtype.na_value is before.array.dtype.na_value
    assert after.isna().tolist() == before.isna().tolist()
    assert after.dropna().tolist() == before.dropna().tolist()


def test_text_that_hardly_comes_twice_stays_as_it_is() -> None:
    names = pd.Series([f"name {i}" for i in range(40)], dtype="str")
    assert with_shared_text(pd.DataFrame({"name": names}))["name"].dtype == names.dtype


def test_a_model_is_shown_one_string_per_level_and_the_auditors_table_stays() -> None:
    seen: list[pd.DataFrame] = []

    def model(rows: pd.DataFrame) -> pd.Series:
        seen.append(rows)
        return (rows["text"] == "a") * 0.5

    frame = pd.DataFrame({"text": pd.Series(TEXT, dtype=pd.StringDtype("pyarrow", np.nan))})
    before = frame.copy()
    case = AuditCase(frame, model, CausalGraph([], nodes=["text"]), features=["text"])
    case.ask(
        case.data.take([0, 4, 5]).assign(text=case.columns["text"].decode(np.array([0, 0, 1])))
    )
    for rows in seen:
        cells = rows["text"].dropna().tolist()
        assert len({id(cell) for cell in cells}) == len(set(cells))
    assert frame.dtypes.equals(before.dtypes)
    assert frame.equals(before)
