"""Where a model can come from, and how a table and a model become a case."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

import workbench as wb
from widgets.loading.sources import Table
from workbench.common.errors import ModelError
from workbench.common.progress import Progress
from workbench.models.trained_here import default_kind, train_model

__all__ = [
    "TRAINED",
    "Endpoint",
    "LoggedColumn",
    "Made",
    "ModelFile",
    "ModelSource",
    "Opened",
    "Quick",
    "another_model",
    "open_case",
]


REGRESSION = "regression"
TRAINED = {
    REGRESSION: "Train a logistic or linear regression here",
    "forest": "Train a random forest here",
    "mlp": "Train a small neural network here",
}
"""Quick models in words; a regression is logistic or linear as the outcome asks for."""
MODEL_BYTES = 30_000_000
TOKEN = "MODEL_TOKEN"
"""The environment variable from which the code of a report takes an endpoint's token."""
ASKED_AT_ONCE = 1_000
"""Rows between two looks at whether somebody has stopped the loading."""


@dataclass(frozen=True, eq=False)
class Made:
    """A model and the Python that makes it again.

    Attributes
    ----------
    data : DataFrame
        The table, perhaps without rows that the model could not learn from.
    model : BlackBoxModel or estimator
    imports, lines : tuple of str
    origin : str
        Where the model comes from, in words.
    notes : tuple of str
        What the auditor should know.
    learner : str or None
        How it was trained here, a name in :data:`workbench.unlearning.LEARNERS`.
    """

    data: pd.DataFrame
    model: Any
    imports: tuple[str, ...]
    lines: tuple[str, ...]
    origin: str
    notes: tuple[str, ...] = ()
    learner: str | None = None


