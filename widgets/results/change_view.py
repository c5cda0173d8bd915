"""Step 6: what unlearning changed: before, after and retrained side by side."""

from __future__ import annotations

from collections.abc import Iterator

import workbench as wb
from widgets.parts import markup
from widgets.parts.sections import drawing, folded, section, tiles
from widgets.results.findings import unit_words
from workbench.checks.change.finding import ModelChange
from workbench.checks.change.one_effect import ChangeFinding, Difference
from workbench.checks.change.utility import BEFORE, ModelUtility
from workbench.checks.change.utility_measures import title as metric_title
from workbench.common.wording import listing, signed, span
from workbench.methods.effects import Effect
from workbench.report.page.change import change_section as worded

__all__ = ["change_section"]

SYMBOLS = {"above": "▲", "below": "●", "inconclusive": "?", "unknown": "–"}
KINDS = {"above": "above", "below": "below", "inconclusive": "inconclusive", "unknown": "info"}
HEADS = {
    "before": "before",
    "after": "after (audited)",
    "world": "retrained",
    "removed": "removed",
    "residue": "what is left",
}
MOST_SAID = 4
NOTHING = 1e-12
"""Effects smaller than this differ from 0 by rounding alone."""


def change_section(report: wb.AuditReport) -> str:
    """Return the three findings, their picture and table, and what unlearning cost."""
    change = report.change
    if change is None:
        return ""
    told = worded(report, f"change of the {unit_words(report.unit)}")
    assert told is not None
    sentences = list(told["sentences"])
    more = sentences[MOST_SAID:]
    known = "retrained" in change.roles
    return section(
        "What unlearning changed",
        "The same rows and the same questions, asked of every model. An honestly retrained model "
        "still carries what the world carries: only what lies beyond that is left of a bad "
        "unlearning."
        if known
        else "The same rows and the same questions, asked of both models.",
        markup.notice(
            change.explanation,
            f"finding wb-{KINDS[change.decision]}",
            f"{SYMBOLS[change.decision]} {change.headline}",
        ),
        _together(report, change),
        _tiles(change),
        *(drawing(figure["svg"]) for figure in told["figures"]),
        markup.bullets(sentences[:MOST_SAID]),
        folded(f"{len(more)} more sentences", markup.bullets(more)) if more else "",
        folded("All findings in numbers", _table(change)),
        "" if change.utility is None else _utility(change.utility),
        folded("Which models were compared", _models(change)),
        *(
            markup.notice(f"{what}: {why}", "warning", "Not compared.")
            for what, why in change.left_out.items()
        ),
    )


def _together(report: wb.AuditReport, change: ModelChange) -> str:
    """Say how this finding and the verdict go together where they seem to contradict each other."""
    verdict = report.verdict
    if verdict is None or change.decision not in ("above", "below"):
        return ""
    if (verdict.decision, change.decision) == ("above", "below"):
        unread = not set(report.features) & set(report.reads)
        where = (
            f"through other columns than {listing(report.features)}"
            if unread
            else ("in what the model learns from all the other data")
        )
        text = (
            f"The influence is there, and a model that was honestly retrained has it too: it comes "
            f"from the world, {where}. The unlearning left no more than retraining would. Whoever "
            f"wants less influence needs another model, not another unlearning."
        )
    elif (verdict.decision, change.decision) == ("below", "above"):
        text = (
            "The influence that is there is small, and yet the model differs from one that was "
            "honestly retrained: part of what was to be forgotten was not, or more was taken away "
            "than retraining would."
        )
    else:
        return ""
    return markup.notice(text, "info", "Both findings hold.")


def _tiles(change: ModelChange) -> str:
    """Put the three findings about the feature with most left beside each other."""
    totals = [f for f in change.main_findings() if f.part == "total"]
    means = [f for f in change.main_findings() if f.part == "prediction"]
    if not totals and not means:
        return ""
    finding = max(totals or means, key=_size)
    about = finding.feature if finding.part == "total" else finding.name
    which = f"{about}, by {finding.estimator.name}"
    if len(totals) > 1:
        which += "; here the most is left"
    return (
        f"{tiles('The three findings', _three(finding), 'wb-last-counts')}"
        f"{markup.paragraph(f'For {which}. In parentheses: 95 % intervals.', 'wb-muted')}"
    )


