"""How a feature is neutralised, in the training table and in the input of the deployed model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.common.errors import GraphError, TargetError, listed
from workbench.common.progress import Progress
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.fuzzing.propagation import fit_equations
from workbench.models.black_box import BlackBoxModel
from workbench.unlearning.inputs import (
    ConsequencesUndone,
    Inputs,
    InTraining,
    Replaced,
    Untouched,
)

__all__ = ["NOTES", "REMOVALS", "Removal", "check_removal", "neutral_inputs"]

Removal = Literal["drop", "mean", "permutation", "consequences"]
REMOVALS: tuple[str, ...] = get_args(Removal)
NOTES: Mapping[str, str] = MappingProxyType(
    {
        "drop": "The model is not told the feature; what follows from the feature it still is.",
        "mean": "The feature's mean or most common level stands in for it in every input; what "
        "follows from the feature still reaches the model.",
        "permutation": "Each answer is an average over values of the feature that are spread as "
        "in the table; what follows from the feature still reaches the model.",
        "consequences": "The model must be told the feature to undo what follows from it: direct "
        "and indirect effects cancel, so judge it by the total effect. It is undone as far as the "
        "graph and the fitted equations are right.",
    }
)
"""What each removal means for the model that is served."""


def neutral_inputs(
    removal: Removal,
    target: UnlearningTarget,
    data: pd.DataFrame,
    outcome: str,
    names: tuple[str, ...],
    graph: CausalGraph | None,
    *,
    draws: int,
    seed: int,
    progress: Progress,
) -> Inputs:
    """Learn from the training table how to neutralise the target's features."""
    inputs: Inputs
    if removal == "drop":
        return Untouched(tuple(name for name in names if name not in target.names))
    if removal == "consequences":
        assert graph is not None  # checked before
        inputs = _consequences(
            data, outcome, names, graph, target, draws=draws, seed=seed, progress=progress
        )
    else:
        read = [name for name in target.names if name in names]
        values = _levels(data, read, draws if removal == "permutation" else None)
        shuffle = seed if removal == "permutation" else None
        inputs = Replaced(names, values, target.condition, shuffle)
    return InTraining(inputs, names) if target.rows is not None else inputs


def check_removal(
    target: UnlearningTarget,
    removal: Removal,
    outcome: str,
    features: tuple[str, ...],
    graph: CausalGraph | None,
) -> None:
    """Refuse a removal that the target, the model or the graph does not allow.

    Raises
    ------
    TargetError, GraphError
    """
    if removal not in REMOVALS:
        raise TargetError(f"removal={removal!r} is unknown. Use one of {listed(REMOVALS)}.")
    part = target.condition is not None or target.rows is not None
    if removal == "drop":
        if part:
            raise TargetError(
                "A column cannot be dropped on some rows only. Use removal='mean', 'permutation' "
                "or 'consequences'."
            )
        if set(features) <= set(target.names):
            raise TargetError("Without the target's features the model would read nothing.")
    if removal != "consequences" and not set(target.names) & set(features):
        raise TargetError(
            f"The model does not read {listed(target.names)}. What it carries comes through other "
            f"features: use removal='consequences'."
        )
    if removal == "consequences" and graph is None:
        raise GraphError(
            "To undo a feature's consequences the causal graph must say which they are: give "
            "graph=wb.CausalGraph([…])."
        )
    if target.condition is not None and outcome in target.condition.columns:
        raise TargetError(
            f"The subgroup is told by the outcome {outcome!r}, which is not known when the model "
            f"is asked, so the input cannot be neutralised there."
        )


def _levels(data: pd.DataFrame, names: list[str], draws: int | None) -> pd.DataFrame:
    """Return the mean or most common level of columns, or evenly spaced rows of them."""
    if draws is None:
        return pd.DataFrame({name: [_centre(data[name])] for name in names})
    # Missing values come last, so they are drawn as often as they occur.
    ordered = data[names].sort_values(names, kind="stable")
    places = ((np.arange(draws) + 0.5) / draws * len(ordered)).astype(np.intp)
    return ordered.iloc[places].reset_index(drop=True)


def _centre(series: pd.Series) -> Any:
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        return float(series.mean())
    levels = series.mode()
    if levels.empty:
        raise TargetError(f"{series.name!r} has no value in any row, so nothing can stand for it.")
    return levels.iloc[0]


def _consequences(
    data: pd.DataFrame,
    outcome: str,
    names: tuple[str, ...],
    graph: CausalGraph,
    target: UnlearningTarget,
    *,
    draws: int,
    seed: int,
    progress: Progress,
) -> ConsequencesUndone:
    """Fit the equations of what lies between the features and a model that reads `names`."""
    # The case needs a model only for the columns that it reads.
    reader = BlackBoxModel(lambda rows: np.zeros(len(rows)), features=names, output="value")
    case = AuditCase(data=data, model=reader, graph=graph, outcome=outcome)
    removed, _ = case.resolve(target)
    references: dict[str, float | int] = {}
    keep = {}
    for name in removed:
        column = case.columns[name]
        if column.is_numeric:
            references[name] = float(np.nanmean(column.values))
        else:
            references[name] = int(column.counts().argmax())
            keep[name] = np.arange(len(column.levels))
    equations = fit_equations(case, removed, keep=keep, seed=seed, progress=progress)
    return ConsequencesUndone(
        names, references, equations, dict(case.columns), target.condition, draws
    )
