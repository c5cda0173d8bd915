"""Take files apart, one in a process of its own each; run by itself, see ``trial.py``.

On standard input: for each file a line of JSON that names the program, its limits and the places
where modules are found, and the file's content. On standard output: for each file a line with how
its process ended and the length of its answer, and the answer. Where processes cannot be copied,
one file is taken apart here: the ending is this process's own, its output the answer.
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

Program = Callable[[bytes, Any], bytes | None]
REFUSED, NO_MEMORY = 3, 4
"""Exit status of a child whose parser told of a fault, and of one that had no memory left."""
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
        signal.alarm(seconds * 3)


def own_size() -> int:
    """Return how many bytes of address space the libraries take before a file is opened."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def ending(program: Program, content: bytes, told: Any) -> tuple[int, bytes]:
    """Run a program; return the exit status that says how it ended, and its answer."""
    try:
        return 0, program(content, told) or b""
    except MemoryError:
        return NO_MEMORY, b""
    except ImportError:
        return 0, b""  # the reader says which package is missing
    except BaseException as error:
        # C++ ends its text so; a word such as "allocation" may be the name of a column.
        text = str(error)
        if text.rstrip(".\n ").endswith(("bad_alloc", "bad allocation")):
            return NO_MEMORY, b""
        said = f"{type(error).__name__}: {text[:1_000]}"  # which may quote the file
        return REFUSED, said.encode("utf-8", "replace")


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


def in_a_copy(asked: dict[str, Any], content: bytes) -> tuple[int, bytes]:
    """Take one file apart in a copy of this process; return its ending and its answer.

    The ending is its exit status, or a signal's number below zero.
    """
    program = loaded(asked["program"])
    told, answers = os.pipe()
    child = os.fork()
    if child == 0:
        status = REFUSED
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in MOVED_STREAMS:
                os.dup2(nothing, stream)
            os.closerange(nothing, nothing + 8)
            limit(asked["seconds"], asked["memory"])
            status, answer = ending(program, content, asked["told"])
            written(answers, answer)
        finally:
            os._exit(status)
    os.close(answers)
    with open(told, "rb") as pipe:
        answer = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), answer


def written(to: int, answer: bytes) -> None:
    """Write all of an answer; an open descriptor may take a part at a time."""
    rest = memoryview(answer)
    while rest:
        rest = rest[os.write(to, rest) :]


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
            status, answer = ending(loaded(asked["program"]), content, asked["told"])
            written(answers, answer)
            os._exit(status)
        status, answer = in_a_copy(asked, content)
        written(answers, b"%d %d\n" % (status, len(answer)))
        written(answers, answer)
        del content, answer


if __name__ == "__main__":
    main()
