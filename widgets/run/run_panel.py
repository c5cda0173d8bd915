"""Step 5: the threshold and the methods; run and cancel."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import ipywidgets as W
from traitlets import link

from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from widgets.parts.menu_choice import choose_in
from widgets.parts.status_line import StatusLine
from widgets.session.forecast import decided_by, time_words
from widgets.session.jobs import words_for
from widgets.session.session import AuditSession, AuditSettings
from workbench.auditing.audit import default_threshold
from workbench.checks.registry import CHECK_BY_NAME, CHECK_NAMES
from workbench.methods.registry import AUDIT_METHODS
from workbench.report.audit_report import STOPPED

__all__ = ["RunPanel"]

ADVANTAGE = (
    ("not said", None),
    ("good for the people audited", "higher"),
    ("bad for the people audited", "lower"),
)
"""What a higher answer of the model means to people, and what the audit calls favourable."""

MORE = "Methods, further checks and seed"
DRAWN = [
    "case",
    "target",
    "target_problem",
    "settings",
    "state",
    "step",
    "share",
    "made_for",
    "preparing",
]
"""What the button and its words depend on."""


class RunPanel(W.VBox):
    """Takes the session's settings and sets them, starts and cancels runs, says where one is.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._filling = False
        self._data: object = None
        self._unit_shown: object = None
        self._class_shown: object = None
        self._tau = W.FloatText(description="Threshold τ", step=0.005)
        self._seed = W.IntText(description="Seed of the random numbers", value=0)
        self._better = W.Dropdown(description="A higher answer is", options=ADVANTAGE)
        self._methods = {method.name: self._box(method.label, True) for method in AUDIT_METHODS}
        self._checks = {
            name: self._box(CHECK_BY_NAME[name].question, name in session.settings.checks)
            for name in CHECK_NAMES
        }
        self._unit, self._why_not = W.HTML(), W.HTML()
        self._run = W.Button(description="Run the audit", button_style="primary")
        self._cancel = W.Button(description="Cancel", disabled=True)
        self._bar = W.FloatProgress(min=0.0, max=1.0)
        self._bar.add_class("wb-bar")
        self._status = StatusLine()
        self._live = W.Checkbox(
            value=session.live_wanted, description="Estimate CAFÉ while I choose", indent=False
        )
        self._live.add_class("wb-check")
        link((session, "live_wanted"), (self._live, "value"))
        for control in (self._tau, self._seed, self._better):
            control.add_class("wb-field")
            control.observe(lambda _: self._set(), "value")
        methods, checks = (W.VBox(list(boxes.values())) for boxes in (self._methods, self._checks))
        for boxes in (methods, checks):
            boxes.add_class("wb-checks")
        self._more = Disclosure(
            MORE,
            W.VBox(
                [
                    W.HTML("<p class='wb-label'>Methods</p>"),
                    methods,
                    W.HTML("<p class='wb-label'>Further checks, which take longer</p>"),
                    checks,
                    self._why_not,
                    self._live,
                    self._seed,
                ]
            ),
        )
        stated = W.HBox([self._tau, self._better])
        buttons = W.HBox([self._run, self._cancel, self._bar])
        for row in (stated, buttons):
            row.add_class("wb-row")
        self._forecast = W.HTML()
        super().__init__([stated, self._unit, self._more, buttons, self._status, self._forecast])
        self._run.on_click(lambda _: self._pressed())
        self._cancel.on_click(lambda _: session.cancel())
        session.observe(lambda _: self._offer(), "case")
        session.observe(lambda _: self._draw(), DRAWN)
        session.observe(lambda _: self._beat(), "clock")
        session.observe(lambda _: self._say_forecast(), ["forecast", "state"])
        session.observe(lambda _: self._allow(), ["case", "target", "training", "learner"])
        held = session.settings
        self._offer()
        self._allow()
        if session.case is not None:
            self.ask(held)
        self._draw()
        self._say_forecast()

    def ask(self, settings: AuditSettings) -> None:
        """Take settings for one's own, as if they had been chosen on the page."""
        with self._session.lock:
            self._filling = True
            try:
                if settings.threshold is not None:
                    self._tau.value = settings.threshold
                self._seed.value = settings.seed
                choose_in(self._better, settings.favourable)
                for name, box in self._methods.items():
                    box.value = name in settings.methods
                for name, box in self._checks.items():
                    box.value = name in settings.checks and not box.disabled
            finally:
                self._filling = False
            self._session.settings = replace(
                self._session.settings, interventions=dict(settings.interventions)
            )
            self._set()

    def _box(self, text: str, ticked: bool) -> W.Checkbox:
        box = W.Checkbox(value=ticked, description=text, indent=False)
        box.add_class("wb-check")
        box.observe(lambda _: self._set(), "value")
        return box

    def _offer(self) -> None:
        """Propose the threshold that fits the case's predictions."""
        case = self._session.case
        if case is None:
            return
        label = str(case.model.audited_class)
        same = case.data is self._data and case.output == self._unit_shown
        if same and label == self._class_shown:
            return  # another graph, or the model after unlearning, leaves the auditor's alone
        # What a higher answer means was said of another table, answer or class.
        self._data, self._unit_shown, self._class_shown = case.data, case.output, label
        try:
            self._filling = True
            choose_in(self._better, None)
            if not same:
                self._tau.value = default_threshold(case)
                unit = {"probability": "of a probability: 0.02 is two percentage points"}
                words = unit.get(case.output, f"in the unit of {case.outcome or 'the prediction'}")
                self._unit.value = (
                    f"<p class='wb-muted'>An influence smaller than τ is taken to be "
                    f"negligible. It is the auditor's to state, {escape(words)}.</p>"
                )
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")
        finally:
            self._filling = False
        self._set()

    def _allow(self) -> None:
        """Let every check be asked where it can be, and say why it cannot elsewhere."""
        said = ""
        for name, box in self._checks.items():
            check = CHECK_BY_NAME[name]
            why_not = self._session.why_not(check.needs)
            box.disabled = bool(why_not)
            if why_not:
                said += (
                    f"<p class='wb-muted'>“{escape(check.title)}” cannot be asked here: "
                    f"{escape(why_not)}</p>"
                )
                box.value = False
        self._why_not.value = said

    def _set(self) -> None:
        if self._filling:
            return
        chosen = tuple(name for name, box in self._methods.items() if box.value)
        self._session.settings = replace(
            self._session.settings,
            methods=chosen,
            threshold=float(self._tau.value),
            seed=max(0, int(self._seed.value)),
            favourable=self._better.value,
            checks=tuple(name for name, box in self._checks.items() if box.value),
        )

    def _pressed(self) -> None:
        try:
            self._session.run()
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")

    def _beat(self) -> None:
        """Say how long the run has taken, and about how long it will."""
        if self._session.clock is not None and self._session.state == "running":
            seconds, left = self._session.clock
            waits = self._session.report is None and decided_by(self._session.settings.methods)
            self._status.beat(seconds, time_words(left, waits=waits))

    def _say_forecast(self) -> None:
        found, done = self._session.forecast, self._session.state == "done"
        self._forecast.value = (
            "" if found is None or done else markup.paragraph(found.words(), "wb-muted")
        )

    def _draw(self) -> None:
        session = self._session
        running, missing = session.state == "running", session.missing
        methods, checks = len(session.settings.methods), len(session.settings.checks)
        self._more.title = (
            f"{MORE} ({methods} method{'' if methods == 1 else 's'}, "
            f"{checks or 'no'} check{'' if checks == 1 else 's'})"
        )
        self._run.disabled = running or bool(missing)
        self._cancel.disabled = not running
        self._bar.layout.display = "" if running else "none"
        if running:
            self._bar.value = min(1.0, max(0.0, session.share))
            stands = ""
            if session.report is not None:
                decided = session.report.verdict is not None
                stands = " The verdict stands; more follows." if decided else " More follows."
            self._status.say(f"Running: {session.step}.{stands}", "busy")
        elif missing:
            self._status.say(" ".join(missing), "info")
        else:
            text, kind = {
                "idle": ("Everything is chosen. Run the audit.", "info"),
                "changed": ("An input has changed since the last run. Run again.", "info"),
                "cancelled": (
                    "Cancelled. Nothing was kept; run again when you like."
                    if session.report is None
                    else "Cancelled. What was measured until then is kept."
                    if STOPPED in session.report.skipped.values()
                    else "Cancelled before a verdict stood. The result shown is of an earlier run.",
                    "info",
                ),
                "done": ("Done. The result is ready.", "good"),
                "failed": (f"The audit could not be done. {session.problem}", "problem"),
            }[session.state]
            self._status.say(text, kind)
