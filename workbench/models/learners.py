"""The learners by name: "forest" or "logistic" means the same wherever a model is trained here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from workbench.common.errors import ModelError, listed, suggestion

__all__ = ["LEARNERS", "new_learner"]

LEARNERS: Mapping[str, str] = MappingProxyType(
    {
        "logistic": "penalised logistic regression, solved to the optimum",
        "linear": "ridge regression",
        "forest": "random forest of 100 trees",
        "tree": "one randomised decision tree",
        "sgd": "linear model by stochastic gradient descent",
        "mlp": "neural network with two hidden layers",
    }
)


def new_learner(name: str, classes: bool, seed: int) -> Any:
    """Make an unfitted scikit-learn estimator, to be fitted on numbers of about unit size.

    Parameters
    ----------
    name : str
        One of `LEARNERS`.
    classes : bool
        Whether the outcome is one of two classes, or else a number.
    seed : int
        Of the learner's own chance.

    Raises
    ------
    ModelError
        When the learner is unknown or does not fit the outcome.

    Examples
    --------
    >>> new_learner("linear", classes=False, seed=0)
    Ridge(solver='cholesky')
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if name == "logistic" and classes:
        # Solved far beyond the default, so that a step that comes near the optimum can be told
        # from one that does not.
        return LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=200)
    if name == "linear" and not classes:
        return Ridge(alpha=1.0, solver="cholesky")
    if name == "forest":
        forest = RandomForestClassifier if classes else RandomForestRegressor
        return forest(n_estimators=100, min_samples_leaf=10, n_jobs=1, random_state=seed)
    if name == "tree":
        tree = DecisionTreeClassifier if classes else DecisionTreeRegressor
        return tree(min_samples_leaf=5, max_features="sqrt", random_state=seed)
    if name == "sgd":
        # The default schedule starts with steps so large that two seeds give two models.
        schedule = {"learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.5, "alpha": 1e-4}
        loss = "log_loss" if classes else "squared_error"
        linear = SGDClassifier if classes else SGDRegressor
        return linear(loss=loss, max_iter=20, tol=None, random_state=seed, **schedule)
    if name == "mlp":
        network = MLPClassifier if classes else MLPRegressor
        return network(hidden_layer_sizes=(32, 16), max_iter=30, random_state=seed)
    if name in LEARNERS:
        raise ModelError(
            f"The learner {name!r} does not fit an outcome that is "
            f"{'one of two classes' if classes else 'a number'}. "
            f"Use {'logistic' if classes else 'linear'!r}."
        )
    raise ModelError(
        f"There is no learner {name!r}.{suggestion(name, LEARNERS)} Use one of "
        f"{listed(LEARNERS)} or an unfitted scikit-learn estimator."
    )
