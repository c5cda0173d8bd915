"""What is said of the next actions, and the rows that show what is left."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.checks.next_actions.example_pairs import ExamplePair
from workbench.checks.next_actions.feature_actions import Action
from workbench.checks.next_actions.finding import NextActions
from workbench.common.blocks import (
    About,
    Block,
    Bullets,
    Column,
    Note,
    Number,
    Section,
    Sentence,
    Table,
)
from workbench.common.wording import level_text, rate, stated

__all__ = ["outline"]

KINDS = {
    "mediator": "block this route",
    "step": "block together",
    "subgroup": "look at this group",
    "range": "look at this range",
}
MOST_PAIRS = 5


def outline(found: NextActions, about: About) -> tuple[Block, ...]:
    """Return the ranked actions, in words and numbers, and the rows that show what is left."""
    return tuple(_blocks(found, about))


def _blocks(found: NextActions, about: About) -> Iterator[Block]:
    if found.actions:
        beyond = " beyond what a retrained model carries" if found.residue else ""
        yield Sentence(
            f"What each step would leave of the influence{beyond}. Blocking is an experiment on "
            f"the model, not yet a repair: it says which route to close when the model is trained "
            f"again. In brackets are {rate(found.level)} intervals of each number by itself."
        )
    yield Bullets(found.sentences())
    if found.actions:
        yield _table(found, about)
        yield Sentence(
            "Example rows that show it are personal data: they stand neither in a saved report nor "
            "on a page for others, unless asked for.",
            quiet=True,
            audience="annex",
        )
    if found.pairs:
        shown = found.pairs[:MOST_PAIRS]
        blocks = tuple(block for pair in shown for block in _pair(pair))
        warning = Note(
            "warning",
            "These are rows of the data.",
            ("No saved report (JSON) and no table (CSV) holds them. Take care who sees them.",),
        )
        title = f"Rows that show it: {len(shown)} examples"
        yield Section(
            "pairs", title, (warning, *blocks), folded=True, personal=True, audience="annex"
        )


def _table(found: NextActions, about: About) -> Table:
    several = len({action.feature for action in found.actions}) > 1
    return Table(
        f"Actions, the first to do ahead, with what would remain of the effect ({about.score}) and "
        f"its {rate(found.level)} interval.",
        (
            Column("what", number=False),
            Column("do", number=False),
            Column("rank"),
            Column("carries"),
            Column("of the rows"),
            Column("would remain"),
            Column(f"below {stated(found.threshold)}", number=False),
        ),
        tuple(
            (
                _what(action, several=several),
                KINDS[action.kind],
                action.rank,
                Number(action.share, form="share"),
                Number(action.rows_share, form="share"),
                Number(action.remaining, (action.low, action.high)),
                "▽ yes" if action.below else "◇ not surely",
            )
            for action in found.actions
        ),
        name="Actions",
        audience="annex",
    )


def _what(action: Action, *, several: bool) -> str:
    names = (f"{action.feature} itself" if n == "direct" else n for n in action.what)
    return (f"{action.feature}: " if several else "") + " + ".join(names)


def _pair(pair: ExamplePair) -> Iterator[Block]:
    yield Sentence(pair.sentence())
    yield Table(
        f"The row labelled {pair.label}, twice: equal but for what is listed",
        (Column("feature", number=False), Column("once"), Column("instead")),
        tuple(
            (str(name), _said(row["one"]), _said(row["other"]))
            for name, row in pair.to_frame().iterrows()
        ),
        name=f"Row {pair.label}",
    )


def _said(value: object) -> str:
    return level_text(float(value)) if isinstance(value, float | np.floating) else str(value)
