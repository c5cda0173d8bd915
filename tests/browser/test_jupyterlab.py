"""What only a notebook can show: its cells are left alone, and an edited page can be reloaded."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.graph_canvas import canvas, drag, place_of, settled
from tests.browser.served_pages import LONG, Site, Watched, ready

pytestmark = pytest.mark.browser

CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
POSITIONS = "(canvas) => canvas.network.getPositions()"


@pytest.fixture
def site(lab_site: Site) -> Site:
    return lab_site


def command(page: Page, name: str) -> Any:
    return page.evaluate("(name) => window.jupyterapp.commands.execute(name)", name)


def test_letters_over_the_canvas_leave_the_cells_alone(page: Page) -> None:
    ready(page)
    command(page, "notebook:insert-cell-below")
    command(page, "notebook:enter-command-mode")
    assert page.evaluate(CELLS) == 2
    page.locator(".wb-canvas").scroll_into_view_if_needed()
    found = canvas(page).bounding_box()
    assert found is not None
    page.mouse.click(found["x"] + 15, found["y"] + 15)
    for keys in ("dd", "b", "x", "0", "0"):
        page.keyboard.type(keys, delay=60)
    page.wait_for_timeout(500)
    assert page.evaluate(CELLS) == 2
    page.get_by_role("button", name="Draw an arrow").focus()
    page.keyboard.type("dd", delay=60)
    page.wait_for_timeout(500)
    assert page.evaluate(CELLS) == 2
    # The same letters with a cell selected do delete it: the test above can fail.
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.node.focus()")
    command(page, "notebook:enter-command-mode")
    page.keyboard.type("dd", delay=60)
    page.wait_for_function(f"{CELLS.removeprefix('() => ')} === 1")


def test_places_of_boxes_survive_a_reload_of_the_page(view: Watched) -> None:
    page = view.open()
    ready(page)
    before = canvas(page).evaluate(POSITIONS)
    x, y = place_of(page, "race")
    drag(page, (x, y), (x + 20, y + 60))
    page.wait_for_function(
        """(before) => {
            const now = document.querySelector('.wb-canvas').network.getPositions();
            return Math.abs(now.race.y - before.race.y) > 20;
        }""",
        arg=before,
    )
    settled(page)
    moved = canvas(page).evaluate(POSITIONS)
    command(page, "docmanager:save")
    page.reload()
    expect(page.locator(".wb-canvas")).to_be_visible(timeout=LONG)
    again = canvas(page).evaluate(POSITIONS)
    for node, place in moved.items():
        assert again[node]["x"] == pytest.approx(place["x"], abs=1.5), node
        assert again[node]["y"] == pytest.approx(place["y"], abs=1.5), node
