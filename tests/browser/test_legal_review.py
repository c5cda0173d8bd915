"""A lawyer reads a saved report in legal review, and what good and forged dossiers can say."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import workbench as wb
from tests.browser import served_pages
from tests.browser.accessibility import faults, faults_everywhere
from tests.browser.served_pages import LONG, sheets
from tests.engine.evidence.forgeries.story import Story
from tests.engine.evidence.sample_dossier import BANK, Sample, sample
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.claims import CLAIMS
from workbench.evidence.dossier import write_dossier
from workbench.models.trained_here import train_model

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dossiers(authority: TimeAuthority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dossiers")
    held: Sample = sample(authority)
    write_dossier(held.made.files, folder / "good.zip")
    write_dossier(held.made.files, folder / "good")
    write_dossier(held.made.files | {"more.txt": b"x"}, folder / "added.zip")
    old_model = Story(authority, model=lambda held, old, new, before: before).told()[0]
    write_dossier(old_model, folder / "forged.zip")
    (folder / "receipt.json").write_bytes(held.made.receipts[0])
    return folder


def claim(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=CLAIMS[name][0])


def test_axe_finds_a_fault(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><input></main>")
    assert any("label" in fault for fault in faults(page))
    page.close()


def test_a_lawyer_reads_a_report_and_what_a_good_and_a_forged_dossier_can_say(
    dossiers: Path, browser: Browser, tmp_path: Path
) -> None:
    world = wb.datasets.loan(n=600)
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), ("cafe", "fuzzing"))
    saved = tmp_path / "report.json"
    saved.write_text(report.to_json(), encoding="utf-8")
    with (
        served_pages.voila("legal_review", report=str(saved)) as site,
        served_pages.watched(browser, site) as view,
    ):
        page = view.open()
        assert report.verdict is not None
        verdict = page.locator(".wb-verdict").first
        expect(verdict).to_contain_text(report.verdict.headline, timeout=LONG)
        assert faults_everywhere(page) == []

        # The page's own print, whole and in short: the button's class lasts until it is printed.
        whole = sheets(page.pdf(format="A4"))
        page.evaluate("() => { window.print = () => {}; }")
        short = page.get_by_text("The finding only; the report says more.")
        page.emulate_media(media="print")
        expect(short).to_be_hidden()
        page.emulate_media(media="null")
        page.get_by_role("button", name="Print the finding only").click()
        expect(short).to_be_hidden()
        page.emulate_media(media="print")
        expect(short).to_be_visible()
        page.emulate_media(media="null")
        paper = page.pdf(path=tmp_path / "short.pdf", format="A4")
        assert 1 <= sheets(paper) <= 2 < whole
        assert page.locator(".wb-print-short").count() == 0, "the next print is whole again"

        check = page.get_by_role("button", name="Check the dossier")
        status = page.locator(".wb-dossier-status")
        check.click()
        expect(status).to_contain_text("Choose a dossier")

        page.get_by_text("What you bring from elsewhere").click()
        page.get_by_label("The controller's key").fill(str(BANK.named))
        receipt = page.get_by_label("The person's receipt", exact=True)
        receipt.set_input_files(dossiers / "receipt.json")
        page.get_by_label("A dossier (zip file)").set_input_files(dossiers / "good.zip")
        check.click()
        expect(status).to_contain_text("weakest claim: INCONCLUSIVE", timeout=LONG)
        for name in ("signed", "delta", "absent", "receipt"):
            expect(claim(page, name)).to_contain_text("PROVED")
            expect(claim(page, name)).to_contain_text(CLAIMS[name][2])
        expect(page.get_by_text("What no dossier can show")).to_be_visible()
        expect(page.get_by_text("often a thing that you can bring")).to_be_visible()

        page.get_by_label("A dossier (zip file)").set_input_files(dossiers / "forged.zip")
        receipt.set_input_files([])
        check.click()
        expect(status).to_contain_text("weakest claim: CONTRADICTED", timeout=LONG)
        expect(claim(page, "optimum")).to_contain_text("CONTRADICTED")

        page.get_by_label("A dossier (zip file)").set_input_files(dossiers / "added.zip")
        check.click()
        expect(status).to_contain_text("weakest claim: INVALID", timeout=LONG)
        expect(claim(page, "opened")).to_contain_text("not listed: more.txt")

        page.get_by_label("The controller's key").fill("nonsense")
        check.click()
        expect(status).to_contain_text("could not run")
        assert faults(page) == []
        view.checked()
