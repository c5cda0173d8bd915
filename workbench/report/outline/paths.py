"""Through which features the influence reaches the prediction: the graph, and its paths."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from operator import add
from typing import NamedTuple

from workbench.checks.verdict import as_judged
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
from workbench.common.charts import BarChart, BarRow, GraphPicture
from workbench.common.wording import share, signed, span
from workbench.graph.causal_graph import PREDICTION
from workbench.methods.effects import Effect
from workbench.methods.fuzzing.paths import MOST_ROWS, PathEffect
from workbench.report.findings import AuditFindings

__all__ = ["graph_picture", "paths"]

DRAWN_FEATURES = 3
"""Features whose paths have a picture and an account; those of the others are folded away."""
DRAWN_PATHS = 10
LISTED = 8
"""Paths in the open table; the others are folded away."""
WORTH = 0.1
"""Opposite paths are called a cancellation when the smaller side is this share of the larger."""
NOTABLE = 0.05
"""What is left over gets a sentence from this share of the total on."""
ROUNDED = 1e-6
"""What is left over of a total is rounding up to this share of it, and no finding."""
HEAD = (
    Column("path", number=False),
    Column("raises"),
    Column("lowers"),
    Column("interval"),
    Column("signed share"),
)


class Net(NamedTuple):
    """The sum of a feature's paths, its total effect, and total − sum."""

    together: Effect
    total: Effect | None
    left: Effect | None


def paths(report: AuditFindings) -> Section:
    """Return the graph, and per feature an account of its paths."""
    return Section("ways", "Through which features", tuple(_blocks(report)))


def graph_picture(report: AuditFindings) -> GraphPicture:
    """Return the graph with what each node is in the audit, and the followed paths lit."""
    graph = report.audit_graph
    traced = [path.path for path in report.path_effects]
    on_paths = {node for path in traced for node in path[1:-1]}
    lit = {edge for path in traced for edge in pairwise(path)}
    if not traced and PREDICTION in graph:
        before = {*graph.ancestors(PREDICTION), PREDICTION}
        for name in report.features:
            after = {name, *graph.descendants(name)}
            on_paths |= (after & before) - {name, PREDICTION}
            lit |= {(a, b) for a, b in graph.edges if a in after and b in before}
    adjusted = {name for entry in report.effects for name in entry.adjustment}
    roles = {name: "unread" for name in graph.nodes if name not in report.reads}
    roles |= {name: "adjustment" for name in graph.nodes if name in adjusted}
    roles |= {name: "mediator" for name in graph.nodes if name in on_paths}
    roles |= dict.fromkeys(graph.latents, "latent")
    roles |= {name: "target" for name in graph.nodes if name in report.features}
    roles |= {name: "prediction" for name in graph.nodes if name == PREDICTION}
    edges = tuple(graph.edges)
    return GraphPicture(edges, tuple(graph.nodes), roles, frozenset(lit & set(edges)))


def _blocks(report: AuditFindings) -> Iterator[Block]:
    yield Sentence(
        "The causal graph as the auditor drew it, with the model’s prediction as a node that the "
        "features it reads point to. An arrow says: changing the first changes the second; the "
        "finding is only as good as the arrows are. Highlighted: the ways from the target to the "
        "prediction.",
        audience="annex",
    )
    yield Figure(graph_picture(report))
    if not report.path_effects:
        asked = any(entry.estimator.kind == "fuzzing" for entry in report.effects)
        yield Sentence(
            "The graph has no directed path from the target to the prediction."
            if asked
            else "Single paths were not measured: that takes causal fuzzing, which did not run.",
            audience="annex",
        )
        return
    yield Sentence(
        "Each line is one path from the feature to the prediction: the change is carried along it, "
        "everything else held as observed. Read it like an account: what raises the prediction, "
        f"what lowers it, what remains. Of a long table, {MOST_ROWS:,} rows are followed.",
        audience="annex",
    )
    features = list(dict.fromkeys(path.feature for path in report.path_effects))
    for feature in features[:DRAWN_FEATURES]:
        yield from _account(report, feature)
    if rest := features[DRAWN_FEATURES:]:
        yield _others(report, rest)
    yield Sentence(
        "Signed share: part of the summed sizes of all followed paths of the feature. In a linear "
        "world the paths add up to the total; where features act only together they need not.",
        quiet=True,
        audience="annex",
    )


