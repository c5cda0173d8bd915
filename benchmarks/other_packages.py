"""Total effects on a prediction by DoWhy's gcm, DoubleML and EconML, as their guides use them.

They come with the optional extra `compare`, and so does fairlearn, which compares the groups'
decisions and estimates no effect. Each of the three gets the same rows, the same graph or
adjustment set and the logged predictions as outcome; none of them asks the model. DoubleML and
LinearDML fit an effect that is the same at every row and, for a number, straight: that is what
these estimators are for, and not an error of theirs where the world is otherwise.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pandas as pd

__all__ = ["PACKAGES", "Question", "by_fairlearn"]

DRAWS = 4_000
"""Rows that gcm draws on either side of a contrast."""


@dataclass(frozen=True)
class Question:
    """A total effect of one feature.

    Attributes
    ----------
    rows : DataFrame
        Features, and the prediction as "score".
    edges : list of (str, str)
        The graph among the features.
    reads : list of str
        Features that the model reads.
    given : list of str
        A valid adjustment set: the feature's own causes.
    """

    rows: pd.DataFrame
    edges: list[tuple[str, str]]
    reads: list[str]
    feature: str
    low: float
    high: float
    given: list[str]

    @property
    def two_levels(self) -> bool:
        """Whether the feature is 0 or 1."""
        return set(self.rows[self.feature].unique()) <= {0.0, 1.0}

    @property
    def covariates(self) -> np.ndarray:
        """What is adjusted for; a column of zeros where nothing need be."""
        if not self.given:
            return np.zeros((len(self.rows), 1))
        return self.rows[self.given].to_numpy()


Answer = tuple[float, float]
"""Estimate and standard error; nan where the package gives none by itself."""


def _forest(*, classifier: bool = False) -> object:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classifier else HistGradientBoostingRegressor
    return kind(max_iter=60, max_leaf_nodes=8, random_state=0)


def by_gcm(question: Question) -> Answer:
    """Fit structural causal models that gcm chooses itself, and draw on either side."""
    from dowhy import gcm

    gcm.config.disable_progress_bars()
    gcm.util.general.set_random_seed(0)
    graph = nx.DiGraph([*question.edges, *((name, "score") for name in question.reads)])
    rows = question.rows[[*graph.nodes]]
    model = gcm.StructuralCausalModel(graph)
    gcm.auto.assign_causal_mechanisms(model, rows)
    gcm.fit(model, rows)
    effect = gcm.average_causal_effect(
        model,
        "score",
        interventions_alternative={question.feature: lambda _: question.high},
        interventions_reference={question.feature: lambda _: question.low},
        num_samples_to_draw=DRAWS,
    )
    return float(effect), float("nan")


def by_doubleml(question: Question) -> Answer:
    """Take the partially linear regression, or the interactive one of a feature of two levels."""
    import doubleml

    data = doubleml.DoubleMLData.from_arrays(
        question.covariates,
        question.rows["score"].to_numpy(),
        question.rows[question.feature].to_numpy(),
    )
    np.random.seed(0)
    if question.two_levels:
        found = doubleml.DoubleMLIRM(data, _forest(), _forest(classifier=True), n_folds=5)
        width = 1.0
    else:
        found = doubleml.DoubleMLPLR(data, _forest(), _forest(), n_folds=5)
        width = question.high - question.low
    found.fit()
    return float(found.coef[0]) * width, float(found.se[0]) * abs(width)


def by_econml(question: Question) -> Answer:
    """Take LinearDML."""
    from econml.dml import LinearDML

    found = LinearDML(
        model_y=_forest(),
        model_t=_forest(classifier=question.two_levels),
        discrete_treatment=question.two_levels,
        cv=5,
        random_state=0,
    )
    score, feature = (question.rows[name].to_numpy() for name in ("score", question.feature))
    found.fit(score, feature, W=question.covariates)
    told = found.ate_inference(T0=question.low, T1=question.high)
    return float(told.mean_point), float(told.stderr_mean)


def by_fairlearn(question: Question) -> Answer:
    """Compare the shares of positive decisions, a score above 0.5, between the feature's levels."""
    from fairlearn.metrics import (
        MetricFrame,
        count,
        demographic_parity_difference,
        selection_rate,
    )

    decisions = (question.rows["score"] > 0.5).astype(int)
    asked = {"sensitive_features": question.rows[question.feature]}
    MetricFrame(
        metrics={"selection rate": selection_rate, "count": count},
        y_true=decisions,  # which neither of the two reads
        y_pred=decisions,
        **asked,
    )
    return float(demographic_parity_difference(decisions, decisions, **asked)), float("nan")


def _quiet(estimate: Callable[[Question], Answer]) -> Callable[[Question], Answer]:
    def answer(question: Question) -> Answer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return estimate(question)

    return answer


PACKAGES: dict[str, Callable[[Question], Answer]] = {
    "DoWhy gcm": _quiet(by_gcm),
    "DoubleML": _quiet(by_doubleml),
    "EconML LinearDML": _quiet(by_econml),
}
