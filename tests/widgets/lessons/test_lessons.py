"""Every lesson: what is right is measured, and nothing that is read before tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from widgets.lessons.acquitted import ACQUITTED
from widgets.lessons.heart import HEART
from widgets.lessons.lesson import Lesson, Taught, teach
from widgets.lessons.lessons import LESSONS
from widgets.lessons.staff import STAFF
from workbench.common.progress import silent

RIGHT = {
    HEART.key: (
        "Hardly at all: by less than one point",
        "By more than five points",
        "Straight to blood pressure",
        "Not by as much, since what follows from weight differs",
    ),
    STAFF.key: (
        "Years of experience",
        "Years of education",
        "It stays within one point",
        "All of it, or nearly",
    ),
    ACQUITTED.key: (
        "By less than 2 percentage points",
        "For nearly all, more than 90 %",
        "B and any other",
        "All three",
    ),
}
"""What the equations behind the simulated people make true (``workbench.datasets.worlds``, and the
formulas in the lesson on averages); the walk through the loan has tests of its own page."""


@pytest.fixture(scope="module", params=[HEART, STAFF, ACQUITTED], ids=lambda lesson: lesson.key)
def taught(request: pytest.FixtureRequest) -> Taught:
    return teach(request.param, silent)


def test_the_measurement_confirms_what_the_equations_make_true(taught: Taught) -> None:
    questions = taught.lesson.questions
    found = [q.answers[told.right] for q, told in zip(questions, taught.told, strict=True)]
    assert tuple(found) == RIGHT[taught.lesson.key]


def test_every_question_tells_a_number_and_something_to_keep(taught: Taught) -> None:
    for told in taught.told:
        assert any(letter.isdigit() for letter in told.said)
        assert told.lesson and told.shown.startswith("<")
        for word in ("nan", "None", "0x", "exactly points", "+nothing"):
            assert word not in told.said + told.shown


def test_what_stands_before_an_answer_shows_no_way_and_no_effect(taught: Taught) -> None:
    for before in taught.before:
        assert "on the way" not in before and "highlighted" not in before
        assert "interval" not in before


def test_every_lesson_has_a_key_of_its_own_and_a_notebook_to_go_on_with() -> None:
    folder = Path(__file__).resolve().parents[3] / "notebooks"
    assert len({lesson.key for lesson in LESSONS}) == len(LESSONS) == 4
    for lesson in LESSONS:
        assert (folder / f"{lesson.notebook}.ipynb").is_file(), lesson.key


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.key)
def test_neither_title_nor_opening_tells_the_first_answer(lesson: Lesson) -> None:
    told = f"{lesson.title} {lesson.opening}".lower()
    for word in ("only through", "not read", "zero", "indirect", "mistake", "acquit", "hidden"):
        assert word not in told
