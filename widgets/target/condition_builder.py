"""A condition typed by hand or built row by row; the text is the truth, the rows only write it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any, Literal

import ipywidgets as W
import pandas as pd
from traitlets import Unicode, link

from widgets.parts.condition_text import ColumnFacts, column_facts, example_condition, joined
from widgets.parts.disclosure import Disclosure
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import words_for
from widgets.session.session import AuditSession
from workbench.case.condition import Condition
from workbench.checks.diagnostics import FEW_ROWS
from workbench.common.errors import ConditionError

__all__ = ["ConditionBuilder"]

MOST_PARTS = 10


class ConditionBuilder(W.VBox):
    """A field for a condition, what it comes to, and rows that write it.

    Parameters
    ----------
    session : AuditSession

    Attributes
    ----------
    condition : str
        The text in the field, right or wrong.
    """

    condition = Unicode()

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._facts: dict[str, ColumnFacts] = {}
        self._table: pd.DataFrame | None = None
        self._parts: list[_Part] = []
        self._field = W.Text(description="Condition")
        self._field.add_class("wb-field")
        self._field.add_class("wb-wide")
        self._status = StatusLine()
        self._rows = W.VBox()
        self._word = W.Dropdown(
            options=[("all of these hold", "and"), ("at least one of these holds", "or")],
            description="Rows where",
        )
        self._word.add_class("wb-field")
        self._more = W.Button(description="Another line")
        self._preview = W.HTML()
        self._write = W.Button(description="Write this condition", button_style="primary")
        self._and = W.Button(description="Add it with “and”")
        self._or = W.Button(description="Add it with “or”")
        self._problem = StatusLine()
        buttons = W.HBox([self._write, self._and, self._or])
        buttons.add_class("wb-row")
        form = W.VBox([self._rows, self._word, self._more, self._preview, buttons, self._problem])
        self._fold = Disclosure("Build a condition from lists", form)
        super().__init__([self._field, self._status, self._fold])
        link((self, "condition"), (self._field, "value"))
        self.observe(lambda _: self._count(), "condition")
        self._word.observe(lambda _: self._draft(), "value")
        self._fold.observe(lambda _: self._unfold(), "opened")
        self._more.on_click(lambda _: self._add())
        self._write.on_click(lambda _: self._put(None))
        self._and.on_click(lambda _: self._put("and"))
        self._or.on_click(lambda _: self._put("or"))
        session.observe(lambda _: self._offer(), "case")
        self._offer()

    def _offer(self) -> None:
        """Take over the case's table; an edit of the graph alone changes nothing."""
        case = self._session.case
        data = None if case is None else case.data
        if data is None or data is self._table:
            return
        try:
            # Another table begins with nothing typed; the first one keeps what is there already.
            if self._table is not None and not self._holds(data):
                self.condition = ""
            self._table, self._facts, self._parts = data, {}, []
            self._field.placeholder = example_condition(case)
            self._fold.opened = False
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")
        self._count()

    def _holds(self, data: pd.DataFrame) -> bool:
        try:
            Condition(self.condition).mask(data)
        except ConditionError:
            return False
        return True

    def _count(self) -> None:
        """Say on how many rows the condition holds, or what is wrong with it."""
        text, data = self.condition.strip(), self._table
        self._and.layout.display = self._or.layout.display = "" if text else "none"
        self._write.description = "Replace the condition" if text else "Write this condition"
        if not text or data is None:
            self._status.say("")
            return
        try:
            count = int(Condition(text).mask(data).sum())
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")
            return
        words = f"The condition holds on {count:,} of {len(data):,} rows."
        if count >= FEW_ROWS:
            self._status.say(words, "good")
        elif count > 1:
            few = f"{count} rows are few: the intervals will be wide, and single rows weigh a lot."
            self._status.say(f"{words} {few}", "warning")
        elif count == 1:
            self._status.say(f"{words} One row is no group; its effect is its own.", "warning")
        else:
            self._status.say(f"{words} Widen it: nothing can be asked of no row.", "problem")

    def _unfold(self) -> None:
        """Look at the columns when the rows are first wanted."""
        try:
            if not self._fold.opened or self._table is None or self._facts:
                return
            found = (column_facts(self._table[name]) for name in self._table.columns)
            self._facts = {fact.name: fact for fact in found if fact and fact.comparisons}
            self._add()
        except Exception as error:  # the component's boundary
            self._problem.say(words_for(error), "problem")

    def _add(self) -> None:
        if not self._facts or len(self._parts) >= MOST_PARTS:
            return
        self._parts.append(_Part(self._facts, self._draft, self._drop))
        self._arrange()

    def _drop(self, part: _Part) -> None:
        self._parts = [other for other in self._parts if other is not part]
        self._arrange()

    def _arrange(self) -> None:
        self._rows.children = [part.box for part in self._parts]
        for part in self._parts:
            part.remove.layout.display = "" if len(self._parts) > 1 else "none"
        self._word.layout.display = "" if len(self._parts) > 1 else "none"
        self._more.disabled = len(self._parts) >= MOST_PARTS
        self._draft()

    def _drafted(self) -> str:
        return joined([part.text for part in self._parts], self._word.value)

    def _draft(self) -> None:
        """Show what the rows would write, and on how many rows it would hold."""
        try:
            text = self._drafted() if self._parts else ""
            if self._table is None or not text:
                return
            count = int(Condition(text).mask(self._table).sum())
        except Exception as error:  # the component's boundary
            self._preview.value = ""
            self._problem.say(words_for(error), "problem")
            self._write.disabled = self._and.disabled = self._or.disabled = True
        else:
            self._problem.say("")
            self._write.disabled = self._and.disabled = self._or.disabled = False
            rows = "1 row" if count == 1 else f"{count:,} rows"
            self._preview.value = f"<p><code>{escape(text)}</code> · {rows}</p>"

    def _put(self, word: Literal["and", "or"] | None) -> None:
        try:
            text, before = self._drafted(), self.condition.strip()
            self.condition = joined([before, text], word) if word and before else text
            self._problem.say("")
        except Exception as error:  # the component's boundary
            self._problem.say(words_for(error), "problem")


