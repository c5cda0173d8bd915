"""The left half of the page: the steps of the question, each folded to one line when it is done."""

from __future__ import annotations

from typing import Any

import ipywidgets as W

from widgets.pages.sections import STEPS
from widgets.pages.step import Step
from widgets.parts.link_bar import Link, LinkBar
from widgets.session.session import AuditSession

__all__ = ["Question"]

HEARD = (
    "case", "target", "target_problem", "settings", "compare", "made_for",
    "state", "share", "stale", "report",
)  # fmt: skip
"""What may change how a step stands."""


class Question(W.VBox):
    """The steps from the data to the run. A run folds those before it.

    Parameters
    ----------
    session : AuditSession
    start : str or None
        The sample to begin with.

    Attributes
    ----------
    bar : LinkBar
        Leads to each step and to the result, and says how each stands.
    made : dict of str to Widget
        What each step holds, by the step's key.
    """

    def __init__(self, session: AuditSession, start: str | None) -> None:
        self._session = session
        made = {step.key: step.make(session, start) for step in STEPS}
        self.made: dict[str, Any] = made
        self._steps = {
            step.key: Step(number, step.key, step.title, made[step.key], folds=step.folds)
            for number, step in enumerate(STEPS, start=1)
        }
        for step in STEPS:
            self._steps[step.key].opened = not step.optional
        self._said: tuple[Link, ...] = ()
        self.bar = LinkBar("Steps", self._follow, [*self._steps, "result"])
        self.bar.add_class("wb-step-bar")
        choices = W.VBox([self._steps[step.key] for step in STEPS if step.folds])
        choices.add_class("wb-choices")
        rest = [self._steps[step.key] for step in STEPS if not step.folds]
        super().__init__([choices, *rest])
        self.add_class("wb-question")
        session.observe(lambda _: self._say(), HEARD)
        session.observe(lambda _: self._fold_all(), "state")
        self._say()

    def _follow(self, key: str) -> None:
        if key in self._steps:
            self._steps[key].opened = True

    def fold(self, *keys: str) -> None:
        """Fold these steps, or all that fold."""
        for step in STEPS:
            if step.folds and (not keys or step.key in keys):
                self._steps[step.key].opened = False

    def _fold_all(self) -> None:
        if self._session.state == "running":
            self.fold()

    def _say(self) -> None:
        links = []
        for step in STEPS:
            found = step.stands(self._session)
            self._steps[step.key].say(found.line)
            links.append(Link(step.key, step.short, found.state, found.note))
        report = self._session.report
        state = "" if report is None else "stale" if self._session.stale else "done"
        note = {"": "none yet", "stale": "of before a change", "done": "ready"}[state]
        links.append(Link("result", "Result", state, note))
        if tuple(links) != self._said:
            self._said = tuple(links)
            self.bar.put(links)
