"""Voila, narrowed to one notebook: who may enter, what is answered, how it starts and ends."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
from datetime import UTC, datetime
from typing import Any

import jinja2
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler
from traitlets import default
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.voila_identity_provider import VoilaIdentityProvider

from widgets.serving.address import bound, bracketed, open_in_browser
from widgets.serving.headers import SecurityHeaders
from widgets.serving.page_websocket import CheckedWebsocketHandler
from workbench.common.errors import AuditError
from workbench.common.limits import SERVED_PAGES

__all__ = [
    "HEALTH",
    "TEMPLATE",
    "PageProcesses",
    "ThisPython",
    "TokenOnly",
    "WorkbenchServer",
]

TEMPLATE = "workbench"
HEALTH = "workbench/health"
WARM_SECONDS = 60.0
"""The longest wait for preheated processes before the address is announced."""
REFILL_SECONDS = 5.0
"""A process is preheated again this long after one was taken."""
LOGS = ("tornado.access", "tornado.application", "tornado.general")
SECRETS = ("CAFE_WORKBENCH_TOKEN", "QUERY_STRING", "VOILA_REQUEST_URL")
"""Variables by which the token would reach a page's process, which has no use for it."""
ERROR_PAGE = (
    "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>{{ status_code }}</title>"
    "<p>{{ status_code }}: {{ status_message }}</p></html>"
)


class WorkbenchServer(Voila):
    """Voila for one notebook, which says where it is and leaves nothing behind."""

    wanted_port: int | None = None
    public_url: str | None = None
    show = True
    max_pages: int = SERVED_PAGES

    def init_settings(self) -> Any:
        """Add the headers and a plain error page to what Voila sets."""
        errors = jinja2.Environment(
            loader=jinja2.DictLoader({"error.html": ERROR_PAGE}), autoescape=True
        )
        return {
            **super().init_settings(),
            "transforms": [SecurityHeaders],
            "jinja2_env": errors,
            "max_pages": self.max_pages,
            "log_function": lambda handler: None,  # addresses hold the token: into no log
        }

    def init_handlers(self) -> Any:
        """Narrow Voila's handlers to one page and its parts, and add our own."""
        handlers: list[Any] = [
            (f"{self.base_url}{HEALTH}", HealthHandler),
            (f"{self.base_url}login", NoTokenHandler),
        ]
        for pattern, handler, *rest in super().init_handlers():
            if handler is TornadoVoilaHandler:
                handlers.append((pattern, PageHandler, *rest))
            elif handler is VoilaKernelWebsocketHandler:
                handlers.append((pattern, CheckedWebsocketHandler, *rest))
            elif handler is RequestInfoSocketHandler:
                continue  # would tell a visitor's address, token included, without asking for one
            elif handler is TemplateStaticFileHandler:
                parts = rf"voila/templates/({TEMPLATE}/static/(?!.*(?:\.\.|%)).*)"
                handlers.append((self.base_url + parts, handler, *rest))
            else:
                handlers.append((pattern, handler, *rest))
        return handlers

    def listen(self) -> None:
        """Listen, announce the address, and run until a signal."""
        self.ioloop = IOLoop.current()
        try:
            sockets = bound(self.ip, self.wanted_port)
        except AuditError:
            self.stop()
            raise
        self.port = sockets[0].getsockname()[1]
        http = HTTPServer(self.app, max_body_size=2**20, xheaders=self.public_url is not None)
        http.add_sockets(sockets)
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle_signal_stop)
        logging.getLogger("tornado").setLevel(logging.ERROR)
        hidden = WithoutToken(self.identity_provider.token)
        for log in (self.log, *map(logging.getLogger, LOGS)):
            log.addFilter(hidden)  # an error is logged with the address that was asked for
        self.ioloop.add_callback(self._announce)
        try:
            self.ioloop.start()
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            http.stop()
            self.stop()

    def stop(self) -> None:
        """End every process that a page had."""
        for pool in pools(self.kernel_manager):
            for task in [task for task in pool if not task.done()]:
                task.cancel()  # what has yet to start never does
                pool.remove(task)  # Voila would wait for it
        self.ioloop.run_sync(lambda: self.kernel_manager.shutdown_all(now=True))
        shutil.rmtree(self.connection_dir, ignore_errors=True)

    async def _announce(self) -> None:
        """Print the address when the server answers; asking for the page itself costs a process."""
        local = f"http://{bracketed(self.ip)}:{self.port}{self.base_url}"
        await AsyncHTTPClient().fetch(f"{local}{HEALTH}")
        await self._warm()
        shown = local if self.public_url is None else self.public_url.rstrip("/") + "/"
        address = f"{shown}?token={self.identity_provider.token}"
        print(f"The workbench is ready (Ctrl-C stops it):\n{address}", flush=True)
        if self.show and self.public_url is None:
            open_in_browser(address)

    async def _warm(self) -> None:
        """Wait until the processes that were asked for beforehand have drawn their page."""
        tasks = [task for pool in pools(self.kernel_manager) for task in pool]
        if tasks:
            started, _ = await asyncio.wait(tasks, timeout=WARM_SECONDS)
            drawn = [task.result()["task"] for task in started if task.exception() is None]
            if drawn:
                await asyncio.wait(drawn, timeout=WARM_SECONDS)


