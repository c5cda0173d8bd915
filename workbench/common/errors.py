"""Every error that a user's input can cause.

::

    AuditError
    ├── DataError               the table: columns, types, values
    ├── GraphError              the causal graph: nodes, edges
    │   ├── CycleError          the edges run in a circle
    │   └── GraphFileError      a graph file or text that cannot be read
    ├── TargetError             the unlearning target: features, rows
    │   └── ConditionError      a subgroup condition that cannot be read
    ├── InterventionError       levels that the intervention cannot take
    ├── ModelError              the model: its shape, its values, its inputs
    │   └── UntrustedModelError a model file that could run code when opened
    ├── EvidenceError           a dossier, log, key or stamp that is not what it should be
    ├── NotIdentifiableError    the graph and data cannot answer the question
    └── MissingPackageError     an optional package that the request needs

A message says what is wrong, where, and what would be right. Anything that is not an
:class:`AuditError` is a defect of the workbench, except :class:`AuditCancelled`, which says
that the person who started the audit stopped it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from workbench.common.printable import printable

__all__ = [
    "AuditCancelled",
    "AuditError",
    "ConditionError",
    "CycleError",
    "DataError",
    "EvidenceError",
    "GraphError",
    "GraphFileError",
    "InterventionError",
    "MissingPackageError",
    "ModelError",
    "NotIdentifiableError",
    "TargetError",
    "UntrustedModelError",
    "listed",
    "suggestion",
]


class AuditError(Exception):
    """The root of every error that a user's input can cause.

    Its message quotes strangers: nothing in it is obeyed by the terminal that shows it.
    """

    def __str__(self) -> str:
        return printable(super().__str__(), keep="\n\t")


class DataError(AuditError):
    """The table cannot be audited as it is."""


class GraphError(AuditError):
    """The causal graph is malformed or does not fit the request."""


class CycleError(GraphError):
    """The edges run in a circle, so no feature comes first.

    Attributes
    ----------
    cycle : tuple of str
        The nodes of one cycle in order; the last leads back to the first.
    """

    def __init__(self, message: str, cycle: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.cycle = cycle


class GraphFileError(GraphError):
    """A graph file or text cannot be read."""


class TargetError(AuditError):
    """The unlearning target names rows or features that cannot be audited."""


class ConditionError(TargetError):
    """A subgroup condition is not in the condition language."""


class InterventionError(AuditError):
    """An intervention asks for levels outside the feature's domain."""


class ModelError(AuditError):
    """The model cannot be asked, or its answer is not one score per row."""


class UntrustedModelError(ModelError):
    """A model file holds types that nobody has reviewed and was not opened."""


class NotIdentifiableError(AuditError):
    """The causal graph does not allow the effect to be estimated from the data.

    Attributes
    ----------
    confounders : tuple of str
        The latent nodes that stand in the way.
    """

    def __init__(self, message: str, confounders: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.confounders = confounders


class EvidenceError(AuditError):
    """A piece of evidence (dossier, log, key, stamp) is not what it should be."""


class MissingPackageError(AuditError):
    """An optional package is needed and not installed."""


class AuditCancelled(Exception):
    """The audit was stopped by the person who started it."""


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Join names for a message, quoted, with a count of those left out.

    Examples
    --------
    >>> listed(["age", "bmi", "smoking"], limit=2)
    "'age', 'bmi' and 1 more"
    """
    quoted = [repr(name) for name in names]
    if len(quoted) <= limit:
        return ", ".join(quoted) if quoted else "none"
    return ", ".join(quoted[:limit]) + f" and {len(quoted) - limit} more"


def suggestion(name: object, valid: Iterable[object]) -> str:
    """Say which valid name was probably meant, or nothing when none is near.

    Examples
    --------
    >>> suggestion("zipcode", ["zip_code", "age"])
    " Did you mean 'zip_code'?"
    """
    near = difflib.get_close_matches(str(name), [str(v) for v in valid], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
