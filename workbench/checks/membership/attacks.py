"""Membership attacks on black-box scores: higher means "rather trained on".

Each takes arrays of numbers only. Reference models are models that the auditor trained on random
halves of the rows, so each record was seen by some of them and not by the others.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.checks.membership.signals import FloatArray, Signals
from workbench.common.arrays import BoolArray

__all__ = [
    "ATTACKS",
    "FEW_REFERENCES",
    "attack_scores",
    "calibrated",
    "gaussian",
    "lira",
    "lira_offline",
    "log_density",
    "loss_threshold",
    "rmia",
]

ATTACKS = ("loss", "lira", "lira-offline", "rmia")
FEW_REFERENCES = 64
"""With fewer, one spread is shared by all records (Carlini et al. 2022, section VI)."""
LEAST_SPREAD = 1e-6
"""Of the signals' own scale: reference models that agree exactly have no spread to divide by."""


def loss_threshold(signals: Signals, scores: FloatArray) -> FloatArray:
    """Score records by their loss: members tend to have a lower one (Yeom et al. 2018).

    Parameters
    ----------
    signals : Signals
        The outcomes of n records.
    scores : ndarray, shape (n,)
        The attacked model's.

    Returns
    -------
    ndarray, shape (n,)
        Minus the loss.

    Examples
    --------
    >>> signals = Signals(np.array([1.0, 0.0]), "probability")
    >>> loss_threshold(signals, np.array([0.9, 0.9])).round(3).tolist()
    [-0.105, -2.303]
    """
    return -signals.loss(scores)


def lira(
    signals: Signals,
    scores: FloatArray,
    references: FloatArray,
    seen: BoolArray,
    *,
    shared_spread: bool | None = None,
) -> FloatArray:
    """Score records by how much likelier their signal is for models that saw them.

    The online likelihood-ratio attack (LiRA) of Carlini, Chien, Nasr, Song, Terzis and Tramèr
    (2022): each record gets a Gaussian of its log-odds over the reference models that saw it, and
    one over those that did not.

    Parameters
    ----------
    signals : Signals
        The outcomes of n records.
    scores : ndarray, shape (n,)
        The attacked model's.
    references : ndarray, shape (models, n)
        The reference models' scores of the same records.
    seen : ndarray of bool, shape (models, n)
        Which reference model was trained on which record.
    shared_spread : bool, optional
        One spread for all records; by default with fewer than 64 reference models.

    Returns
    -------
    ndarray, shape (n,)
        Log-likelihood ratios; 0 for a record that all models saw, or none.
    """
    own, others = signals.shared(scores, references)
    shared = len(others) < FEW_REFERENCES if shared_spread is None else shared_spread
    inside, outside = gaussian(others, seen, shared), gaussian(others, ~seen, shared)
    ratio = log_density(own, *inside) - log_density(own, *outside)
    return np.where(np.isfinite(ratio), ratio, 0.0)


def lira_offline(
    signals: Signals,
    scores: FloatArray,
    references: FloatArray,
    seen: BoolArray,
    *,
    shared_spread: bool | None = None,
) -> FloatArray:
    """Score records by how far they are beyond what models that never saw them answer.

    The offline variant of :func:`lira`, which needs no reference model that saw the record. For a
    model that predicts values: how much nearer to the outcome than those models come.

    Returns
    -------
    ndarray, shape (n,)
        In standard deviations over the reference models that did not see the record.
    """
    own, others = signals.shared(scores, references)
    shared = len(others) < FEW_REFERENCES if shared_spread is None else shared_spread
    mean, spread = gaussian(others, ~seen, shared)
    towards = -np.sign(mean) if signals.is_value else 1.0
    distance = towards * (own - mean) / spread
    return np.where(np.isfinite(distance), distance, 0.0)


