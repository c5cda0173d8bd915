"""A class served from one process: it measures its lessons, answers, and saves what was said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback

from widgets.lessons.lesson import Lesson
from widgets.serving.address import base_url, bound, bracketed, check_host, open_in_browser
from widgets.serving.classroom.classroom import Classroom
from widgets.serving.classroom.handlers import application
from workbench.common.limits import CLASS_FORM_BYTES

__all__ = ["serve_class"]

IDLE_SECONDS = 60.0
SAVE_SECONDS = 5


def serve_class(
    lessons: Sequence[Lesson],
    readers: int,
    *,
    answers: Path | None = None,
    port: int | None = None,
    token: str | None = None,
    teacher_token: str | None = None,
    public_url: str | None = None,
    host: str = "127.0.0.1",
    open_browser: bool = True,
) -> None:
    """Serve lessons to a class from one process until Ctrl-C or SIGTERM.

    Parameters
    ----------
    lessons : sequence of Lesson
    readers : int
        The most that are there at once.
    answers : Path, optional
        A new CSV for the answers. By default one in the present folder, named by the second.
    token, teacher_token : str, optional
        What the class's address and the teacher's carry. By default random.
    port, public_url, host, open_browser
        As for the other pages.

    Raises
    ------
    AuditError
        The port is taken, or an option is not usable.
    """
    check_host(host, public_url)
    public = urlsplit(public_url or "")
    base = base_url(public.path)
    names = frozenset({"localhost", "127.0.0.1", "[::1]", "::1", *filter(None, [public.hostname])})
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(one) for one in bound(host, port)]
        place = answers or Path(f"class_answers_{datetime.now():%Y-%m-%d_%H%M%S}.csv")
        room = Classroom(lessons, readers, place, token, teacher_token)
        opened.pop_all()  # the class's server closes them
    local = f"http://{bracketed(host)}:{sockets[0].getsockname()[1]}{base}"
    shown = local if public_url is None else public_url.rstrip("/") + "/"

    async def until_stopped() -> None:
        http = HTTPServer(
            application(room, base, names),
            max_body_size=CLASS_FORM_BYTES,
            max_buffer_size=16 * CLASS_FORM_BYTES,
            idle_connection_timeout=IDLE_SECONDS,
            body_timeout=IDLE_SECONDS,
            xheaders=public_url is not None,
        )
        http.add_sockets(sockets)
        stopped, opened = asyncio.Event(), asyncio.Event()
        _on_signals(stopped.set)
        _measure_beside(room, opened.set)
        saving = PeriodicCallback(room.save, 1000 * SAVE_SECONDS)
        saving.start()
        ended = asyncio.ensure_future(stopped.wait())
        await asyncio.wait(
            {ended, asyncio.ensure_future(opened.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        if not stopped.is_set():
            _announce(room, shown)
            if open_browser and public_url is None:
                open_in_browser(f"{shown}teacher?token={room.teacher_token}")
        await ended
        saving.stop()
        http.stop()

    print("Measuring the first lesson …", flush=True)
    try:
        with contextlib.suppress(KeyboardInterrupt), _quiet("tornado"):
            asyncio.run(until_stopped())
    finally:
        room.close()
        for words in (room.ending(), *room.problems.values()):
            print(words, flush=True)


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a log still: its lines hold addresses, and those the tokens."""
    log = logging.getLogger(name)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _announce(room: Classroom, shown: str) -> None:
    print(
        f"The class is open to {room.book.readers} readers (Ctrl-C stops it). For the class:\n"
        f"{shown}?token={room.class_token}\n"
        f"For whoever teaches, and nobody else:\n"
        f"{shown}teacher?token={room.teacher_token}\n"
        f"Answers, without names: {room.answers.resolve()}",
        flush=True,
    )


def _measure_beside(room: Classroom, opened: Callable[[], None]) -> None:
    """Measure the lessons one after another in a thread; what it finds is taken in the loop's."""
    loop = asyncio.get_running_loop()

    def measure() -> None:
        with contextlib.suppress(RuntimeError):  # the class is over, and its loop closed
            for lesson in room.lessons:
                found = room.measured(lesson)
                loop.call_soon_threadsafe(room.take, lesson, found)
                loop.call_soon_threadsafe(opened)

    threading.Thread(target=measure, daemon=True).start()


def _on_signals(stop: Callable[[], None]) -> None:
    """Stop on a signal; where the system's loop takes none, Ctrl-C interrupts the loop itself."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(getattr(signal, name), stop)
