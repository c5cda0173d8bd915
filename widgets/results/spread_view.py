"""The effect at single rows: what an average can hide."""

from __future__ import annotations

import workbench as wb
from widgets.parts import markup
from widgets.parts.sections import by_feature, drawing, section
from widgets.results.findings import entry_name, unit_words
from widgets.results.spread_figure import spread_figure
from workbench.common.wording import share, signed
from workbench.methods.row_summary import PartSummary, RowSummary

__all__ = ["row_spread"]


def row_spread(report: wb.AuditReport) -> str:
    """Return the section about the effect at single rows; "" for one row or without a verdict."""
    if report.n_target_rows < 2 or report.verdict is None:
        return ""
    found: dict[str, RowSummary] = {}
    for entry in report.effects:  # causal fuzzing comes last, and asks the model row by row
        if entry.combination != "sum":
            summary = entry.row_summary(report.verdict.threshold)
            if summary is not None:
                found[entry_name(entry)] = summary
    if not found:
        return ""
    made = {name: _feature(name, summary, report.unit) for name, summary in found.items()}
    return section(
        "Behind the average",
        "The effects above are averages. Here is the effect at the single rows: how many lie "
        "within the threshold, and how many beyond it on either side.",
        by_feature("At single rows:", made),
    )


def _feature(name: str, summary: RowSummary, unit: str) -> str:
    title = f"Effect of {name} at single rows, by {summary.estimator.name}; {summary.n_rows:,} rows"
    drawn = [part for part in summary.parts() if part.edges and any(part.edges)]
    figure = spread_figure(
        drawn,
        threshold=summary.threshold,
        title=title,
        axis=f"change of the {unit_words(unit)} of one row",
    )
    return markup.bullets(_words(name, summary)) + drawing(figure) + _table(summary, title)


def _words(name: str, summary: RowSummary) -> list[str]:
    return [
        _sentence(part, name, summary.threshold) for part in summary.parts() if not part.is_constant
    ]


def _sentence(part: PartSummary, name: str, tau: float) -> str:
    """Say how many rows lie beyond ±τ, and that the average hides it where it does."""
    far = [
        f"{_where(size)} it is {side}"
        for size, side in ((part.above, f"above +{tau:g}"), (part.below, f"below −{tau:g}"))
        if size > 0
    ]
    which = f"The {part.part} effect of {name}"
    if not far:
        return f"{which} lies within ±{tau:g} at every row."
    average = f"the average is {signed(part.mean)}"
    if abs(part.mean) <= tau:
        return f"{which}: {' and '.join(far)}, although {average}."
    return f"{which}: {' and '.join(far)}; {average}."


def _where(size: float) -> str:
    """Say at how many rows; a share that only rounds to all is not called all."""
    if size == 1:
        return "at every row"
    return "at nearly every row" if size >= 0.995 else f"for {share(size)} of the rows"


def _table(summary: RowSummary, caption: str) -> str:
    tau = f"{summary.threshold:g}"
    return markup.table(
        [
            (p.part, signed(p.mean), share(p.below), share(p.within), share(p.above))
            for p in summary.parts()
        ],
        ["effect", "average", f"rows below −{tau}", "rows within", f"rows above +{tau}"],
        caption=caption,
        numeric=(1, 2, 3, 4),
    )
