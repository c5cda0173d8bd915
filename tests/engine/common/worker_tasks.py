"""What workers are given to do: work, die once, or die."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def twice(part: float) -> float:
    return 2 * part


def dies_once(marker: Path, part: float) -> float:
    if part == 0.3 and not marker.exists():
        marker.write_text("died")
        os.kill(os.getpid(), signal.SIGKILL)
    return twice(part)


def dies(part: float) -> float:
    os.kill(os.getpid(), signal.SIGKILL)
    return part
