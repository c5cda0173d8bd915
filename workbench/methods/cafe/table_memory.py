"""How much memory the passes over a table need, said before any row is read."""

from __future__ import annotations

import os

from workbench.common.errors import DataError
from workbench.methods.cafe.design_matrix import KEPT_BYTES
from workbench.methods.cafe.partition_sums import PartitionJob

__all__ = ["bytes_of_message", "bytes_of_worker", "check_memory"]

PROGRAM = 200_000_000
"""Bytes of a process that has imported what it needs."""
CELL_COPIES = 4
"""Copies of a partition's cells that are held at a time: as read, encoded, asked, in parts."""
MESSAGES = 3
"""Messages that a process holds at a time: the sum, the next, and the two added up."""


def bytes_of_message(job: PartitionJob) -> int:
    """Return the bytes of what a worker says of one partition: as wide as the regressions."""
    width = _width(job)
    own = sum(n.gram.nbytes + n.moment.nbytes + n.cross_step.nbytes for n in job.normals.values())
    return 8 * width * (width + 1) + own


def bytes_of_worker(job: PartitionJob, rows: int) -> int:
    """Return the bytes that a worker will need, about, for a partition of so many rows."""
    cells = len(job.case.needed) + 2 * len(job.normals) + len(job.asked) + 1
    held = rows * 8 * CELL_COPIES * cells + min(rows * _width(job) * 8, KEPT_BYTES)
    return PROGRAM + held + MESSAGES * bytes_of_message(job)


def check_memory(job: PartitionJob, rows: int, share: int | None, count: int) -> None:
    """Refuse passes that would not fit.

    Parameters
    ----------
    job : PartitionJob
    rows : int
        Of the largest partition.
    share : int or None
        Bytes that one worker may take; None takes an equal share of this machine's memory.
    count : int
        Workers side by side.

    Raises
    ------
    DataError
    """
    needed, message = bytes_of_worker(job, rows), bytes_of_message(job)
    known = share if share is not None else _machine() // count
    if needed <= known:
        return
    if 2 * MESSAGES * message > needed:
        raise DataError(
            f"The regressions have {_width(job):,} columns, so that every partition is answered "
            f"with {message / 1e6:,.0f} MB, of which a process holds {MESSAGES} at a time; it has "
            f"{known / 1e6:,.0f} MB. Leave out columns, join rare levels, or give more memory."
        )
    raise DataError(
        f"A worker needs about {needed / 1e6:,.0f} MB for a partition of {rows:,} rows, and "
        f"has {known / 1e6:,.0f} MB. Give more memory, use fewer workers, or write the table "
        f"with smaller row groups."
    )


def _width(job: PartitionJob) -> int:
    return job.layouts[job.kind].width if job.layouts else 0


def _machine() -> int:
    """Return the bytes of memory that this machine has, where it tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on Windows
        return 2**63
