"""A class served from one process: plain pages for the readers, counts for whoever teaches.

A reader brings nothing but the place of an answer, a small whole number that is held against the
question. The two addresses have a token each; the readers' opens no teacher's page.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import Application, HTTPError, RequestHandler

from widgets.lessons.lesson import Lesson, Taught, teach
from widgets.parts.page_style import page_style
from widgets.serving.address import (
    base_url,
    bound,
    bracketed,
    check_host,
    check_token,
    open_in_browser,
)
from widgets.serving.classroom import pages
from widgets.serving.classroom.book import ClassBook, ClassIsFull
from widgets.serving.headers import SecurityHeaders
from widgets.session.jobs import words_for
from workbench.common.errors import AuditError
from workbench.common.progress import silent

__all__ = ["Classroom", "serve_class"]

HERE = Path(__file__).parent
BODY_BYTES = 4_096
"""A form of a reader holds two small numbers and a proof."""
IDLE_SECONDS = 60.0
SAVE_SECONDS = 5
SEAT, TEACHER = "class_seat", "class_teacher"
DAY = 1
HEADERS_OF_A_CLASS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Narrower than for the workbench's pages: no script but the one that counts again."""


class Classroom:
    """What a class shares: its lessons, its answers, its two tokens, and the file they go to.

    Parameters
    ----------
    lessons : sequence of Lesson
    readers : int
        The most that are there at once.
    answers : Path
        The CSV that the answers are saved in.
    class_token, teacher_token : str, optional
        By default random.

    Raises
    ------
    AuditError
        When the tokens are the same or easily guessed, or the file exists or cannot be written.
    """

    def __init__(
        self,
        lessons: Sequence[Lesson],
        readers: int,
        answers: Path,
        class_token: str | None = None,
        teacher_token: str | None = None,
    ) -> None:
        for token in (class_token, teacher_token):
            check_token(token)
        self.class_token = class_token or secrets.token_urlsafe(24)
        self.teacher_token = teacher_token or secrets.token_urlsafe(24)
        if self.class_token == self.teacher_token:
            raise AuditError(
                "The class and its teacher have the same token: every reader could see all "
                "answers. Give --teacher-token another one, or leave it out."
            )
        self.lessons = tuple(lessons)
        self.book = ClassBook(readers, lessons)
        self.taught: dict[str, Taught] = {}
        self.problems: dict[str, str] = {}
        self.teacher_name = secrets.token_urlsafe(24)
        self.answers = answers
        self._saved = 0
        try:
            with answers.open("x", encoding="utf-8") as file:
                file.write(self.csv())
        except OSError as error:
            raise AuditError(
                f"The answers cannot be saved in {str(answers)!r}: {error.strerror}. Name a new "
                f"file with --answers."
            ) from None

    def csv(self) -> str:
        """Return every answer as a table without names."""
        return self.book.to_csv(self.taught.values())

    def save(self) -> None:
        """Save the answers where new ones were given; said once when that fails."""
        given = self.book.answers
        if given == self._saved:
            return
        fresh = self.answers.with_name(self.answers.name + ".new")
        try:
            fresh.write_text(self.csv(), "utf-8")
            fresh.replace(self.answers)
            self._saved = given
        except OSError as error:
            self.problems["answers"] = (
                f"The answers cannot be saved in {self.answers.name}: {error.strerror}. Take the "
                f"CSV from here before you stop the class."
            )

    def measure(self, lesson: Lesson) -> None:
        """Measure a lesson, so that it can be opened."""
        try:
            self.taught[lesson.key] = teach(lesson, silent)
        except Exception as error:  # the lesson's boundary: said in words, the others go on
            self.problems[lesson.key] = words_for(error)

    def lesson(self, key: str) -> Lesson | None:
        """Return a lesson by its key."""
        return next((one for one in self.lessons if one.key == key), None)

    def after(self, lesson: Lesson) -> Lesson | None:
        """Return the lesson after this one."""
        place = self.lessons.index(lesson) + 1
        return self.lessons[place] if place < len(self.lessons) else None


