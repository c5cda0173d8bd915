"""Training functions for audits that train reference models of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.target import UnlearningTarget
from workbench.common.errors import DataError
from workbench.common.progress import silent
from workbench.models.black_box import BlackBoxModel
from workbench.unlearning.inputs import Untouched
from workbench.unlearning.learners import Learner
from workbench.unlearning.method import Deployed, Method
from workbench.unlearning.methods import boxed, method_of, taught
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.rows import Rows

__all__ = ["Trainer"]


@dataclass(frozen=True, eq=False)
class Trainer:
    """Train models as an unlearning method does, and let them forget rows.

    Called with rows and a seed it trains a model, as :class:`Training` asks;
    its :meth:`unlearn` trains one and erases rows, as :func:`u_lira` asks.
    Both can be sent to other processes.

    Parameters
    ----------
    outcome : str
    features : tuple of str
        What the model reads.
    method : str or Method, default "retrain"
    learner : str or sklearn estimator, optional
        As for :func:`workbench.unlearning.unlearn`.
    schema : DataFrame, optional
        The whole table, of which every training takes some rows: it knows all levels of a column,
        and the place by which shards and bootstraps know a row. By default the rows themselves.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": range(40), "ill": [i % 3 == 0 or i > 25 for i in range(40)]})
    >>> trainer = Trainer("ill", ("age",), "newton-step")
    >>> trainer(frame, 0).predict(frame).shape
    (40,)
    >>> trainer.unlearn(frame, np.arange(40) < 5, 0).name
    'newton-step'
    """

    outcome: str
    features: tuple[str, ...]
    method: str | Method = "retrain"
    learner: Learner | None = None
    schema: pd.DataFrame | None = field(default=None, repr=False)

    def __call__(self, rows: pd.DataFrame, seed: int) -> BlackBoxModel:
        """Train from scratch on a table with the outcome."""
        method = method_of(self.method)
        table = self._rows(rows)
        learner = taught(method, self.learner, table.classes)
        fitted = method.fit(table, learner, seed, silent)
        return boxed(Deployed(fitted, Untouched(self.features)), table.outcomes, "trained")

    def _rows(self, rows: pd.DataFrame) -> Rows:
        columns = [*self.features, self.outcome]
        if self.schema is None:
            return Rows.of(rows[columns], self.outcome, rows)
        known = self.schema[columns].dropna(subset=[self.outcome])
        places = known.index.get_indexer(rows.index).astype(np.intp)
        if (places < 0).any():
            raise DataError("Some rows to train on are not in the whole table, or lack an outcome.")
        return Rows.of(rows[columns], self.outcome, known, places)

    def unlearn(
        self, rows: pd.DataFrame, erased: npt.NDArray[np.bool_], seed: int
    ) -> BlackBoxModel:
        """Train from scratch on all rows, then erase some by the method.

        Raises
        ------
        DataError
            When the mask does not fit the rows.
        """
        if np.shape(erased) != (len(rows),):
            raise DataError(
                f"One true or false per row is expected for {len(rows):,} rows to erase."
            )
        # Rows may come twice; each is known by its place.
        table = rows.reset_index(drop=True)
        target = UnlearningTarget.datapoints(np.flatnonzero(erased).tolist())
        request = UnlearningRequest.make(
            target, table, outcome=self.outcome, features=self.features
        )
        method = method_of(self.method)
        outcomes = request.rows_before.outcomes
        learner = taught(method, self.learner, request.rows_before.classes)
        fitted = method.fit(request.rows_before, learner, seed, silent)
        return boxed(method.forget(fitted, request, learner, seed, silent), outcomes, method.name)
