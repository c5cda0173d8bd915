"""The steps of an audit: what each took, and why some could not be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from workbench.case.asking.budget import Budget
from workbench.common.errors import AuditError
from workbench.common.progress import Progress

__all__ = ["Steps"]

Result = TypeVar("Result")


@dataclass
class Steps:
    """Runs the steps of an audit and keeps their time, their queries and why some were skipped."""

    budget: Budget
    progress: Progress
    queries: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, step: Callable[[], Result]) -> Result:
        """Run a step and note what it took."""
        started = time.perf_counter()
        self.progress(name, 0.0)
        try:
            with self.budget.step(name):
                return step()
        finally:
            self.seconds[name] = time.perf_counter() - started
            self.queries[name] = self.budget.by_step.get(name, 0)

    def optional(self, name: str, step: Callable[[], Result]) -> Result | None:
        """Run a step that the audit can do without, noting why when it cannot be done."""
        try:
            return self.run(name, step)
        except AuditError as error:
            self.skipped[name] = str(error)
            return None