class ClassHandler(RequestHandler):
    """What every page of a class needs: who asks, and under which name."""

    def initialize(self, room: Classroom, base: str, names: frozenset[str]) -> None:
        """Take what all handlers share."""
        self.room, self.base, self.names = room, base, names

    def prepare(self) -> None:
        """Answer only to the names of this class's address, so that no other site reaches it."""
        if self.request.host_name not in self.names:
            raise HTTPError(403)

    def write_error(self, status_code: int, **_: object) -> None:
        """Say in a sentence that this is not here, and nothing of the program."""
        text = {
            403: "This page opens only with its whole address, which ends in ?token=…, and a form "
            "only from the page that shows it. Ask whoever teaches for the class’s link.",
            404: "There is no such page in this class.",
            503: "The class is full.",
        }.get(status_code, "That could not be answered. Load the page again.")
        self.finish(pages.sentence_page(self.base, f"{status_code}", text))

    def seat(self) -> str:
        """Return the seat of the reader who asks, or send away who has none."""
        found = self.get_cookie(SEAT) or ""
        if not self.room.book.sits(found):
            raise HTTPError(403)
        return found

    def remember(self, name: str, value: str, path: str) -> None:
        """Set a cookie that no script reads, and that comes along by a link on another site."""
        secure = self.request.protocol == "https"
        self.set_cookie(
            name, value, path=path, httponly=True, samesite="Lax", secure=secure, expires_days=DAY
        )

    def proof(self) -> str:
        """Return the hidden field that a form is sent with."""
        return self.xsrf_form_html()


def same(given: str, token: str) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(given.encode(), token.encode())


class LessonsHandler(ClassHandler):
    """The door of the class, and its list of lessons."""

    def get(self) -> None:
        """Give a seat to who has the class's token; show the lessons to who sits."""
        token = self.get_query_argument("token", "")
        if token:
            self._enter(token)
            return
        seat = self.seat()
        room = self.room
        done = {one.key: len(room.book.chosen(seat, one.key)) for one in room.lessons}
        self.finish(pages.lessons_page(self.base, room.lessons, room.problems, done))

    def _enter(self, token: str) -> None:
        if not same(token, self.room.class_token):
            raise HTTPError(403)
        if not self.room.book.sits(self.get_cookie(SEAT) or ""):
            try:
                seat = self.room.book.take_seat()
            except ClassIsFull as full:
                self.set_status(503)
                self.finish(pages.sentence_page(self.base, "The class is full", str(full)))
                return
            self.remember(SEAT, seat, self.base)
        self.redirect(self.base)


class LessonHandler(ClassHandler):
    """One lesson, as far as the reader has come."""

    def get(self, key: str) -> None:
        """Show the questions answered so far, what was measured, and the next question."""
        seat, taught = self.seat(), self._taught(key)
        if taught is None:
            return
        lesson = taught.lesson
        self.finish(
            pages.lesson_page(
                self.base,
                taught,
                self.room.book.chosen(seat, key),
                self.proof,
                following=self.room.after(lesson),
                notebook=notebook_file(lesson).is_file(),
            )
        )

    def post(self, key: str) -> None:
        """Note an answer, once, and show what was measured."""
        seat, taught = self.seat(), self._taught(key)
        if taught is None:
            return
        try:
            question = int(self.get_body_argument("question", "")[:4])
            choice = int(self.get_body_argument("choice", "")[:4])
        except ValueError:
            raise HTTPError(400) from None
        self.room.book.answer(seat, key, question, choice)
        place = len(self.room.book.chosen(seat, key))
        self.redirect(f"{self.base}lesson/{key}#q{place}", status=303)

    def _taught(self, key: str) -> Taught | None:
        """Return a measured lesson; say why where there is none."""
        lesson = self.room.lesson(key)
        if lesson is None:
            raise HTTPError(404)
        if key not in self.room.taught:
            told = self.room.problems.get(key, pages.BEING_MEASURED)
            self.set_status(503)
            self.finish(pages.sentence_page(self.base, lesson.title, told))
        return self.room.taught.get(key)


class NotebookHandler(ClassHandler):
    """The notebooks of the lessons, to take away; no other file."""

    def get(self, name: str) -> None:
        """Send a lesson's notebook."""
        self.seat()
        lesson = next((one for one in self.room.lessons if one.notebook == name), None)
        if lesson is None or not notebook_file(lesson).is_file():
            raise HTTPError(404)
        self.set_header("Content-Type", "application/x-ipynb+json")
        self.set_header("Content-Disposition", f'attachment; filename="{lesson.notebook}.ipynb"')
        self.finish(notebook_file(lesson).read_bytes())


class TeacherHandler(ClassHandler):
    """What the class has answered, for who has the teacher's token."""

    def get(self) -> None:
        """Show counts."""
        token = self.get_query_argument("token", "")
        if token:
            if not same(token, self.room.teacher_token):
                raise HTTPError(403)
            self.remember(TEACHER, self.room.teacher_name, f"{self.base}teacher")
            self.redirect(f"{self.base}teacher")
            return
        self.only_teacher()
        room = self.room
        said = [
            f"{room.book.present} of {room.book.readers} seats are taken; {room.book.answers:,} "
            f"answers so far, kept without names in {room.answers.name}."
        ]
        self.finish(
            pages.counts_page(
                self.base,
                room.lessons,
                room.taught,
                {one.key: room.book.counts(one.key) for one in room.lessons},
                said=[*said, *room.problems.values()],
                measured=self.get_query_argument("measured", "") == "yes",
            )
        )

    def only_teacher(self) -> None:
        """Send away who has not come with the teacher's token."""
        if not same(self.get_cookie(TEACHER) or "", self.room.teacher_name):
            raise HTTPError(403)


