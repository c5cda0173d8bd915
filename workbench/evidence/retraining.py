"""Retraining that a third party can repeat: the same weights, bit by bit.

A penalised logistic or ridge regression has one optimum. Solvers stop at different distances from
it, by different orders of adding numbers; three Newton steps more and rounding to 2**-29 bring all
of them to the same whole numbers. On a tie of the rounding two machines can differ by one in the
last place: :func:`replay` says so.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError, EvidenceError, ModelError
from workbench.evidence.commitments import canonical_record, read_canonical_json
from workbench.evidence.configuration import (
    Configuration,
    FeatureCode,
    ModelFile,
    read_model_file,
)
from workbench.evidence.optimum import FEATURE_BITS, WEIGHT_BITS

__all__ = [
    "Replay",
    "configuration_for",
    "encode_rows",
    "predict",
    "replay",
    "train",
]

MOST_LEVELS = 60
"""Of a column of texts: each level becomes a weight."""
STEPS, LAST_STEPS = 100, 3
CLOSE = 1e-12


def configuration_for(
    table: pd.DataFrame,
    outcome: str,
    *,
    learner: Literal["logistic", "ridge"] = "logistic",
    positive: object = 1,
    features: Sequence[str] | None = None,
    penalty: int = 1,
) -> Configuration:
    """Fix how models are trained on tables like this one.

    Parameters
    ----------
    table : DataFrame
        Its numbers give each column's centre and scale, rounded to two digits; texts are read as
        levels.
    outcome : str
        The column to predict.
    learner : {"logistic", "ridge"}
        The objective.
    positive : object, default 1
        What logistic regression predicts: the outcome's cells that are this.
    features : sequence of str, optional
        All columns but the outcome by default.
    penalty : int, default 1
        λ of every weight, the constant's included, so that the optimum is one.

    Returns
    -------
    Configuration

    Raises
    ------
    DataError
        When a column is missing, has an empty cell, or is neither numbers nor texts.

    Examples
    --------
    >>> table = pd.DataFrame({"income": [1.0, 2.0, 4.0], "city": list("abb"), "paid": [0, 1, 1]})
    >>> codes = configuration_for(table, "paid").features
    >>> [(code.column, code.scale, code.level) for code in codes]
    [('income', '1.2', None), ('city', '', 'b')]
    """
    names = [name for name in table.columns if name != outcome] if features is None else features
    absent = [name for name in (*names, outcome) if name not in table.columns]
    if absent:
        raise DataError(f"The table has no column {absent[0]!r}.")
    codes = [code for name in names for code in _codes_of(table[name])]
    if not codes or penalty < 1:
        raise DataError("A model is trained on at least one feature, with a penalty of at least 1.")
    if learner == "logistic":
        cell = read_canonical_json(canonical_record({outcome: positive}), "The outcome")[outcome]
        level = cell["number"] if isinstance(cell, dict) else cell
        target = FeatureCode(outcome, level={True: "true", False: "false"}.get(level, str(level)))
    else:
        (target,) = _number_code(table[outcome])
    # Four times the gradient that rounding every weight at random leaves, where features are of 1.
    rounding = len(table) * (len(codes) + 1) ** 0.5 * 2.0 ** -(WEIGHT_BITS - 1)
    return Configuration(
        learner,
        target,
        tuple(codes),
        (penalty,) * (len(codes) + 1),
        format(max(1e-4, float(f"{rounding:.0e}")), "g"),
        {"python": platform.python_version(), "numpy": np.__version__},
    )


def _codes_of(column: pd.Series[Any]) -> list[FeatureCode]:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return _number_code(column)
    texts = sorted({str(value) for value in column.dropna().tolist()})
    if len(texts) > MOST_LEVELS:
        raise DataError(
            f"{column.name!r} has {len(texts)} levels; at most {MOST_LEVELS} become weights. "
            f"Leave it out by `features`."
        )
    if pd.api.types.is_bool_dtype(column):
        return [FeatureCode(str(column.name), level="true")]
    return [FeatureCode(str(column.name), level=text) for text in texts[1:]]


def _number_code(column: pd.Series[Any]) -> list[FeatureCode]:
    values = column.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise DataError(f"{column.name!r} has missing values; training needs whole rows.")
    scale = float(f"{values.std():.1e}") or 1.0
    step = 10.0 ** np.floor(np.log10(scale))
    centre = round(float(values.mean()) / step) * step
    return [FeatureCode(str(column.name), format(centre, ".6g"), format(scale, ".6g"))]


def encode_rows(
    table: pd.DataFrame | Sequence[Mapping[str, Any]], configuration: Configuration
) -> tuple[list[tuple[int, ...]], list[int]]:
    """Return every row's features and outcomes as whole numbers.

    Parameters
    ----------
    table : DataFrame or sequence of canonical records (as parsed from their JSON)
        The rows, in order.
    configuration : Configuration
        Gives the constants.
    """
    if isinstance(table, pd.DataFrame):
        names = [str(name) for name in table.columns]
        cells = (dict(zip(names, row)) for row in table.itertuples(index=False, name=None))
        records = [read_canonical_json(canonical_record(row), "A row") for row in cells]
    else:
        records = list(table)
    encoded = [configuration.encode(record) for record in records]
    return [features for features, _ in encoded], [outcome for _, outcome in encoded]


def train(
    configuration: Configuration,
    features: Sequence[Sequence[int]],
    outcomes: Sequence[int],
    *,
    without: Sequence[str] = (),
    start: Sequence[float] | None = None,
) -> ModelFile:
    """Return the canonical weights of the encoded rows.

    Parameters
    ----------
    configuration : Configuration
        What to learn.
    features, outcomes : sequences
        From :func:`encode_rows`.
    without : sequence of str
        Columns to be forgotten: their weights are 0.
    start : sequence of float, optional
        Weights of another solver to start from.

    Raises
    ------
    ModelError
        When Newton's method does not arrive.
    """
    columns = {code.column for code in configuration.features}
    if not features or set(without) - columns:
        raise EvidenceError(f"Training needs rows, and columns among {sorted(columns)} to forget.")
    kept = [code.column not in without for code in configuration.features] + [True]
    matrix = np.c_[np.asarray(features, float) / 2**FEATURE_BITS, np.ones(len(features))][:, kept]
    target = np.asarray(outcomes, float)
    if configuration.learner == "ridge":
        target = target / 2**FEATURE_BITS
    penalty = np.asarray(configuration.penalty, float)[kept]
    weights = np.zeros(len(penalty)) if start is None else np.asarray(start, float)[kept]
    weights = _optimum(configuration.learner, matrix, target, penalty, weights)
    whole = np.zeros(len(kept), dtype=np.int64)
    whole[kept] = np.rint(weights * 2**WEIGHT_BITS).astype(np.int64)
    return ModelFile(
        configuration.learner,
        configuration.sha256,
        tuple(int(value) for value in whole),
        tuple(sorted(set(without))),
    )


def _optimum(
    learner: str, matrix: FloatArray, target: FloatArray, penalty: FloatArray, weights: FloatArray
) -> FloatArray:
    last = LAST_STEPS
    for _ in range(STEPS):
        margin = matrix @ weights
        if learner == "ridge":
            predicted, slope = margin, np.ones(len(margin))
        else:
            predicted = 1 / (1 + np.exp(-np.clip(margin, -500, 500)))
            slope = predicted * (1 - predicted)
        gradient = matrix.T @ (predicted - target) + penalty * weights
        bend = (matrix * slope[:, None]).T @ matrix + np.diag(penalty)
        step = np.linalg.solve(bend, gradient)
        weights = weights - step
        if np.abs(step).max() <= CLOSE * (1 + np.abs(weights).max()):
            last -= 1
            if last == 0:
                return weights
    raise ModelError("Newton's method did not arrive at an optimum; a stronger penalty helps.")


def predict(
    model: ModelFile, configuration: Configuration, features: Sequence[Sequence[int]]
) -> FloatArray:
    """Return the model's predictions of encoded rows: probabilities, or outcomes on their scale."""
    weights = np.asarray(model.weights, float) / 2**WEIGHT_BITS
    margin = np.asarray(features, float) / 2**FEATURE_BITS @ weights[:-1] + weights[-1]
    if configuration.learner == "logistic":
        return np.asarray(1 / (1 + np.exp(-margin)))
    centre, scale = float(configuration.outcome.centre), float(configuration.outcome.scale)
    return np.asarray(centre + scale * margin)