class WithoutToken(logging.Filter):
    """Takes the token out of what is logged."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    def filter(self, record: logging.LogRecord) -> bool:
        """Log every record, the token in none."""
        record.msg, record.args = record.getMessage().replace(self.token, "[token]"), ()
        return True


class PageProcesses(AsyncMappingKernelManager):
    """The pages' processes; none of them is told the token."""

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]  # by name only
        """Start a process without the variables that hold the token."""
        environment = options.get("env", os.environ)
        if environment.get("VOILA_PREHEAT") == "True" and "VOILA_REQUEST_URL" in environment:
            await asyncio.sleep(REFILL_SECONDS)  # the page that took the one before loads first
        options["env"] = {k: v for k, v in environment.items() if k not in SECRETS}
        started: str = await super().start_kernel(**options)
        return started


def pools(processes: Any) -> list[list[asyncio.Task[Any]]]:
    """Return what Voila keeps of the processes that wait for their visitors, started or not."""
    return list(getattr(processes, "_pools", {}).values())  # absent where nothing is preheated


def waiting(processes: Any) -> set[str]:
    """Return the processes that wait for their visitor."""
    tasks = [task for pool in pools(processes) for task in pool if task.done()]
    good = [task for task in tasks if not task.cancelled() and task.exception() is None]
    return {task.result()["kernel_id"] for task in good}


async def is_full(processes: Any, most: int) -> bool:
    """Say whether visitors hold ``most`` processes already.

    One that is being preheated may stand in the list before its task is done. It is nobody's
    page, so that near the limit it is waited for instead of counted.
    """

    def held() -> int:
        return len(set(processes.list_kernel_ids()) - waiting(processes))

    starting = [task for pool in pools(processes) for task in pool if not task.done()]
    if held() >= most and starting:
        await asyncio.wait(starting, timeout=WARM_SECONDS)
    return held() >= most


class PageHandler(TornadoVoilaHandler):
    """The notebook as a page, and nothing else below its address."""

    async def get(self, path: str | None = None) -> None:
        """Open the page with a Python process of its own."""
        if path:
            raise HTTPError(404)
        processes = self.kernel_manager
        if await is_full(processes, self.settings["max_pages"]):
            raise HTTPError(503, reason="Too many pages are open; close one and load this again")
        for process in waiting(processes):  # it may have waited for longer than an idle page lives
            processes.get_kernel(process).last_activity = datetime.now(UTC)
        _ = self.xsrf_token  # sets the cookie with which the page may end its own process
        await super().get(path)

    def should_use_rendered_notebook(self, *asked: Any) -> bool:
        """Take a preheated process only when one is there; else a new one is quicker."""
        use: bool = super().should_use_rendered_notebook(*asked)
        return use and bool(waiting(self.kernel_manager))


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
