"""Effects in the groups of rows that the auditor named, beside the whole target."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.common.blocks import (
    Block,
    Bullets,
    Column,
    Figure,
    Note,
    Number,
    Section,
    Sentence,
    Table,
    Term,
)
from workbench.common.charts import ForestChart, ForestRow, Mark
from workbench.common.wording import rows_said, signed, span
from workbench.methods.effects import EFFECT_PARTS, Effect, EffectTable, FeatureEffects
from workbench.methods.names import entry_name
from workbench.report.findings import AuditFindings
from workbench.report.outline.decided import as_decided

__all__ = ["groups", "left_out_groups"]

DRAWN_FEATURES = 3
"""Features with a picture of their own; the table has them all."""
DRAWN_GROUPS = 14
MOST_SAID = 4
"""Groups that get a sentence of their own."""
MANY = 5
"""Groups from which on some differ by chance."""
WHOLE = "the whole target"


def groups(report: AuditFindings) -> Section | None:
    """Return the effects in named groups; None when none were asked for."""
    left_out = left_out_groups(report)
    if not report.subgroups and not left_out:
        return None
    blocks = (
        Sentence(
            "The same question asked of each group alone, under the same interventions. Each "
            "interval stands for itself: of many groups, some differ from the whole by chance.",
            audience="annex",
        ),
        *_told(report),
        *left_out,
    )
    return Section("groups", "In the groups that were named", blocks)


def left_out_groups(report: AuditFindings) -> tuple[Note, ...]:
    """Say which groups were left out, and why."""
    return tuple(
        Note("warning", f"Left out: {name.removeprefix('subgroup ')}.", (reason,))
        for name, reason in report.skipped.items()
        if name.startswith("subgroup ")
    )


def _told(report: AuditFindings) -> Iterator[Block]:
    whole = {(e.feature, e.combination): e for e in report.effects.believed}
    keys = {(e.feature, e.combination): e for table in report.subgroups.values() for e in table}
    size = {key: abs(entry.total.value) for key, entry in whole.items()}
    level = report.interval_level
    order = sorted(keys, key=lambda key: -size.get(key, 0.0))
    single = [key for key in order if not key[1]]
    for key in single[:DRAWN_FEATURES]:
        yield _figure(report, key[0])
    said = [
        text
        for key in single
        for text in _words(key[0], _in_groups(report, key), whole.get(key), level)
    ]
    if said:
        yield Bullets(tuple(said))
    if report.subgroups:
        yield _table(report, whole, many=len(order) > 1)


def _in_groups(report: AuditFindings, key: tuple[str, str]) -> list[tuple[str, FeatureEffects]]:
    return [
        (name, entry)
        for name, table in report.subgroups.items()
        for entry in table
        if (entry.feature, entry.combination) == key
    ]


def _figure(report: AuditFindings, feature: str) -> Figure:
    about = report.about()
    named: list[tuple[str, EffectTable]] = [(WHOLE, as_decided(report).believed)]
    rows = [
        ForestRow(
            f"{name} ({rows_said(entry.n_rows)})",
            "total",
            (Mark(entry.estimator.name, entry.total.value, *entry.total.interval(about.level)),),
        )
        for name, table in [*named, *report.subgroups.items()]
        for entry in table
        if entry.feature == feature and not entry.combination
    ]
    title = f"Total effect of {feature} in each group with {about.intervals}"
    chart = ForestChart(tuple(rows[: DRAWN_GROUPS + 1]), title, about.axis, about.threshold)
    return Figure(chart, title=f"Total effect of {feature}")


def _words(
    feature: str,
    entries: list[tuple[str, FeatureEffects]],
    whole: FeatureEffects | None,
    level: float,
) -> Iterator[str]:
    """Say in which groups the total differs from that of the whole, the largest difference first.

    What groups and whole share cancels in the difference, so that its interval is honest.
    """
    if whole is None:
        return
    apart = [(name, entry.total, entry.total - whole.total) for name, entry in entries]
    far = [group for group in apart if not _reaches_0(group[2], level)]
    far.sort(key=lambda group: -abs(group[2].value))
    for name, total, difference in far[:MOST_SAID]:
        yield (
            f"Total effect of {feature} in “{name}”: {signed(total.value)}. That is "
            f"{signed(difference.value)} apart from the whole "
            f"({span(difference.interval(level))})."
        )
    if len(far) > MOST_SAID:
        yield f"{len(far) - MOST_SAID} more groups differ; the table has them."
    if same := len(apart) - len(far):
        where = "1 group" if same == 1 else f"{same} groups"
        yield f"{feature}: in {where}, no difference to the whole was found at this precision."
    if len(apart) >= MANY and far:
        yield "Among many groups, some seem to differ by chance alone."


def _table(
    report: AuditFindings, whole: dict[tuple[str, str], FeatureEffects], *, many: bool
) -> Table:
    rows, level = [], report.interval_level
    for name, table in report.subgroups.items():
        condition = report.subgroup_conditions.get(name, "")
        for entry in table:
            every = whole.get((entry.feature, entry.combination))
            apart = None if every is None else _number(entry.total - every.total, level)
            parts = (_number(getattr(entry, part), level) for part in EFFECT_PARTS)
            head = f"{name}: {entry_name(entry)}" if many else name
            rows.append((Term(head, condition), entry.n_rows, *parts, apart))
    heads = ("rows", *EFFECT_PARTS, "difference to the whole")
    return Table(
        f"Effects in each group ({report.about().score}), with {report.about().intervals}. The "
        f"last column is the group’s total minus that of the whole target; noise that both share "
        f"cancels in its interval.",
        (Column("group and feature" if many else "group", number=False), *map(Column, heads)),
        tuple(rows),
        name="Effects in groups",
    )


def _reaches_0(effect: Effect, level: float) -> bool:
    low, high = effect.interval(level)
    return low <= 0 <= high


def _number(effect: Effect, level: float) -> Number:
    return Number(effect.value, effect.interval(level))
