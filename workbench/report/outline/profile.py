"""Effects over all levels of a feature, for single people and for groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from workbench.checks.verdict.claims import who
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
from workbench.common.charts import BarChart, BarRow
from workbench.common.wording import rate, share, signed, stated
from workbench.methods.profile.profile import (
    PARTS,
    EffectProfile,
    FeatureProfile,
    LevelEffect,
    Pair,
    PartProfile,
)
from workbench.report.findings import AuditFindings

__all__ = ["level_tables", "profile", "profile_figure"]

DRAWN_FEATURES = 3
"""Features with a picture of their own; the tables have them all."""
DRAWN_LEVELS = 12
NAMED = 3
"""Features that a change of several together names."""
LISTED = 8
"""Features of a table: those with the clearest change, and all features together."""
HEAD = ("clearest change", "its effect", "at least", "at most, of any change")


def profile(report: AuditFindings) -> Section | None:
    """Return the effects over levels, people and groups; None for an audit of one change."""
    found = report.profile
    if found is None:
        return None
    return Section(
        "profile", "Over the tested levels, for people and groups", tuple(_blocks(report))
    )


def level_tables(report: AuditFindings) -> tuple[Table, ...]:
    """Return the mean prediction at every level of each feature; of one change there are none."""
    found = report.profile
    if found is None or found.scope == "change":
        return ()
    return tuple(_level_table(one, report) for one in found if len(one.levels) > 1 and one.parts)


def _level_table(found: FeatureProfile, report: AuditFindings) -> Table:
    parts = [part for part in PARTS if part in found.parts]
    points = report.unit == "probability"
    rows: list[tuple[Cell, ...]] = []
    for level in found.levels:
        cells = (
            Number(value, (low, high), points=points)
            for value, low, high in (level.effects[part] for part in parts if part in level.effects)
        )
        numbers = tuple(cells)
        if len(numbers) == len(parts):
            rows.append((level.label, *_held(found, level), *numbers))
    of_each = (
        f"the {report.about().score} of this row goes from its average over the levels when it"
        if report.n_target_rows == 1
        else f"the mean {report.about().score} goes from its average when every row"
    )
    heads = () if found.combination else (Column("rows"),)
    return Table(
        f"{_name(found)}: how far {of_each} is set to the level, with bounds that hold for all "
        f"tested levels at once.",
        (Column("level", number=False), *heads, *map(Column, parts)),
        tuple(rows),
        name=f"{found.feature}, level by level",
        audience="annex",
    )


def _held(found: FeatureProfile, level: LevelEffect) -> tuple[Cell, ...]:
    """Return the rows at or near a level; what rows hold a combination is not counted."""
    return () if found.combination else (Number(level.share, form="share"),)


def _blocks(report: AuditFindings) -> Iterator[Block]:
    found = report.profile
    assert found is not None
    if report.verdict is not None and report.verdict.basis:
        yield Bullets(report.verdict.basis)
    single = [one for one in found if not one.combination]
    single.sort(key=lambda one: -_floor(one))
    listed = [*(one for one in found if one.combination), *single[:LISTED]]
    if (more := len(single) - LISTED) > 0:
        yield Sentence(
            f"The tables have the {LISTED} features with the clearest change; the saved report has "
            f"the other {more}.",
            quiet=True,
        )
    for one in single[:DRAWN_FEATURES]:
        if "total" in one.parts and len(one.levels) > 1:
            yield profile_figure(one, report)
    score = report.about().score
    yield _changes(listed, score)
    if len(single) > 1:
        yield _ranking(found, score)
    if report.n_target_rows > 1 and any(one.people for one in found):
        yield _people(found, listed)
    if any(one.groups for one in found):
        title = "The same for each group that was named or looked for"
        table = _groups(listed, score)
        yield Section("profile-groups", title, (table,), folded=True, audience="annex")


def _floor(found: FeatureProfile) -> float:
    return found.parts["total"].floor if "total" in found.parts else 0.0


def profile_figure(found: FeatureProfile, report: AuditFindings, place: str = "") -> Figure:
    """Draw how far the mean prediction goes with a feature set to each of its levels.

    `place` says where the picture stands, where a page shows it twice.
    """
    levels = sorted(found.levels, key=lambda level: -level.share)[:DRAWN_LEVELS]
    kept = [level for level in found.levels if level in levels and "total" in level.effects]
    rows = tuple(BarRow(level.label, *level.effects["total"], share(level.share)) for level in kept)
    more = len(found.levels) - len(kept)
    one = report.n_target_rows == 1
    score = report.about().score
    chart = BarChart(
        rows,
        f"{score[:1].upper()}{score[1:]} of this row with {found.feature} set to each level{place}"
        if one
        else f"Mean {score} with {found.feature} set to each level{place}",
        "distance from the mean over the feature’s own distribution",
        report.about().threshold,
    )
    rest = f" {more} rarer levels are left out of the picture." if more else ""
    of = "the prediction goes when this row" if one else "the mean prediction goes when every row"
    return Figure(
        chart,
        title=f"{found.feature}, level by level",
        caption=f"How far {of} is set to the level; the thin "
        "lines hold for all tested levels at once; at the right, the level’s share of the "
        f"rows.{rest}",
    )


def _changes(listed: list[FeatureProfile], score: str) -> Table:
    rows = tuple(
        (f"{_name(one)}, {part}", *_part(over))
        for one in listed
        for part, over in one.parts.items()
    )
    return Table(
        f"The clearest change between two levels, with a bound from below that holds for all "
        f"changes at once, and a bound from above on any change ({score}).",
        (
            Column("feature and effect", number=False),
            Column(HEAD[0], number=False),
            *map(Column, HEAD[1:]),
        ),
        rows,
        name="Effects over all levels",
        audience="annex",
    )


def _ranking(found: EffectProfile, score: str) -> Table:
    """Rank the features by how much the mean prediction varies with them; ties share a rank."""
    ranked = found.ranking().to_dict("records")
    ranks = [row["rank"] for row in ranked]
    return Table(
        f"How much the mean prediction varies with each feature under the feature’s own "
        f"distribution (a standard deviation, {score}), with its {rate(1 - found.alpha)} "
        f"interval, and the mean size of the change at single rows. Features whose intervals "
        f"overlap with that of the one that leads a rank share it.",
        (
            Column("rank"),
            Column("feature", number=False),
            Column("standard deviation"),
            Column("mean size at single rows, any level"),
        ),
        tuple(
            (
                f"{row['rank']} (tie)" if ranks.count(row["rank"]) > 1 else str(row["rank"]),
                row["feature"],
                Number(row["spread"], (row["spread_low"], row["spread_high"]), form="size"),
                None if np.isnan(row["mean_size"]) else _size(row["mean_size"]),
            )
            for row in ranked
        ),
        name="Ranking of the features",
    )


def _part(over: PartProfile) -> tuple[Cell, ...]:
    pair = over.surest
    return _change(pair), Number(pair.value), _size(over.floor), _size(over.ceiling)


def _name(found: FeatureProfile) -> str:
    return who(found.feature, joint=bool(found.combination))


def _change(pair: Pair) -> str:
    """Write a change; of many features set together the first that differ between its ends."""
    low, high = (end.split("; ") for end in pair.ends)
    if len(low) <= NAMED or len(low) != len(high):
        return pair.text
    differ = [ends for ends in zip(low, high, strict=True) if ends[0] != ends[1]]
    if not differ:
        return pair.text
    more = len(differ) - NAMED
    rest = f"; and {more} more" if more > 0 else ""
    first, last = ("; ".join(ends) for ends in zip(*differ[:NAMED], strict=True))
    return f"{first} → {last}{rest}"


def _size(value: float) -> str:
    return signed(value).lstrip("+")


def _people(found: EffectProfile, listed: list[FeatureProfile]) -> Table:
    tau = stated(found.threshold)
    return Table(
        f"Single people: the share of rows whose own prediction some tested level moves by more "
        f"than {tau}, and the mean size of a change to any level, drawn from the data. The direct "
        f"effect is asked of the model; the "
        f"total assumes that a row keeps its noise when its causes change.",
        (
            Column("feature and effect", number=False),
            Column("widest between", number=False),
            Column(f"moved by more than {tau}"),
            Column("mean size, any level"),
            Column("rows asked"),
        ),
        tuple(
            (
                f"{_name(one)}, {part}",
                _change(people.pair) if people.mean_size else None,
                Number(people.share, (people.moved_low, people.moved_high), form="share"),
                _size(people.mean_size),
                people.asked,
            )
            for one in listed
            for part, people in one.people.items()
        ),
        name="Single people",
    )


def _groups(listed: list[FeatureProfile], score: str) -> Table:
    return Table(
        f"In each group: the clearest change between two levels, with bounds over all groups at "
        f"once ({score}).",
        (
            Column("group", number=False),
            Column("feature and effect", number=False),
            Column("rows"),
            Column(HEAD[0], number=False),
            *map(Column, HEAD[1:]),
        ),
        tuple(
            (group, f"{_name(one)}, {part}", _rows(one.group_rows, group), *_part(over))
            for one in listed
            for group, parts in one.groups.items()
            for part, over in parts.items()
        ),
        name="Groups over all levels",
    )


def _rows(counts: Mapping[str, int], group: str) -> Cell:
    return counts.get(group)
