"""A profile as a value: numbers about levels, people and groups, and no row of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.common.errors import TargetError, listed

__all__ = [
    "PARTS",
    "PEOPLE_CLAIMS",
    "SOUGHT",
    "EffectProfile",
    "FeatureProfile",
    "LevelEffect",
    "Pair",
    "PartProfile",
    "PeopleProfile",
]

Part = Literal["total", "direct", "indirect"]
PARTS: tuple[Part, ...] = ("total", "direct", "indirect")
SOUGHT = "rows where "
"""How the name of a group begins that was looked for; others were named by the auditor."""
FEWEST_SOUGHT = 400
"""Rows asked about below which no group is looked for."""
LEAST_GROUP = 0.02
ROWS_OF_A_GROUP = 30
"""Share of the rows asked about, and number of them, below which a group that is moved through
other features may be missed; twice as many where categories carry the change."""
PEOPLE_CLAIMS = 4
"""Claims about one feature's people, of which one suffices: sizes of total and direct effects, the
share of rows, and groups that were looked for."""


@dataclass(frozen=True)
class LevelEffect:
    """What the mean prediction comes to when every row is set to one level.

    Attributes
    ----------
    label : str
    origin : str
        Why the level was tested: "level", "value", "quantile", "drawn", "bend", "missing",
        "named", or "combination" of a joint intervention.
    share : float
        Share of the rows at or nearest to the level.
    effects : mapping of str to (float, float, float)
        By part, the mean's distance from the profile's own average with its simultaneous bounds.
    implausible : float
        Share of the rows that could hardly have had the level and are left out of its comparisons.
    rows : int or None
        Rows of the data that hold the level; None for a number among many, which its neighbours
        stand for, for combinations, and in reports from before it was kept.
    raw : tuple of (str, level)
        Feature and level, one pair per feature that is set; () in a report that was read back.
    """

    label: str
    origin: str
    share: float
    effects: Mapping[str, tuple[float, float, float]]
    implausible: float = 0.0
    rows: int | None = None
    raw: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two levels compared with each other.

    Attributes
    ----------
    low, high : tuple of (str, level)
        Feature and level, one pair per feature that is set; a level of None is "missing".
    ends : tuple of str
        Both levels in words; for several features, each combination of theirs.
    value, error : float
        Mean effect of going from `low` to `high`, and its standard error.
    share : float
        Share of the rows for which both levels are plausible.
    text : str
        The change in words; nothing is read back from it.
    """

    low: tuple[tuple[str, Any], ...]
    high: tuple[tuple[str, Any], ...]
    ends: tuple[str, str]
    value: float
    error: float
    share: float = 1.0
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", " → ".join(self.ends))

    def turned(self) -> Pair:
        """Return the change in the other direction."""
        low, high = self.ends
        return Pair(self.high, self.low, (high, low), -self.value, self.error, self.share)


@dataclass(frozen=True)
class PartProfile:
    """One kind of effect over all pairs of levels.

    Attributes
    ----------
    part : {"total", "direct", "indirect"}
    surest : Pair
        The pair with the largest |effect| that holds for all pairs at once, among those that at
        least half of the rows are plausible for.
    widest : Pair
        The pair whose own one-sided bound reaches farthest.
    floor : float
        Simultaneous lower bound of the surest pair's |effect|; 0 at the least.
    ceiling : float
        One-sided upper bound of the widest pair's |effect|, for that pair alone.
    extrapolated : Pair or None
        A pair that would lie above `floor`, but rests on fewer than half of the rows.
    default : Pair or None
        The default contrast, where at least half of the rows are plausible for it.
    default_floor : float
        As `floor`, of that pair; 0 where there is none.
    spread, spread_low, spread_high : float
        Standard deviation of the profile under the feature's own distribution, with its interval.
    """

    part: Part
    surest: Pair
    widest: Pair
    floor: float
    ceiling: float
    extrapolated: Pair | None = None
    default: Pair | None = None
    default_floor: float = 0.0
    spread: float = float("nan")
    spread_low: float = float("nan")
    spread_high: float = float("nan")

    def deciding(self, threshold: float) -> Pair | None:
        """Return the pair that shows an effect beyond a threshold, if one does.

        The default contrast where it shows one, as the more usual change; else the surest pair.
        """
        if self.default is not None and self.default_floor > threshold:
            return self.default
        return self.surest if self.floor > threshold else None


