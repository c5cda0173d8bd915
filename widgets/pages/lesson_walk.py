"""A lesson for a lone reader: one question after another, each measured before it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import ipywidgets as W

from widgets.lessons.lesson import (
    Answered,
    Lesson,
    StoryQuestion,
    looking_back,
    notebook_file,
)
from widgets.parts import markup
from widgets.parts.download_button import DownloadButton
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import BackgroundJob, Listener, words_for
from workbench.common.progress import Progress

__all__ = ["MEASURING", "Asked", "LessonWalk", "Measurement", "section", "take_notebook"]

MEASURING = "Measuring: models are being trained and audited. A few seconds."


class Asked(W.VBox):
    """One question: choices, a button, and what is measured once the reader has answered.

    Parameters
    ----------
    question : StoryQuestion
    findings : callable () -> findings or None
        None while they are being measured; whoever measures calls :meth:`ready` then.
    answered : callable (Answered) -> None
    """

    def __init__(
        self,
        question: StoryQuestion,
        findings: Callable[[], Any],
        answered: Callable[[Answered], None],
    ) -> None:
        self._findings, self._answered = findings, answered
        self._story, self._before = W.HTML(), W.HTML()
        self._choice = W.RadioButtons()
        self._choice.add_class("wb-field")
        self._reveal = W.Button(description="Show what is measured", disabled=True)
        self._reveal.add_class("mod-primary")
        self._status, self._shown = StatusLine(), W.HTML()
        self._status.add_class("wb-told")
        super().__init__(
            [self._story, self._before, self._choice, self._reveal, self._status, self._shown]
        )
        self._choice.observe(lambda _: self._chosen(), "index")
        self._reveal.on_click(lambda _: self.reveal())
        self.put(question)

    def put(self, question: StoryQuestion) -> None:
        """Ask this question, in the place of the one before."""
        self.question = question
        self._told = self._wanted = False
        self._story.value = markup.paragraph(question.story) if question.story else ""
        self._choice.description, self._choice.disabled = question.asked, False
        self._choice.options, self._choice.index = question.answers, None
        self._before.value = self._shown.value = ""
        self._status.say("")
        self.ready()

    def ready(self) -> None:
        """Go on where the measurement was waited for."""
        findings = self._findings()
        if findings is None:
            return
        try:
            if self.question.before is not None and not self._before.value:
                self._before.value = self.question.before(findings)
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")
        if self._wanted:
            self.reveal()

    def reveal(self) -> None:
        """Show the measurement beside the reader's answer; once, and only after an answer."""
        chosen, findings = self._choice.index, self._findings()
        if chosen is None or self._told:
            return
        if findings is None:
            self._wanted = True
            self._status.say(MEASURING, "busy")
            return
        try:
            told = self.question.tell(findings)
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")
            return
        self._told = self._choice.disabled = True
        answer = Answered(self.question, chosen, told)
        self._status.say(answer.words, "good" if answer.right else "info")
        self._shown.value = told.shown
        self._answered(answer)

    def failed(self, words: str) -> None:
        """Say why there is no measurement, where the reader waits for it."""
        if self._wanted:
            self._wanted = False
            self._status.say(words, "problem")

    def _chosen(self) -> None:
        self._reveal.disabled = self._choice.index is None


class Waits(Protocol):
    """A part of a walk that waits for what is measured."""

    def ready(self) -> None: ...

    def failed(self, words: str) -> None: ...


class Measurement:
    """What a walk measures once in the background, and again when it is asked for after a failure.

    Parameters
    ----------
    measure : callable (progress) -> findings

    Attributes
    ----------
    found : findings or None
    problem : str
        Why there are none, in words.
    waiting : sequence of Waits
        Who is told of either.
    """

    def __init__(self, measure: Callable[[Progress], Any]) -> None:
        self._measure, self._job = measure, BackgroundJob()
        self.found: Any = None
        self.problem = ""
        self.waiting: Sequence[Waits] = ()

    def start(self) -> None:
        """Measure."""
        self.problem = ""
        self._job.start(self._measure, Listener(self._done, self._failed, lambda *_: None))

    def ask(self) -> Any:
        """Return what was found, or None; after a failure, measure again."""
        if self.problem:
            self.start()
        return self.found

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the measurement; False when the time is over."""
        return self._job.wait(timeout)

    def _done(self, found: Any) -> None:
        self.found = found
        for one in self.waiting:
            one.ready()

    def _failed(self, words: str) -> None:
        self.problem = words
        for one in self.waiting:
            one.failed(words)


class LessonWalk(W.VBox):
    """The questions of a lesson; each opens when the one before it is answered.

    Parameters
    ----------
    lesson : Lesson
        Measured when :meth:`begin` is first called, and again where that failed.
    """

    def __init__(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self._measurement = Measurement(lesson.measure)
        self._answers: list[Answered] = []
        self._asked: list[Asked] = []
        self._recap = W.HTML()
        super().__init__()

    def begin(self) -> None:
        """Ask the first question, and measure meanwhile."""
        if self._asked:
            return
        ask = self._measurement.ask
        self._asked = [Asked(one, ask, self._next) for one in self._lesson.questions]
        self._measurement.waiting = self._asked
        recap = W.VBox()
        recap.add_class("wb-step")
        parts = [
            section(place, one.question.title, one) for place, one in enumerate(self._asked, 1)
        ]
        for later in (*parts[1:], recap):
            later.layout.display = "none"
        recap.children = [self._recap, take_notebook(self._lesson)]
        opening = W.HTML(markup.paragraph(self._lesson.opening))
        self.children = [opening, *parts, recap]
        self._measurement.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the measurement; False when the time is over."""
        return self._measurement.wait(timeout)

    def _next(self, answer: Answered) -> None:
        self._answers.append(answer)
        self.children[1 + len(self._answers)].layout.display = ""
        if len(self._answers) == len(self._asked):
            self._recap.value = looking_back(self._answers, self._lesson.closing)


def take_notebook(lesson: Lesson) -> W.VBox:
    """Return a button that hands out a lesson's notebook; its name where there is no file."""
    file, status = notebook_file(lesson), StatusLine()
    if not file.is_file():
        words = f"The notebook {file.name} of the project does the same in Python."
        return W.VBox([W.HTML(markup.paragraph(words))])
    button = DownloadButton(
        f"The same in Python: {file.name}",
        file.name,
        "application/x-ipynb+json",
        file.read_bytes,
        lambda words: status.say(words, "problem"),
    )
    return W.VBox([button, status])


def section(number: int, title: str, *parts: W.Widget) -> W.VBox:
    """Return a numbered step with its title."""
    head = W.HTML(f'<h2><span class="wb-step-number">{number}</span> {title}</h2>')
    made = W.VBox([head, *parts])
    made.add_class("wb-step")
    return made
