"""The page's two panes: the question beside the answer, its steps, its tabs, narrow and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import SIZES, faults, faults_everywhere
from tests.browser.served_pages import ready, run

pytestmark = pytest.mark.browser

MOST = 6_000
"""Pixels of the whole page with a result in a wide window; it was 13,500 as one scroll."""
MOST_BEFORE = 1_950
"""The same before there is a result: little more than two screens of 900 pixels."""
NESTED = """
() => [...document.querySelectorAll('.wb-page *')].filter((at) =>
    ['auto', 'scroll'].includes(getComputedStyle(at).overflowY)
    && at.scrollHeight > at.clientHeight + 1 && at.clientHeight > 0
    && !at.matches('textarea, select, .wb-foot')
).map((at) => at.className)
"""
FOCUS = """
() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const name = at.getAttribute('aria-label') || at.textContent || at.labels?.[0]?.textContent;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const shown = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    return { name: (name || at.tagName).trim().slice(0, 40), shown };
}
"""
WIDE, _, NARROW = SIZES


@pytest.fixture
def result(page: Page) -> Page:
    """The page with the result of a run."""
    page.set_viewport_size(WIDE)
    if page.locator(".wb-verdict").count() == 0:
        run(page)
    return page


def box(part: Locator) -> tuple[float, float]:
    """Return where a part begins: left, top."""
    found = part.bounding_box()
    assert found is not None
    return found["x"], found["y"]


def height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


def test_before_a_run_nothing_is_in_the_way_of_any_reader(page: Page) -> None:
    ready(page)
    choices, go, answer = map(page.locator, (".wb-choices", ".wb-at-run", ".wb-answer-pane"))
    assert box(choices)[1] == pytest.approx(box(go)[1], abs=2)
    assert box(choices)[0] < box(go)[0] == box(answer)[0]
    assert box(go)[1] < box(answer)[1] < SIZES[0]["height"], "in view without scrolling"
    assert height(page) < MOST_BEFORE
    assert faults_everywhere(page) == []


def test_every_control_is_reached_by_tab_and_shows_that_it_is(page: Page) -> None:
    ready(page)
    page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(300):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUS)
        if found is None:
            break
        seen.append(found)
    names = " ".join(found["name"] for found in seen)
    assert all(name in names for name in ("Threshold", "Run the audit", "Draw an arrow", "race"))
    assert [found for found in seen if not found["shown"]] == []


def test_the_question_stands_beside_the_answer_and_folds(result: Page, tmp_path: Path) -> None:
    page = result
    for number in (1, 2, 3, 4):
        expect(page.get_by_role("button", name=f"Open step {number}")).to_be_visible()
    expect(page.locator(".wb-at-data")).to_contain_text("5,000 rows")
    expect(page.locator(".wb-canvas")).to_be_hidden()
    # The verdict first, then its files, then the picture of the whole range.
    files, verdict = (
        page.get_by_role("button", name="All numbers (JSON)"),
        page.locator(".wb-verdict"),
    )
    picture = page.locator(".wb-answer-pane .wb-part figure").first
    expect(picture).to_contain_text("zip_code, level by level")
    assert box(verdict)[1] < box(files)[1] < box(picture)[1]
    page.screenshot(path=tmp_path / "wide.png", full_page=True)
    assert height(page) < MOST
    assert page.evaluate(NESTED) == []
    assert faults_everywhere(page) == []
    page.set_viewport_size(NARROW)
    question, answer = page.locator(".wb-question"), page.locator(".wb-answer-pane")
    assert box(answer)[1] > box(question)[1] + 100, "one column where it is narrow"


def test_tabs_are_links_and_each_is_for_every_reader(result: Page) -> None:
    page = result
    tabs = page.get_by_role("navigation", name="Parts of the result")
    first = tabs.get_by_role("link", name="Effects in numbers")
    expect(first).to_have_attribute("aria-current", "true")
    tabs.get_by_role("link", name="Ways").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Through which features")).to_be_visible()
    expect(page.get_by_role("heading", name="What was found")).to_be_hidden()
    expect(page.locator(".wb-verdict")).to_be_visible()
    assert page.url.endswith("#ways")
    panels = ".wb-panel:not([style*=none])"
    for number, link in enumerate(tabs.get_by_role("link").all()[1:]):
        link.click()
        expect(link).to_have_attribute("aria-current", "true")
        page.emulate_media(color_scheme=("dark", "light")[number % 2])
        page.wait_for_timeout(300)  # plots draw themselves
        assert faults(page, panels) == [], link.inner_text()
    page.emulate_media(color_scheme="light")
    first.click()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()


def test_the_bar_of_steps_stays_in_view_and_says_how_each_stands(result: Page) -> None:
    page = result
    bar = page.get_by_role("navigation", name="Steps")
    for step in ("Data (done)", "Graph (done)", "Target (done)", "Result (ready)"):
        expect(bar.get_by_role("link", name=step)).to_be_visible()
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
    race.uncheck()
    expect(bar.get_by_role("link", name="Result (ready)")).to_be_visible()
