"""Freed memory of a Dask worker: kept for the next block while it works for an audit."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["keeping_freed_memory"]

TRIM, MMAP = -1, -3
"""Numbers by which glibc knows its options M_TRIM_THRESHOLD and M_MMAP_THRESHOLD."""
KEPT, MAPPED_ALONE = 128 * 2**20, 32 * 2**20
"""Free bytes at the end that are kept, and the smallest block that is never among them."""
ALONE_BEFORE = str(128 * 2**10)
"""That smallest block as glibc has it where the environment names none."""

_lock = Lock()
_working = 0


@contextmanager
def keeping_freed_memory() -> Iterator[None]:
    """Let what is done in here use memory again that it freed.

    Dask starts its workers so that all above 64 kB goes back to the system at once. Every block of
    a pass then pays for its pages again, which takes twice as long as the work itself. When the
    last work in here is done, the worker gives back as it did.
    """
    global _working
    kept = os.environ.get("MALLOC_TRIM_THRESHOLD_", "")
    alone = os.environ.get("MALLOC_MMAP_THRESHOLD_", ALONE_BEFORE)
    if not (sys.platform.startswith("linux") and kept.isdigit() and alone.isdigit()):
        yield
        return
    with _lock:
        _working += 1
        _set(MMAP, MAPPED_ALONE)
        _set(TRIM, KEPT)
    try:
        yield
    finally:
        with _lock:
            _working -= 1
            if not _working:
                _set(MMAP, int(alone))
                _set(TRIM, int(kept))


def _set(option: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's alone
    if mallopt is not None:
        mallopt(option, value)