def _paths_of(report: AuditFindings, feature: str) -> tuple[list[PathEffect], float]:
    """Return a feature's paths as they are judged, strongest first, and the sum of their sizes."""
    own = as_judged(
        [path for path in report.path_effects if path.feature == feature], report.effects
    )
    own.sort(key=lambda path: -abs(path.effect.value))
    return own, sum(abs(path.effect.value) for path in own)


def _others(report: AuditFindings, features: list[str]) -> Section:
    """Return the paths of the features that have no account of their own."""
    level = report.interval_level
    rows = tuple(
        _path_row(path, size, level)
        for own, size in (_paths_of(report, feature) for feature in features)
        for path in own
    )
    title = f"The paths of {len(features)} more feature{'' if len(features) == 1 else 's'}"
    table = Table(f"{title}, strongest first.", HEAD, rows, name="Paths of other features")
    return Section("paths-others", title, (table,), folded=True, audience="annex")


def _account(report: AuditFindings, feature: str) -> Iterator[Block]:
    own, size = _paths_of(report, feature)
    level = report.interval_level
    net = _net(report, feature)
    yield Bullets(tuple(_words(feature, net, own, level)))
    yield Figure(_bars(report, feature, own, size))
    rows = [_path_row(path, size, level) for path in own]
    more = rows[LISTED:] if len(rows) > LISTED + 2 else []
    if more:
        raised, lowered = _sides(own[LISTED:])
        name = f"{len(more)} more paths"
        rows = [*rows[:LISTED], (name, Number(raised), Number(lowered), "", "")]
    balance = _balance(net, own, level)
    yield Table(
        f"Paths from {feature} to the prediction, strongest first, with "
        f"{report.about().intervals}; below them what they add up to, by causal fuzzing alone.",
        HEAD,
        (*rows, *balance),
        name=f"Paths of {feature}",
        lit=tuple(str(row[0]) for row in balance),
    )
    if more:
        table = Table(f"Smaller paths of {feature}.", HEAD, tuple(more), name="More paths")
        title = f"The other {len(more)} paths of {feature}"
        yield Section("paths-more", title, (table,), folded=True, audience="annex")


def _bars(report: AuditFindings, feature: str, own: list[PathEffect], size: float) -> BarChart:
    about = report.about()
    rows = tuple(
        BarRow(
            " → ".join(path.path),
            path.effect.value,
            *path.effect.interval(about.level),
            share(_signed_share(path, size)),
        )
        for path in own[:DRAWN_PATHS]
    )
    title = f"Effects of {feature} along single paths with {about.intervals}"
    return BarChart(rows, title, about.axis, about.threshold)


def _signed_share(path: PathEffect, size: float) -> float:
    return path.effect.value / size if size else float("nan")


def _path_row(path: PathEffect, size: float, level: float) -> tuple[Cell, ...]:
    part = Number(_signed_share(path, size), form="share")
    return (*_row(" → ".join(path.path), path.effect, level), part)


def _row(name: str, effect: Effect, level: float) -> tuple[Cell, ...]:
    amount = Number(effect.value)
    sides: tuple[Cell, Cell] = (amount, "") if effect.value > 0 else ("", amount)
    return name, *sides, span(effect.interval(level))


def _sides(own: list[PathEffect]) -> tuple[float, float]:
    values = [path.effect.value for path in own]
    return sum(v for v in values if v > 0), sum(v for v in values if v < 0)


