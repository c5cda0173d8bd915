"""What a lesson is: a measurement, questions that come before it, and what is told afterwards.

Which answer is right follows from the measurement, never from the lesson's text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from widgets.parts import markup
from workbench.common.progress import Progress

__all__ = [
    "Answered",
    "Lesson",
    "StoryQuestion",
    "Taught",
    "Told",
    "looking_back",
    "notebook_file",
    "teach",
]


@dataclass(frozen=True)
class Told:
    """What is shown after the reader has answered.

    Attributes
    ----------
    right : int
        The position of the answer that the measurement confirms.
    said : str
        The measurement in one sentence.
    shown : str
        HTML below it.
    lesson : str
        What to remember where intuition failed.
    """

    right: int
    said: str
    shown: str
    lesson: str


@dataclass(frozen=True)
class StoryQuestion:
    """One step of a lesson.

    Attributes
    ----------
    title, story, asked : str
    answers : tuple of str
    tell : callable (findings) -> Told
    before : callable (findings) -> str, optional
        HTML that is shown with the question.
    """

    title: str
    story: str
    asked: str
    answers: tuple[str, ...]
    tell: Callable[[Any], Told]
    before: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Lesson:
    """A walk of several questions over one measurement.

    Attributes
    ----------
    key : str
        Its name in an address and in a table of answers.
    title : str
        Says what it is about, and no answer.
    opening : str
        What stands above the first question.
    questions : tuple of StoryQuestion
    measure : callable (Progress) -> findings
        Measures what every question tells; a few seconds.
    closing : str
        What to keep.
    notebook : str
        The notebook that does the same in Python.
    """

    key: str
    title: str
    opening: str
    questions: tuple[StoryQuestion, ...]
    measure: Callable[[Progress], Any]
    closing: str
    notebook: str


@dataclass(frozen=True)
class Answered:
    """One answered question: what the reader chose, and what was measured."""

    question: StoryQuestion
    chosen: int
    told: Told

    @property
    def right(self) -> bool:
        """Whether the measurement confirms what was chosen."""
        return self.chosen == self.told.right

    @property
    def expected(self) -> str:
        """The reader's answer, in its words."""
        return self.question.answers[self.chosen]

    @property
    def measured(self) -> str:
        """The confirmed answer, in its words."""
        return self.question.answers[self.told.right]

    @property
    def words(self) -> str:
        """The reader's answer beside the measurement, and the measurement in a sentence."""
        if self.right:
            return f"As you expected. {self.told.said}"
        return f"You expected: {self.expected}. Measured: {self.measured}. {self.told.said}"


@dataclass(frozen=True)
class Taught:
    """A lesson that was measured once, for any number of readers.

    Attributes
    ----------
    lesson : Lesson
    told : tuple of Told
        What each question tells.
    before : tuple of str
        HTML that stands with each question; empty where there is none.
    """

    lesson: Lesson
    told: tuple[Told, ...]
    before: tuple[str, ...]

    def answered(self, chosen: Sequence[int]) -> tuple[Answered, ...]:
        """Return the first questions as a reader has answered them."""
        return tuple(
            Answered(question, choice, told)
            for question, told, choice in zip(
                self.lesson.questions, self.told, chosen, strict=False
            )
        )


def teach(lesson: Lesson, progress: Progress) -> Taught:
    """Measure a lesson, and keep what it tells and not what it measured."""
    findings = lesson.measure(progress)
    return Taught(
        lesson,
        tuple(question.tell(findings) for question in lesson.questions),
        tuple(q.before(findings) if q.before is not None else "" for q in lesson.questions),
    )


def notebook_file(lesson: Lesson) -> Path:
    """Return where a lesson's notebook is; only a checkout has them."""
    return Path(__file__).resolve().parents[2] / "notebooks" / f"{lesson.notebook}.ipynb"


def looking_back(answers: Sequence[Answered], closing: str) -> str:
    """Return the reader's answers beside the measurements, and what to keep, as HTML."""
    right = sum(answer.right for answer in answers)
    rows = [
        (answer.question.asked, answer.expected, answer.measured, "yes" if answer.right else "no")
        for answer in answers
    ]
    missed = dict.fromkeys(answer.told.lesson for answer in answers if not answer.right)
    where = (
        markup.paragraph("Where intuition and measurement parted:") + markup.bullets(missed)
        if missed
        else markup.paragraph(
            "Your intuition held every time. Would it hold for a graph of thirty columns?"
        )
    )
    return (
        markup.heading("Looking back", 2)
        + markup.paragraph(f"You foresaw {right} of {len(answers)} measurements.")
        + markup.table(
            rows,
            ["question", "you expected", "measured", "foreseen"],
            caption="Your answers beside the measurements",
        )
        + where
        + markup.paragraph(closing)
    )
