"""A browser per file of tests, and servers that last as long as the tests do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.importorskip("voila")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import served_pages
from tests.browser.model_server import misbehaving
from tests.browser.served_pages import FLAGS, ROOT, WAIT, Site, Watched

NOTEBOOKS = ROOT / "notebooks"
FAILED = pytest.StashKey[bool]()


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
def model_server() -> Iterator[str]:
    """The address of a model server that hangs, hangs up or talks nonsense."""
    with misbehaving() as address:
        yield address


@pytest.fixture(scope="session")
def voila_site(model_server: str) -> Iterator[Site]:
    """The dashboard, as ``cafe-workbench serve`` shows it; it may ask one model server."""
    with served_pages.voila(endpoints=(model_server,)) as site:
        yield site


@pytest.fixture(scope="session")
def lab_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A JupyterLab over a copy of the dashboard's notebook."""
    folder = tmp_path_factory.mktemp("lab")
    with served_pages.lab(folder, NOTEBOOKS / "dashboard.ipynb") as site:
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


@pytest.fixture(scope="module")
def site(voila_site: Site) -> Site:
    """Voila; the widgets are the same in JupyterLab, which has tests of its own."""
    return voila_site


class Visit:
    """One window that the tests of a file share: to open a page takes longer than to look at it.

    A test that fails leaves the window; the next one opens another.
    """

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser, self._site = browser, site
        self._opened, self._view = ExitStack(), None

    def view(self) -> Watched:
        if self._view is None:
            self._view = self._opened.enter_context(served_pages.watched(self._browser, self._site))
            self._view.open()
        return self._view

    def leave(self) -> None:
        self._opened.close()
        self._view = None


@pytest.fixture(scope="module")
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """The window that the tests of this file share."""
    made = Visit(browser, site)
    yield made
    made.leave()


@pytest.fixture
def view(visit: Visit, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """The page as the test before has left it; no test may rest on that."""
    found = visit.view()
    yield found
    failed = request.node.stash.get(FAILED, True) or found.foreign or found.errors
    if failed:
        visit.leave()
    found.checked()


@pytest.fixture
def page(view: Watched) -> Page:
    """The dashboard, open."""
    return view.page


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Take a picture of what the page showed where a test failed."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    view = getattr(item, "funcargs", {}).get("view")
    if call.when == "call" and report.failed and isinstance(view, Watched):
        folder = item.funcargs.get("tmp_path") or Path(mkdtemp(prefix="failed-"))
        if not view.page.is_closed():
            view.page.screenshot(path=folder / "failed.png", full_page=True)
            report.sections.append(("picture", f"{folder / 'failed.png'}"))
            report.sections.append(("page", "\n".join(view.errors + view.foreign)))
    return report
