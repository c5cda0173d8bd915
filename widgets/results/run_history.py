"""The runs of a session: what stands out of date, what was found before, any two side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import repeat

import ipywidgets as W

from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from widgets.parts.guarded import guarded
from widgets.parts.saved_view import SavedView
from widgets.session.inputs import AuditRun, changes
from widgets.session.session import AuditSession
from workbench.common.wording import decimals_for, signed, span
from workbench.methods.effects import FeatureEffects
from workbench.methods.profile.profile import PARTS
from workbench.report.outline.decided import as_decided

__all__ = ["RunHistory", "StaleNotice"]

NONE = "–"
DECIDED = {"above": "found", "below": "not found", "inconclusive": "inconclusive"}
ALIKE = "The two runs were asked with the same."


class StaleNotice(SavedView, W.VBox):
    """Says that the result shown is of other inputs, and what has changed; nothing while it is not.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._words = W.HTML()
        self._again = W.Button(description="Run again", button_style="primary")
        self._again.on_click(lambda _: session.run())
        super().__init__([self._words, self._again])
        session.observe(
            lambda _: self._draw(), ["stale", "state", "target", "settings", "preparing"]
        )
        self._draw()

    def static_html(self) -> str:
        """Return what has changed, where something has."""
        return str(self._words.value) if self._session.stale else ""

    def _draw(self) -> None:
        session = self._session
        self.layout.display = "" if session.stale else "none"
        self._again.disabled = bool(session.missing)
        self._words.value = markup.notice(
            f"Changed since: {'; '.join(session.stale)}. Undo the change and this result holds "
            f"again; run the audit for one of the present choices.",
            "warning",
            "This result is of before a change.",
        )


class RunHistory(W.VBox):
    """Lists the session's last runs, shows one of them again, and puts two side by side.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._list, self._both = W.HTML(), W.HTML()
        self._one = W.Dropdown(description="Run")
        self._other = W.Dropdown(description="beside")
        self._show = W.Button(description="Show this run above")
        for choice in (self._one, self._other):
            choice.add_class("wb-field")
            choice.observe(lambda _: self._put_beside(), "value")
        self._show.on_click(lambda _: self._again())
        chosen = W.HBox([self._one, self._other, self._show])
        chosen.add_class("wb-row")
        self._fold = Disclosure("Earlier runs", W.VBox([self._list, chosen, self._both]))
        super().__init__([self._fold])
        session.observe(lambda _: self._draw(), "history")
        self._draw()

    def _draw(self) -> None:
        runs = self._session.history
        self.layout.display = "" if len(runs) > 1 else "none"
        options = [
            (f"{run.number}: {_about(run)}, {_decided(run)}", run.number) for run in reversed(runs)
        ]
        for choice, place in ((self._one, 0), (self._other, 1)):
            choice.options = options
            choice.value = options[place][1] if place < len(options) else None
        self._list.value = guarded(lambda: _listed(runs))
        self._put_beside()

    def _chosen(self, choice: W.Dropdown) -> AuditRun | None:
        return next((run for run in self._session.history if run.number == choice.value), None)

    def _put_beside(self) -> None:
        one, other = self._chosen(self._one), self._chosen(self._other)
        if one is None or other is None or one is other:
            self._both.value = ""
        else:
            self._both.value = guarded(partial(_side_by_side, other, one))

    def _again(self) -> None:
        run = self._chosen(self._one)
        if run is not None:
            self._session.show(run)


def _about(run: AuditRun) -> str:
    return run.report.target.describe()


def _decided(run: AuditRun) -> str:
    """Tell runs of the same target apart, in two or three words."""
    verdict = run.report.verdict
    return DECIDED[verdict.decision] if verdict is not None else "no verdict"


def _found(run: AuditRun) -> str:
    verdict = run.report.verdict
    return "no causal method ran" if verdict is None else verdict.headline


def _listed(runs: tuple[AuditRun, ...]) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for before, run in zip((None, *runs), runs, strict=False):
            differs = "" if before is None else "; ".join(changes(before.inputs, run.inputs))
            at = run.started.astimezone().strftime("%H:%M")
            yield f"{run.number}", at, _about(run), differs or NONE, _found(run)

    head = ("run", "at", "forgotten", "changed since the run before", "found")
    return markup.table(rows(), head, caption="The runs of this session")


def _side_by_side(one: AuditRun, other: AuditRun) -> str:
    """Return what differs between two runs, and their effects beside each other."""
    said = changes(one.inputs, other.inputs)
    words = markup.bullets(said) if said else markup.paragraph(ALIKE)
    entries = [
        {
            entry.feature: entry
            for entry in as_decided(run.report).believed
            if entry.combination != "sum"
        }
        for run in (one, other)
    ]
    names = dict.fromkeys(name for found in entries for name in found)
    levels = [run.report.interval_level for run in (one, other)]
    rows: list[tuple[str, ...]] = [
        (name, part, *map(_number, (found.get(name) for found in entries), repeat(part), levels))
        for name in names
        for part in PARTS
    ]
    head = ("", "effect", f"run {one.number}", f"run {other.number}")
    intervals = dict.fromkeys(run.report.about().intervals for run in (one, other))
    caption = f"Two runs side by side, with {' and '.join(intervals)}"
    words += markup.figure_note({f"Run {run.number}": _found(run) for run in (one, other)})
    return words + markup.table(rows, head, caption=caption, numeric=(2, 3))


def _number(entry: FeatureEffects | None, part: str, level: float) -> str:
    if entry is None:
        return NONE
    effect = getattr(entry, part)
    bounds = effect.interval(level)
    digits = decimals_for(effect.value, *bounds)
    return f"{signed(effect.value, digits)}, {span(bounds)}"
