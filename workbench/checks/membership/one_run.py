"""A lower bound on ε from one training run (Steinke, Nasr and Jagielski 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from workbench.case.audit_case import AuditCase
from workbench.checks.membership.attacks import loss_threshold
from workbench.checks.membership.reference_models import train_models
from workbench.checks.membership.signals import Signals, known_outcomes
from workbench.common.errors import DataError, ModelError
from workbench.common.progress import Progress, silent
from workbench.common.wording import share
from workbench.models.training import Training

__all__ = ["OneRunAudit", "epsilon_lower_bound", "one_run_audit", "one_run_p_value"]

FEWEST = 10
"""Canaries that an audit needs at least; with fewer no bound above 0 is possible anyway."""


@dataclass(frozen=True)
class OneRunAudit:
    """How private one training run can be at most.

    Attributes
    ----------
    n_canaries, n_guesses, n_correct : int
        Rows that were put in or left out by the toss of a coin, those that a guess was made of,
        and right guesses.
    epsilon : float
        With the given confidence the training is not (ε, δ)-differentially private for any ε
        below this; 0 says nothing.
    delta, confidence : float
    """

    n_canaries: int
    n_guesses: int
    n_correct: int
    epsilon: float
    delta: float
    confidence: float

    def sentences(self) -> tuple[str, ...]:
        """Return what the bound says, in words."""
        guessed = (
            f"{self.n_correct:,} of {self.n_guesses:,} guesses were right about which of "
            f"{self.n_canaries:,} rows, put in or left out by a coin, were trained on."
        )
        if self.epsilon == 0:
            return (
                guessed,
                "That is no more than guessing could give, so there is no lower bound on ε above "
                "0. It does not say that the training is private.",
            )
        return (
            guessed,
            f"With {share(self.confidence)} confidence this way of training is not "
            f"differentially private with any ε below {self.epsilon:.2f} (δ = {self.delta:g}). A "
            f"promise of a smaller ε would be wrong.",
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row: canaries, guesses, correct, epsilon, delta, confidence."""
        return pd.DataFrame(
            {
                "canaries": [self.n_canaries],
                "guesses": [self.n_guesses],
                "correct": [self.n_correct],
                "epsilon": [self.epsilon],
                "delta": [self.delta],
                "confidence": [self.confidence],
            }
        )


