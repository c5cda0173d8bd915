"""Step 6: what to do about what is left, rows that show it, and how small a leak would be seen."""

from __future__ import annotations

from html import escape
from math import isfinite

import workbench as wb
from widgets.parts import markup
from widgets.parts.sections import folded, screen_only, section, tiles
from widgets.results.findings import unit_words
from workbench.checks.next_actions import NextActions
from workbench.checks.next_actions.example_pairs import ExamplePair
from workbench.checks.planted_leaks.findings import PlantedLeaks
from workbench.common.wording import share, signed, span

__all__ = ["example_rows", "leaks_section", "next_actions_section"]

KINDS = {
    "mediator": "block one route",
    "step": "block several",
    "subgroup": "look at a subgroup",
    "range": "look at a range",
}
MOST_PAIRS = 4


def next_actions_section(report: wb.AuditReport) -> str:
    """Return the ranked actions and the pairs of rows that show what is left."""
    title = "What to do next"
    found = report.next_actions
    if found is None:
        return _left_out(report, "next actions", title)
    about = " beyond what a retrained model carries" if found.residue else ""
    ranked = [action.sentence(found.threshold) for action in found.actions]
    items = "".join(f"<li>{escape(text)}</li>" for text in ranked)
    rest = [text for text in found.sentences() if text not in ranked]
    return section(
        title,
        f"Where the influence that is left{about} sits, and what closing one way after the other "
        f"would leave. This is an experiment on the model; the repair is to train it again with "
        f"these ways closed.",
        f'<ol class="wb-list">{items}</ol>' if items else "",
        markup.bullets(rest),
        folded("The actions in numbers", _actions(found)) if found.actions else "",
    )


def example_rows(report: wb.AuditReport) -> str:
    """Return the pairs of rows that show what is left: personal data, for the screen alone."""
    found = report.next_actions
    return "" if found is None else _pairs(found.pairs, report.unit)


def leaks_section(report: wb.AuditReport) -> str:
    """Return how small a leak this audit would have caught."""
    title = "How small a leak would this audit have caught?"
    found = report.planted_leaks
    if found is None:
        return _left_out(report, "planted leaks", title)
    return section(
        title,
        "Leaks of known size were planted in copies of these data and this model, and the audit "
        "was asked again. An audit that finds nothing says no more than this.",
        *(_caught(found, feature) for feature in dict.fromkeys(k.feature for k in found.leaks)),
        markup.bullets(found.sentences()),
        folded("Every planted leak in numbers", _leaks(found)),
    )


def _caught(found: PlantedLeaks, feature: str) -> str:
    """Say of one feature from which size on a leak is caught, and how often there is none."""
    named = {
        "with retrained": "Caught beside a retrained model",
        "alone": "Caught in the model alone",
    }
    made = []
    for leak in found.leaks:
        if leak.feature == feature:
            size = f"from {leak.smallest_80:.2g}" if isfinite(leak.smallest_80) else "none"
            made.append((named[leak.comparison], size, "", "in 80 of 100 trials"))
    none = [r for r in found.rates if r.feature == feature and r.role == "no leak"]
    if none:
        worst = max(none, key=lambda rate: rate.rate)
        about = f"with no leak at all; the threshold is {found.threshold:g}"
        made.append(("False alarms", f"{worst.found} of {worst.trials}", "", about))
    return tiles(f"Planted leaks of {feature}", made)


def _left_out(report: wb.AuditReport, check: str, title: str) -> str:
    reason = report.skipped.get(check)
    if reason is None:
        return ""
    return section(title, "This was asked for.", markup.notice(reason, "warning", "Left out."))


def _actions(found: NextActions) -> str:
    return markup.table(
        [
            (
                action.rank,
                action.feature,
                KINDS[action.kind],
                " + ".join(action.what),
                f"{signed(action.remaining)}\n({span((action.low, action.high))})",
                "yes" if action.below else "not surely",
                share(action.share),
                share(action.rows_share),
            )
            for action in found.actions
        ],
        [
            "rank",
            "feature",
            "kind",
            "what",
            "would remain",
            f"below {found.threshold:g}",
            "of what is left",
            "of the rows",
        ],
        caption="Actions, the first to do first, with 95 % intervals",
        numeric=(4, 6, 7),
    )


def _pairs(pairs: tuple[ExamplePair, ...], unit: str) -> str:
    """Draw pairs of rows as cards of two columns; what differs stands between them."""
    if not pairs:
        return ""
    cards = [_pair(pair, unit) for pair in pairs]
    first, more = (
        f'<div class="wb-pairs">{"".join(some)}</div>' if some else ""
        for some in (cards[:MOST_PAIRS], cards[MOST_PAIRS:])
    )
    return screen_only(
        markup.heading("Rows that show it", 4)
        + markup.paragraph(
            "Each card is one row of the table, twice: as the target's feature has one value, and "
            "as it has the other. Only what follows from it changes too; all else is the same. "
            "These are people's rows: they are neither printed nor saved.",
            "wb-muted",
        )
        + first
        + (folded(f"{len(cards) - MOST_PAIRS} more pairs", more) if more else "")
    )


def _pair(pair: ExamplePair, unit: str) -> str:
    rows: list[tuple[object, ...]] = [
        (name, value, pair.after[name]) for name, value in pair.before.items()
    ]
    rows.append((unit_words(unit), *pair.predictions))
    if pair.retrained is not None:
        rows.append(("the same, retrained", *pair.retrained))
    sides = ("above" if score > pair.line else "below" for score in pair.predictions)
    rows.append((f"against the line at {markup.text_of(pair.line)}", *sides))
    result = "The model decides differently." if pair.crosses else "The decision stays the same."
    table = markup.table(
        rows,
        ["what differs", "one way", "the other way"],
        caption=f"Row {pair.label}: {pair.feature}",
    )
    return f'<div class="wb-pair">{table}{markup.paragraph(result)}</div>'


def _leaks(found: PlantedLeaks) -> str:
    roles = {"leak": "a leak", "border": "exactly the threshold", "no leak": "no leak"}
    return markup.table(
        [
            (
                rate.feature,
                rate.comparison,
                roles[rate.role],
                signed(rate.size).lstrip("+"),
                f"{rate.found} of {rate.trials}",
                f"{share(rate.rate)}\n({share(rate.low)} to {share(rate.high)})",
            )
            for rate in found.rates
        ],
        ["feature", "judged", "planted", "size", "found", "rate"],
        caption="How often the audit said “above the threshold”, with 95 % intervals",
        numeric=(3, 4, 5),
    )
