"""Was it unlearned? A model is made to forget on the page, or several are brought, and compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import workbench as wb
from tests.browser.accessibility import faults_everywhere
from tests.browser.served_pages import LONG, ROOT, opened, ready, run, tab_to, without, words_of
from widgets.other_models.unlearn_here import unlearn_here, ways
from workbench.common.wording import signed, span
from workbench.models.trained_here import train_model

pytestmark = pytest.mark.browser

MODEL = ROOT / "sample_data" / "loan_model.skops"


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


def only_cafe_and_fuzzing(page: Page) -> None:
    without(page, "Debiased", "SHAP", "Permutation importance", "FairTest", "AIF360")


def test_unlearned_on_the_page_and_read_as_three_findings(
    page: Page, change: wb.AuditReport
) -> None:
    ready(page)
    only_cafe_and_fuzzing(page)
    opened(page, 4)
    page.get_by_label("Demonstrate: unlearn here").check()
    expect(page.get_by_text("To be forgotten: zip_code")).to_be_visible()
    page.get_by_label("How to forget").focus()
    tab_to(page, "Unlearn here")
    page.keyboard.press("Enter")
    expect(page.get_by_text("From now on the audited model")).to_be_visible(timeout=LONG)
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
    assert faults_everywhere(page) == []

    # Another target makes these models say nothing; the way back is one button.
    opened(page, 3)
    opened(page, 4)
    page.get_by_role("checkbox", name="race").check()
    expect(page.get_by_text("Another target.")).to_be_visible()
    expect(page.get_by_role("button", name="Run the audit")).to_be_disabled()
    page.get_by_role("button", name="Back to the model as loaded").click()
    ready(page)
    expect(page.get_by_text("Another target.")).to_have_count(0)


def test_several_files_queue_and_one_that_cannot_be_read_stops_none(
    page: Page, tmp_path: Path
) -> None:
    ready(page)
    only_cafe_and_fuzzing(page)
    opened(page, 4)
    page.get_by_label("Bring the model before, or retrained models").check()
    page.get_by_label("A model retrained without the target").check()
    files = [tmp_path / f"retrained {number}.skops" for number in (1, 2, 3)]
    for file in files:
        file.write_bytes(MODEL.read_bytes())
    files[1].write_bytes(b"no model at all")
    step = page.locator(".wb-step").nth(3)
    step.get_by_label("Model file").set_input_files(files)
    for number in (1, 2):
        name = f"A model retrained without the target {number}:"
        expect(step.get_by_text(name)).to_be_visible(timeout=LONG)
    expect(step.get_by_text("Not done: 'retrained 2.skops' is not a skops file")).to_be_visible()
    expect(step.get_by_text("Waiting:")).to_have_count(0)
    run(page)
    expect(page.locator(".wb-finding")).to_contain_text("retrained")
    opened(page, 4)
    step.get_by_role("button", name="Remove: retrained 2").click()
    expect(page.get_by_text("This result is of before a change.")).to_be_visible()
    expect(page.get_by_text("models beside the audited one").first).to_be_visible()
