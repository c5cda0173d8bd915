"""The page's two panes: the question beside the answer, its steps, its tabs, its first picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import served_pages
from tests.browser.served_pages import LONG, Site, Watched, ready, run
from tests.browser.test_accessibility import faults

pytestmark = pytest.mark.browser

SIZES = ((1280, 900), (768, 900), (390, 844))
MOST = 6_000
"""Pixels of the whole page with a result in a wide window; it was 13,500 as one scroll."""
NESTED = """
() => [...document.querySelectorAll('.wb-page *')].filter((at) =>
    ['auto', 'scroll'].includes(getComputedStyle(at).overflowY)
    && at.scrollHeight > at.clientHeight + 1 && at.clientHeight > 0
    && !at.matches('textarea, select, .wb-foot')
).map((at) => at.className)
"""


@pytest.fixture
def view(browser: Browser, voila_site: Site) -> Iterator[Watched]:
    with served_pages.watched(browser, voila_site) as found:
        yield found
        found.checked()


def box(part: Locator) -> tuple[float, float]:
    """Return where a part begins: left, top."""
    found = part.bounding_box()
    assert found is not None
    return found["x"], found["y"]


def height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


def test_the_question_stands_beside_the_answer_and_folds(view: Watched, tmp_path: Path) -> None:
    page = view.open()
    ready(page)
    question, answer = page.locator(".wb-question"), page.locator(".wb-answer-pane")
    assert box(question)[1] == pytest.approx(box(answer)[1], abs=2)
    assert box(question)[0] < box(answer)[0]
    run(page)
    for number in (1, 2, 3, 4):
        expect(page.get_by_role("button", name=f"Open step {number}")).to_be_visible()
    expect(page.locator(".wb-at-data")).to_contain_text("5,000 rows")
    expect(page.locator(".wb-canvas")).to_be_hidden()
    # Files first, then the verdict, then the picture of the whole range.
    files, verdict = (
        page.get_by_role("button", name="All numbers (JSON)"),
        page.locator(".wb-verdict"),
    )
    picture = page.locator(".wb-answer-pane .wb-part figure").first
    expect(picture).to_contain_text("zip_code, level by level")
    assert box(files)[1] < box(verdict)[1] < box(picture)[1]
    page.screenshot(path=tmp_path / "wide.png", full_page=True)
    assert height(page) < MOST
    assert page.evaluate(NESTED) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width, tall in SIZES:
            page.set_viewport_size({"width": width, "height": tall})
            page.wait_for_timeout(300)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert faults(page) == []
    assert box(answer)[1] > box(question)[1] + 100, "one column where it is narrow"


def test_the_bar_of_steps_stays_in_view_and_says_how_each_stands(view: Watched) -> None:
    page = view.open()
    ready(page)
    bar = page.get_by_role("navigation", name="Steps")
    expect(bar.get_by_role("link", name="Data (done)")).to_be_visible()
    expect(bar.get_by_role("link", name="Result (none yet)")).to_be_visible()
    run(page)
    expect(bar.get_by_role("link", name="Result (ready)")).to_be_visible()
    page.mouse.wheel(0, 1500)
    page.wait_for_timeout(300)
    expect(bar).to_be_in_viewport()
    bar.get_by_role("link", name="Target (done)").click()
    race = page.get_by_role("checkbox", name="race")
    expect(race).to_be_in_viewport()
    race.check()
    expect(bar.get_by_role("link", name="Target (changed since the result)")).to_be_visible()
    expect(bar.get_by_role("link", name="Result (of before a change)")).to_be_visible()
    assert page.url.endswith("#target")


def test_tabs_are_links_and_an_address_leads_to_one(view: Watched) -> None:
    page = view.open()
    run(page)
    tabs = page.get_by_role("navigation", name="Parts of the result")
    expect(tabs.get_by_role("link", name="Effects in numbers")).to_have_attribute(
        "aria-current", "true"
    )
    tabs.get_by_role("link", name="Ways").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Through which features")).to_be_visible()
    expect(page.get_by_role("heading", name="What was found")).to_be_hidden()
    expect(page.locator(".wb-verdict")).to_be_visible()
    assert page.url.endswith("#ways")
    tabs.get_by_role("link", name="How sure").click()
    expect(page.get_by_text("Do the estimators agree?")).to_be_visible()
    page.reload()
    expect(page.get_by_text("is back, with 1 result").first).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Do the estimators agree?")).to_be_visible()
    expect(page.get_by_role("heading", name="What was found")).to_be_hidden()
