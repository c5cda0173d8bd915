"""Temporary: trains a model until workbench.sample_models exists."""

from __future__ import annotations

from typing import Any

import pandas as pd


def train_model(data: pd.DataFrame, features: tuple[str, ...], outcome: str, kind: str) -> Any:
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    binary = data[outcome].nunique() == 2
    x, y = data[list(features)], data[outcome]
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    prepare = ColumnTransformer(
        [
            ("n", numbers, make_column_selector(dtype_include="number")),
            (
                "c",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_exclude="number"),
            ),
        ]
    )
    model = {
        ("linear", True): lambda: LogisticRegression(max_iter=1000),
        ("linear", False): LinearRegression,
        ("forest", True): lambda: RandomForestClassifier(60, min_samples_leaf=20, random_state=0),
        ("forest", False): lambda: RandomForestRegressor(60, min_samples_leaf=20, random_state=0),
        ("network", True): lambda: MLPClassifier((16,), early_stopping=True, random_state=0),
        ("network", False): lambda: MLPRegressor((16,), early_stopping=True, random_state=0),
    }[kind, binary]()
    return make_pipeline(prepare, model).fit(x, y)
