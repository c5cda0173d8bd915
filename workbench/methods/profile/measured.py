"""The answers about one feature, or about several together, that a profile sums up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workbench.common.arrays import BoolArray, FloatArray
from workbench.methods.profile.answers import Answers, Assignment
from workbench.methods.profile.bounds import LevelMeans
from workbench.methods.profile.corrections import Corrected
from workbench.methods.profile.levels import TestedLevels
from workbench.methods.profile.profile import Pair

__all__ = ["LEAST_SHARE", "Measured"]


LEAST_SHARE = 0.5
"""Share of the rows that a pair must be plausible for to show influence by itself."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The answers about one feature, or about several together.

    Attributes
    ----------
    raw : sequence of tuples
        Per level the features and the levels as an intervention names them.
    levels : TestedLevels or None
        None for a joint intervention.
    default : (int, int) or None
        Places of the default contrast's levels.
    implausible : ndarray, shape (levels,), or None
        Share of the rows left out at each level.
    groups : mapping of str to ndarray of bool, shape (m,)
    found : frozenset of str
        Which of the groups were looked for on other rows, not named.
    corrected : Corrected or None
        Totals on average and in groups that replace the simulated ones.
    followed : bool
        Whether only numbers carry the change: a category changes by chance, row by row.
    """

    answers: Answers
    assignment: Assignment
    raw: Sequence[tuple[tuple[str, object], ...]]
    estimator: str
    levels: TestedLevels | None = None
    default: tuple[int, int] | None = None
    untested: tuple[str, ...] = ()
    n_untested: int = 0
    n_rows: int = 0
    queries: int = 0
    implausible: FloatArray | None = None
    groups: Mapping[str, BoolArray] = field(default_factory=dict)
    found: frozenset[str] = frozenset()
    corrected: Corrected | None = None
    followed: bool = False

    @property
    def parts(self) -> dict[str, LevelMeans]:
        """Means at every level by part, corrected where they could be."""
        return {**self.answers.parts, **({} if self.corrected is None else self.corrected.parts)}

    @property
    def name(self) -> str:
        """The feature's name, or those of all."""
        return " + ".join(self.assignment.features)

    def pair(self, low: int, high: int, value: float, error: float, share: float) -> Pair:
        """Return two levels as a pair; those of the default contrast go its way."""
        ends = self.assignment.labels[low], self.assignment.labels[high]
        pair = Pair(self.raw[low], self.raw[high], ends, value, error, share)
        return pair.turned() if self.default == (high, low) else pair