def one_run_audit(
    case: AuditCase,
    training: Training,
    *,
    canaries: int = 1_000,
    guesses: int | None = None,
    delta: float = 0.0,
    confidence: float = 0.95,
    mislabelled: bool = False,
    workers: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> OneRunAudit:
    """Train once with a random half of some rows, guess which, and bound ε from below.

    It audits the way of training, not the case's model: what it remembers of rows it is given.

    Parameters
    ----------
    case : AuditCase
        Its data and outcome; the other rows that the model was trained on are always put in.
    training : Training
    canaries : int, default 1000
        Rows drawn from all rows with a known outcome; at most as many as there are.
    guesses : int, optional
        How many canaries to guess of: half of them, those with the lowest loss, as trained on,
        half as left out; none is guessed of the others. By default a fifth of the canaries. It is
        chosen beforehand: a search for the best number would void the confidence.
    delta : float, default 0.0
        δ of the (ε, δ)-differential privacy that is put to the test.
    confidence : float, default 0.95
        Of the bound.
    mislabelled : bool, default False
        Whether each canary gets the other of two outcomes, which only a model that remembers the
        row will repeat. The bound holds as well, and is often larger.
    workers : int, optional
        1 trains in this process, where it cannot be stopped half-way.
    seed : int, default 0
        Of the coins, and of the training.
    progress : callable, optional
        See :mod:`workbench.common.progress`.

    Returns
    -------
    OneRunAudit

    Raises
    ------
    DataError, ModelError
        When the outcome is unknown, there are fewer than 10 canaries, or the training fails.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> import workbench as wb
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.normal(size=300), "ill": rng.integers(0, 2, 300)})
    >>> def train(rows, seed):
    ...     return DecisionTreeClassifier(random_state=seed).fit(rows[["a"]], rows["ill"])
    >>> training = wb.Training(train, rows=np.arange(300) < 200)
    >>> case = wb.AuditCase(data=frame, model=train(frame[:200], 0), outcome="ill",
    ...                     graph=wb.CausalGraph(nodes=["a"]))
    >>> one_run_audit(case, training, canaries=100, workers=1).epsilon > 0.5
    True
    """
    training.check(case.data)
    outcome, known = known_outcomes(case)
    rng = np.random.default_rng([seed, 2])
    places = np.flatnonzero(known)
    if min(canaries, len(places)) < FEWEST:
        raise DataError(
            f"There would be {min(canaries, len(places))} canaries; at least {FEWEST} are needed, "
            f"and hundreds for a useful bound."
        )
    chosen = np.sort(rng.choice(places, min(canaries, len(places)), replace=False))
    asked = len(chosen) // 5 if guesses is None else guesses
    if not 1 <= asked <= len(chosen):
        raise ModelError(f"guesses lies between 1 and {len(chosen):,} canaries, not {asked}.")
    data = case.data
    if mislabelled:
        data, outcome = _mislabelled(case, outcome, chosen)
    inside = rng.random(len(chosen)) < 0.5
    rows = training.rows.copy()
    rows[chosen] = inside
    trained = train_models(
        training.fit,
        data,
        [(rows, int(rng.integers(2**31 - 1)))],
        chosen,
        features=case.reads,
        output=case.output,
        workers=workers,
        progress=progress,
        step="Membership: one training run",
    )
    signals = Signals(outcome[chosen], case.output)
    scores = loss_threshold(signals, trained.scores[0])
    # Ties fall as they may, or the order of the rows would decide.
    order = np.lexsort((rng.random(len(chosen)), scores))
    called_out, called_in = asked // 2, asked - asked // 2
    correct = int(inside[order[len(order) - called_in :]].sum())
    correct += int((~inside[order[:called_out]]).sum())
    epsilon = epsilon_lower_bound(len(chosen), asked, correct, delta=delta, confidence=confidence)
    return OneRunAudit(len(chosen), asked, correct, epsilon, delta, confidence)


def one_run_p_value(
    canaries: int, guesses: int, correct: int, epsilon: float, delta: float = 0.0
) -> float:
    """Return the chance of so many right guesses under (ε, δ)-differential privacy, at most.

    A right guess of one canary then has probability e^ε / (1 + e^ε) at most, whatever the others
    were (Steinke et al. 2023, theorem 5.2); δ adds 2mδ times the steepest mean of the binomial's
    probabilities below the count.

    Examples
    --------
    >>> round(one_run_p_value(100, 100, 60, 0.0), 4)
    0.0284
    """
    chance = 1 / (1 + math.exp(-epsilon))
    tail = float(scipy.stats.binom.sf(correct - 1, guesses, chance))
    if not delta or not correct:
        return min(tail, 1.0)
    below = np.cumsum(scipy.stats.binom.pmf(np.arange(correct - 1, -1, -1), guesses, chance))
    steepest = float((below / np.arange(1, correct + 1)).max())
    return min(tail + 2 * canaries * delta * steepest, 1.0)


def epsilon_lower_bound(
    canaries: int,
    guesses: int,
    correct: int,
    *,
    delta: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """Return the largest ε that so many right guesses speak against.

    Parameters
    ----------
    canaries, guesses, correct : int
        Rows put in or left out by a fair coin each, guesses made, right ones.
    delta : float, default 0.0
        δ of (ε, δ)-differential privacy.
    confidence : float, default 0.95
        Of the bound.

    Returns
    -------
    float
        0 where the guesses say nothing.

    Raises
    ------
    DataError
        When the counts or the probabilities are impossible.

    Examples
    --------
    The paper prints 0.673 and 2.675:

    >>> round(epsilon_lower_bound(1_000, 100, 75, delta=1e-4), 4)
    0.673
    >>> round(epsilon_lower_bound(100_000, 1_510, 1_439, delta=1e-5), 4)
    2.6759
    """
    if not 0 <= correct <= guesses <= canaries:
        raise DataError(
            f"{correct} right ones of {guesses} guesses about {canaries} canaries is impossible."
        )
    if not (0 <= delta < 1 and 0 < confidence < 1):
        raise DataError("delta is at least 0 and below 1; confidence lies between 0 and 1.")

    def rejected(epsilon: float) -> bool:
        return one_run_p_value(canaries, guesses, correct, epsilon, delta) < 1 - confidence

    if not rejected(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while rejected(high):
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low


def _mislabelled(
    case: AuditCase, outcome: np.ndarray, chosen: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    assert case.outcome is not None  # known_outcomes made sure
    column = case.data[case.outcome]
    levels = sorted(column.dropna().unique().tolist())
    if case.output == "value" or len(levels) != 2:
        raise ModelError("Only an outcome with two values can be mislabelled.")
    other = {levels[0]: levels[1], levels[1]: levels[0]}
    changed = column.copy()
    changed.iloc[chosen] = column.iloc[chosen].map(other).to_numpy()
    flipped = outcome.copy()
    flipped[chosen] = 1 - flipped[chosen]
    return case.data.assign(**{case.outcome: changed}), flipped
