"""Processes that die and disks that fill lose no acknowledged entry.

Every write is tried by ``benchmarks/evidence.py --crashes``; the tests try every few.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[3]


def lives(mode: str, first: int, last: int, stride: int) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(HERE / "failing_disk.py"), mode, *map(str, (first, last, stride))],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def undisturbed() -> tuple[list[int], int]:
    """The length of the log after each step, and how many writes there are."""
    if not sys.platform.startswith("linux"):
        pytest.skip("SQLite's hook for system calls is that of its unix file system")
    (life,) = lives("count", 0, 0, 1)
    writes = int(life["said"][0].split()[1])
    assert writes > 100 and life["there"] == life["acknowledged"][-1]
    return life["acknowledged"], writes


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "first"), [("kill", 2), ("torn", 5), ("full", 7), ("once", 9)])
def test_no_acknowledged_entry_is_lost(
    undisturbed: tuple[list[int], int], mode: str, first: int
) -> None:
    lengths, writes = undisturbed
    # A life may take a write or two fewer than the one that was counted: keys are random.
    found = lives(mode, first, writes - 5, 11)
    assert len(found) > 20
    for life in found:
        assert "broken" not in life, life
        told = life["acknowledged"]
        assert told == lengths[: len(told)], life
        last = told[-1] if told else None
        following = lengths[len(told)] if len(told) < len(lengths) else last
        assert life["there"] in (last, following), life
        if mode in ("kill", "torn"):
            assert life["killed"], life
        elif mode == "full":
            assert life["said"][-1].startswith("end") and len(told) < len(lengths), life
        else:
            assert told == lengths, "with room again, the second try of a step does it"
    # the disturbance reached the middle of the story
    assert len({len(life["acknowledged"]) for life in found}) > (5 if mode != "once" else 0)
