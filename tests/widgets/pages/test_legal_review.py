"""The page of a legal team: one saved report, read without data and model."""

from __future__ import annotations

import hashlib
from html import escape
from pathlib import Path

import anywidget
import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, hostile_case, loan_case, part, parts, said, send
from widgets.pages.legal_review import LegalReview, ReportSession
from widgets.pages.report_file import REPORT_VARIABLE, open_report, read_report
from widgets.parts.download_button import DownloadButton
from widgets.parts.file_picker import FilePicker
from widgets.results.subgroup_choice import SubgroupChoice
from workbench.common.limits import JSON_BYTES
from workbench.common.wording import signed

GROUPS = {"new at work": "employment_years < 5", "nobody": "employment_years > 5000"}


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    case, target = loan_case(), wb.UnlearningTarget.feature("zip_code")
    return wb.audit(case, target, methods=("cafe", "fuzzing"), subgroups=GROUPS)


@pytest.fixture(scope="module")
def saved(report: wb.AuditReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "audit.json"
    report.to_json(path)
    return path


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REPORT_VARIABLE, raising=False)


def choose(page: LegalReview, content: bytes, name: str = "audit.json") -> None:
    send(part(page, FilePicker), content, name, part_size=100_000)


def shown(page: LegalReview) -> bool:
    result = next(w for w in page.children if "wb-result" in w._dom_classes)
    return bool(result.layout.display != "none")


def test_it_waits_for_a_file_and_shows_nothing_before() -> None:
    page = LegalReview()
    assert part(page, FilePicker).accept == ".json"
    assert page.session.report is None and not shown(page)
    assert "No result yet" in said(page)


def test_a_chosen_report_is_shown_with_its_fingerprint(report: wb.AuditReport, saved: Path) -> None:
    page = LegalReview()
    choose(page, saved.read_bytes(), "C:\\cases\\audit.json")
    assert shown(page)
    text = said(page)
    assert hashlib.sha256(saved.read_bytes()).hexdigest() in text
    assert "Opened audit.json." in text and "Whoever has a saved file can change it" in text
    assert report.verdict is not None
    assert escape(report.verdict.headline) in text
    assert signed(report.effects.of("cafe")["zip_code"].total.value) in text
    assert report.provenance.data_fingerprint in text
    assert "<svg" in text and "zip_code → neighborhood_income → prediction" in text


def test_the_served_report_opens_at_once_and_no_other(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REPORT_VARIABLE, str(saved))
    page = LegalReview()
    assert shown(page) and page.session.report is not None
    assert parts(page, FilePicker) == []
    assert str(saved.parent) not in said(page)


def test_nothing_on_the_page_could_run_or_change_anything(saved: Path) -> None:
    page = LegalReview(saved)
    assert not hasattr(page.session, "run") and not hasattr(page.session, "case")
    seen = {"report", "stale", "details", "live", "live_state", "live_problem"}
    assert set(ReportSession().trait_names()) == seen
    controls = W.Text | W.Textarea | W.Checkbox | W.Button | W.FloatText | W.SelectMultiple
    assert parts(page, controls) == []
    assert [d.description for d in parts(page, W.Dropdown)] == ["Group"]
    assert len(parts(page, DownloadButton)) >= 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "it is not text"),
        (b"{", "cannot be read as JSON"),
        (b"{}", "report"),
        (b"[" * 100_000, "report"),
        (b'{"format": "cafe-workbench-report", "format_version": 99}', "report"),
    ],
)
def test_what_is_no_report_is_said_in_words_and_takes_the_one_before_away(
    content: bytes, words: str, saved: Path
) -> None:
    page = LegalReview()
    choose(page, saved.read_bytes())
    assert shown(page)
    choose(page, content, "other.json")
    assert words in page._status.text and page._status.kind == "problem"
    assert "itself failed" not in page._status.text
    assert page.session.report is None and not shown(page)
    assert hashlib.sha256(saved.read_bytes()).hexdigest() not in said(page)


def test_too_large_a_file_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as stream:
        stream.truncate(JSON_BYTES + 1)
    with pytest.raises(wb.AuditError, match="at most 50 MB"):
        read_report(large)
    with pytest.raises(wb.AuditError, match="at most 50 MB"):
        open_report("large.json", bytes(JSON_BYTES + 1))
    page = LegalReview()
    picker = part(page, FilePicker)
    picker._received(picker, {"kind": "too-large", "name": "x.json", "size": 2e8}, [])
    assert "holds 200 MB; this page takes at most 50 MB" in page._status.text


@pytest.mark.parametrize("name", ["none.json", "."])
def test_a_given_file_that_cannot_be_read_is_said(name: str, tmp_path: Path) -> None:
    page = LegalReview(tmp_path / name)
    assert "Cannot read the report" in page._status.text and not shown(page)


def test_the_reader_chooses_a_group(report: wb.AuditReport, saved: Path) -> None:
    page = LegalReview(saved)
    choice = part(page, SubgroupChoice)
    assert part(choice, W.Dropdown).options == ("new at work",)
    entry = report.subgroups["new at work"]["zip_code"]
    assert signed(entry.total.value) in said(choice) and f"{entry.n_rows:,} rows" in said(choice)
    assert "Left out: nobody." in said(choice)


def test_a_report_without_groups_says_so() -> None:
    session = ReportSession()
    choice = SubgroupChoice(session)
    assert said(choice) == ""
    case, target = loan_case(), wb.UnlearningTarget.feature("zip_code")
    session.report = wb.audit(case, target, methods=("cafe",))
    assert "named no groups" in said(choice)
    assert part(choice, W.Dropdown).layout.display == "none"


def test_names_in_a_report_are_text() -> None:
    case, target = hostile_case(), wb.UnlearningTarget.feature(HOSTILE)
    made = wb.audit(case, target, methods=("cafe", "fuzzing"), subgroups={HOSTILE: "`b<c` > 0"})
    page = LegalReview()
    choose(page, made.to_json().encode(), HOSTILE)
    assert shown(page), page._status.text
    text = "".join(w.value for w in parts(page, W.HTML))
    assert escape(HOSTILE) in text
    assert "<img" not in text and "<script" not in text
    assert "<img" not in page.static_html()


def test_the_graph_shows_the_followed_ways(saved: Path) -> None:
    text = said(LegalReview(saved))
    assert "highlighted" in text and ">target<" in text and ">mediator<" in text


def test_a_saved_notebook_shows_the_findings(saved: Path) -> None:
    bundle = LegalReview(saved)._repr_mimebundle_()
    html = bundle["text/html"]
    assert "Influence above" in html and "<script" not in html
    assert "No report was opened" in LegalReview()._repr_mimebundle_()["text/html"]


def test_no_part_overrides_what_its_base_class_keeps_private(saved: Path) -> None:
    inherited = set(dir(W.VBox)) | set(vars(W.VBox())) | set(dir(anywidget.AnyWidget))
    allowed = {"_esm", "_repr_mimebundle_"} | {n for n in vars(W.VBox) if n.startswith("_")}
    for widget in (LegalReview(saved), part(LegalReview(saved), SubgroupChoice)):
        own = {name for name in vars(type(widget)) if not name.startswith("__")}
        assert not (own & inherited) - allowed
