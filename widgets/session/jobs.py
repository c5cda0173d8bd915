"""One run in the background, with progress, cancel, and a stale result dropped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from workbench.common.errors import AuditCancelled, AuditError
from workbench.common.progress import Progress
from workbench.common.stopping import stopped_by

__all__ = ["BackgroundJob", "Listener", "words_for"]

Result = TypeVar("Result")

BEAT = 1.0
"""Seconds between two beats: a run says at least so often that it goes on."""
QUIET = 0.1
"""Seconds between two reports of progress: at most ten a second reach the page."""


def words_for(error: BaseException) -> str:
    """Say what went wrong and what to do.

    An :class:`AuditError` says what is wrong; anything else is a defect of the workbench, which is
    logged on the server's side and named here without a traceback.
    """
    if isinstance(error, AuditError):
        return str(error)
    logging.getLogger(__name__).error("A defect of the workbench", exc_info=error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Use fewer rows or fewer columns."
    return (
        f"The workbench itself failed here ({type(error).__name__}). Nothing was changed. Try "
        f"another choice; whoever runs this page finds the details in the server's log."
    )


@dataclass(frozen=True)
class Listener(Generic[Result]):
    """Who hears of a run. Each is called in a thread of the run's, holding the job's lock.

    Attributes
    ----------
    done, failed : callable
        Get the result, or why there is none in words.
    progress : callable (str, float) -> None
        Gets the step and the share of it that is done.
    beat : callable (float) -> None, optional
        Gets the seconds since the start, every `BEAT` seconds, however long a step is silent.
    """

    done: Callable[[Result], None]
    failed: Callable[[str], None]
    progress: Callable[[str, float], None]
    beat: Callable[[float], None] | None = None


class _Queue:
    """Whose turn it is among jobs that wait for each other.

    Attributes
    ----------
    last : Thread or None
        The one started last, which waits for the one before it.
    """

    def __init__(self) -> None:
        self.last: threading.Thread | None = None


class BackgroundJob:
    """Runs one piece of work at a time; only the one started last is heard.

    Parameters
    ----------
    lock : RLock
        Held while a listener is called. Who changes what the work depends on holds it too, so that
        no result arrives between a change and its :meth:`cancel`.
    beside : BackgroundJob, optional
        Another job that asks the same model; its lock is this one's, too. Of both, a piece of work
        begins when those that were started before it have ended, so that two never ask at once.
    """

    def __init__(
        self, lock: threading.RLock | None = None, *, beside: BackgroundJob | None = None
    ) -> None:
        self._lock: threading.RLock = beside._lock if beside else lock or threading.RLock()
        self._queue: _Queue = beside._queue if beside else _Queue()
        self._generation = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(
        self,
        work: Callable[[Progress], Result],
        listener: Listener[Result],
        *,
        pause: float = 0.0,
    ) -> None:
        """Start `work(progress)` in a thread; a run that was under way is cancelled first.

        Within the seconds of `pause`, a cancelled run ends without having begun.
        """
        with self._lock:
            self.cancel()
            stop = self._stop = threading.Event()
            before, generation = self._queue.last, self._generation
            self._thread = self._queue.last = threading.Thread(
                target=self._run,
                args=(work, listener, stop, generation, before, pause),
                daemon=True,
            )
            self._thread.start()

    def cancel(self) -> None:
        """Stop listening at once; the thread ends where it next reports its progress."""
        with self._lock:
            self._generation += 1
            self._stop.set()

    def tell(self, message: Callable[[], None]) -> None:
        """Run `message` under the lock, from inside the work, if that run is still listened to."""
        with self._lock:
            if threading.current_thread() is self._thread and not self._stop.is_set():
                message()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the thread started last has ended; False when the time is over."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _run(
        self,
        work: Callable[[Progress], Result],
        listener: Listener[Result],
        stop: threading.Event,
        generation: int,
        before: threading.Thread | None,
        pause: float,
    ) -> None:
        if before is not None:
            before.join()  # two audits of one case at once would count each other's queries
        last = ("", 0.0)
        ended = threading.Event()

        def progress(step: str, share: float) -> None:
            nonlocal last
            if stop.is_set():
                raise AuditCancelled
            now = time.monotonic()
            if step != last[0] or now - last[1] >= QUIET:
                last = (step, now)
                self._tell(generation, lambda: listener.progress(step, share))

        try:
            if stop.wait(pause):
                return
            if listener.beat is not None:
                beating = (listener.beat, generation, ended)
                threading.Thread(target=self._beat, args=beating, daemon=True).start()
            with stopped_by(stop.is_set):
                result = work(progress)
        except AuditCancelled:
            return
        except Exception as error:  # the job's boundary: said in words, never a traceback
            ended.set()
            words = words_for(error)
            self._tell(generation, lambda: listener.failed(words))
        else:
            ended.set()
            self._tell(generation, lambda: listener.done(result))
        finally:
            ended.set()

    def _beat(self, beat: Callable[[float], None], generation: int, ended: threading.Event) -> None:
        started = time.monotonic()

        def tell() -> None:
            if not ended.is_set():
                beat(time.monotonic() - started)

        while not ended.wait(BEAT):
            self._tell(generation, tell)

    def _tell(self, generation: int, message: Callable[[], None]) -> None:
        with self._lock:
            if generation == self._generation:
                message()
