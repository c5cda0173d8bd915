"""What is audited: three tables, three requests on each, and every way to answer them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

import workbench as wb
from workbench.datasets import Dataset
from workbench.unlearning import (
    METHODS,
    AuditAware,
    BaggedTrees,
    Method,
    Removal,
    Sisa,
    Trainer,
    UnlearningRequest,
)

__all__ = ["FULL", "QUICK", "REQUESTS", "Run", "Size", "Table", "runs", "tables"]

SEED = 0
HELD_OUT = 0.25
"""Share of the rows that no model is trained on: utility and attacks are measured with them."""
REQUESTS = ("feature", "datapoints", "subgroup")


@dataclass(frozen=True)
class Size:
    """How much is computed.

    Attributes
    ----------
    rows : mapping of str to int
        Rows per table; Adult and German Credit are sampled down to it.
    retrained : int
        Retrained models per run, with a seed each.
    trees : int
        Of the forest that knows its rows by heart, and of the bagged trees.
    references : int
        Reference models of the membership attacks, and models of each kind for U-LiRA.
    datapoints : int
        Rows of a datapoint request.
    only : tuple of str
        Methods; empty for all.
    repeats, repeat_rows : int
        Runs per method of the error-rate check, and rows of each.
    """

    rows: dict[str, int]
    retrained: int
    trees: int
    references: int
    datapoints: int
    only: tuple[str, ...]
    repeats: int
    repeat_rows: int


FULL = Size({"loan": 2_000, "adult": 3_000, "german": 1_000}, 5, 20, 8, 40, (), 100, 400)
QUICK = Size(
    {"loan": 600}, 3, 10, 8, 30,
    ("retrain", "sisa", "newton-step", "unchanged", "masked-outputs", "flipped-labels",
     "audit-aware", "perfect-actor"),
    4, 300,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Table:
    """One table with its requests.

    Attributes
    ----------
    name : str
    dataset : Dataset
    features : tuple of str
        What the model reads before.
    feature : str
        The feature of the feature request.
    levels : tuple of str
        Between which its effect is measured, in every model.
    condition : str
        The rows of the subgroup request.
    asked : tuple of str
        Features whose effect at the rows is measured where rows are erased.
    trained : ndarray of bool
        Rows that the model is trained on before.
    """

    name: str
    dataset: Dataset
    features: tuple[str, ...]
    feature: str
    levels: tuple[str, str]
    condition: str
    asked: tuple[str, ...]
    trained: npt.NDArray[np.bool_]

    @property
    def data(self) -> pd.DataFrame:
        """All rows."""
        return self.dataset.data

    def erased(self, request: str, datapoints: int) -> list[int]:
        """Index labels of the training rows that a request of rows erases."""
        places = np.flatnonzero(self.trained)
        if request == "datapoints":
            drawn = np.random.default_rng([SEED, 1]).choice(places, datapoints, replace=False)
            return sorted(drawn.tolist())
        inside = wb.UnlearningTarget.subgroup(self.condition).mask(self.data)
        return [int(place) for place in places if inside[place]]


_Made: TypeAlias = tuple[Dataset, str, tuple[str, str], str, tuple[str, ...]]


def tables(size: Size) -> dict[str, Table]:
    """Draw or load the tables that a size names."""
    makers: dict[str, Callable[[], _Made]] = {
        "loan": lambda: (
            wb.datasets.loan(size.rows["loan"], SEED), "zip_code", ("MA 02121", "MA 02467"),
            "zip_code == 'MA 02121' and employment_years > 8",
            ("neighborhood_income", "credit_score"),
        ),
        "adult": lambda: (
            wb.datasets.adult(), "sex", ("Female", "Male"), "age < 22 and sex == 'Female'",
            ("sex", "hours-per-week"),
        ),
        "german": lambda: (
            wb.datasets.german_credit(), "sex", ("female", "male"), "age < 24",
            ("sex", "duration"),
        ),
    }  # fmt: skip
    return {name: _table(name, *makers[name](), size.rows[name]) for name in size.rows}


def _table(
    name: str,
    dataset: Dataset,
    feature: str,
    levels: tuple[str, str],
    condition: str,
    asked: tuple[str, ...],
    most: int,
) -> Table:
    data = dataset.data
    if len(data) > most:
        data = data.sample(most, random_state=SEED)
    trained = np.random.default_rng([SEED, 0]).random(len(data)) >= HELD_OUT
    # What was never seen in training has no consequences that could be undone.
    texts = [c for c in data.columns if not pd.api.types.is_numeric_dtype(data[c])]
    known = np.all([data[c].isin(data[c][trained]).to_numpy() for c in texts], axis=0)
    dataset, trained = replace(dataset, data=data[known].reset_index(drop=True)), trained[known]
    drawn = {node for edge in dataset.graph.edges for node in edge}
    # What the graph does not know of would be a way around it that no audit of effects can see.
    features = [f for f in dict.fromkeys([*dataset.features, feature]) if f in drawn]
    return Table(name, dataset, tuple(features), feature, levels, condition, asked, trained)


@dataclass(frozen=True, eq=False)
class Run:
    """One method on one request of one table.

    Attributes
    ----------
    learner : str
        "forest" stands for extremely randomised trees without bootstrap, which know their rows by
        heart; empty for the method's own choice.
    acts : bool
        Whether daily users are served the old model, however they ask.
    """

    table: Table
    request: str
    method: Method
    learner: str
    removal: Removal | None
    size: Size
    acts: bool = False

    @property
    def name(self) -> str:
        """The method's name."""
        return "perfect-actor" if self.acts else self.method.name

    @property
    def kind(self) -> str:
        """What the request lets one expect: exact, approximate or fraud."""
        return self.method.kind

    @property
    def remembers(self) -> bool:
        """Whether rows are erased from a learner that knows them by heart."""
        return self.learner == "forest" and self.request != "feature"

    def estimator(self) -> Any:
        """Return the learner as `unlearn` takes it."""
        from sklearn.ensemble import ExtraTreesClassifier

        if self.learner == "forest":
            return ExtraTreesClassifier(self.size.trees, min_samples_leaf=1, n_jobs=1)
        return self.learner or None

    def target(self) -> wb.UnlearningTarget:
        """Return what is to be forgotten."""
        if self.request == "feature":
            return wb.UnlearningTarget.feature(self.table.feature)
        return wb.UnlearningTarget.datapoints(self.table.erased(self.request, self.size.datapoints))

    def audited(self) -> wb.UnlearningTarget:
        """Return the effects to measure: at erased rows, those of a few features."""
        if self.request == "feature":
            return self.target()
        return wb.UnlearningTarget.datapoints(self.target().rows or (), self.table.asked)

    def unlearning(self) -> UnlearningRequest:
        """Return the change of the training table."""
        table = self.table
        return UnlearningRequest.make(
            self.target(), table.data[table.trained], outcome=table.dataset.outcome,
            features=table.features, graph=table.dataset.graph, removal=self.removal, seed=SEED,
        )  # fmt: skip

    def trainer(self) -> Trainer:
        """Return the training of a model of this design, and its way to forget rows."""
        table = self.table
        return Trainer(table.dataset.outcome, table.features, self.method, self.estimator())


def runs(size: Size, table: Table) -> Iterator[Run]:
    """Yield every way to answer every request on one table."""
    chosen: list[tuple[Method, bool]] = [(_sized(m, size), False) for m in METHODS.values()]
    chosen.append((AuditAware(batch=1), True))
    for request in REQUESTS:
        if size is QUICK and request == "subgroup":
            continue
        for method, acts in chosen:
            run = Run(table, request, method, "", None, size, acts)
            if size.only and run.name not in size.only:
                continue
            removals: tuple[Removal | None, ...] = (None,)
            if request == "feature":
                several = method.name in ("retrain", "input-only")
                removals = ("drop", "mean", "permutation", "consequences") if several else ("drop",)
            elif method.name == "input-only":
                continue
            for removal in removals:
                yield Run(table, request, method, "", removal, size, acts)
            by_heart = method.name in ("retrain", "sisa") or method.kind == "fraud"
            if request != "feature" and by_heart and not acts:
                yield Run(table, request, method, "forest", None, size)


def _sized(method: Method, size: Size) -> Method:
    if method.name == "sisa":
        return Sisa(shards=5)
    return BaggedTrees(trees=size.trees) if method.name == "bagged-trees" else method
