"""Effects in named groups of rows, side by side with those of the whole target."""

from __future__ import annotations

import workbench as wb
from widgets.parts import markup
from widgets.parts.sections import by_feature, drawing, section
from widgets.results.figures import subgroup_figure
from widgets.results.findings import interval_words
from workbench.common.wording import signed, span
from workbench.methods.effects import Effect, FeatureEffects

__all__ = ["subgroup_comparison"]

WHOLE = "the whole (all rows asked about)"
PARTS = ("total", "direct", "indirect")
MOST_SAID = 4
"""Groups that get a sentence of their own."""
MANY = 5
"""Groups from which on some differ by chance."""


def subgroup_comparison(report: wb.AuditReport) -> str:
    """Return the section about subgroups; "" when none were named."""
    left_out = {
        name.removeprefix("subgroup "): reason
        for name, reason in report.skipped.items()
        if name.startswith("subgroup ")
    }
    groups = report.subgroups
    if not groups and not left_out:
        return ""
    features = dict.fromkeys(
        entry.feature for table in groups.values() for entry in table if not entry.combination
    )
    return section(
        "In named groups",
        "The same question, asked of each group alone. An average over the whole can hide a group "
        "for which it is different.",
        by_feature("In each group:", {name: _feature(report, name) for name in features}),
        *(
            markup.notice(reason, "warning", f"Left out: the group {name}.")
            for name, reason in left_out.items()
        ),
    )


def _feature(report: wb.AuditReport, feature: str) -> str:
    whole = _entry(report.effects.of("cafe"), feature)
    rows = [(WHOLE, whole)] if whole else []
    rows += [
        (name, entry)
        for name, table in report.subgroups.items()
        if (entry := _entry(table, feature)) is not None
    ]
    conditions = report.subgroup_conditions
    tau = report.verdict.threshold if report.verdict else None
    table = markup.table(
        [_row(name, conditions.get(name, ""), entry, whole) for name, entry in rows],
        ["group", "where", "rows", *PARTS, "difference of the total to the whole"],
        caption=f"Effects of {feature} in each group (CAFÉ), with 95 % intervals",
        numeric=(2, 3, 4, 5, 6),
    )
    return (
        markup.bullets(_words(feature, rows, whole))
        + drawing(subgroup_figure(rows, threshold=tau, unit=report.unit))
        + table
    )


def _entry(table: wb.EffectTable, feature: str) -> FeatureEffects | None:
    own = (e for e in table if e.feature == feature and not e.combination)
    return next(own, None)


def _row(
    name: str, condition: str, entry: FeatureEffects, whole: FeatureEffects | None
) -> tuple[object, ...]:
    effects = (_two_lines(getattr(entry, part)) for part in PARTS)
    apart = "" if whole is None or entry is whole else _two_lines(entry.total - whole.total)
    return name, condition, entry.n_rows, *effects, apart


def _two_lines(effect: Effect) -> str:
    return interval_words(effect).replace(" (", "\n(", 1)


def _words(
    feature: str, rows: list[tuple[str, FeatureEffects]], whole: FeatureEffects | None
) -> list[str]:
    """Say in which groups the total differs from that of the whole, the largest difference first.

    What groups and whole share cancels in the difference, so that its interval is honest.
    """
    if whole is None:
        return []
    apart = [(name, e.total, e.total - whole.total) for name, e in rows if e is not whole]
    far = [group for group in apart if not group[2].low <= 0 <= group[2].high]
    far.sort(key=lambda group: -abs(group[2].value))
    said = [
        f"Total effect of {feature} in “{name}”: {signed(total.value)}. That is "
        f"{signed(difference.value)} apart from the whole (95 % interval "
        f"{span((difference.low, difference.high))})."
        for name, total, difference in far[:MOST_SAID]
    ]
    if len(far) > MOST_SAID:
        said.append(f"{len(far) - MOST_SAID} more groups differ; the table has them.")
    same = len(apart) - len(far)
    if same:
        groups = "1 group" if same == 1 else f"{same} groups"
        said.append(f"In {groups}, no difference to the whole was found at this precision.")
    if len(apart) >= MANY and far:
        said.append("Among many groups, about one in twenty seems to differ by chance alone.")
    return said
