"""Code, labels and cells of a report hold nothing that a stranger could run."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from tests.engine.report.saved.sample_reports import report_of
from workbench.common.checked_code import check_code
from workbench.common.row_labels import SavedLabel
from workbench.common.strict_json import parse_strictly
from workbench.report.outline.decided import as_decided


def test_a_line_break_in_a_name_cannot_end_a_comment_of_the_code() -> None:
    code = report_of("hostile").to_code()
    assert "\nimport os" not in code
    compile(code, "code", "exec")


@pytest.mark.parametrize(
    "code",
    [
        "(1, 'a')",
        "Timestamp('2020-01-01 00:00:00')",
        "np.int64(3)",
        "-1.5",
        "None",
        "nan",
        "[1, {}]",
    ],
)
def test_values_are_allowed_as_labels(code: str) -> None:
    assert check_code(code) == code
    label = SavedLabel("shown", code)
    assert (str(label), repr(label), label) == ("shown", code, "shown")


@pytest.mark.parametrize(
    "code",
    ["x", "open('f')", "np.load('f')", "pd.read_pickle('f')", "1 + 1", "(lambda: 1)()", "1; 2",
     "f'{x}'", "[a for a in b]", "Timestamp(*[1])", "Timestamp(**{})", "a.b.c", "...", "", "1\n"],
)  # fmt: skip
def test_anything_more_is_not(code: str) -> None:
    with pytest.raises(wb.DataError, match="label of a row"):
        check_code(code)


def test_the_csv_holds_every_effect_and_no_formula(tmp_path: Path) -> None:
    report = report_of("hostile")
    text = report.to_csv(tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_bytes().decode() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    found = {(r["section"], r["name"], r["estimator"], r["part"]): r for r in rows}
    entry = as_decided(report).entries[0]
    row = found["effect", "", entry.estimator.label, "total"]
    assert float(row["value"]) == entry.total.value
    ends = entry.total.interval(report.interval_level)
    assert (float(row["low"]), float(row["high"])) == ends
    name = "<script>alert(1)</script>"
    assert ("subgroup", name, "debiased", "indirect") in found
    frame = report.subgroup_frame()
    difference = found["subgroup minus whole", name, "cafe", "total"]
    assert float(difference["value"]) == frame["total_difference"].item()
    assert {r["section"] for r in rows} >= {"path", "other feature"}
    for row in rows:
        for key in ("section", "name", "feature", "estimator", "part"):
            assert not row[key].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
        for key in ("value", "low", "high"):  # numbers stay numbers, minus sign and all
            assert np.isfinite(float(row[key]))
    assert any(row["feature"] == '\'=cmd|"/c calc"!A1' for row in rows)


def test_strict_reading_names_the_place() -> None:
    part = parse_strictly('{"a": {"b": [1, "x"]}}', "text")
    with pytest.raises(wb.DataError, match=r"text's 'a\.b\[1\]' is \"x\"; a number is expected"):
        [item.finite() for item in part["a"]["b"].items()]
