"""The workbench as a served page: Voila, with what a page open to others needs.

Voila's own defaults are for a trusted desk: no login, templates chosen by the visitor, files of the
notebook's folder for everybody, kernels that never end (``interface.md``, "Voila"). This server is
the same Voila with those defaults changed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from traitlets.config import Config

from widgets.lessons.lessons import LESSONS
from widgets.pages.report_file import REPORT_VARIABLE, read_report
from widgets.serving.address import base_url, check_host, check_token
from widgets.serving.classroom.server import serve_class
from widgets.serving.folders import writable_folders
from widgets.serving.headers import HEADERS
from widgets.serving.page_server import (
    TEMPLATE,
    PageProcesses,
    ThisPython,
    TokenOnly,
    WorkbenchServer,
)
from workbench.common.errors import AuditError
from workbench.common.limits import MESSAGE_BYTES, SERVED_PAGES

__all__ = ["ClassOptions", "page_file", "serve", "settings"]

IDLE_SECONDS = 20 * 60
"""A process that no page is connected to, and that does nothing, ends after this time."""
OUTPUT_RATE = 20_000_000
"""Bytes per second to a page; a report's file goes through here."""
ENDPOINTS_VARIABLE = "CAFE_WORKBENCH_ENDPOINTS"
EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]
"""The browser's side of the packages that the page shows; no other that a user has installed."""


@dataclass(frozen=True)
class ClassOptions:
    """How the page ``teaching`` is served to a class.

    Attributes
    ----------
    readers : int
        The most that are there at once.
    teacher_token : str, optional
        What the teacher's address carries. By default random.
    answers : Path, optional
        A new CSV for the answers. By default one in the present folder.
    """

    readers: int
    teacher_token: str | None = None
    answers: Path | None = None


def serve(
    page: str = "dashboard",
    *,
    port: int | None = None,
    token: str | None = None,
    public_url: str | None = None,
    host: str = "127.0.0.1",
    open_browser: bool = True,
    max_pages: int = SERVED_PAGES,
    preheat: int = 0,
    endpoints: Sequence[str] = (),
    report: str | Path | None = None,
    classroom: ClassOptions | None = None,
) -> None:
    """Serve a page until Ctrl-C or SIGTERM, and print its address once it answers.

    Parameters
    ----------
    page : str, default "dashboard"
        The name of a page of the workbench ("dashboard", "legal_review", "teaching"), or the path
        of a notebook.
    port : int, optional
        0 takes any free port. By default 8866, or any free one where it is taken.
    token : str, optional
        What the address must carry: 16 or more letters, digits and ``._~-``. By default random.
    public_url : str, optional
        Where a reverse proxy on this machine shows the page. Its path is passed on as it is.
    host : str, default "127.0.0.1"
        The address to listen on. Another than loopback needs `public_url`.
    open_browser : bool, default True
        Open the page where there is a display.
    max_pages : int, default 8
        Pages open at once; each has a Python process of its own, of some 320 MB.
    preheat : int, default 0
        Processes that wait, the page drawn in each, so that it opens at once. They come on top of
        `max_pages`.
    endpoints : sequence of str, default ()
        Prediction endpoints that the page may ask: the beginnings of their addresses. By default
        those of the variable ``CAFE_WORKBENCH_ENDPOINTS``, a JSON list; without it, none.
    report : str or Path, optional
        A saved report (JSON) that the page ``legal_review`` opens, and no other.
    classroom : ClassOptions, optional
        Serve the lessons of the page ``teaching`` to a class, from one process.

    Raises
    ------
    AuditError
        There is no such page, the port is taken, or an option is not usable.
    """
    if classroom is not None:
        if page_file(page).stem != "teaching":
            raise AuditError("--class belongs to the page teaching: serve teaching --class 25.")
        serve_class(
            LESSONS,
            classroom.readers,
            answers=classroom.answers,
            port=port,
            token=token,
            teacher_token=classroom.teacher_token,
            public_url=public_url,
            host=host,
            open_browser=open_browser,
        )
        return
    config = settings(page, token=token, public_url=public_url, host=host, preheat=preheat)
    told = _told_to_kernels(page, endpoints, report)
    _share_with_kernels(told)
    with writable_folders():
        server = WorkbenchServer(config=config, config_file_paths=[])
        server.wanted_port, server.public_url, server.show = port, public_url, open_browser
        server.max_pages = max_pages
        server.initialize(argv=[])
        server.start()


