"""Was it unlearned? A person makes a model forget, runs the audit, and reads the three findings."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import workbench as wb
from tests.browser import served_pages
from tests.browser.served_pages import LONG, opened, ready, run, tab_to, words_of
from tests.browser.test_accessibility import faults
from widgets.other_models.unlearn_here import unlearn_here, ways
from workbench.common.wording import signed, span
from workbench.models.trained_here import train_model

pytestmark = pytest.mark.browser

METHODS = {"CAFÉ (fast causal estimate)", "Causal fuzzing (asks the model; gives the paths)"}


@pytest.fixture
def site(voila_site: served_pages.Site) -> served_pages.Site:
    """Voila alone: the widgets are the same in JupyterLab."""
    return voila_site


@pytest.fixture(scope="module")
def change() -> wb.AuditReport:
    """The same in Python."""
    world, target = wb.datasets.loan(), wb.UnlearningTarget.feature("zip_code")
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    way = ways(target, "logistic")[0]
    made = unlearn_here(
        case, target, way, learner="logistic", reads=case.reads, progress=lambda *_: None
    )
    compare = {role: list(models) for role, models in made.compare.items()}
    methods = ("cafe", "fuzzing")
    return wb.audit(made.case, target, methods, compare=compare, training=made.training)


def test_unlearned_on_the_page_and_read_as_three_findings(
    page: Page, change: wb.AuditReport, tmp_path: Path
) -> None:
    ready(page)
    for box in (
        page.locator(".wb-step").nth(4).locator(".wb-checks").first.get_by_role("checkbox").all()
    ):
        if box.locator("xpath=..").inner_text().strip() not in METHODS:
            box.uncheck()
    page.get_by_label("Demonstrate: unlearn here").check()
    expect(page.get_by_text("To be forgotten: zip_code")).to_be_visible()
    page.get_by_label("How to forget").focus()
    tab_to(page, "Unlearn here")
    page.keyboard.press("Enter")
    expect(page.get_by_text("From now on the audited model")).to_be_visible(timeout=LONG)
    page.get_by_role("checkbox", name="How small a leak would be caught?").check()
    run(page)
    assert change.change is not None
    expect(page.locator(".wb-finding")).to_contain_text(change.change.headline)
    text = words_of(page)
    total = next(f for f in change.change.main_findings() if f.part == "total")
    for name, found in (
        ("1. Removed by unlearning", total.removed),
        ("2. Carried by the world", total.world),
    ):
        assert found is not None
        assert name in text and signed(found.value) in text
        assert span(found.interval()) in text
    assert "3. Left above that: the residue 0" in text
    assert "Both findings hold." in text
    expect(page.get_by_role("img", name="Total effect in each model")).to_be_visible()
    assert faults(page) == []

    page.set_viewport_size({"width": 768, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=tmp_path / "narrow.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 768
    assert faults(page) == []

    # Another target makes these models say nothing; the way back is one button.
    opened(page, 3)
    opened(page, 4)
    page.get_by_role("checkbox", name="race").check()
    expect(page.get_by_text("Another target.")).to_be_visible()
    expect(page.get_by_role("button", name="Run the audit")).to_be_disabled()
    page.get_by_role("button", name="Back to the model as loaded").click()
    ready(page)
    expect(page.get_by_text("Another target.")).to_have_count(0)
