"""The same function on every part of something large, and the sum of what it says of each.

A function is sent to where a part is worked on and a small message comes back; messages are added
in the order of the parts, so that the sum does not depend on who was done first. What runs it is an
engine: this process, worker processes on this machine, a Dask client, or one of the caller's own.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, reduce
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from workbench.common.dask_workers import OnDask
from workbench.common.errors import AuditCancelled, AuditError, DataError
from workbench.common.sent_functions import packed
from workbench.common.stopping import LOOK, check_stopped

__all__ = ["Engine", "On", "Serial", "Workers", "check_on", "engine_on", "is_count"]

Part = TypeVar("Part")
Message = TypeVar("Message")
Report = Callable[[float], None]
"""Gets the share of the parts that are done; may raise `AuditCancelled`."""

TRIES = 3
"""How often a part is given to a worker before its death is blamed on the part."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
NOTHING_AHEAD = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Arrow's own pool claims 1 GiB at its first file, which counts against a worker's share."""


class Engine(Protocol):
    """What can run a function on parts and add up its messages."""

    @property
    def words(self) -> str:
        """Where the work is done, as it stands in a report."""

    @property
    def count(self) -> int:
        """How many parts are worked on side by side."""

    @property
    def share(self) -> int | None:
        """Bytes that one worker may take, where that is bounded."""

    def map_reduce(
        self,
        function: Callable[[Part], Message],
        parts: Sequence[Part],
        add: Callable[[Message, Message], Message],
        report: Report,
    ) -> Message:
        """Return the sum of what `function` says of the parts, added in their order."""


@dataclass(frozen=True)
class Workers:
    """Worker processes on this machine.

    Parameters
    ----------
    count : int
        How many work side by side.
    memory : int, optional
        Bytes that all of them may take together. A worker that would take more than its share
        ends the audit with a sentence.

    Examples
    --------
    >>> Workers(4, memory=4_000_000_000).share
    1000000000
    """

    count: int
    memory: int | None = None

    def __post_init__(self) -> None:
        if not is_count(self.count):
            raise DataError(f"Workers are a whole number from 1, not {self.count!r}.")
        if self.memory is not None and self.memory < self.count * 250_000_000:
            raise DataError(
                f"{self.memory / 1e6:,.0f} MB for {self.count} workers are too few: each needs "
                f"250 MB for the program alone. Give more memory or fewer workers."
            )

    @property
    def share(self) -> int | None:
        """Bytes that one worker may take."""
        return None if self.memory is None else self.memory // self.count


def is_count(value: object) -> bool:
    """Whether something is a whole number from 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


On = int | Workers | Any | None
"""Where parts are worked on: None, a number of workers, :class:`Workers`, a Dask client, or an
:class:`Engine` of the caller's own."""


def check_on(on: On) -> None:
    """Refuse what names no engine, and one that is closed, before anything is done.

    Raises
    ------
    DataError
    """
    with engine_on(on):
        pass


@contextmanager
def engine_on(on: On) -> Iterator[Engine]:
    """Give the engine that `on` names, and end what it started.

    Raises
    ------
    DataError
        It names none.
    """
    if on is None or on == 1:
        yield Serial()
        return
    if hasattr(on, "submit") and hasattr(on, "scatter"):
        yield OnDask(on)
        return
    if hasattr(on, "map_reduce"):
        yield cast("Engine", on)
        return
    if not isinstance(on, int | Workers):
        raise DataError(
            f"on= is {on!r}. Give a number of worker processes, wb.Workers(…), a Dask client, or "
            f"an engine of your own that has map_reduce."
        )
    with _disk_told():
        made = tempfile.TemporaryDirectory(prefix="workbench-", ignore_cleanup_errors=True)
    with made as folder:
        engine = Processes(on if isinstance(on, Workers) else Workers(on), Path(folder))
        try:
            yield engine
        finally:
            engine.end()


class Serial:
    """One part after the other, in the process that asks."""

    words, count, share = "in one process", 1, None

    def map_reduce(
        self,
        function: Callable[[Part], Message],
        parts: Sequence[Part],
        add: Callable[[Message, Message], Message],
        report: Report,
    ) -> Message:
        """See :class:`Engine`."""

        def done() -> Iterator[Message]:
            for place, part in enumerate(parts):
                report(place / len(parts))
                check_stopped()
                yield function(part)

        total = reduce(add, done())
        report(1.0)
        return total


