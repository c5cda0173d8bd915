"""The three sample worlds with three fitted models each, shared by the tests of both estimators."""

from __future__ import annotations

import functools

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.case.audit_case import AuditCase
from workbench.datasets import SampleWorld, heart_disease, loan, performance
from workbench.models.black_box import BlackBoxModel

N = 4000
MODELS = ("linear", "forest", "network")
LEVELS = {
    "heart_disease": {"smoking": (0, 1), "exercise": (4.0, 6.0), "bmi": (25.0, 30.0)},
    "performance": {"gender": (0, 1), "education_years": (13.0, 16.0), "age": (38, 56)},
    "loan": {
        "zip_code": ("MA 02121", "MA 02467"),
        "employment_years": (2.0, 14.0),
        "race": ("Black", "White"),
    },
}
"""Contrasts that the tests ask about, by world and feature."""


def fitted(world: SampleWorld, kind: str) -> BlackBoxModel:
    """A model of one family, fitted on the world's own rows."""
    classes = set(world.data[world.outcome]) == {0, 1}
    forest = {"n_estimators": 25, "min_samples_leaf": 20, "random_state": 0}
    network = {"hidden_layer_sizes": (12,), "max_iter": 2000, "tol": 1e-3, "random_state": 0}
    learner = {
        ("linear", False): LinearRegression(),
        ("linear", True): LogisticRegression(max_iter=1000),
        ("forest", False): RandomForestRegressor(**forest),
        ("forest", True): RandomForestClassifier(**forest),
        ("network", False): MLPRegressor(**network),
        ("network", True): MLPClassifier(**network, alpha=0.1),
    }[kind, classes]
    learner = make_pipeline(StandardScaler(), learner)
    learner.fit(world.data[list(world.features)], world.data[world.outcome])
    return BlackBoxModel.from_estimator(learner)


@functools.cache
def fitted_cases() -> dict[tuple[str, str], tuple[SampleWorld, AuditCase]]:
    """Every world with every model, by (world, model)."""
    out = {}
    for draw in (heart_disease, performance, loan):
        world = draw(n=N, seed=7)
        for kind in MODELS:
            model = fitted(world, kind)
            out[draw.__name__, kind] = (
                world,
                AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome),
            )
    return out
