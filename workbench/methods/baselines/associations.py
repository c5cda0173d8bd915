"""What goes together with the prediction, as a value."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.common.wording import signed
from workbench.methods.attribution import Attribution

__all__ = ["Associations"]


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
            f"strongly: {signed(row['value'])}, over all rows asked about {signed(row['whole'])}."
            for row in self.contexts.to_dict("records")
        ]
        return (*said, *self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature and metric; see `table`."""
        return self.table
