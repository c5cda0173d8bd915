"""The graph's canvas as a hand with a mouse meets it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

__all__ = [
    "Colours",
    "canvas",
    "colours",
    "contrast",
    "drag",
    "drawn_edges",
    "place_of",
    "press_tool",
    "settled",
]

PLACE = """
(canvas, name) => {
    const id = canvas.network.body.data.nodes.get().find((node) => node.name === name).id;
    const inner = canvas.network.canvasToDOM(canvas.network.getPositions([id])[id]);
    const box = canvas.getBoundingClientRect();
    return [box.x + inner.x, box.y + inner.y];
}
"""
EDGES = """
(canvas) => canvas.network.body.data.edges.get()
    .filter((edge) => edge.cause !== undefined)
    .map((edge) => [edge.cause, edge.effect])
"""
COLOURS = """
(canvas) => [
    getComputedStyle(canvas).backgroundColor,
    canvas.network.body.data.edges.get().map((edge) => edge.color.color),
]
"""


@dataclass(frozen=True)
class Colours:
    """What the canvas is painted with: its ground, and its arrows, each colour once."""

    ground: str
    lines: tuple[str, ...]


def canvas(page: Page) -> Locator:
    """Return the canvas, on screen and with its boxes where they will stay."""
    found = page.locator(".wb-canvas")
    found.scroll_into_view_if_needed()
    settled(page)
    return found


def settled(page: Page) -> None:
    """Wait until what Python holds is what is drawn."""
    expect(page.locator(".wb-canvas[data-settled=true]")).to_have_count(1)
    # The view is fitted again when the page around it moves: wait for it to stand still, from now.
    page.evaluate("() => { window.lastView = null; }")
    page.wait_for_function(
        """() => {
            const {network} = document.querySelector('.wb-canvas');
            const now = JSON.stringify([network.getScale(), network.getViewPosition()]);
            const same = window.lastView === now;
            window.lastView = now;
            return same;
        }""",
        polling=150,
    )


def place_of(page: Page, node: str) -> tuple[float, float]:
    """Where the middle of a node is in the window, in pixels."""
    x, y = canvas(page).evaluate(PLACE, node)
    return x, y


def drawn_edges(page: Page) -> set[tuple[str, str]]:
    """The arrows on the canvas."""
    return {(u, v) for u, v in page.locator(".wb-canvas").evaluate(EDGES)}


def colours(page: Page) -> Colours:
    """Return the colours of the ground and of the arrows, as the page names them."""
    ground, lines = page.locator(".wb-canvas").evaluate(COLOURS)
    return Colours(ground, tuple(dict.fromkeys(lines)))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG 2, from 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    if colour.startswith("#"):
        parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    else:
        parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
    linear = [
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move and let go, as a hand does."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*((a + b) / 2 for a, b in zip(start, end, strict=True)), steps=5)
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def press_tool(page: Page, name: str) -> None:
    """Press a button of the canvas's toolbar."""
    page.get_by_role("toolbar", name="Change the graph").get_by_role("button", name=name).click()
