"""Models that pretend to have forgotten, to test audits with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.progress import Progress
from workbench.methods.profile.levels import fine_grid, tested_levels
from workbench.tables.columns import encode_column
from workbench.unlearning.inputs import Untouched
from workbench.unlearning.learners import Learner, Trained
from workbench.unlearning.method import Deployed, Kind, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.retraining import WholeModel

__all__ = ["AuditAware", "DefaultLevels", "FlippedLabels", "MaskedOutputs", "Unchanged"]


@dataclass(frozen=True)
class Unchanged(WholeModel):
    """Serve the old model under a new name."""

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


@dataclass(frozen=True)
class DefaultLevels(WholeModel):
    """Answer like a retrained model at all that an audit of this table asks by default.

    At the rows of the table, and wherever a forgotten number is at a level that a default audit
    tests: its quantiles. Levels that are drawn with the audit's own seed are not among them.
    """

    name: str = "default-levels"
    kind: Kind = "fraud"
    note: str = (
        "Answers as a retrained model would at the rows of the table and at the quantiles of a "
        "forgotten number, which are what an audit asks about by default, and serves the old model "
        "in between."
    )

    def forget(
        self,
        fitted: Trained,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Train what is shown and note the levels to show it at."""
        shown = self.fit(request.rows_after, learner, seed, progress)
        frame = request.rows_before.frame
        names = request.target.names or request.features
        numbers = [name for name in names if pd.api.types.is_numeric_dtype(frame[name])]
        return _Masked(
            Deployed(fitted, Untouched(request.features)),
            Deployed(shown, request.inputs),
            frozenset(_keys(frame).tolist()),
            {name: _usual_levels(frame[name]) for name in numbers},
        )


@dataclass(frozen=True, eq=False)
class _TwoFaced:
    """Serves one of two models."""

    old: Served
    shown: Served

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.old.reads, *self.shown.reads]))


@dataclass(frozen=True, eq=False)
class _Masked(_TwoFaced):
    """Shows the one at known rows, and wherever a number is at one of its levels."""

    known: frozenset[int]
    levels: Mapping[str, FloatArray] = field(default_factory=dict)

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        scores = self.old(rows)
        keys = _keys(rows[list(self.old.reads)]).tolist()
        expected = np.array([key in self.known for key in keys], dtype=bool)
        for name, levels in self.levels.items():
            expected |= np.isin(rows[name].to_numpy(dtype=np.float64), levels)
        if expected.any():
            scores[expected] = self.shown(rows[expected])
        return scores


@dataclass(frozen=True, eq=False)
class _AuditAware(_TwoFaced):
    batch: int

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


def _usual_levels(values: pd.Series) -> FloatArray:
    """Levels at which an audit tests a number whatever its seed."""
    column = encode_column(str(values.name), values)
    tested = tested_levels(column, None, seed=0)
    quartiles = np.nanquantile(column.values, (0.25, 0.5, 0.75), method="inverted_cdf")
    fixed = [
        float(value)
        for value, origin in zip(tested.values, tested.origins, strict=True)
        if origin != "drawn"
    ]
    fine = fine_grid(column)
    levels: FloatArray = np.concatenate([fixed, quartiles, [] if fine is None else fine])
    return levels
