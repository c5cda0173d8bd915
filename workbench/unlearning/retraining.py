"""Training again from scratch, and not training at all."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.common.errors import TargetError
from workbench.common.progress import Progress
from workbench.unlearning.learners import Learner, Trained, fit
from workbench.unlearning.method import Deployed, Kind, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.rows import Rows

__all__ = ["InputOnly", "Retraining", "WholeModel"]


@dataclass(frozen=True)
class WholeModel:
    """Methods that start from one model trained on the whole table."""

    learners: tuple[str, ...] = ()

    def fit(self, rows: Rows, learner: Learner, seed: int, progress: Progress) -> Trained:
        """Train one model from scratch."""
        progress("training", 0.0)
        return fit(rows, learner, seed)


@dataclass(frozen=True)
class Retraining(WholeModel):
    """Train again from scratch on the table without what is to be forgotten."""

    name: str = "retrain"
    kind: Kind = "exact"
    note: str = (
        "Trains the same learner again, preparation of the input included, on the table without "
        "what is to be forgotten; it costs a full training."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Ignore what was trained."""
        return Deployed(self.fit(request.rows_after, learner, seed, progress), request.inputs)


@dataclass(frozen=True)
class InputOnly(WholeModel):
    """Keep the trained model and neutralise its input."""

    name: str = "input-only"
    kind: Kind = "approximate"
    note: str = (
        "Keeps the old model and neutralises the feature in every input: the feature is read no "
        "more, but the weights of the other features still come from a training that knew it."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Put the treatment of the input before the old model.

        Raises
        ------
        TargetError
            When rows are to be erased: there is no input to neutralise.
        """
        if request.removal is None:
            raise TargetError(
                "'input-only' neutralises a feature in the model's input; it cannot erase rows. "
                "Name a feature in the target, or choose another method."
            )
        return Deployed(fitted, request.inputs)
