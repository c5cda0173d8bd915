"""The pages of a class: they need no script, and put no text as markup."""

from __future__ import annotations

from tests.widgets.serving.classroom.conftest import lesson
from widgets.lessons.lesson import teach
from widgets.serving.classroom.pages import counts_page, lesson_page, lessons_page, sentence_page
from workbench.common.progress import silent

TAUGHT = teach(lesson(), silent)


def proof() -> str:
    return "<input name='_xsrf' value='proof'>"


def test_a_question_is_asked_before_anything_measured_is_shown() -> None:
    page = lesson_page("/cafe/", TAUGHT, [], proof)
    assert "How large is a &lt; b?" in page
    assert "The first &lt;lesson&gt;" in page and "<lesson>" not in page
    assert proof() in page and 'action="/cafe/lesson/first"' in page
    for told in ("It is", "shown", "before", "And the other?", "Looking back"):
        assert told not in page
    assert "<script" not in page


def test_the_answer_stands_beside_the_measurement_and_the_next_question_opens() -> None:
    page = lesson_page("/", TAUGHT, [0], proof)
    assert "You expected: small. Measured: large. It is &lt;3&gt;." in page
    assert "<p>shown</p>" in page and "<p>before</p>" in page
    assert page.count("<form") == 1 and 'name="question" value="1"' in page


def test_a_reader_is_told_that_answers_wait_for_being_saved() -> None:
    words = "cannot save them just now"
    assert words in lesson_page("/", TAUGHT, [0], proof, unsaved=True)
    assert words not in lesson_page("/", TAUGHT, [0], proof)


def test_a_finished_lesson_looks_back_and_leads_on() -> None:
    page = lesson_page("/", TAUGHT, [1, 0], proof, following=lesson("second"), notebook=True)
    assert "<form" not in page
    assert "You foresaw 1 of 2 measurements." in page and "Look twice." in page
    assert 'href="/notebook/01_first_audit.ipynb" download' in page
    assert 'href="/lesson/second"' in page
    assert "notebook/" not in lesson_page("/", TAUGHT, [1, 0], proof)


def test_the_list_says_how_far_a_reader_is_and_what_cannot_be_opened() -> None:
    lessons = (lesson(), lesson("second"))
    page = lessons_page("/", lessons, {"second": "No <model>."}, {"first": 1})
    assert "1 of 2 questions answered." in page
    assert "No &lt;model&gt;." in page and "<model>" not in page


def test_counts_mark_what_is_measured_only_when_asked() -> None:
    asked = {
        "base": "/",
        "lessons": [lesson()],
        "taught": {"first": TAUGHT},
        "counts": {"first": ((1, 3), (0, 0, 2))},
        "said": ["4 of 25 seats are taken."],
    }
    plain = counts_page(**asked, measured=False)  # type: ignore[arg-type]
    assert "(measured)" not in plain and "75 %" in plain.replace("\u202f", " ").replace("\xa0", " ")
    assert "4 began, 2 finished." in plain and 'src="/counts.js"' in plain
    marked = counts_page(**asked, measured=True)  # type: ignore[arg-type]
    assert "large (measured)" in marked and "all (measured)" in marked
    assert marked.count("(measured)") == 2


def test_a_lesson_that_is_still_measured_has_counts_without_a_mark() -> None:
    page = counts_page("/", [lesson()], {}, {"first": ((0, 0), (0, 0, 0))}, said=[], measured=True)
    assert "(measured)" not in page and "–" in page


def test_a_sentence_is_text() -> None:
    assert "<b>" not in sentence_page("/", "<b>", "<b>")
