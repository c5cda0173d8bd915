"""Influences above the threshold that a mean below it hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.checks.verdict.claims import Claim
from workbench.common.against_threshold import exceeds
from workbench.common.wording import share, signed, stated

__all__ = ["Cancellation", "cancellations_of"]


@dataclass(frozen=True)
class Cancellation:
    """Influences above the threshold that cancel to a total below it.

    Attributes
    ----------
    feature : str
    total : float
        What the parts cancel to.
    parts : tuple of (str, float)
    over : {"paths", "people", "groups", "features"}
        What cancels.
    """

    feature: str
    total: float
    parts: tuple[tuple[str, float], ...]
    over: Literal["paths", "people", "groups", "features"] = "paths"

    def sentence(self, threshold: float) -> str:
        """Say it in words."""
        if self.over == "people":
            said = "; ".join(
                f"{name} {share(value) if 'share of rows' in name else signed(value)}"
                for name, value in self.parts
            )
            return (
                f"{self.feature}: single rows move by more than their average shows ({said}), "
                f"while no mean over all rows differs by more than {stated(threshold)} between "
                f"levels "
                f"(largest difference {signed(self.total)}). The average hides them."
            )
        parts = "; ".join(f"{name} {signed(value)}" for name, value in self.parts)
        return (
            f"{self.feature}: influences above {stated(threshold)} cancel to a total of "
            f"{signed(self.total)} ({parts}). The average hides them."
        )


def cancellations_of(claims: Sequence[Claim], threshold: float) -> tuple[Cancellation, ...]:
    """Find what cancels: over paths, over people, over groups, over a target's features."""
    found = []
    for feature in dict.fromkeys(claim.feature for claim in claims):
        own = [claim for claim in claims if claim.feature == feature]
        found += [*_over_paths(feature, own, threshold), *_over_rows(feature, own, threshold)]
    return (*found, *_over_features(claims, threshold))


def _over_paths(feature: str, own: Sequence[Claim], threshold: float) -> list[Cancellation]:
    own = [claim for claim in own if claim.over in ("change", "values")]
    small = _small_total(own, threshold)
    parts = [c for c in own if c.above and c.kind in ("direct", "path")]
    if not any(c.kind == "path" for c in own):
        parts = [c for c in own if c.above and c.kind in ("direct", "indirect")]
    if small is None or {np.sign(c.value) for c in parts} != {1.0, -1.0}:
        return []
    return [Cancellation(feature, small, _shown(parts))]


def _over_rows(feature: str, own: Sequence[Claim], threshold: float) -> list[Cancellation]:
    """People and groups that move though no mean over all of them does."""
    values = [c for c in own if c.over == "values" and c.kind == "total"]
    if not values or any(c.above for c in own if c.over == "values"):
        return []
    found = []
    largest = max((c.value for c in values), key=abs)
    groups = [c for c in own if c.over == "groups" and c.above and c.kind == "total"]
    if {np.sign(c.value) for c in groups} == {1.0, -1.0}:
        found.append(Cancellation(feature, largest, _shown(groups), "groups"))
    people = [c for c in own if c.over == "people" and c.above]
    if people and abs(largest) <= threshold:
        found.append(Cancellation(feature, largest, _shown(people), "people"))
    return found


def _over_features(claims: Sequence[Claim], threshold: float) -> list[Cancellation]:
    """Features that move the mean one by one, but not when they are set together."""
    totals = [c for c in claims if c.over == "values" and c.kind == "total"]
    joint = [c for c in totals if c.combination]
    singles = [c for c in totals if c.above and not c.combination]
    if not joint or len(singles) < 2 or joint[0].above or abs(joint[0].value) > threshold:
        return []
    return [Cancellation(joint[0].feature, joint[0].value, _shown(singles), "features")]


def _small_total(own: Sequence[Claim], threshold: float) -> float | None:
    totals = [claim.value for claim in own if claim.kind == "total"]
    small = [total for total in totals if not exceeds(total, threshold)]
    return small[0] if small else None


def _shown(parts: Sequence[Claim]) -> tuple[tuple[str, float], ...]:
    return tuple((c.name, c.value) for c in sorted(parts, key=lambda c: -abs(c.value)))
