"""A class with two small lessons, measured at once, and a server of it on loopback."""

from __future__ import annotations

import asyncio
import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

pytest.importorskip("tornado")

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from widgets.lessons.lesson import Lesson, StoryQuestion, Told
from widgets.serving.classroom.classroom import Classroom
from widgets.serving.classroom.handlers import application


def lesson(key: str = "first", notebook: str = "01_first_audit") -> Lesson:
    """Return a lesson whose measurements are two numbers."""
    return Lesson(
        key=key,
        title=f"The {key} <lesson>",
        opening="A model & its owner.",
        questions=(
            StoryQuestion(
                "One",
                "A story.",
                "How large is a < b?",
                ("small", "large"),
                lambda found: Told(int(found[0] > 1), "It is <3>.", "<p>shown</p>", "Look."),
            ),
            StoryQuestion(
                "Two",
                "",
                "And the other?",
                ("none", "some", "all"),
                lambda found: Told(found[1], "It is two.", "", "Look twice."),
                lambda found: "<p>before</p>",
            ),
        ),
        measure=lambda progress: (3, 2),
        closing="Keep this.",
        notebook=notebook,
    )


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    lessons = (lesson(), lesson("second", "no_such_notebook"))
    made = Classroom(lessons, 2, tmp_path / "answers.csv")
    made.take(lessons[0], made.measured(lessons[0]))
    return made


@dataclass
class Reader:
    """A browser: it keeps its cookies, and sends a form with the proof that stands in it."""

    port: int
    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, body: str = "", method: str = "", **sent: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        told = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            told["Content-Type"] = "application/x-www-form-urlencoded"
        method = method or ("POST" if body else "GET")
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request(method, self.base + path, body or None, told | sent)
            answer = line.getresponse()
            for one in answer.headers.get_all("Set-Cookie") or []:
                for name, morsel in SimpleCookie(one).items():
                    self.cookies[name] = morsel.value
            return answer.status, answer.read().decode(), answer.headers

    def enter(self, token: str) -> int:
        return self.ask(f"?token={token}")[0]

    def answer(self, key: str, question: int, choice: object) -> int:
        page = self.ask(f"lesson/{key}")[1]
        found = re.search(r'name="_xsrf" value="([^"]+)"', page)
        assert found is not None, page
        body = {"_xsrf": found[1], "question": question, "choice": choice}
        return self.ask(f"lesson/{key}", urlencode(body))[0]


@dataclass
class Served:
    room: Classroom
    port: int
    base: str = "/cafe/"

    def reader(self) -> Reader:
        return Reader(self.port, self.base)

    def seated(self) -> Reader:
        reader = self.reader()
        assert reader.enter(self.room.class_token) == 302
        return reader

    def teacher(self) -> Reader:
        reader = self.reader()
        assert reader.ask(f"teacher?token={self.room.teacher_token}")[0] == 302
        return reader


@pytest.fixture
def served(room: Classroom) -> Iterator[Served]:
    """The class behind a socket of its own, its loop in a thread that ends with the test."""
    socket, port = bind_unused_port()
    loop = asyncio.new_event_loop()
    names = frozenset({"127.0.0.1"})

    async def listen() -> HTTPServer:
        server = HTTPServer(application(room, "/cafe/", names))
        server.add_socket(socket)
        return server

    async def close(server: HTTPServer) -> None:
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    try:
        yield Served(room, port)
    finally:
        asyncio.run_coroutine_threadsafe(close(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
