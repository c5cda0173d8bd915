"""Where a model can come from: trained here, a file, an endpoint, or a column of its predictions.

Each source makes the model and says the Python that makes it again. The command line and the page
offer the same ones.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pandas as pd

from workbench.case.brought_table import BroughtTable
from workbench.common.errors import DataError, ModelError, listed, suggestion
from workbench.common.progress import Progress
from workbench.models.answers import class_named
from workbench.models.black_box import BlackBoxModel
from workbench.models.column_names import columns_for
from workbench.models.endpoint.endpoint import endpoint_model
from workbench.models.files.skops_files import ModelFileWarning, parse_model, read_model
from workbench.models.trained_here import default_kind, train_model

__all__ = [
    "TOKEN_VARIABLE",
    "Endpoint",
    "GivenModel",
    "LoggedColumn",
    "Made",
    "ModelFile",
    "ModelSource",
    "Trained",
    "token_from",
]

TOKEN_VARIABLE = "MODEL_TOKEN"
"""The environment variable from which the code of a report takes an endpoint's token."""


@dataclass(frozen=True, eq=False)
class Made:
    """A model and the Python that makes it again.

    Attributes
    ----------
    data : DataFrame
        The table, perhaps without rows that the model could not learn from.
    model : BlackBoxModel or estimator
    imports, lines : tuple of str
        The last line defines ``model``.
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
        self, table: BroughtTable, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Return the model; raises an AuditError when there is none."""


