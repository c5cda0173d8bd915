"""What is said of the graph: what the data say of it, and what other graphs would say."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.checks.graph_sensitivity.finding import DECISIONS, GraphSensitivity
from workbench.common.blocks import (
    About,
    Block,
    Bullets,
    Cell,
    Column,
    Number,
    Section,
    Sentence,
    Table,
)
from workbench.common.wording import listing, rate, share

__all__ = ["outline"]


def outline(found: GraphSensitivity, about: About) -> tuple[Block, ...]:
    """Return how the finding depends on the graph, the numbers folded away."""
    decision = DECISIONS[found.decision]
    asked = (
        "the verdict"
        if found.scope
        else "the verdict about one change"
        if found.about
        else f"CAFÉ’s verdict (by linear regression: {decision})"
    )
    return (
        Sentence(
            "A causal graph is an assumption. What it claims is compared with the data, and "
            f"{asked} is asked again under other graphs."
        ),
        Bullets(found.sentences()),
        *_shares(found),
        *_edits(found),
        *_implications(found),
        *_measured(found),
    )


def _folded(
    key: str, title: str, caption: str, columns: tuple[Column, ...], rows: list[tuple[Cell, ...]]
) -> Iterator[Section]:
    if rows:
        table = Table(caption, columns, tuple(rows), name=title)
        yield Section(key, title, (table,), folded=True, audience="annex")


def _shares(found: GraphSensitivity) -> Iterator[Table]:
    rows = tuple(
        (
            row["graphs"],
            int(row["n"]),
            int(row["flipped"]),
            Number(row["share"], (row["low"], row["high"]), form="share") if row["n"] else None,
            int(row["unidentified"]),
        )
        for row in found.shares.to_dict("records")
    )
    if rows:
        heads = ("tried", "change it", f"share, with {rate(found.level)} interval", "unanswered")
        yield Table(
            "Other graphs, and how many of them change the finding. Unanswered: graphs under which "
            "the effect cannot be estimated.",
            (Column("graphs", number=False), *map(Column, heads)),
            rows,
            name="Other graphs",
            audience="annex",
        )


def _edits(found: GraphSensitivity) -> Iterator[Section]:
    yield from _folded(
        "graph-edits",
        f"All {len(found.edits)} graphs with one arrow changed",
        "What changes the finding stands first, the smallest change of the effect ahead. Total: of "
        f"the feature whose effect changes most{_about(found)}.",
        (
            Column("change of the graph", number=False),
            Column("verdict under it", number=False),
            Column("total effect"),
            Column("change of the effect"),
        ),
        [
            (
                row["edit"],
                ("▲ " if row["flips"] else "") + DECISIONS.get(row["decision"], row["decision"]),
                Number(row["total"]),
                Number(row["change"]),
            )
            for row in found.edits.to_dict("records")
        ],
    )


def _about(found: GraphSensitivity) -> str:
    return f", for one change ({found.about})" if found.about else ""


def _implications(found: GraphSensitivity) -> Iterator[Section]:
    yield from _folded(
        "graph-independences",
        f"The {len(found.implications)} independences that the graph claims",
        "Left over: the largest correlation between the two that remains. p is corrected for the "
        "number of claims.",
        (
            Column("claimed independent", number=False),
            Column("given", number=False),
            Column("left over"),
            Column("p"),
            Column("the data", number=False),
        ),
        [
            (
                f"{row['x']}, {row['y']}",
                listing(row["given"]) if row["given"] else "nothing",
                Number(row["correlation"], form="plain"),
                Number(row["p_value"], form="p"),
                "▲ contradict it" if row["rejected"] else "do not contradict it",
            )
            for row in found.implications.to_dict("records")
        ],
    )


def _measured(found: GraphSensitivity) -> Iterator[Section]:
    needed = ", ".join(f"{share(c.robustness)} of both for {c.feature}" for c in found.confounding)
    yield from _folded(
        "graph-confounders",
        "How strong the measured features are, to compare with a hidden cause",
        "Share that each feature explains of what the others leave (partial R²). A hidden common "
        f"cause would have to explain {needed}.",
        (
            Column("measured feature", number=False),
            Column("for the effect of", number=False),
            Column("of that feature"),
            Column("of the prediction"),
        ),
        [
            (
                row["covariate"],
                cause.feature,
                Number(row["with_feature"], form="share"),
                Number(row["with_prediction"], form="share"),
            )
            for cause in found.confounding
            for row in cause.measured.to_dict("records")
        ],
    )
