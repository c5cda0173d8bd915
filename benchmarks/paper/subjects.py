"""What is audited: five datasets, each with three models trained on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sklearn.metrics import r2_score, roc_auc_score

import workbench as wb
from benchmarks.paper.settings import SEED, Size
from workbench.datasets import Dataset
from workbench.models.trained_here import default_kind, train_model

__all__ = ["FAMILIES", "WORLDS", "Subject", "datasets", "subject", "subjects"]

FAMILIES = ("regression", "random forest", "neural network")
"""Logistic regression where the outcome has two values, else linear regression."""
KINDS = {"random forest": "forest", "neural network": "mlp"}
WORLDS = ("heart_disease", "performance")
"""Drawn from known equations, so that the truth about any model is exact."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One dataset with one model trained on it."""

    dataset: Dataset
    family: str
    case: wb.AuditCase
    target: wb.UnlearningTarget

    @property
    def key(self) -> dict[str, str]:
        """The first columns of every table."""
        return {"dataset": self.dataset.name, "model": self.family}

    def quality(self) -> dict[str, object]:
        """How well the model fits the rows that it was trained on."""
        case = self.case
        known = self.dataset.data[self.dataset.outcome]
        binary = case.output != "value"
        score = (roc_auc_score if binary else r2_score)(known, case.predictions)
        return {
            **self.key,
            "rows": case.n_rows,
            "features": len(self.target.names),
            "score": "ROC AUC" if binary else "R²",
            "on training rows": float(score),
        }


def datasets(size: Size) -> dict[str, Dataset]:
    """Load or draw the five datasets."""
    found = [
        wb.datasets.heart_disease(n=size.world_rows, seed=SEED),
        wb.datasets.performance(n=size.world_rows, seed=SEED),
        wb.datasets.german_credit(),
        wb.datasets.adult(),
        wb.datasets.drug_consumption(),
    ]
    return {d.name: _fewer(d, size) for d in found}


def subject(dataset: Dataset, family: str, features: Iterable[str] | None = None) -> Subject:
    """Train a model of one family; `features` are what it reads, by default all."""
    reads = list(dataset.features if features is None else features)
    kind = KINDS.get(family) or default_kind(dataset.data[dataset.outcome])
    model: Any = train_model(dataset.data, reads, dataset.outcome, kind, seed=SEED)
    case = wb.AuditCase(
        data=dataset.data, model=model, graph=dataset.graph, outcome=dataset.outcome
    )
    return Subject(dataset, family, case, wb.UnlearningTarget.features(dataset.features))


def subjects(found: dict[str, Dataset], size: Size) -> Iterator[Subject]:
    """Yield every dataset with each of its models."""
    for dataset in found.values():
        for family in size.families.get(dataset.name, FAMILIES):
            yield subject(dataset, family)


def _fewer(dataset: Dataset, size: Size) -> Dataset:
    if dataset.name != "adult" or size.adult_rows is None:
        return dataset
    rows: pd.DataFrame = dataset.data.sample(size.adult_rows, random_state=SEED)
    return replace(dataset, data=rows.reset_index(drop=True))