@dataclass(frozen=True)
class PeopleProfile:
    """One kind of effect at single rows, over levels drawn from the feature's own distribution.

    Attributes
    ----------
    part : {"total", "direct"}
        The direct one is asked and exact. The total rests on the assumption that a row keeps its
        noise when its causes change, which no data can check.
    mean_size, error : float
        Mean absolute change of a row's prediction, and its standard error.
    moved, asked : int
        Rows that some tested level moves by more than the threshold, of how many.
    moved_low, moved_high : float
        Bounds of that share among all of the target's rows: it is at least `moved_low` with the
        error rate that the family's claims share, and at most `moved_high` with alpha's.
    reach : float
        The smallest threshold that at most the stated share of the rows is surely moved beyond;
        NaN where too few rows were asked about to say.
    pair : Pair
        The two levels that lie widest apart on average over the sizes of row effects.
    inflation : float
        At most by so much noise in the equations enlarges `mean_size` on average; computed where
        the size seems to lie above the threshold, else 0. An influence is shown only beyond it.
    """

    part: Literal["total", "direct"]
    mean_size: float
    error: float
    moved: int
    asked: int
    moved_low: float
    moved_high: float
    reach: float
    pair: Pair
    inflation: float = 0.0

    @property
    def share(self) -> float:
        """Share of the rows asked about that some level moves by more than the threshold."""
        return self.moved / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class FeatureProfile:
    """The profile of one feature, or of several that are set together.

    Attributes
    ----------
    feature : str
        Names joined by " + " for a joint intervention.
    estimator : str
        Of the total effect: "fuzzing" or "cafe".
    combination : {"", "joint"}
    levels : tuple of LevelEffect
    parts : mapping of str to PartProfile
    people : mapping of str to PeopleProfile
        Empty for logged predictions: single rows cannot be asked about.
    groups : mapping of str to mapping of str to PartProfile
        The same for every named group that is large enough.
    group_rows : mapping of str to int
    untested : tuple of str
        Levels that too few rows hold.
    n_untested : int
    n_rows, asked_rows, queries : int
        Rows of the target, rows of the sample, questions to the model.
    left_out : float
        Share of level–row pairs that are implausible.
    corrected : bool
        Whether simulated totals are corrected at every level by what the equations leave
        unexplained, as the debiased estimate is.
    followed : bool
        Whether only numbers carry the change to the prediction. A category that carries it changes
        by chance, row by row, and which rows are moved says little then.
    direct_rows : int
        Rows of a whole table that direct effects were asked of, where a case holds only a sample
        of its rows; 0 where the sample alone was asked. Totals then rest on them, too, unless
        other features carry some.
    """

    feature: str
    estimator: str
    combination: str
    levels: tuple[LevelEffect, ...]
    parts: Mapping[str, PartProfile]
    people: Mapping[str, PeopleProfile] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, PartProfile]] = field(default_factory=dict)
    group_rows: Mapping[str, int] = field(default_factory=dict)
    untested: tuple[str, ...] = ()
    n_untested: int = 0
    n_rows: int = 0
    asked_rows: int = 0
    queries: int = 0
    left_out: float = 0.0
    corrected: bool = False
    followed: bool = False
    direct_rows: int = 0

    @property
    def carried(self) -> bool:
        """Whether other features carry any of it."""
        indirect = self.parts.get("indirect")
        return indirect is None or bool(indirect.widest.value)


