"""Make the pictures of the README: ``PYTHONPATH=. python docs/make_screenshots.py``, from the root.

Serves every page on this computer, uses it as a person would, and lets the system's Chromium look:
light, one picture in the dark, one in JupyterLab. Needs the development packages and a Chromium.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

import workbench as wb
from tests.browser import served_pages
from tests.browser.graph_canvas import canvas
from tests.browser.served_pages import FLAGS, LONG, opened, ready, run, without
from workbench.models.trained_here import train_model

DOCS = Path(__file__).resolve().parent
NOTEBOOKS = DOCS.parent / "notebooks"
BROWSERS = (os.environ.get("CAFE_WORKBENCH_BROWSER", ""), "chromium", "chromium-browser")
BROWSERS += ("google-chrome", "google-chrome-stable")
WIDTH, HEIGHT = 1280, 900
WIDEST = 1_700
"""A window in which the boxes of a graph can be read beside the answer."""
TALL = 6_000
"""A window in which the whole page stands, so that its fixed footer covers nothing."""
LARGEST = 350_000
"""Bytes of a picture."""
PARTS = {"data": 1, "graph": 2, "target": 3}
"""The steps of the question by the names of their pictures; the answer is pictured before they are
opened, when it has most room."""
FOLDED = (1, 2, 3, 4)
"""Steps that a run folds."""


def save(
    page: Page,
    name: str,
    part: Locator | None = None,
    height: int = 1_400,
    *,
    until: Locator | None = None,
) -> None:
    """Take a picture of a part by itself, or of the top of the page, and say how large it is.

    It ends below `until`, so that what is cut is cut between two things.
    """
    path = DOCS / f"{name}.png"
    page.mouse.move(WIDTH - 5, 5)  # over nothing that would light up
    page.evaluate("document.activeElement?.blur()")
    clip = {"x": 0.0, "y": 0.0, "width": WIDTH, "height": height}
    margin = 12
    if part is not None:
        left, top, wide, tall = box_of(part)
        clip = {"x": max(left - margin, 0), "y": max(top - margin, 0), "width": wide + 2 * margin}
        clip["height"] = min(tall + 2 * margin, height)
    if until is not None:
        _, top, _, tall = box_of(until)
        clip["height"] = top + tall + margin - clip["y"]
    page.screenshot(path=path, clip=clip)  # type: ignore[arg-type]
    size = path.stat().st_size
    print(f"{path.name}: {size / 1000:,.0f} kB{' (LARGE)' if size > LARGEST else ''}")


def box_of(part: Locator) -> tuple[float, float, float, float]:
    """Return where a part begins, from the left and the top, and how wide and tall it is."""
    box = part.bounding_box()
    assert box is not None, part
    return box["x"], box["y"], box["width"], box["height"]


def picture(page: Page, number: int) -> Locator:
    """Return a numbered picture of the result."""
    return page.locator(".wb-result figure").nth(number - 1)


def step(page: Page, number: int) -> Locator:
    """Return a numbered step of the dashboard."""
    return page.locator(".wb-step").nth(number - 1)


def dashboard(browser: Browser) -> None:
    """Each step of the dashboard after an audit; the result once more in the dark."""
    with served_pages.voila() as site:
        for scheme in ("light", "dark"):
            with served_pages.watched(
                browser, site, viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme
            ) as view:
                page = view.open()
                run(page)
                page.wait_for_timeout(1_500)  # plots draw themselves
                if scheme == "dark":
                    page.set_viewport_size({"width": WIDTH, "height": TALL})
                    page.wait_for_timeout(500)
                    save(page, "dashboard_dark", step(page, 6), until=picture(page, 1))
                    continue
                page.set_viewport_size({"width": WIDTH, "height": TALL})
                page.wait_for_timeout(500)
                save(page, "dashboard", until=picture(page, 1))
                save(page, "dashboard_result", step(page, 6), until=picture(page, 2))
                for number in FOLDED:
                    opened(page, number)
                page.set_viewport_size({"width": WIDEST, "height": TALL})
                canvas(page)
                page.wait_for_timeout(500)
                for name, number in PARTS.items():
                    save(page, f"dashboard_{name}", step(page, number))
                view.checked()


def change(browser: Browser) -> None:
    """What is found of a model that was made to forget on the page."""
    with (
        served_pages.voila() as site,
        served_pages.watched(browser, site, viewport={"width": WIDTH, "height": HEIGHT}) as view,
    ):
        page = view.open()
        ready(page)
        opened(page, 4)
        page.get_by_label("Demonstrate: unlearn here").check()
        page.get_by_role("button", name="Unlearn here").click()
        expect(page.get_by_text("From now on the audited model")).to_be_visible()
        without(page, "SHAP")  # it asks such a model very often
        run(page)
        page.set_viewport_size({"width": WIDTH, "height": TALL})
        page.wait_for_timeout(1_500)
        found = page.locator(".wb-at-change")
        save(page, "dashboard_change", found, until=found.locator("figure").first)
        view.checked()


def notebook(browser: Browser, folder: Path) -> None:
    """The dashboard in JupyterLab, at the graph."""
    with (
        served_pages.lab(folder / "lab", NOTEBOOKS / "dashboard.ipynb") as site,
        served_pages.watched(browser, site) as view,
    ):
        page = view.open()
        ready(page)
        canvas(page)
        save(page, "jupyterlab", height=HEIGHT)


def report(browser: Browser, folder: Path) -> None:
    """The report of the loan sample as a file, and on the page of a legal team."""
    world = wb.datasets.loan()
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    found = wb.audit(case, wb.UnlearningTarget.feature("zip_code"))
    page = browser.new_page(viewport={"width": WIDTH, "height": 1_200})
    path = folder / "loan.html"
    found.to_html(path)
    page.goto(path.as_uri())
    save(page, "report", height=1_200)
    page.close()
    saved = folder / "loan.json"
    saved.write_text(found.to_json(), encoding="utf-8")
    with (
        served_pages.voila("legal_review", report=str(saved)) as site,
        served_pages.watched(browser, site, viewport={"width": WIDTH, "height": 1_200}) as view,
    ):
        page = view.open()
        expect(page.locator(".wb-verdict").first).to_be_visible(timeout=LONG)
        page.set_viewport_size({"width": WIDTH, "height": TALL})
        page.wait_for_timeout(1_500)
        save(page, "legal_review", until=picture(page, 1))


def teaching(browser: Browser) -> None:
    """The first question of the teaching page, answered."""
    with (
        served_pages.voila("teaching") as site,
        served_pages.watched(browser, site, viewport={"width": WIDTH, "height": 1_200}) as view,
    ):
        page = view.open()
        answer = page.get_by_role("radio").first
        expect(answer).to_be_visible(timeout=LONG)
        answer.check()
        page.get_by_role("button", name="Show what is measured").first.click()
        # The bank's model is trained and audited.
        expect(page.locator(".wb-told").first).to_contain_text("SHAP", timeout=LONG)
        page.set_viewport_size({"width": WIDTH, "height": TALL})
        page.wait_for_timeout(1_500)
        save(page, "teaching", until=page.locator(".wb-step").first)


def main() -> None:
    """Write the pictures into docs/."""
    browser_path = next(path for name in BROWSERS if name and (path := shutil.which(name)))
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        expect.set_options(timeout=LONG)
        dashboard(browser)
        change(browser)
        notebook(browser, Path(folder))
        report(browser, Path(folder))
        teaching(browser)
        browser.close()


if __name__ == "__main__":
    main()
