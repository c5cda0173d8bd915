"""What is said of planted leaks: how small a leak this audit would have caught."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from workbench.checks.planted_leaks.findings import LeakShape, PlantedLeaks
from workbench.common.blocks import (
    About,
    Block,
    Bullets,
    Column,
    Figure,
    Number,
    Section,
    Sentence,
    Table,
    Tile,
    Tiles,
)
from workbench.common.charts import RateChart, RateCurve, RatePoint
from workbench.common.wording import amount, rate, stated

__all__ = ["outline"]

TITLES = {"with retrained": "compared with a retrained model", "alone": "the model by itself"}
ROLES = {"leak": "a leak", "border": "just at the threshold", "no leak": "no leak"}
DRAWN = 3
"""Features whose leaks have a picture; the table has them all."""


def outline(found: PlantedLeaks, about: About) -> tuple[Block, ...]:
    """Return from which size on a leak is found, drawn, in words and in counts."""
    features = list(dict.fromkeys(leak.feature for leak in found.leaks))
    drawn = [
        block
        for feature in features[:DRAWN]
        for block in (_tiles(found, feature), _figure(found, feature))
    ]
    return (
        Sentence(
            "“Nothing found” is worth as much as the audit is sharp. So leaks of known size are "
            f"planted in these data and this model, {found.repeats:,} times each{_fewer(found)}, "
            "and the audit is run on them: how often does it find them, and how often does it "
            "raise a false alarm where there is none?"
        ),
        *_shapes(found),
        *drawn,
        Bullets(found.sentences()),
        Section(
            "leaks-numbers",
            f"All {len(found.rates)} counts",
            (_table(found),),
            folded=True,
            audience="annex",
        ),
    )


def _fewer(found: PlantedLeaks) -> str:
    """Say how often leaks of every shape were planted, which the whole verdict is asked about."""
    trials = {leak.trials for leak in found.shapes}
    if len(trials) != 1 or found.repeats in trials:
        return ""
    return f" ({trials.pop():,} times each where the whole verdict is asked)"


def _shapes(found: PlantedLeaks) -> Iterator[Table]:
    """Say of every shape how often a leak was found, the sizes side by side."""
    sizes = sorted({leak.size for leak in found.shapes})
    rows = dict.fromkeys((leak.feature, leak.name) for leak in found.shapes)
    by_size = {(leak.feature, leak.name, leak.size): leak for leak in found.shapes}
    if rows:
        yield Table(
            "Leaks by shape: in how many of the trials the audit’s whole verdict was “above the "
            f"threshold”, with {rate(found.level)} intervals. Size: the largest effect on anybody.",
            (
                Column("feature", number=False),
                Column("shape", number=False),
                *(Column(f"found of size {amount(size, 2)}") for size in sizes),
            ),
            tuple(
                (feature, name, *(_found(by_size.get((feature, name, size))) for size in sizes))
                for feature, name in rows
            ),
            name="Planted leaks by shape",
        )


def _found(leak: LeakShape | None) -> Number | None:
    return None if leak is None else Number(leak.rate, (leak.low, leak.high), form="share")


def _tiles(found: PlantedLeaks, feature: str) -> Tiles:
    """Say from which size on a leak is found, and how often there is none."""
    return Tiles(f"Planted leaks of {feature}", tuple(_made(found, feature)), audience="annex")


def _made(found: PlantedLeaks, feature: str) -> Iterator[Tile]:
    for leak in found.leaks:
        if leak.feature == feature:
            size = f"from {amount(leak.smallest_80, 2)}" if isfinite(leak.smallest_80) else "none"
            yield Tile(f"Found: {TITLES[leak.comparison]}", size, "in 80 of 100 trials")
    none = [r for r in found.rates if r.feature == feature and r.role == "no leak"]
    if none:
        worst = max(none, key=lambda rate: rate.rate)
        note = f"with no leak at all; the threshold is {stated(found.threshold)}"
        yield Tile("False alarms", f"{worst.found} of {worst.trials}", note)


def _figure(found: PlantedLeaks, feature: str) -> Figure:
    curves = tuple(
        RateCurve(
            TITLES[leak.comparison],
            tuple(
                RatePoint(rate.size, rate.rate, rate.low, rate.high)
                for rate in found.of(feature, leak.comparison)
            ),
        )
        for leak in found.leaks
        if leak.feature == feature
    )
    title = f"How often a planted leak of {feature} is found"
    return Figure(
        RateChart(curves, title, "true size of the planted leak", found.threshold),
        title=f"Planted leaks of {feature}: share of the trials in which the audit says “above the "
        f"threshold”",
    )


def _table(found: PlantedLeaks) -> Table:
    return Table(
        f"How often the audit says “above the threshold”, with {rate(found.level)} intervals. Of "
        "no leak and of a leak just at the threshold, saying so is wrong.",
        (
            Column("feature", number=False),
            Column("judged", number=False),
            Column("planted", number=False),
            Column("size"),
            Column("found"),
            Column(f"share, with {rate(found.level)} interval"),
        ),
        tuple(
            (
                rate.feature,
                TITLES[rate.comparison],
                ROLES[rate.role],
                Number(rate.size, form="short"),
                f"{rate.found} of {rate.trials}",
                Number(rate.rate, (rate.low, rate.high), form="share"),
            )
            for rate in found.rates
        ),
        name="Planted leaks",
    )