@dataclass(frozen=True)
class EffectProfile:
    """How the prediction goes with a target's features over their levels, people and groups.

    Attributes
    ----------
    features : tuple of FeatureProfile
        Each feature alone, then jointly where there are several.
    threshold : float
        τ that rows are counted against, in the unit of the prediction.
    alpha : float
        Error rate that all bounds of one family of claims share.
    families : int
        Families of claims that share alpha where any one suffices.
    people_share : float
        Share of the rows that may be moved directly by more than the threshold.
    critical : float
        Critical value of the largest of all pairs, in standard errors.
    critical_groups : float
        The same of all pairs in all groups.
    sampled : bool
        Whether the rows stand for a population.
    table_rows : int
        Rows of the data.
    asks : bool
        Whether the model could be asked about changed rows.
    scope : {"levels", "named", "change"}
        Whether all levels were tested, several that somebody named, or one change.
    unit : str
    seed : int
    left_out_groups : tuple of str
        Named groups with too few rows for a profile of their own.
    people_from : float or None
        Share of the rows down to which a group that is moved by more than the threshold would be
        found; None where single rows were not followed, or in reports from before it was kept.
    """

    features: tuple[FeatureProfile, ...]
    threshold: float
    alpha: float
    families: int
    people_share: float
    critical: float
    critical_groups: float
    sampled: bool
    table_rows: int
    asks: bool
    scope: Literal["levels", "named", "change"]
    unit: str
    seed: int
    left_out_groups: tuple[str, ...] = ()
    people_from: float | None = None

    def __iter__(self) -> Iterator[FeatureProfile]:
        return iter(self.features)

    def __getitem__(self, feature: str) -> FeatureProfile:
        for found in self.features:
            if found.feature == feature:
                return found
        known = [found.feature for found in self.features]
        raise TargetError(f"No profile of {feature!r} was made. Known: {listed(known)}.")

    @property
    def queries(self) -> int:
        """Questions to the model."""
        return sum(found.queries for found in self.features)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature and level.

        Returns
        -------
        DataFrame
            Columns feature, level, origin, share, implausible, then total, direct and indirect,
            each with ``_low`` and ``_high`` of the simultaneous band, as distances from the
            profile's own average.
        """
        records = []
        for found in self.features:
            for level in found.levels:
                record: dict[str, Any] = {
                    "feature": found.feature,
                    "level": level.label,
                    "origin": level.origin,
                    "share": level.share,
                    "implausible": level.implausible,
                }
                for part in PARTS:
                    value, low, high = level.effects.get(part, (np.nan,) * 3)
                    record |= {part: value, f"{part}_low": low, f"{part}_high": high}
                records.append(record)
        columns = ["feature", "level", "origin", "share", "implausible"]
        columns += [f"{part}{end}" for part in PARTS for end in ("", "_low", "_high")]
        return pd.DataFrame(records, columns=columns)

    def ranking(self) -> pd.DataFrame:
        """Rank features by the standard deviation of their total profile.

        Returns
        -------
        DataFrame
            Columns rank, feature, spread, spread_low, spread_high, mean_size; features whose
            intervals overlap with the one that leads a rank share it.
        """
        singles = [f for f in self.features if not f.combination]
        singles.sort(key=lambda f: -f.parts["total"].spread)
        records: list[dict[str, Any]] = []
        for place, found in enumerate(singles, start=1):
            part = found.parts["total"]
            leads = not records or part.spread_high < records[-1]["leader"]
            people = found.people.get("total")
            records.append(
                {
                    "rank": place if leads else records[-1]["rank"],
                    "feature": found.feature,
                    "spread": part.spread,
                    "spread_low": part.spread_low,
                    "spread_high": part.spread_high,
                    "mean_size": np.nan if people is None else people.mean_size,
                    "leader": part.spread_low if leads else records[-1]["leader"],
                }
            )
        columns = ["rank", "feature", "spread", "spread_low", "spread_high", "mean_size"]
        return pd.DataFrame(records, columns=[*columns, "leader"])[columns]
