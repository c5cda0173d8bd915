"""The workbench as a served page: Voila, with what a page open to others needs.

Voila's own defaults are for a trusted desk: no login, templates chosen by the visitor, files of the
notebook's folder for everybody, kernels that never end (``interface.md``, "Voila"). This server is
the same Voila with those doors shut.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import threading
import webbrowser
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_core.utils import run_sync
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import HTTPError, OutputTransform, RequestHandler
from traitlets import default
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.handler import TornadoVoilaHandler
from voila.voila_identity_provider import VoilaIdentityProvider

from workbench.errors import AuditError

__all__ = ["MAX_PAGES", "page_file", "serve", "settings"]

TEMPLATE = "workbench"
PORT = 8866
HEALTH = "workbench/health"
MAX_PAGES = 8
"""Pages open at once; each has a Python process of its own, of some 320 MB."""
IDLE_SECONDS = 20 * 60
"""A process that no page is connected to, and that does nothing, ends after this time."""
MESSAGE_BYTES = 4 * 2**20
"""The longest message that a page may send."""
OUTPUT_RATE = 20_000_000
"""Bytes per second to a page; a report's file goes through here."""
TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,256}")
EXTENSIONS = ["@voila-dashboards/widgets-manager8", "anywidget", "jupyterlab-plotly"]
"""The browser's side of the packages that the page shows; no other that a user has installed."""

ERROR_PAGE = (
    "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>{{ status_code }}</title>"
    "<p>{{ status_code }}: {{ status_message }}</p></html>"
)
HEADERS = {
    # Scripts in the page itself and eval are Voila's own ways; nothing from another site.
    "Content-Security-Policy": "default-src 'none'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; frame-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer, those of static files and errors included."""


def serve(
    page: str = "dashboard",
    *,
    port: int | None = None,
    token: str | None = None,
    public_url: str | None = None,
    host: str = "127.0.0.1",
    open_browser: bool = True,
) -> None:
    """Serve a page until Ctrl-C or SIGTERM, and print its address once it answers.

    Parameters
    ----------
    page : str, default "dashboard"
        The name of a page of the workbench, or the path of a notebook.
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

    Raises
    ------
    AuditError
        There is no such page, the port is taken, or an option is not usable.
    """
    config = settings(page, token=token, public_url=public_url, host=host)
    _share_with_kernels()
    server = WorkbenchServer(config=config, config_file_paths=[])
    server.wanted_port, server.public_url, server.show = port, public_url, open_browser
    server.initialize(argv=[])
    server.start()


def page_file(page: str) -> Path:
    """Return the notebook of a page, by its name or its path.

    Raises
    ------
    AuditError
        There is no such notebook.
    """
    package = Path(__file__).resolve().parent
    if page.endswith(".ipynb"):
        file = Path(page).resolve()
        if not file.is_file():
            raise AuditError(f"There is no notebook {page!r}.")
        return file
    # Installed, the pages travel in the package; in a checkout they lie beside it.
    folders = (package / "pages", package.parent / "notebooks")
    if re.fullmatch(r"\w[\w-]*", page):
        for file in (folder / f"{page}.ipynb" for folder in folders):
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
) -> Config:
    """Return the hardened settings, as a configuration of Voila.

    Raises
    ------
    AuditError
        As for `serve`.
    """
    file = page_file(page)
    _check_token(token)
    _check_host(host, public_url)
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
    config.Voila.base_url = _base_url(public.path)
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
    config.VoilaConfiguration.preheat_kernel = False
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


class WorkbenchServer(Voila):
    """Voila for one notebook, which says where it is and leaves nothing behind."""

    wanted_port: int | None = None
    public_url: str | None = None
    show = True

    def init_settings(self) -> Any:
        """Add the headers and a plain error page to what Voila sets."""
        errors = jinja2.Environment(
            loader=jinja2.DictLoader({"error.html": ERROR_PAGE}), autoescape=True
        )
        return {**super().init_settings(), "transforms": [SecurityHeaders], "jinja2_env": errors}

    def init_handlers(self) -> Any:
        """Replace the notebook's handler, and add the page without token and the health check."""
        handlers = [
            (pattern, PageHandler, *rest)
            if handler is TornadoVoilaHandler
            else (pattern, handler, *rest)
            for pattern, handler, *rest in super().init_handlers()
        ]
        own = [
            (f"{self.base_url}{HEALTH}", HealthHandler),
            (f"{self.base_url}login", NoTokenHandler),
        ]
        return own + handlers

    def listen(self) -> None:
        """Listen, announce the address, and run until a signal."""
        sockets = self._bind()
        self.port = sockets[0].getsockname()[1]
        http = HTTPServer(self.app, max_body_size=2**20, xheaders=self.public_url is not None)
        http.add_sockets(sockets)
        self.ioloop = IOLoop.current()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle_signal_stop)
        # The address holds the token, which belongs into no log.
        logging.getLogger("tornado.access").disabled = True
        self.ioloop.add_callback(self._announce)
        try:
            self.ioloop.start()
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            http.stop()
            self.stop()

    def stop(self) -> None:
        """End every process that a page had."""
        run_sync(self.kernel_manager.shutdown_all)(now=True)
        shutil.rmtree(self.connection_dir, ignore_errors=True)

    def _bind(self) -> list[socket.socket]:
        wanted = PORT if self.wanted_port is None else self.wanted_port
        try:
            return bind_sockets(wanted, address=self.ip)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and self.wanted_port is None:
                return bind_sockets(0, address=self.ip)
            reason = "is taken" if error.errno == errno.EADDRINUSE else f": {error.strerror}"
            raise AuditError(
                f"Cannot listen on {self.ip}, port {wanted} {reason}. Choose another --port; 0 "
                f"takes any free one."
            ) from None

    async def _announce(self) -> None:
        """Print the address when the server answers; asking for the page itself costs a process."""
        local = f"http://{_bracketed(self.ip)}:{self.port}{self.base_url}"
        await AsyncHTTPClient().fetch(f"{local}{HEALTH}")
        shown = local if self.public_url is None else self.public_url.rstrip("/") + "/"
        address = f"{shown}?token={self.identity_provider.token}"
        print(f"The workbench is ready (Ctrl-C stops it):\n{address}", flush=True)
        if self.show and self.public_url is None and _has_display():
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


