"""Processes that die, and disks that fill, at the n-th write of a registry's story.

Run as a program: forks a child for each write, in which SQLite's own calls to the system are
replaced (by the hook that SQLite has for its tests), waits until it is dead, opens what it left,
and prints a line of JSON with what was acknowledged and what is there.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import errno
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from small_bank import PURPOSE, Clock, loans

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.registry.registry import Registry
from workbench.evidence.retraining import configuration_for

Pointer = ctypes.c_void_p
Write = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, ctypes.c_int, Pointer, ctypes.c_size_t, ctypes.c_int64, use_errno=True
)
Truncate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int64, use_errno=True)


METHODS = (
    *("xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym", "xDlClose"),
    *("xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64"),
    *("xSetSystemCall", "xGetSystemCall"),
)


class FileSystem(ctypes.Structure):
    """The beginning of ``sqlite3_vfs``."""

    _fields_ = [
        ("iVersion", ctypes.c_int),
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        ("pNext", Pointer),
        ("zName", ctypes.c_char_p),
        ("pAppData", Pointer),
        *((name, Pointer) for name in METHODS),
    ]


def hooks() -> tuple[Callable[[bytes], int], Callable[[bytes, object], int]]:
    """Return how a system call of SQLite's is read and replaced."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = Pointer
    place = library.sqlite3_vfs_find(None)
    system = ctypes.cast(place, ctypes.POINTER(FileSystem)).contents
    assert system.iVersion >= 3 and system.zName == b"unix"
    read = ctypes.CFUNCTYPE(Pointer, Pointer, ctypes.c_char_p)(system.xGetSystemCall)
    write = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.c_char_p, Pointer)(system.xSetSystemCall)
    return (
        lambda name: read(place, name),
        lambda name, call: write(place, name, ctypes.cast(call, Pointer)),
    )


class FailingDisk:
    """Counts SQLite's writes and fails at one of them.

    Modes: "count"; "kill" before the write; "torn", after half of it; "full", from it on; "once",
    a disk that is full at this write and has room again.
    """

    def __init__(self, mode: str, at: int) -> None:
        self.mode, self.at, self.writes = mode, at, 0
        read, replace = hooks()
        self.kept = []
        for name, kind in ((b"pwrite64", Write), (b"pwrite", Write), (b"ftruncate", Truncate)):
            address = read(name)
            if address:
                call = kind(self._failing(kind(address), kind is Write))
                self.kept.append(call)  # SQLite keeps the address alone
                assert replace(name, call) == 0
        assert len(self.kept) >= 2

    def _failing(self, real: Callable[..., int], writes: bool) -> Callable[..., int]:
        def call(*given: int) -> int:
            self.writes += 1
            if self.mode == "count" or self.writes < self.at:
                return real(*given)
            if self.mode in ("kill", "torn"):
                if self.mode == "torn" and writes:
                    real(given[0], given[1], given[2] // 2, given[3])
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)
            if self.mode == "full" or self.writes == self.at:
                ctypes.set_errno(errno.ENOSPC)
                return -1
            return real(*given)

        return call


def story(folder: Path) -> list[Callable[[], Registry]]:
    """The steps of a registry's life; each opens the file again, as a command would."""
    place, clock = folder / "registry.sqlite", Clock()

    def step(act: Callable[[Registry], object]) -> Callable[[], Registry]:
        def run() -> Registry:
            registry = Registry.open(place, clock=clock)
            try:
                act(registry)
            except BaseException:
                registry.close()
                raise
            return registry

        return run

    def commit(registry: Registry) -> None:
        registry.commit(configuration_for(registry.table("credit scoring/1"), "paid"))

    def train(registry: Registry) -> None:
        body = configuration_for(registry.table("credit scoring/1"), "paid").to_bytes()
        registry.train("credit", "credit scoring/1", sha256_hex(body))

    def create() -> Registry:
        if place.exists():  # made by a first try that failed after it
            return Registry.open(place, clock=clock)
        return Registry.create(place, origin="bank.example/evidence", clock=clock)

    given = {"purpose": PURPOSE}
    return [
        create,
        step(lambda r: r.source("loans", uri="file:loans.csv", licence="own records")),
        step(lambda r: r.ingest(loans(20), subject="customer", source="loans", consent=given)),
        step(lambda r: r.freeze(purpose=PURPOSE)),
        step(commit),
        step(train),
        step(lambda r: r.serve("credit/1")),
        step(lambda r: r.request("erasure", subject="c-3", clause="GDPR 17(1)")),
        step(lambda r: r.retrain_due("credit")),
        step(lambda r: r.destroy("R-1", suppress_days=30)),
        step(lambda r: r.advance("R-1", "answered")),
    ]


def live(folder: Path, mode: str, at: int, acknowledged: int) -> None:
    """Be the child: live the story, and acknowledge each step with the length of the log."""
    disk = FailingDisk(mode, at)
    failures = 0
    for step in story(folder):
        for _ in range(2 if mode == "once" else 1):
            try:
                registry = step()
            except EvidenceError as error:
                failures += 1
                assert "disk is full" in str(error) or "disk refused" in str(error), str(error)
                continue
            length = len(registry.entries())
            registry.close()
            os.write(acknowledged, f"{length}\n".encode())
            break
        else:
            if mode == "full":
                break
            raise AssertionError("the second try failed too")
    os.write(acknowledged, f"end {disk.writes} {failures}\n".encode())


def one_life(mode: str, at: int) -> dict[str, object]:
    """Fork a child, wait for its end, and look at what it left."""
    folder = Path(tempfile.mkdtemp())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            live(folder, mode, at, writing)
        except BaseException as error:
            os.write(writing, f"failed {type(error).__name__}: {error}\n".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        lines = stream.read().splitlines()
    _, status = os.waitpid(child, 0)
    found: dict[str, object] = {
        "mode": mode,
        "at": at,
        "killed": os.WIFSIGNALED(status),
        "acknowledged": [int(line) for line in lines if line.isdigit()],
        "said": [line for line in lines if not line.isdigit()],
        "there": None,
    }
    place = folder / "registry.sqlite"
    try:
        if place.exists():
            with Registry.open(place) as registry:
                registry.check()
                found["there"] = len(registry.entries())
                # and the file can be written on
                registry.source("after", uri="file:after.csv", licence="own records")
        else:
            Registry.create(place, origin="bank.example/evidence").close()
    except EvidenceError as error:
        found["broken"] = str(error)
    shutil.rmtree(folder)
    return found


if __name__ == "__main__":
    chosen, first, last, stride = sys.argv[1], *map(int, sys.argv[2:5])
    for number in range(first, last + 1, stride):
        print(json.dumps(one_life(chosen, number)), flush=True)
