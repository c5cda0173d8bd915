"""Make the pictures of the README: ``python docs/make_screenshots.py``.

Audits the loan sample, writes its report, serves the dashboard on this computer, and lets the
system's Chromium look at both. Needs the development packages and a Chromium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import workbench as wb
from workbench.sample_models import train_model

DOCS = Path(__file__).resolve().parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def report_page(folder: Path) -> Path:
    """Audit the loan sample and write its report."""
    world = wb.datasets.loan()
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    path = folder / "loan.html"
    wb.audit(case, wb.UnlearningTarget.feature("zip_code")).to_html(path)
    return path


def picture_of_dashboard(page: Page) -> None:
    """Serve the dashboard, run the audit it opens with, and take a picture."""
    code = "from widgets.serving import serve; serve(port=0, open_browser=False)"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(DOCS.parent)}
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = next(line.strip() for line in server.stdout if line.startswith("http"))
        page.goto(address)
        page.get_by_role("button", name="Run the audit").click(timeout=90_000)
        page.get_by_text("Residual influence above 0.02 found").first.wait_for(timeout=180_000)
        page.wait_for_timeout(3_000)  # plots draw themselves
        results = page.get_by_text("Asked to be forgotten").first.bounding_box()
        assert results is not None
        top = max(results["y"] - 60, 0)
        clip = {"x": 0, "y": top, "width": 1280, "height": 1350}
        page.screenshot(path=DOCS / "dashboard.png", full_page=True, clip=clip)
    finally:
        server.terminate()
        server.wait(20)


def main() -> None:
    """Write docs/report.png and docs/dashboard.png."""
    browser_path = next(path for name in BROWSERS if (path := shutil.which(name)))
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(report_page(Path(folder)).as_uri())
        page.screenshot(path=DOCS / "report.png")
        picture_of_dashboard(page)
        browser.close()


if __name__ == "__main__":
    main()
