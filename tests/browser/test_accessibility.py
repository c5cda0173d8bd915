"""axe-core over every page: no serious or critical fault, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import served_pages
from tests.browser.served_pages import Site, Watched, ready, run

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
OURS = ".jp-OutputArea-output"
"""In JupyterLab, the notebook's output: its frame is not ours to mend."""


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


@pytest.fixture(params=["light", "dark"])
def coloured(
    request: pytest.FixtureRequest, browser: Browser, voila_site: Site
) -> Iterator[Watched]:
    """A window of somebody who prefers this."""
    with served_pages.watched(browser, voila_site, color_scheme=request.param) as view:
        yield view
        view.checked()


def test_the_dashboard_before_and_after_a_run(coloured: Watched) -> None:
    page = coloured.open()
    ready(page)
    assert faults(page) == []
    run(page)
    page.wait_for_timeout(1000)  # plots draw themselves
    assert faults(page) == []


def test_the_dashboard_in_jupyterlab(browser: Browser, lab_site: Site) -> None:
    with served_pages.watched(browser, lab_site) as view:
        ready(view.open())
        assert faults(view.page, OURS) == []


def test_axe_finds_a_fault(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><input></main>")
    assert any("label" in fault for fault in faults(page))
    page.close()
