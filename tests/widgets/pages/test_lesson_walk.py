"""Lessons for a lone reader: measured when opened, told after an answer, tried again on failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import LONG, part, parts, press, said
from widgets.lessons.lesson import Lesson, StoryQuestion, Told
from widgets.lessons.lessons import LESSONS
from widgets.pages.lesson_walk import LessonWalk, take_notebook
from widgets.pages.teaching import _further
from widgets.parts.disclosure import Disclosure
from widgets.parts.download_button import DownloadButton
from widgets.parts.status_line import StatusLine


def lesson(measured: list[object], fails: int = 0) -> Lesson:
    def measure(progress: object) -> int:
        measured.append(progress)
        if len(measured) <= fails:
            raise wb.DataError("No patients today.")
        return 1

    def tell(found: int) -> Told:
        return Told(found, "It is 1.", "<p>shown</p>", "Look twice.")

    questions = tuple(
        StoryQuestion(f"Step {place}", "", f"What of {place}?", ("none", "one"), tell)
        for place in (1, 2)
    )
    return Lesson(
        "small", "Small", "An opening.", questions, measure, "Keep it.", "02_heart_disease"
    )


def steps(walk: LessonWalk) -> list[Any]:
    return list(walk.children[1:])


def answer(step: Any, index: int) -> None:
    part(step, W.RadioButtons).index = index
    press(step, "Show what is measured")


def test_nothing_is_measured_before_it_is_opened_and_then_once() -> None:
    measured: list[object] = []
    walk = LessonWalk(lesson(measured))
    assert not walk.children and not measured
    walk.begin()
    walk.begin()
    assert walk.wait(LONG) and len(measured) == 1
    first, second, recap = steps(walk)
    assert "It is 1." not in said(walk)
    answer(first, 0)
    assert part(first, StatusLine).text == "You expected: none. Measured: one. It is 1."
    assert (second.layout.display, recap.layout.display) == ("", "none")
    answer(first, 1)
    answer(second, 1)
    assert recap.layout.display == "" and "You foresaw 1 of 2 measurements." in said(recap)
    assert "Look twice." in said(recap)
    name, _, make = part(recap, DownloadButton)._file
    assert name == "02_heart_disease.ipynb" and make().startswith(b"{")


def test_a_measurement_that_fails_is_said_and_tried_again() -> None:
    measured: list[object] = []
    walk = LessonWalk(lesson(measured, fails=1))
    walk.begin()
    assert walk.wait(LONG)
    answer(steps(walk)[0], 1)
    assert walk.wait(LONG) and len(measured) == 2
    assert part(steps(walk)[0], StatusLine).text == "As you expected. It is 1."


def test_where_there_is_no_notebook_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widgets.pages.lesson_walk.notebook_file", lambda one: Path("gone.ipynb"))
    found = take_notebook(LESSONS[0])
    assert "The notebook gone.ipynb" in said(found) and not parts(found, DownloadButton)


def test_the_teaching_page_offers_every_other_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(LessonWalk, "begin", lambda walk: begun.append(walk._lesson.key))
    folds = parts(_further(), Disclosure)
    assert len(folds) == len(LESSONS) - 1 and not begun
    folds[0].opened = True
    assert begun == [LESSONS[1].key]
