"""Where a number's profile bends, found on rows that take no part in the test."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.common.progress import Progress
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.profile.answers import Assignment, ask_levels

__all__ = ["find_bends"]

FloatArray = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


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
