"""What must fit before a case can be made of data, model, graph and outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.code_columns import code_warnings
from workbench.common.errors import DataError, GraphError, ModelError, listed, suggestion
from workbench.graph.causal_graph import CausalGraph
from workbench.models.audited_class import left_open
from workbench.models.black_box import BlackBoxModel
from workbench.models.column_names import columns_for
from workbench.models.training_values import unknown_values
from workbench.tables.columns import Column
from workbench.tables.files.delimited import READING_NOTES
from workbench.tables.partitions.ways_in import expected_frame, refuse_names_twice
from workbench.tables.shared_text import with_shared_text

__all__ = [
    "case_warnings",
    "check_graph",
    "checked_frame",
    "first_answers",
    "model_with_features",
]


def checked_frame(data: Any) -> pd.DataFrame:
    """Return a copy of a table that an audit can work on.

    Raises
    ------
    DataError
        It is not a table, is empty, or its columns have no names of their own.
    """
    if not isinstance(data, pd.DataFrame):
        raise DataError(expected_frame(data))
    if data.empty:
        raise DataError(f"The data has {len(data)} rows and {data.shape[1]} columns: it is empty.")
    names: list[Any] = data.columns.tolist()
    odd = [name for name in names if not isinstance(name, str) or not name]
    if odd:
        raise DataError(f"Column names must be text; {listed(odd)} is not. Rename the columns.")
    refuse_names_twice(data.columns)
    return with_shared_text(data.copy())


def model_with_features(
    model: BlackBoxModel, features: Iterable[str] | None, data: pd.DataFrame, outcome: str | None
) -> BlackBoxModel:
    """Return the model with what it reads, from itself or from the case.

    Raises
    ------
    ModelError, DataError
        Nobody says what it reads, or the data does not have it.
    """
    if features is not None:
        told = model.reading(features)
        stated = told.features or ()
        if model.features is not None and set(stated) != set(model.features):
            raise ModelError(
                f"The model says it reads {listed(model.features)}, but the case says "
                f"{listed(stated)}. Give features= only when the model cannot say."
            )
        model = model if model.features is not None else told
    if model.features is None:
        raise ModelError(
            "The model does not say which features it reads. Add features=[…] to the case or to "
            "wb.BlackBoxModel."
        )
    unknown = [name for name in model.features if name not in data.columns]
    if unknown:
        same = columns_for(model.features, data.columns)
        hint = (
            f" If these are the same columns, say so: model.renamed({dict(same)!r})."
            if same
            else suggestion(unknown[0], data.columns)
        )
        raise ModelError(
            f"The model reads {listed(unknown)}, which the data does not have.{hint} Columns: "
            f"{listed(data.columns)}."
        )
    if outcome is not None and outcome not in data.columns.tolist():
        raise DataError(
            f"The outcome {outcome!r} is not a column of the data."
            f"{suggestion(outcome, data.columns)} Columns: {listed(data.columns)}."
        )
    if outcome in model.features:
        raise ModelError(f"The model reads the outcome {outcome!r} itself. Remove one of the two.")
    return model


def check_graph(graph: Any, data: pd.DataFrame, outcome: str | None, model: BlackBoxModel) -> None:
    """Refuse a graph that names other columns than the data's.

    Raises
    ------
    GraphError
        With the nearest name that the data has.
    """
    if not isinstance(graph, CausalGraph):
        raise GraphError(
            f"The graph is a {type(graph).__name__}; make one with wb.CausalGraph([('a', 'b')])."
        )
    unknown = [node for node in graph.observed if node not in data.columns and node != outcome]
    if unknown:
        raise GraphError(
            f"The graph names {listed(unknown)}, which the data does not have."
            f"{suggestion(unknown[0], data.columns)} Fix the name, or mark it as latent if it was "
            f"never observed."
        )
    graph.with_prediction(model.features or (), outcome=outcome)  # refuses what cannot be one


def _class_left_open(model: BlackBoxModel) -> list[str]:
    """Say which of two named classes is audited, where nobody chose."""
    if model.classes and not left_open(model.classes):
        return []
    other = next((label for label in model.classes if label != model.audited_class), None)
    more = (
        ""
        if other is None
        else (
            f" The other class, {other!r}, is audited with positive={other!r} (on the command line "
            f"--positive)."
        )
    )
    return [
        f"A score is the probability of {model.audited_class!r}, the second of the model's two "
        f"classes in their order: nobody said which is meant.{more}"
    ]


def first_answers(model: BlackBoxModel, data: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the model's score of every row, or the ones that were logged.

    Raises
    ------
    ModelError
        It does not answer. Where the table holds values that it was never trained on, these are
        named, as they are the likely reason.
    """
    if model.logged is None:
        try:
            # A copy of its own: a model that writes into its input must not reach the case's data.
            return model.predict(data[list(model.features or ())].copy())
        except ModelError as error:
            if not (unknown := unknown_values(model, data)):
                raise
            reasons = (part for each in unknown for part in (each.found, each.reason) if part)
            raise ModelError(" ".join([*reasons, str(error)])) from error
    if len(model.logged) != len(data):
        raise ModelError(
            f"There are {len(model.logged):,} logged predictions for {len(data):,} rows of data. "
            f"Each row needs the prediction that was made for it."
        )
    return model.logged.copy()


def case_warnings(
    graph: CausalGraph,
    model: BlackBoxModel,
    columns: Mapping[str, Column],
    predictions: npt.NDArray[np.float64],
    data: pd.DataFrame,
) -> tuple[str, ...]:
    """Say what the auditor should know before trusting a result."""
    found = [str(unknown) for unknown in unknown_values(model, data)]
    notes = data.attrs.get(READING_NOTES, ())
    found += [sentence for name, sentence in notes if not name or name in columns]
    found += code_warnings(columns, data, graph)
    lacking = [name for name in model.features or () if name not in graph.nodes]
    if lacking:
        found.append(
            f"The graph lacks {listed(lacking)}, which the model reads. Until connected, "
            f"{'they are' if len(lacking) > 1 else 'it is'} taken to have no causes and no effects "
            f"among the features."
        )
    alone = [
        name
        for name in model.features or ()
        if name in graph.nodes and not (graph.parents(name) or graph.children(name))
    ]
    if alone:
        found.append(
            f"In the graph, {listed(alone)} {'have' if len(alone) > 1 else 'has'} neither causes "
            f"nor effects, though the model reads {'them' if len(alone) > 1 else 'it'}. Connect "
            f"what does have some: an influence through it is missed otherwise."
        )
    constant = [name for name, column in columns.items() if column.is_constant]
    if constant:
        found.append(f"Constant in this data, so nothing can be learned of it: {listed(constant)}.")
    if isinstance(model.audited_class, str) and not model.class_was_named:
        found += _class_left_open(model)
    if model.output is None and bool(np.isin(predictions, (0.0, 1.0)).all()):
        found.append(
            "The model answers every row with 0 or 1, which looks like class labels. Probabilities "
            "would show influence that does not tip the decision."
        )
    return tuple(found)
