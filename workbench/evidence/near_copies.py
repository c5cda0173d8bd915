"""Rows that look like an excluded one, flagged for review.

A leaf's token cannot show that a person's row stayed, or came back, under another name. Keyed
tokens of coarse cells can: two rows share one when they fall into one cell of one of eight shifted
grids. Measured on the loan table (five columns): copies with noise of 1 % and 5 % of a standard
deviation share one in 100 % and 96 % of cases, rows of another person in 3 %. A flag is a reason to
look.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.evidence.optimum import FEATURE_BITS

__all__ = ["FALSE_MATCH_RATE", "NearCopies", "cell_tokens", "find_near_copies"]

GRIDS, CELL = 8, 1 << FEATURE_BITS - 2
FALSE_MATCH_RATE = "0.03"
"""Of another person's row among 500, as measured on the loan table."""


def cell_tokens(key: bytes, features: Sequence[int]) -> frozenset[bytes]:
    """Return the keyed tokens of the cells that an encoded row falls into.

    They are personal data: they need a key and a retention of their own.
    """
    shifts = np.random.default_rng(5).integers(0, CELL, (GRIDS, len(features)))
    cells = (np.asarray(features)[None, :] + shifts) // CELL
    return frozenset(
        hmac.new(key, b"%d|" % j + cells[j].astype(">i8").tobytes(), hashlib.sha256).digest()
        for j in range(GRIDS)
    )


@dataclass(frozen=True)
class NearCopies:
    """How many kept rows look like an excluded one.

    Attributes
    ----------
    flagged : tuple of int
        Places among the kept rows.
    kept : int
        Rows looked at.
    """

    flagged: tuple[int, ...]
    kept: int

    def document(self) -> dict[str, Any]:
        """Return what a dossier says of it: numbers, no tokens."""
        return {
            "kept": self.kept,
            "flagged": len(self.flagged),
            "grids": GRIDS,
            "false_match_rate": FALSE_MATCH_RATE,
        }


def find_near_copies(
    key: bytes, erased: Sequence[Sequence[int]], kept: Sequence[Sequence[int]]
) -> NearCopies:
    """Flag the kept rows (encoded) that share a cell with an excluded one."""
    known: set[bytes] = set().union(*(cell_tokens(key, row) for row in erased))
    flagged = tuple(i for i, row in enumerate(kept) if known & cell_tokens(key, row))
    return NearCopies(flagged, len(kept))
