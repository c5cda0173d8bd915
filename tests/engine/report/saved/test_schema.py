"""The published schema: in step with the document, and true of what is written."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest

import workbench as wb
from tests.engine.report.saved import sample_reports, test_change
from workbench.report.saved.schema import SCHEMA_FILE, schema_text

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))


def test_the_published_schema_is_that_of_the_document() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), (
        "write it again: python -m workbench.report.saved.schema"
    )


@pytest.mark.parametrize("kind", ["every method", "datapoints", "every check", "no verdict"])
def test_a_written_report_keeps_to_the_schema(kind: str) -> None:
    jsonschema.validate(sample_reports.document(kind), SCHEMA)


@pytest.mark.parametrize("kind", ["rows", "actions and leaks", "membership"])
def test_a_written_comparison_keeps_to_the_schema(kind: str) -> None:
    jsonschema.validate(test_change.document(kind), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("features", []),
        ("n_target_rows", -1),
        ("verdict/decision", "fine"),
        ("effects/0/total", "0.1"),
        ("estimates/effects/0/total/column", "none"),
        ("odd", 1),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(path: str, value: object) -> None:
    found = copy.deepcopy(sample_reports.document("datapoints"))
    test_change.put(found, path, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)
    with pytest.raises(wb.AuditError):
        sample_reports.read(found)