@dataclass(frozen=True)
class Trained:
    """A model trained on the spot.

    Attributes
    ----------
    kind : str or None
        A kind of :func:`train_model`; None for the regression that the outcome asks for.
    seed : int
    positive : str or None
        The class whose probability is audited, as text; None for the second of two.
    """

    kind: str | None = None
    seed: int = 0
    positive: str | None = None
    costs = False

    def make(
        self, table: BroughtTable, reads: tuple[str, ...], outcome: str | None, progress: Progress
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
        kind = self.kind or default_kind(data[outcome])
        model = train_model(data, reads, outcome, kind, seed=self.seed)
        # A sample's names are long to list, and the code says them by the sample's own.
        own = table.is_sample and reads == table.features
        names = "world.features, world.outcome" if own else f"{list(reads)!r}, {outcome!r}"
        seed = f", seed={self.seed!r}" if self.seed else ""
        made = f"wb.train_model(data, {names}, {kind!r}{seed})"
        if self.positive is not None and hasattr(model, "classes_"):
            same = class_named(model.classes_.tolist(), self.positive)
            label = self.positive if same is None else same
            model = BlackBoxModel.from_estimator(model, positive=label)
            made = f"wb.BlackBoxModel.from_estimator(\n    {made}, positive={label!r}\n)"
        return Made(
            data,
            model,
            (),
            (*lines, f"model = {made}"),
            "trained here on this table",
            learner=kind,
        )


@dataclass(frozen=True, eq=False)
class GivenModel:
    """A model that is here already, with the Python that makes it again."""

    model: BlackBoxModel
    lines: tuple[str, ...]
    origin: str
    notes: tuple[str, ...] = ()
    costs = False

    def make(
        self, table: BroughtTable, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Return it as it is."""
        return Made(table.data, self.model, (), self.lines, self.origin, self.notes)


@dataclass(frozen=True)
class ModelFile:
    """A model file of a kind that is read without running it.

    Attributes
    ----------
    name : str
        Its name, or its path when the content is still to be read.
    content : bytes or None
    positive : str or None
        The class whose probability is audited.
    """

    name: str
    content: bytes | None = field(default=None, repr=False)
    positive: str | None = None
    costs = False

    def read(self, features: Sequence[str] | None = None) -> tuple[BlackBoxModel, list[str]]:
        """Return the model of the file and what was warned of while reading it.

        Raises
        ------
        UntrustedModelError, ModelError
            It could run code when opened, or it holds no model.
        """
        given: dict[str, Any] = {"features": features, "positive": self.positive or None}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if self.content is None:
                model = read_model(self.name, **given)
            else:
                model = parse_model(self.content, self.name, **given)
        notes = [str(w.message) for w in caught if isinstance(w.message, ModelFileWarning)]
        return model, list(dict.fromkeys(notes))

    def line(self, features: Sequence[str] | None = None) -> str:
        """Return the Python that reads it again."""
        given = f", features={list(features)!r}" if features else ""
        given += f", positive={self.positive!r}" if self.positive else ""
        return f"wb.read_model({self.name!r}{given})"

    def opened(self, reads: Sequence[str], columns: Iterable[str] = ()) -> GivenModel:
        """Read it, and take the columns that it names, else those that were chosen.

        Parameters
        ----------
        columns : iterable of str
            The table's: where the file has underlines for their blanks and signs, they are taken
            for the same, which is said.
        """
        model, notes = self.read()
        line = self.line()
        if model.features is None and reads:
            model, notes = self.read(reads)
            line = self.line(reads)
        if same := columns_for(model.features or (), columns):
            model = model.renamed(same)
            line += f".renamed({dict(same)!r})"
            pairs = listed(f"{name} is {column}" for name, column in same.items())
            notes.append(f"The model's file names columns differently from the table: {pairs}.")
        origin = f"from the file {self.name}"
        return GivenModel(model, (f"model = {line}",), origin, tuple(notes))

    def make(
        self, table: BroughtTable, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Read it; see :meth:`opened`."""
        progress("reading the model", 0.1)
        found = self.opened(reads, table.data.columns)
        return found.make(table, reads, outcome, progress)


@dataclass(frozen=True)
class Endpoint:
    """A model that answers over HTTP.

    Attributes
    ----------
    url, protocol, output, positive
        As :func:`endpoint_model` takes them.
    token : str
        Sent as ``Authorization: Bearer``; it appears in no code, no report and no message.
    token_variable : str
        The environment variable that the code of a report takes it from.
    """

    url: str
    protocol: Literal["open-inference", "mlflow"] = "open-inference"
    output: str | None = None
    positive: str | None = None
    token: str = field(default="", repr=False)
    token_variable: str = TOKEN_VARIABLE
    costs = True

    def make(
        self, table: BroughtTable, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Connect to it; the case asks it."""
        progress("asking the endpoint", 0.0)
        model = endpoint_model(
            self.url,
            list(reads),
            protocol=self.protocol,
            output=self.output or None,
            positive=self.positive or None,
            headers={"Authorization": f"Bearer {self.token}"} if self.token else None,
        )
        given = f"    {self.url!r},\n    {list(reads)!r},\n    protocol={self.protocol!r},\n"
        if self.output:
            given += f"    output={self.output!r},\n"
        if self.positive:
            given += f"    positive={self.positive!r},\n"
        if self.token:
            bearer = f'"Bearer " + os.environ[{self.token_variable!r}]'
            given += f'    headers={{"Authorization": {bearer}}},\n'
        return Made(
            table.data,
            model,
            ("import os",) * bool(self.token),
            (f"model = wb.endpoint_model(\n{given})",),
            f"asked at {self.url}",
        )


def token_from(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the token that an environment variable holds.

    Raises
    ------
    ModelError
        It is not set, or the text is no name of a variable; neither text nor token is repeated,
        since somebody may have given the token itself.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", variable):
        raise ModelError(
            "A token is read from an environment variable: give its name, such as "
            f"{TOKEN_VARIABLE}, and not the token itself."
        )
    token = environment.get(variable, "").strip()
    if not token:
        raise ModelError(
            f"The environment variable that should hold the endpoint's token is not set. Set it "
            f"first, for instance: read -rs {TOKEN_VARIABLE}; export {TOKEN_VARIABLE}"
        )
    return token


@dataclass(frozen=True)
class LoggedColumn:
    """A column that holds one logged prediction per row."""

    column: str | None
    costs = False

    def make(
        self, table: BroughtTable, reads: tuple[str, ...], outcome: str | None, progress: Progress
    ) -> Made:
        """Take the column for the predictions."""
        if not self.column:
            raise ModelError("Say which column holds the predictions that were logged.")
        if self.column not in table.data.columns:
            raise DataError(
                f"The data has no column {self.column!r} of predictions."
                f"{suggestion(self.column, table.data.columns)} "
                f"Columns: {listed(table.data.columns)}."
            )
        if self.column == outcome or self.column in reads:
            raise ModelError(
                f"{self.column!r} holds the predictions, so it is neither the outcome nor a column "
                f"that the model reads. Change one of them."
            )
        model = BlackBoxModel.from_predictions(table.data[self.column], list(reads))
        made = f"wb.BlackBoxModel.from_predictions(data[{self.column!r}], {list(reads)!r})"
        words = f"from the column {self.column}"
        return Made(table.data, model, (), (f"model = {made}",), words)
