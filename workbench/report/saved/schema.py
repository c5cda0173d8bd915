"""The published JSON Schema of a saved report: ``report.schema.json`` beside this file.

After a change of the document: ``python -m workbench.report.saved.schema`` writes it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from workbench.report.saved.core import FORMAT_VERSION, SavedReport

__all__ = ["SCHEMA_FILE", "report_schema", "schema_text"]

SCHEMA_FILE = Path(__file__).with_name("report.schema.json")


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what :meth:`AuditReport.to_json` writes."""
    found = msgspec.json.schema(SavedReport)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Saved report of the CAFÉ Audit Workbench, format {FORMAT_VERSION}",
        "description": (
            "What a number could not be is null. The schema says which keys there are and of which "
            "kind; whether the numbers agree with each other is checked when the report is read."
        ),
        **{key: value for key, value in found.items() if key != "$defs"},
        "$defs": dict(sorted(found["$defs"].items())),
    }


def schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(report_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
