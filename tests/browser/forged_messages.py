"""Messages that no widget of ours would send, sent by the page itself over a line of its own.

The line is the kernel's websocket, opened by script in the page, with the page's own cookie: what a
visitor with the address can do from the browser's console.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

__all__ = ["Message", "forge", "open_line", "states"]

LINE = Path(__file__).with_name("forged_line.js").read_text("utf-8")
Message = tuple[str, dict[str, Any], str]
"""Type, content and channel."""


def open_line(page: Page, kernel: str) -> None:
    """Open a websocket to the kernel from within the page."""
    page.evaluate(LINE.partition("\n")[2].rstrip().rstrip(";"), kernel)


def states(page: Page) -> dict[str, dict[str, Any]]:
    """Return what the kernel says of its widgets, by the id of their comm."""
    found: dict[str, dict[str, Any]] = page.evaluate("() => window.forged.states()")
    return found


def forge(page: Page, *messages: Message) -> list[tuple[str, str]]:
    """Send messages, wait until the kernel answers again, return what came back meanwhile.

    Returns
    -------
    list of (type, content)
    """
    found = page.evaluate("(messages) => window.forged.forge(messages)", list(messages))
    return [(kind, content) for kind, content in found]
