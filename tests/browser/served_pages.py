"""Servers for the browser tests, and a page that is watched.

Two servers show the same notebooks: the workbench's own Voila, started by the code behind
``cafe-workbench serve``, and a JupyterLab. Both listen on this computer only, start kernels of the
Python that runs the tests, and keep all their files in a folder of the test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    expect,
)
from playwright.sync_api import (
    TimeoutError as WaitedTooLong,
)

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
WAIT = 20_000
"""Milliseconds until a page that is open answers."""
LONG = 90_000
"""Milliseconds: a process starts, and the first audit imports shap and aif360, on a machine that
tests share."""
HARMLESS = (
    # JupyterLab's own: it asks for files that a fresh user does not have, and falls back.
    "Failed to load resource: the server responded with a status of 404",
    # Chromium's remark on canvases that are read back; nothing is wrong.
    "willReadFrequently",
)
"""Parts of console errors that are JupyterLab's or the browser's own and tell of no fault."""


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment, in which children find the checkout."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": path, **more}


@dataclass(frozen=True)
class Site:
    """A server and the way to a notebook on it.

    Attributes
    ----------
    kind : {"voila", "lab"}
    address : str
        What to open, token included. For JupyterLab the address of the server's root.
    folder : Path or None
        Where JupyterLab finds its notebooks.
    process : int or None
        The server's process, which starts those of its pages.
    """

    kind: str
    address: str
    folder: Path | None = None
    process: int | None = None

    @property
    def root(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask JupyterLab's own interface; return what it answers."""
        request = urllib.request.Request(
            f"{self.root}/{path}", method=method, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def end_kernels(self, notebooks: Collection[str]) -> None:
        """End the processes behind notebooks of JupyterLab; Voila's end with their page."""
        if self.kind == "lab":
            for session in self.ask("api/sessions"):
                if session["path"] in notebooks:
                    with suppress(urllib.error.HTTPError):
                        self.ask(f"api/sessions/{session['id']}", "DELETE")


@contextmanager
def voila(page: str = "dashboard", **options: object) -> Iterator[Site]:
    """Serve a page as ``cafe-workbench serve`` does, with a token that the tests know."""
    # Every test opens pages of its own, faster than the processes of the last ones end.
    options = {"port": 0, "token": TOKEN, "open_browser": False, "max_pages": 50, **options}
    code = f"from widgets.serving.serving import serve; serve({page!r}, **{options!r})"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            found = next((line.strip() for line in server.stdout if line.startswith("http")), None)
            assert found is not None, "the server printed no address"
            assert TOKEN in found
            yield Site("voila", found, process=server.pid)
        finally:
            end(server)


@contextmanager
def lab(folder: Path, *notebooks: Path) -> Iterator[Site]:
    """Run a JupyterLab over copies of notebooks, which asks nobody for news or extensions."""
    shown, own = folder / "notebooks", folder / "jupyter"
    shown.mkdir(parents=True)
    for notebook in notebooks:
        shutil.copy(notebook, shown)
    news = own / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (news / "notification.jupyterlab-settings").write_text(json.dumps(quiet), "utf-8")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={shown}", f"--IdentityProvider.token={TOKEN}"),
        *("--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"),
        *("--LabApp.news_url=", "--ServerApp.log_level=ERROR"),
    ]
    places = environment(
        JUPYTER_CONFIG_DIR=str(own / "config"),
        JUPYTER_RUNTIME_DIR=str(own / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(own / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(own / "workspaces"),
        IPYTHONDIR=str(own / "ipython"),
    )
    with (
        (own / "log").open("w") as log,
        subprocess.Popen(command, cwd=shown, env=places, stdout=log, stderr=log) as server,
    ):
        site = Site("lab", f"http://127.0.0.1:{port}", shown)
        try:
            for _ in range(600):
                assert server.poll() is None, (own / "log").read_text("utf-8")
                with suppress(OSError):
                    site.ask("api/status")
                    break
                time.sleep(0.1)
            else:
                raise AssertionError("JupyterLab did not answer within a minute")
            yield site
        finally:
            end(server)


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that a test has started."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


@dataclass
class Watched:
    """A page, and what it did besides what it shows."""

    page: Page
    site: Site
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: int = 0
    """Bytes that came over websockets."""
    notebooks: list[str] = field(default_factory=list)
    """What was opened in JupyterLab."""

    def __post_init__(self) -> None:
        page = self.page
        page.set_default_timeout(WAIT)
        page.set_default_navigation_timeout(LONG)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", self._line)
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        page.on("console", self._said)

    def _line(self, socket: Any) -> None:
        self.requests.append(socket.url)
        socket.on("framereceived", self._received)

    def _received(self, frame: str | bytes) -> None:
        self.sent += len(frame if isinstance(frame, bytes) else frame.encode("utf-8"))

    def _said(self, message: Any) -> None:
        if message.type == "error" and not any(part in message.text for part in HARMLESS):
            place = message.location.get("url", "")
            self.errors.append(f"console: {message.text} ({place})")

    @property
    def foreign(self) -> list[str]:
        """Requests to anywhere but the server."""
        host = urlsplit(self.site.address).netloc
        own = ("data:", "about:", f"blob:http://{host}/")
        return [u for u in self.requests if not u.startswith(own) and urlsplit(u).netloc != host]

    def open(self, notebook: str = "dashboard.ipynb", *, cells: Sequence[int] = ()) -> Page:
        """Open the page; in JupyterLab, also run the notebook's cells, all or some of them."""
        if self.site.kind == "voila":
            self.page.goto(self.site.address)
            return self.page
        self.notebooks.append(notebook)
        self.page.goto(f"{self.site.root}/doc/tree/{notebook}?token={TOKEN}")
        self.page.wait_for_function(
            """() => {
                const shown = window.jupyterapp?.shell.currentWidget;
                const kernel = shown?.sessionContext?.session?.kernel;
                return kernel && shown.model && ['idle', 'busy'].includes(kernel.status);
            }""",
            timeout=LONG,
        )
        if cells:
            for cell in cells:
                run_cell(self.page, cell)
        else:
            self.page.evaluate(
                "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
            )
        return self.page

    def checked(self) -> None:
        """Assert that nothing foreign was asked for and that no script failed."""
        assert self.foreign == []
        assert self.errors == [], self.errors


@contextmanager
def watched(browser: Browser, site: Site, **options: Any) -> Iterator[Watched]:
    """Open a window of its own on a site."""
    options = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True, **options}
    context: BrowserContext = browser.new_context(**options)
    view = Watched(context.new_page(), site)
    try:
        yield view
    finally:
        context.close()
        site.end_kernels(view.notebooks)


def command(page: Page, name: str) -> None:
    """Carry out a command of JupyterLab, and wait until it is done; one that fails raises.

    What JupyterLab promises is waited for here, not in the page: a promise that a kernel which
    started again never keeps would be waited for without end. Then it is told once more.
    """
    for last in (False, True):
        page.evaluate(
            """(name) => {
                const ended = (problem) => { window.carriedOut = { problem }; };
                window.carriedOut = null;
                const failed = (error) => ended(String(error));
                window.jupyterapp.commands.execute(name).then(() => ended(null), failed);
            }""",
            name,
        )
        try:
            page.wait_for_function("() => window.carriedOut", timeout=LONG)
            break
        except WaitedTooLong:
            if last:
                raise
    problem = page.evaluate("() => window.carriedOut.problem")
    assert problem is None, f"{name}: {problem}"


def run_cell(page: Page, cell: int) -> list[dict[str, Any]]:
    """Run a cell of the notebook that is open in JupyterLab; return its outputs when it is done."""
    page.evaluate(
        "(cell) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }", cell
    )
    command(page, "notebook:run-cell")
    found: list[dict[str, Any]] = page.evaluate(
        "(cell) => window.jupyterapp.shell.currentWidget.content.widgets[cell]"
        ".model.outputs.toJSON()",
        cell,
    )
    return found


def ready(page: Page) -> Locator:
    """Wait until an audit can be run, and return the button."""
    button = page.get_by_role("button", name="Run the audit")
    broken = page.get_by_text(re.compile("There was an error when executing cell|Traceback"))
    expect(button.or_(broken).first).to_be_visible(timeout=LONG)
    assert broken.count() == 0, "the page's code failed"
    expect(button).to_be_enabled(timeout=LONG)
    return button


def run(page: Page, *, timeout: float = LONG) -> Locator:
    """Press Run, wait for the end, and return the verdict's box."""
    ready(page).click()
    verdict = page.locator(".wb-verdict")
    expect(verdict).to_be_visible(timeout=timeout)
    expect(page.get_by_text("Done. The result is ready.").first).to_be_visible(timeout=timeout)
    return verdict


def opened(page: Page, number: int) -> None:
    """Open a step that a run has folded, unless it stands open."""
    folded = page.get_by_role("button", name=f"Open step {number}")
    expect(folded.or_(page.get_by_role("button", name=f"Fold step {number}"))).to_be_visible()
    if folded.count():
        folded.click()


def settings_opened(page: Page) -> None:
    """Open the methods, checks and seed of step 5, unless they stand open."""
    part = page.get_by_role("button", name="Methods, further checks and seed")
    expect(part).to_be_visible()
    if "▸" in part.inner_text():
        part.click()


def without(page: Page, *methods: str) -> None:
    """Run without these methods, by default without those that a verdict does not need."""
    settings_opened(page)
    for name in methods or ("SHAP", "Permutation importance", "FairTest", "AIF360"):
        page.get_by_role("checkbox", name=name).first.uncheck()


def sheets(pdf: bytes) -> int:
    """Count the pages of a PDF that Chromium has printed."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def words_of(page: Page) -> str:
    """Return all that the page holds, with tabs that are not shown and what is folded."""
    return " ".join(str(page.locator(".wb-page").evaluate(ALL_WORDS)).split())


ALL_WORDS = """
(page) => {
    const panels = [...page.querySelectorAll('.wb-panel')];
    const were = panels.map((panel) => panel.style.display);
    const folded = [...page.querySelectorAll('details:not([open])')];
    panels.forEach((panel) => { panel.style.display = ''; });
    folded.forEach((part) => { part.open = true; });
    const text = page.innerText;
    panels.forEach((panel, at) => { panel.style.display = were[at]; });
    folded.forEach((part) => { part.open = false; });
    return text;
}
"""


def tab_to(page: Page, name: str, *, exact: bool = False, back: bool = False) -> None:
    """Press Tab until a control of this name has the focus."""
    seen = []
    for _ in range(300):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        found = page.evaluate(NAME_OF_FOCUS)
        if found == name if exact else name in found:
            return
        seen.append(found)
    raise AssertionError(f"no way by Tab to {name!r}; passed {list(dict.fromkeys(seen))}")


NAME_OF_FOCUS = """
() => {
    const at = document.activeElement;
    if (!at || at === document.body) return '';
    const labels = [...(at.labels ?? [])].map((label) => label.textContent);
    const named = (at.getAttribute('aria-labelledby') ?? '').split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '');
    const own = [at.getAttribute('aria-label'), ...labels, ...named, at.textContent];
    return (own.find((text) => text?.trim()) ?? '').trim();
}
"""