class AnswersHandler(TeacherHandler):
    """The answers as a file."""

    def get(self) -> None:
        """Send every answer as CSV, without names."""
        self.only_teacher()
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="class_answers.csv"')
        self.finish(self.room.csv())


class OwnFileHandler(ClassHandler):
    """The style sheet and the one script, which are nobody's secret."""

    def get(self, name: str) -> None:
        """Send the file."""
        if name == "classroom.css":
            self.set_header("Content-Type", "text/css; charset=utf-8")
            common = page_style().removeprefix("<style>").removesuffix("</style>")
            self.finish(common + (HERE / "classroom.css").read_text("utf-8"))
        else:
            self.set_header("Content-Type", "text/javascript; charset=utf-8")
            self.finish((HERE / "counts.js").read_text("utf-8"))


class NothingHandler(ClassHandler):
    """Every other address."""

    def get(self) -> None:
        """Say that there is nothing, status 404."""
        raise HTTPError(404)


class ClassHeaders(SecurityHeaders):
    """The headers of every server, those of a class where they are narrower."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Set them on the first part of an answer."""
        status, sent, first = super().transform_first_chunk(status_code, headers, chunk, finishing)
        sent.update(HEADERS_OF_A_CLASS)
        return status, sent, first


def notebook_file(lesson: Lesson) -> Path:
    """Return where a lesson's notebook is; only a checkout has them."""
    return HERE.parents[2] / "notebooks" / f"{lesson.notebook}.ipynb"


def application(room: Classroom, base: str, names: frozenset[str]) -> Application:
    """Return what answers for a class, below a path and to the names of its address."""
    shared = {"room": room, "base": base, "names": names}
    return Application(
        [
            (base, LessonsHandler, shared),
            (rf"{base}lesson/([a-z_]+)", LessonHandler, shared),
            (rf"{base}notebook/(\w+)\.ipynb", NotebookHandler, shared),
            (rf"{base}teacher", TeacherHandler, shared),
            (rf"{base}teacher/answers\.csv", AnswersHandler, shared),
            (rf"{base}(classroom\.css|counts\.js)", OwnFileHandler, shared),
        ],
        default_handler_class=NothingHandler,
        default_handler_args=shared,
        transforms=[ClassHeaders],
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"samesite": "Strict", "httponly": True, "path": base},
        log_function=lambda handler: None,  # addresses hold the tokens: into no log
    )


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
        A new CSV for the answers. By default one in the present folder, named by the minute.
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
    sockets = bound(host, port)
    place = answers or Path(f"class_answers_{datetime.now():%Y-%m-%d_%H%M%S}.csv")
    room = Classroom(lessons, readers, place, token, teacher_token)
    app = application(room, base, names)
    logging.getLogger("tornado").setLevel(logging.CRITICAL)  # its lines hold addresses
    local = f"http://{bracketed(host)}:{sockets[0].getsockname()[1]}{base}"
    shown = local if public_url is None else public_url.rstrip("/") + "/"
    loop = IOLoop.current()
    http = HTTPServer(
        app,
        max_body_size=BODY_BYTES,
        max_buffer_size=16 * BODY_BYTES,
        idle_connection_timeout=IDLE_SECONDS,
        body_timeout=IDLE_SECONDS,
        xheaders=public_url is not None,
    )
    http.add_sockets(sockets)
    _on_signals(lambda: loop.add_callback_from_signal(loop.stop))
    PeriodicCallback(room.save, 1000 * SAVE_SECONDS).start()

    def announce() -> None:
        print(
            f"The class is open to {readers} readers (Ctrl-C stops it). For the class:\n"
            f"{shown}?token={room.class_token}\n"
            f"For whoever teaches, and nobody else:\n"
            f"{shown}teacher?token={room.teacher_token}\n"
            f"Answers, without names: {place.resolve()}",
            flush=True,
        )
        if open_browser and public_url is None:
            open_in_browser(f"{shown}teacher?token={room.teacher_token}")

    def measure() -> None:
        for number, lesson in enumerate(room.lessons):
            room.measure(lesson)
            if number == 0:
                loop.add_callback(announce)

    print("Measuring the first lesson …", flush=True)
    threading.Thread(target=measure, daemon=True).start()
    try:
        loop.start()
    finally:
        http.stop()
        room.save()
        print(f"The class is over: {room.book.answers:,} answers in {place.resolve()}", flush=True)


def _on_signals(stop: Callable[[], None]) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop())
