"""The workers of a Dask client as what a function is sent to; see ``map_reduce.py``."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import Any, TypeVar, cast
from weakref import WeakSet

from workbench.common.errors import AuditCancelled, AuditError, DataError
from workbench.common.sent_functions import packed
from workbench.common.stopping import LOOK, check_stopped, stopped_by
from workbench.common.worker_memory import keeping_freed_memory

__all__ = ["OnDask"]

Part = TypeVar("Part")
Message = TypeVar("Message")
LATE = 2.0
"""Seconds that the scheduler is given to say why the sum was given up."""
PATIENCE = 300.0
"""Seconds that work waits for a first worker: a cluster may start them when they are needed."""
GONE = 45.0
"""Seconds that work waits for a worker where all that there were are gone: some are restarted."""
PAUSE = 60.0
"""Seconds that all workers may be paused: Dask moves what they hold to their disks meanwhile."""
EVERY = 5.0
"""Seconds between two looks at the workers."""
RESTARTS = 2
"""Workers that Dask may end for their memory while no part is finished: more would follow."""
RESTARTED = "worker-restart-memory"
"""The topic under which Dask tells of them."""
MORE = "Give the workers more memory, or make the partitions smaller."
OUT_OF_MEMORY = f"A Dask worker ran out of memory. {MORE}"
CLOSED = "The Dask client is closed. Make a new one, and repeat the audit with it."
LOST = (
    "The Dask scheduler no longer knows of this work: it was ended, the client was closed, or the "
    "connection was lost. Start it again and repeat the audit."
)
_had_workers: WeakSet[Any] = WeakSet()
"""Clients that had a worker once."""
_given_up: WeakSet[Any] = WeakSet()
"""Those whose workers were waited for in vain, and did not come back since."""


class OnDask:
    """The workers of a Dask client; Dask itself does the part of a worker that died again.

    Raises
    ------
    DataError
        The client is closed.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        if self._status == "closed":
            raise DataError(CLOSED)
        if self._workers:
            _had_workers.add(client)
            _given_up.discard(client)

    @property
    def words(self) -> str:
        """See :class:`workbench.common.map_reduce.Engine`."""
        return f"on {len(self._workers)} Dask workers"

    @property
    def count(self) -> int:
        """See :class:`workbench.common.map_reduce.Engine`."""
        return max(1, sum(int(worker.get("nthreads", 1)) for worker in self._workers))

    @property
    def share(self) -> int | None:
        """See :class:`workbench.common.map_reduce.Engine`."""
        known = [int(worker.get("memory_limit") or 0) for worker in self._workers]
        return min(known, default=0) or None

    @property
    def _status(self) -> str:
        return str(getattr(self.client, "status", "running"))

    @property
    def _workers(self) -> list[dict[str, Any]]:
        known = self.client.scheduler_info(n_workers=-1) if self._status == "running" else {}
        return list(known.get("workers", {}).values())

    def map_reduce(
        self,
        function: Callable[[Part], Message],
        parts: Sequence[Part],
        add: Callable[[Message, Message], Message],
        report: Callable[[float], None],
    ) -> Message:
        """See :class:`workbench.common.map_reduce.Engine`; neighbours are added on the workers.

        Raises
        ------
        DataError
            The workers cannot do it, or are gone.
        """
        with self._connected():
            client = self.client
            # The scheduler keeps a task; what is scattered is lost with the workers that hold it.
            parcel = client.submit(bytes, packed(function), pure=False)
            first = [client.submit(_opened_and_worked, parcel, part, pure=False) for part in parts]
            every, level = [parcel, *first], list(first)
            while len(level) > 1:
                pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
                level = [
                    client.submit(add, *pair, pure=False) if len(pair) == 2 else pair[0]
                    for pair in pairs
                ]
                every += level
            (last,) = level
            try:
                self._wait(first, last, report)
                if last.status == "finished":
                    return cast(Message, last.result())
                raise _told(_first_problem(every))
            finally:
                if self._status == "running":
                    client.cancel(every)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Say in words that the connection was lost, whatever is raised then."""
        try:
            yield
        except (AuditError, AuditCancelled):
            raise
        except Exception as error:
            if self._status == "running":
                raise
            raise DataError(LOST) from error

    def _wait(self, first: Sequence[Any], last: Any, report: Callable[[float], None]) -> None:
        """Wait for the last of the work, and give it up where it will never be done."""
        able = looked = monotonic()
        before = 0
        with self._restarts() as restarts:
            while not last.done():
                done = sum(future.done() for future in first)
                report(done / len(first))
                check_stopped()
                if done > before:
                    restarts.clear()
                before = done  # fewer, where finished parts were lost with their worker
                if len(restarts) >= RESTARTS:
                    raise DataError(OUT_OF_MEMORY)
                if monotonic() > looked + EVERY:
                    looked = monotonic()
                    why, most_seconds = self._why_idle()
                    if not why:
                        able = looked
                    elif looked > able + most_seconds:
                        self._give_up()
                        raise DataError(why)
                _wait_a_moment(last)

    def _give_up(self) -> None:
        if self.client in _had_workers and not self._workers:
            _given_up.add(self.client)

    def _why_idle(self) -> tuple[str, float]:
        """Return what keeps all workers from working, if anything, and how long it may."""
        workers = self._workers
        if self._status != "running":
            return LOST, GONE
        if not workers and self.client in _had_workers:
            return (
                "All Dask workers are gone: they were ended, or ran out of memory. Start them "
                "again and repeat the audit."
            ), 0.0 if self.client in _given_up else GONE
        if not workers:
            return (
                "The Dask scheduler has no worker. Start some, with the workbench installed, and "
                "repeat the audit."
            ), PATIENCE
        if all(map(_is_paused, workers)):
            return f"Every Dask worker is paused, as its memory is nearly full. {MORE}", PAUSE
        return "", 0.0

    @contextmanager
    def _restarts(self) -> Iterator[list[Any]]:
        """Give a list that grows by one whenever Dask ends a worker for its memory."""
        found: list[Any] = []
        self.client.subscribe_topic(RESTARTED, found.append)
        try:
            yield found
        finally:
            if self._status == "running":
                self.client.unsubscribe_topic(RESTARTED)


def _is_paused(worker: dict[str, Any]) -> bool:
    """Whether a worker takes on no work, and does none."""
    counts = worker.get("metrics", {}).get("task_counts", {})
    return worker.get("status") == "paused" and not counts.get("executing")


def _first_problem(futures: Sequence[Any]) -> BaseException | None:
    """Return why work failed; None where the scheduler no longer knows of it."""
    until = monotonic() + LATE
    while monotonic() < until:
        for future in futures:
            if future.status == "error":
                found: BaseException = future.exception()
                return found
        Event().wait(LOOK)
    return None


def _told(problem: BaseException | None) -> BaseException:
    """Say in words what only the people who run the workers can mend."""
    if problem is None:
        return DataError(LOST)
    if isinstance(problem, AuditError | AuditCancelled):
        return problem
    if isinstance(problem, MemoryError):
        return DataError(OUT_OF_MEMORY)
    if type(problem).__name__ == "KilledWorker":
        return DataError(
            f"Several Dask workers ended while they worked on the same part of the table, perhaps "
            f"out of memory. {MORE}"
        )
    if isinstance(problem, ImportError):
        return DataError(
            f"A Dask worker lacks what the work needs ({problem}). Install the same packages on "
            f"the workers as here."
        )
    return problem


def _opened_and_worked(parcel: bytes, part: Any) -> Any:
    worker: Any = sys.modules["distributed"].get_worker()  # what runs here has imported it
    with _stopped_with_the_task(worker), keeping_freed_memory():
        return pickle.loads(parcel)(part)  # our own bytes


@contextmanager
def _stopped_with_the_task(worker: Any) -> Iterator[None]:
    """Let work on a worker end soon after nobody wants its result any more."""
    key = worker.get_current_task()

    def unwanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    with stopped_by(unwanted):
        yield


def _wait_a_moment(future: Any) -> None:
    moment = Event()
    future.add_done_callback(lambda _: moment.set())
    moment.wait(LOOK)
