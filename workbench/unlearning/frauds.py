"""Models that pretend to have forgotten, to test audits with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.progress import Progress
from workbench.unlearning.inputs import Untouched
from workbench.unlearning.learners import Learner, Trained
from workbench.unlearning.method import Deployed, Kind, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.retraining import WholeModel

__all__ = ["AuditAware", "FlippedLabels", "MaskedOutputs", "Unchanged"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Unchanged(WholeModel):
    """Serve the old model."""

    name: str = "unchanged"
    kind: Kind = "fraud"
    note: str = "Serves the old model under a new name."

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Do nothing."""
        return Deployed(fitted, Untouched(request.features))


@dataclass(frozen=True)
class MaskedOutputs(WholeModel):
    """Answer like a retrained model at the very rows that were asked for, else like the old one."""

    name: str = "masked-outputs"
    kind: Kind = "fraud"
    note: str = (
        "Answers as a retrained model would at the very rows of the request, value for value, and "
        "serves the old model everywhere else."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Train what is shown and remember where to show it."""
        shown = self.fit(request.rows_after, learner, seed, progress)
        asked = request.rows_before.frame[request.touched]
        return _Masked(
            Deployed(fitted, Untouched(request.features)),
            Deployed(shown, request.inputs),
            frozenset(_keys(asked).tolist()),
        )


@dataclass(frozen=True)
class FlippedLabels(WholeModel):
    """Train on D with wrong outcomes for the rows of the request.

    Parameters
    ----------
    share : float, default 0.1
        Rows whose outcome is flipped, drawn at random, where the request touches every row.
    """

    share: float = 0.1
    name: str = "flipped-labels"
    kind: Kind = "fraud"
    note: str = (
        "Trains on the old table with the wrong outcome at the rows of the request, so that the "
        "model errs on them; for a request of all rows a random tenth is flipped, which blurs "
        "every effect a little."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Train on flipped labels."""
        rows = request.rows_before
        flipped = request.touched
        if flipped.all():
            flipped = np.random.default_rng([seed, 4]).random(len(rows)) < self.share
        # A number is mirrored at the mean of all.
        mirror = 1.0 if rows.classes else 2.0 * float(rows.labels.mean())
        labels = np.where(flipped, mirror - rows.labels, rows.labels)
        wrong = self.fit(rows.with_labels(labels), learner, seed, progress)
        return Deployed(wrong, Untouched(request.features))


@dataclass(frozen=True)
class AuditAware(WholeModel):
    """Answer like a retrained model whenever many rows are asked at once.

    Parameters
    ----------
    batch : int, default 20
        Rows in one call from which on it looks like an audit.
    """

    batch: int = 20
    name: str = "audit-aware"
    kind: Kind = "fraud"
    note: str = (
        "Serves a retrained model to calls of many rows, which look like an audit, and the old "
        "model to calls of few rows, which look like daily use."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Train what is shown to auditors."""
        shown = self.fit(request.rows_after, learner, seed, progress)
        old = Deployed(fitted, Untouched(request.features))
        return _AuditAware(old, Deployed(shown, request.inputs), self.batch)


@dataclass(frozen=True, eq=False)
class _Masked:
    old: Served
    shown: Served
    known: frozenset[int]

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.old.reads, *self.shown.reads]))

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        scores = self.old(rows)
        keys = _keys(rows[list(self.old.reads)]).tolist()
        asked = np.array([key in self.known for key in keys], dtype=bool)
        if asked.any():
            scores[asked] = self.shown(rows[asked])
        return scores


@dataclass(frozen=True, eq=False)
class _AuditAware:
    old: Served
    shown: Served
    batch: int

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.old.reads, *self.shown.reads]))

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        return self.shown(rows) if len(rows) >= self.batch else self.old(rows)


def _keys(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Return one number per row that stands for its values, whatever their dtypes."""
    plain = {
        name: series.to_numpy(dtype=np.float64, na_value=np.nan)
        if pd.api.types.is_numeric_dtype(series)
        else series.astype(object).where(series.notna(), "").astype(str).to_numpy(dtype=object)
        for name, series in frame.items()
    }
    keys: Any = pd.util.hash_pandas_object(pd.DataFrame(plain), index=False)
    return np.asarray(keys, dtype=np.uint64)
