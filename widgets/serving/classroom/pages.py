"""The pages of a class as HTML that needs no script: lessons, one lesson, the teacher's counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise

from widgets.lessons.lesson import Answered, Lesson, StoryQuestion, Taught, looking_back
from widgets.parts import markup
from workbench.common.wording import share

__all__ = ["counts_page", "lesson_page", "lessons_page", "sentence_page"]

Proof = Callable[[], str]
"""Returns the hidden field by which a form shows that it comes from the page."""
PRIVATE = (
    "Your answers are counted without your name: the page does not ask who you are, and what is "
    "saved holds a random number in place of each reader."
)
UNSAVED = (
    "Your answers are counted, but the class cannot save them just now. It tries again every few "
    "seconds; please tell whoever teaches. There is nothing else that you need to do."
)
BEING_MEASURED = "It is being measured; load this page again in a moment."


def sentence_page(base: str, title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _page(base, title, f"<h1>{escape(title)}</h1>{markup.paragraph(text)}")


def lessons_page(
    base: str, lessons: Sequence[Lesson], problems: Mapping[str, str], done: Mapping[str, int]
) -> str:
    """Return the list of lessons, and how far the reader is in each.

    Parameters
    ----------
    base : str
        The path below which the class answers.
    lessons : sequence of Lesson
    problems : mapping of str to str
        Why a lesson cannot be opened, by its key.
    done : mapping of str to int
        How many questions of a lesson the reader has answered.
    """
    items = "".join(
        f'<section class="wb-step"><h2><a href="{base}lesson/{escape(one.key)}">'
        f"{escape(one.title)}</a></h2>{markup.paragraph(one.opening)}"
        f"{markup.paragraph(_state(one, problems, done), 'wb-muted')}</section>"
        for one in lessons
    )
    intro = markup.paragraph(
        "Before each result, say what you expect; then look. No knowledge of causality is needed. "
        "Every number was measured when this class was opened."
    )
    title = "Has it forgotten? A class with the CAFÉ Audit Workbench"
    return _page(
        base, title, f"<h1>{title}</h1>{intro}{markup.paragraph(PRIVATE, 'wb-muted')}{items}"
    )


def _state(lesson: Lesson, problems: Mapping[str, str], done: Mapping[str, int]) -> str:
    if lesson.key in problems:
        return problems[lesson.key]
    answered = done.get(lesson.key, 0)
    return f"{answered} of {len(lesson.questions)} questions answered."


def lesson_page(
    base: str,
    taught: Taught,
    chosen: Sequence[int],
    proof: Proof,
    *,
    following: Lesson | None = None,
    notebook: bool = False,
    unsaved: bool = False,
) -> str:
    """Return a lesson as far as a reader has come, with the question that is open.

    Parameters
    ----------
    base : str
    taught : Taught
    chosen : sequence of int
        What the reader has answered so far.
    proof : callable () -> str
    following : Lesson, optional
        The lesson after this one.
    notebook : bool, default False
        Whether the lesson's notebook can be taken from here.
    unsaved : bool, default False
        Whether answers of the class wait for being saved.
    """
    lesson, answers = taught.lesson, taught.answered(chosen)
    parts = [
        f'<nav aria-label="Class"><a href="{base}">All lessons</a></nav>',
        f"<h1>{escape(lesson.title)}</h1>",
        markup.paragraph(lesson.opening),
        *([markup.notice(UNSAVED, "warning")] if unsaved else []),
        *(_told(place, one, taught) for place, one in enumerate(answers)),
    ]
    place = len(answers)
    if place < len(lesson.questions):
        action = f"{base}lesson/{escape(lesson.key)}"
        parts.append(_asked(place, lesson.questions[place], taught, action, proof()))
    else:
        links = []
        if notebook:
            name = escape(lesson.notebook)
            links.append(
                f'<a href="{base}notebook/{name}.ipynb" download>The same in Python: '
                f"{name}.ipynb</a>"
            )
        if following is not None:
            links.append(
                f'<a href="{base}lesson/{escape(following.key)}">Next: '
                f"{escape(following.title)}</a>"
            )
        ways = "".join(f"<p>{link}</p>" for link in links)
        parts.append(
            f'<section class="wb-step" id="back">{looking_back(answers, lesson.closing)}{ways}'
            f"</section>"
        )
    return _page(base, lesson.title, "".join(parts))


def _head(place: int, question: StoryQuestion, taught: Taught) -> str:
    story = markup.paragraph(question.story) if question.story else ""
    return (
        f'<section class="wb-step" id="q{place + 1}"><h2><span class="wb-step-number">{place + 1}'
        f"</span> {escape(question.title)}</h2>{story}{taught.before[place]}"
    )


def _told(place: int, one: Answered, taught: Taught) -> str:
    kind = "good" if one.right else "info"
    return (
        f"{_head(place, one.question, taught)}<p class='wb-label'>{escape(one.question.asked)}</p>"
        f'<p class="wb-status" data-kind="{kind}">{escape(one.words)}</p>{one.told.shown}</section>'
    )


def _asked(place: int, question: StoryQuestion, taught: Taught, action: str, proof: str) -> str:
    choices = "".join(
        f'<label class="class-choice"><input type="radio" name="choice" value="{number}" required>'
        f" {escape(answer)}</label>"
        for number, answer in enumerate(question.answers)
    )
    return (
        f'{_head(place, question, taught)}<form method="post" action="{action}">{proof}'
        f'<input type="hidden" name="question" value="{place}">'
        f'<fieldset><legend class="wb-label">{escape(question.asked)}</legend>{choices}</fieldset>'
        f'<button class="wb-button mod-primary">Show what is measured</button></form></section>'
    )


def counts_page(
    base: str,
    lessons: Sequence[Lesson],
    taught: Mapping[str, Taught],
    counts: Mapping[str, tuple[tuple[int, ...], ...]],
    *,
    said: Sequence[str],
    measured: bool,
) -> str:
    """Return what the class has answered, as counts, for whoever teaches.

    Parameters
    ----------
    base : str
    lessons : sequence of Lesson
    taught : mapping of str to Taught
        The lessons that were measured, by their keys.
    counts : mapping of str to tuples of int
        How often each answer was given, by the lesson's key.
    said : sequence of str
        Sentences on the class as a whole.
    measured : bool
        Mark the answers that the measurement confirms; off while a class is still answering.
    """
    turn = (
        f'<a href="{base}teacher">Hide what is measured</a>'
        if measured
        else f'<a href="{base}teacher?measured=yes">Mark what is measured</a>'
    )
    parts = []
    for lesson in lessons:
        told = taught[lesson.key].told if measured and lesson.key in taught else ()
        tables = "".join(
            _count_table(place, question, found, told[place].right if told else None)
            for place, (question, found) in enumerate(
                zip(lesson.questions, counts[lesson.key], strict=True)
            )
        )
        finished, begun = _reached(counts[lesson.key])
        reached = markup.paragraph(f"{begun} began, {finished} finished.", "wb-muted")
        parts.append(
            f'<section class="wb-step"><h2>{escape(lesson.title)}</h2>{reached}'
            f'<div class="class-counts">{tables}</div></section>'
        )
    sentences = "".join(map(markup.paragraph, said))
    title = "What the class expects"
    return _page(
        base,
        title,
        f'<h1>{title}</h1><p><a href="{base}teacher">Count again</a> · {turn} · '
        f'<a href="{base}teacher/answers.csv" download>Take the answers (CSV)</a></p>'
        f'<div id="counts">{sentences}{"".join(parts)}</div>',
        script=f"{base}counts.js",
    )


def _reached(counts: tuple[tuple[int, ...], ...]) -> tuple[int, int]:
    """Return how many readers finished a lesson, and how many began it."""
    answered = [sum(question) for question in counts] or [0]
    assert all(before >= after for before, after in pairwise(answered))
    return answered[-1], answered[0]


def _count_table(
    place: int, question: StoryQuestion, found: tuple[int, ...], right: int | None
) -> str:
    whole = sum(found)
    rows = [
        (
            answer + (" (measured)" if number == right else ""),
            count,
            share(count / whole) if whole else "–",
        )
        for number, (answer, count) in enumerate(zip(question.answers, found, strict=True))
    ]
    return markup.table(
        rows,
        ["answer", "readers", "share"],
        caption=f"{place + 1}. {question.asked}",
        numeric=(1, 2),
    )


def _page(base: str, title: str, body: str, script: str = "") -> str:
    run = f'<script src="{script}" defer></script>' if script else ""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        '<link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{base}classroom.css">{run}</head>'
        f'<body><main class="wb-page class-page">{body}</main></body></html>'
    )
