"""The ways to a model that the page offers, in words: trained here, or brought."""

from __future__ import annotations

from workbench.case.model_sources import Trained

__all__ = ["BROUGHT", "COLUMN", "ENDPOINT", "FILE", "TRAINED", "trained"]

FILE, ENDPOINT, COLUMN = "file", "endpoint", "column"
REGRESSION = "regression"
TRAINED = {
    REGRESSION: "Train a logistic or linear regression here",
    "forest": "Train a random forest here",
    "mlp": "Train a small neural network here",
}
"""Models trained here, in words; a regression is logistic or linear as the outcome asks for."""
BROUGHT = {
    FILE: "Bring a model file",
    ENDPOINT: "Ask a model over HTTP",
    COLUMN: "Use logged predictions (a column)",
}


def trained(kind: str, positive: str | None = None) -> Trained:
    """Return the model of a key of :data:`TRAINED`, and of one of its classes."""
    return Trained(None if kind == REGRESSION else kind, positive=positive)
