"""Step 6: whether the model still remembers the erased rows, power beside result."""

from __future__ import annotations

import workbench as wb
from widgets.parts import markup
from widgets.parts.sections import drawing, folded, screen_only, section
from widgets.results.membership_figure import membership_figure
from workbench.checks.membership import MembershipEvidence
from workbench.checks.membership.figures import Estimate
from workbench.common.wording import share

__all__ = ["membership_section", "remembered_rows"]

SYMBOLS = {"traces": "▲", "pushed away": "▲", "not found": "●", "no evidence": "?"}
KINDS = {
    "traces": "above",
    "pushed away": "above",
    "not found": "below",
    "no evidence": "inconclusive",
}
TITLES = {
    "traces": "Traces of the erased rows were found",
    "pushed away": "The erased rows were pushed away rather than forgotten",
    "not found": "No traces of the erased rows were found",
    "no evidence": "No evidence either way",
}
MOST_RECORDS = 100
LEAD = (
    "An attack tries to tell rows that a model was trained on from rows that it never saw. It is "
    "tried on known members first: an attack that misses them says nothing when it misses the "
    "erased rows too."
)


def membership_section(report: wb.AuditReport) -> str:
    """Return what the attacks find; "" when nobody asked."""
    title = "Does the model still remember the rows?"
    found = report.membership
    if found is None:
        reason = report.skipped.get("membership")
        if reason is None:
            return ""
        notice = markup.notice(reason, "warning", "Left out.")
        return section(title, "This was asked for.", notice)
    return section(
        title,
        LEAD,
        markup.notice(
            found.finding,
            f"finding wb-{KINDS[found.decision]}",
            f"{SYMBOLS[found.decision]} {TITLES[found.decision]}",
        ),
        drawing(membership_figure(found)),
        markup.bullets(found.sentences()[1:]),
        folded("The attacks in numbers", _figures(found)),
    )


def remembered_rows(report: wb.AuditReport) -> str:
    """Return the scores of single rows: personal data, for the screen alone."""
    return "" if report.membership is None else _records(report.membership)


def _figures(found: MembershipEvidence) -> str:
    rows = []
    for one in found.attacks:
        for group, figures in (("known members", one.power), ("erased rows", one.result)):
            rows.append(
                (
                    one.title,
                    group,
                    figures.n_records,
                    *map(
                        _estimate,
                        (figures.auc, figures.tpr_1, figures.tpr_01, figures.balanced_accuracy),
                    ),
                    share(one.chance) if group == "known members" else "–",
                )
            )
    return markup.table(
        rows,
        [
            "attack",
            "on",
            "rows",
            "AUC",
            "found at 1 % false alarms",
            "found at 0.1 %",
            "balanced accuracy",
            "recognises models that kept them",
        ],
        caption="Every attack on known members and on the erased rows, with intervals",
        numeric=(2, 3, 4, 5, 6, 7),
    )


def _estimate(one: Estimate) -> str:
    return f"{one.value:.3f}\n({one.low:.3f} to {one.high:.3f})"


def _records(found: MembershipEvidence) -> str:
    """Return the scores of single rows; a saved report goes without them."""
    records = found.records
    if records is None or records.empty:
        return ""
    names = [str(name) for name in records.columns]
    ranked = records.sort_values([n for n in names if n.endswith("p_value")][:1])
    shown = ranked.head(MOST_RECORDS)
    rows = [
        (label, *(round(float(value), 4) for value in row))
        for label, row in zip(shown.index, shown.itertuples(index=False), strict=True)
    ]
    more = len(records) - len(shown)
    said = (
        "A small p-value says: few rows that were never trained on, and are as hard, look so much "
        "like members. Among many rows some are small by chance. These are people's rows: they are "
        "neither printed nor saved."
    )
    if more:
        said += f" The {more:,} least conspicuous are left out here."
    table = markup.table(
        rows,
        ["row", *(name.replace("_", "-") for name in names)],
        caption="Scores of the erased rows, the most conspicuous first",
        numeric=range(1, len(names) + 1),
    )
    body = markup.paragraph(said, "wb-muted") + table
    return screen_only(folded(f"Row by row ({len(records):,})", body))
