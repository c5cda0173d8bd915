"""A class from the first line that it prints to the last: one process, until a signal."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path

import pytest

from tests.widgets.serving.classroom.conftest import Reader, lesson
from widgets.serving.classroom import server
from widgets.serving.classroom.classroom import Classroom
from widgets.serving.classroom.server import serve_class
from workbench.common.errors import AuditError


def test_a_class_answers_and_ends_with_its_answers_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    announce, answers = server._announce, tmp_path / "answers.csv"
    asked: list[object] = []

    def client(room: Classroom, shown: str) -> None:
        try:
            port = re.search(r":(\d+)/", shown)
            assert port is not None
            reader = Reader(int(port[1]), "/")
            asked.append(reader.enter(room.class_token))
            asked.append(reader.answer("first", 0, 1))
            asked.append(len(reader.ask("lesson/first", "choice=" + "1" * 9_000)[1]))
        except OSError as error:
            asked.append(error)  # a form that is too long is not read to its end
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def announced(room: Classroom, shown: str) -> None:
        announce(room, shown)
        threading.Thread(target=client, args=(room, shown)).start()

    monkeypatch.setattr(server, "_announce", announced)
    serve_class([lesson()], 3, answers=answers, port=0, open_browser=False)
    said = capsys.readouterr().out
    assert asked[:2] == [302, 303]
    assert asked[2] == 0 or isinstance(asked[2], OSError)
    assert "open to 3 readers" in said and "teacher?token=" in said
    assert f"The class is over. Answers: 1, in {answers}" in said
    assert "large" in answers.read_text("utf-8")


def test_a_class_that_cannot_begin_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    there = tmp_path / "answers.csv"
    there.write_text("", "utf-8")
    with pytest.raises(AuditError, match="--answers"):
        serve_class([lesson()], 3, answers=there, port=0, open_browser=False)
    with pytest.raises(AuditError, match="--class must be from 1"):
        serve_class([lesson()], 0, answers=tmp_path / "new.csv", port=0, open_browser=False)
    with pytest.raises(AuditError, match="--public-url"):
        serve_class([lesson()], 3, answers=tmp_path / "new.csv", port=0, host="0.0.0.0")
    assert not (tmp_path / "new.csv").exists()
