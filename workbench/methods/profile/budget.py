"""How many questions a profile may ask: a small multiple of what one contrast takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.case.audit_case import AuditCase
from workbench.methods.fuzzing.equation_error import SAMPLE_ROWS

__all__ = ["ProfilePlan", "bound_questions"]

MOST_ROWS = 10_000
"""Rows of a profile at the most."""
FEWEST_ROWS = 400
"""Rows of a profile at the least, where the target has as many: fewer say little about people."""
ENOUGH_ROWS = 500
"""Fewer rows are repeated with new noise until there are this many."""
NUDGED = (24, 128)
"""Fewest and most rows that show how the equations' errors matter."""


@dataclass(frozen=True)
class ProfilePlan:
    """Rows to ask about at every level, rows to nudge, and repeats of the noise."""

    rows: int
    nudged: int
    copies: int


def bound_questions(
    case: AuditCase,
    features: Sequence[str],
    carriers: Sequence[str],
    *,
    levels: int,
    target_rows: int,
    rows: int,
    questions: float,
) -> ProfilePlan:
    """Choose sizes so that all levels take at most `questions` times one contrast's questions.

    Short tables are asked about in full.

    Parameters
    ----------
    target_rows : int
        Rows of the target, on which a contrast would ask.
    rows : int
        Rows that the profile may choose from.
    """
    reads = not set(features).isdisjoint(case.reads)
    moves = any(node in case.reads for node in carriers)
    copies = -(-ENOUGH_ROWS // rows) if carriers and rows < ENOUGH_ROWS else 1
    ends = sum(
        2 if case.columns[node].is_numeric else len(case.columns[node].levels) for node in carriers
    )
    per_row = reads + moves * copies
    contrast = target_rows * 2 * (per_row + (reads and moves) * copies)
    contrast += 2 * min(SAMPLE_ROWS, target_rows) * ends * (1 + reads)
    allowed = questions * contrast
    nudged = int(np.clip(0.25 * allowed / max(ends * levels, 1), *NUDGED))
    if not per_row:
        return ProfilePlan(min(rows, MOST_ROWS), nudged, copies)
    most = (allowed - nudged * ends * levels) / (levels * per_row)
    return ProfilePlan(int(np.clip(most, FEWEST_ROWS, MOST_ROWS)), nudged, copies)
