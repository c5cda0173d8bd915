"""Associations, hidden subgroups and other graphs: the sentences first, the tables folded away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

import workbench as wb
from widgets.parts import markup
from widgets.parts.sections import folded, section
from workbench.checks.finding import Check, Finding
from workbench.checks.graph_sensitivity.hidden_confounder import Confounding
from workbench.checks.registry import CHECKS
from workbench.common.wording import listing, share, signed, span

__all__ = ["associations_section", "hidden_section", "more_checks_section", "other_graphs_section"]

SECTIONED = ("subgroups", "graph", "change", "actions", "leaks", "membership")
"""Checks with a section of their own; any other is shown by what every finding says."""
MOST_SAID = 4
"""Groups that get a sentence of their own."""
MEASURES = {
    "NMI": "shared information (0 to 1)",
    "correlation": "correlation (−1 to 1)",
    "difference": "difference of the shares of “yes”",
    "ratio": "ratio of the shares of “yes”",
}
DECISIONS = {
    "above": "above the threshold",
    "below": "below the threshold",
    "inconclusive": "not decided",
}


def associations_section(report: wb.AuditReport) -> str:
    """Return how the features go together with the prediction, and where more strongly."""
    found = report.associations
    if found is None:
        return ""
    own = found.table["feature"].isin(report.features)
    others = found.table[~own]
    caption = "How the feature and the prediction go together, with 95 % intervals"
    return section(
        "What goes together with the prediction (FairTest)",
        "This compares people as they are. An association is no cause: it does not say how the "
        "prediction came about, and it may be there although the model never saw the column.",
        markup.bullets(_context_words(found.contexts)),
        _associated(found.table[own], caption) if own.any() else "",
        folded("The groups in numbers", _contexts(found.contexts)) if len(found.contexts) else "",
        folded("The same for the other features", _associated(others, caption))
        if len(others)
        else "",
        markup.paragraph(" ".join(map(_sentence, found.notes)), "wb-muted"),
    )


def hidden_section(report: wb.AuditReport) -> str:
    """Return in which groups the effect differs from the whole; "" when nobody asked."""
    title = "Where does the influence hide?"
    found = report.hidden_subgroups
    if found is None:
        return _left_out(report, "hidden subgroups", title)
    sentences = found.sentences()
    more = sentences[MOST_SAID:]
    rest = f"{len(more)} more group{'' if len(more) == 1 else 's'}"
    return section(
        title,
        f"An influence that is small on average can be large for some people. Groups were "
        f"searched on one half of the rows ({found.n_searched:,}) and confirmed on the other "
        f"({found.n_tested:,}), which the search had not seen.",
        markup.bullets(sentences[:MOST_SAID]),
        folded(rest, markup.bullets(more)) if more else "",
        folded("The groups in numbers", _hidden(found.table)) if len(found.table) else "",
    )


def other_graphs_section(report: wb.AuditReport) -> str:
    """Return what the finding owes to the graph; "" when nobody asked."""
    title = "Is the graph right?"
    found = report.graph_sensitivity
    if found is None:
        return _left_out(report, "graph sensitivity", title)
    n = len(found.edits)
    return section(
        title,
        "The graph is an assumption. What it claims was held against the data, and CAFÉ's finding "
        f"({DECISIONS[found.decision]}, by linear regression) was asked again under other graphs.",
        markup.bullets(found.sentences()),
        folded("Other graphs in numbers", _shares(found.shares)),
        folded(f"All {n} graphs with one arrow changed", _edits(found.edits)) if n else "",
        folded("What the graph claims, and the data", _implications(found.implications))
        if len(found.implications)
        else "",
        folded("A hidden cause beside the measured ones", _causes(found.confounding))
        if any(len(cause.measured) for cause in found.confounding)
        else "",
    )


def more_checks_section(report: wb.AuditReport) -> str:
    """Return what any finding says, of every check without a section of its own."""
    return "".join(
        _plainly(check, found)
        if (found := report.checks.get(check.name)) is not None
        else _left_out(report, check.step, check.title)
        for check in CHECKS
        if check.name not in SECTIONED
    )


def _plainly(check: Check[Any], found: Finding) -> str:
    frame = found.to_frame()
    rows = [tuple(map(str, row)) for row in frame.itertuples(index=False, name=None)]
    said = [text for text in found.sentences() if text != found.headline]
    return section(
        check.title,
        found.headline,
        markup.bullets(said),
        folded("In numbers", markup.table(rows, list(map(str, frame.columns)))) if rows else "",
    )


def _left_out(report: wb.AuditReport, check: str, title: str) -> str:
    reason = report.skipped.get(check)
    if reason is None:
        return ""
    return section(title, "This was asked for.", markup.notice(reason, "warning", "Left out."))


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:] + ("" if note.endswith(".") else ".")


def _context_words(contexts: pd.DataFrame) -> list[str]:
    if contexts.empty:
        return [
            "No group was found, at this precision, with a stronger association than the whole."
        ]
    said = [
        f"Where {row['context']}, {row['feature']} and the prediction go together more strongly: "
        f"{signed(row['value'])}, over all rows asked about {signed(row['whole'])}."
        for row in contexts.head(MOST_SAID).to_dict("records")
    ]
    if len(contexts) > MOST_SAID:
        said.append(f"{len(contexts) - MOST_SAID} more such groups: see the table.")
    return said


def _associated(table: pd.DataFrame, caption: str) -> str:
    return markup.table(
        [
            (
                row["feature"],
                MEASURES.get(row["metric"], row["metric"]),
                _estimate(row, plain=row["metric"] == "ratio"),
                _chance(row["p_value"]),
                row["n_rows"],
            )
            for row in table.to_dict("records")
        ],
        ["feature", "measure", "value", "p (no association)", "rows"],
        caption=caption,
        numeric=(2, 3, 4),
    )


def _contexts(table: pd.DataFrame) -> str:
    return markup.table(
        [
            (
                row["context"],
                row["feature"],
                MEASURES.get(row["metric"], row["metric"]),
                _estimate(row),
                signed(row["whole"]),
                _chance(row["p_value"]),
                row["n_rows"],
            )
            for row in table.to_dict("records")
        ],
        ["where", "feature", "measure", "there", "in the whole", "p (corrected)", "rows"],
        caption="Groups where the association is stronger, on the half not searched",
        numeric=(3, 4, 5, 6),
    )


def _hidden(table: pd.DataFrame) -> str:
    return markup.table(
        [
            (
                row["subgroup"],
                f"{row['feature']}, {row['part']}",
                _estimate(row),
                signed(row["whole"]),
                f"{signed(row['difference'])}\n"
                f"({span((row['difference_low'], row['difference_high']))})",
                _chance(row["p_value"]),
                row["n_rows"],
            )
            for row in table.to_dict("records")
        ],
        ["where", "effect", "there", "in the whole", "difference", "p (corrected)", "rows"],
        caption="Groups whose effect differs from the whole, with 95 % intervals",
        numeric=(2, 3, 4, 5, 6),
    )


def _shares(table: pd.DataFrame) -> str:
    return markup.table(
        [
            (
                row["graphs"],
                row["n"],
                row["flipped"],
                f"{share(row['share'])}\n({share(row['low'])} to {share(row['high'])})"
                if row["n"]
                else "–",
                row["unidentified"],
            )
            for row in table.to_dict("records")
        ],
        ["graphs", "tried", "change the finding", "share", "cannot answer"],
        caption="Other graphs, and how many change the finding, with a 95 % interval",
        numeric=(1, 2, 3, 4),
    )


def _edits(table: pd.DataFrame) -> str:
    return markup.table(
        [
            (
                row["edit"],
                ("▲ " if row["flips"] else "") + DECISIONS.get(row["decision"], row["decision"]),
                signed(row["total"]),
                signed(row["change"]),
            )
            for row in table.to_dict("records")
        ],
        ["change of the graph", "finding under it", "total effect", "change of the effect"],
        caption="What changes the finding stands first; ▲ marks it",
        numeric=(2, 3),
    )


def _implications(table: pd.DataFrame) -> str:
    return markup.table(
        [
            (
                f"{row['x']} and {row['y']}",
                listing(row["given"]) if row["given"] else "nothing",
                signed(row["correlation"], 3).lstrip("+"),
                _chance(row["p_value"]),
                "▲ contradict it" if row["rejected"] else "do not contradict it",
            )
            for row in table.to_dict("records")
        ],
        [
            "unrelated by the graph",
            "once known",
            "correlation left",
            "p (corrected)",
            "the data",
        ],
        caption="Independences that the graph claims, held against the data",
        numeric=(2, 3),
    )


def _causes(confounding: tuple[Confounding, ...]) -> str:
    return markup.table(
        [
            row
            for cause in confounding
            for row in (
                (
                    "a hidden cause that would do",
                    cause.feature,
                    share(cause.robustness),
                    share(cause.robustness),
                ),
                *(
                    (
                        measured["covariate"],
                        cause.feature,
                        share(measured["with_feature"]),
                        share(measured["with_prediction"]),
                    )
                    for measured in cause.measured.to_dict("records")
                ),
            )
        ],
        ["common cause", "for the effect of", "explains of that feature", "of the prediction"],
        caption="Shares explained of what the other causes leave (partial R²)",
        numeric=(2, 3),
    )


def _estimate(row: Mapping[Hashable, Any], *, plain: bool = False) -> str:
    if plain:
        return f"{row['value']:.3f}\n({row['low']:.3f} to {row['high']:.3f})"
    return f"{signed(row['value'])}\n({span((row['low'], row['high']))})"


def _chance(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
