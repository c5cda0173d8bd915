"""What is said of the groups in which an influence hides."""

from __future__ import annotations

from workbench.checks.subgroups.finding import HiddenSubgroups
from workbench.common.blocks import (
    About,
    Block,
    Bullets,
    Column,
    Number,
    Section,
    Sentence,
    Table,
)
from workbench.common.wording import rate

__all__ = ["outline"]

MOST_SAID = 5
"""Groups that get a sentence of their own; the others are folded away."""
OPEN = 12
"""Groups of a table that stands open."""


def outline(found: HiddenSubgroups, about: About) -> tuple[Block, ...]:
    """Return the groups whose effect differs from the whole, in words and numbers."""
    sentences = found.sentences()
    blocks: list[Block] = [
        Sentence(
            f"An influence that is small on average can be large for some people. Groups are "
            f"searched on one half of the rows ({found.n_searched:,}) and confirmed on the other "
            f"({found.n_tested:,}), which the search does not see; the numbers are from that half."
        ),
        Bullets(sentences[:MOST_SAID]),
    ]
    if more := sentences[MOST_SAID:]:
        title = f"{len(more)} more group{'' if len(more) == 1 else 's'}"
        bullets = (Bullets(more),)
        blocks.append(Section("hidden-more", title, bullets, folded=True, audience="annex"))
    if len(found.table):
        table = _table(found, about)
        title = f"All {len(table.rows)} groups in numbers"
        long = Section("hidden-numbers", title, (table,), folded=True, audience="annex")
        blocks.append(long if len(table.rows) > OPEN else table)
    return tuple(blocks)


def _table(found: HiddenSubgroups, about: About) -> Table:
    heads = ("there", "in all of that half", "difference", "p", "rows")
    return Table(
        f"Groups whose effect differs from the whole ({about.score}), with {rate(found.level)} "
        f"intervals, the largest difference first. p is corrected for the number of groups "
        f"tested. Groups may overlap.",
        (Column("group", number=False), Column("effect", number=False), *map(Column, heads)),
        tuple(
            (
                row["subgroup"],
                f"{row['feature']}, {row['part']}",
                Number(row["value"], (row["low"], row["high"])),
                Number(row["whole"]),
                Number(row["difference"], (row["difference_low"], row["difference_high"])),
                Number(row["p_value"], form="p"),
                int(row["n_rows"]),
            )
            for row in found.table.to_dict("records")
        ),
        name="Hidden subgroups",
        audience="annex",
    )
