"""A browser per file of tests, and servers that last as long as the tests do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.importorskip("voila")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import served_pages
from tests.browser.served_pages import FLAGS, ROOT, WAIT, Site, Watched

NOTEBOOKS = ROOT / "notebooks"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a browser test a second try under CI, where a busy machine costs a whole change.

    The summary prints what was tried twice (``RERUN``): that is a fault of the page or of the test,
    to be found, and no reason to try a third time.
    """
    if os.environ.get("CI"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def voila_site() -> Iterator[Site]:
    """The dashboard, as ``cafe-workbench serve`` shows it."""
    with served_pages.voila() as site:
        yield site


@pytest.fixture(scope="session")
def lab_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A JupyterLab over copies of the notebooks."""
    pages = [NOTEBOOKS / f"{name}.ipynb" for name in ("dashboard", "legal_review", "teaching")]
    folder = tmp_path_factory.mktemp("lab")
    with served_pages.lab(folder, *(page for page in pages if page.is_file())) as site:
        yield site


# Not for the whole session: while Playwright runs, no other test of this process may use asyncio.
@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=WAIT)
        found = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(params=["voila", "lab"])
def site(request: pytest.FixtureRequest) -> Site:
    """Voila, then JupyterLab."""
    found: Site = request.getfixturevalue(f"{request.param}_site")
    return found


@pytest.fixture
def view(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Watched]:
    """A window on a site, with a picture where the test fails; nothing is open in it yet."""
    with served_pages.watched(browser, site) as found:
        yield found
        found.checked()


@pytest.fixture
def page(view: Watched) -> Page:
    """The dashboard, just opened."""
    return view.open()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Take a picture of what the page showed where a test failed."""
    report = yield
    view = getattr(item, "funcargs", {}).get("view")
    if call.when == "call" and report.failed and isinstance(view, Watched):
        folder = item.funcargs.get("tmp_path") or Path(mkdtemp(prefix="failed-"))
        if not view.page.is_closed():
            view.page.screenshot(path=folder / "failed.png", full_page=True)
            report.sections.append(("picture", f"{folder / 'failed.png'}"))
            report.sections.append(("page", "\n".join(view.errors + view.foreign)))
    return report
