"""ARCHITECTURE.md tells the truth: its list of files is made from the files."""

from __future__ import annotations

import re

from docs import list_rooms


def test_the_list_of_files_is_up_to_date() -> None:
    text = list_rooms.PLACE.read_text("utf-8")
    assert text == list_rooms.with_list(text), "run: python docs/list_rooms.py"


def test_every_file_says_what_it_is() -> None:
    silent = [
        str(file.relative_to(list_rooms.ROOT))
        for package in list_rooms.PACKAGES
        for file in (list_rooms.ROOT / package).rglob("*.py")
        if not re.search(r"\w{3}.*\w{3}", list_rooms.first_line(file))
    ]
    assert not silent


def test_the_questions_of_a_newcomer_name_files_that_exist() -> None:
    text = list_rooms.PLACE.read_text("utf-8")
    asked = text.partition("## Where is it?")[2].partition("\n## ")[0]
    named = re.findall(r"`((?:workbench|widgets)/[\w/.]+)`", asked)
    assert len(named) >= 10
    assert [name for name in named if not (list_rooms.ROOT / name).exists()] == []
