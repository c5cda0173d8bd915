"""The result of a baseline that gives every feature one importance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

__all__ = ["Attribution"]


@dataclass(frozen=True, eq=False)
class Attribution:
    """One importance per feature, with what is needed to judge it.

    Attributes
    ----------
    method : str
        ``"shap"``, ``"permutation"`` or ``"fairtest"``.
    values : Series of float64, index: the case's features in order
        In `unit`. A feature that the model does not read has exactly 0.0, except as an
        association. NaN where the method
        cannot answer, for instance the permutation of a single row.
    low, high : Series of float64 or None
        95 % interval with the same index, where there is one.
    unit : str
        What one unit of a value is, such as ``"probability"`` or ``"decrease in ROC AUC"``.
    explanation : str
        One plain sentence: the explainer or scorer, the rows, the queries.
    n_rows : int
        Rows that the values are averaged over.
    queries : int
        Rows that the model was asked about.
    exact : bool
        Whether nothing was sampled but the rows and the background.

    Examples
    --------
    >>> values = pd.Series({"age": 0.2, "zip_code": 0.0})
    >>> Attribution("shap", values, None, None, "probability", "…", 10, 0, True).to_frame().shape
    (2, 6)
    """

    method: str
    values: pd.Series
    low: pd.Series | None
    high: pd.Series | None
    unit: str
    explanation: str
    n_rows: int
    queries: int
    exact: bool

    @property
    def ranks(self) -> Attribution:
        """What of it ranks the features: all of it."""
        return self

    def sentences(self) -> tuple[str, ...]:
        """Say how it was measured."""
        return (self.explanation,)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature: feature, method, value, low, high, unit."""
        frame = pd.DataFrame(
            {"feature": self.values.index, "method": self.method, "value": self.values.to_numpy()}
        )
        for name, bound in (("low", self.low), ("high", self.high)):
            frame[name] = float("nan") if bound is None else bound.to_numpy()
        return frame.assign(unit=self.unit)


def by_feature(features: Iterable[str], known: Mapping[str, float]) -> pd.Series:
    """Return `known` for every feature, exactly 0.0 for those that the model does not read."""
    names = list(features)
    return pd.Series([float(known.get(name, 0.0)) for name in names], index=names, dtype=float)
