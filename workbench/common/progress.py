"""How long work says where it is.

A progress callback takes the step's name and the share of it that is done. It may raise
:class:`AuditCancelled` to stop the audit; every step calls it often enough for
that to feel immediate.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Progress", "progress_bar", "silent"]

Progress = Callable[[str, float], None]
"""``progress(step, share)``: the step in words, and the share done from 0.0 to 1.0."""


def silent(step: str, share: float) -> None:
    """Report nothing."""


@contextmanager
def progress_bar(progress: Progress | None) -> Iterator[Progress]:
    """Give the callback itself, or draw a bar when there is none and a person is watching."""
    if progress is not None:
        yield progress
        return
    watched = sys.stderr is not None and sys.stderr.isatty()  # None where it was closed
    if not _in_notebook() and not watched:
        yield silent
        return
    from tqdm.auto import tqdm

    with tqdm(total=100, leave=False, bar_format="{desc} {bar} {percentage:3.0f} %") as bar:

        def draw(step: str, share: float) -> None:
            bar.set_description_str(step, refresh=False)
            bar.n = round(100 * share)
            bar.refresh()

        yield draw


def _in_notebook() -> bool:
    """Whether this process runs a notebook; that ipykernel is loaded does not say so yet."""
    kernel = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    return kernel is not None and bool(kernel.initialized())
