"""How a child process that takes a file apart may end."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workbench.common import trial
from workbench.common.trial import Limits, Outcome, _Kept, taken_apart, tried

LIMITS = Limits(seconds=6, memory=2_000_000_000)


def written(folder: Path, line: str, name: str = "program") -> Path:
    """Return a file of a program that does one line's work."""
    file = folder / f"{name}.py"
    file.write_text(f"import os\n\n\ndef take_apart(content, told):\n    {line}\n")
    return file


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("os.abort() if (content, told) != (b'content', 7) else None", "fine"),
        ("print(0, flush=True); os.write(1, b'0'); os.abort()", "crashed"),
        ("import of_nothing_installed", "fine"),
        ("raise ValueError('no such file format')", "fine"),
        ("os.abort()", "crashed"),
        ("os._exit(1)", "crashed"),
        ("import ctypes; ctypes.string_at(0)", "crashed"),
        ("raise MemoryError", "memory"),
        ("raise ValueError('no memory for the column allocation')", "fine"),
        ("raise RuntimeError('malloc of size 10 failed: bad_alloc')", "memory"),
        pytest.param(
            "held = bytes(8_000_000_000)",
            "memory",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux"),
        ),
    ],
)
def test_endings(tmp_path: Path, program: str, ending: str) -> None:
    file = written(tmp_path, program)
    assert tried(file, b"content", LIMITS, told=7) == ending


def test_what_a_program_returns_is_handed_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = written(tmp_path, "print('no answer'); return content * told", "long")
    wrong = written(tmp_path, "raise KeyError('a:', told)", "wrong")
    for copies in (trial.COPIES, False):
        monkeypatch.setattr(trial, "COPIES", copies)
        found = taken_apart(long, b"0123\n", LIMITS, told=100_000)
        assert found == Outcome("fine", b"0123\n" * 100_000)
        refused = taken_apart(wrong, b"", LIMITS, told={"b": [1]})
        assert refused.ending == "refused" and refused.error == ("KeyError", "('a:', {'b': [1]})")


def test_time_ends(tmp_path: Path) -> None:
    assert tried(written(tmp_path, "while True: pass"), b"", Limits(seconds=1)) == "time"
    sleeping = written(tmp_path, "import time; time.sleep(60)", "sleeping")
    assert tried(sleeping, b"", Limits(seconds=1)) == "time"


def test_a_library_that_is_missing_or_ends_the_process_is_survived(tmp_path: Path) -> None:
    for line, ending in (("import of_nothing_installed", "fine"), ("os.abort()", "crashed")):
        file = tmp_path / f"{ending}.py"
        file.write_text(f"import os\n{line}\ndef take_apart(content, told): pass\n")
        assert tried(file, b"", LIMITS) == ending
    assert tried(written(tmp_path, "os.abort()"), b"", LIMITS) == "crashed"
    assert tried(written(tmp_path, "pass", "sound"), b"", LIMITS) == "fine"


def test_a_child_gets_no_secret_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_TEST_SECRET", "1")
    file = written(tmp_path, "os.abort() if 'CAFE_TEST_SECRET' in os.environ else None")
    assert "CAFE_TEST_SECRET" in os.environ
    kept = _Kept()  # a new one: one that runs already has the environment from before
    monkeypatch.setattr(trial, "_KEPT", kept)
    assert tried(file, b"", LIMITS) == "fine"
    kept.end()


@pytest.mark.skipif(sys.platform != "linux", reason="copies of a process, of Linux")
def test_one_process_is_kept_and_another_started_when_it_is_gone(tmp_path: Path) -> None:
    file = written(tmp_path, "os.abort() if os.getppid() == told else None")
    assert tried(file, b"", LIMITS, told=os.getpid()) == "fine"  # no child of ours: a copy's copy
    first = trial._KEPT._process
    assert first is not None and tried(file, b"", LIMITS, told=first.pid) == "crashed"
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert tried(file, b"", LIMITS, told=first.pid) == "fine"
    second = trial._KEPT._process
    assert second is not None and second.pid != first.pid


def test_many_threads_get_each_its_own_answer(tmp_path: Path) -> None:
    file = written(tmp_path, "os.abort() if told % 2 else None")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: tried(file, b"x" * 100_000, LIMITS, told=n), range(12)))
    assert found == ["fine", "crashed"] * 6


def test_without_copies_each_file_has_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "COPIES", False)
    for line, ending in (
        ("os.abort() if (content, told) != (b'content', 7) else None", "fine"),
        ("raise ValueError", "fine"),
        ("raise MemoryError", "memory"),
        ("os.abort()", "crashed"),
    ):
        assert tried(written(tmp_path, line), b"content", LIMITS, told=7) == ending


def test_a_report_that_fits_itself_in_no_way_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import workbench as wb
    from workbench.common.errors import DataError

    def ambiguous(_: object) -> None:
        raise ValueError("The truth value of a Series is ambiguous.")

    monkeypatch.setattr("workbench.report.audit_report.parse_findings", ambiguous)
    with pytest.raises(DataError, match="does not agree with itself"):
        wb.AuditReport.from_json("{}")
