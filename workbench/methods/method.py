"""What the table of methods knows of a method: a causal estimator, or a baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import pandas as pd

from workbench.case.audit_request import AuditRequest
from workbench.methods.attribution import Attribution
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.propagation import Equations

__all__ = [
    "AuditMethod",
    "Baseline",
    "BaselineFinding",
    "CausalMethod",
    "CsvRow",
    "SavedBaseline",
    "attribution_rows",
]

CsvRow = tuple[object, ...]
"""Section, name, feature, estimator, part, n_rows, value, low, high."""


class BaselineFinding(Protocol):
    """What a baseline found: a value that knows no renderer."""

    @property
    def ranks(self) -> Attribution | None:
        """What of it ranks the features, for the comparison of the methods."""

    def sentences(self) -> tuple[str, ...]:
        """Say what it found, or how it was measured."""

    def to_frame(self) -> pd.DataFrame:
        """Return its numbers as a table."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AuditMethod:
    """What every method of an audit has.

    Attributes
    ----------
    name : str
        As ``audit(methods=…)`` and ``--method`` take it; the first word of the estimator's label.
    title : str
        As tables and sentences call it.
    label : str
        Beside its box on the page.
    cost : str
        What it takes, in words.
    """

    name: str
    title: str
    label: str
    cost: str


@dataclass(frozen=True, eq=False, kw_only=True)
class CausalMethod(AuditMethod):
    """An estimator of total, direct and indirect effects, which the verdict can judge.

    Attributes
    ----------
    run : callable
        ``run(asked, equations)`` to the effects of the target's features; `equations` is None
        unless it needs or takes them.
    compared : tuple of str
        Parts that are ranked beside the attributions: any of "total", "direct", "indirect".
    needs_queries : bool
        Whether it must ask the model about changed rows.
    needs_equations : bool
        Whether it needs the structural equations, which an audit fits once.
    takes_equations : bool
        Whether it takes them where they can be fitted, and can do without.
    asks_all_rows : bool
        Whether it asks about every row, and is left out where questions are limited.
    """

    run: Callable[[AuditRequest, Equations | None], EffectTable]
    compared: tuple[str, ...] = ("total",)
    needs_queries: bool = False
    needs_equations: bool = False
    takes_equations: bool = False
    asks_all_rows: bool = False


R = TypeVar("R", bound=BaselineFinding)


def attribution_rows(found: BaselineFinding) -> Iterable[CsvRow]:
    """Yield the attribution of every feature as a row of :meth:`AuditReport.to_csv`."""
    if (ranks := found.ranks) is None:
        return
    for row in ranks.to_frame().to_dict("records"):
        about = ("attribution", "", row["feature"], ranks.method, ranks.unit, ranks.n_rows)
        yield *about, row["value"], row["low"], row["high"]


@dataclass(frozen=True, eq=False)
class SavedBaseline(Generic[R]):
    """How more than a baseline's ranks is kept in a file; its ranks stand among the attributions.

    Attributes
    ----------
    key : str
        In the saved report.
    document : type
        Made of :class:`workbench.common.saved_values.Saved`.
    write : callable
        ``write(finding)`` to the document.
    read : callable
        ``read(document, ranks, n_target_rows)`` to the finding; `ranks` is its attribution in the
        file, if any.
    """

    key: str
    document: Any
    write: Callable[[R], Any]
    read: Callable[[Any, Attribution | None, int], R]


@dataclass(frozen=True, eq=False, kw_only=True)
class Baseline(AuditMethod, Generic[R]):
    """What an auditor would look at without a causal graph.

    Attributes
    ----------
    run : callable
        ``run(asked)`` to what it found.
    csv_rows : callable
        ``csv_rows(finding)`` to rows of :meth:`AuditReport.to_csv`.
    saved : SavedBaseline, optional
        Not needed where the finding is an :class:`Attribution`.
    asks : bool
        Whether it asks the model about many rows, and is left out where questions are limited.
    by_feature : bool
        Whether it measures one feature after another, and leaves out ``asked.left_out``.
    """

    run: Callable[[AuditRequest], R]
    saved: SavedBaseline[R] | None = None
    csv_rows: Callable[[R], Iterable[CsvRow]] = attribution_rows
    asks: bool = False
    by_feature: bool = False
