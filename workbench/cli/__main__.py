"""Where the command starts: Ctrl-C is heeded from its first moment, before anything is loaded."""

from __future__ import annotations

import os
import signal
from typing import Any, NoReturn

__all__ = ["main"]

STOPPED = 130


def main() -> NoReturn:
    """Load the command line, then run it.

    Ctrl-C while packages load ends the process at once: as an exception, some of them would take
    it for a missing part of their own.
    """
    hearing = signal.getsignal(signal.SIGINT)
    if hearing is not signal.SIG_IGN:  # started by ``nohup`` or in the background
        signal.signal(signal.SIGINT, _stop)
    from workbench.cli.commands import main as run

    signal.signal(signal.SIGINT, hearing)
    run()


def _stop(*_: Any) -> NoReturn:
    os.write(2, b"\nStopped. No file was written.\n")
    os._exit(STOPPED)


if __name__ == "__main__":
    main()
