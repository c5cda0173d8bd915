"""Reports that were saved before: files of format 2, as the code of that time wrote them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import workbench as wb

FOLDER = Path(__file__).with_name("format_2")
FILES = sorted(path.stem for path in FOLDER.glob("*.json"))
WORDS = ("note", "format_version", "code", "sentences")


def alike(one: Any, other: Any) -> bool:
    """Whether a later document holds the same numbers; words, and keys beside them, may be new."""
    if isinstance(one, dict) and isinstance(other, dict):
        kept = one.keys() - {"sentences"}
        return one.keys() <= other.keys() and all(alike(one[key], other[key]) for key in kept)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
    return isinstance(one, str) == isinstance(other, str) and (isinstance(one, str) or one == other)


def test_there_are_such_files() -> None:
    assert len(FILES) == 4


@pytest.mark.parametrize("name", FILES)
def test_a_report_of_format_2_still_opens(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text("utf-8")
    before = json.loads(text)
    assert before["format_version"] == 2
    again = json.loads(wb.AuditReport.from_json(text).to_json())
    assert again["format_version"] == 3
    for document in (before, again):
        del document["estimates"]["blocks"]  # the same inner products, decomposed again
        if document["verdict"] is not None:
            del document["verdict"]["smallest_threshold"]  # another figure since
    assert before.keys() <= again.keys()
    for key in before.keys() - set(WORDS):
        assert alike(before[key], again[key]), key


def test_an_edited_file_of_format_2_is_refused() -> None:
    found = json.loads((FOLDER / "every_check.json").read_text("utf-8"))
    found["hidden_subgroups"]["table"][0]["difference"] += 0.01
    with pytest.raises(wb.DataError, match="changed after it was written"):
        wb.AuditReport.from_json(json.dumps(found))
