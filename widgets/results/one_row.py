"""What if this row were different: a feature is changed, and what follows is shown step by step.

A row's values are somebody's. They are shown to whoever loaded them, and this view leaves nothing
in a saved notebook, a session file or a report.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as W
import pandas as pd

import workbench as wb
from widgets.parts import markup
from widgets.parts.job_row import JobRow
from widgets.parts.row_table import RowTable
from widgets.session.session import AuditSession
from workbench.common.errors import TargetError
from workbench.common.progress import Progress
from workbench.common.wording import amount, listing, plain, share, signed
from workbench.methods.debiased.equations import better_equations
from workbench.methods.debiased.what_if import Consequence, WhatIf, what_if
from workbench.methods.fuzzing.propagation import Equations

__all__ = ["OneRow"]

LEAD = (
    "Choose a row, change one of its features, and see what follows from that through the graph "
    "and what the model answers. It is the story of one row by the fitted equations, if the drawn "
    "graph is right: it has no interval, and no verdict rests on it. The row's values stay on this "
    "page; no file that the page saves holds them."
)


class OneRow(W.VBox):
    """Changes a feature of one row and shows the consequences.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._data: object = None
        self._equations: tuple[wb.AuditCase, str, Equations] | None = None
        self._rows = RowTable()
        self._chosen = W.HTML()
        self._feature = W.Dropdown(description="Feature to change")
        self._level = W.Dropdown(description="Its new value")
        self._number = W.FloatText(description="Its new value")
        self._range = W.HTML()
        for control in (self._feature, self._level, self._number):
            control.add_class("wb-field")
        self._row = JobRow(session.lock, "See what follows", self._begin, "Cancel looking")
        self._found = W.HTML()
        super().__init__(
            [
                W.HTML(markup.heading("What if one row were different?") + markup.paragraph(LEAD)),
                self._rows,
                self._chosen,
                self._feature,
                self._level,
                self._number,
                self._range,
                self._row,
                self._found,
            ]
        )
        self._feature.observe(lambda _: self._row.safely(self._offer_values), "value")
        self._rows.observe(lambda _: self._row.safely(self._offer_values), "chosen")
        session.observe(lambda _: self._row.safely(self._renewed), ["case", "target"])
        self._renewed()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the consequences are shown; False when the time is over."""
        return self._row.wait(timeout)

    def _renewed(self) -> None:
        """Offer the rows and features of the present case; what was shown was of another."""
        case, target = self._session.case, self._session.target
        self._row.stop("Stopped: the model, the graph or the target has changed.")
        self._found.value = ""
        data = None if case is None else case.data
        if data is not self._data:
            self._data = data
            self._rows.show(data)
        names: tuple[str, ...] = ()
        if case is not None:
            asked = () if target is None else case.resolve(target)[0]
            names = (*asked, *(name for name in case.features if name not in asked))
        if tuple(self._feature.options) != names:
            self._feature.options = names
        self._feature.value = names[0] if names else None
        self._offer_values()

    def _offer_values(self) -> None:
        """Offer the values of the chosen feature, beginning with the row's own."""
        case, name, place = self._session.case, self._feature.value, self._place
        self._found.value = ""
        ready = case is not None and name is not None and place is not None
        number = case is not None and name is not None and case.columns[name].is_numeric
        self._level.layout.display = "none" if number else ""
        self._number.layout.display = "" if number else "none"
        self._range.value = self._chosen.value = ""
        self._row.offer(ready)
        if case is None or name is None:
            return
        column = case.columns[name]
        if number:
            self._range.value = markup.paragraph(
                f"From {markup.text_of(column.low)} to {markup.text_of(column.high)} in the data.",
                "wb-muted",
            )
        else:
            self._level.options = [("not known" if v is None else str(v), v) for v in column.levels]
        if place is None:
            self._chosen.value = markup.paragraph("Choose a row in the table.", "wb-muted")
            return
        label = case.data.index[place]
        self._chosen.value = markup.paragraph(f"The row chosen last is looked at: {label}.")
        own = column.values[place]
        if number:
            self._number.value = column.low if pd.isna(own) else float(own)
        else:
            self._level.value = column.levels[int(own)]

    @property
    def _place(self) -> int | None:
        places = self._rows.places
        return places[-1] if places else None

    def _begin(self) -> None:
        case, name, place = self._session.case, self._feature.value, self._place
        if case is None or name is None or place is None:
            raise TargetError("Choose a row and a feature first.")
        number = case.columns[name].is_numeric
        value: Any = float(self._number.value) if number else self._level.value
        case.columns[name].encode(value)  # a value that cannot be is refused before anything runs
        seed = self._session.settings.seed

        def work(progress: Progress) -> tuple[Equations, WhatIf]:
            equations = self._known(case, name)
            if equations is None:
                equations = better_equations(case, [name], [], seed=seed, progress=progress)
            progress("asking the model", 0.9)
            return equations, what_if(case, place, name, value, equations)

        def done(found: tuple[Equations, WhatIf]) -> None:
            self._equations = case, name, found[0]
            self._found.value = consequences(case, found[1])
            self._row.say("This is what follows.", "good")

        self._found.value = ""
        self._row.start(work, done)

    def _known(self, case: wb.AuditCase, name: str) -> Equations | None:
        kept = self._equations
        return kept[2] if kept is not None and kept[0] is case and kept[1] == name else None


def consequences(case: wb.AuditCase, found: WhatIf) -> str:
    """Show what was changed, what follows, and what the model answers by then; escaped."""
    unit = "the predicted probability" if case.output == "probability" else "the prediction"
    rows: list[tuple[object, ...]] = [
        ("the row as it is", "", "", "", _answer(found.answer), ""),
    ]
    last = found.answer
    for place, step in enumerate(found.steps, 1):
        moved = signed(step.answer - last) if step.read else "not read by the model"
        what = f"{place}. {step.node}"
        rows.append(
            (what, _why(step), _shown(step.before), _after(step), _answer(step.answer), moved)
        )
        last = step.answer
    head = ("step", "because of", "from", "to", "the model answers", "this step adds")
    direct = found.steps[0].answer - found.answer
    rest = found.after - found.steps[0].answer
    words = (
        f"In all, {unit} goes from {_answer(found.answer)} to {_answer(found.after)}: "
        f"{signed(direct)} by {found.feature} itself, {signed(rest)} by what follows from it. "
        f"What one step adds depends on those before it."
    )
    if found.drawn > 1:
        words += (
            f" What a category becomes is not certain for one row: it was drawn {found.drawn} "
            f"times, and the answers are means."
        )
    table = markup.table(rows, head, caption="What follows, step by step", numeric=(4, 5))
    return markup.paragraph(words) + table


def _answer(value: float) -> str:
    return amount(value, 4) if abs(value) >= 10 else plain(value)


def _why(step: Consequence) -> str:
    return listing(step.because) if step.because else "changed by you"


def _shown(value: object) -> str:
    missing = value is None or (isinstance(value, float) and pd.isna(value))
    return "not known" if missing else markup.text_of(value)


def _after(step: Consequence) -> str:
    if step.after == step.before:
        return f"{_shown(step.after)} (stays)"
    sure = "" if step.share == 1.0 else f" (in {share(step.share)} of the draws)"
    return f"{_shown(step.after)}{sure}"