@dataclass(frozen=True)
class Replay:
    """What training again gave.

    Attributes
    ----------
    outcome : {"same", "tie", "differs"}
        The same bits; off by one in the last place somewhere, as a tie of the rounding allows; or
        other weights.
    largest : float
        Difference of a weight.
    """

    outcome: Literal["same", "tie", "differs"]
    largest: float

    def sentence(self) -> str:
        """Say what it means."""
        if self.outcome == "same":
            return "Training again on these rows gave the same weights, bit by bit."
        if self.outcome == "tie":
            return "Training again gave the same weights but for one in the last place (a tie)."
        return f"Training again gave other weights: they differ by up to {self.largest:.2g}."


def replay(
    configuration: Configuration,
    features: Sequence[Sequence[int]],
    outcomes: Sequence[int],
    model: bytes,
) -> Replay:
    """Train again on the rows and compare with a model's file."""
    given = read_model_file(model)
    if given.configuration != configuration.sha256:
        raise EvidenceError("The model was trained by another configuration than this one.")
    again = train(configuration, features, outcomes, without=given.without)
    if len(again.weights) != len(given.weights):
        return Replay("differs", float("inf"))
    largest = max(abs(a - b) for a, b in zip(again.weights, given.weights))
    outcome: Literal["same", "tie", "differs"] = (
        "same" if largest == 0 else "tie" if largest == 1 else "differs"
    )
    return Replay(outcome, largest / 2**WEIGHT_BITS)