class PageHandler(TornadoVoilaHandler):
    """The notebook as a page, and nothing else below its address."""

    async def get(self, path: str | None = None) -> None:
        """Open the page with a Python process of its own."""
        if path:
            raise HTTPError(404)
        if len(self.kernel_manager.list_kernel_ids()) >= MAX_PAGES:
            raise HTTPError(503, reason="Too many pages are open; close one and load this again")
        _ = self.xsrf_token  # sets the cookie with which the page may end its own process
        await super().get(path)


class HealthHandler(RequestHandler):
    """Says that the server answers, without starting anything."""

    def get(self) -> None:
        """Answer with nothing, status 204."""
        self.set_status(204)


class NoTokenHandler(RequestHandler):
    """What a visitor without the token sees."""

    def get(self) -> None:
        """Say how to get in, status 403."""
        self.set_status(403)
        self.finish(
            "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>Not open</title>"
            "<p>This page opens only with its whole address, which ends in <code>?token=…</code>. "
            "The command <code>cafe-workbench serve</code> printed it when it started.</p></html>"
        )


class TokenOnly(VoilaIdentityProvider):
    """Lets in who has the token; there is no password, and no form that could set one."""

    @property
    def login_available(self) -> bool:
        """There is no login form."""
        return False

    @property
    def logout_available(self) -> bool:
        """Closing the page is enough."""
        return False


class ThisPython(KernelSpecManager):
    """Offers one kernel, the Python that runs the server, whatever else the user has installed."""

    @default("allowed_kernelspecs")
    def _this_one(self) -> set[str]:
        return {"python3"}

    @default("kernel_dirs")
    def _no_other(self) -> list[str]:
        return []

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the one kernel, told to keep its warnings to itself."""
        spec = super().get_kernel_spec(kernel_name)
        spec.argv = [*spec.argv, "--log-level=ERROR"]
        return spec


class SecurityHeaders(OutputTransform):
    """Puts the headers on every answer, also where a handler sets none."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Set them on the first part of an answer."""
        for name, value in HEADERS.items():
            headers[name] = value
        headers.pop("Server", None)
        return status_code, headers, chunk


def _check_token(token: str | None) -> None:
    if token is not None and not TOKEN.fullmatch(token):
        raise AuditError(
            "The token must have 16 to 256 letters, digits or any of ._~- so that nobody guesses "
            "it. Leave --token out to get a random one."
        )


def _check_host(host: str, public_url: str | None) -> None:
    try:
        inside = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        raise AuditError(
            f"{host!r} is no address to listen on. Use 127.0.0.1, which only this computer reaches."
        ) from None
    if not inside and public_url is None:
        raise AuditError(
            f"Listening on {host} opens the page to other computers, over a connection that "
            f"anybody on the way can read. Put a reverse proxy with https in front and say where "
            f"it shows the page: --public-url https://audit.example.org/"
        )
    if public_url is None:
        return
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise AuditError(
            f"--public-url must look like https://audit.example.org/cafe/, not {public_url!r}."
        )


def _base_url(path: str) -> str:
    inner = path.strip("/")
    if not re.fullmatch(r"[\w./~-]*", inner):
        raise AuditError(f"The path of --public-url holds more than letters and digits: {path!r}.")
    return f"/{inner}/" if inner else "/"


def _share_with_kernels() -> None:
    """Let Voila find the page's template, and the page's process this very workbench."""
    package = Path(__file__).resolve().parent
    for name, folder in (("JUPYTER_PATH", package / "share"), ("PYTHONPATH", package.parent)):
        rest = os.environ.get(name)
        os.environ[name] = f"{folder}{os.pathsep}{rest}" if rest else str(folder)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _has_display() -> bool:
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
