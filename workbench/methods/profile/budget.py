"""How many questions a profile may ask: a small multiple of what one contrast takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.case.audit_case import AuditCase
from workbench.common.errors import TargetError
from workbench.methods.fuzzing.equation_error import SAMPLE_ROWS

__all__ = ["ProfilePlan", "bound_questions", "fewest_questions"]

MOST_ROWS = 10_000
"""Rows of a profile at the most."""
FEWEST_ROWS = 400
"""Rows of a profile at the least, where the target has as many: fewer say little about people."""
ENOUGH_ROWS = 500
"""Fewer rows are repeated with new noise until there are this many."""
SPARING_ROWS, SPARING_NUDGED = 100, 4
"""The same two, where somebody limits the questions."""
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
    max_queries: int | None = None,
) -> ProfilePlan:
    """Choose sizes so that all levels take at most `questions` times one contrast's questions.

    Short tables are asked about in full.

    Parameters
    ----------
    target_rows : int
        Rows of the target, on which a contrast would ask.
    rows : int
        Rows that the profile may choose from.
    max_queries : int, optional
        The most rows that may be asked about, all told, of short tables too.

    Raises
    ------
    TargetError
        When they are too few.
    """
    reads = not set(features).isdisjoint(case.reads)
    moves = any(node in case.reads for node in carriers)
    copies, ends, per_row = _per_row(case, features, carriers, rows)
    contrast = target_rows * 2 * (per_row + (reads and moves) * copies)
    contrast += 2 * min(SAMPLE_ROWS, target_rows) * ends * (1 + reads)
    allowed = questions * contrast
    fewest_rows, (fewest_nudged, most_nudged) = FEWEST_ROWS, NUDGED
    if max_queries is not None:
        allowed = min(allowed, max_queries)
        fewest_rows, fewest_nudged = min(SPARING_ROWS, rows), SPARING_NUDGED
        least = fewest_questions(case, features, carriers, levels=levels, rows=rows)
        spare = allowed - levels * fewest_rows * per_row
        most_nudged = int(np.clip(spare // max(ends * levels, 1), fewest_nudged, most_nudged))
        if least > max_queries:
            raise TargetError(
                f"{max_queries:,} questions are too few for the profile of "
                f"{' + '.join(features)} over {levels} levels; it takes at least {least:,}. Allow "
                f"more, or test fewer levels with range=."
            )
    share_nudged = 0.25 * allowed / max(ends * levels, 1)
    nudged = int(np.clip(share_nudged, fewest_nudged, most_nudged))
    if not per_row:
        return ProfilePlan(min(rows, MOST_ROWS), nudged, copies)
    most = (allowed - nudged * ends * levels) / (levels * per_row)
    return ProfilePlan(int(np.clip(most, fewest_rows, MOST_ROWS)), nudged, copies)


def fewest_questions(
    case: AuditCase,
    features: Sequence[str],
    carriers: Sequence[str],
    *,
    levels: int,
    rows: int,
) -> int:
    """Return the fewest questions that a profile over some levels takes where they are limited."""
    _, ends, per_row = _per_row(case, features, carriers, rows)
    return levels * (min(SPARING_ROWS, rows) * per_row + SPARING_NUDGED * ends)


def _per_row(
    case: AuditCase, features: Sequence[str], carriers: Sequence[str], rows: int
) -> tuple[int, int, int]:
    """Return repeats of the noise, ends of a nudge, and questions about a row at one level."""
    copies = -(-ENOUGH_ROWS // rows) if carriers and rows < ENOUGH_ROWS else 1
    ends = sum(
        2 if case.columns[node].is_numeric else len(case.columns[node].levels) for node in carriers
    )
    reads = not set(features).isdisjoint(case.reads)
    return copies, ends, reads + any(node in case.reads for node in carriers) * copies
