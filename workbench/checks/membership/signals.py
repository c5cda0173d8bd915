"""What an attack sees of a record: how well the model's answer fits the record's outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from workbench.case.audit_case import AuditCase
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.errors import DataError, ModelError, listed
from workbench.models.black_box import Output

__all__ = ["BoolArray", "FloatArray", "Signals", "difficulty", "known_outcomes"]


FINEST = 1e-12
"""The least distance of a probability from 0 and 1 before its logarithm is taken."""


@dataclass(frozen=True, eq=False)
class Signals:
    """The outcomes of some records, and how scores of them become attack signals.

    Attributes
    ----------
    outcome : ndarray, shape (n,)
        1 where the outcome is what the model gives the probability of, else 0; for a model that
        predicts values, the value.
    output : {"probability", "log-odds", "value"}
    """

    outcome: FloatArray
    output: Output

    @property
    def is_value(self) -> bool:
        """Whether the model predicts values, so that the loss is the squared error."""
        return self.output == "value"

    def confidence(self, scores: FloatArray) -> FloatArray:
        """Return the probability given to each record's true outcome, shape (..., n).

        Raises
        ------
        ModelError
            When the model predicts values.
        """
        if self.is_value:
            raise ModelError(
                "The model predicts values, so it gives no outcome a probability. Use the attacks "
                "'loss', 'lira' and 'lira-offline', which work on its errors."
            )
        chance = (
            scipy.special.expit(scores) if self.output == "log-odds" else np.clip(scores, 0.0, 1.0)
        )
        return np.where(self.outcome > 0, chance, 1.0 - chance)

    def loss(self, scores: FloatArray) -> FloatArray:
        """Return each record's loss: −log of the true outcome's probability, or squared error."""
        if self.is_value:
            return (self.outcome - scores) ** 2
        return -np.log(np.maximum(self.confidence(scores), FINEST))

    def shared(self, *scores: FloatArray) -> list[FloatArray]:
        """Return signals that are near Gaussian over retrained models, all on one scale.

        The log-odds of the true outcome's probability (Carlini et al. 2022), or the error
        outcome − prediction for a model that predicts values.

        Notes
        -----
        A forest or a nearest-neighbour model gives probabilities of exactly 0 and 1. They are
        moved inside by half the smallest distance that any of its other answers keeps, so that a
        step from the last vote to none is about as long as the step before it.
        """
        if self.is_value:
            return [self.outcome - one for one in scores]
        chances = [self.confidence(one) for one in scores]
        every = np.concatenate([np.ravel(one) for one in chances])
        inside = np.minimum(every, 1 - every)
        inside = inside[inside > FINEST]
        room = max(FINEST, float(inside.min()) / 2) if len(inside) else 0.25
        kept = [np.clip(one, room, 1 - room) for one in chances]
        return [np.log(one) - np.log1p(-one) for one in kept]


def difficulty(signals: Signals, references: FloatArray, seen: BoolArray) -> FloatArray:
    """Return how well models that never saw a record do at it, on average, shape (n,).

    Parameters
    ----------
    references : ndarray, shape (models, n)
    seen : ndarray of bool, shape (models, n)
        A record that every model saw gets the mean of all records.
    """
    (own,) = signals.shared(references)
    fit = -np.abs(own) if signals.is_value else own
    counts = (~seen).sum(axis=0)
    mean = np.where(seen, 0.0, fit).sum(axis=0) / np.maximum(counts, 1)
    return np.where(counts > 0, mean, float(fit.mean()))


def known_outcomes(case: AuditCase) -> tuple[FloatArray, BoolArray]:
    """Return every row's outcome as the model predicts it, and where it is known, shape (n,).

    Raises
    ------
    DataError
        When the case names no outcome, or it does not fit the model's output.
    """
    if case.outcome is None:
        raise DataError(
            "Membership evidence needs to know what really happened: say the outcome, for "
            "instance wb.AuditCase(…, outcome='income')."
        )
    column = case.data[case.outcome]
    known: BoolArray = np.asarray(column.notna(), dtype=np.bool_)
    if case.output == "value":
        if not pd.api.types.is_numeric_dtype(column):
            raise DataError(
                f"The model predicts values, but the outcome {case.outcome!r} is not a number."
            )
        return np.asarray(column.fillna(0), dtype=np.float64), known
    positive = column == _positive(case, column[known])
    return np.asarray(positive.fillna(False), dtype=np.float64), known


def _positive(case: AuditCase, known: pd.Series) -> object:
    """Return the level of the outcome that the model gives the probability of."""
    positive: object = case.model.audited_class
    levels = sorted(known.unique().tolist(), key=lambda level: (str(type(level)), level))
    if positive is not None and positive in levels:
        return positive
    if len(levels) != 2:
        raise DataError(
            f"The outcome {case.outcome!r} has {len(levels)} values ({listed(levels, 4)}); a model "
            f"that gives one probability needs two."
        )
    return levels[1]
