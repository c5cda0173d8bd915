"""Adult and the models that ``speed.py`` audits; run alone, it does nothing.

Also read beside older code, so it uses only what that has.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from workbench.datasets import Dataset, adult

__all__ = [
    "BOOSTING",
    "ENCODINGS",
    "FOREST",
    "LR",
    "MODELS",
    "NETWORK",
    "Rows",
    "fitted",
    "load",
    "table",
    "table_of",
    "target_met",
]

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
LR, FOREST, BOOSTING, NETWORK = "logistic regression", "random forest", "boosting", "neural network"
MODELS: dict[str, Callable[[], Any]] = {
    LR: lambda: LogisticRegression(max_iter=300),
    FOREST: lambda: RandomForestClassifier(100, random_state=0),
    BOOSTING: lambda: HistGradientBoostingClassifier(random_state=0),
    NETWORK: lambda: MLPClassifier((16,), max_iter=5, tol=1e-2, n_iter_no_change=2, random_state=0),
}
ENCODINGS = ("text columns one-hot", "every column a number")
Rows = list[tuple[str, ...]]


def load() -> Dataset:
    """Return Adult, from the shared folder when there is one."""
    named = os.environ.get("CAFE_WORKBENCH_DATA")
    return adult(SHARED if not named and SHARED.is_dir() else None)


def table_of(data: Dataset, encoding: str) -> pd.DataFrame:
    """Return the features and the outcome, with texts as they are or as numbers."""
    rows = data.data[[*data.features, data.outcome]].copy()
    if encoding == ENCODINGS[1]:
        for name in rows.columns.difference(rows.select_dtypes("number").columns):
            rows[name] = pd.factorize(rows[name], sort=True, use_na_sentinel=False)[0]
    return rows


def fitted(rows: pd.DataFrame, data: Dataset, estimator: Any) -> Pipeline:
    """Put the usual preprocessing before an estimator, and fit both."""
    features = rows[list(data.features)]
    numeric = list(features.select_dtypes("number").columns)
    rest = [name for name in features if name not in numeric]
    dense = isinstance(estimator, HistGradientBoostingClassifier)  # which reads no sparse table
    prepared = make_column_transformer(
        (StandardScaler(), numeric),
        (OneHotEncoder(handle_unknown="ignore"), rest),
        sparse_threshold=0.0 if dense else 0.3,
    )
    return make_pipeline(prepared, estimator).fit(features, rows[data.outcome])


def target_met(value: float, most: float | None, what: str) -> str:
    """Say whether a target was met; nothing where there is none."""
    return "" if most is None else f"{what}: {'met' if value <= most else 'MISSED'}"


def table(heads: tuple[str, ...], rows: Rows) -> str:
    """Write a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
