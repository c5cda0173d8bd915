"""Dask's workers: one that dies changes nothing, and what cannot be done ends in words.

They need the extra ``distributed`` and are skipped without it.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.engine.common.worker_tasks import dies, dies_once, twice
from workbench.common.errors import AuditCancelled, DataError
from workbench.common.map_reduce import engine_on
from workbench.common.stopping import waited

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**options, silence_logs=50) as cluster,
        distributed.Client(cluster) as connected,
    ):
        yield connected


def _total(client: Any, function: Any, report: Any = lambda _: None) -> Any:
    with engine_on(client) as engine:
        return engine.map_reduce(function, [0.1, 0.2, 0.3, 0.7], operator.add, report)


def _waits(folder: Path, part: float) -> float:
    (folder / f"{part} began").touch()
    try:
        waited(30)
    except AuditCancelled:
        (folder / f"{part} ended").touch()
        raise
    return part


class _Lacking:
    """What a worker cannot open."""

    def __reduce__(self) -> Any:
        return __import__, ("a_package_that_no_worker_has",)


def test_the_part_of_a_worker_that_died_is_done_again(client: Any, tmp_path: Path) -> None:
    assert _total(client, partial(dies_once, tmp_path / "marker")) == _total(client, twice)
    assert (tmp_path / "marker").exists()


def test_a_part_that_ends_every_worker_is_told_in_words(client: Any) -> None:
    with pytest.raises(DataError, match=r"Several Dask workers ended .* perhaps out of memory"):
        _total(client, dies)


def test_a_package_that_workers_lack_is_told_in_words(client: Any) -> None:
    with pytest.raises(DataError, match="a_package_that_no_worker_has"):
        _total(client, partial(operator.is_, _Lacking()))


def test_cancelling_reaches_the_workers(client: Any, tmp_path: Path) -> None:
    def report(_: float) -> None:
        if any(tmp_path.glob("* began")):
            raise AuditCancelled

    with pytest.raises(AuditCancelled):
        _total(client, partial(_waits, tmp_path), report)

    until = time.monotonic() + 20
    while time.monotonic() < until and not any(tmp_path.glob("* ended")):
        time.sleep(0.05)
    began, ended = (
        {file.name.split()[0] for file in tmp_path.glob(f"* {what}")} for what in ("began", "ended")
    )
    assert ended
    assert ended <= began


def test_a_scheduler_without_workers_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.common.dask_workers.PATIENCE", 0.2)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as lonely,
        pytest.raises(DataError, match="has no worker"),
    ):
        _total(lonely, twice)
