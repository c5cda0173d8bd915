"""What is said of membership: whether the model still remembers, power beside result."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from workbench.checks.membership.evidence import FEWEST_MEASURED, MembershipEvidence
from workbench.checks.membership.figures import Estimate
from workbench.common.blocks import (
    About,
    Block,
    Bullets,
    Cell,
    Column,
    Figure,
    Note,
    NoteKind,
    Number,
    Section,
    Sentence,
    Table,
)
from workbench.common.charts import ForestChart, ForestRow, Mark
from workbench.common.wording import rate

__all__ = ["outline"]

KINDS: dict[str, NoteKind] = {"traces": "above", "pushed away": "above", "not found": "below"}
"""The box of each decision; any other is "inconclusive"."""
TITLES = {
    "traces": "Traces of the erased records were found",
    "pushed away": "The erased records were pushed away rather than forgotten",
    "not found": "No traces of the erased records were found",
}
MOST_RECORDS = 100
GUESSING = 0.5


def outline(found: MembershipEvidence, about: About) -> tuple[Block, ...]:
    """Return what the attacks find, drawn, in words and numbers, and record by record."""
    return tuple(_blocks(found))


def _blocks(found: MembershipEvidence) -> Iterator[Block]:
    kind = KINDS.get(found.decision, "inconclusive")
    title = TITLES.get(found.decision, "No evidence either way")
    yield Note(kind, title, (found.finding,), audience="headline")
    yield Sentence(
        "A model may treat a record that it was trained on differently from one that it has never "
        "seen. Attacks look for that. What they find of the erased records only counts beside what "
        "they find of records that are known to be in the model: an attack that cannot recognise "
        "these says nothing about the others.",
        audience="annex",
    )
    if found.attacks:
        yield Figure(
            _chart(found),
            caption=f"0 is guessing. Each line is a {rate(found.level)} interval. Where the known "
            f"members lie near 0 too, the attack is blind here.{_unmeasured(found)}",
        )
    if said := found.sentences()[1:]:
        yield Bullets(said)
    yield _table(found)
    if found.records is not None and len(found.records):
        yield _records(found.records)


def _chart(found: MembershipEvidence) -> ForestChart:
    rows = tuple(
        ForestRow(
            attack.title,
            "AUC",
            tuple(
                Mark(
                    name,
                    figures.auc.value - GUESSING,
                    figures.auc.low - GUESSING,
                    figures.auc.high - GUESSING,
                )
                for name, figures in (
                    ("known members", attack.power),
                    ("the erased records", attack.result),
                )
                if figures is attack.power or attack.measured
            ),
        )
        for attack in found.attacks
    )
    title = "How well each attack tells records from records never seen"
    return ForestChart(rows, title, "AUC above guessing (AUC − 0.5)")


def _table(found: MembershipEvidence) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for attack in found.attacks:
        for name, figures in (
            ("known members", attack.power),
            ("the erased records", attack.result),
        ):
            measured = (figures.auc, figures.tpr_1, figures.tpr_01, figures.balanced_accuracy)
            chance = Number(attack.chance, form="share") if figures is attack.power else None
            known = figures is attack.power or attack.measured
            cells = [_measure(one) if known else None for one in measured]
            rows.append((attack.title, name, figures.n_records, *cells, chance))
    heads = (
        "number",
        "AUC (0.5 is guessing)",
        "found at 1 %",
        "found at 0.1 %",
        "balanced accuracy",
        f"recognises models that kept them, at an error rate of {rate(found.alpha)}",
    )
    return Table(
        f"Power beside result: each attack on known members and on the erased records, against "
        f"records never trained on, with {rate(found.level)} intervals. Found at 1 %: share of "
        f"the group that is recognised when 1 % of the others are accused wrongly."
        f"{_unmeasured(found)}",
        (Column("attack", number=False), Column("records", number=False), *map(Column, heads)),
        tuple(rows),
        name="Membership attacks",
        audience="annex",
    )


def _unmeasured(found: MembershipEvidence) -> str:
    if all(attack.measured for attack in found.attacks):
        return ""
    return f" Of fewer than {FEWEST_MEASURED} erased records no rate can be measured."


def _measure(one: Estimate) -> Number:
    return Number(one.value, (one.low, one.high), form="plain")


def _records(records: pd.DataFrame) -> Section:
    """Return the scores record by record, the most conspicuous first."""
    names = [str(name) for name in records.columns]
    shown = records.sort_values([n for n in names if n.endswith("p_value")][:1])
    shown = shown.head(MOST_RECORDS)
    said = (
        "One record says little: even a strong attack is often wrong about one. p: position among "
        "equally hard records that were never trained on; among many records some are small by "
        "chance. These are people's records: no saved report holds them."
    )
    if more := len(records) - len(shown):
        said += f" The {more:,} least conspicuous are left out here."
    table = Table(
        "Scores of the erased records, by label. A higher score looks more like a record that was "
        "trained on.",
        (
            Column("record", number=False),
            *(Column(name.replace("p_value", "p")) for name in names),
        ),
        tuple(
            (str(label), *(Number(float(value), form="plain") for value in row))
            for label, row in zip(shown.index, shown.to_numpy(), strict=True)
        ),
        name="Records",
    )
    return Section(
        "records",
        f"Record by record ({len(records):,})",
        (Sentence(said, quiet=True), table),
        folded=True,
        personal=True,
        audience="annex",
    )
