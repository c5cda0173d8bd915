"""Group fairness of the model's decisions: as a value, and in a saved file."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.common.saved_values import Count, MaybeNumber, Saved, altered, frame_of, rows_of
from workbench.methods.attribution import Attribution
from workbench.methods.method import SavedBaseline

__all__ = ["SAVED", "FairnessMetrics"]


@dataclass(frozen=True, eq=False)
class FairnessMetrics:
    """Group fairness of the model's decisions.

    Attributes
    ----------
    table : DataFrame
        See :func:`workbench.methods.baselines.fairness.fairness_metrics`.
    """

    table: pd.DataFrame

    @property
    def ranks(self) -> None:
        """It ranks no features: a metric says how two groups are treated, not what moves them."""
        return None

    def sentences(self) -> tuple[str, ...]:
        """Return nothing: how far a metric may lie from equal treatment is not for it to say."""
        return ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature and metric; see `table`."""
        return self.table


class SavedFairness(Saved, frozen=True):
    """One metric with one feature taken as protected."""

    feature: str
    privileged: str
    unprivileged: str
    split: str
    metric: str
    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    ideal: MaybeNumber
    n_privileged: Count
    n_unprivileged: Count
    recorded_value: MaybeNumber
    recorded_low: MaybeNumber = None
    recorded_high: MaybeNumber = None


def _write(found: FairnessMetrics) -> tuple[SavedFairness, ...]:
    return rows_of(found.table, SavedFairness)


def _read(saved: tuple[SavedFairness, ...], ranks: Attribution | None, _: int) -> FairnessMetrics:
    if ranks is not None:
        raise altered("fairness metrics rank no features, and it holds such ranks")
    return FairnessMetrics(frame_of(saved, SavedFairness))


SAVED = SavedBaseline("fairness", tuple[SavedFairness, ...], _write, _read)
