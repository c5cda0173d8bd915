"""Step 6: the verdict, the effects, and what lies behind an average."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.saved_view import SavedView
from widgets.parts.sections import drawing, folded, guarded, section
from widgets.results.change_view import change_section
from widgets.results.figures import effects_figure
from widgets.results.findings import (
    entry_name,
    interval_words,
    plain_words,
    unit_words,
)
from widgets.results.further_checks import hidden_section, more_checks_section, other_graphs_section
from widgets.results.live_view import LiveEstimate
from widgets.results.membership_view import membership_section, remembered_rows
from widgets.results.next_actions_view import example_rows, leaks_section, next_actions_section
from widgets.results.path_ledger import path_ledger
from widgets.results.spread_view import row_spread
from widgets.results.subgroup_view import subgroup_comparison
from widgets.session.session import ReportSession
from workbench.common.wording import signed, span

__all__ = ["EffectsView", "plain_words"]

SYMBOLS = {"above": "▲", "below": "●", "inconclusive": "?"}
MOST_SAID, MOST_WARNED = 6, 2
"""Sentences and warnings that stand open."""
PARTS = ("total", "direct", "indirect")


class EffectsView(SavedView, W.VBox):
    """Shows what the session's report found; before there is one, the live estimate.

    Parameters
    ----------
    session : ReportSession
        Anything with a trait ``report`` will do, such as a page that opens saved reports.
    """

    def __init__(self, session: ReportSession) -> None:
        self._session = session
        self._live = LiveEstimate(session)
        self._parts = {make: W.HTML() for make in SECTIONS}
        super().__init__([self._live, *self._parts.values()])
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def static_html(self) -> str:
        """Return the sections as they are now, without those that show people's rows."""
        kept = [part.value for make, part in self._parts.items() if make not in PERSONAL]
        return self._live.static_html() + "".join(kept)

    def _draw(self) -> None:
        report = self._session.report
        for make, part in self._parts.items():
            part.value = "" if report is None else guarded(partial(make, report))


def verdict_section(report: wb.AuditReport) -> str:
    """Return the verdict and what moved the prediction, in words."""
    verdict = report.verdict
    target = markup.paragraph(f"Asked to be forgotten: {report.target.describe()}", "wb-target")
    if verdict is None:
        return target + markup.notice("No causal method was chosen, so there is no verdict.")
    title = f"{SYMBOLS[verdict.decision]} {verdict.headline}"
    parts = [target, markup.notice(verdict.explanation, f"verdict wb-{verdict.decision}", title)]
    parts += [
        markup.notice(c.sentence(verdict.threshold), "warning", "Cancellation:")
        for c in verdict.cancellations
    ]
    words, warnings = plain_words(report), report.diagnostics.warnings
    parts += [
        markup.bullets(words[:MOST_SAID]),
        *(markup.notice(text, "warning") for text in warnings[:MOST_WARNED]),
    ]
    if more := words[MOST_SAID:]:
        parts.append(folded(f"{len(more)} more features", markup.bullets(more)))
    if more := warnings[MOST_WARNED:]:
        parts.append(folded(f"{len(more)} more warnings", markup.bullets(more)))
    return "".join(parts)


def effects_section(report: wb.AuditReport) -> str:
    """Return the effects as a figure and a table."""
    if not len(report.effects):
        return ""
    table = effect_table(report.effects, report.unit)
    return drawing(effects_figure(report)) + f'<div class="wb-effects">{table}</div>'


def effect_table(effects: wb.EffectTable, unit: str) -> str:
    """Return total, direct and indirect effects with their intervals."""
    return markup.table(
        [
            (
                entry_name(entry),
                entry.estimator.name,
                entry.intervention,
                *(interval_words(getattr(entry, part)) for part in PARTS),
            )
            for entry in effects
        ],
        ["feature", "estimated by", "changed from → to", *PARTS],
        caption=f"Effects on the {unit_words(unit)}, with 95 % intervals",
        numeric=(3, 4, 5),
    )


def disagreement_section(report: wb.AuditReport) -> str:
    """Return what the two estimators say about the same total effect."""
    rows = report.diagnostics.disagreement.to_dict("records")
    if not rows:
        return ""
    said = []
    for row in rows:
        both = (
            f"{row['feature']}: CAFÉ finds {signed(row['cafe_total'])}, causal fuzzing "
            f"{signed(row['fuzzing_total'])}. "
        )
        said.append(
            both
            + (
                "They differ by more than chance explains: an arrow may be missing in the graph, "
                "or one of the two describes the data too coarsely. Rely on neither alone."
                if row["differs"]
                else "The difference is what chance alone would give."
            )
        )
    return section(
        "Do the two estimators agree?",
        "They reach the same number by different ways: CAFÉ by regression, causal fuzzing by "
        "changing rows and asking the model again. Agreement speaks for the graph, but does not "
        "prove it.",
        markup.bullets(said),
        markup.table(
            [
                (
                    row["feature"],
                    signed(row["cafe_total"]),
                    signed(row["fuzzing_total"]),
                    f"{signed(row['difference'])} "
                    f"({span((row['difference_low'], row['difference_high']))})",
                    "yes" if row["differs"] else "no",
                )
                for row in rows
            ],
            ["feature", "CAFÉ", "causal fuzzing", "difference", "more than chance"],
            caption="Total effects by both estimators, and their difference with a 95 % interval",
            numeric=(1, 2, 3),
        ),
    )


SECTIONS: tuple[Callable[[wb.AuditReport], str], ...] = (
    verdict_section,
    change_section,
    membership_section,
    remembered_rows,
    effects_section,
    path_ledger,
    row_spread,
    subgroup_comparison,
    hidden_section,
    next_actions_section,
    example_rows,
    disagreement_section,
    other_graphs_section,
    leaks_section,
    more_checks_section,
)
PERSONAL = (remembered_rows, example_rows)
"""What shows rows of the data: it stays on the screen, and out of a saved notebook."""
