"""The audit case: data, model, graph and outcome, checked against each other once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.asking.budget import Budget
from workbench.case.asking.known_answers import KnownAnswers
from workbench.case.code_columns import with_codes
from workbench.case.fingerprints import data_fingerprint, model_fingerprint
from workbench.case.fit_together import (
    case_warnings,
    check_graph,
    checked_frame,
    first_answers,
    model_with_features,
)
from workbench.case.target import UnlearningTarget, check_target
from workbench.common.errors import DataError, TargetError, listed
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.models.audited_class import of_the_class_of
from workbench.models.black_box import BlackBoxModel, Output
from workbench.tables.columns import Column, encode_column
from workbench.tables.partitions.table import SAMPLE_ROWS, Table

__all__ = ["AuditCase"]


@dataclass(frozen=True, eq=False, init=False)
class AuditCase:
    """Everything an audit needs to know before a target is chosen.

    Parameters
    ----------
    data : DataFrame, shape (n, columns), or Table
        One row per datapoint. It is copied; later changes to the original change nothing here.
        Or a :class:`workbench.Table`, of which the case holds at most 200,000 rows.
    model : BlackBoxModel, estimator or callable
        See :meth:`workbench.models.black_box.BlackBoxModel.wrap`.
    graph : CausalGraph
        What causes what among the columns. A feature that the model reads and the graph lacks is
        taken as one without causes and effects, with a warning.
    outcome : str, optional
        The column with what really happened. Baselines use it; CAFÉ does not, because the
        outcome of an audit is the prediction (``estimands.md``, "Setting").
    features : iterable of str, optional
        The columns the model reads, when the model cannot say.

    Attributes
    ----------
    model : BlackBoxModel
    features : tuple of str
        Every feature that can carry influence, in the order of the data: those that the model
        reads and those that the graph holds, without the outcome.
    predictions : ndarray, shape (n,)
        The model's scores of the rows as they are.
    columns : mapping of str to Column
        The encoded columns of every auditable feature.
    budget : Budget or None
        The account in which :meth:`ask` counts; see :meth:`counted_in`.
    table : Table or None
        The table of which `data` is a random sample, or all where it is small.

    Raises
    ------
    DataError, GraphError, ModelError
        When the parts do not fit each other; nothing is half made.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    >>> model = BlackBoxModel(lambda rows: rows["b"] * 0.5, features=["b"])
    >>> case = AuditCase(data=frame, model=model, graph=CausalGraph([("a", "b")]))
    >>> case.features
    ('a', 'b')
    """

    data: pd.DataFrame
    model: BlackBoxModel
    graph: CausalGraph
    outcome: str | None
    features: tuple[str, ...] = field(init=False)
    predictions: npt.NDArray[np.float64] = field(init=False, repr=False)
    columns: Mapping[str, Column] = field(init=False, repr=False)
    budget: Budget | None = field(init=False, repr=False, default=None)
    table: Table | None = field(init=False, repr=False, default=None)

    def __init__(
        self,
        data: pd.DataFrame | Table,
        model: Any,
        graph: CausalGraph,
        outcome: str | None = None,
        features: Iterable[str] | None = None,
    ) -> None:
        table = data if isinstance(data, Table) else None
        data = checked_frame(data.sample(SAMPLE_ROWS) if isinstance(data, Table) else data)
        box = model_with_features(BlackBoxModel.wrap(model), features, data, outcome)
        box = box.logged_in(data).aligned_to(data.index)
        check_graph(graph, data, outcome, box)
        if outcome is not None and data[outcome].isna().all():
            raise DataError(f"The outcome {outcome!r} is missing in every row.")
        encoded = _encoded(data, graph, box, outcome)
        predictions = first_answers(box, data)
        predictions.setflags(write=False)
        derived = _derived(outcome, encoded, predictions)
        self._put(data=data, model=box, graph=graph, outcome=outcome, table=table, **derived)

    def _put(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _made(
        self,
        data: pd.DataFrame,
        model: BlackBoxModel,
        graph: CausalGraph,
        encoded: Mapping[str, Column],
        predictions: npt.NDArray[np.float64],
        budget: Budget | None,
    ) -> AuditCase:
        """Return a case of parts that were checked, about the same outcome."""
        other = object.__new__(type(self))
        other._put(data=data, model=model, graph=graph, outcome=self.outcome, budget=budget)
        other._put(table=self.table if data is self.data else None)
        derived = _derived(self.outcome, encoded, predictions)
        other._put(**derived)
        return other

    @classmethod
    def of_checked(cls, **fields: Any) -> AuditCase:
        """Make a case of parts that were checked, for instance of a partition of a table."""
        made = object.__new__(cls)
        made._put(features=tuple(fields["columns"]), warnings=(), budget=None, table=None)
        made._put(**fields)
        return made

    def with_graph(self, graph: CausalGraph) -> AuditCase:
        """Return the case with another graph, without copying data or asking the model again.

        Raises
        ------
        GraphError
            When the graph does not fit the data.
        """
        check_graph(graph, self.data, self.outcome, self.model)
        encoded = _encoded(self.data, graph, self.model, self.outcome, self.columns)
        return self._made(self.data, self.model, graph, encoded, self.predictions, self.budget)

    def with_rows(self, positions: npt.NDArray[np.intp]) -> AuditCase:
        """Return the case on some of its rows, without asking the model again.

        A number keeps the range that it has on all rows: what may be set does not depend on which
        rows are looked at.

        Parameters
        ----------
        positions : ndarray of int, shape (m,)
            Places of the rows, each at most once.

        Raises
        ------
        DataError
            When a column holds no value on these rows.
        """
        data = self.data.iloc[positions]
        box, predictions = self.model.at_rows(positions), self.predictions[positions]
        predictions.setflags(write=False)
        encoded = {
            name: _in_range_of(self.columns.get(name), column)
            for name, column in _encoded(data, self.graph, box, self.outcome).items()
        }
        return self._made(data, box, self.graph, encoded, predictions, self.budget)

    def with_model(self, model: Any) -> AuditCase:
        """Return the case with another model, asked about the same rows.

        Parameters
        ----------
        model : BlackBoxModel, estimator or callable
            See :meth:`BlackBoxModel.wrap`. One that cannot say what it reads is
            taken to read what this case's model reads; one of two classes is asked about the class
            that this case's model answers with.

        Raises
        ------
        GraphError, ModelError
            When the model does not fit data and graph.
        """
        box = of_the_class_of(model, self.model)
        box = model_with_features(
            box, self.reads if box.features is None else None, self.data, self.outcome
        )
        box = box.logged_in(self.data).aligned_to(self.data.index)
        check_graph(self.graph, self.data, self.outcome, box)
        encoded = _encoded(self.data, self.graph, box, self.outcome, self.columns)
        predictions = first_answers(box, self.data)
        predictions.setflags(write=False)
        return self._made(self.data, box, self.graph, encoded, predictions, None)

    def counted_in(self, budget: Budget) -> AuditCase:
        """Return the same case, whose questions are counted in `budget`.

        So are those of the case with another graph or on some of its rows; not those of the case
        with another model. What was answered in another account is asked again.
        """
        other = object.__new__(type(self))
        kept = {name: value for name, value in vars(self).items() if name != "answered"}
        other._put(**(kept | {"budget": budget}))
        return other

    def ask(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Ask the model for one score per row, shape (n,).

        Raises
        ------
        ModelError
            When the budget does not allow it, or the model does not answer.
        """
        budget = Budget() if self.budget is None else self.budget
        return budget.ask(self.model, rows)

    @property
    def reads(self) -> tuple[str, ...]:
        """The features the model reads, F_M."""
        return self.model.features or ()  # never None: made sure when the case was made

    @property
    def output(self) -> Output:
        """What a score is: a probability, log-odds, or a value in the outcome's unit."""
        if self.model.output is not None:
            return self.model.output
        low, high = float(self.predictions.min()), float(self.predictions.max())
        return "probability" if low >= 0 and high <= 1 else "value"

    @property
    def n_rows(self) -> int:
        """Rows of the data."""
        return len(self.data)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What the auditor should know before trusting a result; looked for when it is asked."""
        found = case_warnings(self.graph, self.model, self.columns, self.predictions, self.data)
        return tuple(found)

    @cached_property
    def answered(self) -> KnownAnswers:
        """What the model answered about changed rows, where they are counted in a budget."""
        return KnownAnswers()

    @cached_property
    def audit_graph(self) -> CausalGraph:
        """The graph over features with the prediction as the node that the read features cause."""
        graph = self.graph.with_prediction(self.reads, outcome=self.outcome)
        for name in self.features:
            graph = graph if name in graph else graph.add_node(name)
        return graph

    def carriers(self, *features: str) -> tuple[str, ...]:
        """Return the mediators that carry a change to the prediction, causes first.

        Of several features that are set together: what lies on a way that passes none of them.
        """
        return self.audit_graph.mediators_of(features, PREDICTION)

    def covariates(
        self, feature: str, *, kind: Literal["minimum-variance", "parents"] = "minimum-variance"
    ) -> tuple[str, ...]:
        """Return what an estimate of the feature's total effect adjusts for.

        A feature without any edge was never placed by the auditor. Were it a mediator in truth,
        adjusting for it would hide an effect; leaving it out costs only a little precision.

        Raises
        ------
        NotIdentifiableError
            When a latent common cause leaves no valid back-door set.
        """
        placed = self._placed_graph
        graph = placed if feature in placed else self.audit_graph
        chosen = graph.adjustment_set(feature, PREDICTION, kind=kind)
        return tuple(node for node in chosen if node in placed)

    @cached_property
    def _placed_graph(self) -> CausalGraph:
        """The audit graph without features that the auditor drew no edge to or from."""
        placed = {PREDICTION, *chain.from_iterable(self.graph.edges)}
        return self.audit_graph.subgraph(n for n in self.audit_graph.nodes if n in placed)

    def resolve(self, target: UnlearningTarget) -> tuple[tuple[str, ...], npt.NDArray[np.bool_]]:
        """Check a target against the case; return its features A and its rows T, shape (n,).

        Raises
        ------
        TargetError
            When a feature is the outcome, unknown or latent, or the rows are empty or unknown.
        """
        check_target(target, self.features[0])
        for name in target.names:
            if name == self.outcome:
                raise TargetError(
                    f"{name!r} is the outcome. A target is something the model was to forget: "
                    f"choose among {listed(self.features)}."
                )
            if name in self.graph.latents:
                raise TargetError(
                    f"{name!r} is latent: it was never observed, so it cannot be varied. Choose "
                    f"among {listed(self.features)}."
                )
            if name in self.data.columns and name not in self.features:
                raise TargetError(
                    f"{name!r} is a column of the data, but neither does the model read it nor "
                    f"does the graph hold it, so nothing says how it could reach the prediction. "
                    f"Draw it into the graph first."
                )
        names = target.resolve_names(self.features, self.reads)
        if not names:
            raise TargetError("The model reads no feature of the data, so there is none to audit.")
        return names, target.mask(self.data)

    @cached_property
    def data_fingerprint(self) -> str:
        """SHA-256 of the audited columns and the outcome: names, types, order, labels, values."""
        return data_fingerprint(self.data, self.columns, self.outcome)

    @cached_property
    def model_fingerprint(self) -> str:
        """SHA-256 of what can be known of a black box: what it reads and how it scores the rows."""
        return model_fingerprint(self.reads, self.output, self.predictions)


def _known_columns(
    data: pd.DataFrame, graph: CausalGraph, model: BlackBoxModel, outcome: str | None
) -> tuple[str, ...]:
    """Columns that can carry influence; the outcome only where the graph gives it effects."""
    reads = set(model.features or ())
    known = (reads | set(graph.observed)) - {outcome}
    if outcome is not None and outcome in graph.observed and graph.children(outcome):
        known.add(outcome)
    return tuple(name for name in data.columns if name in known)


def _encoded(
    data: pd.DataFrame,
    graph: CausalGraph,
    model: BlackBoxModel,
    outcome: str | None,
    done: Mapping[str, Column] = MappingProxyType({}),
) -> Mapping[str, Column]:
    known = _known_columns(data, graph, model, outcome)
    fresh = {name: encode_column(name, data[name]) for name in known if name not in done}
    columns = {**with_codes(fresh, data, graph), **done}
    return MappingProxyType({name: columns[name] for name in known})


def _in_range_of(whole: Column | None, part: Column) -> Column:
    """Return a column of some rows with the range that a number has on all rows."""
    if whole is None or part.is_constant or not (part.is_numeric and whole.is_numeric):
        return part
    return replace(part, low=whole.low, high=whole.high)


def _derived(
    outcome: str | None,
    columns: Mapping[str, Column],
    predictions: npt.NDArray[np.float64],
) -> dict[str, Any]:
    """Return the fields of a case that follow from the others."""
    return {
        "features": tuple(name for name in columns if name != outcome),
        "columns": columns,
        "predictions": predictions,
    }
