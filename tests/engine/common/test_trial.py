"""How a child process that takes a file apart may end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from workbench.common.trial import Limits, tried

LIMITS = Limits(seconds=6, memory=2_000_000_000)


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("assert sys.stdin.buffer.read() == b'content' and sys.argv[4] == '7'", "fine"),
        ("raise ValueError('no such file format')", "fine"),
        ("import os; os.abort()", "crashed"),
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
    file = tmp_path / "program.py"
    file.write_text(f"import sys\n{program}\n")
    assert tried(file, b"content", LIMITS, told=7) == ending


def test_time_ends(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text("while True: pass")
    assert tried(file, b"", Limits(seconds=1)) == "time"
    file.write_text("import time; time.sleep(60)")
    assert tried(file, b"", Limits(seconds=1)) == "time"


def test_a_child_gets_no_secret_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_TEST_SECRET", "1")
    file = tmp_path / "program.py"
    file.write_text("import os; os.abort() if 'CAFE_TEST_SECRET' in os.environ else None")
    assert "CAFE_TEST_SECRET" in os.environ and tried(file, b"", LIMITS) == "fine"


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
