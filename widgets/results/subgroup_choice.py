"""The effects in one named group of a report, which the reader chooses."""

from __future__ import annotations

from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.saved_view import SavedView
from widgets.results.effects_view import effect_table
from widgets.session.jobs import words_for
from workbench.common.wording import signed, span

__all__ = ["SubgroupChoice"]

NONE = (
    "The auditors named no groups, so the report speaks of everyone asked about together. An "
    "average can hide a group for which it is different; ask for groups if that matters here."
)


class SubgroupChoice(SavedView, W.VBox):
    """Shows one of the groups that a report has effects for.

    Parameters
    ----------
    session : AuditSession
        Or anything else that has a trait `report`.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._group = W.Dropdown(description="Group")
        self._group.add_class("wb-field")
        self._said = W.HTML()
        super().__init__([self._group, self._said])
        self._group.observe(lambda _: self._draw(), "value")
        session.observe(lambda _: self._offer(), "report")
        self._offer()

    def static_html(self) -> str:
        """Return what is said of the chosen group."""
        return str(self._said.value)

    def _offer(self) -> None:
        report = self._session.report
        names = () if report is None else tuple(report.subgroups)
        self._group.options = names
        self._group.value = names[0] if names else None
        self._group.layout.display = "" if names else "none"
        self._draw()

    def _draw(self) -> None:
        report, name = self._session.report, self._group.value
        try:
            if report is None:
                self._said.value = ""
            elif name is None:
                self._said.value = markup.paragraph(NONE) + _left_out(report)
            else:
                self._said.value = _group(report, name) + _left_out(report)
        except Exception as error:  # the component's boundary
            self._said.value = markup.notice(words_for(error), "problem")


def _group(report: wb.AuditReport, name: str) -> str:
    table = report.subgroups[name]
    sentences = []
    for entry in table:
        if entry.combination:
            continue
        whole = next((e for e in report.effects.of("cafe") if e.feature == entry.feature), None)
        sentence = (
            f"In {name} ({entry.n_rows:,} rows), changing {entry.feature} from "
            f"{entry.intervention.replace(' → ', ' to ', 1)} moves the answer by "
            f"{signed(entry.total.value)} on average (95 % interval "
            f"{span((entry.total.low, entry.total.high))})"
        )
        if whole is not None:
            sentence += f"; over everyone asked about, by {signed(whole.total.value)}"
        sentences.append(sentence + ".")
    return markup.bullets(sentences) + effect_table(table, report.unit)


def _left_out(report: wb.AuditReport) -> str:
    return "".join(
        markup.notice(reason, "warning", f"Left out: {name.removeprefix('subgroup ')}.")
        for name, reason in report.skipped.items()
        if name.startswith("subgroup ")
    )
