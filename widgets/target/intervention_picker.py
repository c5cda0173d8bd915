"""How each feature of the target is varied: the default said, and another one chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets as W
import numpy as np

import workbench as wb
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import words_for
from widgets.session.session import AuditSession
from workbench.case.asking.variations import variations_of
from workbench.case.intervention import Intervention
from workbench.common.errors import AuditError, InterventionError
from workbench.tables.columns import Column

__all__ = ["InterventionPicker", "intervention_words"]

MOST_LINES = 12
"""Features with a line of their own; further ones are reached through a list."""
MOST_LEVELS = 500
CONTRAST, RESAMPLE, SHIFT = "contrast", "resample", "shift"
MEANINGS = {
    CONTRAST: "Every row gets the first value, then the second; the effect is the difference in "
    "the model's answer.",
    RESAMPLE: "Every row gets values drawn from the data, several times; the effect is the mean "
    "difference to the row as it is.",
    SHIFT: "The amount is added to each row's own value, never beyond the observed range.",
}


def intervention_words(case: wb.AuditCase, feature: str, chosen: Intervention | None) -> str:
    """Say how a feature is varied, and why so when it is by default.

    Raises
    ------
    InterventionError
        When the feature cannot be varied so.
    """
    if isinstance(chosen, wb.Resample):
        _varied(case, feature, replace(chosen, given=None), np.arange(1))
        near = " with similar causes" if chosen.given else ""
        times = "once" if chosen.draws == 1 else f"{chosen.draws:,} times"
        return f"to the value of another row{near}, drawn {times}"
    varied = _varied(case, feature, chosen, np.arange(1))
    if isinstance(chosen, wb.Shift):
        return f"by {chosen.delta:+g} on every row, within the observed range"
    column = case.columns[feature]
    words = f"from {varied.text.replace(' → ', ' to ')}"
    return words if chosen else f"{words} ({_default_reason(column)})"


def _default_reason(column: Column) -> str:
    if column.is_numeric:
        present = column.values[~np.isnan(column.values)]
        low, high = np.quantile(present, (0.25, 0.75), method="inverted_cdf")
        if low == high:
            return "default: the usual value and the median of the others"
        return "default: 25th to 75th percentile"
    if sum(level is not None for level in column.levels) == 2:
        return "default: its two levels"
    return "default: the common levels whose predictions lie furthest apart"


def _varied(case: wb.AuditCase, feature: str, chosen: Intervention | None, rows: Any) -> Any:
    given = None if chosen is None else {feature: chosen}
    return variations_of(case, (feature,), rows, given, 0)[0]


class InterventionPicker(W.VBox):
    """Says how each feature of the target is varied and lets the auditor change it.

    Parameters
    ----------
    session : AuditSession
        Its target's features are shown; its settings get the interventions.
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._names: tuple[str, ...] = ()
        self._feature: str | None = None
        self._filling = False
        self._head = W.HTML()
        self._lines = W.VBox()
        # Lines are kept: one that Python forgets before the page has drawn it is an error there.
        self._known: dict[str, W.HBox] = {}
        self._other = W.Dropdown(description="Another feature")
        self._other_change = W.Button(description="Change…")
        self._others = W.HBox([self._other, self._other_change])
        self._title = W.HTML()
        self._how = W.Dropdown(description="How to vary it")
        self._meaning = W.HTML()
        self._fields = W.HBox()
        self._apply = W.Button(description="Vary it so", button_style="primary")
        self._default = W.Button(description="Back to the default")
        self._close = W.Button(description="Close")
        self._problem = StatusLine()
        self._a, self._b = W.FloatText(description="From"), W.FloatText(description="To")
        self._from, self._to = W.Dropdown(description="From"), W.Dropdown(description="To")
        self._draws = W.BoundedIntText(value=10, min=1, max=1_000, description="Draws per row")
        self._similar = W.Checkbox(
            description="only from rows with similar causes, which stays realistic", indent=False
        )
        self._delta = W.FloatText(description="Amount to add")
        self._similar.add_class("wb-check")
        for control in (self._other, self._how, self._a, self._b, self._from, self._to,
                        self._draws, self._delta):  # fmt: skip
            control.add_class("wb-field")
        buttons = W.HBox([self._apply, self._default, self._close])
        for row in (self._fields, buttons, self._others):
            row.add_class("wb-row")
        self._editor = W.VBox(
            [self._title, self._how, self._meaning, self._fields, self._problem, buttons]
        )
        self._editor.add_class("wb-nested")
        super().__init__([self._head, self._lines, self._others, self._editor])
        self._how.observe(lambda _: self._take_how(), "value")
        self._apply.on_click(lambda _: self._apply_choice())
        self._default.on_click(lambda _: self._set(None))
        self._close.on_click(lambda _: self._open(None))
        self._other_change.on_click(lambda _: self._open(self._other.value))
        session.observe(lambda _: self._follow(), ["target", "case"])
        session.observe(lambda _: self._draw(), "settings")
        self._open(None)
        self._follow()

    def show(self, names: tuple[str, ...]) -> None:
        """Show these features, also where they make no target yet."""
        self._names = names
        self._draw()

    def _follow(self) -> None:
        case, target = self._session.case, self._session.target
        try:
            if case is None:
                self.show(())
            elif target is not None:
                self.show(case.resolve(target)[0])
            else:
                self._draw()
        except AuditError:
            self.show(())  # the graph has changed, and the target follows in a moment
        except Exception as error:  # the component's boundary
            self._problem.say(words_for(error), "problem")

    def _draw(self) -> None:
        try:
            case, chosen = self._session.case, self._session.settings.interventions
            names = self._names if case is not None else ()
            names = tuple(name for name in names if name in case.columns) if case else ()
            own = [n for i, n in enumerate(names) if i < MOST_LINES or n in chosen]
            rest = [name for name in names if name not in own]
            self._head.value = "<p class='wb-label'>How each feature is varied</p>" if names else ""
            lines = tuple(self._line(case, name, chosen) for name in own) if case else ()
            if self._lines.children != lines:
                self._lines.children = lines
            if tuple(self._other.options) != tuple(rest):
                self._other.options = rest
                self._other.value = rest[0] if rest else None
            self._others.layout.display = "" if rest else "none"
            if self._feature not in names:
                self._open(None)
            self._default.disabled = self._feature not in chosen
        except Exception as error:  # the component's boundary
            self._problem.say(words_for(error), "problem")

    def _line(self, case: wb.AuditCase, name: str, chosen: Mapping[str, Intervention]) -> W.HBox:
        """Return the line of a feature, as it stood before but for its words."""
        try:
            words = f": {intervention_words(case, name, chosen.get(name))}"
        except AuditError as error:
            words = f" cannot be varied so: {error}"
        if name not in self._known:
            self._known[name] = self._new_line(name)
        text, change = self._known[name].children
        text.value = f"<strong>{escape(name)}</strong>{escape(words)}"
        change.layout.display = "none" if case.columns[name].is_constant else ""
        return self._known[name]

    def _new_line(self, name: str) -> W.HBox:
        text = W.HTML()
        text.add_class("wb-grow")
        change = W.Button(description="Change…", tooltip=f"Change how {name} is varied")
        change.on_click(lambda _: self._open(name))
        line = W.HBox([text, change])
        line.add_class("wb-row")
        line.add_class("wb-varied")
        return line

    def _open(self, feature: str | None) -> None:
        """Unfold the editor for one feature; None folds it."""
        try:
            case = self._session.case
            known = case is not None and feature in case.columns
            self._feature = feature if known else None
            self._editor.layout.display = "" if known else "none"
            self._problem.say("")
            if case is None or feature is None or not known:
                return
            self._fill(case, feature)
        except Exception as error:  # the component's boundary
            self._problem.say(words_for(error), "problem")

    def _fill(self, case: wb.AuditCase, feature: str) -> None:
        """Fill the editor with what holds now for the feature."""
        column = case.columns[feature]
        chosen = self._session.settings.interventions.get(feature)
        self._title.value = f"<p class='wb-label'>How to vary {escape(feature)}</p>"
        self._default.disabled = chosen is None
        self._filling = True
        options = [
            ("from one value to another", CONTRAST),
            ("by values drawn from the data", RESAMPLE),
        ]
        if column.is_numeric:
            options.append(("by an amount", SHIFT))
        self._how.options = options
        a, b = self._present_contrast(case, feature, chosen)
        if column.is_numeric:
            self._a.value, self._b.value = _shown(a, column), _shown(b, column)
            self._delta.value = _tidy(column.scale, column.integer)
        else:
            levels = [(column.label(code), code) for code in range(len(column.levels))]
            for field, level in ((self._from, a), (self._to, b)):
                field.options = levels[:MOST_LEVELS]
                field.value = int(level) if int(level) < MOST_LEVELS else 0
        drawn = chosen if isinstance(chosen, wb.Resample) else wb.Resample()
        self._draws.value, self._similar.value = drawn.draws, drawn.given is not None
        if isinstance(chosen, wb.Shift):
            self._delta.value = float(chosen.delta)
        kinds = {wb.Resample: RESAMPLE, wb.Shift: SHIFT}
        self._how.value = kinds.get(type(chosen), CONTRAST)
        self._filling = False
        self._take_how()

    def _present_contrast(self, case: wb.AuditCase, feature: str, chosen: Any) -> tuple[Any, Any]:
        """Return encoded values to begin with: the chosen contrast, else the default's."""
        column = case.columns[feature]
        if isinstance(chosen, wb.Contrast):
            return column.encode(chosen.a), column.encode(chosen.b)
        try:
            varied = _varied(case, feature, None, np.arange(1))
        except InterventionError:
            return 0, min(1, len(column.levels) - 1)
        return varied.before[0], varied.after[0][0]

    def _take_how(self) -> None:
        case, feature = self._session.case, self._feature
        if self._filling or case is None or feature is None:
            return
        column, how = case.columns[feature], self._how.value
        self._meaning.value = f"<p class='wb-muted'>{escape(MEANINGS[how])}</p>"
        observed = W.HTML(f"<p class='wb-muted'>observed: {column.low:g} to {column.high:g}</p>")
        if how == RESAMPLE:
            parents = any(p in case.columns for p in case.audit_graph.parents(feature))
            self._fields.children = [self._draws, *([self._similar] if parents else [])]
        elif how == SHIFT:
            self._fields.children = [self._delta, observed]
        elif column.is_numeric:
            self._fields.children = [self._a, self._b, observed]
        else:
            self._fields.children = [self._from, self._to]

    def _apply_choice(self) -> None:
        case, feature = self._session.case, self._feature
        if case is None or feature is None:
            return
        try:
            chosen = self._choice(case.columns[feature])
            rows = np.arange(1)
            if isinstance(chosen, wb.Resample):
                _varied(case, feature, replace(chosen, given=None), rows)
            else:
                _varied(case, feature, chosen, rows)
        except Exception as error:  # the component's boundary
            self._problem.say(words_for(error), "problem")
        else:
            self._set(chosen)

    def _choice(self, column: Column) -> Intervention:
        if self._how.value == RESAMPLE:
            given = "parents" if self._similar.value and len(self._fields.children) > 1 else None
            return wb.Resample(int(self._draws.value), given=given)  # type: ignore[arg-type]
        if self._how.value == SHIFT:
            return wb.Shift(_plain(self._delta.value, column.integer))
        if column.is_numeric:
            return wb.Contrast(*(_plain(f.value, column.integer) for f in (self._a, self._b)))
        return wb.Contrast(column.levels[self._from.value], column.levels[self._to.value])

    def _set(self, chosen: Intervention | None) -> None:
        """Put the intervention into the session's settings; None is the default."""
        feature, settings = self._feature, self._session.settings
        if feature is None:
            return
        try:
            kept = {n: v for n, v in settings.interventions.items() if n != feature}
            given = kept if chosen is None else {**kept, feature: chosen}
            self._open(None)
            self._session.settings = replace(settings, interventions=given)
        except Exception as error:  # the component's boundary
            self._problem.say(words_for(error), "problem")


def _plain(value: float, whole: bool) -> float | int:
    """Write a whole number as one, so that a report says 5 and not 5.0."""
    return int(value) if whole and np.isfinite(value) and value == int(value) else float(value)


def _shown(value: float, column: Column) -> float:
    """Round to the six digits that the line says, within the observed range."""
    return min(max(float(f"{value:.6g}"), column.low), column.high)


def _tidy(value: float, whole: bool) -> float:
    rounded = float(f"{value:.2g}")
    return max(1.0, round(rounded)) if whole else rounded
