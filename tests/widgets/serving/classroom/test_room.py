"""What a class shares: tokens that differ, and answers that are saved and never overwrite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.widgets.serving.classroom.conftest import lesson
from widgets.lessons.lesson import Taught
from widgets.serving.classroom.classroom import Classroom
from workbench.common.errors import AuditError, GraphError


def test_tokens_differ_and_are_not_easily_guessed(tmp_path: Path) -> None:
    one = Classroom([lesson()], 1, tmp_path / "one.csv")
    two = Classroom([lesson()], 1, tmp_path / "two.csv")
    assert len({one.class_token, one.teacher_token, two.class_token, two.teacher_token}) == 4
    token = "a" * 20
    with pytest.raises(AuditError, match="the same token"):
        Classroom([lesson()], 1, tmp_path / "three.csv", token, token)
    with pytest.raises(AuditError, match="16 to 256"):
        Classroom([lesson()], 1, tmp_path / "three.csv", teacher_token="short")
    assert not (tmp_path / "three.csv").exists()


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    there = tmp_path / "grades.csv"
    there.write_text("mine", "utf-8")
    with pytest.raises(AuditError, match="Name a new file with --answers"):
        Classroom([lesson()], 1, there)
    assert there.read_text("utf-8") == "mine"
    with pytest.raises(AuditError, match="cannot be saved"):
        Classroom([lesson()], 1, tmp_path / "no folder" / "answers.csv")


def test_answers_are_saved_and_nothing_else_is_left(room: Classroom) -> None:
    seat = room.book.take_seat()
    room.book.answer(seat, "first", 0, 1)
    room.save()
    assert room.answers.read_text("utf-8") == room.csv()
    assert "large" in room.csv()
    assert [file.name for file in room.answers.parent.iterdir()] == ["answers.csv"]


def test_a_place_that_is_gone_is_said_until_it_is_back(room: Classroom, tmp_path: Path) -> None:
    room.book.answer(room.book.take_seat(), "first", 0, 1)
    away = tmp_path.with_name(f"{tmp_path.name}_away")
    tmp_path.rename(away)
    room.save()
    assert any("cannot be saved" in words for words in room.problems.values())
    assert "Answers: 1, of which 0 are in" in room.ending()
    away.rename(tmp_path)
    room.save()
    assert not room.problems
    assert room.ending() == f"The class is over. Answers: 1, in {room.answers.resolve()}"
    assert room.answers.read_text("utf-8") == room.csv()


def test_answers_that_their_file_does_not_take_go_to_another_folder_or_to_the_screen(
    room: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.book.answer(room.book.take_seat(), "first", 0, 1)
    home = tmp_path.with_name(f"{tmp_path.name}_home")
    home.mkdir()
    tmp_path.rename(tmp_path.with_name(f"{tmp_path.name}_gone"))
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    room.close()
    assert "No folder took the others" in room.ending() and room.csv() in room.ending()
    monkeypatch.setattr(Path, "home", lambda: home)
    room.close()
    assert room.rescued is not None and str(room.rescued) in room.ending()
    assert room.rescued.parent == home and room.rescued.read_text("utf-8") == room.csv()
    assert room.csv() not in room.ending()


def test_a_lesson_that_cannot_be_measured_says_why_in_words(room: Classroom) -> None:
    def fails(progress: object) -> None:
        raise GraphError("The graph lacks 'zip_code'.")

    broken = replace(lesson("broken"), measure=fails)
    assert room.measured(broken) == "The graph lacks 'zip_code'."
    found = room.measured(lesson())
    assert isinstance(found, Taught) and [told.right for told in found.told] == [1, 2]


def test_the_lesson_after_the_last_is_none(room: Classroom) -> None:
    first, second = room.lessons
    assert (room.after(first), room.after(second)) == (second, None)
