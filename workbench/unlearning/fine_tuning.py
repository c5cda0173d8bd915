"""Going on with the training: on what stays, or away from what goes."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np

from workbench.common.errors import ModelError
from workbench.common.progress import Progress
from workbench.common.threads import one_thread
from workbench.unlearning.learners import Learner, Trained
from workbench.unlearning.method import Deployed, Kind, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.retraining import WholeModel

__all__ = ["FineTuning", "GradientAscent"]

FORGOTTEN, KEPT = 20, 180
"""Rows of each kind in one step of gradient ascent."""


@dataclass(frozen=True)
class FineTuning(WholeModel):
    """Train on for some passes over D' only, and trust that the rest fades.

    Parameters
    ----------
    epochs : int, default 3
        Passes over the rows that stay.
    """

    epochs: int = 3
    learners: tuple[str, ...] = ("sgd", "mlp")
    name: str = "fine-tuning"
    kind: Kind = "approximate"
    note: str = (
        "Goes on training on the remaining table for a few passes and trusts that the rest fades; "
        "nothing pushes the old weights away from what was learned, and the preparation stays."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Train on."""
        tuned = copy.deepcopy(fitted)
        rows = request.rows_after
        inputs, targets = tuned.preparation(rows.frame), tuned.targets(rows)
        for epoch in range(self.epochs):
            progress("fine-tuning", epoch / self.epochs)
            with one_thread():
                tuned.estimator.partial_fit(inputs, targets)
        return Deployed(tuned, request.inputs)


@dataclass(frozen=True)
class GradientAscent(WholeModel):
    """Climb the loss of what is to be forgotten while descending that of what stays.

    Each step holds 20 forgotten rows as they were in D, weighted by ``−strength``, and 180 random
    rows of D' for repair; climbing alone soon ruins the model (Laura Graves, Vineel Nagisetty and
    Vijay Ganesh, 2021, "Amnesiac Machine Learning", and Meghdad Kurmanji and others, 2023,
    "Towards Unbounded Machine Unlearning", on ascent with repair).

    Parameters
    ----------
    passes : int, default 10
        Passes over the forgotten rows.
    strength : float, default 1.0
        Below 9, so that a step never points uphill as a whole.
    most_steps : int, default 500
    """

    passes: int = 10
    strength: float = 1.0
    most_steps: int = 500
    learners: tuple[str, ...] = ("sgd", "mlp")
    name: str = "gradient-ascent"
    kind: Kind = "approximate"
    note: str = (
        "Climbs the loss of the forgotten rows while training on the others; too little leaves a "
        "trace, too much leaves a trace of the other sign, and the preparation stays."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Climb and repair."""
        if not 0 < self.strength < KEPT / FORGOTTEN:
            raise ModelError(
                f"The strength of gradient ascent lies between 0 and {KEPT / FORGOTTEN:g}, "
                f"not at {self.strength:g}."
            )
        tuned = copy.deepcopy(fitted)
        gone, stay = request.rows_before.take(request.touched), request.rows_after
        uphill, downhill = tuned.preparation(gone.frame), tuned.preparation(stay.frame)
        wrong, right = tuned.targets(gone), tuned.targets(stay)
        rng = np.random.default_rng([seed, 3])
        steps = min(self.most_steps, math.ceil(self.passes * len(gone) / FORGOTTEN))
        for step in range(steps):
            progress("gradient ascent", step / steps)
            bad, good = _some(rng, len(gone), FORGOTTEN), _some(rng, len(stay), KEPT)
            weights = np.r_[np.full(len(bad), -self.strength), np.ones(len(good))]
            if weights.sum() <= 0:
                raise ModelError("Too few rows stay to repair the model. Use retraining.")
            with one_thread():
                tuned.estimator.partial_fit(
                    np.vstack([uphill[bad], downhill[good]]),
                    np.r_[wrong[bad], right[good]],
                    sample_weight=weights,
                )
        return Deployed(tuned, request.inputs)


def _some(rng: np.random.Generator, n: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    chosen: np.ndarray[tuple[int], np.dtype[np.intp]] = rng.choice(n, min(n, size), replace=False)
    return chosen