def _three(finding: ChangeFinding) -> Iterator[tuple[str, str, str, str]]:
    removed, world, residue = finding.removed, finding.world, finding.residue
    named = (
        (
            "1. Removed by unlearning",
            removed,
            "not known: the model before was not given" if removed is None else "before − after",
        ),
        (
            "2. Carried by the world",
            world,
            "not known: no retrained model was given"
            if world is None
            else "a model retrained without the target carries it too",
        ),
        (
            "3. Left above that: the residue",
            residue,
            "not known without a retrained model" if residue is None else "after − retrained",
        ),
    )
    for name, found, note in named:
        yield name, *(("–", "") if found is None else _written(found)), note


def _written(found: Effect | Difference) -> tuple[str, str]:
    """Write a number and its interval; what is only the rounding of sums is exactly 0."""
    low, high = found.interval()
    if max(abs(found.value), abs(low), abs(high)) < NOTHING:
        return "0", "(exactly)"
    return signed(found.value), f"({span((low, high))})"


def _size(finding: ChangeFinding) -> tuple[float, ...]:
    found = (finding.residue, finding.removed, finding.after)
    return tuple(0.0 if one is None else abs(one.value) for one in found)


def _table(change: ModelChange) -> str:
    claims = {(c.feature, c.part, c.estimator): c for c in change.residues}
    columns = [
        name
        for name in HEADS
        if any(getattr(finding, name) is not None for finding in change.findings)
    ]
    rows = []
    for finding in change.findings:
        claim = claims.get((finding.feature, finding.part, finding.estimator))
        held = "–"
        if claim is not None:
            held = "▲ above" if claim.above else "● below" if claim.below else "? not decided"
        cells = [_cell(getattr(finding, name)) for name in columns]
        rows.append((finding.name, *cells, held))
    return markup.table(
        rows,
        ["effect", *(HEADS[name] for name in columns), f"against ±{change.threshold:g}"],
        caption="Every effect in every model, with 95 % intervals",
        numeric=range(1, len(columns) + 1),
    )


def _cell(found: Effect | Difference | None) -> str:
    if found is None:
        return "–"
    return "\n".join(_written(found))


def _utility(utility: ModelUtility) -> str:
    """Say what the models are good for, with every cliff in sight."""
    cliffs = {cliff.sentence() for cliff in utility.cliffs}
    said = utility.sentences()
    rows = [
        (
            row["model"],
            row["group"],
            metric_title(row["metric"], capital=True),
            f"{row['value']:.3f}\n({row['low']:.3f} to {row['high']:.3f})".replace("-", "−"),
            "–"
            if row["model"] == BEFORE
            else f"{signed(row['change'])}\n({span((row['change_low'], row['change_high']))})",
            row["n_rows"],
        )
        for row in utility.table.to_dict("records")
    ]
    return (
        markup.heading("What the models are still good for", 4)
        + "".join(markup.notice(text, "warning") for text in said if text in cliffs)
        + markup.bullets(text for text in said if text not in cliffs)
        + folded(
            "Accuracy and the like in numbers",
            markup.table(
                rows,
                ["model", "on", "measure", "value", "change against before", "rows"],
                caption=f"How well each model predicts, with {utility.level:.0%} intervals".replace(
                    "%", " %"
                ),
                numeric=(3, 4, 5),
            ),
        )
    )


def _models(change: ModelChange) -> str:
    return markup.table(
        [(m.role, m.name, ", ".join(m.reads), m.fingerprint) for m in change.models],
        ["model", "name", "reads", "fingerprint (SHA-256)"],
        caption="The models, and what they read",
    )
