"""The graph's canvas as a hand with a mouse meets it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

__all__ = [
    "Colours",
    "canvas",
    "colours",
    "contrast",
    "drag",
    "drawn_edges",
    "places_of",
    "press_tool",
    "settled",
    "shows",
]

PLACES = """
(canvas, names) => names.map((name) => {
    const id = canvas.network.body.data.nodes.get().find((node) => node.name === name).id;
    const inner = canvas.network.canvasToDOM(canvas.network.getPositions([id])[id]);
    const box = canvas.getBoundingClientRect();
    return [box.x + inner.x, box.y + inner.y];
})
"""
DRAWN = """
(wanted) => {
    const canvas = document.querySelector('.wb-canvas');
    if (canvas?.dataset.settled !== 'true') return false;
    const drawn = canvas.network.body.data.edges.get()
        .filter(({ cause, effect }) => cause !== undefined && !wanted.ends.includes(effect))
        .map(({ cause, effect }) => JSON.stringify([cause, effect]));
    return JSON.stringify(drawn.sort()) === JSON.stringify(wanted.edges.sort());
}
"""
STILL = 4
"""Looks in a row, 150 ms apart, at which nothing has moved."""
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
    # The words above the canvas come in messages of their own, and a line more of them moves it
    # down in the window: the view, the boxes and the canvas have to stand still, from now.
    page.evaluate("() => { window.lastView = ''; window.stoodStill = 0; }")
    page.wait_for_function(
        """(looks) => {
            const canvas = document.querySelector('.wb-canvas');
            const { network } = canvas;
            const { x, y, width, height } = canvas.getBoundingClientRect();
            const view = [network.getScale(), network.getViewPosition(), network.getPositions()];
            const now = JSON.stringify([...view, canvas.dataset.settled, x, y, width, height]);
            window.stoodStill = window.lastView === now ? window.stoodStill + 1 : 0;
            window.lastView = now;
            return window.stoodStill >= looks && canvas.dataset.settled === 'true';
        }""",
        arg=STILL,
        polling=150,
    )


def shows(page: Page, edges: Iterable[tuple[str, str]], *, but: Sequence[str] = ()) -> None:
    """Wait until the canvas shows these arrows and no others, leaving out those into `but`.

    What is said of a change and the drawing of it are two messages: the words may come first.
    """
    wanted = [json.dumps([u, v], separators=(",", ":"), ensure_ascii=False) for u, v in edges]
    page.wait_for_function(DRAWN, arg={"edges": wanted, "ends": list(but)})
    settled(page)


def places_of(page: Page, *nodes: str) -> list[tuple[float, float]]:
    """Where the middles of nodes are in the window at one moment, in pixels."""
    return [(x, y) for x, y in canvas(page).evaluate(PLACES, list(nodes))]


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
