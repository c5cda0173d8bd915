"""The table of methods: every list of methods follows from it.

A new baseline is one file with a :class:`workbench.methods.method.Baseline` named ``METHOD``, and
one line here. ``audit(methods=…)``, the command line's choices and help, the page's list, the
comparison, the report page, the saved report and its CSV then know it.

A causal estimator is added in the same way, with a :class:`workbench.methods.method.CausalMethod`:
its ``run`` returns an :class:`workbench.methods.effects.EffectTable` whose entries name it in their
estimator. Its effects then stand among ``report.effects``, are judged by the verdict, compared with
the other estimators and saved with their joint uncertainty. An estimator that needs the structural
equations says so, and gets those that the audit has fitted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from workbench.methods.method import AuditMethod, Baseline, CausalMethod

__all__ = [
    "AUDIT_METHODS",
    "BASELINES",
    "CAUSAL_METHODS",
    "METHOD_BY_NAME",
    "METHOD_NAMES",
    "with_needed",
]


def _method(module: str) -> CausalMethod | Baseline[Any]:
    method = import_module(module).METHOD
    if not isinstance(method, CausalMethod | Baseline):
        raise TypeError(f"{module}.METHOD is a {type(method).__name__}, no method of an audit.")
    return method


AUDIT_METHODS: tuple[CausalMethod | Baseline[Any], ...] = (
    _method("workbench.methods.debiased.estimator"),
    _method("workbench.methods.cafe.estimator"),
    _method("workbench.methods.fuzzing.estimator"),
    _method("workbench.methods.baselines.shap_values"),
    _method("workbench.methods.baselines.permutation"),
    _method("workbench.methods.baselines.fairtest"),
    _method("workbench.methods.baselines.fairness"),
)
"""Methods of an audit, in the order they run."""

CAUSAL_METHODS = tuple(method for method in AUDIT_METHODS if isinstance(method, CausalMethod))
BASELINES = tuple(method for method in AUDIT_METHODS if isinstance(method, Baseline))
METHOD_BY_NAME: Mapping[str, AuditMethod] = MappingProxyType({m.name: m for m in AUDIT_METHODS})
METHOD_NAMES = tuple(method.name for method in AUDIT_METHODS)


def with_needed(methods: Collection[str], groups: int) -> tuple[str, ...]:
    """Return methods in the order they run, with the one that estimates subgroups where any is.

    Examples
    --------
    >>> with_needed(["shap", "cafe"], groups=0), with_needed(["cafe"], groups=1)
    (('cafe', 'shap'), ('debiased', 'cafe'))
    """
    needed = {*methods, "debiased"} if groups else set(methods)
    return tuple(name for name in METHOD_NAMES if name in needed)
