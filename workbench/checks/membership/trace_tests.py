"""Tests of whether a model treats some records like models that never saw them.

A model that never saw the records is one more draw of the models that the auditor trained without
them. So its mean score over the records is compared with theirs, and not record against record:
records of one kind share the chance of one training, and are not independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from workbench.checks.membership.signals import FloatArray
from workbench.common.arrays import BoolArray, Positions

__all__ = ["TraceTest", "difficulty_strata", "excess", "record_p_values", "trace_tests"]

PER_STRATUM = 200
"""Records never trained on, at least, in each stratum."""
MOST_STRATA = 5


@dataclass(frozen=True)
class TraceTest:
    """One p-value on the erased records.

    Attributes
    ----------
    attack : str
    question : {"higher", "lower"}
        Whether they score higher than they do with models trained without them, or lower, as
        records do that a model was pushed away from.
    p_value : float
    corrected : float
        After Holm's correction over all the tests of the evidence.
    """

    attack: str
    question: str
    p_value: float
    corrected: float


def difficulty_strata(mine: FloatArray, unseen: FloatArray) -> tuple[Positions, Positions]:
    """Group records by how hard they are for models that never saw them.

    Parameters
    ----------
    mine, unseen : ndarray, shapes (m,) and (n,)
        Mean signals over reference models that were not trained on the record.

    Returns
    -------
    pair of ndarray of int, shapes (m,) and (n,)
        Strata bounded by quantiles of the unseen records, at least 200 of them in each.
    """
    count = max(1, min(MOST_STRATA, len(unseen) // PER_STRATUM))
    edges = np.unique(np.quantile(unseen, np.arange(1, count) / count))
    groups = np.searchsorted(edges, unseen, side="right")
    own = np.searchsorted(edges, mine, side="right")
    held = np.unique(groups)  # ties can leave a stratum without any: its records join the next
    place = np.minimum(np.searchsorted(held, own), len(held) - 1)
    return held[place].astype(np.intp), groups.astype(np.intp)


def record_p_values(
    scores: FloatArray, unseen: FloatArray, strata: tuple[Positions, Positions]
) -> FloatArray:
    """Return each record's false positive position, shape (m,).

    (1 + equally hard unseen records that score at least as high) / (1 + all of these): the chance
    of a record that was never trained on to come out as high.
    """
    values = np.empty(len(scores))
    for stratum in np.unique(strata[0]):
        chosen, others = strata[0] == stratum, np.sort(unseen[strata[1] == stratum])
        beyond = len(others) - np.searchsorted(others, scores[chosen], side="left")
        values[chosen] = (1 + beyond) / (1 + len(others))
    return values


def excess(
    mine: FloatArray, unseen: FloatArray, blind: BoolArray, strata: tuple[Positions, Positions]
) -> FloatArray:
    """Return by how much a group scores above equally hard unseen records, per model.

    Parameters
    ----------
    mine, unseen : ndarray, shapes (models, m) and (models, n)
        Calibrated scores.
    blind : ndarray of bool, shape (models, n)
        Which model did not see which of the unseen records: reference models saw some.
    strata : pair of ndarray of int, shapes (m,) and (n,)

    Returns
    -------
    ndarray, shape (models,)
    """
    weights = np.zeros(unseen.shape)
    for stratum, count in zip(*np.unique(strata[0], return_counts=True), strict=True):
        chosen = blind & (strata[1] == stratum)
        weights += chosen * (count / len(strata[0])) / np.maximum(chosen.sum(axis=1), 1)[:, None]
    above: FloatArray = mine.mean(axis=1) - (weights * unseen).sum(axis=1)
    return above


def trace_tests(asked: float, clean: FloatArray, records: int) -> tuple[float, float]:
    """Return the p-values that a model's excess is higher, and lower, than those of clean models.

    The t-test of one new draw against a sample. The spread between the clean models is taken as no
    less than that of a mean of independent records with a spread of 1 each, which few or discrete
    scores can miss by luck.

    Parameters
    ----------
    asked : float
        The model's.
    clean : ndarray, shape (models,)
        Those of models trained without the records; two at least.
    records : int
        How many records there are.
    """
    spread = max(float(clean.std(ddof=1)), 1 / math.sqrt(records))
    distance = (asked - float(clean.mean())) / (spread * math.sqrt(1 + 1 / len(clean)))
    freedom = len(clean) - 1
    return float(scipy.stats.t.sf(distance, freedom)), float(scipy.stats.t.cdf(distance, freedom))
