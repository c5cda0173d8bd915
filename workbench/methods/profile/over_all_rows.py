"""Direct effects of a profile asked of every row of a table, of which the case holds a sample.

A use of a feature that few people meet may lie outside of a sample. The levels are those that the
profile tested; only what is asked of the model is asked of all rows, for it needs no equation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import scipy

from workbench.case.asking.as_they_are import AsTheyAre
from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.partition import CaseOfPartitions
from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditError
from workbench.common.map_reduce import On, engine_on
from workbench.common.progress import Progress, silent
from workbench.methods.profile.answers import Answers, Assignment
from workbench.methods.profile.found_groups import FEWEST_IN_GROUP
from workbench.methods.profile.gathered_rows import MOST_LEVELS, Gathered, gathered_rows
from workbench.methods.profile.level_sums import (
    AskedFeature,
    LevelJob,
    LevelSums,
    PeopleSums,
    RowSums,
    sums_on,
)
from workbench.methods.profile.measured import Measured
from workbench.methods.profile.plausible import plausibility_of
from workbench.methods.profile.profile import (
    EffectProfile,
    FeatureProfile,
    PartProfile,
    PeopleProfile,
)
from workbench.methods.profile.ranges import Range, profile_levels
from workbench.methods.profile.summary import level_bands, part_of

__all__ = [
    "MOST_ASKED",
    "AllRows",
    "asked_at_levels",
    "profile_over_all_rows",
    "questions_at_levels",
]

MOST_ASKED = 100_000_000
"""Rows that a model is asked about at the levels; where it were more, the sample alone is asked."""


@dataclass(frozen=True, eq=False)
class AllRows:
    """A profile whose direct effects were asked of every row of a table.

    Attributes
    ----------
    profile : EffectProfile
    queries : int
        Rows the model was asked about.
    gathered : tuple of Gathered
        Where the few rows are that a feature moves.
    """

    profile: EffectProfile
    queries: int = 0
    gathered: tuple[Gathered, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """Say where few rows are moved that the verdict lets pass."""
        tau, most = self.profile.threshold, self.profile.people_share
        return tuple(one.sentence(tau, most) for one in self.gathered)


def asked_at_levels(case: AuditCase, profile: EffectProfile) -> tuple[FeatureProfile, ...]:
    """Return the features of a profile that all rows of the case's table can be asked about.

    None of those that the model does not read: no row is moved by them directly.
    """
    table = case.table
    if table is None or table.n_rows == case.n_rows or not case.model.can_query:
        return ()
    if not profile.sampled:
        return ()
    return tuple(f for f in profile if not f.combination and f.feature in case.reads)


def questions_at_levels(
    case: AuditCase, target: UnlearningTarget, seed: int, levels: Range = "levels"
) -> int:
    """Return the most rows that would be asked about at levels, before a profile is made.

    The rows as they are come on top.
    """
    table = case.table
    if table is None or table.n_rows == case.n_rows or not case.model.can_query:
        return 0
    found = profile_levels(case, target, range=levels, seed=seed)
    return table.n_rows * sum(len(some) for name, some in found.items() if name in case.reads)


def profile_over_all_rows(
    case: AuditCase,
    target: UnlearningTarget,
    profile: EffectProfile,
    *,
    groups: Mapping[str, Condition] | None = None,
    on: On = None,
    progress: Progress = silent,
    rows: AsTheyAre | None = None,
) -> AllRows:
    """Ask about every row of the case's table at the levels of a profile.

    Parameters
    ----------
    case, target, profile
        The profile is one of the rows that the case holds.
    groups : mapping of str to Condition, optional
    on : int, Workers, Dask client, Engine, or None
    progress : callable, optional
    rows : AsTheyAre, optional
        The case's partitions, where another pass may have asked about their rows as they are.

    Raises
    ------
    AuditError
        The questions are too many, or the workers fail.
    """
    asked = asked_at_levels(case, profile)
    table = case.table
    if not asked or table is None:
        return AllRows(profile)
    most = table.n_rows * sum(len(found.levels) for found in asked)
    if most > MOST_ASKED:
        raise AuditError(
            f"Direct effects over all levels were asked of the sample alone: all "
            f"{table.n_rows:,} rows would take up to {most:,} questions, and more than "
            f"{MOST_ASKED:,} are not asked. Fewer features or named levels (range=) take fewer."
        )
    stubs = [_as_measured(case, found) for found in asked]
    job = LevelJob(
        CaseOfPartitions.of(case, target, groups),
        tuple(_to_ask(case, stub) for stub in stubs),
        profile.threshold,
        tuple(
            name
            for name, column in case.columns.items()
            if not column.is_numeric and 1 < len(column.levels) <= MOST_LEVELS
        ),
    )
    rows = AsTheyAre(case) if rows is None else rows
    with engine_on(on) as engine:
        before = rows.queries
        parts = rows.partitions(job.case, engine, progress)
        sums: RowSums = engine.map_reduce(
            partial(sums_on, job),
            parts,
            _added,
            lambda share: progress("all rows: every level", share),
        )
    places = (
        gathered_rows(found.feature, people, case.columns, profile.people_share)
        for found, (_, people, _) in zip(asked, sums.features, strict=True)
    )
    return AllRows(
        _with_sums(case, profile, asked, stubs, sums),
        rows.queries - before + sums.queries,
        tuple(place for place in places if place is not None),
    )


def _added(one: RowSums, other: RowSums) -> RowSums:
    return one + other


def _as_measured(case: AuditCase, found: FeatureProfile) -> Measured:
    """Return what names the levels of a profile, without an answer."""
    name, column = found.feature, case.columns[found.feature]
    values = [
        float("nan") if column.is_numeric and level.raw[0][1] is None else column.encode(raw)
        for level in found.levels
        for _, raw in level.raw
    ]
    labels = tuple(level.label for level in found.levels)
    assignment = Assignment(
        (name,),
        tuple({name: value} for value in values),
        labels,
        tuple(level.origin for level in found.levels),
        np.array([level.share for level in found.levels]),
    )
    usual = next((about.default for about in found.parts.values() if about.default), None)
    pair = None if usual is None else (labels.index(usual.ends[0]), labels.index(usual.ends[1]))
    return Measured(
        Answers({}, np.zeros(0), 0),
        assignment,
        [level.raw for level in found.levels],
        found.estimator,
        default=pair,
    )


def _to_ask(case: AuditCase, stub: Measured) -> AskedFeature:
    levels = tuple(level[stub.name] for level in stub.assignment.levels)
    fitted = plausibility_of(case, stub.name)
    return AskedFeature(stub.name, levels, stub.assignment.shares, fitted)


def _with_sums(
    case: AuditCase,
    profile: EffectProfile,
    asked: Sequence[FeatureProfile],
    stubs: Sequence[Measured],
    sums: RowSums,
) -> EffectProfile:
    """Return the profile with what all rows say in the place of what the sample said."""
    groups = {
        (found.feature, name): told
        for found, (_, _, by_group) in zip(asked, sums.features, strict=True)
        for name, told in by_group.items()
        if told.rows >= FEWEST_IN_GROUP
    }
    fresh = [told for (_, name), told in groups.items() if name in profile.left_out_groups]
    critical = max([profile.critical_groups, *_critical(profile, fresh, len(groups))])
    if critical > profile.critical_groups:
        profile = _at_critical(profile, critical)
    features = {found.feature: found for found in profile}
    for stub, (everyone, people, by_group) in zip(stubs, sums.features, strict=True):
        own = {name: told for name, told in by_group.items() if (stub.name, name) in groups}
        features[stub.name] = _feature(
            profile, features[stub.name], stub, everyone, people, own,
            alone=not case.carriers(stub.name),
        )  # fmt: skip
    told_of = {name for found in features.values() for name in found.groups}
    return replace(
        profile,
        features=tuple(features.values()),
        left_out_groups=tuple(name for name in profile.left_out_groups if name not in told_of),
    )


def _critical(profile: EffectProfile, fresh: Sequence[LevelSums], groups: int) -> list[float]:
    """Return a critical value, for all pairs in all groups, of groups that the sample left out."""
    shared = profile.alpha / profile.families
    return [
        float(scipy.stats.t.isf(shared / (groups * len(told.counts) ** 2), told.rows - 1))
        for told in fresh
    ]


def _at_critical(profile: EffectProfile, critical: float) -> EffectProfile:
    """Return the profile with the bounds of its groups at a larger critical value."""

    def wider(about: PartProfile) -> PartProfile:
        room = critical - profile.critical_groups
        usual = 0.0 if about.default is None else about.default_floor - room * about.default.error
        floor = max(about.floor - room * about.surest.error, 0.0)
        return replace(about, floor=floor, default_floor=max(usual, 0.0))

    features = tuple(
        replace(
            found,
            groups={
                name: {part: wider(about) for part, about in parts.items()}
                for name, parts in found.groups.items()
            },
        )
        for found in profile
    )
    return replace(profile, features=features, critical_groups=critical)


def _feature(
    profile: EffectProfile,
    found: FeatureProfile,
    stub: Measured,
    everyone: LevelSums,
    people: PeopleSums,
    groups: Mapping[str, LevelSums],
    *,
    alone: bool,
) -> FeatureProfile:
    """Put sums over all rows into a feature's profile; `alone` if nothing else carries it."""
    bounds = everyone.bounds()
    shares = stub.assignment.shares
    wanted: tuple[Literal["total", "direct"], ...] = ("total", "direct") if alone else ("direct",)
    names = tuple(name for name in wanted if name in found.parts)

    def parts(sums: LevelSums, critical: float) -> dict[str, PartProfile]:
        about = sums.bounds()
        return {name: part_of(stub, name, about, profile.alpha, critical) for name in names}

    bands = level_bands(shares, bounds, profile.critical)
    levels = tuple(
        replace(level, effects={**level.effects, **dict.fromkeys(names, band)})
        for level, band in zip(found.levels, bands, strict=True)
    )
    direct = _people(profile, stub, everyone, people)
    by_name: dict[str, PeopleProfile] = {
        name: replace(direct, part=name) for name in names if name in found.people
    }
    return replace(
        found,
        levels=levels,
        parts={**found.parts, **parts(everyone, profile.critical)},
        people={**found.people, **by_name},
        groups={
            **found.groups,
            **{
                name: {**found.groups.get(name, {}), **parts(told, profile.critical_groups)}
                for name, told in groups.items()
            },
        },
        group_rows={
            **found.group_rows,
            **{n: told.rows for n, told in groups.items() if alone or n not in found.groups},
        },
        direct_rows=everyone.rows,
    )


def _people(
    profile: EffectProfile, stub: Measured, everyone: LevelSums, people: PeopleSums
) -> PeopleProfile:
    """Return what all rows say of single people: counts, which nothing has to be estimated from."""
    n = max(people.rows, 1)
    mean = people.size / n
    variance = max(people.squares / n - mean**2, 0.0)
    moved = people.moved / n
    low, high = everyone.widest()
    values = everyone.bounds()
    place = int(np.flatnonzero((values.low == low) & (values.high == high))[0])
    return PeopleProfile(
        "direct",
        mean,
        float(np.sqrt(variance / n)),
        people.moved,
        people.rows,
        moved,
        moved,
        people.reach(int(profile.people_share * n), profile.threshold),
        stub.pair(low, high, float(values.values[place]), 0.0, float(values.shares[place])),
    )
