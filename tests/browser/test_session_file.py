"""A session outlives a reload, goes to another window as one file, and to no window by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser import served_pages
from tests.browser.accessibility import faults
from tests.browser.served_pages import LONG, Site, ready, run, settings_opened, without

pytestmark = pytest.mark.browser


def audited(page: Page) -> str:
    """Audit another sample with another target; return the verdict."""
    ready(page)
    page.get_by_label("Job performance (simulated)").check()
    expect(page.get_by_text("Ready: ").first).to_be_visible(timeout=LONG)
    ready(page)
    without(page)
    page.get_by_role("spinbutton", name="Seed of the random numbers").fill("7")
    page.keyboard.press("Tab")
    return run(page).locator(".wb-title").inner_text()


def test_a_reload_and_a_file_bring_the_session_back_and_nothing_leaks(
    browser: Browser, voila_site: Site, tmp_path: Path
) -> None:
    file = tmp_path / "session.json"
    with (
        served_pages.watched(browser, voila_site) as view,
        served_pages.watched(browser, voila_site) as other,
    ):
        page, beside = view.open(), other.open()
        headline = audited(page)
        page.get_by_role("link", name="How sure").click()
        expect(page.get_by_text("Do the estimators agree?")).to_be_visible()
        asked: list[str] = []

        def answer(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.accept()

        page.on("dialog", answer)
        page.reload()
        assert asked == ["beforeunload"], "leaving with unsaved work asks"
        expect(page.get_by_text("is back, with 1 result").first).to_be_visible(timeout=LONG)
        expect(page.locator(".wb-verdict .wb-title")).to_have_text(headline)
        expect(page.locator(".wb-stale")).to_have_count(0)
        expect(page.get_by_text("Do the estimators agree?")).to_be_visible()
        expect(page.get_by_role("heading", name="What was found")).to_be_hidden()
        expect(page.get_by_label("Job performance (simulated)")).to_be_checked()
        settings_opened(page)
        seed = page.get_by_role("spinbutton", name="Seed of the random numbers")
        expect(seed).to_have_value("7")
        page.get_by_role("button", name="Save this session, or open one").click()
        assert faults(page) == []
        with page.expect_download() as download:
            page.get_by_role("button", name="Save this session (file)").click()
        download.value.save_as(file)
        page.screenshot(path=tmp_path / "back.png", full_page=True)
        page.reload()
        assert asked == ["beforeunload"], "a session that is saved may be left"
        view.checked()

        # The window beside it is a process of its own: it has seen nothing, and it stays.
        ready(beside)
        expect(beside.get_by_label("Loan applications (simulated)")).to_be_checked()
        settings_opened(beside)
        expect(beside.get_by_role("spinbutton", name="Seed")).to_have_value("0")
        assert beside.locator(".wb-verdict").count() == 0
        assert headline not in beside.locator("body").inner_text()
        page.close()

        page = beside
        page.get_by_role("button", name="Save this session, or open one").click()
        page.get_by_label("Open a saved session").set_input_files(file)
        expect(page.get_by_text("The saved session is back, with 1 result")).to_be_visible(
            timeout=LONG
        )
        expect(page.locator(".wb-verdict .wb-title")).to_have_text(headline)
        expect(page.locator(".wb-stale")).to_have_count(0)
        forged = tmp_path / "forged.json"
        forged.write_text(file.read_text("utf-8").replace('"seed": 7', '"seed": -7'), "utf-8")
        page.get_by_label("Open a saved session").set_input_files(forged)
        expect(page.locator(".wb-session-file .wb-status[data-kind=problem]")).to_be_visible()
        expect(page.locator(".wb-verdict .wb-title")).to_have_text(headline)
        other.checked()
