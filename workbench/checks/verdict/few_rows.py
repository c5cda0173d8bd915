"""How few rows are too few for a firm verdict: of the data, the target, a level, a mediator.

The numbers follow from measured coverage (`benchmarks/small_tables.py`): normal intervals are too
short where few rows carry an estimate. What is asked of the model itself needs no rows at a level.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from workbench.checks.verdict.claims import Claim
from workbench.methods.effects import EffectTable
from workbench.methods.profile.profile import EffectProfile, FeatureProfile

__all__ = ["FEWEST_AT_LEVEL", "FEWEST_NAMED", "FEWEST_ROWS", "FewRows", "few_rows_of"]

FEWEST_ROWS = 50
"""Rows of data, of a target that stands for a population, and of those whose mediators are known,
below which nothing is firm."""
FEWEST_AT_LEVEL = 50
"""Rows at a tested level below which nothing is firm of an effect that is estimated."""
FEWEST_NAMED = 30
"""Named rows below which no absence of influence is stated."""
FEWEST_MISFIT = 500
"""Rows of data below which nothing is firm of an effect that is estimated where confounders act in
a way that the equations do not follow: how far it is off does not show in so few."""
ROUNDING = 1e-6
"""Share of the threshold that rounding may leave of an effect that nothing else carries."""
ASKED = "direct", "share"
"""Kinds of claims that are asked, and not estimated, of a model that answers."""


@dataclass(frozen=True)
class FewRows:
    """What too few rows carry.

    Attributes
    ----------
    reason : str
        Why an absence of influence cannot be said; "" where there are enough rows.
    nothing_firm : bool
        Whether no influence can be said either.
    enough : mapping of str to frozenset of str
        By feature, for estimates that some tested level has too few rows for: the levels
        that have enough.
    changes : mapping of str to str
        The one change that claims without a change of their own are about.
    asks : bool
        Whether direct effects are asked of the model.
    """

    reason: str = ""
    nothing_firm: bool = False
    enough: Mapping[str, frozenset[str]] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False

    def held_back(self, claim: Claim) -> Claim:
        """Return a claim that says nothing firm of levels whose rows are too few for it."""
        enough = self.enough.get(claim.feature)
        if claim.combination:  # a joint change sets them all
            enough = frozenset() if self.enough else None
        if enough is None or (self.asks and claim.kind in ASKED):
            return claim
        ends = self.changes.get(claim.feature, "").split(" → ")
        if claim.change:
            ends = [claim.before, claim.after]
        return replace(claim, below=False, above=claim.above and enough.issuperset(ends))


def few_rows_of(profile: EffectProfile | None, effects: EffectTable) -> FewRows:
    """Say what too few rows carry; without a profile nothing is known of the rows."""
    if profile is None:
        return FewRows()
    n_rows = min((found.n_rows for found in profile), default=0)
    if profile.table_rows < FEWEST_ROWS:
        return FewRows(_said(f"The data has {profile.table_rows} rows", FEWEST_ROWS), True)
    if profile.sampled and n_rows < FEWEST_ROWS:
        return FewRows(_said(f"The target has {n_rows} rows", FEWEST_ROWS), True)
    rare = {found.feature: rows for found in profile if (rows := _rare(profile, found))}
    unknown = _unknown(profile, effects)
    misfit = _misfit(profile, effects)
    reasons = [
        *_unknown_mediators(unknown),
        *_rare_levels(rare),
        *(_said_of_misfit(name, profile.table_rows) for name in misfit),
    ]
    if not profile.sampled and n_rows < FEWEST_NAMED:
        named = "1 row is" if n_rows == 1 else f"{n_rows} rows are"
        reasons.append(
            f"{named} named; that an influence is absent is not said of fewer than {FEWEST_NAMED}."
        )
    changes = {entry.feature: entry.intervention for entry in effects if not entry.combination}
    enough = _enough(profile, rare, (*unknown, *misfit))
    return FewRows(" ".join(reasons[:1]), False, enough, changes, profile.asks)


def _said(what: str, fewest: int) -> str:
    return f"{what}; nothing firm is said below {fewest}."


def _enough(
    profile: EffectProfile, rare: Mapping[str, Mapping[str, int]], none: Iterable[str]
) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {
        feature.feature: frozenset(level.label for level in feature.levels) - rows.keys()
        for feature in profile
        if (rows := rare.get(feature.feature))
    }
    found |= {name: frozenset() for name in none}
    return found


def _rare_levels(rare: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for feature, levels in rare.items():
        for label, rows in levels.items():
            held = "1 row holds" if rows == 1 else f"{rows} rows hold"
            yield (
                f"Only {held} {feature} = {label}; nothing firm is said below "
                f"{FEWEST_AT_LEVEL} of an effect that is estimated."
            )


def _rare(profile: EffectProfile, found: FeatureProfile) -> dict[str, int]:
    """Rows at tested levels that few rows hold, where effects are estimated and not only asked."""
    if found.combination or not _estimated(profile, found):
        return {}
    return {
        level.label: level.rows
        for level in found.levels
        if level.rows is not None and level.rows < FEWEST_AT_LEVEL
    }


def _estimated(profile: EffectProfile, found: FeatureProfile) -> bool:
    """Whether equations stand behind the effect: other features carry some, or none is asked."""
    part = found.parts.get("indirect")
    if not profile.asks or part is None:
        return True
    return abs(part.widest.value) + part.widest.error > ROUNDING * profile.threshold


def _unknown(profile: EffectProfile, effects: EffectTable) -> dict[str, int]:
    """Rows of the target with every mediator, by feature, where these are too few."""
    known = {
        entry.feature: entry.n_rows - entry.filled_rows for entry in effects if entry.filled_rows
    }
    return {name: rows for name, rows in known.items() if profile.sampled and rows < FEWEST_ROWS}


def _misfit(profile: EffectProfile, effects: EffectTable) -> list[str]:
    """Name features whose equations do not follow their confounders, in a short table."""
    if profile.table_rows >= FEWEST_MISFIT:
        return []
    return [entry.feature for entry in effects if entry.form and entry.form.missed]


def _said_of_misfit(feature: str, rows: int) -> str:
    return (
        f"What {feature} is adjusted for acts in a way that the equations do not follow; with "
        f"{rows} rows nothing firm is said of an effect that is estimated there, below "
        f"{FEWEST_MISFIT} it does not show how far such an effect is off."
    )


def _unknown_mediators(unknown: Mapping[str, int]) -> Iterator[str]:
    for name, rows in unknown.items():
        have = "1 row has" if rows == 1 else f"{rows} rows have"
        yield (
            f"Only {have} every mediator of {name}; nothing firm is said below {FEWEST_ROWS} of "
            f"an effect that is estimated."
        )
