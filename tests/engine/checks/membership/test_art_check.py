"""The cross-check against the Adversarial Robustness Toolbox, and what is said without it."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from workbench.checks.membership.art_check import art_check
from workbench.checks.membership.signals import Signals
from workbench.common.errors import MissingPackageError, ModelError

INSTALLED = importlib.util.find_spec("art") is not None


def scored(n: int = 2_000) -> tuple[Signals, np.ndarray, np.ndarray]:
    """Members have a somewhat higher probability of their outcome."""
    rng = np.random.default_rng(0)
    members = rng.random(n) < 0.5
    outcome = rng.integers(0, 2, n).astype(float)
    right = 1 / (1 + np.exp(-rng.normal(np.where(members, 2.0, 0.5), 1.5)))
    return Signals(outcome, "probability"), np.where(outcome > 0, right, 1 - right), members


@pytest.mark.skipif(not INSTALLED, reason="adversarial-robustness-toolbox is not installed")
@pytest.mark.filterwarnings("ignore")
def test_the_toolbox_finds_what_the_loss_threshold_finds() -> None:
    found = art_check(*scored())
    assert found.rule_agreement == 1.0
    assert found.loss_auc > 0.7
    # It learns its threshold from a thousand records, and so does a little worse.
    assert found.loss_auc - 0.06 < found.learned_auc < found.loss_auc + 0.02


@pytest.mark.skipif(INSTALLED, reason="adversarial-robustness-toolbox is installed")
def test_without_the_toolbox_it_says_what_to_install() -> None:
    with pytest.raises(MissingPackageError, match="adversarial-robustness-toolbox"):
        art_check(*scored())


def test_only_probabilities_are_compared() -> None:
    signals, scores, members = scored(50)
    with pytest.raises(ModelError, match="probabilities only"):
        art_check(Signals(signals.outcome, "value"), scores, members)
