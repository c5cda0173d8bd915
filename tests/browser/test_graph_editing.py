"""The causal graph drawn by mouse, in the dark, and read as a list where the window is narrow."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

import workbench as wb
from tests.browser.accessibility import faults_everywhere
from tests.browser.graph_canvas import (
    canvas,
    colours,
    contrast,
    drag,
    drawn_edges,
    places_of,
    press_tool,
    settled,
    shows,
)
from tests.browser.served_pages import LONG, ready

pytestmark = pytest.mark.browser

SAID = ".wb-graph-editor .wb-status"
READABLE = 3.0
"""The least contrast of a line with its ground (WCAG 1.4.11)."""


def the_auditor_s(page: Page, edges: set[tuple[str, str]]) -> None:
    shows(page, edges, but=("prediction", "approved"))


def letters(page: Page) -> float:
    """The size of the letters in the drawing, in pixels of the screen."""
    return 14 * float(page.locator(".wb-canvas").evaluate("(at) => at.network.getScale()"))


def in_frame(page: Page) -> int:
    """Count the boxes whose middle is inside the drawing's frame."""
    count = page.locator(".wb-canvas").evaluate(
        """(at) => Object.values(at.network.getPositions())
            .map((place) => at.network.canvasToDOM(place))
            .filter(({ x, y }) => x > 0 && y > 0 && x < at.clientWidth && y < at.clientHeight)
            .length"""
    )
    return int(count)


def large_table(folder: Path) -> tuple[Path, str]:
    """Write a table of 40 columns; return it with the text of its graph."""
    draws = np.random.default_rng(0)
    names = ["region", "income", *(f"{kind}_{i}" for kind in ("product", "lag") for i in range(18))]
    table = pd.DataFrame(draws.normal(size=(400, len(names))), columns=names)
    table["region"] = draws.choice(["north", "south"], len(table))
    table["income"] += table["region"] == "north"
    table["granted"] = (table["income"] + draws.normal(size=len(table)) > 0).astype(int)
    arrows = ["region -> income", *(f"product_{i} -> lag_{i}" for i in range(18))]
    table.to_csv(folder / "large.csv", index=False)
    return folder / "large.csv", f"dag {{ {'; '.join(arrows)} }}"


def draw(page: Page, source: str, sink: str) -> None:
    drag(page, *places_of(page, source, sink))


def test_by_mouse(page: Page) -> None:
    ready(page)
    canvas(page)
    before = {(u, v) for u, v in wb.datasets.loan().graph.edges if v != "approved"}
    the_auditor_s(page, before)
    new = ("race", "income")
    press_tool(page, "Draw an arrow")
    draw(page, *new)
    expect(page.locator(SAID).first).to_contain_text(f"Added: {' → '.join(new)}")
    the_auditor_s(page, {*before, new})

    draw(page, "credit_score", "zip_code")
    problem = page.locator(f"{SAID}[data-kind=problem]")
    for word in ("Refused", "zip_code → neighborhood_income → credit_score → zip_code"):
        expect(problem).to_contain_text(word)
    the_auditor_s(page, {*before, new})
    press_tool(page, "Draw an arrow")

    press_tool(page, "Undo")
    expect(page.locator(SAID).first).to_contain_text("Undone")
    the_auditor_s(page, before)
    press_tool(page, "Redo")
    expect(page.locator(SAID).first).to_contain_text("Done again")
    the_auditor_s(page, {*before, new})
    press_tool(page, "Undo")
    the_auditor_s(page, before)


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
            assert re.search(rf"^{source} [→⇒] .*\b{sink}\b", said, re.MULTILINE), (source, sink)
    assert "zip_code ⇒ neighborhood_income" in said
    # Edited through the table, the list follows.
    page.get_by_role("button", name="Read the arrows as a table").click()
    page.get_by_label("From (cause)").select_option("race")
    page.get_by_label("To (effect)").select_option("income")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(arrows).to_contain_text(re.compile(r"race → [^\n]*\bincome\b"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(arrows).not_to_contain_text("race → income")
    page.get_by_role("button", name="Read the arrows as a table").click()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator(".wb-canvas")).to_be_visible()


def test_of_forty_columns_the_target_s_surroundings_are_read_and_the_rest_is_a_choice_away(
    page: Page, tmp_path: Path
) -> None:
    file, graph = large_table(tmp_path)
    ready(page)
    page.get_by_label("A table of your own").check()
    page.get_by_label("CSV, Excel or Parquet file, at most").set_input_files(file)
    expect(page.get_by_text("Read 400 rows and 39 columns").first).to_be_visible(timeout=LONG)
    page.get_by_label("Outcome that the model learns to predict").select_option("granted")
    page.get_by_role("checkbox", name="region").uncheck()
    page.get_by_label("Causal graph: what causes what").select_option("Paste a text")
    page.get_by_label("Graph as text").fill(graph)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Train the model and use it").click()
    expect(page.get_by_text("Ready: 400 rows").first).to_be_visible(timeout=LONG)
    page.locator(".wb-step").nth(2).get_by_role("checkbox", name="region").check()
    expect(page.get_by_text("Shown are 2 of 38 columns")).to_be_visible()
    canvas(page)
    assert drawn_edges(page) == {("region", "income"), ("income", "prediction")}
    assert letters(page) >= 10
    page.get_by_label("Draw", exact=True).select_option("every column")
    expect(page.get_by_text("The drawing is larger than its frame")).to_be_visible()
    settled(page)
    assert letters(page) >= 10 and len(drawn_edges(page)) > 40
    assert faults_everywhere(page) == []
    press_tool(page, "Fit")
    assert letters(page) < 10, "all of it, however small"
    named = page.get_by_label("Show the columns named like")
    for text in ("region", ""):  # other boxes, another view: some are in the frame, and legible
        named.fill(text)
        page.keyboard.press("Tab")
        expect(page.get_by_text("those named so")).to_have_count(1 if text else 0)
        settled(page)
        assert letters(page) >= 10 and in_frame(page)
    large = page.get_by_role("button", name="Whole screen")
    large.click()
    page.wait_for_function("() => document.fullscreenElement?.classList.contains('wb-editor')")
    large.click()
    page.wait_for_function("() => document.fullscreenElement === null")
