"""What goes together with the prediction: as a value, and in a saved file."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.case.condition import Condition
from workbench.common.saved_values import (
    Count,
    Number,
    Saved,
    altered,
    check_between,
    check_known,
    frame_of,
    rows_of,
    wrong,
)
from workbench.common.wording import signed
from workbench.methods.attribution import Attribution
from workbench.methods.method import SavedBaseline

__all__ = ["SAVED", "Associations"]

RANGES = {
    "NMI": (0.0, 1.0),
    "correlation": (-1.0, 1.0),
    "difference": (-1.0, 1.0),
    "ratio": (0.0, float("inf")),
}
"""Metrics of association and what values they can have."""


@dataclass(frozen=True, eq=False)
class Associations:
    """What is associated with the prediction, and where more strongly.

    Attributes
    ----------
    attribution : Attribution
        One number per feature on one scale, for ranks: the correlation ratio of a category, the
        absolute correlation of a number, with the score.
    table : DataFrame
        feature, metric, value, low, high, p_value, n_rows: on all rows of the target.
        Metrics: "NMI" (mutual information of levels and decisions over the smaller entropy),
        "correlation" (of a number and the score), and of a feature with two levels "difference"
        and "ratio" of the shares of positive decisions, the second level against the first.
    contexts : DataFrame
        feature, context (a condition), metric, value, low, high, p_value (after Holm's
        correction), whole (the same metric over all rows), n_rows: measured on the half of the
        rows that the tree has not seen. Empty where no context was confirmed.
    notes : tuple of str
    """

    attribution: Attribution
    table: pd.DataFrame
    contexts: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def ranks(self) -> Attribution:
        """What of it ranks the features."""
        return self.attribution

    def sentences(self) -> tuple[str, ...]:
        """Say where the association is stronger than in the whole, and what limits it."""
        said = [
            f"Where {row['context']}, {row['feature']} and the prediction go together more "
            f"strongly: {signed(row['value'])}; over all rows of the half that confirms it, "
            f"{signed(row['whole'])}."
            for row in self.contexts.to_dict("records")
        ]
        return (*said, *self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature and metric; see `table`."""
        return self.table


class SavedAssociation(Saved, frozen=True):
    """One feature's association over all rows of the target."""

    feature: str
    metric: str
    value: Number
    low: Number
    high: Number
    p_value: Number
    n_rows: Count


class SavedContext(Saved, frozen=True):
    """A group of rows where a feature's association is stronger."""

    feature: str
    context: str
    metric: str
    value: Number
    low: Number
    high: Number
    p_value: Number
    whole: Number
    n_rows: Count


class SavedAssociations(Saved, frozen=True):
    """What goes together with the prediction."""

    table: tuple[SavedAssociation, ...]
    contexts: tuple[SavedContext, ...]
    notes: tuple[str, ...]


def _write(found: Associations) -> SavedAssociations:
    return SavedAssociations(
        table=rows_of(found.table, SavedAssociation),
        contexts=rows_of(found.contexts, SavedContext),
        notes=found.notes,
    )


def _read(saved: SavedAssociations, ranks: Attribution | None, n_rows: int) -> Associations:
    if ranks is None:
        raise altered("associations and their ranks belong together, and one of them is missing")
    for place, rows in (("table", saved.table), ("contexts", saved.contexts)):
        where = f"associations.{place}"
        for row in rows:
            check_known(where, (row.feature,), ranks.values.index)
            check_known(where, (row.metric,), RANGES)
            lowest, highest = RANGES[row.metric]
            check_between(where, lowest, row.value, high=highest)
            check_between(where, row.low, row.value, high=row.high)
            check_between(where, 0.0, row.p_value, high=1.0)
            check_between(where, 0.0, row.n_rows, high=n_rows)
    table = frame_of(saved.table, SavedAssociation)
    if table.duplicated(["feature", "metric"]).any():
        raise wrong("associations.table", "measures a feature twice.")
    for row in saved.contexts:
        Condition(row.context)
        if not row.value > row.whole:
            raise altered("a context is not more strongly associated than the whole")
    return Associations(ranks, table, frame_of(saved.contexts, SavedContext), saved.notes)


SAVED = SavedBaseline("associations", SavedAssociations, _write, _read)
