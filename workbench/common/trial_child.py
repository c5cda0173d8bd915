"""Take files apart, one in a process of its own each; run by itself, see ``trial.py``.

On standard input: for each file a line of JSON that names the program, its limits and the places
where modules are found, and the file's content. On standard output: for each
file a line with how its process ended. Where processes cannot be copied, one file is taken apart
here and the ending is this process's own.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import runpy
import select
import sys
from collections.abc import Callable
from typing import Any

Program = Callable[[bytes, int | None], None]
REFUSED, NO_MEMORY = 3, 4
IDLE = 60
"""Seconds without a file after which the process ends: it holds libraries in memory."""
MOVED_STREAMS = (0, 1, 2)


def limit(seconds: int, memory: int) -> None:
    """Set the limits of this process, where the platform has them."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource
        import signal

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        most = memory + own_size()
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        signal.alarm(seconds * 4 // 3 + 1)


def own_size() -> int:
    """Return how many bytes of address space the libraries take before a file is opened."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def ending(program: Program, content: bytes, told: int | None) -> int:
    """Run a program and return the exit status that says how it ended."""
    try:
        program(content, told)
    except MemoryError:
        return NO_MEMORY
    except ImportError:
        return 0  # the reader says which package is missing
    except BaseException as error:
        # C++ ends its text so; a word such as "allocation" may be the name of a column.
        text = str(error).rstrip(".\n ")
        return NO_MEMORY if text.endswith(("bad_alloc", "bad allocation")) else REFUSED
    return 0


@functools.cache
def loaded(path: str) -> Program:
    """Return a program, whose libraries are imported once for all files."""
    try:
        found = runpy.run_path(path, run_name="trial")
        program: Program = found["take_apart"]
        for library in found.get("LIBRARIES", ()):
            importlib.import_module(library)
    except ImportError:
        return lambda content, told: None  # the reader says which package is missing
    return program


def in_a_copy(asked: dict[str, Any], content: bytes) -> int:
    """Take one file apart in a copy of this process; return its status, minus a signal's number."""
    program = loaded(asked["program"])
    child = os.fork()
    if child == 0:
        status = REFUSED
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in MOVED_STREAMS:
                os.dup2(nothing, stream)
            os.closerange(nothing, nothing + 8)
            limit(asked["seconds"], asked["memory"])
            status = ending(program, content, asked["told"])
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Answer for one file, or for each until there are no more."""
    told, answers = sys.stdin.buffer, os.dup(1)  # what a library prints is no answer
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # A file is read to its end, so that nothing waits in the buffer when the next one is awaited.
    while sys.argv[1] == "once" or select.select([told], [], [], IDLE)[0]:
        line = told.readline()
        if not line:
            return
        asked = json.loads(line)
        content = told.read(asked["bytes"])
        sys.path[:] = asked["places"]
        if sys.argv[1] == "once":
            limit(asked["seconds"], asked["memory"])
            os._exit(ending(loaded(asked["program"]), content, asked["told"]))
        os.write(answers, b"%d\n" % in_a_copy(asked, content))


if __name__ == "__main__":
    main()
