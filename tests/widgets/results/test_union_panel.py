"""Different features for different rows, stated on the page: one verdict, files, and refusals."""

from __future__ import annotations

import io
from typing import Any

import ipywidgets as W
import pytest
from docx import Document

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, LONG, loan_case, part, said
from widgets.parts.job_row import JobRow
from widgets.results.union_panel import ACTION, UnionPanel
from widgets.session.session import AuditSession, AuditSettings

LINES = "zip_code where income > 50\n\nrace where income <= 50"


@pytest.fixture
def panel() -> UnionPanel:
    session = AuditSession()
    session.settings = AuditSettings(methods=("cafe",), threshold=0.02)
    session.open(loan_case())
    made = UnionPanel(session)
    made.build()
    return made


def write(panel: UnionPanel, text: str) -> None:
    part(panel, W.Textarea).value = text
    part(part(panel, JobRow), W.Button, description=ACTION).click()
    assert panel.wait(LONG)


def file(panel: UnionPanel, name: str) -> Any:
    return next(b._file[2]() for b in panel._files.children if b._file[0] == name)


def test_two_requests_get_one_verdict_and_files(panel: UnionPanel) -> None:
    assert panel._files.layout.display == "none"
    write(panel, LINES)
    found = panel.found
    assert found is not None and len(found.reports) == 2
    assert {report.target.names for report in found.reports.values()} == {("zip_code",), ("race",)}
    assert found._short().split(".")[0] in said(panel)
    assert "income" in panel.static_html() and panel._files.layout.display == ""
    panel._session.details = wb.CaseDetails(asked_by="Ms Ruiz")
    assert "Ms Ruiz" in file(panel, "union.html").decode()
    assert wb.UnionAudit.from_json(file(panel, "union.json")).decision == found.decision
    assert file(panel, "union.csv").startswith(b"block,")
    written = Document(io.BytesIO(file(panel, "union.docx")))
    cells = [cell.text for table in written.tables for row in table.rows for cell in row.cells]
    assert any(found._short() in text for text in cells)
    panel._session.settings = AuditSettings(methods=("cafe",), threshold=0.5)
    assert "have changed since this result" in said(panel)
    panel._session.open(loan_case())
    assert panel.found is None and found._short() not in said(panel)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zip_code", "at least two lines"),
        ("zip_code\nnobody where income > 50", "Line 2 (nobody where income &gt; 50)"),
        ("zip_code\nrace where income >", "Line 2"),
        ("zip_code\nrace where __import__('os')", "Line 2"),
        (f"zip_code\n{HOSTILE}", "Line 2"),
    ],
)
def test_what_is_no_union_is_refused_by_its_line(panel: UnionPanel, text: str, words: str) -> None:
    write(panel, text)
    status = part(panel, JobRow)._status
    assert status.kind == "problem" and words.replace("&gt;", ">") in status.text
    assert panel.found is None
