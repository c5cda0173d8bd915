"""Answers that the model gave before, so that the same question is not put twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping

from workbench.case.asking.known_rows import KnownRows
from workbench.common.arrays import FloatArray

__all__ = ["KnownAnswers"]


MOST_BYTES = 100_000_000
"""Room for scores; the answers that were given longest ago go first."""


class KnownAnswers(MutableMapping[bytes, FloatArray]):
    """Scores by question, the newest that fit in their room.

    Attributes
    ----------
    rows : KnownRows or None
        Scores by row, once the model's answers were found to be a function of the row.

    Examples
    --------
    >>> import numpy as np
    >>> known = KnownAnswers()
    >>> known[b"key"] = np.array([0.5])
    >>> known[b"key"], b"other" in known
    (array([0.5]), False)
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.rows: KnownRows | None = None
        self._most = most_bytes
        self._bytes = 0
        self._scores: OrderedDict[bytes, FloatArray] = OrderedDict()

    def __getitem__(self, key: bytes) -> FloatArray:
        return self._scores[key]

    def __setitem__(self, key: bytes, scores: FloatArray) -> None:
        if key in self._scores:
            del self[key]
        kept = scores.copy()  # not a view that holds a whole batch
        kept.setflags(write=False)
        self._scores[key] = kept
        self._bytes += kept.nbytes
        while self._bytes > self._most and len(self._scores) > 1:
            del self[next(iter(self._scores))]

    def __delitem__(self, key: bytes) -> None:
        self._bytes -= self._scores.pop(key).nbytes

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)
