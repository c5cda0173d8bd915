"""True effects in the sample worlds, as they are asked for and ranked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.datasets import SampleWorld, heart_disease, loan, performance

WORLDS = (loan, heart_disease, performance)
ZIPS = ("MA 02121", "MA 02467")
MODELS = ("linear", "forest", "network")


def contrast(column: pd.Series) -> tuple[float, float]:
    """The default intervention: low to high for two levels, else the quartiles."""
    if column.nunique() == 2:
        return float(column.min()), float(column.max())
    return float(column.quantile(0.25)), float(column.quantile(0.75))


def true_score(world: SampleWorld):
    """The outcome's own linear equation as a model."""
    weights = world.equations[world.outcome].coefficients

    def score(frame: pd.DataFrame) -> np.ndarray:
        return sum(w * frame[v].to_numpy(float) for v, w in weights.items())

    return score


def fitted(world: SampleWorld, kind: str):
    if kind == "linear":
        model = LinearRegression()
    elif kind == "forest":
        model = RandomForestRegressor(40, min_samples_leaf=10, random_state=0)
    else:
        network = MLPRegressor(
            hidden_layer_sizes=(16,), early_stopping=True, max_iter=500, random_state=0
        )
        model = TransformedTargetRegressor(
            make_pipeline(StandardScaler(), network), transformer=StandardScaler()
        )
    return model.fit(world.data[list(world.features)], world.data[world.outcome])


def effects(world: SampleWorld, model, n: int | None) -> pd.DataFrame:
    """Total and direct effects of every feature's default contrast."""
    truths = {
        f: world.truth(model, f, *contrast(world.data[f]), n=n, seed=5) for f in world.features
    }
    return pd.DataFrame({f: {"total": t.total, "direct": t.direct} for f, t in truths.items()}).T


def ranked(column: pd.Series) -> list[str]:
    return column.abs().sort_values(ascending=False).index.tolist()
