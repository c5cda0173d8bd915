"""A background run: progress, cancel, a stale result dropped, errors in words."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from widgets.session.jobs import QUIET, BackgroundJob, Listener, words_for
from workbench.common.errors import AuditCancelled, DataError
from workbench.common.progress import Progress

LONG = 10.0


class Heard:
    """Keeps what a job told."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.problems: list[str] = []
        self.steps: list[tuple[str, float]] = []

    @property
    def listener(self) -> Listener[Any]:
        return Listener(
            self.results.append,
            self.problems.append,
            lambda step, share: self.steps.append((step, share)),
        )


def test_a_result_arrives_with_its_progress() -> None:
    heard, job = Heard(), BackgroundJob()

    def work(progress: Progress) -> int:
        progress("one", 0.0)
        progress("two", 0.5)
        return 42

    job.start(work, heard.listener)
    assert job.wait(LONG)
    assert heard.results == [42]
    assert heard.steps == [("one", 0.0), ("two", 0.5)]
    assert heard.problems == []


def test_progress_comes_at_most_ten_times_a_second() -> None:
    heard, job = Heard(), BackgroundJob()

    def work(progress: Progress) -> float:
        started = time.monotonic()
        while time.monotonic() - started < 3.5 * QUIET:
            progress("same", 0.5)
        return time.monotonic() - started

    job.start(work, heard.listener)
    assert job.wait(LONG)
    assert 1 <= len(heard.steps) <= heard.results[0] / QUIET + 1


def test_a_cancelled_run_ends_and_says_nothing() -> None:
    heard, job = Heard(), BackgroundJob()
    started, go_on, stopped = threading.Event(), threading.Event(), threading.Event()

    def work(progress: Progress) -> int:
        started.set()
        go_on.wait(LONG)
        try:
            progress("later", 0.5)
        except AuditCancelled:
            stopped.set()
            raise
        return 1

    job.start(work, heard.listener)
    assert started.wait(LONG)
    job.cancel()
    go_on.set()
    assert job.wait(LONG)
    assert stopped.is_set()
    assert (heard.results, heard.problems, heard.steps) == ([], [], [])


def test_a_result_of_work_that_never_asks_is_dropped_after_a_cancel() -> None:
    heard, job = Heard(), BackgroundJob()
    started, go_on = threading.Event(), threading.Event()

    def deaf(_: Progress) -> int:
        started.set()
        go_on.wait(LONG)
        return 1

    job.start(deaf, heard.listener)
    assert started.wait(LONG)
    job.cancel()
    go_on.set()
    assert job.wait(LONG)
    assert heard.results == []


def test_only_the_last_run_is_heard_and_runs_do_not_overlap() -> None:
    heard, job = Heard(), BackgroundJob()
    started, go_on = threading.Event(), threading.Event()
    running: list[int] = []

    def work(number: int) -> Any:
        def run(_: Progress) -> int:
            running.append(number)
            assert len(running) == 1, "two runs at once"
            started.set()
            go_on.wait(LONG)
            running.remove(number)
            return number

        return run

    job.start(work(1), heard.listener)
    assert started.wait(LONG)
    job.start(work(2), heard.listener)
    go_on.set()
    assert job.wait(LONG)
    assert heard.results == [2]
    assert heard.problems == []


def test_an_error_of_the_users_input_speaks_for_itself() -> None:
    heard, job = Heard(), BackgroundJob()

    def work(_: Progress) -> None:
        raise DataError("The column 'x' is empty. Fill it.")

    job.start(work, heard.listener)
    assert job.wait(LONG)
    assert heard.problems == ["The column 'x' is empty. Fill it."]


def test_a_defect_is_named_without_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    words = words_for(KeyError("secret detail"))
    assert "workbench itself failed here (KeyError)" in words
    assert "secret detail" not in words and "Traceback" not in words
    assert "secret detail" in caplog.text  # the server's log has it


def test_a_run_that_says_nothing_is_heard_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widgets.session.jobs.BEAT", 0.001)
    heard, job, twice = Heard(), BackgroundJob(), threading.Event()
    beats: list[float] = []

    def beat(seconds: float) -> None:
        beats.append(seconds)
        if len(beats) == 2:
            twice.set()

    def work(progress: Progress) -> bool:
        return twice.wait(LONG)  # silent, however long it takes

    told = heard.listener
    job.start(work, Listener(told.done, told.failed, told.progress, beat))
    assert job.wait(LONG)
    assert heard.results == [True] and heard.steps == []
    assert 0 < beats[0] < beats[1]
