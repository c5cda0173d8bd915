"""Arrows into a feature whose other direction would make more of it, as a value and in words.

From data alone the direction of an arrow is seldom known, and a small effect may rest on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.common.against_threshold import lies_beyond
from workbench.common.wording import listing, signed, stated

__all__ = ["TurnedArrow", "condition_of", "sentences_of"]


@dataclass(frozen=True)
class TurnedArrow:
    """What would count as a feature's if it came before what is drawn before it.

    Attributes
    ----------
    feature : str
    causes : tuple of str
        What is drawn before the feature, and would come after it.
    change : str
        The two levels of the feature that predictions differ between most, in words.
    value, low, high : float
        By how much predictions differ between them, with a 95 % interval that does not count that
        they were picked as the largest difference.
    explained : bool
        Whether the graph gives a reason for each of these arrows.
    hidden : bool
        Whether the causes are hidden ones, behind the feature and others.
    """

    feature: str
    causes: tuple[str, ...]
    change: str
    value: float
    low: float
    high: float
    explained: bool = False
    hidden: bool = False

    @property
    def drawn(self) -> str:
        """What the graph says, in words."""
        causes, one = listing(self.causes, 3), len(self.causes) == 1
        if self.hidden:
            return f"the hidden {causes} {'is' if one else 'are'} behind {self.feature} and others"
        return f"{causes} {'comes' if one else 'come'} before {self.feature}"

    def surely(self, threshold: float) -> bool:
        """Whether the interval, too, lies beyond the threshold."""
        return lies_beyond(self.low, self.high, threshold)

    def sentence(self, threshold: float) -> str:
        """Say what the other direction would mean."""
        causes, feature = listing(self.causes, 3), self.feature
        why = ", for the reason that the graph gives" if self.explained else ""
        if self.hidden:
            none, other = (
                "what goes with it through them",
                f"{feature} itself were behind the others",
            )
        else:
            none, other = f"what {causes} moves", f"{feature} came before {causes}"
        return (
            f"As drawn, {self.drawn}{why}, so that {none} is none of the influence of {feature}. "
            f"If {other}, {feature} ({self.change}) would move predictions by about "
            f"{signed(self.value)}, {'' if self.surely(threshold) else 'perhaps '}more than "
            f"{stated(threshold)}. Data alone seldom tell which it is."
        )


def condition_of(turned: Iterable[TurnedArrow]) -> str:
    """Return the condition under which a small effect is one, for a headline; "" without any."""
    open_ = [arrow.drawn for arrow in turned if not arrow.explained]
    return f", if {listing(list(dict.fromkeys(open_)), 3)}, as drawn" if open_ else ""


def sentences_of(turned: Iterable[TurnedArrow], threshold: float) -> Iterator[str]:
    """Say of each arrow what its other direction would mean, the largest effect first."""
    for arrow in sorted(turned, key=lambda one: -abs(one.value)):
        yield arrow.sentence(threshold)
