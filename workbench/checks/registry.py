"""The table of checks: every list of checks follows from it.

A new check is one folder or file with a :class:`workbench.checks.finding.Check` named ``CHECK``,
and one line here. ``audit(checks=…)``, the command line's choices and help, the page's list, the
report page, the saved report and its CSV then know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from workbench.checks.finding import Check

__all__ = ["CHECKS", "CHECK_BY_NAME", "CHECK_NAMES"]


def _check(module: str) -> Check[Any]:
    check = import_module(module).CHECK
    if not isinstance(check, Check):
        raise TypeError(f"{module}.CHECK is a {type(check).__name__}, not a Check.")
    return check


CHECKS: tuple[Check[Any], ...] = (
    _check("workbench.checks.subgroups.check"),
    _check("workbench.checks.graph_sensitivity.check"),
    _check("workbench.checks.change.check"),
    _check("workbench.checks.next_actions.check"),
    _check("workbench.checks.planted_leaks.check"),
    _check("workbench.checks.membership.check"),
)
"""Checks in the order they run: each may use the findings of those before it."""

CHECK_BY_NAME: Mapping[str, Check[Any]] = MappingProxyType({c.name: c for c in CHECKS})

CHECK_NAMES = tuple(check.name for check in CHECKS if check.asked_by == "checks")
"""What ``audit(checks=…)`` takes; they take time, so that they run only where asked for."""
