"""Step 1 without a browser: tables and models that are chosen, refused, and become a case."""

from __future__ import annotations

import re
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import (
    LONG,
    part,
    parts,
    said,
    send,
)
from widgets.browser_parts import FilePicker, StatusLine
from widgets.loader import DataModelLoader
from widgets.session import AuditSession


def own_table() -> bytes:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(20, 70, 300)})
    frame["income"] = frame["age"] * 2 + rng.normal(size=300).round(3)
    frame["hired"] = np.where(frame["income"] > 90, "yes", "no")
    return frame.to_csv(index=False).encode()


@pytest.fixture
def own(session: AuditSession) -> DataModelLoader:
    loader = DataModelLoader(session, start=None)
    part(loader, W.RadioButtons).value = "own"
    return loader


def test_a_table_of_ones_own_becomes_a_case(own: DataModelLoader, session: AuditSession) -> None:
    send(part(own, FilePicker), own_table())
    assert "Read 300 rows and 3 columns" in said(own)
    outcome = next(d for d in parts(own, W.Dropdown) if "Outcome" in d.description)
    assert outcome.value == "hired"
    part(own, W.SelectMultiple).value = ("income",)
    part(own, W.Textarea).value = "age -> income\nincome -> hired"
    part(own, W.Button).click()
    assert own.wait(LONG)
    assert session.case is not None
    assert session.case.reads == ("income",)
    assert session.case.graph == wb.CausalGraph([("age", "income"), ("income", "hired")])
    assert session.case.output == "probability"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age -> income -> age", "circle|cycle"),
        ("agee -> income", "agee.*does not have"),
        ("{not json", "not JSON"),
    ],
)
def test_a_graph_that_cannot_be_is_said(
    own: DataModelLoader, session: AuditSession, text: str, words: str
) -> None:
    send(part(own, FilePicker), own_table())
    part(own, W.Textarea).value = text
    part(own, W.Button).click()
    assert own.wait(LONG)
    assert session.case is None
    status = part(own, StatusLine)
    assert status.kind == "problem"
    assert re.search(words, status.text), status.text


def test_a_file_too_large_is_refused_in_words(own: DataModelLoader) -> None:
    picker = part(own, FilePicker)
    picker._received(picker, {"kind": "too-large", "name": "big.csv", "size": 2e8}, [])
    assert "'big.csv' holds 200 MB; this page takes at most 30 MB" in said(own)


def test_a_page_that_lies_about_the_size_is_refused_too() -> None:
    got, words = [], []
    picker = FilePicker("f", ".csv", 150, lambda *file: got.append(file), words.append)
    picker.limit = 10**9  # what a page could send
    send(picker, b"x" * 300)
    assert got == [] and "holds" in words[0]


@pytest.mark.parametrize(
    "content",
    [None, "text", {}, {"kind": "part"}, {"kind": "part", "index": 5, "parts": 6, "name": "a"}],
)
def test_messages_that_no_page_would_send_do_no_harm(content: Any) -> None:
    got, words = [], []
    picker = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), words.append)
    picker._received(picker, content, [memoryview(b"a")])
    assert got == [] and "Choose it again" in words[0]


def test_without_the_files_adult_says_both_ways(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(tmp_path))
    loader = DataModelLoader(session, start=None)
    part(loader, W.RadioButtons).value = "adult"
    assert loader.wait(LONG)
    status = part(loader, StatusLine)
    assert status.kind == "problem" and "adult.data" in status.text
    assert session.case is None
