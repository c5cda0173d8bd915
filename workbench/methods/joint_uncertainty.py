"""The joint uncertainty of many effects, kept in a small file.

An effect's influence column has one value per row of the data. What standard errors, sums and
differences need of the columns are their inner products only, so a report keeps the triangular
factor of their QR decomposition: short columns with the same inner products. Unlike a Gram matrix
it loses no digits where two columns nearly cancel, and no numbers in it could be impossible.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.common.arrays import FloatArray
from workbench.common.saved_values import wrong
from workbench.common.strict_json import LARGEST_NUMBER
from workbench.common.threads import one_thread
from workbench.methods.effects import Effect

__all__ = ["MOST_COLUMNS", "UNKNOWN", "Reference", "SavedBlock", "pack", "read_block", "unpack"]

Reference = int | Literal["unknown"] | None
"""Place of an effect's column in its block; None when the effect is exact, or "unknown"."""

CHUNK_ROWS = 20_000
NOISE = 1e-15
"""Entries below this part of their column are rounding of the decomposition."""
MOST_COLUMNS = 2_000
UNKNOWN: Literal["unknown"] = "unknown"


@dataclass(frozen=True)
class SavedBlock:
    """Columns of one block as text, the numbers of a column separated by blanks.

    The inner product of two columns is the covariance of two estimates; a column's length is its
    standard error.
    """

    columns: tuple[str, ...]
    references: tuple[Reference, ...]


def pack(effects: Sequence[Effect]) -> SavedBlock:
    """Shorten the influence columns of effects that were estimated on the same rows.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(2, 400))
    >>> a, b = Effect(0.3, noise[0]), Effect(0.1, noise[0] + 0.1 * noise[1])
    >>> block = pack([a, b, a, Effect(0.0, np.zeros(400))])
    >>> block.references
    (0, 1, 0, None)
    >>> short = unpack(block.columns, 2)
    >>> c, d = Effect(0.3, short[0]), Effect(0.1, short[1])
    >>> bool(np.isclose((b - a).standard_error, (d - c).standard_error, rtol=1e-12))
    True
    """
    distinct: list[FloatArray] = []
    places: dict[bytes, int] = {}
    references: list[Reference] = []
    for effect in effects:
        column = effect.influence
        if not np.any(column):
            references.append(None)
        elif not np.isfinite(column).all():
            references.append(UNKNOWN)
        else:
            key = hashlib.blake2b(np.ascontiguousarray(column).tobytes()).digest()
            if key not in places:
                places[key] = len(distinct)
                distinct.append(column)
            references.append(places[key])
    if not distinct:
        return SavedBlock((), tuple(references))
    factor = _triangle(distinct) / len(distinct[0])
    factor[np.abs(factor) < NOISE * np.abs(factor).max(axis=0)] = 0.0
    columns = (factor[: i + 1, i].tolist() for i in range(len(distinct)))
    texts = tuple(" ".join(repr(x) if x else "0" for x in column) for column in columns)
    return SavedBlock(texts, tuple(references))


def _triangle(columns: Sequence[FloatArray]) -> FloatArray:
    """Return R of the columns' QR decomposition, chunk by chunk: partitions of the rows add up."""
    n, k = len(columns[0]), len(columns)
    factor = np.zeros((0, k))
    step = max(CHUNK_ROWS, 4 * k)
    with one_thread():
        for start in range(0, n, step):
            block = np.column_stack([column[start : start + step] for column in columns])
            factor = np.asarray(np.linalg.qr(np.vstack([factor, block]), mode="r"))
    # Rows may have either sign: one is chosen, so that equal columns are written alike.
    return np.where(np.diagonal(factor) < 0, -1.0, 1.0)[:, None] * factor


def unpack(columns: Sequence[str], length: int) -> list[FloatArray]:
    """Return influence columns of at least as many values as there are columns.

    Parameters
    ----------
    columns : sequence of str
        As :func:`pack` wrote them.
    length : int
        Values of every column; that many rows, as far as standard errors are concerned.
    """
    found = []
    for text in columns:
        numbers = [float(word) for word in text.split()]
        column = np.zeros(length)
        column[: len(numbers)] = numbers
        column *= length
        column.setflags(write=False)
        found.append(column)
    return found


def read_block(columns: Sequence[str], turn: int) -> list[FloatArray]:
    """Read the columns of a block; its turn sets their length, so that two do not mix unnoticed.

    Raises
    ------
    DataError
        When a column is too long, or not made of finite numbers.
    """
    for place, text in enumerate(columns):
        words = text.split()
        if not 1 <= len(words) <= place + 1 or not all(map(_is_number, words)):
            raise wrong(
                f"estimates.blocks[{turn}][{place}]",
                f"should hold 1 to {place + 1} numbers of at most {LARGEST_NUMBER:g}, separated by "
                f"blanks.",
            )
    return unpack(columns, len(columns) + 2 + turn % 1_000)


def _is_number(word: str) -> bool:
    try:
        return len(word) < 40 and abs(float(word)) <= LARGEST_NUMBER
    except ValueError:
        return False
