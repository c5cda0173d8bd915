"""What U-LiRA found, with the power beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from workbench.checks.membership.figures import Estimate
from workbench.common.wording import rate

__all__ = ["ULira", "ULiraDecision", "ULiraFigures"]

ULiraDecision = Literal["traces", "pushed away", "different", "not found", "no evidence"]


@dataclass(frozen=True)
class ULiraFigures:
    """How well models of one kind can be told from retrained ones.

    Attributes
    ----------
    n_models, n_retrained : int
    accuracy, auc : Estimate
        Over models and records; 0.5 is guessing. The intervals count the models, not the records,
        as independent. NaN with fewer than four models of a kind.
    shift : float
        By how much their mean signal (log-odds of the true outcome) is above the retrained models'.
    higher, lower, different : float
        Permutation p-values after Holm's correction: the models fit the records better than
        retrained ones, worse, or any record otherwise.
    """

    n_models: int
    n_retrained: int
    accuracy: Estimate
    auc: Estimate
    shift: float
    higher: float
    lower: float
    different: float

    @property
    def smallest(self) -> float:
        """The smallest corrected p-value."""
        return min(self.higher, self.lower, self.different)


@dataclass(frozen=True, eq=False)
class ULira:
    """Whether unlearned models can be told from retrained ones at the erased records.

    Attributes
    ----------
    target : str
    n_records : int
    power : ULiraFigures
        Of models that kept the records.
    result : ULiraFigures
        Of the unlearned models.
    alpha : float
    failures : tuple of str
        Models that could not be trained, and why.
    records : DataFrame or None
        One row per record, by its label: shift, accuracy with accuracy_low and accuracy_high,
        auc. A saved report goes without.
    """

    target: str
    n_records: int
    power: ULiraFigures
    result: ULiraFigures
    alpha: float
    failures: tuple[str, ...] = ()
    records: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def decision(self) -> ULiraDecision:
        """What was found; "no evidence" where models that kept the records are not told either."""
        if self.result.higher <= self.alpha:
            return "traces"
        if self.result.lower <= self.alpha:
            return "pushed away"
        if self.result.different <= self.alpha:
            return "different"
        return "not found" if self.power.smallest <= self.alpha else "no evidence"

    @property
    def finding(self) -> str:
        """The finding in words."""
        n, errs = self.n_records, rate(self.alpha)
        if self.decision == "traces":
            return (
                f"Traces of the erased records found: the unlearned models fit the {n:,} records "
                f"better than retrained models do (error rate {errs})."
            )
        if self.decision == "pushed away":
            return (
                f"The unlearned models fit the {n:,} erased records worse than retrained models do "
                f"(error rate {errs}). The records were pushed away rather than forgotten, and "
                f"can be recognised by it."
            )
        if self.decision == "different":
            return (
                f"The unlearned models answer the {n:,} erased records differently from retrained "
                f"models do, some better and some worse (error rate {errs})."
            )
        if self.decision == "not found":
            return (
                f"The unlearned models answer the {n:,} erased records like retrained models, as "
                f"far as U-LiRA can see; models that kept them it tells apart."
            )
        return (
            "No evidence either way: U-LiRA does not tell even models that kept the records from "
            "retrained ones."
        )

    def sentences(self) -> tuple[str, ...]:
        """Return the finding, the power beside the result, and what failed."""
        said = [self.finding]
        for what, figures in (
            ("models that kept the records", self.power),
            ("unlearned models", self.result),
        ):
            if figures.auc.value == figures.auc.value:
                said.append(
                    f"U-LiRA tells {what} from retrained ones with AUC {figures.auc} and accuracy "
                    f"{figures.accuracy}; 0.5 is guessing."
                )
        if self.failures:
            said.append(
                f"{len(self.failures)} models could not be trained; the others were used. The "
                f"first reason: {self.failures[0]}"
            )
        return tuple(said)

    def to_frame(self) -> pd.DataFrame:
        """Return two rows: models that kept the records, and unlearned models."""
        return pd.DataFrame(
            [
                {
                    "models": what,
                    "n_models": one.n_models,
                    "n_retrained": one.n_retrained,
                    "accuracy": one.accuracy.value,
                    "accuracy_low": one.accuracy.low,
                    "accuracy_high": one.accuracy.high,
                    "auc": one.auc.value,
                    "auc_low": one.auc.low,
                    "auc_high": one.auc.high,
                    "shift": one.shift,
                    "p_higher": one.higher,
                    "p_lower": one.lower,
                    "p_different": one.different,
                }
                for what, one in (("kept", self.power), ("unlearned", self.result))
            ]
        )
