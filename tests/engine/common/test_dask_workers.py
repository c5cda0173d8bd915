"""Dask's workers: one that dies changes nothing, and what cannot be done ends in words."""

from __future__ import annotations

import operator
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import distributed
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.engine.common.worker_tasks import dies, dies_once, twice
from workbench.common.dask_workers import OnDask
from workbench.common.errors import AuditCancelled, DataError
from workbench.common.map_reduce import engine_on
from workbench.common.stopping import waited
from workbench.common.worker_memory import MMAP, TRIM, keeping_freed_memory

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

LONG = 120.0
"""Seconds after which work that should have ended fails its test, on a machine however busy."""


@contextmanager
def _workers(count: int, **options: Any) -> Iterator[Any]:
    """Give a client of local worker processes, which end with it."""
    cluster = distributed.LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        silence_logs=50,
        **options,
    )
    try:
        with distributed.Client(cluster, timeout=LONG) as connected:
            yield connected
    finally:
        cluster.close(timeout=LONG)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with _workers(2) as connected:
        yield connected


def _total(client: Any, function: Any, report: Any = lambda _: None) -> Any:
    until = time.monotonic() + LONG

    def watched(share: float) -> None:
        assert time.monotonic() < until, f"The workers had no answer after {LONG:.0f} seconds."
        report(share)

    with engine_on(client) as engine:
        return engine.map_reduce(function, [0.1, 0.2, 0.3, 0.7], operator.add, watched)


def _waits(folder: Path, part: float) -> float:
    (folder / f"{part} began").touch()
    try:
        waited(30)
    except AuditCancelled:
        (folder / f"{part} ended").touch()
        raise
    return part


def _sleeps(part: float) -> float:
    waited(5)
    return part


def _grows(part: float) -> float:
    kept = []
    for _ in range(100):
        kept.append(np.ones(2_000_000))
        time.sleep(0.01)
    return part


def _keeps(part: float) -> float:
    """Leave so much behind that Dask gives the worker nothing more to do, and does not end it."""
    worker: Any = distributed.get_worker()
    if not hasattr(worker, "kept"):
        taken = int(sys.modules["psutil"].Process().memory_info().rss)
        worker.kept = np.ones((350_000_000 - taken) // 8)
    until = time.monotonic() + LONG
    while worker.status.name != "paused":
        assert time.monotonic() < until, f"Dask did not pause the worker in {LONG:.0f} seconds."
        time.sleep(0.05)
    return part


class _Lacking:
    """What a worker cannot open."""

    def __reduce__(self) -> Any:
        return __import__, ("a_package_that_no_worker_has",)


def test_the_part_of_a_worker_that_died_is_done_again(client: Any, tmp_path: Path) -> None:
    assert _total(client, partial(dies_once, tmp_path / "marker")) == _total(client, twice)
    assert (tmp_path / "marker").exists()


def test_a_part_that_ends_every_worker_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of workers of their own: a nanny whose worker ends while it starts does not start another.
    monkeypatch.setattr("workbench.common.dask_workers.PATIENCE", 20.0)
    monkeypatch.setattr("workbench.common.dask_workers.GONE", 20.0)
    ended = r"^Several Dask workers ended .* perhaps out of memory|^All Dask workers are gone"
    with _workers(2) as mortal, pytest.raises(DataError, match=ended):
        _total(mortal, dies)


def test_a_package_that_workers_lack_is_told_in_words(client: Any) -> None:
    with pytest.raises(DataError, match="a_package_that_no_worker_has"):
        _total(client, partial(operator.is_, _Lacking()))


def test_cancelling_reaches_the_workers(client: Any, tmp_path: Path) -> None:
    def report(_: float) -> None:
        if any(tmp_path.glob("* began")):
            raise AuditCancelled

    with pytest.raises(AuditCancelled):
        _total(client, partial(_waits, tmp_path), report)

    until = time.monotonic() + LONG
    while not any(tmp_path.glob("* ended")):
        assert time.monotonic() < until, f"No worker stopped within {LONG:.0f} seconds."
        time.sleep(0.05)
    began, ended = (
        {file.name.split()[0] for file in tmp_path.glob(f"* {what}")} for what in ("began", "ended")
    )
    assert ended <= began


def test_a_scheduler_without_workers_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.common.dask_workers.PATIENCE", 0.2)
    monkeypatch.setattr("workbench.common.dask_workers.EVERY", 0.1)
    with _workers(0) as lonely, pytest.raises(DataError, match="has no worker"):
        _total(lonely, twice)


def test_workers_that_are_gone_are_not_waited_for_as_if_they_had_never_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.common.dask_workers.GONE", 0.2)
    monkeypatch.setattr("workbench.common.dask_workers.EVERY", 0.1)
    with _workers(1) as left:
        assert _total(left, twice) == pytest.approx(2.6)
        left.cluster.scale(0)
        until = time.monotonic() + LONG
        while left.scheduler_info(n_workers=-1)["workers"] and time.monotonic() < until:
            time.sleep(0.05)
        with pytest.raises(DataError, match="All Dask workers are gone"):
            _total(left, twice)
        monkeypatch.setattr("workbench.common.dask_workers.GONE", 10 * LONG)
        with pytest.raises(DataError, match="All Dask workers are gone"):
            _total(left, twice)


def test_a_client_that_is_closed_is_told_in_words() -> None:
    with _workers(1) as closed:

        def report(_: float) -> None:
            closed.close()

        with pytest.raises(DataError, match="the client was closed, or the connection was lost"):
            _total(closed, _sleeps, report)
        with pytest.raises(DataError, match="The Dask client is closed"):
            _total(closed, twice)
        frame = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0)})
        model = wb.BlackBoxModel.from_predictions("b", ["a"], output="value")
        table = wb.Table.pandas(frame, 2)
        case = wb.AuditCase(data=table, model=model, graph=wb.CausalGraph([], nodes=["a"]))
        with pytest.raises(DataError, match="The Dask client is closed"):
            wb.audit(case, wb.UnlearningTarget.feature("a"), on=closed)


def test_a_worker_without_memory_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with _workers(1, memory_limit="400MB") as small:
        with pytest.raises(DataError, match=r"^A Dask worker ran out of memory\. Give"):
            _total(small, _grows)
        small.wait_for_workers(1, timeout=LONG)
        monkeypatch.setattr("workbench.common.dask_workers.PAUSE", 0.2)
        monkeypatch.setattr("workbench.common.dask_workers.EVERY", 0.1)
        with pytest.raises(DataError, match="Every Dask worker is paused"):
            _total(small, _keeps)


def test_parts_that_are_finished_again_count_between_two_restarts() -> None:
    handlers: list[Any] = []
    client = SimpleNamespace(
        subscribe_topic=lambda _, handler: handlers.append(handler),
        unsubscribe_topic=lambda _: None,
        scheduler_info=lambda **_: {"workers": {}},
    )
    finished = [True, False, True, False, True]  # a restarted worker loses what it had finished

    def done() -> bool:
        if not finished[0]:
            handlers[0]("a worker is started again")
        return finished.pop(0)

    last = SimpleNamespace(done=lambda: not finished, add_done_callback=lambda _: None)
    OnDask(client)._wait([SimpleNamespace(done=done)], last, lambda _: None)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's options")
def test_a_worker_gives_memory_back_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[int, int] = {}
    monkeypatch.setattr("workbench.common.worker_memory._set", held.__setitem__)
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    with keeping_freed_memory():
        assert min(held.values()) >= 32 * 2**20
    assert held == {TRIM: 65_536, MMAP: 131_072}
