"""Who asks, for whom and who signs: read with care, shown everywhere, and told to nobody else."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import workbench as wb
from workbench.cli.commands import app
from workbench.evidence.audit_results import report_file

CASE = """
asked_by = "Ann <b>Example</b>"
request = "2026-114"
received = 2026-11-02
law = "GDPR art. 17"

[arrows]
"income -> approved" = "the bank's rules of 2021"
"""
AUDIT = ("audit", "loan", "--target", "zip_code", "--method", "cafe")
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "case.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture(scope="module")
def case() -> wb.AuditCase:
    world = wb.datasets.loan(300, seed=2)
    model = wb.BlackBoxModel(
        lambda rows: (rows["income"] / 2e5).clip(0, 1).to_numpy(), features=["income", "zip_code"]
    )
    return wb.AuditCase(world.data, model, world.graph, outcome="approved")


@pytest.fixture(scope="module")
def report(case: wb.AuditCase, tmp_path_factory: pytest.TempPathFactory) -> wb.AuditReport:
    path = tmp_path_factory.mktemp("case") / "case.toml"
    path.write_text(CASE, encoding="utf-8")
    details = wb.read_case_details(path)
    return wb.audit(case, wb.UnlearningTarget.feature("income"), ["cafe"], details=details)


def test_a_file_is_read_and_what_is_left_out_is_empty(write: Write) -> None:
    found = wb.read_case_details(write(CASE))
    assert (found.request, found.received) == ("2026-114", "2026-11-02")
    assert found.notes == {("income", "approved"): "the bank's rules of 2021"}
    assert "Law" not in found.empty
    assert "To be signed by" in found.empty


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('recieved = "today"', "Did you mean 'received'"),
        ("law = 17", "is not text but int"),
        ("law = [", "is not TOML"),
        ("law = " + "[" * 5000, "is not TOML"),
        ('arrows = "income -> approved"', r"\[arrows\]"),
        ('[arrows]\n"income approved" = "x"', "is not an arrow"),
        (f'law = "{"x" * 501}"', "501 characters"),
        ("#" * 200_001, "200,000 bytes"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(write: Write, text: str, said: str) -> None:
    with pytest.raises(wb.DataError, match=said):
        wb.read_case_details(write(text))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_bytes(b'law = "\xff"')
    with pytest.raises(wb.DataError, match="UTF-8"):
        wb.read_case_details(path)
    with pytest.raises(wb.DataError, match="Cannot read"):
        wb.read_case_details(tmp_path / "none.toml")


def test_an_arrow_that_the_graph_lacks_names_the_nearest(
    case: wb.AuditCase,
) -> None:
    details = wb.CaseDetails(arrows={"incom -> approved": "?"})
    with pytest.raises(wb.DataError, match="Did you mean 'income -> approved'"):
        wb.audit(case, wb.UnlearningTarget.feature("income"), ["cafe"], details=details)


def test_the_first_page_shows_every_field_escaped(report: wb.AuditReport) -> None:
    page = report.to_html()
    first = page[: page.index("<main>")]
    assert "Ann &lt;b&gt;Example&lt;/b&gt;" in first
    assert "Ann <b>" not in page
    assert first.count("not stated") == 8
    assert "income → approved" in page
    assert "the bank&#39;s rules of 2021" in page


def test_a_report_without_a_case_says_nothing_of_one(report: wb.AuditReport) -> None:
    page = report.with_details(None).to_html()
    assert "not stated" not in page
    assert "Example" not in page


def test_a_saved_report_keeps_the_case(report: wb.AuditReport) -> None:
    again = wb.AuditReport.from_json(report.to_json())
    assert again.details == report.details
    assert again.to_html() == report.to_html()


def test_a_saved_case_of_another_kind_is_refused(report: wb.AuditReport) -> None:
    for key, value in (("law", 3), ("law", "x" * 501), ("judge", "x"), ("arrows", {"x": "y"})):
        saved = json.loads(report.to_json())
        saved["case_details"][key] = value
        with pytest.raises(wb.DataError):
            wb.AuditReport.from_json(json.dumps(saved))


def test_no_fingerprint_and_no_number_depends_on_the_case(
    case: wb.AuditCase, report: wb.AuditReport
) -> None:
    bare = wb.audit(case, wb.UnlearningTarget.feature("income"), ["cafe"])
    assert bare.provenance.data_fingerprint == report.provenance.data_fingerprint
    assert bare.provenance.model_fingerprint == report.provenance.model_fingerprint
    assert bare.to_csv() == report.to_csv()


def test_a_dossier_does_not_hand_on_the_case(report: wb.AuditReport) -> None:
    assert "Example" in report.to_json()
    assert b"Example" not in report_file(report)


def test_the_command_line_takes_a_case_file(write: Write, tmp_path: Path) -> None:
    saved, page = tmp_path / "audit.json", tmp_path / "audit.html"
    path = write(CASE.replace("income -> approved", "income -> late_payments"))
    ran = CliRunner().invoke(app, [*AUDIT, "--case-file", str(path), "--quiet"])
    assert ran.exit_code == 2
    assert "which the graph does not have" in ran.output
    ran = CliRunner().invoke(app, [*AUDIT, "--case-file", str(write(CASE)), "--json", str(saved)])
    assert ran.exit_code in {0, 1, 3}, ran.output
    assert "Request: 2026-114" in ran.output
    assert "8 of 12 fields are empty" in " ".join(ran.output.split())
    other = write(CASE.replace("2026-114", "2026-115"))
    CliRunner().invoke(
        app, ["report", str(saved), "--case-file", str(other), "--html", str(page), "--quiet"]
    )
    assert "2026-115" in page.read_text(encoding="utf-8")


def test_notes_of_the_graph_stand_in_the_report_where_the_case_says_nothing(
    case: wb.AuditCase,
) -> None:
    drawn = case.graph.with_note("income", "approved", "as drawn")
    drawn = drawn.with_note("race", "zip_code", "redlining")
    details = wb.CaseDetails(arrows={"income -> approved": "as stated"})
    target = wb.UnlearningTarget.feature("income")
    for given, reason in ((details, "as stated"), (None, "as drawn")):
        found = wb.audit(case.with_graph(drawn), target, ["cafe"], details=given)
        assert found.details is not None
        assert found.details.notes == {
            ("income", "approved"): reason,
            ("race", "zip_code"): "redlining",
        }
        assert "redlining" in found.to_html()
        assert b"redlining" not in report_file(found), "a dossier hands nothing of it on"


def test_an_arrow_that_a_case_cannot_write_is_left_out() -> None:
    found = wb.CaseDetails().with_arrows({("a->b", "c"): "?", (" a", "b"): "?", ("a", "b"): "!"})
    assert found.arrows == {"a -> b": "!"}


def test_a_word_file_holds_the_case(report: wb.AuditReport) -> None:
    docx = pytest.importorskip("docx")
    document = docx.Document(io.BytesIO(report.to_docx()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert "GDPR art. 17" in cells
    assert cells.count("not stated") >= 8
