"""A short seeded run of the fuzzer over every reader: no escapes."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fuzz_readers
from workbench.models.files import lightgbm_files, onnx_files, skops_files, xgboost_files

RUNS = {
    "delimited": 150,
    "parquet": 20,
    "feather": 20,
    "xlsx": 60,
    "graphs": 400,
    "skops": 40,
    "onnx": 40,
    "reports": 60,
}


@pytest.fixture(autouse=True)
def no_child(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A child process for each model takes a third of a second, and other tests use it.

    Parquet keeps it: damaged, it can end this very process.
    """
    for module in (onnx_files, skops_files, xgboost_files, lightgbm_files):
        monkeypatch.setattr(module, "tried", lambda *_, **__: "fine")
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("label", list(fuzz_readers.READERS))
def test_damaged_files_are_read_or_refused(label: str, tmp_path: Path) -> None:
    counts = fuzz_readers.run(label, 0, seconds=60, runs=RUNS.get(label, 100), keep=tmp_path)
    assert counts["escaped"] == counts["slow"] == 0, list(tmp_path.iterdir())
    assert counts["read"] + counts["refused"] > 0


def test_an_escape_is_counted_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(name: str, content: bytes) -> None:
        if content != b"sound":
            raise KeyError("no such thing")

    reader = fuzz_readers.Reader(careless, lambda: {"a.txt": b"sound"})
    monkeypatch.setattr(fuzz_readers, "READERS", {"careless": reader})
    counts = fuzz_readers.run("careless", 0, seconds=10, runs=5, keep=tmp_path)
    assert counts["escaped"] >= 4
    assert len(list(tmp_path.glob("careless-*"))) == counts["escaped"]


def test_changes_follow_the_seed() -> None:
    made = [
        fuzz_readers.changed(b"a -> b; b -> c" * 9, [b"x"], random.Random(seed))
        for seed in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]
