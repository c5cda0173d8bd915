"""Where a case can come from: the samples, and how a table becomes a case with a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

import workbench as wb
from workbench.datasets.dataset import Dataset
from workbench.progress import Progress
from workbench.sample_models import default_kind, train_model

__all__ = ["MODEL_KINDS", "SOURCES", "Source", "likely_features", "sample_case", "table_case"]

REGRESSION = "regression"
MODEL_KINDS = {
    REGRESSION: "Logistic or linear regression",
    "forest": "Random forest",
    "mlp": "Small neural network",
}
"""Kinds of model in words; a regression is logistic or linear as the outcome asks for."""
MOST_LEVELS = 50
"""A text column with more levels than this is rather a name or a number of a person."""


@dataclass(frozen=True)
class Source:
    """A sample that the page offers.

    Attributes
    ----------
    title : str
    story : str
        What a newcomer should know, in two sentences.
    load : callable () -> Dataset
    suggested : tuple of str
        Features worth asking about first.
    """

    title: str
    story: str
    load: Callable[[], Dataset]
    suggested: tuple[str, ...]


SOURCES = {
    "loan": Source(
        "Loan applications (simulated)",
        "A bank's model was made to forget the zip code, which stands in for race: it no longer "
        "reads either. But zip code shapes neighborhood income, and that the model still reads.",
        wb.datasets.loan,
        ("zip_code",),
    ),
    "heart_disease": Source(
        "Heart disease (simulated)",
        "A model predicts a patient's risk. Smoking and exercise also act on it in a roundabout "
        "way, through body mass and blood pressure.",
        wb.datasets.heart_disease,
        ("smoking",),
    ),
    "performance": Source(
        "Job performance (simulated)",
        "A model scores employees. Gender acts on the score only through education, and education "
        "through experience and income.",
        wb.datasets.performance,
        ("gender",),
    ),
    "adult": Source(
        "Adult census income (real)",
        "The 1994 US census: who earns more than 50,000 dollars a year. The causal graph is a "
        "published one (Chiappa 2019). A random forest on it takes some minutes to audit.",
        wb.datasets.adult,
        ("sex",),
    ),
}


def sample_case(source: Source, kind: str, progress: Progress) -> wb.AuditCase:
    """Load a sample, train a model of the kind on it, and make the case."""
    progress("reading the data", 0.0)
    world = source.load()
    progress("training the model", 0.3)
    model = _trained(world.data, world.features, world.outcome, kind)
    progress("asking the model", 0.9)
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def table_case(
    data: pd.DataFrame,
    outcome: str,
    features: tuple[str, ...],
    kind: str,
    graph: wb.CausalGraph | None,
    progress: Progress,
) -> wb.AuditCase:
    """Train a model of the kind on somebody's table, and make the case.

    Raises
    ------
    DataError
        The outcome cannot be predicted by these models, or nothing is left to learn from.
    """
    progress("training the model", 0.1)
    known = data[data[outcome].notna()].reset_index(drop=True)
    model = _trained(known, features, outcome, kind)
    progress("asking the model", 0.9)
    drawn = graph or wb.CausalGraph(nodes=[*features, outcome])
    return wb.AuditCase(data=known, model=model, graph=drawn, outcome=outcome)


def _trained(data: pd.DataFrame, features: tuple[str, ...], outcome: str, kind: str) -> Any:
    chosen = default_kind(data[outcome]) if kind == REGRESSION else kind
    return train_model(data, features, outcome, chosen)


def likely_features(data: pd.DataFrame, outcome: str) -> tuple[str, ...]:
    """Name the columns that a model could sensibly read: no outcome, no names of people."""
    return tuple(
        name
        for name in data.columns
        if name != outcome
        and data[name].nunique() > 1
        and (pd.api.types.is_numeric_dtype(data[name]) or data[name].nunique() <= MOST_LEVELS)
    )
