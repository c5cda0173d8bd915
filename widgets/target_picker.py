"""Step 3: what should have been forgotten, on which rows."""

from __future__ import annotations

from collections.abc import Hashable

import ipywidgets as W
import numpy as np
import pandas as pd

import workbench as wb
from widgets import markup
from widgets.jobs import words_for
from widgets.session import AuditSession
from workbench.diagnostics import FEW_ROWS
from workbench.errors import TargetError
from workbench.queries import variations_of

__all__ = ["TargetPicker"]

EVERYBODY, SUBGROUP, ROW = "everybody", "subgroup", "row"


class TargetPicker(W.VBox):
    """Chooses features and rows; sets the session's target, or says why there is none.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._filling = False
        self._boxes: dict[str, W.Checkbox] = {}
        self._legend = W.HTML()
        self._features = W.Box()
        self._features.add_class("wb-checks")
        self._rows = W.RadioButtons(
            options=[
                ("every row", EVERYBODY),
                ("a subgroup: the rows where a condition holds", SUBGROUP),
                ("one row: a single datapoint", ROW),
            ],
            description="On which rows?",
        )
        self._condition = W.Text(description="Condition", placeholder="age > 50", disabled=False)
        self._label = W.Text(description="Row", placeholder="0", continuous_update=False)
        for control in (self._rows, self._condition, self._label):
            control.add_class("wb-field")
        self._answer = W.HTML()
        self._answer.add_class("wb-live")
        left = W.VBox([self._legend, self._features])
        right = W.VBox([self._rows, self._condition, self._label])
        left.add_class("wb-half")
        right.add_class("wb-half")
        columns = W.HBox([left, right])
        columns.add_class("wb-columns")
        super().__init__([columns, self._answer])
        for control in (self._rows, self._condition, self._label):
            control.observe(lambda _: self._choose(), "value")
        session.observe(lambda _: self._offer(), "case")
        self._offer()

    def _offer(self) -> None:
        """Show the case's features; ticks survive an edit of the graph."""
        case = self._session.case
        try:
            self._features.layout.display = "none" if case is None else ""
            names = tuple(self._boxes) if case is None else case.features
            if tuple(self._boxes) != names:
                kept = [name for name, box in self._boxes.items() if box.value and name in names]
                ticked = kept if _overlaps(self._boxes, names) else self._session.suggested
                self._boxes = {name: self._box(name, name in ticked) for name in names}
                self._features.children = list(self._boxes.values())
                self._filling = True
                self._condition.placeholder = _example(case)
                if not kept:
                    self._rows.value, self._condition.value, self._label.value = EVERYBODY, "", ""
                self._filling = False
            self._choose()
        except Exception as error:  # the component's boundary
            self._filling = False
            self._answer.value = markup.notice(words_for(error), "problem")

    def _box(self, name: str, ticked: bool) -> W.Checkbox:
        box = W.Checkbox(value=ticked, description=name, indent=False)
        box.add_class("wb-check")
        box.observe(lambda _: self._choose(), "value")
        return box

    def _choose(self) -> None:
        """Make the target of what is chosen, or say in words why it is none."""
        if self._filling:
            return
        kind = self._rows.value
        self._condition.layout.display = "" if kind == SUBGROUP else "none"
        self._label.layout.display = "" if kind == ROW else "none"
        self._legend.value = markup.paragraph(
            "Which features? None ticked means all that the model reads."
            if kind == ROW
            else "Which features were to be forgotten?",
            "wb-label",
        )
        case = self._session.case
        if case is None:
            self._answer.value = markup.paragraph("Choose data and a model first.", "wb-muted")
            return
        with self._session.lock:
            try:
                target = self._target(case)
                names, mask = case.resolve(target)
                text = _words(case, target, names, mask)
            except Exception as error:  # the component's boundary
                words = words_for(error)
                self._session.target_problem = words
                self._session.target = None
                self._answer.value = markup.notice(words, "warning")
            else:
                self._session.target_problem = ""
                self._session.target = target
                self._answer.value = text

    def _target(self, case: wb.AuditCase) -> wb.UnlearningTarget:
        names = [name for name, box in self._boxes.items() if box.value]
        if self._rows.value == ROW:
            label = _row_label(case.data, self._label.value)
            return wb.UnlearningTarget.datapoints([label], names or None)
        if not names:
            raise TargetError("No feature is ticked. Tick what was to be forgotten.")
        if self._rows.value == SUBGROUP:
            text = self._condition.value.strip()
            if not text:
                raise TargetError(f"Write a condition, for instance {_example(case)}")
            return wb.UnlearningTarget.subgroup(text, names)
        return wb.UnlearningTarget.features(names)


def _overlaps(boxes: dict[str, W.Checkbox], names: tuple[str, ...]) -> bool:
    """Whether these are rather the same features than those of another table."""
    same = set(boxes) & set(names)
    return len(same) * 2 > max(len(boxes), len(names))


def _row_label(data: pd.DataFrame, text: str) -> Hashable:
    """Return the index label that was typed, of the index's own type."""
    text = text.strip()
    if not text:
        raise TargetError(f"Type a row's label, from {data.index[0]} to {data.index[-1]}.")
    if pd.api.types.is_integer_dtype(data.index.dtype):
        try:
            return int(text)
        except ValueError:
            raise TargetError(
                f"Rows are numbered from {data.index[0]} to {data.index[-1]}; {text[:50]!r} is "
                f"not a number."
            ) from None
    return text


def _example(case: wb.AuditCase | None) -> str:
    """Return a condition that this table understands."""
    if case is None:
        return "age > 50"
    for name in case.features:
        if case.columns[name].is_numeric:
            middle = float(np.nanmedian(case.data[name].to_numpy(dtype=float)))
            shown = name if name.isidentifier() else f"`{name}`"
            return f"{shown} > {middle:.3g}"
    name = case.features[0]
    shown = name if name.isidentifier() else f"`{name}`"
    return f"{shown} == {str(case.data[name].iloc[0])!r}"


def _words(
    case: wb.AuditCase,
    target: wb.UnlearningTarget,
    names: tuple[str, ...],
    mask: np.ndarray,
) -> str:
    """Say what the target comes to: its rows, and how its features will be varied."""
    count = int(mask.sum())
    found = [f"{count:,} of {case.n_rows:,} rows" if count > 1 else "1 row"]
    varied = variations_of(case, names, np.flatnonzero(mask), None, 0)
    how = [f"{v.feature} from {v.text.replace(' → ', ' to ')}" for v in varied]
    parts = [
        f"The audit will ask, on {found[0]}: what does the model answer when we change "
        f"{'; '.join(how)}? Everything that follows from the change by the graph changes too."
    ]
    html = markup.paragraph(parts[0])
    if 1 < count < FEW_ROWS:
        html += markup.notice(
            f"{count} rows are few: the intervals will be wide, and single rows weigh a lot.",
            "warning",
        )
    if target.rows is not None:
        columns = list(case.features)
        row = case.data.loc[list(target.rows), columns]
        html += markup.table(
            row.itertuples(index=True, name=None), ["row", *columns], caption="The chosen row"
        )
        html += markup.paragraph(
            "This asks how the model treats this row's values, not whether the row was among the "
            "data it learned from.",
            "wb-muted",
        )
    return html
