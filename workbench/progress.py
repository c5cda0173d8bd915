"""How long work says where it is.

A progress callback takes the step's name and the share of it that is done. It may raise
:class:`workbench.errors.AuditCancelled` to stop the audit; every step calls it often enough for
that to feel immediate.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[str, float], None]
"""``progress(step, share)``: the step in words, and the share done from 0.0 to 1.0."""


def silent(step: str, share: float) -> None:
    """Report nothing."""
