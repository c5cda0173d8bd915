"""Who is answered what: plain pages for the readers of a class, counts for whoever teaches.

A reader brings nothing but the place of an answer, a small whole number that is compared with the
question. The two addresses have a token each; the readers' opens no teacher's page.
"""

from __future__ import annotations

import hmac
from pathlib import Path

from tornado.httputil import HTTPHeaders
from tornado.web import Application, HTTPError, RequestHandler

from widgets.lessons.lesson import Taught, notebook_file
from widgets.parts.page_style import page_style
from widgets.serving.classroom import pages
from widgets.serving.classroom.classroom import SAVING, Classroom
from widgets.serving.classroom.seats_and_answers import ClassIsFull
from widgets.serving.headers import SecurityHeaders

__all__ = ["application"]

HERE = Path(__file__).parent
SEAT, TEACHER = "class_seat", "class_teacher"
DAY = 1
HEADERS_OF_A_CLASS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Narrower than for the workbench's pages: no script but the one that counts again."""


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
                unsaved=SAVING in self.room.problems,
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
            f"{room.book.present} of {room.book.readers} seats are taken. Answers so far: "
            f"{room.book.answers:,}, kept without names in {room.answers.name}."
        ]
        said += room.problems.values()
        if SAVING in room.problems:
            said.append("Take the answers (CSV) from this page before the class is ended.")
        self.finish(
            pages.counts_page(
                self.base,
                room.lessons,
                room.taught,
                {one.key: room.book.counts(one.key) for one in room.lessons},
                said=said,
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
