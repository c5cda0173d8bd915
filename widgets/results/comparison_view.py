"""Step 6, continued: what other methods say about the same model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import ipywidgets as W
import pandas as pd

import workbench as wb
from widgets.parts import markup
from widgets.parts.saved_view import SavedView
from widgets.parts.sections import drawing, folded, guarded, section
from widgets.results.figures import rank_figure
from widgets.results.further_checks import associations_section
from widgets.session.session import ReportSession
from workbench.checks.registry import CHECKS
from workbench.common.wording import signed
from workbench.methods.comparison import NAMES, Comparison

__all__ = ["ComparisonView"]

ELSEWHERE = tuple(check.step for check in CHECKS)
"""Checks say themselves why they were left out."""
ASSOCIATED = " FairTest says what goes together with the prediction, and not why."


class ComparisonView(SavedView, W.VBox):
    """Shows methods side by side, and the fairness metrics, of the session's report.

    Parameters
    ----------
    session : ReportSession
        Anything with a trait ``report`` will do.
    """

    def __init__(self, session: ReportSession) -> None:
        self._session = session
        self._parts = {make: W.HTML() for make in SECTIONS}
        super().__init__(list(self._parts.values()))
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def static_html(self) -> str:
        """Return the sections as they are now."""
        return "".join(part.value for part in self._parts.values())

    def _draw(self) -> None:
        report = self._session.report
        for make, part in self._parts.items():
            part.value = "" if report is None else guarded(partial(make, report))


def methods_section(report: wb.AuditReport) -> str:
    """Return what the methods say, in sentences, ranks and numbers."""
    if not report.attributions and not len(report.effects):
        return ""
    comparison = report.comparison()
    left_out = {
        name: why
        for name, why in report.skipped.items()
        if not name.startswith("subgroup ") and name not in ELSEWHERE
    }
    return section(
        "What the other methods say",
        "Other methods answer other questions. A feature that the model does not read gets 0 from "
        "SHAP and permutation importance, however much of it comes back through other columns."
        + (ASSOCIATED if report.associations else ""),
        markup.bullets(comparison.sentences)
        or markup.paragraph("The methods tell no different stories about these features."),
        *(
            markup.notice(reason, "warning", f"Left out: {NAMES.get(name, name)}.")
            for name, reason in left_out.items()
        ),
        drawing(rank_figure(report), "Rank of each feature by each method; 1 moves the most."),
        _values(comparison),
        folded("How each method measures", _explained(report)) if report.attributions else "",
    )


def agreement_section(report: wb.AuditReport) -> str:
    """Return how far the methods order the features alike."""
    agreement = report.comparison().agreement
    known = agreement.notna().sum() > 1
    methods = [name for name in agreement.columns if known[name]]
    if len(methods) < 2:
        return ""
    heads = [NAMES.get(name, name) for name in methods]
    body = "".join(
        f'<tr><th scope="row">{escape(head)}</th>'
        + "".join(
            _heat(float(value), row == column)
            for column, value in zip(methods, values, strict=True)
        )
        + "</tr>"
        for head, row, values in zip(
            heads, methods, agreement.loc[methods, methods].to_numpy(), strict=True
        )
    )
    caption = "Kendall's τ between the methods' orders of the features"
    columns = "".join(f'<th scope="col" class="wb-number">{escape(h)}</th>' for h in heads)
    return section(
        "Do the methods agree on what matters?",
        "1: the same order of features; 0: no more alike than chance; −1: the reverse order.",
        f'<div class="wb-scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="wb-table wb-heat"><caption>{escape(caption)}</caption><thead><tr>'
        f'<th scope="col">method</th>{columns}</tr></thead><tbody>{body}</tbody></table></div>',
    )


def fairness_section(report: wb.AuditReport) -> str:
    """Return AIF360's metrics, the target's features first."""
    frame = report.fairness
    if frame is None or frame.empty:
        return ""
    own = frame[frame["feature"].isin(report.features)]
    others = frame[~frame["feature"].isin(report.features)]
    rest = _fairness_table(others, "Fairness metrics by the other features")
    return section(
        "Group fairness (AIF360)",
        "Each feature in turn is taken as the protected one. These compare groups as they are; "
        "they say nothing about cause and are no measure of influence. The privileged group is the "
        "one with the more favourable decisions; positive means the outcome coded 1 or the higher "
        "half.",
        _fairness_table(own, "Fairness metrics of the model's decisions, with 95 % intervals"),
        folded("The same by each other feature", rest) if own.size and rest else rest,
    )


SECTIONS: tuple[Callable[[wb.AuditReport], str], ...] = (
    methods_section,
    agreement_section,
    associations_section,
    fairness_section,
)


def _values(comparison: Comparison) -> str:
    methods = list(dict.fromkeys(comparison.table["method"]))
    rows = [
        (feature, *(_ranked(row[method], row[f"{method}_rank"]) for method in methods))
        for feature, row in comparison.to_frame().iterrows()
    ]
    table = markup.table(
        rows,
        ["feature", *(NAMES.get(method, method) for method in methods)],
        caption="Value and rank by method; the methods' units differ",
        numeric=range(1, len(methods) + 1),
    )
    return folded("Every value and rank", table)


def _explained(report: wb.AuditReport) -> str:
    return markup.bullets(
        f"{NAMES.get(a.method, a.method)}: {a.explanation}" for a in report.attributions
    )


def _ranked(value: float, rank: Any) -> str:
    if pd.isna(value):
        return "–"
    return signed(value) if pd.isna(rank) else f"{signed(value)}\nrank {rank}"


def _heat(value: float, same: bool) -> str:
    if same or pd.isna(value):
        return '<td class="wb-number">–</td>'
    side = "wb-alike" if value >= 0 else "wb-reverse"
    return (
        f'<td class="wb-number {side}" style="--wb-heat:{abs(value):.2f}">'
        f"{signed(float(value), 2)}</td>"
    )


def _fairness_table(frame: pd.DataFrame, caption: str) -> str:
    if frame.empty:
        return ""
    ideals = dict(zip(frame["metric"], frame["ideal"], strict=True))
    rows = []
    for feature, own in frame.groupby("feature", sort=False):
        first = own.iloc[0]
        values = {str(row["metric"]): row for _, row in own.iterrows()}
        cells = [_with_interval(values[metric]) for metric in ideals]
        rows.append((feature, first["privileged"], first["unprivileged"], *cells))
    return markup.table(
        rows,
        ["feature", "privileged", "compared with"]
        + [f"{metric} (even: {ideal:g})" for metric, ideal in ideals.items()],
        caption=caption,
        numeric=range(3, 3 + len(ideals)),
    )


def _with_interval(row: pd.Series) -> str:
    if pd.isna(row["value"]):
        return "–"
    if pd.isna(row["low"]):
        return signed(row["value"], 3)
    return f"{signed(row['value'], 3)}\n({signed(row['low'], 3)} to {signed(row['high'], 3)})"
