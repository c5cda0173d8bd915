"""Where a number's profile bends, found on rows that take no part in the test."""

from __future__ import annotations

import numpy as np

from workbench.case.asking.batches import QueryBatch, sample_places
from workbench.case.audit_case import AuditCase
from workbench.common.arrays import FloatArray, Positions
from workbench.common.progress import Progress
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.profile.answers import Assignment, ask_levels

__all__ = ["BAND_ROWS", "find_bands", "find_bends"]


BAND_ROWS = 1_000
"""Rows that are compared with what the model says of them at the levels beside their own."""
MOST_BANDS = 3


def find_bends(
    case: AuditCase,
    equations: Equations | None,
    name: str,
    fine: FloatArray,
    positions: Positions,
    progress: Progress,
) -> tuple[list[float], int]:
    """Find levels at which the prediction stands out, on rows that take no part in the test."""
    assignment = Assignment(
        (name,),
        tuple({name: value} for value in fine.tolist()),
        ("",) * len(fine),
        ("",) * len(fine),
        np.full(len(fine), 1 / len(fine)),
    )
    full = np.ones((len(fine), len(positions)), dtype=bool)
    found = ask_levels(
        case,
        assignment,
        equations,
        positions,
        full,
        copies=1,
        nudge_places=np.arange(0),
        groups={},
        sampled=True,
        progress=progress,
    )
    bends: list[float] = []
    for part in ("total", "direct"):
        scores = found.parts[part].scores
        means = scores.mean(axis=1)
        if np.ptp(scores, axis=0).max() <= 1e-12:
            continue
        apart = np.abs(scores - np.median(scores, axis=0)).mean(axis=1)
        bends += [fine[int(means.argmin())], fine[int(means.argmax())], fine[int(apart.argmax())]]
    return bends, found.queries


def find_bands(
    case: AuditCase,
    name: str,
    fine: FloatArray,
    positions: Positions,
    *,
    threshold: float,
    seed: int,
) -> tuple[list[float], int]:
    """Find narrow bands between levels: rows whose prediction stands out from both neighbours'.

    Every row is at a level of its own already, so that two questions tell how far its prediction
    lies from the line between the levels beside it. The middle one of the rows that stand out in a
    gap names the level, not the one that stands out most.

    Parameters
    ----------
    fine : ndarray
        Levels, ascending.
    positions : ndarray of int
        Rows to choose from.
    """
    own = case.columns[name].values[positions]
    inside = positions[(own > fine[0]) & (own < fine[-1])]
    inside = inside[sample_places(len(inside), BAND_ROWS, seed + 3)]
    if name not in case.reads or not len(inside):
        return [], 0
    own = case.columns[name].values[inside]
    gap = np.clip(np.searchsorted(fine, own), 1, len(fine) - 1)
    batch = QueryBatch(case)
    below, above = (batch.ask(inside, {name: fine[gap - k]}) for k in (1, 0))
    batch.flush()
    place = (own - fine[gap - 1]) / (fine[gap] - fine[gap - 1])
    away = np.abs(case.predictions[inside] - (1 - place) * below.scores - place * above.scores)
    bands = []
    for k in np.unique(gap[away > threshold]):
        here = (gap == k) & (away > threshold)
        far = np.sort(own[here & (away >= away[here].max() / 2)])
        bands.append((float(away[here].sum()), float(far[len(far) // 2])))
    chosen = [value for _, value in sorted(bands, reverse=True)[:MOST_BANDS]]
    return chosen, batch.asked
