"""Effects in a saved file: a value, and its place among the columns of joint uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workbench.common.errors import DataError
from workbench.common.saved_values import Count, MaybeNumber, Saved, wrong
from workbench.methods.effects import Effect
from workbench.methods.estimator import Estimator, estimator_of
from workbench.methods.joint_uncertainty import UNKNOWN, pack

__all__ = [
    "Blocks",
    "SavedEffect",
    "SavedEstimates",
    "SavedGroup",
    "read_estimator",
    "save_effects",
]

Blocks = Sequence[Sequence[npt.NDArray[np.float64]]]
"""Columns of joint uncertainty, block by block; see :mod:`workbench.methods.joint_uncertainty`."""


class SavedEffect(Saved, frozen=True):
    """A value and the place of its uncertainty; `column` is null when the value is exact."""

    value: MaybeNumber
    block: Count
    column: Count | Literal["unknown"] | None


SavedGroup = tuple[SavedEffect, ...]


def save_effects(
    together: Sequence[Sequence[Effect]], others: Sequence[Sequence[Effect]], most: int
) -> tuple[list[tuple[str, ...]], list[SavedGroup]]:
    """Keep effects with their joint uncertainty.

    Parameters
    ----------
    together : sequence of sequence of Effect
        Groups that must all be comparable with each other: they share one block.
    others : sequence of sequence of Effect
        Groups whose own effects must be comparable. They join that block as long as it holds no
        more than `most` columns, where they rest on the same rows; otherwise each has a block of
        its own.
    most : int

    Returns
    -------
    blocks : list of tuple of str
        Columns of every block, as text.
    saved : list of tuple of SavedEffect
        The groups of `together`, then of `others`: each effect by its group and place, so that an
        effect that stands in several groups is kept in each.
    """
    blocks: list[list[Effect]] = [[effect for group in together for effect in group]]
    turns = [0] * len(together)
    rows = {len(effect.influence) for effect in blocks[0]}
    for group in others:
        alike = not rows or all(len(effect.influence) in rows for effect in group)
        if alike and len(blocks[0]) + len(group) <= most:
            blocks[0] += group
            turns.append(0)
        else:
            turns.append(len(blocks))
            blocks.append(list(group))
    packed = [pack(block) for block in blocks]
    places = [
        zip(block, found.references, strict=True)
        for block, found in zip(blocks, packed, strict=True)
    ]
    saved = [
        tuple(
            SavedEffect(value=effect.value, block=turn, column=column)
            for effect, column in islice(places[turn], len(group))
        )
        for turn, group in zip(turns, (*together, *others), strict=True)
    ]
    return [block.columns for block in packed], saved


@dataclass(frozen=True, eq=False)
class SavedEstimates:
    """The estimates of one check in a file, and the columns that they refer to.

    Attributes
    ----------
    document : object
        As :class:`workbench.checks.finding.SavedEffects` wrote it; empty where nothing was.
    blocks : sequence of sequence of ndarray
    """

    document: Any = ()
    blocks: Blocks = ()

    def effect(self, saved: SavedEffect) -> Effect:
        """Read one effect.

        Raises
        ------
        DataError
            When it names a block or a column that is not there.
        """
        value = math.nan if saved.value is None else float(saved.value)
        turn, column = saved.block, saved.column
        if turn >= len(self.blocks):
            raise wrong("estimates", f"names block {turn} of uncertainty, which is not there.")
        block = self.blocks[turn]
        # An exact effect of a block without columns still needs their length.
        length = len(block[0]) if block else turn % 1_000 + 2
        if column is None:
            return Effect(value, np.zeros(length))
        if isinstance(column, str):
            assert column == UNKNOWN
            return Effect(value, np.full(length, math.nan))
        if column >= len(block):
            raise wrong("estimates", f"names column {column} of uncertainty, which is not there.")
        return Effect(value, block[column])


def read_estimator(label: str) -> Estimator:
    """Read which estimator made an effect: a file holds its label.

    Raises
    ------
    DataError
        When no estimator is called so.
    """
    try:
        return estimator_of(label)
    except DataError:
        raise wrong("estimates", f"names an estimator that is not known: {label!r:.60}.") from None
