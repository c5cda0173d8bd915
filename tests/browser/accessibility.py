"""axe-core over a page: no serious or critical fault, at every width, in the light and the dark."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

__all__ = ["SIZES", "faults", "faults_everywhere"]

SERIOUS = ("serious", "critical")
SIZES: tuple[ViewportSize, ...] = (
    {"width": 1280, "height": 900},
    {"width": 768, "height": 900},
    {"width": 390, "height": 844},
)
"""A desk, a tablet, a telephone."""


def faults(page: Page, within: str | None = None) -> list[str]:
    """Return what axe-core finds serious or critical: the rule, and where."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        f"{fault['impact']} {fault['id']}: {fault['help']}; {node['target']} {node['html'][:150]}; "
        f"{node.get('failureSummary', '').splitlines()[1:]}"
        for fault in found
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


def faults_everywhere(page: Page) -> list[str]:
    """Return axe's faults and what is wider than the window, in every size and scheme.

    Leaves the page in the first size, in the light.
    """
    found = []
    for size in SIZES:
        page.set_viewport_size(size)
        page.wait_for_timeout(300)  # what is drawn by its width is drawn again
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            where = f"{size['width']} px, {scheme}"
            found += [f"{where}: {fault}" for fault in faults(page)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > size["width"]:
            found.append(f"{size['width']} px: the page is {wide} px wide")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(SIZES[0])
    return found
