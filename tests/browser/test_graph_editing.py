"""The causal graph drawn by mouse, in the dark, and read as a list where the window is narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

import workbench as wb
from tests.browser.graph_canvas import (
    canvas,
    colours,
    contrast,
    drag,
    drawn_edges,
    place_of,
    press_tool,
    settled,
)
from tests.browser.served_pages import ready

pytestmark = pytest.mark.browser

SAID = ".wb-graph-editor .wb-status"
READABLE = 3.0
"""The least contrast of a line with its ground (WCAG 1.4.11)."""


def of_the_auditor(page: Page) -> set[tuple[str, str]]:
    return {(u, v) for u, v in drawn_edges(page) if v not in ("prediction", "approved")}


def draw(page: Page, source: str, sink: str) -> None:
    drag(page, place_of(page, source), place_of(page, sink))


def test_by_mouse(page: Page) -> None:
    ready(page)
    canvas(page)
    before = of_the_auditor(page)
    assert before == {(u, v) for u, v in wb.datasets.loan().graph.edges if v != "approved"}
    new = ("race", "income")
    press_tool(page, "Draw an arrow")
    draw(page, *new)
    expect(page.locator(SAID).first).to_contain_text(f"Added: {' → '.join(new)}")
    settled(page)
    assert of_the_auditor(page) == {*before, new}

    draw(page, "credit_score", "zip_code")
    problem = page.locator(f"{SAID}[data-kind=problem]")
    for word in ("Refused", "zip_code → neighborhood_income → credit_score → zip_code"):
        expect(problem).to_contain_text(word)
    settled(page)
    assert of_the_auditor(page) == {*before, new}
    press_tool(page, "Draw an arrow")

    press_tool(page, "Undo")
    expect(page.locator(SAID).first).to_contain_text("Undone")
    settled(page)
    assert of_the_auditor(page) == before
    press_tool(page, "Redo")
    expect(page.locator(SAID).first).to_contain_text("Done again")
    settled(page)
    assert of_the_auditor(page) == {*before, new}
    press_tool(page, "Undo")
    settled(page)


def test_in_the_dark_every_line_is_seen(page: Page) -> None:
    ready(page)
    canvas(page)
    light = colours(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "(was) => getComputedStyle(document.querySelector('.wb-canvas')).backgroundColor !== was",
        arg=light.ground,
    )
    settled(page)
    dark = colours(page)
    assert contrast(dark.ground, "rgb(0, 0, 0)") < READABLE < contrast(light.ground, "rgb(0, 0, 0)")
    for found in (light, dark):
        assert len(found.lines) >= 2, "ways from the target stand out"
        for line in found.lines:
            assert contrast(line, found.ground) >= READABLE, (line, found.ground)
    page.emulate_media(color_scheme="light")


def test_where_boxes_would_have_no_names_the_arrows_are_a_list(page: Page) -> None:
    ready(page)
    arrows = page.locator(".wb-arrow-list")
    expect(arrows).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".wb-canvas")).to_be_hidden()
    expect(arrows).to_be_visible()
    expect(page.get_by_role("button", name="Draw an arrow")).to_be_hidden()
    said = arrows.inner_text()
    for source, sink in wb.datasets.loan().graph.edges:
        if sink != "approved":
            assert f"{source} → {sink}" in said
    assert "zip_code → neighborhood_income – on a way from the target" in said
    # Edited through the table, the list follows.
    page.get_by_role("button", name="Read the arrows as a table").click()
    page.get_by_label("From (cause)").select_option("race")
    page.get_by_label("To (effect)").select_option("income")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(arrows).to_contain_text("race → income")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(arrows).not_to_contain_text("race → income")
    page.get_by_role("button", name="Read the arrows as a table").click()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator(".wb-canvas")).to_be_visible()
