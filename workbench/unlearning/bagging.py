"""Bagged trees of which only those are grown again whose sample held a touched row.

A row's number of copies in a tree's sample is drawn from a Poisson distribution for that row
alone (Nikunj Oza and Stuart Russell, 2001, "Online Bagging and Boosting"), so that erasing a row
leaves the other rows' samples as they are. The trees that go and the trees that stay are then
distributed as after a training from scratch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import ModelError
from workbench.common.progress import Progress
from workbench.unlearning.learners import Learner, unfitted
from workbench.unlearning.method import Deployed, Kind, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.rows import Preparation, Rows

__all__ = ["BaggedTrees", "GrownTrees"]


ROWS_PER_TREE = 2_000
"""Rows that one tree's sample holds on average, where the table has more."""


@dataclass(frozen=True, eq=False)
class GrownTrees:
    """The trees; the answers are averaged.

    Attributes
    ----------
    trees : tuple of sklearn tree
        Grown on inputs that no statistic of the rows went into.
    rate : float
        Mean number of copies of a row in one tree's sample.
    """

    trees: tuple[Any, ...]
    preparation: Preparation
    classes: bool
    rate: float

    def scores(self, frame: pd.DataFrame) -> FloatArray:
        """Return the mean of the trees' scores, shape (m,)."""
        inputs = self.preparation.encode(frame).astype(np.float32)
        total = np.zeros(len(frame))
        for tree in self.trees:
            if not self.classes:
                total += tree.predict(inputs, check_input=False)
            elif len(tree.classes_) == 2:
                total += tree.predict_proba(inputs, check_input=False)[:, 1]
            else:  # its sample held one class only
                total += float(tree.classes_[0])
        return total / len(self.trees)


@dataclass(frozen=True)
class BaggedTrees:
    """A random forest whose trees see few rows each, so that few trees know a row.

    Parameters
    ----------
    trees : int, default 100
    rate : float, optional
        Mean copies of a row in a tree's sample. By default 2,000 rows per tree, and at the most
        one copy. A row is unknown to a share exp(−rate) of the trees.
    """

    trees: int = 100
    rate: float | None = None
    learners: tuple[str, ...] = ("tree", "forest")
    name: str = "bagged-trees"
    kind: Kind = "exact"
    note: str = (
        "Grows only those trees again whose random sample held the rows; the sample of a tree is "
        "small, so that many stay, while a feature touches every tree."
    )

    def __post_init__(self) -> None:
        """Refuse a design without a tree, or whose trees see nothing."""
        if self.trees < 1 or (self.rate is not None and not self.rate > 0):
            raise ModelError("Bagged trees need at least 1 tree and a rate above 0.")

    def fit(self, rows: Rows, learner: Learner, seed: int, progress: Progress) -> GrownTrees:
        """Grow every tree from scratch."""
        # The design is public: it depends on the size of the first table, not on who is left.
        size = rows.first_size
        rate = self.rate if self.rate is not None else min(1.0, ROWS_PER_TREE / size)
        empty = GrownTrees((), Preparation.fit(rows), rows.classes, rate)
        return self._grown(empty, [None] * self.trees, rows, learner, seed, progress)

    def forget(
        self,
        fitted: GrownTrees,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Grow the trees again whose sample held a touched row."""
        rows = request.rows_after
        touched = np.flatnonzero(request.touched)
        kept: list[Any] = [
            None if self._copies(tree, seed, touched, fitted.rate).any() else fitted.trees[tree]
            for tree in range(self.trees)
        ]
        if tuple(rows.frame.columns) != fitted.preparation.features:
            kept = [None] * self.trees
        blank = GrownTrees((), Preparation.fit(rows), fitted.classes, fitted.rate)
        return Deployed(self._grown(blank, kept, rows, learner, seed, progress), request.inputs)

    def _grown(
        self,
        blank: GrownTrees,
        trees: list[Any],
        rows: Rows,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> GrownTrees:
        inputs = blank.preparation.encode(rows.frame).astype(np.float32)
        labels = rows.labels.astype(np.intp) if rows.classes else rows.labels
        for number, tree in enumerate(trees):
            if tree is not None:
                continue
            progress("growing trees", number / len(trees))
            copies = self._copies(number, seed, rows.places, blank.rate)
            held = np.flatnonzero(copies)
            if not len(held):
                raise ModelError("A tree's sample holds no row. Use a larger rate.")
            own_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)
            grown = unfitted("tree" if learner == "forest" else learner, rows.classes, own_seed)
            trees[number] = grown.fit(
                inputs[held], labels[held], sample_weight=copies[held].astype(np.float64)
            )
        return GrownTrees(tuple(trees), blank.preparation, blank.classes, blank.rate)

    def _copies(
        self, tree: int, seed: int, places: npt.NDArray[np.intp], rate: float
    ) -> npt.NDArray[np.intp]:
        """How often a tree's sample holds each of some rows."""
        if not len(places):
            return np.zeros(0, dtype=np.intp)
        rng = np.random.default_rng([seed, 2, tree])
        # As many numbers as the row's place: those of other rows do not depend on who is there.
        drawn = rng.poisson(rate, size=int(places.max()) + 1)[places]
        return drawn.astype(np.intp)
