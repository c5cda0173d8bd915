"""Work that waits for something else and can be given up: an answer, the run of a model file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from workbench.common.errors import AuditCancelled

__all__ = ["check_stopped", "stopped_by", "wait_for", "waited"]

Result = TypeVar("Result")

LOOK = 0.1
"""Seconds between two looks at whether somebody stopped the work."""

_stopped: ContextVar[Callable[[], bool]] = ContextVar("stopped")


@contextmanager
def stopped_by(asked: Callable[[], bool]) -> Iterator[None]:
    """Let what waits in here end with `AuditCancelled` soon after `asked()` becomes true.

    Examples
    --------
    >>> with stopped_by(lambda: True):
    ...     check_stopped()
    Traceback (most recent call last):
    workbench.common.errors.AuditCancelled
    """
    token = _stopped.set(asked)
    try:
        yield
    finally:
        _stopped.reset(token)


def check_stopped() -> None:
    """Raise `AuditCancelled` when the person who started the work has stopped it."""
    if _stopped.get(lambda: False)():
        raise AuditCancelled


def waited(seconds: float) -> None:
    """Sleep, but wake up when the work is stopped."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        check_stopped()
        time.sleep(min(left, LOOK))


def wait_for(work: Callable[[], Result], *, seconds: float, give_up: Callable[[], None]) -> Result:
    """Do work in a thread of its own, and leave it when it takes too long or is stopped.

    Parameters
    ----------
    work : callable () -> result
    seconds : float
        How long it may take in all.
    give_up : callable
        Called before the work is left: makes it end.

    Raises
    ------
    TimeoutError
        It took longer.
    AuditCancelled
        Somebody stopped it.
    """
    results: list[Result] = []
    problems: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # raised again below, in the thread that waits
            problems.append(error)
        finally:
            done.set()

    until = time.monotonic() + seconds
    threading.Thread(target=run, daemon=True, name="workbench-waits").start()
    try:
        while not done.wait(max(0.0, min(until - time.monotonic(), LOOK))):
            check_stopped()
            if time.monotonic() >= until:
                raise TimeoutError
    except BaseException:
        give_up()
        raise
    if problems:
        raise problems[0]
    return results[0]
