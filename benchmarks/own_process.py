"""What a piece of work takes in a process of its own: processor seconds, and memory.

Used by ``speed.py`` and its parts; run alone, it does nothing.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import resource
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["Taken", "highest_memory", "in_a_fork", "least", "processor"]

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of one unit of the highest memory that the system tells."""
ENOUGH = 3.0
"""Processor seconds after which work is not repeated: what is short is what noise moves."""


@dataclass(frozen=True)
class Taken:
    """What one piece of work took.

    Attributes
    ----------
    seconds : float
        Processor seconds, the least of the repeats.
    held : int
        Bytes that the process held before.
    peak : int
        Bytes that it held at most.
    answer : Any
        What the work returned.
    """

    seconds: float
    held: int
    peak: int
    answer: Any = None

    @property
    def above(self) -> str:
        """The peak above what was held, in MB, for a table."""
        return f"{(self.peak - self.held) / 1e6:,.0f}"


def processor() -> float:
    """Return the processor seconds of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def highest_memory() -> int:
    """Return the most bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


def least(action: Callable[[], Any], repeats: int) -> float:
    """Processor seconds of the cheapest of several runs, or of the first where it is long."""
    seconds: list[float] = []
    while len(seconds) < repeats and (not seconds or seconds[0] < ENOUGH):
        gc.collect()
        started = processor()
        action()
        seconds.append(processor() - started)
    return min(seconds)


def in_a_fork(action: Callable[[], Any], repeats: int = 1) -> Taken:
    """Run an action in a copy of this process, which begins with this one's memory and no time.

    What this process imported and holds is neither timed nor counted, and what the action leaves
    behind does not help the next one.
    """
    gc.collect()
    free = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if free is not None:
        free(0)  # else the copy works in what this process freed, and seems to need less
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    child = fork.Process(target=_measure, args=(action, repeats, theirs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which a copy has none of
        child.start()
    theirs.close()
    try:
        taken = ours.recv()
    except EOFError:
        taken = None
    child.join()
    if taken is None:
        raise RuntimeError(f"The measured process ended with status {child.exitcode}.")
    return taken


def _measure(action: Callable[[], Any], repeats: int, told: Connection) -> None:
    held, started = highest_memory(), processor()
    answer = action()
    seconds, peak = processor() - started, highest_memory()
    if repeats > 1 and seconds < ENOUGH:
        seconds = min(seconds, least(action, repeats - 1))
    told.send(Taken(seconds, held, peak, answer))