class _Part:
    """One line of the builder: a column, a comparison, and values that fit the two."""

    def __init__(
        self,
        facts: dict[str, ColumnFacts],
        changed: Callable[[], None],
        dropped: Callable[[_Part], None],
    ) -> None:
        self._facts, self._changed, self._filling = facts, changed, False
        self._column = W.Dropdown(options=list(facts), description="Column")
        self._sign = W.Dropdown(description="Comparison")
        self._values = W.HBox()
        self._fields: list[W.Widget] = []
        self.remove = W.Button(description="Remove this line")
        self.box = W.HBox([self._column, self._sign, self._values, self.remove])
        for box in (self.box, self._values):
            box.add_class("wb-row")
        for control in (self._column, self._sign):
            control.add_class("wb-field")
        self._column.observe(lambda _: self._take_column(), "value")
        self._sign.observe(lambda _: self._take_sign(), "value")
        self.remove.on_click(lambda _: dropped(self))
        self._take_column()

    @property
    def text(self) -> str:
        """The comparison in the condition language."""
        found: list[Any] = []
        for control in self._fields:
            several = isinstance(control, W.SelectMultiple)
            found.extend(control.value if several else [control.value])
        return self._facts[self._column.value].written(self._sign.value, found)

    def _take_column(self) -> None:
        self._filling = True
        found = self._facts[self._column.value].comparisons
        self._sign.options = found
        self._sign.value = found[0][1]  # a list that began empty chooses nothing by itself
        self._filling = False
        self._take_sign()

    def _take_sign(self) -> None:
        if self._filling:
            return
        facts, sign = self._facts[self._column.value], self._sign.value
        self._fields = _value_fields(facts, sign)
        for control in self._fields:
            control.add_class("wb-field")
            control.observe(lambda _: self._changed(), "value")
        note = []
        if self._fields and facts.kind == "number" and not facts.levels:
            note = [W.HTML(f"<p class='wb-muted'>from {facts.low:g} to {facts.high:g}</p>")]
        self._values.children = [*self._fields, *note]
        self._changed()


def _value_fields(facts: ColumnFacts, sign: str) -> list[W.Widget]:
    if sign.startswith(("is", "== ")):
        return []
    options = [(_level_text(level), level) for level in facts.levels]
    if sign in ("in", "not in"):
        return [
            W.SelectMultiple(
                options=options,
                value=(facts.levels[0],),
                rows=min(6, len(options)),
                description="Values (several with Ctrl or ⌘)",
            )
        ]
    if options:
        return [W.Dropdown(options=options, description="Value")]
    if facts.kind != "number":
        return [W.Text(description="Value", continuous_update=False)]
    if sign == "between":
        return [
            W.FloatText(value=float(f"{facts.low:.6g}"), description="From"),
            W.FloatText(value=float(f"{facts.high:.6g}"), description="To"),
        ]
    return [W.FloatText(value=float(f"{facts.middle:.3g}"), description="Value")]


def _level_text(level: object) -> str:
    if isinstance(level, float):
        return f"{level:g}"
    return str(level) if str(level).strip() else f"(blank: {level!r})"
