"""Old module paths that saved code and notebooks import, for two releases, with a warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["MOVED", "keep_old_paths"]

MOVED = {
    "answer_consistency": "checks.consistency.measure",
    "baselines": "methods.baselines",
    "cafe": "methods.cafe.estimator",
    "condition": "case.condition",
    "discovery": "graph.proposal",
    "effects": "methods.effects",
    "endpoint": "models.endpoint.endpoint",
    "errors": "common.errors",
    "fuzzing": "methods.fuzzing.estimator",
    "gradient_evidence": "checks.gradient_evidence",
    "graph_drawing": "graph.picture.drawing",
    "intervention": "case.intervention",
    "membership": "checks.membership",
    "model": "models.black_box",
    "model_files": "models.files.skops_files",
    "model_utility": "checks.change.utility",
    "next_actions": "checks.next_actions",
    "paths": "methods.fuzzing.paths",
    "planted_leaks": "checks.planted_leaks",
    "sample_models": "models.trained_here",
    "saved_report": "report.audit_report",
    "table_files": "tables.files.delimited",
    "target": "case.target",
    "training": "models.training",
    "verdict": "checks.verdict",
}
"""Where a module of version 0.1 is now, both below ``workbench``."""


def keep_old_paths(public: Collection[str]) -> None:
    """Let the old paths be imported from now on; doing it twice changes nothing.

    Each is a module without content that looks names up where they are now. A public name of the
    package stays what it is where a module was once named so.
    """
    package = sys.modules["workbench"]
    for name in MOVED:
        path = f"workbench.{name}"
        if path not in sys.modules:
            module = ModuleType(path, f"Moved to workbench.{MOVED[name]}.")
            vars(module)["__getattr__"] = partial(_look_up, name)
            sys.modules[path] = module
            if name not in public:
                setattr(package, name, module)


def _look_up(old: str, name: str) -> Any:
    if name.startswith("__"):  # asked by tools that walk through all modules
        raise AttributeError(name)
    place = f"workbench.{MOVED[old]}"
    warnings.warn(
        f"workbench.{old} has moved to {place}; the old path goes with version 0.3.",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(import_module(place), name)
