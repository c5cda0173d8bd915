"""The recorded outcome as numbers, with the class that the model scores as 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.audit_case import AuditCase

__all__ = ["RecordedOutcome", "audited_class", "recorded_outcome"]


@dataclass(frozen=True, eq=False)
class RecordedOutcome:
    """What really happened, per row of the case.

    Attributes
    ----------
    values : ndarray, shape (n,), float64
        0.0 or 1.0 when binary, else the outcome's own number; NaN where none was recorded.
    binary : bool
    positive : object
        The level that counts as 1.0; None when not binary.
    """

    values: npt.NDArray[np.float64]
    binary: bool
    positive: Any = None


def recorded_outcome(case: AuditCase) -> RecordedOutcome | None:
    """Return the recorded outcome, or None when there is none that numbers can stand for.

    The positive level is the class whose probability the model gives. When the model cannot say,
    it is the higher one of two levels in sorted order.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> frame = pd.DataFrame({"a": [0.1, 0.9, 0.4], "paid": ["no", "yes", None]})
    >>> case = AuditCase(frame, lambda rows: rows["a"], CausalGraph([("a", "paid")]),
    ...                  outcome="paid", features=["a"])
    >>> recorded_outcome(case).values.tolist()
    [0.0, 1.0, nan]
    """
    if case.outcome is None:
        return None
    column = case.data[case.outcome]
    levels = sorted(column.dropna().unique().tolist(), key=_order(column))
    positive = None if case.output == "value" else _positive_class(case)
    if positive is not None and positive in levels:
        return _binary(column, positive)
    if len(levels) == 2:
        second = case.model.positive_column != 0
        return _binary(column, levels[1 if second else 0])
    if pd.api.types.is_numeric_dtype(column.dtype) and len(levels) > 2:
        return RecordedOutcome(column.to_numpy(dtype=np.float64, na_value=np.nan), binary=False)
    return None


def _binary(column: pd.Series, positive: Any) -> RecordedOutcome:
    values = np.asarray((column == positive).to_numpy(dtype=bool, na_value=False), dtype=np.float64)
    values[column.isna().to_numpy()] = np.nan
    return RecordedOutcome(values, binary=True, positive=positive)


def _order(column: pd.Series) -> Any:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.categories.tolist().index
    return None


def audited_class(case: AuditCase) -> tuple[str | None, str | None]:
    """Return the outcome and the class whose probability a score is, as far as they are known.

    A model may name its classes differently from the recorded outcome does, as 0 and 1 where that
    says "rejected" and "approved": then its class is none of the outcome's, and no outcome is
    returned with it.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> from workbench.models.black_box import BlackBoxModel
    >>> frame = pd.DataFrame({"a": [0.1, 0.9], "paid": ["no", "yes"]})
    >>> model = BlackBoxModel(lambda rows: rows["a"], ["a"], output="probability")
    >>> for label in ("yes", 1):
    ...     case = AuditCase(frame, model.of_class(label, named=True),
    ...                      CausalGraph([("a", "paid")]), outcome="paid")
    ...     print(audited_class(case))
    ('paid', 'yes')
    (None, '1')
    """
    label = case.model.audited_class
    if label is None or case.output == "value":
        return None, None
    known = () if case.outcome is None else case.data[case.outcome].dropna().unique()
    # As text: a file or an endpoint may name "1" what the table holds as 1 or 1.0.
    recorded = _text(label) in {_text(value) for value in known}
    return case.outcome if recorded else None, str(label)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _positive_class(case: AuditCase) -> Any:
    return case.model.audited_class if case.model.positive_column is not None else None
