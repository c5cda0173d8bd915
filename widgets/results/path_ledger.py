"""The ledger of paths: what each way adds, what it takes away, and what is left over."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import NamedTuple

import workbench as wb
from widgets.parts import markup
from widgets.parts.sections import by_feature, drawing, folded, section
from widgets.results.figures import paths_figure
from workbench.common.wording import share, signed, span
from workbench.methods.effects import Effect
from workbench.methods.fuzzing.paths import MOST_ROWS, PathEffect

__all__ = ["path_ledger"]

LISTED = 8
"""Paths in the open table; the others are folded away."""
HEAD = ("path", "raises", "lowers", "95 % interval")
NUMERIC = (1, 2, 3)
WORTH = 0.1
"""Opposite paths are called a cancellation when the smaller side is this share of the larger."""
NOTABLE = 0.05
"""What is left over gets a sentence from this share of the total on."""


class Net(NamedTuple):
    """The sum of a feature's paths, its total effect, and total − sum."""

    together: Effect
    total: Effect | None
    left: Effect | None


def path_ledger(report: wb.AuditReport) -> str:
    """Return the section about paths; "" when none were followed."""
    if not report.path_effects:
        return ""
    features = dict.fromkeys(path.feature for path in report.path_effects)
    return section(
        "By which way it gets through",
        "Each line is one way from the feature to the prediction, all other columns held as they "
        "are. Read it like an account: what raises the prediction, what lowers it, what remains. "
        f"Where the table is long, paths are followed on a sample of {MOST_ROWS:,} rows.",
        by_feature("The account of", {name: _account(report, name) for name in features}),
    )


def _account(report: wb.AuditReport, feature: str) -> str:
    paths = [path for path in report.path_effects if path.feature == feature]
    paths.sort(key=lambda path: -abs(path.effect.value))
    open_rows, more = [_row(" → ".join(p.path), p.effect) for p in paths], []
    if len(paths) > LISTED + 2:
        open_rows, more = open_rows[:LISTED], open_rows[LISTED:]
        raised, lowered = _sides(paths[LISTED:])
        open_rows.append((f"{len(more)} more paths", signed(raised), signed(lowered), ""))
    count = f"{len(paths)} path{'s' if len(paths) != 1 else ''}"
    net = _net(report, feature, paths)
    caption = f"The account of {feature}: {count}"
    rows = [*open_rows, *_balance(net, paths)]
    account = markup.table(rows, HEAD, caption=caption, numeric=NUMERIC)
    return (
        markup.bullets(_words(feature, net, paths))
        + drawing(paths_figure(report, feature))
        + f'<div class="wb-ledger">{account}</div>'
        + (
            folded(f"The other {len(more)} paths of {feature}", _rest(feature, more))
            if more
            else ""
        )
    )


def _rest(feature: str, rows: list[tuple[str, ...]]) -> str:
    return markup.table(rows, HEAD, caption=f"Smaller paths of {feature}", numeric=NUMERIC)


def _sides(paths: list[PathEffect]) -> tuple[float, float]:
    values = [path.effect.value for path in paths]
    return sum(v for v in values if v > 0), sum(v for v in values if v < 0)


def _net(report: wb.AuditReport, feature: str, paths: list[PathEffect]) -> Net:
    """Return what the paths add up to, the total by their own estimator, and what is between."""
    together = reduce(add, (path.effect for path in paths))
    for entry in report.effects.of("fuzzing"):
        if entry.feature == feature and not entry.combination:
            return Net(together, entry.total, entry.total - together)
    return Net(together, None, None)


def _balance(net: Net, paths: list[PathEffect]) -> list[tuple[str, ...]]:
    raised, lowered = _sides(paths)
    rows = [
        ("All paths together", signed(raised), signed(lowered), ""),
        _row("What the paths leave", net.together),
    ]
    if net.total is not None and net.left is not None:
        name = "Left over: what the columns do only together"
        if paths[0].left_out:
            name += ", and the paths not followed"
        rows += [_row(name, net.left), _row("Total effect (causal fuzzing)", net.total)]
    return rows


def _row(name: str, effect: Effect) -> tuple[str, ...]:
    amount = signed(effect.value)
    sides = (amount, "") if effect.value > 0 else ("", amount)
    return name, *sides, span((effect.low, effect.high))


def _words(feature: str, net: Net, paths: list[PathEffect]) -> list[str]:
    raised, lowered = _sides(paths)
    small, large = sorted((raised, -lowered))
    together, left = net.together.value, net.left
    said = []
    if large == 0:
        said.append(f"No path carries any influence of {feature}.")
    elif small > WORTH * large:
        said.append(
            f"Ways of {feature} work against each other: together they raise the prediction by "
            f"{signed(raised)} and lower it by {signed(lowered)}. {share(small / large)} of the "
            f"stronger side is cancelled, so that {signed(together)} remains."
        )
    elif len(paths) > 1:
        way = "raise" if raised > -lowered else "lower"
        said.append(
            f"The ways of {feature} hardly cancel: nearly all of them {way} the prediction."
        )
    elif len(paths) == 1:
        said.append(f"There is one way from {feature} to the prediction.")
    if left is not None and net.total is not None and not left.low <= 0 <= left.high:
        total = net.total.value
        if abs(left.value) > NOTABLE * abs(total):
            said.append(
                f"The paths explain {signed(together)} of the total {signed(total)}. The rest, "
                f"{signed(left.value)}, arises only when several columns move at once."
            )
    if paths[0].left_out:
        said.append(f"{paths[0].left_out:,} more paths of {feature} were too many to follow.")
    return said
