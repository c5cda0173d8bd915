"""The served dashboard in a real Chromium: one server, one page, driven as a person would.

Values are asserted through the text that a person sees, against the same audit in Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect, sync_playwright

import workbench as wb
from workbench.sample_models import train_model
from workbench.wording import signed, span

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "browser-tests-0123456789"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = "<img src=x onerror=document.title='harmed'>"
WAIT = 90_000
"""Milliseconds: the first audit imports shap and aif360, on a machine that tests share."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address that ``serve`` prints."""
    code = f"from widgets.serving import serve; serve(port=0, token={TOKEN!r}, open_browser=False)"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        found = next((line.strip() for line in server.stdout if line.startswith("http")), None)
        assert found is not None, "the server printed no address"
        assert TOKEN in found
        yield found
    finally:
        server.terminate()
        server.wait(20)
        if server.stdout is not None:
            server.stdout.close()


@dataclass
class Watched:
    """A page, and what it did besides what it shows."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def foreign(self, address: str) -> list[str]:
        """Requests to anywhere but the server."""
        host = urlsplit(address).netloc
        return [
            url
            for url in self.requests
            if not url.startswith(("data:", f"blob:http://{host}/"))
            and urlsplit(url).netloc != host
        ]


@pytest.fixture(scope="module")
def watched(address: str, browser_path: str) -> Iterator[Watched]:
    """The dashboard, opened once for all of these tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        page.set_default_timeout(WAIT)
        expect.set_options(timeout=WAIT)
        found = Watched(page)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("websocket", lambda socket: found.requests.append(socket.url))
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.goto(address)
        yield found
        browser.close()


@pytest.fixture
def page(watched: Watched, address: str) -> Iterator[Page]:
    """The page; afterwards, nothing foreign was asked for and no script failed."""
    yield watched.page
    assert watched.foreign(address) == []
    assert watched.errors == []


def run(page: Page) -> Any:
    """Press Run and return the verdict's box."""
    button = page.get_by_role("button", name="Run the audit")
    expect(button).to_be_enabled()
    button.click()
    verdict = page.locator(".wb-verdict")
    expect(verdict).to_be_visible()
    return verdict


def test_the_loan_audit_shows_the_numbers_of_python(page: Page, tmp_path: Path) -> None:
    verdict = run(page)
    world = wb.datasets.loan()
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"))
    assert report.verdict is not None
    expect(verdict).to_contain_text(report.verdict.headline)
    expect(verdict).to_contain_text(report.verdict.explanation)
    table = page.get_by_role("region", name="Effects on the predicted probability").inner_text()
    for entry in report.effects:
        for effect in (entry.total, entry.indirect):
            assert f"{signed(effect.value)} ({span((effect.low, effect.high))})" in table
    for sentence in report.comparison().sentences:
        expect(page.get_by_text(sentence)).to_be_visible()
    for path in report.path_effects:
        expect(page.get_by_role("rowheader", name=" → ".join(path.path))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(page.get_by_text(report.provenance.data_fingerprint)).to_be_visible()
    page.screenshot(path=tmp_path / "loan.png", full_page=True)


def test_the_result_is_gone_when_an_input_changes(page: Page) -> None:
    page.get_by_role("checkbox", name="race").check()
    expect(page.locator(".wb-verdict")).to_have_count(0)
    expect(page.get_by_text("An input has changed")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    page.get_by_role("checkbox", name="race").uncheck()


def test_a_subgroup_is_counted_as_it_is_typed(page: Page) -> None:
    page.get_by_label("a subgroup: the rows where a condition holds").check()
    condition = page.get_by_role("textbox", name="Condition")
    condition.fill("race == 'Black'")
    count = int((wb.datasets.loan().data["race"] == "Black").sum())
    expect(page.get_by_text(f"on {count:,} of 5,000 rows")).to_be_visible()
    condition.fill("__import__('os').system('true')")
    expect(page.get_by_role("button", name="Run the audit")).to_be_disabled()
    page.get_by_label("every row").check()


def test_a_cycle_is_refused_with_its_nodes(page: Page) -> None:
    page.get_by_text("Read the arrows as a table, or change them").click()
    page.get_by_label("From (cause)").select_option("credit_score")
    page.get_by_label("To (effect)").select_option("zip_code")
    page.get_by_role("button", name="Add", exact=True).click()
    problem = page.locator(".wb-status[data-kind=problem]")
    expect(problem).to_contain_text("zip_code")
    expect(problem).to_contain_text("neighborhood_income")


def test_cancel_and_run_again(page: Page) -> None:
    page.get_by_label("Seed of the random numbers").fill("5")
    page.keyboard.press("Tab")
    start, cancel = (page.get_by_role("button", name=n) for n in ("Run the audit", "Cancel"))
    expect(start).to_be_enabled()
    start.click()
    cancel.click()
    expect(page.get_by_text("Cancelled. Nothing was kept")).to_be_visible()
    expect(page.locator(".wb-verdict")).to_have_count(0)
    run(page)


def test_the_result_is_taken_away(page: Page, tmp_path: Path) -> None:
    for label, start in (
        ("Report to read and print (HTML)", "<!doctype html"),
        ("All numbers (JSON)", "{"),
        ("The Python code that repeats it", "import pandas"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.read_text("utf-8").lstrip().lower().startswith(start)


def test_a_hostile_table_is_audited_and_shown_as_text(page: Page, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({HOSTILE: rng.normal(size=400)})
    frame["middle"] = frame[HOSTILE] + rng.normal(size=400)
    frame["chosen"] = np.where(frame["middle"] > 0, "<b>yes</b>", "no")
    file = tmp_path / "<u>mine.csv"
    frame.to_csv(file, index=False)

    page.get_by_label("A table of your own (CSV file)").check()
    page.get_by_label("CSV file, at most").set_input_files(file)
    expect(page.get_by_text("Read 400 rows and 3 columns")).to_be_visible()
    page.get_by_label("Columns that the model reads").select_option("middle")
    page.get_by_label("Causal graph, if you have one").fill(
        f'dag {{ "{HOSTILE}" -> middle  middle -> chosen }}'
    )
    page.get_by_role("button", name="Train the model and use it").click()
    expect(page.get_by_text("Ready: 400 rows")).to_be_visible()
    page.get_by_role("checkbox", name=HOSTILE).check()
    verdict = run(page)
    expect(verdict).to_contain_text(HOSTILE)
    expect(page.locator(".js-plotly-plot").first).to_contain_text("total")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "harmed"
    page.screenshot(path=tmp_path / "hostile.png", full_page=True)


def test_a_file_too_large_is_refused_before_it_is_read(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "big.csv"
    with file.open("wb") as stream:
        stream.write(b"a,b\n")
        stream.truncate(200_000_000)  # a sparse file: it takes no room
    page.get_by_label("CSV file, at most").set_input_files(file)
    expect(page.get_by_text("holds 200 MB; this page takes at most 30 MB")).to_be_visible()


def test_it_fits_a_narrow_window(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 768, "height": 900})
    page.screenshot(path=tmp_path / "narrow.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 768
