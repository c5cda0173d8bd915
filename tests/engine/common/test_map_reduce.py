"""One function on every part: the same sum wherever it is worked on, and words where it fails."""

from __future__ import annotations

import errno
import operator
import time
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.engine.common.worker_tasks import dies, dies_once, twice
from workbench.common.errors import AuditCancelled, DataError
from workbench.common.map_reduce import Workers, engine_on

PARTS = [0.1, 0.2, 0.3, 1e16, -1e16, 0.7]


def silent(_: float) -> None:
    """Report nothing."""


def _total(on: Any, function: Any, parts: list[Any] = PARTS, report: Any = silent) -> Any:
    with engine_on(on) as engine:
        return engine.map_reduce(function, parts, operator.add, report)


def _takes_memory(part: float) -> float:
    return float(np.ones(300_000_000)[0] * part)


def _reads_and_takes_memory(file: Path, part: float) -> float:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as opened:
        opened.read_row_groups([0], use_threads=False)
    return float(np.ones(50_000_000)[0] * part)


def _sleeps(part: float) -> float:
    time.sleep(30)
    return part


class _Own:
    """An engine that the caller wrote."""

    words, count, share = "on my own", 1, None

    def map_reduce(self, function: Any, parts: Any, add: Any, report: Any) -> Any:
        return reduce(add, map(function, parts))


def test_parts_are_added_in_their_order_wherever_they_are_worked_on() -> None:
    expected = sum(2 * part for part in PARTS)

    assert _total(None, twice) == expected
    assert _total(2, twice) == expected
    assert _total(_Own(), twice) == expected


def test_the_part_of_a_worker_that_died_is_done_again(tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    assert _total(2, partial(dies_once, marker)) == sum(2 * part for part in PARTS)
    assert marker.exists()


def test_a_part_that_ends_every_worker_is_told_in_words() -> None:
    with pytest.raises(DataError, match=r"ended 3 times .* part 1 .*perhaps out of memory"):
        _total(2, dies, [0.1])


def test_a_worker_that_needs_more_than_its_share_is_told_in_words() -> None:
    with pytest.raises(DataError, match="A worker needs more than its 1,000 MB for part 1"):
        _total(Workers(2, memory=2_000_000_000), _takes_memory, [0.1])


def test_reading_a_file_leaves_a_worker_its_share(tmp_path: Path) -> None:
    """Arrow's own pool claims 1 GiB at the first file, which the system counts as taken."""
    file = tmp_path / "some.parquet"
    pd.DataFrame({"a": range(10)}).to_parquet(file)

    read = partial(_reads_and_takes_memory, file)
    assert _total(Workers(1, memory=1_400_000_000), read, [0.1]) == 0.1


def test_cancelling_reaches_workers_within_two_seconds() -> None:
    asked = 0

    def report(_: float) -> None:
        nonlocal asked
        asked = asked or time.monotonic_ns()
        raise AuditCancelled

    with pytest.raises(AuditCancelled):
        _total(2, _sleeps, [0.1, 0.2], report)

    assert time.monotonic_ns() - asked < 2e9


@pytest.mark.parametrize(
    ("on", "words"),
    [("four", "Give a number of worker processes"), (0, "whole number from 1, not 0")],
)
def test_what_names_no_engine_is_refused(on: Any, words: str) -> None:
    with pytest.raises(DataError, match=words), engine_on(on):
        pass


def test_too_little_memory_is_refused_before_anything_starts() -> None:
    with pytest.raises(DataError, match="500 MB for 4 workers are too few"):
        Workers(4, memory=500_000_000)


def test_what_cannot_be_sent_is_told_in_words() -> None:
    import threading

    with pytest.raises(DataError, match="cannot be sent to other processes"):
        _total(2, partial(dies_once, threading.Lock()))


def test_a_disk_that_is_full_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(DataError, match=r"No space left on device\. Make room .* TMPDIR"):
            _total(2, twice)
    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(DataError, match=r"No space left on device\. Make room .* TMPDIR"):
        _total(2, twice)
