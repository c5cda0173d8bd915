"""How the effects are spread over single rows: what an average can hide."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.common.against_threshold import exceeds
from workbench.common.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Figure,
    Number,
    Section,
    Sentence,
    Table,
)
from workbench.common.charts import HistogramChart, HistogramPanel
from workbench.common.wording import share, signed, stated
from workbench.methods.effects import FeatureEffects
from workbench.methods.names import entry_name
from workbench.methods.row_summary import PartSummary, RowSummary
from workbench.report.findings import AuditFindings
from workbench.report.outline.lead_sentence import asks

__all__ = ["spread"]

DRAWN = 3
"""Features with a picture and sentences of their own; the table has them all."""
OPEN = 12
"""Rows of a table that stands open; a longer one is folded away."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

ROWS = {
    "debiased": "Here are the rows of the debiased estimate. It corrects averages, not single "
    "rows, so that the mean of the rows can differ from the effect above.",
    "fuzzing": "Here the model was asked about each row by causal fuzzing.",
    "cafe": "These are CAFÉ’s estimates for each row, smoother than the rows themselves.",
}
"""What the values at single rows are, by estimator."""


LOGGED = (
    "No single row was asked about: here is what the regression of the logged predictions says of "
    "rows like each. It follows averages, not single rows, and no interval holds for one of them."
)


def spread(report: AuditFindings) -> Section | None:
    """Return how the effects are spread over rows; None where that is not known."""
    summaries = list(_summaries(report))
    if not summaries:
        return None
    title = "Behind the average: the effect at single rows"
    return Section("spread", title, tuple(_blocks(report, summaries)))


def _summaries(report: AuditFindings) -> Iterator[tuple[str, RowSummary]]:
    """Yield a name and a summary per feature or joint intervention of at least two rows."""
    entries: dict[str, FeatureEffects] = {}
    for entry in report.effects:
        if entry.combination != "sum" and entry.sizes:
            entries.setdefault(entry.feature, entry)
    for feature, entry in entries.items():
        if entry.n_rows > 1:
            yield entry_name(entry), report.row_summary(feature)


def _blocks(report: AuditFindings, summaries: list[tuple[str, RowSummary]]) -> Iterator[Block]:
    logged = not asks(report)
    kinds = {summary.estimator.kind for _, summary in summaries}
    what = next((words for kind, words in ROWS.items() if kind in kinds), "")
    if logged:
        what = LOGGED
    moved = [(name, s) for name, s in summaries if any(map(_is_drawn, s.parts()))]
    if not moved:
        constant = all(part.is_constant for _, one in summaries for part in one.parts())
        still = not any(part.mean_abs for _, one in summaries for part in one.parts())
        same = "Here no row moves." if still else "Here every row moves by the same amount."
        what = same if constant else ""
    yield Sentence(
        f"An average can hide rows that move far, or in opposite directions. {what}".strip()
    )
    moved.sort(key=lambda named: -named[1].total.mean_abs)
    said = [
        _sentence(part, name, summary.threshold)
        for name, summary in moved[:DRAWN]
        for part in summary.parts()
        if not (part.is_constant or (part.part == "indirect" and _all_of_it(summary)))
    ]
    if said:
        yield Bullets(tuple(said))
    for name, summary in moved[:DRAWN]:
        yield _figure(name, summary, report.about().axis)
    if moved:
        more = len(moved) - DRAWN
        rest = f" {more} more feature{'' if more == 1 else 's'}: see the table." if more > 0 else ""
        yield Sentence(
            "How many rows are moved how far. The outermost bars take in the rows beyond them, at "
            f"least five each, so that no single row shows.{rest}",
            quiet=True,
            audience="annex",
        )
    table = _table(summaries)
    if len(table.rows) > OPEN:
        title = f"The effects of all {len(summaries)} at single rows in numbers"
        yield Section("spread-numbers", title, (table,), folded=True, audience="annex")
    else:
        yield table


def _all_of_it(summary: RowSummary) -> bool:
    """Whether nothing is direct, so that the indirect effect is the total, which was told."""
    return not any(part.mean_abs for part in summary.parts() if part.part == "direct")


def _is_drawn(part: PartSummary) -> bool:
    return bool(part.edges) and not part.is_constant


def _sentence(part: PartSummary, name: str, tau: float) -> str:
    """Say how many rows lie beyond ±τ, and that the average hides it where it does."""
    limit = stated(tau)
    far = [
        f"{_where(size)} it is {side}"
        for size, side in ((part.above, f"above +{limit}"), (part.below, f"below −{limit}"))
        if size > 0
    ]
    which = f"The {part.part} effect of {name}"
    if not far:
        return f"{which} lies within ±{stated(tau)} at every row."
    average = f"the average is {signed(part.mean)}"
    if not exceeds(part.mean, tau):
        return f"{which}: {' and '.join(far)}, although {average}."
    return f"{which}: {' and '.join(far)}; {average}."


def _where(size: float) -> str:
    """Say at how many rows; a share that only rounds to all is not called all."""
    if size == 1:
        return "at every row"
    return "at nearly every row" if size >= 0.995 else f"for {share(size)} of the rows"


def _figure(name: str, summary: RowSummary, axis: str) -> Figure:
    panels = tuple(
        HistogramPanel(part.part, part.edges, part.counts, part.mean, _shares(part))
        for part in summary.parts()
        if _is_drawn(part)
    )
    title = f"Effect of {name} at single rows"
    return Figure(
        HistogramChart(panels, title, axis, summary.threshold),
        title=f"Effect of {name} at each of {summary.n_rows:,} rows",
    )


def _shares(part: PartSummary) -> str:
    told = ((part.below, "below"), (part.within, "within"), (part.above, "above"))
    words = " · ".join(f"{share(value)} {where}" for value, where in told if value)
    return f"{words} · mean {signed(part.mean)}"


def _table(summaries: list[tuple[str, RowSummary]]) -> Table:
    tau = stated(summaries[0][1].threshold)
    rows: list[tuple[Cell, ...]] = []
    for name, summary in summaries:
        for part in summary.parts():
            shares = (Number(v, form="share") for v in (part.below, part.within, part.above))
            at = part.quantiles
            quantiles = (
                None
                if (value := part.mean if part.is_constant else at.get(q)) is None
                else Number(value)
                for q in QUANTILES
            )
            rows.append((name, part.part, *shares, *quantiles))
    heads = ("below", "within", "above", *(f"{100 * q:.0f} %" for q in QUANTILES))
    return Table(
        f"Share of the rows whose effect lies below −{tau}, within, or above +{tau}, and the "
        f"effect that a given share of the rows stays below. “–”: fewer than five rows would stand "
        f"behind the number.",
        (Column("feature", number=False), Column("effect", number=False), *map(Column, heads)),
        tuple(rows),
        name="Effects at single rows",
        audience="annex",
    )
