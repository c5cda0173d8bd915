"""From a table and a model to an audit case: one way for the command line and for the page.

A sample, a file, an endpoint or a column of logged predictions becomes an :class:`AuditCase` with
the Python lines that make data and model again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.brought_table import BroughtTable
from workbench.case.model_sources import LoggedColumn, Made, ModelSource
from workbench.common.errors import ModelError
from workbench.common.progress import Progress
from workbench.graph.causal_graph import CausalGraph
from workbench.models.black_box import BlackBoxModel

__all__ = ["Opened", "another_model", "open_case"]

ASKED_AT_ONCE = 1_000
"""Rows between two looks at whether somebody has stopped the loading."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A whole case and where it came from.

    Attributes
    ----------
    case : AuditCase
    code : str
        Python lines that define ``data`` and ``model`` as the case has them.
    live : bool
        Whether the model may be asked without being told to.
    origin : str
        Where the model comes from, in words.
    notes : tuple of str
        What the auditor should know.
    learner : str or None
        How the model was trained here.
    rate : float or None
        Seconds that the model took per row, where its answers were timed.
    """

    case: AuditCase
    code: str
    live: bool
    origin: str
    notes: tuple[str, ...] = ()
    learner: str | None = None
    rate: float | None = None


def open_case(
    table: BroughtTable,
    source: ModelSource,
    *,
    reads: tuple[str, ...],
    outcome: str | None,
    graph: CausalGraph | None,
    progress: Progress,
) -> Opened:
    """Make the model, ask it about every row, and return the case.

    Parameters
    ----------
    reads : tuple of str
        The columns that the model reads; what a model file says goes before it.
    graph : CausalGraph, optional
        What somebody drew; None takes the table's own, or one without arrows.

    Raises
    ------
    AuditError
        The parts do not fit each other, or the model does not answer.
    """
    made = source.make(table, reads, outcome, progress)
    progress("reading the columns and asking the model about every row", 0.7)
    predictions = source.column if isinstance(source, LoggedColumn) else None
    model = BlackBoxModel.wrap(made.model)
    known = model.features or reads
    if not known:
        raise _silent_about_columns(model)
    drawn = table.graph_for(known, outcome, predictions, graph)
    asking = _InPortions(model, progress) if source.costs else None
    case = AuditCase(
        data=made.data,
        model=model if asking is None else asking.model(),
        graph=drawn,
        outcome=outcome,
        features=None if model.features is not None else known,
    )
    rate = None
    if asking is not None:
        asking.progress = None
        rate = asking.seconds / case.n_rows
    code = _code(table, made)
    return Opened(
        case=case,
        code=code,
        live=not source.costs,
        origin=made.origin,
        notes=made.notes,
        learner=made.learner,
        rate=rate,
    )


def _silent_about_columns(model: BlackBoxModel) -> ModelError:
    return ModelError(
        f"{model.name!r} does not say which columns it reads. Name at least one column that the "
        f"model reads, in the order in which it was trained on them: --features on the command "
        f"line, features=[…] in Python."
    )


def another_model(
    case: AuditCase, source: ModelSource, reads: tuple[str, ...], progress: Progress
) -> tuple[BlackBoxModel, Made]:
    """Make a model to hold beside the case's, and ask it about every row to see that it fits.

    Parameters
    ----------
    reads : tuple of str
        The columns that the model reads; what a model file says goes before it.

    Returns
    -------
    model : BlackBoxModel
    made : Made
        The Python that makes it again, and what the auditor should know.

    Raises
    ------
    AuditError
        The model does not fit the case's data and graph, or does not answer.
    """
    made = source.make(BroughtTable(case.data, (), ()), reads, case.outcome, progress)
    model = BlackBoxModel.wrap(made.model)
    if model.features is None:
        if not reads:
            raise _silent_about_columns(model)
        model = model.reading(reads)
    graph = case.graph
    for name in model.features or ():
        if name not in graph.nodes and name in case.data.columns and name != case.outcome:
            graph = graph.add_node(name)
    fitting = case if graph is case.graph else case.with_graph(graph)
    fitting.with_model(_InPortions(model, progress).model())
    return model, made


class _InPortions:
    """Asks a model in small portions, so that its loading says how far it is and can be stopped.

    Attributes
    ----------
    progress : Progress or None
        Hears of each portion; None once the case is loaded.
    seconds : float
        That the portions took.
    """

    def __init__(self, model: BlackBoxModel, progress: Progress) -> None:
        self.inner = model
        self.progress: Progress | None = progress
        self.seconds = 0.0

    def model(self) -> BlackBoxModel:
        """Return the model that is asked like this."""
        return self.inner.asked_through(self)

    def __call__(self, rows: pd.DataFrame) -> Any:
        """Ask for one score per row."""
        if self.progress is None or rows.empty:
            return self.inner.predict(rows)
        answers = []
        for start in range(0, len(rows), ASKED_AT_ONCE):
            share = start / len(rows)
            self.progress(f"asking the endpoint, {start:,} of {len(rows):,} rows answered", share)
            began = time.perf_counter()
            answers.append(self.inner.predict(rows.iloc[start : start + ASKED_AT_ONCE]))
            self.seconds += time.perf_counter() - began
        return np.concatenate(answers)


def _code(table: BroughtTable, made: Made) -> str:
    imports = sorted({*table.imports, *made.imports}, key=lambda line: (line[0] == "f", line))
    return "\n".join([*imports, *([""] if imports else []), *table.lines, *made.lines])
