"""What goes together with the prediction (FairTest), and group fairness (AIF360)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from workbench.common.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Form,
    Number,
    Section,
    Sentence,
    Table,
    lines_of,
)
from workbench.common.wording import rows_said
from workbench.report.findings import AuditFindings

__all__ = ["associations", "fairness"]

MOST_SAID = 4
"""Groups that get a sentence of their own."""
HEAD = (
    Column("feature", number=False),
    Column("measure", number=False),
    Column("value and 95 % interval"),
    Column("p"),
    Column("rows"),
)
MEASURES = {
    "NMI": "NMI: mutual information of feature and decision, 0 (none) to 1.",
    "difference": "Difference and ratio: of the shares of positive decisions, the second level "
    "against the first.",
}
"""What a measure is, by its name; the others say it by themselves."""
CHANCE = "p: how often chance alone would show as much, were there no association at all."


def associations(report: AuditFindings) -> Section | None:
    """Return how the features and the prediction go together; None when nobody asked."""
    found = report.associations
    if found is None:
        return None
    return Section("associations", "Associations (FairTest)", tuple(_associated(report)))


def _associated(report: AuditFindings) -> Iterator[Block]:
    found = report.associations
    assert found is not None
    yield Sentence(
        "How far each feature and the prediction go together, among people as they are. An "
        "association is not a cause: it does not say how the prediction came about, and it may be "
        "there although the model never saw the feature."
    )
    yield Bullets(tuple(_context_words(found.contexts)))
    own = found.table["feature"].isin(report.features)
    if own.any():
        rows = tuple(map(_association, found.table[own].to_dict("records")))
        used = set(found.table[own]["metric"])
        told = [said for name, said in MEASURES.items() if name in used]
        yield Table(" ".join([*told, CHANCE]), HEAD, rows, name="Associations of the target")
    if len(found.contexts):
        yield _contexts(found.contexts)
    if not own.all():
        rows = tuple(map(_association, found.table[~own].to_dict("records")))
        caption = "Associations of the other features with the prediction."
        table = Table(caption, HEAD, rows, name="Associations of the other features")
        title = "The same for the other features"
        yield Section("associations-others", title, (table,), folded=True, audience="annex")
    if found.notes:
        said = " ".join(f"{n[:1].upper()}{n[1:].removesuffix('.')}." for n in found.notes)
        yield Sentence(said, quiet=True, audience="annex")


def _association(row: Mapping[Hashable, Any]) -> tuple[Cell, ...]:
    return (
        str(row["feature"]),
        str(row["metric"]),
        _value(row),
        Number(row["p_value"], form="p"),
        int(row["n_rows"]),
    )


def _value(row: Mapping[Hashable, Any]) -> Number:
    bounds = (row["low"], row["high"])
    return Number(row["value"], bounds, form=_form(row["metric"]))


def _form(metric: object) -> Form:
    """How a measure is written: only a correlation and a difference have a sign."""
    return "plain" if metric == "ratio" else "size" if metric == "NMI" else "signed"


def _context_words(contexts: pd.DataFrame) -> Iterator[str]:
    if contexts.empty:
        yield "No group was found, at this precision, with a stronger association than the whole."
        return
    for row in contexts.head(MOST_SAID).to_dict("records"):
        form = _form(row["metric"])
        there, all_over = (lines_of(Number(row[x], form=form))[0] for x in ("value", "whole"))
        yield (
            f"Where {row['context']}, {row['feature']} and the prediction go together more "
            f"strongly: {there}; over all rows of the half that confirms it, {all_over}."
        )
    if len(contexts) > MOST_SAID:
        yield f"{len(contexts) - MOST_SAID} more such groups: see the table."


def _contexts(contexts: pd.DataFrame) -> Table:
    heads = ("there, with 95 % interval", "over all of that half", "p", "rows")
    return Table(
        "Groups in which the association is stronger than in all that contain them. They were "
        "searched on one half of the rows; these numbers are from the other half. p is corrected "
        "for the number of groups tested.",
        (
            Column("group", number=False),
            Column("feature", number=False),
            Column("measure", number=False),
            *map(Column, heads),
        ),
        tuple(
            (
                row["context"],
                row["feature"],
                row["metric"],
                _value(row),
                Number(row["whole"], form=_form(row["metric"])),
                Number(row["p_value"], form="p"),
                int(row["n_rows"]),
            )
            for row in contexts.to_dict("records")
        ),
        name="Groups with a stronger association",
    )


def fairness(report: AuditFindings) -> Section | None:
    """Return AIF360's metrics, the target's features first; None when there are none."""
    frame = report.fairness
    if frame is None or frame.empty:
        return None
    tables = {str(name): _metrics(str(name), rows) for name, rows in _by_feature(frame)}
    own = [table for name, table in tables.items() if name in report.features]
    others = tuple(table for name, table in tables.items() if name not in report.features)
    blocks: list[Block] = [
        Sentence(
            "Each feature in turn is taken as the protected one, and decisions are compared "
            "between two groups. These are not importances and cannot be ranked against effects: "
            "a gap may have causes other than the feature."
        ),
        Sentence(_whose_advantage(report.favourable)),
        *own,
    ]
    if others:
        which = f"{len(others)} other feature{'' if len(others) == 1 else 's'}"
        title = f"The same for {which}" if own else f"Fairness metrics for {which}"
        blocks.append(Section("fairness-others", title, others, folded=True, audience="annex"))
    title = "Group fairness of the model’s decisions (AIF360)"
    return Section("fairness", title, tuple(blocks))


def _by_feature(frame: pd.DataFrame) -> Iterator[tuple[object, pd.DataFrame]]:
    yield from frame.groupby("feature", sort=False)


def _whose_advantage(favourable: str | None) -> str:
    """Say what is known of who is at an advantage, and what the signs mean."""
    signs = "Each metric is that of the first group minus, or divided by, that of the second"
    if favourable is None:
        return (
            f"{signs}, picked for its higher rate of decisions above the line. Whether those are "
            f"to people's advantage was not stated, so nothing is said of who is favoured."
        )
    return (
        f"As the auditor states it, {favourable} scores are to people's advantage. {signs}, picked "
        f"for its higher rate of favourable decisions."
    )


def _metrics(feature: str, rows: pd.DataFrame) -> Table:
    first = {str(key): value for key, value in rows.iloc[0].items()}
    split = str(first["split"])
    return Table(
        f"{feature}: {first['unprivileged']} ({rows_said(first['n_unprivileged'])}) against "
        f"{first['privileged']} ({rows_said(first['n_privileged'])}). "
        f"{split[:1].upper()}{split[1:]}.",
        (
            Column("metric", number=False),
            Column("the model’s decisions", "with 95 % interval"),
            Column("equal treatment is"),
            Column("recorded outcome", "with 95 % interval"),
        ),
        tuple(_metric(row) for row in rows.to_dict("records")),
        name=f"Fairness metrics by {feature}",
    )


def _metric(row: Mapping[Hashable, Any]) -> tuple[Cell, ...]:
    ratio = row["ideal"] == 1
    form: Form = "plain" if ratio else "signed"
    return (
        row["metric"],
        Number(row["value"], (row["low"], row["high"]), form=form),
        "1" if ratio else "0",
        Number(row["recorded_value"], (row["recorded_low"], row["recorded_high"]), form=form),
    )
