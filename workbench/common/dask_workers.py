"""The workers of a Dask client as what a function is sent to; see ``map_reduce.py``."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import Any, TypeVar, cast

from workbench.common.errors import AuditCancelled, AuditError, DataError
from workbench.common.sent_functions import packed
from workbench.common.stopping import LOOK, check_stopped, stopped_by

__all__ = ["OnDask"]

Part = TypeVar("Part")
Message = TypeVar("Message")
LATE = 2.0
"""Seconds that the scheduler is given to say why the sum was given up."""
PATIENCE = 300.0
"""Seconds that work waits for a first worker: a cluster may start them when they are needed."""


class OnDask:
    """The workers of a Dask client; Dask itself does the part of a worker that died again."""

    def __init__(self, client: Any) -> None:
        self.client = client

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
    def _workers(self) -> list[dict[str, Any]]:
        return list(self.client.scheduler_info(n_workers=-1)["workers"].values())

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
        until = monotonic() + PATIENCE
        try:
            while not last.done():
                report(sum(future.done() for future in first) / len(first))
                check_stopped()
                _wait_a_moment(last)
                if until < monotonic():
                    if not self._workers:
                        raise DataError(
                            "The Dask scheduler has no worker. Start some, with the workbench "
                            "installed, and repeat the audit."
                        )
                    until = monotonic() + PATIENCE
            if last.status == "finished":
                return cast(Message, last.result())
            raise _told(_first_problem(every))
        finally:
            client.cancel(every)


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
        return DataError(
            "The Dask scheduler no longer knows of this work: it was ended, or the connection to "
            "it was lost. Start it again and repeat the audit."
        )
    if isinstance(problem, AuditError | AuditCancelled):
        return problem
    if isinstance(problem, MemoryError):
        return DataError(
            "A Dask worker ran out of memory. Give the workers more, or make the partitions "
            "smaller."
        )
    if type(problem).__name__ == "KilledWorker":
        return DataError(
            "Several Dask workers ended while they worked on the same part of the table, perhaps "
            "out of memory. Give them more, or make the partitions smaller."
        )
    if isinstance(problem, ImportError):
        return DataError(
            f"A Dask worker lacks what the work needs ({problem}). Install the same packages on "
            f"the workers as here."
        )
    return problem


def _opened_and_worked(parcel: bytes, part: Any) -> Any:
    with _stopped_with_the_task():
        return pickle.loads(parcel)(part)  # our own bytes


@contextmanager
def _stopped_with_the_task() -> Iterator[None]:
    """Let work on a worker end soon after nobody wants its result any more."""
    worker: Any = sys.modules["distributed"].get_worker()  # what runs here has imported it
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
