"""Tables that are chosen or brought, and refused in words."""

from __future__ import annotations

import io
import pickle
import re
from pathlib import Path

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

from tests.widgets.loading.loading_steps import (
    assert_same_by_code,
    choose,
    own_frame,
    own_table,
    picker,
    problem,
    status,
    upload,
    use,
    visible,
)
from tests.widgets.widget_tree import LONG, part, said, send
from widgets.loading.case_form import CaseForm
from widgets.loading.loader import DataModelLoader
from widgets.loading.sources import (
    SOURCES,
    Table,
    left_out,
    likely_features,
    likely_outcome,
    likely_predictions,
)
from widgets.loading.stated_types import StatedTypes
from widgets.parts.file_picker import FilePicker
from widgets.parts.table_preview import table_preview
from widgets.session.session import AuditSession


def test_the_loan_sample_is_there_at_once_and_nothing_else_is_asked(session: AuditSession) -> None:
    loader = DataModelLoader(session)
    assert loader.wait(LONG)
    assert session.case is not None and session.suggested == ("zip_code",)
    assert session.live_wanted
    assert visible(loader, FilePicker) == [] and visible(loader, CaseForm) == []
    assert visible(loader, W.Button) == []
    assert "Ready: 5,000 rows" in said(loader)


@pytest.mark.parametrize("kind", ["regression", "mlp"])
def test_the_code_of_a_sample_makes_the_same_model(session: AuditSession, kind: str) -> None:
    loader = DataModelLoader(session, start=None)
    choose(loader, data="performance", model=kind)
    assert_same_by_code(session)


@pytest.mark.parametrize("key", ["german_credit", "drug_consumption"])
def test_the_real_samples_load(
    loader: DataModelLoader,
    session: AuditSession,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    shared_data: Path,
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(shared_data))
    choose(loader, data=key)
    assert session.case is not None, status(loader).text
    assert session.suggested == SOURCES[key].suggested
    assert session.case.output == "probability"


@pytest.mark.parametrize("key", ["adult", "german_credit", "drug_consumption"])
def test_without_its_files_a_sample_says_so_and_can_be_tried_again(
    loader: DataModelLoader,
    session: AuditSession,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(tmp_path))
    choose(loader, data=key)
    assert re.search(r"no file '\w+\.data'", problem(loader, session))
    monkeypatch.setattr("widgets.loading.sources.sample_table", lambda *_: None)
    assert visible(loader, W.Button, description="Load it again")


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "mine.csv", "is empty"),
        (b"a,b\n", "mine.csv", "no row below"),
        (b"a,b\n1,2,3\n", "mine.csv", "has 3 cells"),
        (b"a,b\n1,2\n1,2,3\n", "mine.csv", "has 3 cells"),
        (b"\x00\x01\x02", "mine.csv", "not a text file"),
        (b"a,b\n1,2\n", "mine.xls", "must end in '.csv'"),
        (b"a,b\n1,2\n", "<script>.csv.exe", "must end in '.csv'"),
        (b"PAR1nothingPAR1", "mine.parquet", "Parquet"),
        (b"a,b\n1,2\n", "mine.parquet", "Parquet"),
        (pickle.dumps({"a": 1}), "mine.csv", "mine.csv"),
        ((",".join(f"c{i}" for i in range(201)) + "\n").encode(), "mine.csv", "at most 200"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(
    own: DataModelLoader, session: AuditSession, content: bytes, name: str, words: str
) -> None:
    upload(own, own_table())
    upload(own, content, name)
    assert words in problem(own, session)
    assert visible(own, CaseForm) == [], "the table before it is gone too"
    upload(own, own_table())
    assert status(own).kind == "good", "and the next one is read"


def test_too_many_cells_are_refused_before_they_are_parsed(
    own: DataModelLoader, session: AuditSession
) -> None:
    head = ",".join(f"c{i}" for i in range(200)) + "\n"
    upload(own, (head + ("," * 199 + "\n") * 25_001).encode())
    assert "at most 5,000,000 cells" in problem(own, session)


def test_a_parquet_bomb_is_refused(own: DataModelLoader, session: AuditSession) -> None:
    stream = io.BytesIO()
    pd.DataFrame({f"c{i}": np.zeros(2_000_000, dtype="int64") for i in range(3)}).to_parquet(
        stream, compression="zstd"
    )
    assert len(stream.getvalue()) < 100_000
    upload(own, stream.getvalue(), "bomb.parquet")
    assert "bomb.parquet" in problem(own, session)


@pytest.mark.parametrize("name", ["'); import os; os.abort()  #.csv", 'a"\n__import__("os").csv'])
def test_a_file_name_in_the_code_is_only_a_text(
    own: DataModelLoader, session: AuditSession, name: str
) -> None:
    upload(own, own_table(), name)
    use(own)
    assert session.code is not None, status(own).text
    assert f"data = wb.read_table({name!r})" in session.code
    compile(session.code, "audit.py", "exec")


def test_guesses_about_a_table() -> None:
    frame = own_frame().assign(
        name=[f"n{i}" for i in range(300)], same=1, day=pd.Timestamp("2024-01-01")
    )
    table = Table(frame.assign(lists=[[1]] * 300), (), ())
    kinds = {column.name: column.kind for column in table.columns}
    assert kinds["day"] == "date" and kinds["lists"] == "other" and kinds["age"] == "whole number"
    assert likely_outcome(table) == "hired"
    assert likely_features(table, "hired") == ("age", "income", "score")
    assert likely_predictions(table)[0] == "score"


def test_a_file_too_large_is_refused_in_words(own: DataModelLoader) -> None:
    chosen = picker(own, "CSV, Excel or Parquet")
    chosen._received(chosen, {"kind": "too-large", "name": "big.csv", "size": 2e8}, [])
    assert "'big.csv' holds 200 MB; this page takes at most 30 MB" in said(own)


def test_columns_are_left_out_for_what_they_are() -> None:
    rows = 60
    frame = pd.DataFrame({"customer id": range(rows), "visits": range(rows)})
    frame["day"] = pd.date_range("2024-01-30", periods=rows).strftime("%d.%m.%Y")
    frame["who"] = [f"person {number}" for number in range(rows)]
    frame["spent"] = [12_345.6 + number for number in range(rows)]
    table = Table(frame, (), ())
    assert left_out(table, None) == {
        "customer id": "another number in every row, like an id",
        "day": "60 dates",
        "who": "another text in every row, like a name or an id",
    }
    types = StatedTypes(lambda said: None)
    types.offer(table)
    assert "may be codes" not in said(types), "an id is left out: nothing is asked about it"
    shown = table_preview(table.data, table.columns)
    assert "12,346, 12,347" in shown and "e+04" not in shown


def test_another_way_to_a_model_does_not_lose_a_table_that_is_being_read(
    own: DataModelLoader,
) -> None:
    send(picker(own, "CSV, Excel or Parquet"), own_table(), "mine.csv", part_size=1_000_000)
    part(own, W.Dropdown, description="Model").value = "file"
    assert own.wait(LONG)
    assert "Read 300 rows and 4 columns" in said(own)
    assert picker(own, "Model file") in visible(own, FilePicker)
