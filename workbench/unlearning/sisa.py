"""SISA: sharded, isolated, sliced and aggregated training.

Lucas Bourtoule and others, 2021, "Machine Unlearning", IEEE Symposium on Security and Privacy.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import ModelError
from workbench.common.progress import Progress
from workbench.unlearning.learners import Learner, Trained, fit, fit_prepared, unfitted
from workbench.unlearning.method import Deployed, Kind, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.rows import Preparation, Rows

__all__ = ["ShardedModels", "Sisa"]


@dataclass(frozen=True, eq=False)
class ShardedModels:
    """One model per shard; the answers are averaged.

    Attributes
    ----------
    checkpoints : tuple of tuple of Trained
        Per shard, the model after each of its slices; the last one answers.
    """

    checkpoints: tuple[tuple[Trained, ...], ...]

    def scores(self, frame: pd.DataFrame) -> FloatArray:
        """Return the mean of the shards' scores, shape (m,)."""
        total = np.zeros(len(frame))
        # Levels are the schema's, so all shards encode alike; means and scales are their own.
        encoded = self.checkpoints[0][-1].preparation.encode(frame)
        for shard in self.checkpoints:
            total += shard[-1].prepared_scores(shard[-1].preparation.scaled(encoded))
        return total / len(self.checkpoints)


@dataclass(frozen=True)
class Sisa:
    """Train one model per shard and retrain only those that held a touched row.

    A row's shard and slice are drawn for that row alone, so erasing one row moves no other. The
    preparation of the input belongs to the shard (and with slices to its first slice): nothing that
    a shard has learned comes from another one. With several slices the learner learns slice by
    slice and starts again from the checkpoint before the first touched one.

    Parameters
    ----------
    shards : int, default 10
    slices : int, default 1
        More than one needs a learner with ``partial_fit``: "sgd" or "mlp".
    epochs : int, default 5
        Passes over each slice, when there are several.
    """

    shards: int = 10
    slices: int = 1
    epochs: int = 5
    learners: tuple[str, ...] = ()
    name: str = "sisa"
    kind: Kind = "exact"
    note: str = (
        "Averages models trained on separate shards and trains only the shards again that held the "
        "rows; a feature touches every shard, and each shard learns from fewer rows."
    )

    def __post_init__(self) -> None:
        """Refuse a design without a model or without training."""
        if min(self.shards, self.slices, self.epochs) < 1:
            raise ModelError("Sharded training needs at least 1 shard, 1 slice and 1 epoch.")

    def fit(self, rows: Rows, learner: Learner, seed: int, progress: Progress) -> ShardedModels:
        """Train every shard from scratch."""
        shards = []
        shard_of, slice_of = self._assigned(rows.places, seed)
        for shard in range(self.shards):
            progress("training shards", shard / self.shards)
            inside = shard_of == shard
            shards.append(self._train(rows.take(inside), slice_of[inside], learner, seed, shard))
        return ShardedModels(tuple(shards))

    def forget(
        self,
        fitted: ShardedModels,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Train the touched shards again, each from its last untouched checkpoint."""
        rows = request.rows_after
        shard_of, slice_of = self._assigned(rows.places, seed)
        old_shard, old_slice = self._assigned(request.rows_before.places, seed)
        shards = list(fitted.checkpoints)
        for shard in range(self.shards):
            progress("retraining shards", shard / self.shards)
            touched = old_slice[request.touched & (old_shard == shard)]
            if len(touched):
                inside = shard_of == shard
                kept = fitted.checkpoints[shard][: int(touched.min())]
                shards[shard] = self._train(
                    rows.take(inside), slice_of[inside], learner, seed, shard, kept
                )
        return Deployed(ShardedModels(tuple(shards)), request.inputs)

    def _assigned(
        self, places: npt.NDArray[np.intp], seed: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Shard and slice of each row."""
        drawn = np.random.default_rng([seed, 1]).random(int(places.max()) + 1)[places]
        cell = (drawn * self.shards * self.slices).astype(np.intp)
        return cell // self.slices, cell % self.slices

    def _train(
        self,
        rows: Rows,
        slice_of: npt.NDArray[np.intp],
        learner: Learner,
        seed: int,
        shard: int,
        kept: tuple[Trained, ...] = (),
    ) -> tuple[Trained, ...]:
        if not len(rows):
            raise ModelError(f"A shard of {self.shards} holds no row. Use fewer shards.")
        own_seed = int(np.random.SeedSequence([seed, shard]).generate_state(1)[0] >> 1)
        if self.slices == 1:
            return (fit(rows, learner, own_seed),)
        checkpoints = list(kept)
        for number in range(len(kept), self.slices):
            part = rows.take(slice_of == number)
            if not checkpoints:
                checkpoints.append(self._first_slice(part, learner, own_seed))
                continue
            grown = copy.deepcopy(checkpoints[-1])
            inputs, targets = grown.preparation(part.frame), grown.targets(part)
            for _ in range(self.epochs if len(part) else 0):
                grown.estimator.partial_fit(inputs, targets)
            checkpoints.append(grown)
        return tuple(checkpoints)

    def _first_slice(self, rows: Rows, learner: Learner, seed: int) -> Trained:
        estimator = unfitted(learner, rows.classes, seed)
        if not hasattr(estimator, "partial_fit"):
            raise ModelError(
                f"Slices need a learner that can go on learning: 'sgd' or 'mlp', not {learner!r}. "
                f"Use slices=1 with it."
            )
        return fit_prepared(rows, estimator, Preparation.fit(rows))
