"""The teaching page: a walk through Example 1.1 in which the reader answers before each result."""

from __future__ import annotations

import os
from collections.abc import Callable

import ipywidgets as W

from widgets.lessons.lesson import Answered, StoryQuestion, looking_back
from widgets.lessons.lessons import LESSONS
from widgets.lessons.loan import ARROW, FORGOTTEN, LOAN, QUESTIONS, Findings, about, drawn, measure
from widgets.pages.lesson_walk import (
    MEASURING,
    Asked,
    LessonWalk,
    Measurement,
    section,
    take_notebook,
)
from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from widgets.parts.page_footer import PageFooter
from widgets.parts.page_style import page_style
from widgets.parts.saved_view import SavedView
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import words_for
from widgets.session.report_session import ReportSession
from workbench.common.wording import signed

__all__ = ["Teaching"]

LONGEST_WAIT = 120.0


class Teaching(SavedView, W.VBox):
    """The guided walk; each step opens when the one before it is answered."""

    def __init__(self) -> None:
        self._measured = ReportSession()
        self._measurement = Measurement(measure)
        ask = self._measurement.ask
        self._answers: list[Answered] = []
        self._steps = [Asked(question, ask, self._next) for question in QUESTIONS]
        self._careless = _CarelessAuditor(ask)
        self._another = _AnotherColumn(ask, self._next)
        self._recap = W.HTML()
        recap = W.VBox([self._recap, take_notebook(LOAN)])
        recap.add_class("wb-step")
        self._sections = [
            *(
                section(place, question.title, step)
                for place, (question, step) in enumerate(
                    zip(QUESTIONS, self._steps, strict=True), 1
                )
            ),
            section(len(QUESTIONS) + 1, "Another column", self._another),
            recap,
        ]
        last = self._sections[len(QUESTIONS) - 1]
        last.children = (*last.children, self._careless)
        for later in self._sections[1:]:
            later.layout.display = "none"
        style = W.HTML(page_style(), layout={"display": "none"})
        super().__init__([style, *self._sections, _further(), PageFooter(self._measured)])
        self.add_class("wb-page")
        self._measurement.waiting = [self, *self._steps, self._another]
        self._measurement.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the measurement; False when the time is over."""
        return self._measurement.wait(timeout)

    def static_html(self) -> str:
        """Return the whole walk to read, the measurements folded; a served page needs none."""
        if "VOILA_BASE_URL" in os.environ:
            return ""
        self.wait(LONGEST_WAIT)
        found, problem = self._measurement.found, self._measurement.problem
        if found is None:
            return markup.paragraph(problem or MEASURING)
        return "".join(
            _as_read(place, question, found)
            for place, question in enumerate((*QUESTIONS, about("employment_years")), 1)
        )

    def ready(self) -> None:
        """Name at the foot of the page what was measured."""
        self._measured.report = self._measurement.found.report

    def failed(self, words: str) -> None:
        """Leave the foot as it is; the steps say what went wrong where a reader waits."""

    def _next(self, answer: Answered) -> None:
        self._answers.append(answer)
        done = len(self._answers)
        if answer.question is QUESTIONS[-1]:
            self._careless.take_out()
        if done < len(self._sections):
            self._sections[done].layout.display = ""
        if done > len(QUESTIONS):
            self._recap.value = looking_back(self._answers, LOAN.closing)


def _further() -> W.VBox:
    """Return the lessons after this one, each measured when it is opened."""
    heading = W.HTML(markup.heading("More lessons", 2))
    folds = []
    for lesson in LESSONS:
        if lesson is not LOAN:
            walk = LessonWalk(lesson)
            fold = Disclosure(lesson.title, walk)
            fold.observe(lambda _, walk=walk: walk.begin(), "opened")
            folds.append(fold)
    return W.VBox([heading, *folds])


class _CarelessAuditor(W.VBox):
    """Lets the reader take one arrow out of the graph and put it back."""

    def __init__(self, findings: Callable[[], Findings | None]) -> None:
        self._findings = findings
        self._arrow = True
        self._button = W.Button()
        self._status, self._graph = StatusLine(), W.HTML()
        super().__init__([self._button, self._status, self._graph])
        self.layout.display = "none"
        self._button.on_click(lambda _: self._turn())
        self._draw()

    def take_out(self) -> None:
        """Show it, the arrow taken out."""
        self.layout.display = ""
        self._turn()

    def _turn(self) -> None:
        self._arrow = not self._arrow
        self._draw()

    def _draw(self) -> None:
        arrow = " → ".join(ARROW)
        self._button.description = f"Take {arrow} out" if self._arrow else f"Put {arrow} back"
        findings = self._findings()
        if findings is None:
            return
        try:
            self._graph.value = drawn(findings, arrow=self._arrow)
            entry = findings.effects if self._arrow else findings.without_arrow
            self._status.say(
                f"{'With' if self._arrow else 'Without'} the arrow {arrow}, the total effect of "
                f"{FORGOTTEN} is {signed(entry.total.value)}."
            )
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")


class _AnotherColumn(W.VBox):
    """Asks the same about columns of the reader's choice, as many as are wanted."""

    def __init__(
        self, findings: Callable[[], Findings | None], answered: Callable[[Answered], None]
    ) -> None:
        self._findings, self._answered = findings, answered
        self._column = W.Dropdown(description="Column", options=[])
        self._column.add_class("wb-field")
        self._question = Asked(about(FORGOTTEN), findings, answered)
        self._question.layout.display = "none"
        intro = markup.paragraph(
            "The zip code is not special. Choose a column, say how you think it acts, and look. "
            "Then try another one; the model reads some of them and not the others."
        )
        super().__init__([W.HTML(intro), self._column, self._question])
        self._column.observe(lambda _: self._ask(), "value")
        self.ready()

    def ready(self) -> None:
        """Offer the columns once they are known."""
        findings = self._findings()
        if findings is not None and not self._column.options:
            names = [name for name in findings.case.features if name != FORGOTTEN]
            self._column.options, self._column.value = names, names[0]

    def failed(self, words: str) -> None:
        """Nothing is waited for here before the steps above have been answered."""

    def _ask(self) -> None:
        if self._column.value is not None:
            self._question.put(about(self._column.value))
            self._question.layout.display = ""


def _as_read(place: int, question: StoryQuestion, findings: Findings) -> str:
    told = question.tell(findings)
    before = question.before(findings) if question.before else ""
    return (
        f"{markup.heading(f'{place}. {question.title}')}"
        f"{markup.paragraph(question.story) if question.story else ''}{before}"
        f"{markup.paragraph(question.asked)}{markup.bullets(question.answers)}"
        f"<details><summary>What is measured</summary>"
        f"{markup.paragraph(question.answers[told.right] + '. ' + told.said)}{told.shown}"
        f"{markup.paragraph(told.lesson)}</details>"
    )
