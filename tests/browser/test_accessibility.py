"""axe-core over every page: no serious or critical fault, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import workbench as wb
from tests.browser import served_pages
from tests.browser.served_pages import LONG, Site, Watched, ready, run
from workbench.models.trained_here import train_model

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
def schemed(request: pytest.FixtureRequest) -> str:
    """What the reader's system prefers."""
    return str(request.param)


@pytest.fixture
def view(schemed: str, browser: Browser, voila_site: Site) -> Iterator[Watched]:
    with served_pages.watched(browser, voila_site, color_scheme=schemed) as found:
        yield found
        found.checked()


def test_the_dashboard_before_and_after_a_run(view: Watched) -> None:
    page = view.open()
    ready(page)
    assert faults(page) == []
    run(page)
    page.wait_for_timeout(1000)  # plots draw themselves
    assert faults(page) == []


def test_the_review_of_a_report(schemed: str, browser: Browser, tmp_path: Path) -> None:
    world = wb.datasets.loan(n=600)
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    target = wb.UnlearningTarget.feature("zip_code")
    saved = tmp_path / "report.json"
    saved.write_text(wb.audit(case, target, ("cafe", "fuzzing")).to_json(), encoding="utf-8")
    with (
        served_pages.voila("legal_review", report=str(saved)) as site,
        served_pages.watched(browser, site, color_scheme=schemed) as view,
    ):
        page = view.open()
        expect(page.locator(".wb-verdict").first).to_be_visible(timeout=LONG)
        assert faults(page) == []
        view.checked()


def test_the_teaching_page(schemed: str, browser: Browser) -> None:
    with (
        served_pages.voila("teaching") as site,
        served_pages.watched(browser, site, color_scheme=schemed) as view,
    ):
        page = view.open()
        expect(page.get_by_role("radio").first).to_be_visible(timeout=LONG)
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="Show what is measured").first.click()
        expect(page.locator(".wb-told").first).to_contain_text("SHAP", timeout=LONG)
        assert faults(page) == []
        view.checked()


def test_the_dashboard_in_jupyterlab(browser: Browser, lab_site: Site) -> None:
    with served_pages.watched(browser, lab_site) as view:
        ready(view.open())
        assert faults(view.page, OURS) == []


def test_axe_finds_a_fault(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><input></main>")
    assert any("label" in fault for fault in faults(page))
    page.close()
