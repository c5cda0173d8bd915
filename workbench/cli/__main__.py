"""Where the command starts: Ctrl-C works from the first moment, before anything is loaded."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

__all__ = ["main", "open_closed_streams"]

STOPPED = 130


def main() -> NoReturn:
    """Load the command line, then run it.

    Ctrl-C while packages load ends the process at once: as an exception, some of them would take
    it for a missing part of their own.
    """
    open_closed_streams()
    hearing = signal.getsignal(signal.SIGINT)
    if hearing is not signal.SIG_IGN:  # started by ``nohup`` or in the background
        signal.signal(signal.SIGINT, _stop)
    from workbench.cli.commands import main as run

    signal.signal(signal.SIGINT, hearing)
    try:
        run()
    except SystemExit as ended:
        if ended.code == STOPPED:  # everything was given up already: packages need no farewell
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):  # who read it has gone, too
                    stream.flush()
            os._exit(STOPPED)
        raise


def open_closed_streams() -> None:
    """Let what is written to a closed standard stream (``>&-``, ``2>&-``) be lost, and no more.

    Python leaves such a stream out, and the next file or socket that is opened would get its
    number: a library that writes to it would then write there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def _stop(*_: Any) -> NoReturn:
    os.write(2, b"\nStopped. No file was written.\n")
    os._exit(STOPPED)


if __name__ == "__main__":
    main()
