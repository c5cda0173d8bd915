"""Parse a stranger's file in a child process first: a crash or a bomb ends there.

Parsers of binary formats are large programs in C++; one changed byte has made one abort the whole
process. So a file is first taken apart in a process of its own, with limits on memory and time,
by a short program beside the reader that imports nothing of the workbench. What it learns is only
how that ended; the file is then read here, with every check of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["REFUSED", "Ending", "Limits", "tried"]

Ending = Literal["fine", "crashed", "memory", "time"]
REFUSED, NO_MEMORY = 3, 4
"""Exit status of a child that the parser told of a fault, and of one that had no memory left."""

OUT_OF_TIME = (24, 9)
"""Signals of a system that ends a process for its time: SIGXCPU, then SIGKILL."""

PRELUDE = """
import sys
seconds, memory = int(sys.argv[2]), int(sys.argv[3])
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
except (ImportError, ValueError, OSError):
    pass  # a platform without such limits still keeps the time and survives the crash
try:
    exec(compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec"))
except MemoryError:
    sys.exit(4)
except ImportError:
    sys.exit(0)  # the reader says which package is missing
except Exception as error:
    # C++ ends its text so; a word such as "allocation" may be the name of a column.
    sys.exit(4 if str(error).rstrip(".\\n ").endswith(("bad_alloc", "bad allocation")) else 3)
"""


@dataclass(frozen=True)
class Limits:
    """What a child may use.

    Attributes
    ----------
    seconds : int
        Of computing, and a third more on the clock.
    memory : int
        Bytes of address space.
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
        Python that reads the content from ``sys.stdin.buffer`` and takes it apart.
    content : bytes
    limits : Limits, optional
    told : int, optional
        A number that the program finds in ``sys.argv[4]``.

    Returns
    -------
    {"fine", "crashed", "memory", "time"}
        "fine" also where the parser refused the file: the reader here will say why.
    """
    limits = limits or Limits()
    command = [sys.executable, "-I", "-c", PRELUDE, str(program)]
    command += [str(limits.seconds), str(limits.memory), *([] if told is None else [str(told)])]
    try:
        done = subprocess.run(
            command,
            input=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limits.seconds * 4 / 3,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "time"
    except (OSError, ValueError):  # a system on which no process can be started
        return "fine"
    if done.returncode in (0, REFUSED):
        return "fine"
    if done.returncode == NO_MEMORY:
        return "memory"
    return "time" if -done.returncode in OUT_OF_TIME else "crashed"


def _environment() -> dict[str, str]:
    """Return what a child needs of the environment: no more of it is handed on."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMPDIR")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return found | single | {"ARROW_DEFAULT_MEMORY_POOL": "system"}
