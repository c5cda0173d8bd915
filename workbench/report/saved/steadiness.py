"""How much a model's answers to the same row differ, in a saved report and on its way back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import msgspec

from workbench.case.asking.steadiness import Unsteady
from workbench.common.saved_values import Count, Saved

__all__ = ["SavedUnsteady", "read_unsteady", "write_unsteady"]

Size = Annotated[float, msgspec.Meta(ge=0)]


class SavedUnsteady(Saved, frozen=True):
    """How much the model's answers to the same row differ."""

    n_rows: Count
    differing: Count
    difference: Size
    call_error: Size
    cause: Literal["noise", "company"]
    largest: Size = 0.0


def write_unsteady(found: Unsteady | None) -> SavedUnsteady | None:
    """Return what a saved report keeps."""
    return None if found is None else SavedUnsteady(**asdict(found))


def read_unsteady(saved: SavedUnsteady | None) -> Unsteady | None:
    """Return what was kept."""
    return None if saved is None else Unsteady(**msgspec.structs.asdict(saved))
