"""The effects in one named group of a report, which the reader chooses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.saved_view import SavedView
from widgets.results.outline_view import blocks_html
from widgets.session.jobs import words_for
from workbench.common.blocks import Block, Bullets, Sentence
from workbench.common.wording import rows_said, signed, with_interval
from workbench.report.outline.effects import effect_table
from workbench.report.outline.groups import left_out_groups

__all__ = ["SubgroupChoice"]

NONE = (
    "The auditors named no groups, so the report covers everyone asked about together. An "
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
            self._said.value = "" if report is None else blocks_html(_said(report, name))
        except Exception as error:  # the component's boundary
            self._said.value = markup.notice(words_for(error), "problem")


def _said(report: wb.AuditReport, name: str | None) -> tuple[Block, ...]:
    told = (Sentence(NONE),) if name is None else _group(report, name)
    return (*told, *left_out_groups(report))


def _group(report: wb.AuditReport, name: str) -> tuple[Block, ...]:
    table = report.subgroups[name]
    whole = {e.feature: e.total for e in report.effects.believed if not e.combination}
    about = replace(report.about(), n_rows=len(table.index))
    sentences = []
    for entry in table:
        if entry.combination:
            continue
        total = entry.total
        sentence = (
            f"In {name} ({rows_said(entry.n_rows)}), changing {entry.feature} from "
            f"{entry.intervention.replace(' → ', ' to ', 1)} moves the answer by "
            f"{with_interval(total.value, total.interval(about.level), what=about.interval)} "
            f"on average"
        )
        if entry.feature in whole:
            sentence += f"; over everyone asked about, by {signed(whole[entry.feature].value)}"
        sentences.append(sentence + ".")
    return Bullets(tuple(sentences)), effect_table(table, about)
