"""Row effects averaged over the target's rows, each average with its influence column."""

from __future__ import annotations

import numpy as np

from workbench.common.arrays import FloatArray, Positions
from workbench.methods.effects import Effect, RowEffects

__all__ = ["mean_effect", "row_effects"]


def mean_effect(rows: FloatArray, positions: Positions, n: int, *, sampled: bool = True) -> Effect:
    """Average row effects over the target's rows.

    Parameters
    ----------
    rows : ndarray, shape (rows of T,)
    n : int
        Rows of the whole data, the length of the influence column.
    sampled : bool
        Whether T stands for a larger population; named datapoints stand for themselves only.
    """
    value = float(rows.mean())
    influence = np.zeros(n)
    if sampled:
        influence[positions] = (rows - value) * (n / len(rows))
    return Effect(value, influence)


def row_effects(total: list[FloatArray], direct: list[FloatArray]) -> RowEffects:
    """Summarise row effects over the draws of the intervention."""

    def mean(arrays: list[FloatArray]) -> FloatArray:
        return arrays[0] if len(arrays) == 1 else np.mean(arrays, axis=0)

    indirect = [t - d for t, d in zip(total, direct, strict=True)]
    return RowEffects(
        mean(total),
        mean(direct),
        mean([np.abs(a) for a in total]),
        mean([np.abs(a) for a in direct]),
        mean([np.abs(a) for a in indirect]),
    )
