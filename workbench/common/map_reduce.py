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

from workbench.common.errors import AuditCancelled, AuditError, DataError
from workbench.common.stopping import LOOK, check_stopped

__all__ = ["Engine", "On", "Serial", "Workers", "engine_on", "is_count"]

Part = TypeVar("Part")
Message = TypeVar("Message")
Report = Callable[[float], None]
"""Gets the share of the parts that are done; may raise `AuditCancelled`."""

TRIES = 3
"""How often a part is given to a worker before its death is blamed on the part."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


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
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
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
        parcel.write_bytes(packed(function))
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
            env=ONE_THREAD,
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


class OnDask:
    """The workers of a Dask client; Dask itself does the part of a worker that died again."""

    def __init__(self, client: Any) -> None:
        self.client = client

    @property
    def words(self) -> str:
        """See :class:`Engine`."""
        return f"on {len(self._workers)} Dask workers"

    @property
    def count(self) -> int:
        """See :class:`Engine`."""
        return max(1, sum(int(worker.get("nthreads", 1)) for worker in self._workers))

    @property
    def share(self) -> int | None:
        """See :class:`Engine`."""
        known = [int(worker.get("memory_limit") or 0) for worker in self._workers]
        return min(known, default=0) or None

    @property
    def _workers(self) -> list[dict[str, Any]]:
        return list(self.client.scheduler_info(n_workers=-1)["workers"].values())

    def map_reduce(
        self,
        function: Callable[[Part], Message],
        parts: Sequence[Part],
        add: Callable[[Message, Message], Message],
        report: Report,
    ) -> Message:
        """See :class:`Engine`; pairs of neighbours are added on the workers."""
        client = self.client
        parcel = client.scatter(packed(function), broadcast=True)
        first = [client.submit(_opened_and_worked, parcel, part, pure=False) for part in parts]
        every, level = list(first), list(first)
        while len(level) > 1:
            pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
            level = [
                client.submit(add, *pair, pure=False) if len(pair) == 2 else pair[0]
                for pair in pairs
            ]
            every += level
        (last,) = level
        try:
            while not last.done():
                report(sum(future.done() for future in first) / len(first))
                check_stopped()
                _wait_a_moment(last)
            return cast(Message, last.result())
        except (AuditError, AuditCancelled):
            raise
        except MemoryError:
            raise DataError(
                "A Dask worker ran out of memory. Give the workers more, or make the partitions "
                "smaller."
            ) from None
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise
            raise DataError(
                "Several Dask workers ended while they worked on the same part of the table, "
                "perhaps out of memory. Give them more, or make the partitions smaller."
            ) from error
        finally:
            client.cancel(every)


def packed(function: Callable[..., Any]) -> bytes:
    """Return a function as bytes that another process can open.

    Raises
    ------
    DataError
        It holds what cannot be sent, for instance a model with a lock or a connection.
    """
    from joblib.externals.loky.backend.reduction import dumps

    try:
        return bytes(dumps(function))
    except Exception as error:
        raise DataError(
            f"The model cannot be sent to other processes ({type(error).__name__}: {error}). Use "
            f"on=None, log its predictions in a column of the table, or bring an endpoint."
        ) from error


@lru_cache(maxsize=1)
def _received(parcel: str) -> Any:
    return pickle.loads(Path(parcel).read_bytes())  # our own bytes, in our own folder


def _worked(parcel: str, part: Any) -> Any:
    return _received(parcel)(part)


def _opened_and_worked(parcel: bytes, part: Any) -> Any:
    return pickle.loads(parcel)(part)


def _bounded(share: int | None) -> None:
    """Bound what this worker may take of memory, where the system can."""
    if share is None:
        return
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (share, share))


def _wait_a_moment(future: Any) -> None:
    from threading import Event

    moment = Event()
    future.add_done_callback(lambda _: moment.set())
    moment.wait(LOOK)


def _is_broken(error: BaseException | None) -> bool:
    from joblib.externals.loky import BrokenProcessPool

    return isinstance(error, BrokenProcessPool)
