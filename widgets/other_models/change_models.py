"""Step 4, optional: the models to hold beside the audited one."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W

import workbench as wb
from widgets.other_models.brought_models import BroughtModels
from widgets.other_models.unlearn_form import UnlearnForm
from widgets.parts import markup
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import words_for
from widgets.session.session import AuditSession
from workbench.common.wording import listing

__all__ = ["ChangeModels"]

NONE, MAKE, BRING = "none", "make", "bring"
LEAD = (
    "Optional. “It was unlearned” is a claim about a change. With the model before, and with "
    "models retrained without the target, the audit tells three things apart: what unlearning "
    "removed, what any honestly retrained model would still carry because the world does, and "
    "what is left above that."
)


class ChangeModels(W.VBox):
    """Chooses the models before and retrained; sets the session's `compare`.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._filling = False
        self._way = W.RadioButtons(
            options=[
                ("Audit this model alone", NONE),
                ("Demonstrate: unlearn here, and train the models to compare with", MAKE),
                ("Bring the model before, or retrained models", BRING),
            ],
            value=NONE,
            description="Beside which other models?",
        )
        self._way.add_class("wb-field")
        self._make, self._bring = UnlearnForm(session), BroughtModels(session)
        self._state = W.HTML()
        self._undo = W.Button(description="Back to the model as loaded")
        self._status = StatusLine()
        self._lead = W.HTML(markup.paragraph(LEAD, "wb-muted"))
        self._shown: tuple[W.Widget, ...] = ()
        super().__init__()
        self._way.observe(lambda _: self._safely(self._chosen), "value")
        self._undo.on_click(lambda _: self._safely(self._taken_back))
        names = ["case", "target", "compare", "made_for"]
        session.observe(lambda _: self._safely(self._draw), names)
        self._draw()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until models are made or added; False when the time is over."""
        return self._make.wait(timeout) and self._bring.wait(timeout)

    def _chosen(self) -> None:
        """Begin with no other model whenever another way is chosen."""
        if not self._filling:
            self._make.stop()
            self._bring.stop()
            self._session.take_others_away()
            self._status.say("")
        self._draw()

    def _taken_back(self) -> None:
        self._session.take_others_away()
        self._status.say("The audited model is the one that was loaded again.", "good")

    def _draw(self) -> None:
        session = self._session
        if session.case is None and self._way.value != NONE:
            self._filling = True
            try:
                self._way.value = NONE
            finally:
                self._filling = False
        form = {MAKE: [self._make], BRING: [self._bring]}.get(str(self._way.value), [])
        undo = [self._undo] if session.made_for is not None else []
        # What is not asked is not on the page: step 1 has fields of the same names.
        shown = (self._lead, self._way, *form, self._state, *undo, self._status)
        if self._shown != shown:
            self.children = self._shown = shown
        self._state.value = _state(session)
        if session.made_for is not None:
            self._status.say("")

    def _safely(self, act: Callable[[], None]) -> None:
        try:
            with self._session.lock:
                act()
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")


def _state(session: AuditSession) -> str:
    """Say which models will be compared, and what is wrong with that."""
    case, compare, made_for = session.case, session.compare, session.made_for
    if case is None or not compare:
        return ""
    if made_for is not None and made_for != session.target:
        return markup.notice(
            f"These models were made to forget {made_for.describe()}. The target is now another, "
            f"so they say nothing about it. Unlearn here again, or go back to the model as loaded.",
            "warning",
            "Another target.",
        )
    retrained = compare.get("retrained", ())
    count = f"{len(retrained)} model{'s' if len(retrained) > 1 else ''}, "
    terms = {
        "Before": _reads(compare.get("before", ())) or "not given",
        "After (audited)": _reads((case.model,)),
        "Retrained": count + _reads(retrained)
        if retrained
        else "not given: what is left cannot be told from what the world carries",
    }
    here = (
        markup.notice(
            "The audited model is no longer the one that was loaded: it is the model after "
            "unlearning, made on this page.",
            "info",
        )
        if made_for is not None
        else ""
    )
    return here + markup.figure_note(terms)


def _reads(models: tuple[wb.BlackBoxModel, ...]) -> str:
    """Name the columns that models read; all read the same, or those of the first are shown."""
    return f"reads {listing(models[0].features or (), most=20)}" if models else ""
