"""Parse a stranger's file in a child process first: a crash or a bomb ends there.

Parsers of binary formats are large programs in C++; one changed byte has made one abort the whole
process. So a file is first taken apart in a process of its own, with limits on memory and time,
by a short program beside the reader that imports nothing of the workbench. Either how that ended is
all that is learnt, and the file is then read here, or the program hands back what it found in a
plain form, and the file is not opened here at all.

On Linux one process is kept that has imported the parsers and makes a copy of itself for each
file: a file then costs some hundredths of a second. Elsewhere a new one is started each time.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.common.trial_child import NO_MEMORY, REFUSED, ending, loaded

__all__ = ["Ending", "Limits", "Outcome", "taken_apart", "tried"]

Ending = Literal["fine", "refused", "crashed", "memory", "time"]
OUT_OF_TIME = (24, 9, 14)
"""Signals that end a process for its time: SIGXCPU, SIGKILL, SIGALRM."""
START = 30
"""Seconds that importing the parsers may take beyond a file's own."""
COPIES = sys.platform == "linux"
"""Whether a copy of a process that has imported large libraries works without fail."""
CHILD = Path(__file__).with_name("trial_child.py")


@dataclass(frozen=True)
class Limits:
    """What a child may use.

    Attributes
    ----------
    seconds : int
        Of computing, and three times as many on the clock: others may be computing, too.
    memory : int
        Bytes of address space, beyond what the parsers themselves take.
    """

    seconds: int = 120
    memory: int = 8_000_000_000


@dataclass(frozen=True)
class Outcome:
    """How taking a file apart ended, and what came of it.

    Attributes
    ----------
    ending : {"fine", "refused", "crashed", "memory", "time"}
    answer : bytes
        What the program returned. Of a refused file the name of the error, a colon and its text.
    """

    ending: Ending
    answer: bytes = b""

    @property
    def error(self) -> tuple[str, str]:
        """The name and the text of the error by which the program refused the file."""
        name, _, text = self.answer.decode("utf-8", "replace").partition(": ")
        return name, text


def tried(
    program: Path, content: bytes, limits: Limits | None = None, *, told: Any = None
) -> Ending:
    """Run a short program over a file's content in a child process and say how it ended.

    Parameters
    ----------
    program, content, limits, told
        See `taken_apart`.

    Returns
    -------
    {"fine", "crashed", "memory", "time"}
        "fine" also where the parser refused the file: the reader here will say why.
    """
    found = taken_apart(program, content, limits, told=told).ending
    return "fine" if found == "refused" else found


def taken_apart(
    program: Path, content: bytes, limits: Limits | None = None, *, told: Any = None
) -> Outcome:
    """Run a short program over a file's content in a child process; return what came of it.

    Parameters
    ----------
    program : path
        Python whose function ``take_apart(content, told)`` takes the content apart and returns
        bytes or None. Nothing is done, and no error raised, where a library in its ``LIBRARIES`` is
        missing.
    content : bytes
    limits : Limits, optional
    told : value of JSON, optional
        For the program.

    Returns
    -------
    Outcome
        Where no process can be started, of running the program here, without limits.
    """
    limits = limits or Limits()
    asked = {
        "program": str(program),
        "seconds": limits.seconds,
        "memory": limits.memory,
        "told": told,
        "bytes": len(content),
        "places": [place for place in sys.path if os.path.isabs(place)],
    }
    line = json.dumps(asked).encode() + b"\n"
    seconds = limits.seconds * 3 + START
    try:
        ask = _KEPT.ask if COPIES else _once
        status, answer = ask(line, content, seconds)
    except (subprocess.TimeoutExpired, TimeoutError):
        return Outcome("time")
    except (OSError, ValueError):  # a system on which no process can be started
        status, answer = ending(loaded(str(program)), content, told)
    if status == NO_MEMORY:
        return Outcome("memory")
    if status in (0, REFUSED):
        return Outcome("refused" if status else "fine", answer)
    return Outcome("time" if -status in OUT_OF_TIME else "crashed")


def _once(line: bytes, content: bytes, seconds: float) -> tuple[int, bytes]:
    """Start a process for one file."""
    done = subprocess.run(
        _command("once"),
        input=line + content,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=seconds,
        env=_environment(),
        check=False,
    )
    return done.returncode, done.stdout


class _Kept:
    """The process that is kept, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, line: bytes, content: bytes, seconds: float) -> tuple[int, bytes]:
        """Hand over a file and return its copy's exit status and answer."""
        with self._lock:
            try:
                return self._asked(line, content, seconds)
            except BrokenPipeError:  # it had been idle for long, and ended meanwhile
                self.end()
                return self._asked(line, content, seconds)
            except BaseException:  # an answer may still come, to nobody's question
                self.end()
                raise

    def _asked(self, line: bytes, content: bytes, seconds: float) -> tuple[int, bytes]:
        process = self._process or self._started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(line)
        process.stdin.write(content)
        process.stdin.flush()
        if not select.select([process.stdout], [], [], seconds)[0]:
            raise TimeoutError
        head = process.stdout.readline()
        if not head:  # the process itself is gone
            status = process.wait()
            self.end()
            return status or -6, b""
        status, size = map(int, head.split())
        return status, process.stdout.read(size)

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            _command("each"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the workbench
        )
        self._process = process
        return process

    def end(self) -> None:
        """End the process and all its copies."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            os.killpg(process.pid, 9)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()


_KEPT = _Kept()


def _fresh() -> None:
    """Leave the kept process to the one that a copy of the workbench's came from."""
    global _KEPT
    _KEPT = _Kept()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fresh)
atexit.register(lambda: _KEPT.end())


def _command(mode: str) -> list[str]:
    return [sys.executable, "-I", str(CHILD), mode]


def _environment() -> dict[str, str]:
    """Return what a child needs of the environment: no more of it is passed on."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMPDIR")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return found | single | {"ARROW_DEFAULT_MEMORY_POOL": "system"}
