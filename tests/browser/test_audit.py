"""An audit from beginning to end, in Voila and in JupyterLab, as a person does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import workbench as wb
from tests.browser.served_pages import LONG, opened, ready, run, words_of
from workbench.common.wording import signed, span
from workbench.models.trained_here import train_model
from workbench.report.outline.decided import as_decided

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    """The same audit in Python."""
    world = wb.datasets.loan()
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    return wb.audit(case, wb.UnlearningTarget.feature("zip_code"))


def numbers(report: wb.AuditReport) -> list[str]:
    """Totals and indirect effects with their intervals, as people read them."""
    return [
        written
        for entry in as_decided(report)
        for effect in (entry.total, entry.indirect)
        for written in (signed(effect.value), span(effect.interval(report.interval_level)))
    ]


def test_the_numbers_of_python_and_a_report_to_take_away(
    page: Page, report: wb.AuditReport, browser: Browser, tmp_path: Path
) -> None:
    verdict = run(page)
    assert report.verdict is not None
    expect(verdict).to_contain_text(report.verdict.headline)
    expect(verdict).to_contain_text(report.verdict.assurance)
    page.screenshot(path=tmp_path / "loan.png", full_page=True)
    text = words_of(page)
    for number in numbers(report):
        assert number in text
    for sentence in report.comparison().sentences:
        assert sentence in text
    for path in report.path_effects:
        assert " → ".join(path.path) in text
        assert signed(path.effect.value) in text
    assert report.provenance.data_fingerprint in text

    files = {}
    for label, start in (
        ("Report to read and print (HTML)", "<!doctype html"),
        ("All numbers (JSON)", "{"),
        ("The Python code that repeats it", "import"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        files[label] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[label])
        content = files[label].read_text("utf-8").lstrip().lower()
        assert start in content[:300]
    again = wb.AuditReport.from_json(files["All numbers (JSON)"].read_text("utf-8"))
    assert numbers(again) == numbers(report)

    # The report on another desk, with the network off.
    desk = browser.new_context(offline=True)
    read = desk.new_page()
    asked: list[str] = []
    errors: list[str] = []
    read.on("request", lambda request: asked.append(request.url))
    read.on("requestfailed", lambda request: errors.append(request.url))
    read.on("pageerror", lambda error: errors.append(str(error)))
    read.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    address = files["Report to read and print (HTML)"].as_uri()
    read.goto(address)
    offline = " ".join(read.locator("body").inner_text().split())
    assert [url for url in asked if url != address and not url.startswith("data:")] == []
    assert errors == []
    desk.close()
    assert report.verdict.headline in offline
    for number in numbers(report):
        assert number in offline

    # A result of other inputs says so, and holds again when the change is undone.
    opened(page, 3)
    race, notice = page.get_by_role("checkbox", name="race"), "This result is of before a change."
    race.check()
    expect(page.get_by_text(notice)).to_be_visible()
    expect(page.locator(".wb-stale .wb-verdict")).to_be_visible()
    race.uncheck()
    expect(page.get_by_text(notice)).to_be_hidden()
    expect(page.locator(".wb-verdict")).to_be_visible()
    expect(page.locator(".wb-stale")).to_have_count(0)


def test_the_verdict_is_read_while_the_other_methods_are_asked(page: Page) -> None:
    ready(page).click()
    verdict = page.locator(".wb-verdict")
    expect(verdict).to_be_visible(timeout=LONG)
    assert page.get_by_text("Done. The result is ready.").count() == 0
    others = page.get_by_role("link", name="Other methods (still being measured)")
    expect(others).to_be_visible()
    others.click()
    expect(page.get_by_text("Still being asked: SHAP").first).to_be_visible()
    headline = verdict.locator(".wb-title").inner_text()
    expect(page.get_by_text("Done. The result is ready.").first).to_be_visible(timeout=LONG)
    expect(verdict).to_contain_text(headline)
    expect(page.get_by_text("Still being asked")).to_have_count(0)


def test_a_subgroup_then_cancel_then_run_again(page: Page) -> None:
    start = ready(page)
    page.get_by_label("a subgroup: the rows where a condition holds").check()
    condition = page.get_by_role("textbox", name="Condition", exact=True)
    condition.fill("race == 'Black'")
    page.keyboard.press("Tab")
    data = wb.datasets.loan().data
    count = int((data["race"] == "Black").sum())
    expect(page.get_by_text(f"{count:,} of 5,000 rows").first).to_be_visible()

    for hostile in (
        "__import__('os').system('true')",
        "race.__class__.__mro__",
        "@data.to_csv('x')",
        "race == 'Black' and exec('1')",
        "(lambda: 0)()",
    ):
        condition.fill(hostile)
        page.keyboard.press("Tab")
        expect(start).to_be_disabled()
        expect(page.get_by_text("Step 3:").first).to_be_visible()
    condition.fill("race == 'Black'")
    page.keyboard.press("Tab")
    expect(start).to_be_enabled()

    start.click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("Cancelled. Nothing was kept").first).to_be_visible()
    expect(page.locator(".wb-verdict")).to_have_count(0)
    verdict = run(page)
    world = wb.datasets.loan()
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    target = wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])
    report = wb.audit(case, target, ("debiased", "cafe", "fuzzing"))
    assert report.verdict is not None
    expect(verdict).to_contain_text(report.verdict.headline)
    text = words_of(page)
    for number in numbers(report):
        assert number in text


def test_it_fits_a_narrow_window(page: Page, tmp_path: Path) -> None:
    run(page)
    page.set_viewport_size({"width": 768, "height": 900})
    page.screenshot(path=tmp_path / "narrow.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 768
