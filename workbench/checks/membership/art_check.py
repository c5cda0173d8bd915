"""The loss attack compared with the Adversarial Robustness Toolbox, where that is installed."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from workbench.checks.membership.figures import delong_auc
from workbench.checks.membership.signals import FloatArray, Signals
from workbench.common.errors import MissingPackageError, ModelError

__all__ = ["ArtCheck", "art_check"]


@dataclass(frozen=True)
class ArtCheck:
    """Two attacks of the toolbox beside ours, on the same scores.

    Attributes
    ----------
    rule_agreement : float
        Share of records that its rule ("the predicted class is right") and a threshold on our
        loss at log 2 call alike; 1.0 is expected.
    learned_auc : float
        AUC of its attack that learns from the answers on half of the records, on the other half.
    loss_auc : float
        AUC of our loss threshold on the same half.
    """

    rule_agreement: float
    learned_auc: float
    loss_auc: float


def art_check(
    signals: Signals, scores: FloatArray, members: np.ndarray, *, seed: int = 0
) -> ArtCheck:
    """Run the toolbox's black-box attacks on known members and unseen records.

    Parameters
    ----------
    signals : Signals
        The outcomes of n records; the model must give probabilities.
    scores : ndarray, shape (n,)
        The attacked model's probabilities.
    members : ndarray of bool, shape (n,)
        Which records the model was trained on.
    seed : int, default 0
        Of the split into halves.

    Raises
    ------
    MissingPackageError
        When the toolbox (Nicolae et al. 2018) is not installed.
    ModelError
        When the model does not answer with probabilities.
    """
    if signals.output != "probability":
        raise ModelError("The Adversarial Robustness Toolbox is asked about probabilities only.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it complains about deep-learning packages
            attacks = import_module("art.attacks.inference.membership_inference")
            estimators = import_module("art.estimators.classification")
    except ImportError as error:
        raise MissingPackageError(
            f"The cross-check needs the package adversarial-robustness-toolbox and what it imports "
            f"({error}). Install both, or go without: no other result depends on it."
        ) from error
    chance = np.clip(scores, 0.0, 1.0)
    both = np.column_stack([1 - chance, chance])
    places = np.arange(len(scores), dtype=float)[:, None]  # it asks by place, we answer by score
    model = estimators.BlackBoxClassifier(lambda asked: both[asked[:, 0].astype(int)], (1,), 2)
    outcome = signals.outcome.astype(int)
    rule = attacks.MembershipInferenceBlackBoxRuleBased(model).infer(places, outcome)
    losses = signals.loss(scores)
    ours = losses < np.log(2)
    clear = both[:, 0] != both[:, 1]  # a tie has no predicted class
    order = np.random.default_rng(seed).permutation(len(scores))
    first, second = order[::2], order[1::2]
    learned = attacks.MembershipInferenceBlackBox(model, attack_model_type="gb")
    inside, outside = first[members[first]], first[~members[first]]
    learned.fit(places[inside], outcome[inside], places[outside], outcome[outside])
    found = learned.infer(places[second], outcome[second], probabilities=True)
    theirs = np.asarray(found, dtype=float).reshape(len(second), -1)[:, -1]
    loss, known = -losses[second], members[second]
    return ArtCheck(
        float(np.mean(np.ravel(rule)[clear] == ours[clear])),
        delong_auc(theirs[known], theirs[~known]).value,
        delong_auc(loss[known], loss[~known]).value,
    )
