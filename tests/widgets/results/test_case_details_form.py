"""Who asks, for whom and who signs, typed on the page: in every file, and only where stated."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as W
import pytest
from traitlets import HasTraits, Instance

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, loan_case, part, parts, said, walk
from widgets.parts.disclosure import Disclosure
from widgets.results.case_details_form import CaseDetailsForm
from widgets.results.downloads import Downloads
from workbench.common.errors import DataError
from workbench.report.case_details import CASE_FIELDS

ARROW = ("zip_code", "neighborhood_income")


class Kept(HasTraits):
    """What has a report, and a case that was drawn."""

    report = Instance(wb.AuditReport, allow_none=True)
    case = Instance(wb.AuditCase, allow_none=True)
    details = Instance(wb.CaseDetails, allow_none=True)


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    return wb.audit(loan_case(), wb.UnlearningTarget.feature("zip_code"), ["cafe"])


@pytest.fixture
def session(report: wb.AuditReport) -> Kept:
    return Kept(report=report)


@pytest.fixture
def form(session: Kept) -> CaseDetailsForm:
    made = CaseDetailsForm(session)
    made.build()
    return made


def field(form: Any, label: str) -> W.Text:
    found: W.Text = part(form, W.Text, description=label)
    return found


def explain(form: Any, arrow: tuple[str, str], why: str) -> None:
    part(form, W.Dropdown).value = arrow
    field(form, "Why it is there").value = why


def file_of(panel: Any, name: str) -> bytes:
    made: bytes
    (made,) = (
        w._file[2]()
        for w in walk(panel)
        if isinstance(w, anywidget.AnyWidget) and hasattr(w, "_file") and w._file[0] == name
    )
    return made


def test_nothing_typed_is_no_case_and_one_field_shows_all_others_as_empty(
    form: CaseDetailsForm,
) -> None:
    assert form.details is None
    assert {w.description for w in parts(form, W.Text)} == {
        *(one.label for one in CASE_FIELDS),
        "Why it is there",
    }
    field(form, "Law").value = " GDPR art. 17 "
    assert form.details is not None and form.details.law == "GDPR art. 17"
    assert len(form.details.empty) == len(CASE_FIELDS) - 1


def test_the_form_is_made_when_it_is_opened_and_its_case_is_in_every_file(session: Kept) -> None:
    panel = Downloads(session)
    assert not parts(panel, W.Text)
    part(panel, Disclosure).opened = True
    field(panel, "Asked by").value = HOSTILE
    explain(panel, ARROW, "houses & prices")
    page = file_of(panel, "audit.html").decode()
    assert "not stated" in page and "houses &amp; prices" in page and HOSTILE not in page
    assert wb.AuditReport.from_json(file_of(panel, "audit.json").decode()).details is not None
    docx = pytest.importorskip("docx")
    document = docx.Document(io.BytesIO(file_of(panel, "audit.docx")))
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert {HOSTILE, "not stated", "houses & prices"} <= cells


def test_reasons_are_kept_by_arrow_listed_and_taken_back(form: CaseDetailsForm) -> None:
    explain(form, ARROW, HOSTILE)
    assert "&lt;img" in said(form) and HOSTILE not in said(form)
    assert "arrows have no reason yet" in said(form)
    part(form, W.Dropdown).value = ("race", "zip_code")
    assert field(form, "Why it is there").value == ""
    part(form, W.Dropdown).value = ARROW
    assert field(form, "Why it is there").value == HOSTILE
    explain(form, ARROW, "")
    assert form.details is None


def test_an_arrow_is_chosen_from_the_start(form: CaseDetailsForm, report: wb.AuditReport) -> None:
    field(form, "Why it is there").value = "typed at once"
    assert form.details is not None
    assert form.details.notes == {report.graph.edges[0]: "typed at once"}


def test_a_reason_of_an_arrow_that_is_gone_is_left_out(
    session: Kept, form: CaseDetailsForm
) -> None:
    explain(form, ARROW, "as it was")
    case = loan_case(wb.CausalGraph([ARROW[::-1]]))
    session.report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), ["cafe"])
    assert form.details is None


def test_reasons_of_the_drawn_graph_are_there_already(session: Kept) -> None:
    case = loan_case()
    session.case = case.with_graph(case.graph.with_note(*ARROW, "drawn so"))
    form = CaseDetailsForm(session)
    form.build()
    assert form.details is not None and form.details.notes == {ARROW: "drawn so"}
    explain(form, ARROW, "")
    assert form.details is None


def test_a_file_fills_the_form_and_the_form_makes_the_file(
    form: CaseDetailsForm, tmp_path: Path
) -> None:
    stated = wb.CaseDetails(
        law='GDPR "art. 17"\\',
        received="2026-11-02",
        arrows={"zip_code -> neighborhood_income": "é\x7f"},
    )
    form._opened("case.toml", stated.to_toml().encode())
    assert form.details == stated
    path = tmp_path / "again.toml"
    path.write_bytes(file_of(form, "case.toml"))
    assert wb.read_case_details(path) == stated
    form._opened("case.toml", b'signed_by = "Ann"')
    assert form.details is not None
    assert (form.details.signed_by, form.details.law) == ("Ann", stated.law)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"law = 17", "is not text"),
        (b"\xff", "UTF-8"),
        (b'[arrows]\n"zip_cod -> neighborhood_income" = "?"', "Did you mean"),
    ],
)
def test_a_file_that_is_wrong_changes_nothing(
    form: CaseDetailsForm, content: bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        form._opened("case.toml", content)
    assert form.details is None


def test_a_text_that_is_too_long_is_said_and_no_file_is_made(form: CaseDetailsForm) -> None:
    field(form, "Request").value = "x" * 501
    assert "501 characters" in said(form)
    with pytest.raises(DataError, match="501 characters"):
        _ = form.details


def test_another_report_brings_its_case_and_typed_texts_stay(
    session: Kept, form: CaseDetailsForm, report: wb.AuditReport
) -> None:
    field(form, "Auditor").value = "Bea"
    session.report = report.with_details(wb.CaseDetails(law="GDPR"))
    assert form.details is not None
    assert (form.details.auditor, form.details.law) == ("Bea", "GDPR")
    session.report = None
    assert field(form, "Auditor").value == "Bea"


def test_what_is_written_is_the_sessions_and_what_the_session_brings_is_shown(
    session: Kept, form: CaseDetailsForm
) -> None:
    field(form, "Asked by").value = "Mr <b>Ruiz"
    field(form, "Why it is there").value = "rents"
    assert session.details is not None and session.details.asked_by == "Mr <b>Ruiz"
    assert len(session.details.arrows) == 1
    field(form, "Law").value = "x" * 5_000  # refused in words; what stood before is kept
    assert session.details.law == "" and session.details.asked_by == "Mr <b>Ruiz"
    session.details = wb.CaseDetails(law="GDPR art. 17")
    assert (field(form, "Asked by").value, field(form, "Law").value) == ("", "GDPR art. 17")
    late = CaseDetailsForm(session)  # opened after the session came back
    late.build()
    assert field(late, "Law").value == "GDPR art. 17"
    field(form, "Law").value = ""
    assert session.details is None
