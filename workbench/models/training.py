"""How the audited model was trained, as far as the auditor can repeat it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.common.arrays import BoolArray
from workbench.common.errors import AuditCancelled, AuditError, DataError, ModelError
from workbench.models.black_box import BlackBoxModel

__all__ = ["Training"]


@dataclass(frozen=True, eq=False)
class Training:
    """The auditor's own way to train a model like the audited one.

    Parameters
    ----------
    train : callable
        ``train(rows, seed)`` with a DataFrame of training rows, outcome included, to a model:
        anything that :meth:`BlackBoxModel.wrap` takes. The same rows and the same
        seed must give the same model.
    rows : array_like of bool, shape (n,)
        Which rows of the case's data the audited model was trained on *before* any unlearning. The
        others are known never to have been seen.
    seed : int, default 0
        Of the training, when no other is asked for.

    Raises
    ------
    ModelError
        When `train` cannot be called.
    DataError
        When `rows` is not one true or false per row, or no row was trained on.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> frame = pd.DataFrame({"age": [20.0, 30.0, 40.0, 90.0], "cost": [1.0, 2.0, 3.0, 0.0]})
    >>> def train(rows, seed):
    ...     return LinearRegression().fit(rows[["age"]], rows["cost"])
    >>> training = Training(train, rows=[True, True, True, False])
    >>> training.fit(frame).predict(frame).round(6).tolist()
    [1.0, 2.0, 3.0, 8.0]
    """

    train: Callable[[pd.DataFrame, int], Any]
    rows: BoolArray
    seed: int = 0

    def __post_init__(self) -> None:
        if not callable(self.train):
            raise ModelError(
                f"Training needs a function from (rows, seed) to a model, not a "
                f"{type(self.train).__name__}."
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer):
            raise ModelError(f"The seed of a training is a whole number, not {self.seed!r}.")
        rows = _mask(self.rows)
        if not rows.any():
            raise DataError("The training names no row that the model was trained on.")
        rows.setflags(write=False)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "seed", int(self.seed))

    def check(self, data: pd.DataFrame) -> None:
        """Make sure that the mask of trained rows fits a table.

        Raises
        ------
        DataError
            When it has another number of rows.
        """
        self._of(data, self.rows)

    def fit(
        self,
        data: pd.DataFrame,
        rows: BoolArray | None = None,
        seed: int | None = None,
        *,
        features: Iterable[str] | None = None,
    ) -> BlackBoxModel:
        """Train a model on some rows of a table.

        Parameters
        ----------
        data : DataFrame, shape (n, columns)
        rows : array_like of bool, shape (n,), optional
            The rows to train on; by default those of the audited model before unlearning.
        seed : int, optional
            By default that of the training.
        features : iterable of str, optional
            The columns the model reads, when it cannot say.

        Raises
        ------
        DataError
            When the mask does not fit the table or chooses no row.
        ModelError
            When the training fails or returns no model; it says how many rows it was given.
        """
        chosen = self._of(data, self.rows if rows is None else _mask(rows))
        if not chosen.any():
            raise DataError("No row is left to train on.")
        number = self.seed if seed is None else int(seed)
        try:
            # A copy of its own: a training that writes into its rows must not reach the case's.
            model = BlackBoxModel.wrap(self.train(data[chosen].copy(), number))
        except (AuditError, AuditCancelled):
            raise
        except Exception as error:
            raise ModelError(
                f"The training function failed on {int(chosen.sum()):,} rows with seed {number}: "
                f"{type(error).__name__}: {error}"
            ) from error
        if features is not None and model.features is None:
            return model.reading(features)
        return model

    def _of(self, data: pd.DataFrame, mask: BoolArray) -> BoolArray:
        if len(mask) != len(data):
            raise DataError(
                f"The training says of {len(mask):,} rows whether they were trained on, but the "
                f"data has {len(data):,}. Give one true or false per row."
            )
        return mask


def _mask(rows: Any) -> BoolArray:
    mask = np.array(rows)
    if mask.ndim != 1 or mask.dtype != np.bool_:
        raise DataError(
            "The rows of a training are one true or false per row of the data, for instance "
            "data.index.isin(train.index)."
        )
    return mask
