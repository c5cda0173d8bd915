"""Files that a page sends in parts, honestly or not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.widgets.widget_tree import send
from widgets.parts.file_picker import FilePicker


def test_a_page_that_lies_about_the_size_is_refused_too() -> None:
    got, words = [], []
    chosen = FilePicker("f", ".csv", 150, lambda *file: got.append(file), words.append)
    chosen.limit = 10**9  # what a page could send
    send(chosen, b"x" * 300)
    assert got == [] and "holds" in words[0]


def message(**changed: object) -> dict[str, object]:
    return {"kind": "part", "name": "a", "size": 1, "index": 0, "parts": 1, **changed}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text",
        [],
        {},
        {"kind": "part"},
        {"kind": ["part"]},
        message(index=5, parts=6),
        message(index=-1),
        message(index=True),
        message(index=False),
        message(index=0.0),
        message(index="0"),
        message(file=1),
        message(file=-1, files=2),
        message(files=0),
        message(file="0"),
        message(parts=0),
        message(parts=10**12),
        message(parts=2**70),
        message(name=5),
        message(name=None),
        {"kind": "unreadable", "name": 5},
    ],
)
@pytest.mark.parametrize("buffers", [[memoryview(b"a")], [], None, 5, [b"a", b"b"]])
def test_messages_that_no_page_would_send_do_no_harm(content: Any, buffers: Any) -> None:
    got, words = [], []
    chosen = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), words.append)
    chosen._received(chosen, content, buffers)
    assert got == [] and "Choose it again" in words[0]
    send(chosen, b"whole")
    assert got == [("mine.csv", b"whole")], "and the next file arrives"


def test_parts_of_two_files_are_not_mixed() -> None:
    got, words = [], []
    chosen = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), words.append)
    chosen._received(chosen, message(parts=2), [b"a"])
    chosen._received(chosen, message(index=1, parts=2, name="b"), [b"b"])
    assert got == [] and "did not arrive whole" in words[0]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../etc/passwd", "passwd"), ("C:\\a\\b.csv", "b.csv"), ("\ud800.csv", "?.csv")],
)
def test_a_file_is_named_without_folders(name: str, shown: str) -> None:
    got: list[Any] = []
    chosen = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), lambda _: None)
    send(chosen, b"a", name)
    send(chosen, b"a", "x" * 100_000)
    assert got[0][0] == shown and len(got[1][0]) < 300


def test_files_chosen_at_once_arrive_together() -> None:
    got, words = [], []
    chosen = FilePicker("f", ".x", 1_000, lambda *file: got.append(file), words.append)
    for place in (0, 1):
        send(chosen, b"x", f"{place}", place=place, files=2)
    assert got == [] and "at most 1 at once" in words[0], "one is asked for"
    many: list[object] = []
    chosen = FilePicker(
        "f", ".x", 1_000, lambda *file: got.append(file), words.append, several=many.extend
    )
    send(chosen, b"a" * 250, "a", place=0, files=3)  # the page was left before the others came
    for place, name in enumerate(("b", "c")):
        send(chosen, name.encode() * 250, name, place=place, files=2)
    assert got == [] and many == [("b", b"b" * 250), ("c", b"c" * 250)]
    send(chosen, b"d", "d")
    assert got == [("d", b"d")]
    for place in (0, 1):
        send(chosen, b"e" * 700, "e", place=place, files=2)
    assert len(many) == 2
    assert any("holds" in told for told in words), "the limit is of all together"