def page_file(page: str) -> Path:
    """Return the notebook of a page, by its name or its path.

    Raises
    ------
    AuditError
        There is no such notebook.
    """
    package = Path(__file__).resolve().parents[1]
    if page.endswith(".ipynb"):
        file = Path(page).resolve()
        if not file.is_file():
            raise AuditError(f"There is no notebook {page!r}.")
        return file
    # Installed, the pages travel in the package; in a checkout they lie beside it.
    folders = (package / "pages", package.parent / "notebooks")
    if re.fullmatch(r"\w[\w-]*", page):
        name = page.replace("-", "_")
        for file in (folder / f"{name}.ipynb" for folder in folders):
            if file.is_file():
                return file
    known = sorted({file.stem for folder in folders for file in folder.glob("*.ipynb")})
    raise AuditError(f"There is no page {page!r}. Pages: {', '.join(known) or 'none'}.")


def settings(
    page: str,
    *,
    token: str | None = None,
    public_url: str | None = None,
    host: str = "127.0.0.1",
    preheat: int = 0,
) -> Config:
    """Return the hardened settings, as a configuration of Voila.

    Raises
    ------
    AuditError
        As for `serve`.
    """
    file = page_file(page)
    check_token(token)
    check_host(host, public_url)
    if preheat < 0:
        raise AuditError(f"--preheat must be 0 or more, not {preheat}.")
    public = urlsplit(public_url or "")
    secure = public.scheme == "https"
    config = Config()
    config.Voila.notebook_path = str(file)
    config.Voila.root_dir = str(file.parent)
    config.Voila.ip = host
    config.Voila.token = token or secrets.token_urlsafe(24)
    config.Voila.identity_provider_class = TokenOnly
    config.Voila.open_browser = False  # the server opens the address with the token itself
    config.Voila.log_level = "ERROR"
    config.Voila.base_url = base_url(public.path)
    config.Voila.tornado_settings = {
        "allow_remote_access": False,  # answer only to names of this machine: no DNS rebinding
        "local_hostnames": ["localhost", *([public.hostname] if public.hostname else [])],
        "allow_origin": f"{public.scheme}://{public.netloc}" if public.netloc else "",
        "xsrf_cookies": True,
        "xsrf_cookie_kwargs": {"samesite": "Strict", "secure": secure},
        "headers": HEADERS,
        "websocket_max_message_size": MESSAGE_BYTES,
        "terminals_available": False,
    }
    config.VoilaConfiguration.template = TEMPLATE
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.allow_theme_override = "NO"
    config.VoilaConfiguration.file_allowlist = []  # no file of the folder is for visitors
    config.VoilaConfiguration.file_denylist = [".*"]
    config.VoilaConfiguration.show_tracebacks = False
    config.VoilaConfiguration.strip_sources = True
    config.VoilaConfiguration.preheat_kernel = preheat > 0
    config.VoilaConfiguration.default_pool_size = preheat
    config.VoilaConfiguration.multi_kernel_manager_class = PageProcesses
    config.VoilaKernelManager.fill_delay = 0.0  # our processes wait by themselves
    config.VoilaConfiguration.extension_allowlist = EXTENSIONS
    config.VoilaConfiguration.kernel_spec_manager_class = ThisPython
    config.MappingKernelManager.cull_interval = 60
    config.MappingKernelManager.cull_idle_timeout = IDLE_SECONDS
    config.MappingKernelManager.cull_connected = False
    config.ZMQChannelsWebsocketConnection.iopub_data_rate_limit = OUTPUT_RATE
    config.TokenOnly.cookie_options = {"samesite": "Strict"}
    if secure:
        config.TokenOnly.secure_cookie = True
    return config


def _told_to_kernels(
    page: str, endpoints: Sequence[str], report: str | Path | None
) -> dict[str, str]:
    """Return the variables that tell the page's process what it may reach."""
    told = {}
    for address in endpoints:
        _check_endpoint(address)
    if endpoints or ENDPOINTS_VARIABLE not in os.environ:
        told[ENDPOINTS_VARIABLE] = json.dumps(list(endpoints))
    if report is not None:
        if page_file(page).stem != "legal_review":
            raise AuditError("--report belongs to the page legal_review: serve legal_review.")
        read_report(report)  # said now rather than on the page
        told[REPORT_VARIABLE] = str(Path(report).resolve())
    return told


def _check_endpoint(address: str) -> None:
    parts = urlsplit(address)
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise AuditError(
            f"--endpoint must be the beginning of an address, like "
            f"https://models.example.org/v2/models/credit, not {address!r}."
        )


def _share_with_kernels(told: dict[str, str]) -> None:
    """Let Voila find the page's template, and the page's process this very workbench."""
    package = Path(__file__).resolve().parents[1]
    for name, folder in (("JUPYTER_PATH", package / "share"), ("PYTHONPATH", package.parent)):
        rest = os.environ.get(name)
        os.environ[name] = f"{folder}{os.pathsep}{rest}" if rest else str(folder)
    os.environ.pop(REPORT_VARIABLE, None)
    os.environ.update(told)