class ModelSource(Protocol):
    """One way to bring a model."""

    @property
    def costs(self) -> bool:
        """Whether a question may cost, so that nothing is asked before somebody says so."""

    def make(
        self, table: Table, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Return the model; raises an AuditError when there is none."""


@dataclass(frozen=True)
class Quick:
    """A model trained on the spot, for teaching."""

    kind: str
    costs = False

    def make(
        self, table: Table, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Train it."""
        if outcome is None:
            raise ModelError("Say which column the model should learn to predict: the outcome.")
        progress("training the model", 0.3)
        data = table.data
        lines: tuple[str, ...] = ()
        known = data[outcome].notna()
        if not table.is_sample and not known.all():
            data = data[known].reset_index(drop=True)
            lines = (f"data = data[data[{outcome!r}].notna()].reset_index(drop=True)",)
        kind = default_kind(data[outcome]) if self.kind == REGRESSION else self.kind
        model = train_model(data, reads, outcome, kind)
        # A sample's names are long to list, and the code says them by the sample's own.
        own = table.is_sample and reads == table.features
        names = "world.features, world.outcome" if own else f"{list(reads)!r}, {outcome!r}"
        return Made(
            data,
            model,
            (),
            (*lines, f"model = wb.train_model(data, {names}, {kind!r})"),
            "trained here on this table",
            learner=kind,
        )


@dataclass(frozen=True)
class ModelFile:
    """A skops or ONNX file."""

    name: str
    content: bytes = field(repr=False)
    positive: str | None = None
    costs = False

    def read(self, features: Sequence[str] | None = None) -> tuple[wb.BlackBoxModel, list[str]]:
        """Return the model of the file and what was warned of while reading it.

        Raises
        ------
        UntrustedModelError, ModelError
            It could run code when opened, or it holds no model.
        """
        from workbench.models.files.skops_files import ModelFileWarning, parse_model

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = parse_model(
                self.content, self.name, features=features, positive=self.positive or None
            )
        notes = [str(w.message) for w in caught if isinstance(w.message, ModelFileWarning)]
        return model, list(dict.fromkeys(notes))

    def make(
        self, table: Table, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Read it, and take the columns that it names, else those that were chosen."""
        progress("reading the model", 0.1)
        model, notes = self.read()
        given = ""
        if model.features is None:
            model, notes = self.read(reads)
            given += f", features={list(reads)!r}"
        if self.positive:
            given += f", positive={self.positive!r}"
        return Made(
            table.data,
            model,
            (),
            (f"model = wb.read_model({self.name!r}{given})",),
            f"from the file {self.name}",
            tuple(notes),
        )


@dataclass(frozen=True)
class Endpoint:
    """A model that answers over HTTP."""

    url: str
    protocol: Literal["open-inference", "mlflow"]
    output: str | None = None
    positive: str | None = None
    token: str = field(default="", repr=False)
    costs = True

    def make(
        self, table: Table, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Connect to it; the case asks it."""
        from workbench.models.endpoint.endpoint import endpoint_model

        progress("asking the endpoint", 0.0)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else None
        model = endpoint_model(
            self.url,
            list(reads),
            protocol=self.protocol,
            output=self.output or None,
            positive=self.positive or None,
            headers=headers,
        )
        given = f"    {self.url!r},\n    {list(reads)!r},\n    protocol={self.protocol!r},\n"
        if self.output:
            given += f"    output={self.output!r},\n"
        if self.positive:
            given += f"    positive={self.positive!r},\n"
        if self.token:
            bearer = f'"Bearer " + os.environ[{TOKEN!r}]'
            given += f'    headers={{"Authorization": {bearer}}},\n'
        return Made(
            table.data,
            model,
            ("import os",) * bool(self.token),
            (f"model = wb.endpoint_model(\n{given})",),
            f"asked at {self.url}",
        )


@dataclass(frozen=True)
class LoggedColumn:
    """A column that holds one logged prediction per row."""

    column: str
    costs = False

    def make(
        self, table: Table, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Take the column for the predictions."""
        if self.column not in table.data.columns:
            raise ModelError("Say which column holds the predictions that were logged.")
        if self.column == outcome or self.column in reads:
            raise ModelError(
                f"{self.column!r} holds the predictions, so it is neither the outcome nor a column "
                f"that the model reads. Change one of them."
            )
        model = wb.BlackBoxModel.from_predictions(table.data[self.column], list(reads))
        made = f"wb.BlackBoxModel.from_predictions(data[{self.column!r}], {list(reads)!r})"
        words = f"from the column {self.column}"
        return Made(table.data, model, (), (f"model = {made}",), words)


@dataclass(frozen=True, eq=False)
class Opened:
    """A whole case, ready for the session.

    Attributes
    ----------
    case : AuditCase
    suggested : tuple of str
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
    """

    case: wb.AuditCase
    suggested: tuple[str, ...]
    code: str
    live: bool
    origin: str
    notes: tuple[str, ...] = ()
    learner: str | None = None


def open_case(
    table: Table,
    source: ModelSource,
    *,
    reads: tuple[str, ...],
    outcome: str | None,
    graph: wb.CausalGraph | None,
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
    predictions = source.column if isinstance(source, LoggedColumn) else None
    model = wb.BlackBoxModel.wrap(made.model)
    known = model.features or reads
    if not known:
        raise ModelError("Tick at least one column that the model reads.")
    drawn = table.graph_for(known, outcome, predictions, graph)
    watched = _InPortions(model, progress) if source.costs else None
    case = wb.AuditCase(
        data=made.data,
        model=watched.model() if watched else model,
        graph=drawn,
        outcome=outcome,
        features=None if model.features is not None else known,
    )
    if watched is not None:
        watched.progress = None
    return Opened(
        case,
        table.suggested,
        _code(table, made),
        not source.costs,
        made.origin,
        made.notes,
        made.learner,
    )


def another_model(
    case: wb.AuditCase, source: ModelFile | Endpoint, reads: tuple[str, ...], progress: Progress
) -> tuple[wb.BlackBoxModel, Made]:
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
    made = source.make(Table(case.data, (), ()), reads, case.outcome, progress)
    model = wb.BlackBoxModel.wrap(made.model)
    if model.features is None:
        if not reads:
            raise ModelError("Tick at least one column that the model reads.")
        model = model.reading(reads)
    missing = [name for name in model.features or () if name not in case.graph.nodes]
    graph = case.graph
    for name in missing:
        if name in case.data.columns and name != case.outcome:
            graph = graph.add_node(name)
    watched = _InPortions(model, progress).model()
    (case if graph is case.graph else case.with_graph(graph)).with_model(watched)
    return model, made


class _InPortions:
    """Asks a model in small portions, so that its loading says how far it is and can be stopped.

    Attributes
    ----------
    progress : Progress or None
        Hears of each portion; None once the case is loaded.
    """

    def __init__(self, model: wb.BlackBoxModel, progress: Progress) -> None:
        self.inner = model
        self.progress: Progress | None = progress

    def model(self) -> wb.BlackBoxModel:
        """Return the model that is asked like this."""
        inner = self.inner
        return wb.BlackBoxModel(self, inner.features, output=inner.output, name=inner.name)

    def __call__(self, rows: pd.DataFrame) -> Any:
        """Ask for one score per row."""
        if self.progress is None or rows.empty:
            return self._asked(rows)
        answers = []
        for start in range(0, len(rows), ASKED_AT_ONCE):
            share = start / len(rows)
            self.progress(f"asking the endpoint, {start:,} of {len(rows):,} rows answered", share)
            answers.append(self._asked(rows.iloc[start : start + ASKED_AT_ONCE]))
        return np.concatenate(answers)

    def _asked(self, rows: pd.DataFrame) -> Any:
        try:
            return self.inner.predict(rows)
        except ModelError as error:
            if isinstance(error.__cause__, ModelError):
                raise error.__cause__ from None  # the endpoint's own words say all of it
            raise


def _code(table: Table, made: Made) -> str:
    imports = sorted({*table.imports, *made.imports}, key=lambda line: (line[0] == "f", line))
    return "\n".join([*imports, *([""] if imports else []), *table.lines, *made.lines])
