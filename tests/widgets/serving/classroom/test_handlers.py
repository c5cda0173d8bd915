"""Who is answered what: two tokens, a seat for each reader, and an answer that counts once."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

import pytest

from tests.widgets.serving.classroom.conftest import Served
from widgets.serving.classroom.classroom import Classroom


def test_without_the_token_there_is_a_sentence_and_no_seat(served: Served) -> None:
    for path in ("", "lesson/first", "notebook/01_first_audit.ipynb", "teacher", "?token=no"):
        status, text, headers = served.reader().ask(path)
        assert status == 403 and "?token=…" in text, path
        assert "Set-Cookie" not in headers
    assert served.room.book.present == 0


def test_the_class_link_gives_a_seat_and_leaves_the_address(served: Served) -> None:
    reader = served.reader()
    status, _, headers = reader.ask(f"?token={served.room.class_token}")
    assert (status, headers["Location"]) == (302, "/cafe/")
    seat = headers["Set-Cookie"]
    assert "HttpOnly" in seat and "SameSite=Lax" in seat and "Path=/cafe/" in seat
    assert served.room.class_token not in seat
    assert reader.enter(served.room.class_token) == 302
    assert served.room.book.present == 1, "the same browser keeps its seat"
    assert reader.ask("")[0] == 200


def test_the_readers_token_opens_no_teachers_page(served: Served) -> None:
    reader = served.seated()
    assert reader.ask("teacher")[0] == 403
    assert reader.ask("teacher/answers.csv")[0] == 403
    assert reader.ask(f"teacher?token={served.room.class_token}")[0] == 403
    assert served.teacher().ask("lesson/first")[0] == 403, "nor the teacher's a seat"


def test_a_full_class_says_so(served: Served) -> None:
    served.seated(), served.seated()
    status, text, _ = served.reader().ask(f"?token={served.room.class_token}")
    assert status == 503 and "All 2 seats" in text


def test_answers_of_all_come_to_the_teacher_as_counts_and_as_a_table(served: Served) -> None:
    readers = served.seated(), served.seated()
    for reader, choices in zip(readers, ((0, 2), (1, 2)), strict=True):
        for question, choice in enumerate(choices):
            assert reader.answer("first", question, choice) == 303
    assert "Looking back" in readers[0].ask("lesson/first")[1]
    teacher = served.teacher()
    counts = teacher.ask("teacher")[1]
    assert "2 of 2 seats are taken. Answers so far: 4," in counts
    assert "(measured)" not in counts
    assert "large (measured)" in teacher.ask("teacher?measured=yes")[1]
    status, text, headers = teacher.ask("teacher/answers.csv")
    assert status == 200 and headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(row["answer"] for row in rows) == ["all", "all", "large", "small"]
    served.room.save()
    assert served.room.answers.read_text("utf-8") == text


@pytest.mark.parametrize("choice", ["x", "", "99999", "1.5"])
def test_what_is_no_answer_is_not_counted(served: Served, choice: str) -> None:
    reader = served.seated()
    assert reader.answer("first", 0, choice) in (303, 400)
    assert served.room.book.answers == 0


def test_a_form_counts_only_from_the_page_that_shows_it(served: Served) -> None:
    reader = served.seated()
    reader.ask("lesson/first")
    for proof in ("", "_xsrf=2|0|0|0&"):
        status, _, _ = reader.ask("lesson/first", f"{proof}question=0&choice=1")
        assert status == 403
    assert served.room.book.answers == 0


def test_only_the_class_address_is_answered(served: Served) -> None:
    reader = served.seated()
    assert reader.ask("", Host="evil.example")[0] == 403


def test_every_answer_carries_the_narrow_headers(served: Served) -> None:
    reader = served.seated()
    for path in ("", "lesson/first", "classroom.css", "counts.js", "nothing", "lesson/none"):
        headers = reader.ask(path)[2]
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "frame-ancestors 'none'" in policy, path
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_only_the_lessons_own_files_are_sent(served: Served) -> None:
    reader = served.seated()
    status, _, headers = reader.ask("notebook/01_first_audit.ipynb")
    assert status == 200 and "01_first_audit.ipynb" in headers["Content-Disposition"]
    for path in (
        "notebook/dashboard.ipynb",
        "notebook/no_such_notebook.ipynb",
        "notebook/..%2F..%2Fpyproject.ipynb",
        "handlers.py",
        "lesson/none",
    ):
        assert reader.ask(path)[0] == 404, path


def test_a_lesson_not_measured_yet_says_so_and_one_that_failed_says_why(served: Served) -> None:
    reader, second = served.seated(), served.room.lessons[1]
    status, text, _ = reader.ask("lesson/second")
    assert status == 503 and "is being measured" in text
    served.room.take(second, "There is no <graph>.")
    status, text, _ = reader.ask("lesson/second")
    assert status == 503 and "There is no &lt;graph&gt;." in text
    assert "There is no &lt;graph&gt;." in served.teacher().ask("teacher")[1]
    body = urlencode({"question": 0, "choice": 0})
    assert reader.ask("lesson/second", body)[0] == 403


def test_a_page_is_english_and_has_one_heading(served: Served, room: Classroom) -> None:
    for reader, path in ((served.seated(), ""), (served.seated(), "lesson/first")):
        text = reader.ask(path)[1]
        assert '<html lang="en">' in text and text.count("<h1") == 1
        assert room.class_token not in text