def _net(report: AuditFindings, feature: str) -> Net:
    """Return what the paths add up to, the total by their own estimator, and what is between."""
    together = reduce(add, (path.effect for path in report.path_effects if path.feature == feature))
    for entry in report.effects.of("fuzzing"):
        if entry.feature == feature and not entry.combination:
            left = entry.total - together
            if abs(left.value) <= ROUNDED * max(abs(entry.total.value), abs(together.value)):
                left = left - left
            return Net(together, entry.total, left)
    return Net(together, None, None)


def _balance(net: Net, own: list[PathEffect], level: float) -> list[tuple[Cell, ...]]:
    raised, lowered = _sides(own)
    rows: list[tuple[Cell, ...]] = [
        ("What raises and what lowers", Number(raised), Number(lowered), "", ""),
        (*_row("Sum of the paths", net.together, level), ""),
    ]
    if net.total is not None and net.left is not None:
        name = "Left over: what the features do only together"
        if own[0].left_out:
            name += ", and the paths not followed"
        rows += [
            (*_row(name, net.left, level), ""),
            (*_row("Total effect (causal fuzzing)", net.total, level), ""),
        ]
    return rows


def _words(feature: str, net: Net, own: list[PathEffect], level: float) -> Iterator[str]:
    raised, lowered = _sides(own)
    small, large = sorted((raised, -lowered))
    together, left = net.together.value, net.left
    if large == 0:
        yield f"No path carries any influence of {feature}."
    elif small > WORTH * large:
        yield (
            f"Ways of {feature} work against each other: together they raise the prediction by "
            f"{signed(raised)} and lower it by {signed(lowered)}. {share(small / large)} of the "
            f"stronger side is cancelled, so that {signed(together)} remains."
        )
    elif len(own) > 1:
        way = "raise" if raised > -lowered else "lower"
        if small == 0:
            yield _one_sided(feature, way, own, level)
        else:
            yield (
                f"The ways of {feature} hardly cancel: together they {way} the prediction, and "
                f"what works against that is {share(small / large)} of it."
            )
    else:
        yield f"There is one way from {feature} to the prediction."
    if own[0].left_out:
        yield _left_out(feature, net, own, level)
        return
    low, high = (0.0, 0.0) if left is None else left.interval(level)
    if left is not None and net.total is not None and not low <= 0 <= high:
        total = net.total.value
        if abs(left.value) > NOTABLE * abs(total):
            yield (
                f"The paths explain {signed(together)} of the total {signed(total)}. The rest, "
                f"{signed(left.value)}, arises only when several features move at once."
            )


def _left_out(feature: str, net: Net, own: list[PathEffect], level: float) -> str:
    """Say what part of the total the paths cover that were followed."""
    said = (
        f"{own[0].left_out:,} longer paths of {feature} were too many to follow. The {len(own)} "
        f"shortest, which are listed, add up to {signed(net.together.value)}"
    )
    if net.total is None:
        return f"{said}."
    total = net.total.value
    low, high = net.total.interval(level)
    of = " beside" if low <= 0 <= high else f": {share(net.together.value / total)} of"
    return f"{said}{of} the total effect by causal fuzzing, {signed(total)}."


def _one_sided(feature: str, way: str, own: list[PathEffect], level: float) -> str:
    """Say that no way works against another, as far as the intervals tell."""
    ends = [path.effect.interval(level) for path in own if path.effect.value]
    unsure = sum(low <= 0 <= high for low, high in ends)
    ways = "followed ways" if own[0].left_out else "ways"
    if not unsure:
        return f"All {ways} of {feature} {way} the prediction; none works against the others."
    of = "the one way" if len(ends) == 1 else f"{unsure} of the {len(ends)} ways"
    return (
        f"As estimated, all {ways} of {feature} {way} the prediction; for {of} that is not sure: "
        f"the interval holds 0."
    )
