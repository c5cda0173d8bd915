"""Step 3: what should have been forgotten, on which rows."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as W
import numpy as np
import pandas as pd

import workbench as wb
from widgets.parts import markup
from widgets.parts.condition_text import example_condition
from widgets.parts.row_table import RowTable
from widgets.session.jobs import words_for
from widgets.session.session import AuditSession
from widgets.target.condition_builder import ConditionBuilder
from widgets.target.intervention_picker import InterventionPicker
from widgets.target.named_subgroups import NamedSubgroups
from workbench.case.asking.variations import variations_of
from workbench.common.errors import ConditionError, TargetError

__all__ = ["TargetPicker"]

STYLE = Path(__file__).with_name("target.css").read_text("utf-8")
EVERYBODY, SUBGROUP, ROWS = "everybody", "subgroup", "rows"
MANY_FEATURES = 15
"""From more features on, a field that narrows them down is shown."""


class TargetPicker(W.VBox):
    """Chooses features, rows and how the features are varied; a session's target is kept.

    Sets the session's target, or says why there is none; the interventions go to its settings and
    the named subgroups to its subgroups.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._filling = False
        self._data: pd.DataFrame | None = None
        self._boxes: dict[str, W.Checkbox] = {}
        self._legend = W.HTML()
        self._filter = W.Text(description="Show the features named like")
        self._features = W.Box()
        self._features.add_class("wb-checks")
        self._rows = W.RadioButtons(
            options=[
                ("every row", EVERYBODY),
                ("a subgroup: the rows where a condition holds", SUBGROUP),
                ("single rows: datapoints", ROWS),
            ],
            description="On which rows?",
        )
        for control in (self._filter, self._rows):
            control.add_class("wb-field")
        self._condition = ConditionBuilder(session)
        self._named = NamedSubgroups(session, self._condition, self._use_subgroup)
        self._table = RowTable()
        self._table_note = W.HTML(
            markup.paragraph(
                "An audit asks how the model treats these rows' values. Whether it still remembers "
                "the rows is another question: the check “membership” of step 5.",
                "wb-muted",
            )
        )
        several = W.HTML(
            markup.paragraph(
                "Several requests at once: “Different features for different rows”, in step 6.",
                "wb-muted",
            )
        )
        self._interventions = InterventionPicker(session)
        self._answer = W.HTML()
        self._answer.add_class("wb-answer")
        left = W.VBox([self._legend, self._filter, self._features])
        right = W.VBox([self._rows])
        left.add_class("wb-half")
        right.add_class("wb-half")
        columns = W.HBox([left, right])
        columns.add_class("wb-columns")
        self._datapoints = W.VBox([self._table, self._table_note])
        detail = W.VBox([self._condition, self._datapoints, self._named])
        super().__init__(
            [
                *(W.HTML(f"<style>{STYLE}</style>"), columns, detail),
                *(self._answer, self._interventions, several),
            ]
        )
        self._rows.observe(lambda _: self._choose(), "value")
        self._filter.observe(lambda _: self._narrow(), "value")
        self._condition.observe(lambda _: self._choose(), "condition")
        self._table.observe(lambda _: self._choose(), "chosen")
        session.observe(lambda _: self._offer(), "case")
        session.observe(lambda _: self._choose(), "settings")
        held = session.target
        self._offer()
        if held is not None:
            self.ask(held)

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
                self._filter.value = ""
                if not kept:
                    self._rows.value = EVERYBODY
                self._filling = False
            if case is not None and case.data is not self._data:
                self._data = case.data
                self._filling = True
                self._table.show(case.data)
                self._filling = False
            self._filter.layout.display = "" if len(names) > MANY_FEATURES else "none"
            self._choose()
        except Exception as error:  # the component's boundary
            self._filling = False
            self._answer.value = markup.notice(words_for(error), "problem")

    def ask(self, target: wb.UnlearningTarget) -> None:
        """Choose a target, as if it had been chosen on the page.

        Raises
        ------
        TargetError
            When the case has no such features or rows.
        """
        case = self._session.case
        if case is None:
            return
        with self._session.lock:
            _, mask = case.resolve(target)
            self._filling = True
            try:
                for name, box in self._boxes.items():
                    box.value = name in target.names
                if target.rows is not None:
                    self._table.choose(range(case.n_rows), on=False)
                    self._table.choose(np.flatnonzero(mask).tolist())
                if target.condition is not None:
                    self._condition.condition = target.condition.text
                whole = EVERYBODY if target.condition is None else SUBGROUP
                self._rows.value = whole if target.rows is None else ROWS
            finally:
                self._filling = False
            self._choose()

    def _box(self, name: str, ticked: bool) -> W.Checkbox:
        box = W.Checkbox(value=ticked, description=name, indent=False)
        box.add_class("wb-check")
        box.observe(lambda _: self._choose(), "value")
        return box

    def _narrow(self) -> None:
        """Show the features whose names hold the text; a ticked one stays in sight."""
        text = self._filter.value.strip().lower()
        for name, box in self._boxes.items():
            box.layout.display = "" if box.value or text in name.lower() else "none"

    def _use_subgroup(self) -> None:
        self._rows.value = SUBGROUP

    def _choose(self) -> None:
        """Make the target of what is chosen, or say in words why it is none."""
        if self._filling:
            return
        case, kind = self._session.case, self._rows.value
        self._condition.layout.display = "" if case and kind == SUBGROUP else "none"
        self._datapoints.layout.display = "" if case and kind == ROWS else "none"
        self._named.offer(kind == SUBGROUP)
        self._named.layout.display = "" if case and kind != ROWS else "none"
        self._legend.value = markup.paragraph(
            "Which features were to be forgotten?"
            if kind == EVERYBODY
            else "Which features? None ticked means the rows as a whole: all that the model reads.",
            "wb-label",
        )
        if case is None:
            self._answer.value = markup.paragraph("Choose data and a model first.", "wb-muted")
            return
        with self._session.lock:
            self._interventions.show(self._varied(case))
            try:
                target = self._target(case)
                names, mask = case.resolve(target)
                self._check_interventions(case, names)
            except Exception as error:  # the component's boundary
                words = words_for(error)
                self._session.target_problem = words
                self._session.target = None
                # What is wrong with a condition stands beneath its field already.
                beneath = isinstance(error, ConditionError)
                self._answer.value = "" if beneath else markup.notice(words, "warning")
            else:
                self._session.target_problem = ""
                self._session.target = target
                self._answer.value = markup.paragraph(_words(kind, case, mask))

    def _varied(self, case: wb.AuditCase) -> tuple[str, ...]:
        """Return the features that are varied, whatever the rows come to."""
        names = tuple(name for name, box in self._boxes.items() if box.value)
        return names if names or self._rows.value == EVERYBODY else case.reads

    def _check_interventions(self, case: wb.AuditCase, names: tuple[str, ...]) -> None:
        """Refuse a target whose features cannot be varied as the settings say."""
        given = self._session.settings.interventions
        # What is drawn at random can always be drawn; looking for similar rows would take long.
        fixed = {n: v for n, v in given.items() if n in names and not isinstance(v, wb.Resample)}
        free = [n for n in names if n in fixed or n not in given or case.columns[n].is_constant]
        variations_of(case, free, np.arange(1), fixed or None, 0)

    def _target(self, case: wb.AuditCase) -> wb.UnlearningTarget:
        names = [name for name, box in self._boxes.items() if box.value]
        if self._rows.value == ROWS:
            if not self._table.chosen:
                raise TargetError("No row is chosen. Tick rows in the table, or type their labels.")
            return wb.UnlearningTarget.datapoints(self._table.chosen, names or None)
        if self._rows.value == SUBGROUP:
            text = self._condition.condition.strip()
            if not text:
                raise TargetError(f"Write a condition, for instance {example_condition(case)}")
            return wb.UnlearningTarget.subgroup(text, names or None)
        if not names:
            raise TargetError("No feature is ticked. Tick what was to be forgotten.")
        return wb.UnlearningTarget.features(names)


def _overlaps(boxes: dict[str, W.Checkbox], names: tuple[str, ...]) -> bool:
    """Whether these are rather the same features than those of another table."""
    same = set(boxes) & set(names)
    return len(same) * 2 > max(len(boxes), len(names))


def _words(kind: str, case: wb.AuditCase, mask: np.ndarray) -> str:
    """Say what will be asked, and on which rows."""
    count = int(mask.sum())
    where = {
        EVERYBODY: f"on all {case.n_rows:,} rows",
        SUBGROUP: "on the rows where the condition holds",
        ROWS: "on the chosen row" if count == 1 else f"on the {count:,} chosen rows",
    }[kind]
    return (
        f"The audit will ask, {where}: how does the model's answer change when the features below "
        f"are varied? Everything that follows from the change by the graph changes too."
    )
