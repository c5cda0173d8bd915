"""Step 5, continued: what other methods say about the same model."""

from __future__ import annotations

from typing import Any

import ipywidgets as W
import pandas as pd

import workbench as wb
from widgets import markup
from widgets.figures import mimebundle, rank_figure
from widgets.jobs import words_for
from widgets.session import AuditSession
from workbench.comparison import NAMES
from workbench.wording import signed

__all__ = ["ComparisonView"]


class ComparisonView(W.VBox):
    """Shows methods side by side, and the fairness metrics, of the session's report.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._words, self._table, self._fairness = W.HTML(), W.HTML(), W.HTML()
        self._ranks = W.Output()
        self._ranks.add_class("wb-plot")
        super().__init__([self._words, self._ranks, self._table, self._fairness])
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def _draw(self) -> None:
        report = self._session.report
        for part in (self._words, self._table, self._fairness):
            part.value = ""
        self._ranks.outputs = ()
        if report is None:
            return
        try:
            self._draw_comparison(report)
            self._fairness.value = _fairness(report)
        except Exception as error:  # the component's boundary
            self._words.value = markup.notice(words_for(error), "problem")

    def _draw_comparison(self, report: wb.AuditReport) -> None:
        if not report.attributions and not len(report.effects):
            return
        comparison = report.comparison()
        head = markup.heading("What the other methods say")
        self._words.value = (
            head
            + (
                markup.bullets(comparison.sentences)
                or markup.paragraph("The methods tell no different stories about these features.")
            )
            + "".join(
                markup.notice(reason, "warning", f"Left out: {NAMES.get(name, name)}.")
                for name, reason in report.skipped.items()
            )
        )
        words = " ".join(comparison.sentences)
        self._ranks.outputs = (mimebundle(rank_figure(report), words),)
        frame = comparison.to_frame()
        methods = list(dict.fromkeys(comparison.table["method"]))
        rows = [
            (feature, *(_ranked(row[method], row[f"{method}_rank"]) for method in methods))
            for feature, row in frame.iterrows()
        ]
        self._table.value = markup.table(
            rows,
            ["feature", *(NAMES.get(method, method) for method in methods)],
            caption="Value and rank by method; the methods' units differ",
            numeric=range(1, len(methods) + 1),
        ) + markup.bullets(
            f"{NAMES.get(a.method, a.method)}: {a.explanation}" for a in report.attributions
        )


def _ranked(value: float, rank: Any) -> str:
    if pd.isna(value):
        return "–"
    return signed(value) if pd.isna(rank) else f"{signed(value)}\nrank {rank}"


def _fairness(report: wb.AuditReport) -> str:
    frame = report.fairness
    if frame is None or frame.empty:
        return ""
    metrics = list(dict.fromkeys(frame["metric"]))
    rows = []
    for feature, own in frame.groupby("feature", sort=False):
        first = own.iloc[0]
        values = own.set_index("metric")
        cells = [_with_interval(values.loc[metric]) for metric in metrics]
        rows.append((feature, first["privileged"], first["unprivileged"], *cells))
    ideals = {m: frame.loc[frame["metric"] == m, "ideal"].iloc[0] for m in metrics}
    return (
        markup.heading("Group fairness (AIF360)")
        + markup.paragraph(
            "Each feature in turn is taken as the protected one. These compare groups as they "
            "are; they say nothing about cause and are no measure of influence. The privileged "
            "group is the one with the more favourable decisions; positive means the outcome "
            "coded 1 or the higher half.",
            "wb-muted",
        )
        + markup.table(
            rows,
            ["feature", "privileged", "compared with"]
            + [f"{m} (even: {ideals[m]:g})" for m in metrics],
            caption="Fairness metrics of the model's decisions, with 95 % intervals",
            numeric=range(3, 3 + len(metrics)),
        )
    )


def _with_interval(row: pd.Series) -> str:
    if pd.isna(row["value"]):
        return "–"
    if pd.isna(row["low"]):
        return signed(row["value"], 3)
    return f"{signed(row['value'], 3)}\n({signed(row['low'], 3)} to {signed(row['high'], 3)})"
