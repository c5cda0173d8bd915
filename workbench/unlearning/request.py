"""The request: the training table before and after something is to be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import BoolArray
from workbench.common.errors import DataError, TargetError, listed, suggestion
from workbench.common.progress import Progress, silent
from workbench.graph.causal_graph import CausalGraph
from workbench.unlearning.inputs import DRAWS, Inputs, Untouched
from workbench.unlearning.removal import NOTES, Removal, check_removal, neutral_inputs
from workbench.unlearning.rows import Rows

__all__ = ["UnlearningRequest"]


@dataclass(frozen=True, eq=False)
class UnlearningRequest:
    """A change of the training table, from D to D'.

    Rows that are to be forgotten are erased. A feature is neutralised: on every row, or on the
    rows of the target; the deployed model then neutralises its input in the same way. Make one
    with :meth:`make` or :meth:`from_case`.

    Attributes
    ----------
    target : UnlearningTarget
    data : DataFrame, shape (n, columns)
        D, with the outcome.
    outcome : str
    features : tuple of str
        What the model reads before.
    removal : {"drop", "mean", "permutation", "consequences"} or None
        How the features are neutralised; None when rows are erased.
    erased : ndarray of bool, shape (n,)
        Rows of D that D' lacks.
    inputs : Inputs
        What the deployed model does to its input afterwards.

    Notes
    -----
    Removals of a feature:

    - "drop": the column is not read any more.
    - "mean": its mean, or its most common level, in the place of every value.
    - "permutation": in training its values are shuffled among the rows; a deployed model averages
      its answers over evenly spaced values of the column.
    - "consequences": every mediator between the feature and the prediction is set to what it would
      have been, had the feature been at its mean or most common level. To do so the deployed model
      must be told the feature; what it then reads directly cancels what reaches it indirectly
      (Kusner, Loftus, Russell and Silva, 2017, "Counterfactual fairness", level 3).

    For a subgroup this happens on its rows, also when the model is asked; for single datapoints
    in the training table only.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [20, 30, 40], "bmi": [20.0, 25.0, 30.0], "ill": [0, 1, 1]})
    >>> request = UnlearningRequest.make(
    ...     UnlearningTarget.datapoints([1]), frame, outcome="ill", features=["age", "bmi"])
    >>> request.after.index.tolist(), request.removal
    ([0, 2], None)
    """

    target: UnlearningTarget
    data: pd.DataFrame = field(repr=False)
    outcome: str
    features: tuple[str, ...]
    removal: Removal | None
    erased: BoolArray = field(repr=False)
    inputs: Inputs = field(repr=False)
    _masked: BoolArray = field(repr=False)

    @classmethod
    def make(
        cls,
        target: UnlearningTarget,
        data: pd.DataFrame,
        *,
        outcome: str,
        features: Iterable[str],
        graph: CausalGraph | None = None,
        removal: Removal | None = None,
        draws: int = DRAWS,
        seed: int = 0,
        progress: Progress = silent,
    ) -> UnlearningRequest:
        """Turn a target into a change of the training table.

        Parameters
        ----------
        target : UnlearningTarget
            Without features named, its rows are erased. With features, these are neutralised on
            its rows.
        data : DataFrame, shape (n, columns)
            The training table D.
        graph : CausalGraph, optional
            Needed for the removal "consequences".
        removal : {"drop", "mean", "permutation", "consequences"}, optional
            By default "drop" for a feature on all rows, "mean" for one on some rows.
        draws : int, default 8
            Inputs that a deployed model averages over, for "permutation" and for the noise of
            categories that are consequences.
        seed : int, default 0
            For the permutation and for the noise of categories.

        Raises
        ------
        DataError, TargetError, GraphError
            When the parts do not fit each other.
        """
        names = tuple(features)
        _check_table(data, outcome, names)
        if not target.names:
            return cls._of_rows(target, data, outcome, names, removal)
        unknown = [name for name in target.names if name not in data.columns or name == outcome]
        if unknown:
            raise TargetError(
                f"{listed(unknown)} cannot be forgotten as a feature."
                f"{suggestion(unknown[0], names)} Features: {listed(names)}."
            )
        everywhere = target.condition is None and target.rows is None
        chosen: Removal = removal or ("drop" if everywhere else "mean")
        check_removal(target, chosen, outcome, names, graph)
        mask = target.mask(data)
        inputs = neutral_inputs(
            chosen, target, data, outcome, names, graph, draws=draws, seed=seed, progress=progress
        )
        return cls._put(target, data, outcome, names, chosen, inputs, masked=mask)

    @classmethod
    def from_case(
        cls,
        case: AuditCase,
        target: UnlearningTarget,
        *,
        rows: BoolArray | None = None,
        removal: Removal | None = None,
        draws: int = DRAWS,
        seed: int = 0,
        progress: Progress = silent,
    ) -> UnlearningRequest:
        """Make the request for what a case's model reads.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,), optional
            Rows of the case's data that the model is trained on; all by default.
        """
        if case.outcome is None:
            raise DataError("The case has no outcome, so no model can be trained. Name one.")
        data = case.data if rows is None else case.data[rows]
        return cls.make(
            target, data, outcome=case.outcome, features=case.reads, graph=case.graph,
            removal=removal, draws=draws, seed=seed, progress=progress,
        )  # fmt: skip

    @classmethod
    def _of_rows(
        cls,
        target: UnlearningTarget,
        data: pd.DataFrame,
        outcome: str,
        names: tuple[str, ...],
        removal: Removal | None,
    ) -> UnlearningRequest:
        if removal is not None:
            raise TargetError(
                f"removal={removal!r} says how a feature is neutralised, but the target names no "
                f"feature: its rows are erased. Leave removal= out or name a feature."
            )
        erased = target.mask(data)
        if erased.all():
            raise TargetError("The target is every row of the table; nothing would be left.")
        inputs, nowhere = Untouched(names), np.zeros(len(data), dtype=bool)
        return cls._put(target, data, outcome, names, None, inputs, erased=erased, masked=nowhere)

    @classmethod
    def _put(
        cls,
        target: UnlearningTarget,
        data: pd.DataFrame,
        outcome: str,
        names: tuple[str, ...],
        removal: Removal | None,
        inputs: Inputs,
        *,
        masked: BoolArray,
        erased: BoolArray | None = None,
    ) -> UnlearningRequest:
        gone = np.zeros(len(data), dtype=bool) if erased is None else erased
        return cls(target, data, outcome, names, removal, gone, inputs, masked)

    @cached_property
    def before(self) -> pd.DataFrame:
        """D: the features and the outcome, shape (n, features + 1)."""
        return self.data[[*self.features, self.outcome]]

    @cached_property
    def after(self) -> pd.DataFrame:
        """D': the rows that stay, with what the trained part is fed, and the outcome."""
        kept = self.inputs.table(self.data, self._masked)[~self.erased]
        return kept.assign(**{self.outcome: self.data[self.outcome][~self.erased]})

    @cached_property
    def changed(self) -> BoolArray:
        """Rows of D that D' holds with other values, shape (n,); all when a column is dropped."""
        if self.removal is None:
            return np.zeros(len(self.data), dtype=bool)
        if self.removal == "drop":
            return np.ones(len(self.data), dtype=bool)
        old, new = self.before[list(self.features)], self.after[list(self.features)]
        same = np.ones(len(old), dtype=bool)
        for name in self.features:
            left, right = old[name], new[name]
            equal = (left == right).fillna(False).to_numpy(dtype=bool)
            same &= equal | (left.isna() & right.isna()).to_numpy()
        return ~same

    @property
    def touched(self) -> BoolArray:
        """Rows of D that are erased or changed, shape (n,)."""
        return self.erased | self.changed

    @cached_property
    def rows_before(self) -> Rows:
        """D as a learner takes it."""
        return Rows.of(self.before, self.outcome, self.data)

    @cached_property
    def rows_after(self) -> Rows:
        """D' as a learner takes it."""
        return Rows.of(self.after, self.outcome, self.data, np.flatnonzero(~self.erased))

    def describe(self) -> str:
        """Say in words what changes."""
        if self.removal is None:
            count = int(self.erased.sum())
            return f"{count:,} of {len(self.data):,} row{'s' if count != 1 else ''} erased"
        how = {
            "drop": "dropped",
            "mean": "replaced by the mean or the most common level",
            "permutation": "permuted",
            "consequences": "and what follows from it undone",
        }
        return f"{self.target.describe()}: {how[self.removal]}"

    @property
    def note(self) -> str:
        """What the change means for the model that is served, in one sentence."""
        if self.removal is None:
            return "The model's input stays as it is; only the training table changes."
        if self.target.rows is not None:
            return (
                "The feature is neutralised in the training table only: when the model is asked, "
                "these rows cannot be told from other inputs."
            )
        return NOTES[self.removal]


def _check_table(data: pd.DataFrame, outcome: str, features: tuple[str, ...]) -> None:
    unknown = [name for name in (outcome, *features) if name not in data.columns]
    if unknown:
        raise DataError(
            f"The training table has no column {listed(unknown)}."
            f"{suggestion(unknown[0], data.columns)} Columns: {listed(data.columns)}."
        )
    if not features:
        raise DataError("The model needs at least one feature.")
    if outcome in features:
        raise DataError(f"{outcome!r} is the outcome; the model cannot read it as well.")
    missing = int(data[outcome].isna().sum())
    if missing:
        raise DataError(f"The outcome {outcome!r} is missing in {missing:,} rows. Leave them out.")