def rmia(
    signals: Signals,
    scores: FloatArray,
    references: FloatArray,
    seen: BoolArray,
    population: npt.NDArray[np.intp],
    *,
    gamma: float = 1.0,
    offline: float | None = None,
) -> FloatArray:
    """Score records by how many of a population they dominate in likelihood ratio.

    The robust membership inference attack (RMIA) of Zarifzadeh, Liu and Shokri (2024): the share
    of the population z with ``P(x|θ)/P(x) > gamma P(z|θ)/P(z)``.

    Parameters
    ----------
    signals, scores, references, seen
        As for :func:`lira`; the model must give probabilities.
    population : ndarray of int, shape (m,)
        Places of records that the attacked model never saw.
    gamma : float, default 1.0
        At least 1. With two classes likelihood ratios are near 1, and a larger gamma leaves most
        records without any that they dominate.
    offline : float, optional
        The paper's a, between 0 and 1: P(x) is then taken from the models that did not see x
        alone, as ((1 + a) P_out(x) + 1 − a) / 2. By default from both kinds, half each.

    Returns
    -------
    ndarray, shape (n,)
        Shares between 0 and 1.

    Raises
    ------
    ModelError
        When the model predicts values.
    """
    own, others = signals.confidence(scores), signals.confidence(references)
    out = _mean(others, ~seen)
    if offline is None:
        inside = _mean(others, seen)
        prior = np.where(np.isfinite(inside), (inside + out) / 2, out)
    else:
        prior = ((1 + offline) * out + 1 - offline) / 2
    ratio = own / np.maximum(prior, 1e-9)
    ratio = np.where(np.isfinite(ratio), ratio, 1.0)
    dominated = np.sort(gamma * ratio[population])
    return np.searchsorted(dominated, ratio, side="left") / len(dominated)


def attack_scores(
    attack: str,
    signals: Signals,
    scores: FloatArray,
    references: FloatArray,
    seen: BoolArray,
    population: npt.NDArray[np.intp],
) -> FloatArray:
    """Run one of `ATTACKS` by its name; shapes as for the attack itself."""
    if attack == "loss":
        return loss_threshold(signals, scores)
    if attack == "lira":
        return lira(signals, scores, references, seen)
    if attack == "lira-offline":
        return lira_offline(signals, scores, references, seen)
    return rmia(signals, scores, references, seen, population)


def calibrated(
    attack: str,
    signals: Signals,
    scores: FloatArray,
    references: FloatArray,
    seen: BoolArray,
    population: npt.NDArray[np.intp],
) -> FloatArray:
    """Return an attack's scores beside what it gives models that never saw the record.

    Each reference model is attacked in the audited one's place, with the others as references. A
    record's score then counts from the mean of those models that did not see it, in units of their
    spread (half its own, half that of all records). A hard record, and one of a rare kind, thus
    counts like any other, as Watson et al. (2022) do with the loss.

    Returns
    -------
    ndarray, shape (1 + models, n)
        The audited model's first.
    """
    found = np.empty((1 + len(references), len(scores)))
    found[0] = attack_scores(attack, signals, scores, references, seen, population)
    for k in range(len(references)):
        rest = np.arange(len(references)) != k
        unseen = population[~seen[k, population]]
        found[1 + k] = attack_scores(
            attack, signals, references[k], references[rest], seen[rest], unseen
        )
    mean, own = gaussian(found[1:], ~seen, False)
    _, shared = gaussian(found[1:], ~seen, True)
    distance = (found - mean) / np.sqrt((own**2 + shared**2) / 2)
    return np.where(np.isfinite(distance), distance, 0.0)


def _mean(values: FloatArray, mask: BoolArray) -> FloatArray:
    """Return each record's mean over some models, NaN where there is none, shape (n,)."""
    counts = mask.sum(axis=0)
    total = np.where(mask, values, 0.0).sum(axis=0)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def gaussian(values: FloatArray, mask: BoolArray, shared: bool) -> tuple[FloatArray, FloatArray]:
    """Return each record's mean and spread over the models of a mask, each of shape (n,)."""
    mean, counts = _mean(values, mask), mask.sum(axis=0)
    squares = np.where(mask, (values - mean) ** 2, 0.0).sum(axis=0)
    least = LEAST_SPREAD * max(float(np.ptp(values)), LEAST_SPREAD)
    together = float(squares.sum()) / max(int(np.maximum(counts - 1, 0).sum()), 1)
    own = np.where(counts > 1, squares / np.maximum(counts - 1, 1), together)
    variance = np.full(len(mean), together) if shared else own
    return mean, np.sqrt(np.maximum(variance, least**2))


def log_density(value: FloatArray, mean: FloatArray, spread: FloatArray) -> FloatArray:
    """Return a Gaussian's log-density without the constant, which a ratio loses."""
    return -(((value - mean) / spread) ** 2) / 2 - np.log(spread)
