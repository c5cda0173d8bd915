"""What to do about the influence that is left, in order and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from workbench.checks.next_actions.example_pairs import ExamplePair
from workbench.checks.next_actions.feature_actions import Action
from workbench.common.wording import rate, stated, with_interval

__all__ = ["NextActions"]

MOST_CHANGES = 3
"""Changes that are named; of more features these are counted."""
NOT_WORKED_OUT = (
    "A residue that moves people opposite ways, or a group alone, shows in no such average: what "
    "to block for it is not worked out."
)


@dataclass(frozen=True, eq=False)
class NextActions:
    """What to do about what is left, in order.

    Attributes
    ----------
    actions : tuple of Action
        Empty when nothing above the threshold is left.
    left : tuple of (feature, value, low, high)
        The total effect that is left of every feature of the target, with its interval.
    threshold : float
        τ, in the unit of the prediction.
    residue : bool
        Whether it is about what is left above a retrained model.
    notes : tuple of str
        What was not looked at, and what to be careful about.
    pairs : tuple of ExamplePair
        Rows that show it. Personal data: neither in the frame nor in the sentences, and not to be
        saved with a report.
    about : str
        The one change that all of it is about, in words; "" in reports of earlier versions.
    level : float
        Coverage of each interval.
    """

    actions: tuple[Action, ...]
    left: tuple[tuple[str, float, float, float], ...]
    threshold: float
    residue: bool
    notes: tuple[str, ...] = ()
    pairs: tuple[ExamplePair, ...] = ()
    about: str = ""
    level: float = 0.95

    @property
    def decision(self) -> Literal["actions", "no action"]:
        """Whether anything is named to do."""
        return "actions" if self.actions else "no action"

    @property
    def headline(self) -> str:
        """The first action, or that none is named."""
        if not self.actions:
            return self.sentences()[0]
        return self.actions[0].sentence(self.threshold, self._whole)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per action: the fields of :class:`Action`, `what` joined by " + "."""
        columns = list(Action.__dataclass_fields__)
        frame = pd.DataFrame([vars(action) for action in self.actions], columns=columns)
        frame["what"] = frame["what"].map(" + ".join)
        return frame

    def sentences(self) -> tuple[str, ...]:
        """Say what to do in words."""
        about = " beyond what a retrained model carries" if self.residue else ""
        if not self.actions:
            most = max(self.left, key=lambda entry: abs(entry[1]))
            whose = " of one feature by itself" if len(self.left) > 1 else ""
            return (
                f"No total influence{whose} above {stated(self.threshold)}{about} was found, so no "
                f"action is named (largest: {most[0]}, "
                f"{with_interval(most[1], most[2:], what='')}).",
                *((NOT_WORKED_OUT,) if self.residue else ()),
                *self._change(),
                *self.notes,
            )
        followed = {action.feature for action in self.actions}
        named = "Left, by the equations," if self.residue else "The total effect"
        what = f"{rate(self.level)} interval"
        said = [
            f"{named} of {name}{about}: {with_interval(value, (low, high), what=what)}."
            for name, value, low, high in self.left
            if name in followed
        ]
        alone = {(a.feature, a.what) for a in self.actions if a.kind == "mediator"}
        said += [
            action.sentence(self.threshold, self._whole)
            for action in self.actions
            if action.kind != "step" or (action.feature, action.what) not in alone
        ]
        return (*said, *self._change(), *self.notes)

    @property
    def _whole(self) -> str:
        return "residue" if self.residue else "effect"

    def _change(self) -> tuple[str, ...]:
        if not self.about:
            return ()
        changes = self.about.split("; ")
        more = len(changes) - MOST_CHANGES
        if more <= 0:
            return (f"This is about one change, on average: {self.about}.",)
        shown = "; ".join(changes[:MOST_CHANGES])
        return (f"This is about one change of each feature, on average: {shown}; and {more} more.",)
