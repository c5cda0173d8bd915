"""The teaching page: a walk through Example 1.1 in which the reader answers before each result."""

from __future__ import annotations

import os
from collections.abc import Callable

import ipywidgets as W

from widgets.lessons.lesson import Answered, StoryQuestion, looking_back
from widgets.lessons.loan import ARROW, FORGOTTEN, LOAN, QUESTIONS, Findings, about, drawn, measure
from widgets.parts import markup
from widgets.parts.page_footer import PageFooter
from widgets.parts.page_style import page_style
from widgets.parts.saved_view import SavedView
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import BackgroundJob, Listener, words_for
from widgets.session.report_session import ReportSession
from workbench.common.wording import signed

__all__ = ["Teaching"]

LONGEST_WAIT = 120.0
MEASURING = "Measuring: the bank's model is being trained and audited. A few seconds."


class _Asked(W.VBox):
    """One question: choices, a button, and what is measured once the reader has answered.

    Parameters
    ----------
    question : StoryQuestion
    findings : callable () -> Findings or None
        None while they are being measured; whoever measures calls :meth:`ready` then.
    answered : callable (Answered) -> None
    """

    def __init__(
        self,
        question: StoryQuestion,
        findings: Callable[[], Findings | None],
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


class Teaching(SavedView, W.VBox):
    """The guided walk; each step opens when the one before it is answered."""

    def __init__(self) -> None:
        self._measured = ReportSession()
        self._job = BackgroundJob()
        self._found: Findings | None = None
        self._problem = ""
        self._answers: list[Answered] = []
        self._steps = [_Asked(question, self._ask, self._next) for question in QUESTIONS]
        self._careless = _CarelessAuditor(self._ask)
        self._another = _AnotherColumn(self._ask, self._next)
        self._recap = W.HTML()
        recap = W.VBox([self._recap])
        recap.add_class("wb-step")
        self._sections = [
            *(
                _section(place, question.title, step)
                for place, (question, step) in enumerate(
                    zip(QUESTIONS, self._steps, strict=True), 1
                )
            ),
            _section(len(QUESTIONS) + 1, "Another column", self._another),
            recap,
        ]
        last = self._sections[len(QUESTIONS) - 1]
        last.children = (*last.children, self._careless)
        for section in self._sections[1:]:
            section.layout.display = "none"
        style = W.HTML(page_style(), layout={"display": "none"})
        super().__init__([style, *self._sections, PageFooter(self._measured)])
        self.add_class("wb-page")
        self._start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the measurement; False when the time is over."""
        return self._job.wait(timeout)

    def static_html(self) -> str:
        """Return the whole walk to read, the measurements folded; a served page needs none."""
        if "VOILA_BASE_URL" in os.environ:
            return ""
        self.wait(LONGEST_WAIT)
        if self._found is None:
            return markup.paragraph(self._problem or MEASURING)
        return "".join(
            _as_read(place, question, self._found)
            for place, question in enumerate((*QUESTIONS, about("employment_years")), 1)
        )

    def _start(self) -> None:
        self._job.start(measure, Listener(self._done, self._failed, lambda *_: None))

    def _ask(self) -> Findings | None:
        if self._found is None and self._problem:
            self._problem = ""
            self._start()
        return self._found

    def _done(self, found: Findings) -> None:
        self._found = found
        self._measured.report = found.report
        steps: list[_Asked | _AnotherColumn] = [*self._steps, self._another]
        for step in steps:
            step.ready()

    def _failed(self, words: str) -> None:
        self._problem = words
        steps: list[_Asked | _AnotherColumn] = [*self._steps, self._another]
        for step in steps:
            step.failed(words)

    def _next(self, answer: Answered) -> None:
        self._answers.append(answer)
        done = len(self._answers)
        if answer.question is QUESTIONS[-1]:
            self._careless.take_out()
        if done < len(self._sections):
            self._sections[done].layout.display = ""
        if done > len(QUESTIONS):
            self._recap.value = looking_back(self._answers, LOAN.closing)


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
        self._question = _Asked(about(FORGOTTEN), findings, answered)
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


def _section(number: int, title: str, *parts: W.Widget) -> W.VBox:
    head = W.HTML(f'<h2><span class="wb-step-number">{number}</span> {title}</h2>')
    section = W.VBox([head, *parts])
    section.add_class("wb-step")
    return section


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
