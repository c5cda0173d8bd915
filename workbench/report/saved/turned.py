"""Arrows whose other direction would make more of an effect, in a saved report and on its way back.

What was regressed on the rows is kept as it was said; no row of the data is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import msgspec

from workbench.checks.verdict import TurnedArrow
from workbench.common.saved_values import Number, Saved

__all__ = ["SavedTurnedArrow", "read_turned", "write_turned"]


class SavedTurnedArrow(Saved, frozen=True):
    """What would count as a feature's if it came before what is drawn before it."""

    feature: str
    causes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    change: str
    value: Number
    low: Number
    high: Number
    explained: bool = False
    hidden: bool = False


def write_turned(found: Iterable[TurnedArrow]) -> tuple[SavedTurnedArrow, ...]:
    """Return what a saved report keeps."""
    return tuple(SavedTurnedArrow(**asdict(arrow)) for arrow in found)


def read_turned(saved: Iterable[SavedTurnedArrow]) -> tuple[TurnedArrow, ...]:
    """Return what was kept."""
    return tuple(TurnedArrow(**msgspec.structs.asdict(arrow)) for arrow in saved)
