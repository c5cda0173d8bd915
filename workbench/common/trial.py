"""Parse a stranger's file in a child process first: a crash or a bomb ends there.

Parsers of binary formats are large programs in C++; one changed byte has made one abort the whole
process. So a file is first taken apart in a process of its own, with limits on memory and time,
by a short program beside the reader that imports nothing of the workbench. What it learns is only
how that ended; the file is then read here, with every check of its own.

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
from typing import Literal

__all__ = ["Ending", "Limits", "tried"]

Ending = Literal["fine", "crashed", "memory", "time"]
REFUSED, NO_MEMORY = 3, 4
"""Exit status of a child that the parser told of a fault, and of one that had no memory left."""
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
        Of computing, and a third more on the clock.
    memory : int
        Bytes of address space, beyond what the parsers themselves take.
    """

    seconds: int = 120
    memory: int = 8_000_000_000


def tried(
    program: Path, content: bytes, limits: Limits | None = None, *, told: int | None = None
) -> Ending:
    """Run a short program over a file's content in a child process and say how it ended.

    Parameters
    ----------
    program : path
        Python whose function ``take_apart(content, told)`` takes the content apart.
    content : bytes
    limits : Limits, optional
    told : int, optional
        A number for the program.

    Returns
    -------
    {"fine", "crashed", "memory", "time"}
        "fine" also where the parser refused the file: the reader here will say why.
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
    seconds = limits.seconds * 4 / 3 + START
    try:
        status = _KEPT.ask(line, content, seconds) if COPIES else _once(line, content, seconds)
    except (subprocess.TimeoutExpired, TimeoutError):
        return "time"
    except (OSError, ValueError):  # a system on which no process can be started
        return "fine"
    if status in (0, REFUSED):
        return "fine"
    if status == NO_MEMORY:
        return "memory"
    return "time" if -status in OUT_OF_TIME else "crashed"


def _once(line: bytes, content: bytes, seconds: float) -> int:
    """Start a process for one file."""
    done = subprocess.run(
        _command("once"),
        input=line + content,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=seconds,
        env=_environment(),
        check=False,
    )
    return done.returncode


class _Kept:
    """The process that is kept, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, line: bytes, content: bytes, seconds: float) -> int:
        """Hand over a file and return how its copy ended."""
        with self._lock:
            try:
                return self._asked(line, content, seconds)
            except BrokenPipeError:  # it had been idle for long, and ended meanwhile
                self.end()
                return self._asked(line, content, seconds)
            except BaseException:  # an answer may still come, to nobody's question
                self.end()
                raise

    def _asked(self, line: bytes, content: bytes, seconds: float) -> int:
        process = self._process or self._started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(line)
        process.stdin.write(content)
        process.stdin.flush()
        if not select.select([process.stdout], [], [], seconds)[0]:
            raise TimeoutError
        answer = process.stdout.readline()
        if not answer:  # the process itself is gone
            status = process.wait()
            self.end()
            return status or -6
        return int(answer)

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
    """Return what a child needs of the environment: no more of it is handed on."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMPDIR")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return found | single | {"ARROW_DEFAULT_MEMORY_POOL": "system"}