class Processes:
    """Worker processes on this machine; one that dies is replaced, and its part done again."""

    def __init__(self, workers: Workers, folder: Path) -> None:
        self.workers = workers
        self._folder = folder
        self._pool: Any = None
        self._sent = 0

    @property
    def words(self) -> str:
        """See :class:`Engine`."""
        return f"on {self.workers.count} worker processes"

    @property
    def count(self) -> int:
        """See :class:`Engine`."""
        return self.workers.count

    @property
    def share(self) -> int | None:
        """See :class:`Engine`."""
        return self.workers.share

    def end(self) -> None:
        """End the workers at once, whatever they do."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None

    def map_reduce(
        self,
        function: Callable[[Part], Message],
        parts: Sequence[Part],
        add: Callable[[Message, Message], Message],
        report: Report,
    ) -> Message:
        """See :class:`Engine`."""
        parcel = self._folder / f"{self._sent}"
        self._sent += 1
        content = packed(function)
        with _disk_told():
            parcel.write_bytes(content)
        waiting, tries = list(range(len(parts)))[::-1], [0] * len(parts)
        running: dict[Future[Any], int] = {}
        messages: dict[int, Any] = {}
        total: Any = None
        following = 0
        while following < len(parts):
            pool = self._pool or self._started()
            while waiting and len(running) < self.workers.count:
                place = waiting.pop()
                tries[place] += 1
                running[pool.submit(_worked, os.fspath(parcel), parts[place])] = place
            finished, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
            problems = {future: future.exception() for future in finished}
            for future, problem in problems.items():
                if problem is None:
                    messages[running.pop(future)] = future.result()
                elif not _is_broken(problem):
                    raise self._told(problem, running[future])
            if any(map(_is_broken, problems.values())):
                self._begin_again(running, waiting, tries)
            while following in messages:
                message = messages.pop(following)
                total = message if following == 0 else add(total, message)
                following += 1
            report((following + len(messages)) / len(parts))
            check_stopped()
        return cast(Message, total)

    def _started(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        self._pool = ProcessPoolExecutor(
            max_workers=self.workers.count,
            initializer=_bounded,
            initargs=(self.workers.share,),
            env=ONE_THREAD | NOTHING_AHEAD,
        )
        return self._pool

    def _begin_again(
        self, running: dict[Future[Any], int], waiting: list[int], tries: list[int]
    ) -> None:
        """Put the parts of workers that died back, unless they did it too often."""
        self.end()
        often = [place for place in running.values() if tries[place] >= TRIES]
        if often:
            raise DataError(
                f"A worker process ended {TRIES} times while it worked on part {often[0] + 1} of "
                f"the table, perhaps out of memory. Use fewer workers, or smaller partitions."
            )
        waiting += sorted(running.values(), reverse=True)
        running.clear()

    def _told(self, problem: BaseException, place: int) -> BaseException:
        if isinstance(problem, AuditError | AuditCancelled):
            return problem
        if isinstance(problem, MemoryError):
            share = self.workers.share
            most = "the memory there is" if share is None else f"its {share / 1e6:,.0f} MB"
            return DataError(
                f"A worker needs more than {most} for part {place + 1} of the table. Give more "
                f"memory, use fewer workers, or make the partitions smaller."
            )
        return problem


@contextmanager
def _disk_told() -> Iterator[None]:
    """Say in words that the folder for temporary files takes nothing more."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"What worker processes are sent could not be written to the folder for temporary "
            f"files: {reason}. Make room there, name another folder in the environment variable "
            f"TMPDIR, or leave out the workers."
        ) from error


@lru_cache(maxsize=1)
def _received(parcel: str) -> Any:
    return pickle.loads(Path(parcel).read_bytes())  # our own bytes, in our own folder


def _worked(parcel: str, part: Any) -> Any:
    return _received(parcel)(part)


def _bounded(share: int | None) -> None:
    """Bound what this worker may take of memory, where the system can."""
    if share is None:
        return
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (share, share))


def _is_broken(error: BaseException | None) -> bool:
    from joblib.externals.loky import BrokenProcessPool

    return isinstance(error, BrokenProcessPool)
