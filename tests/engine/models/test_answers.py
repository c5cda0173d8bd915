"""Answers with row labels, and answers that are no scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import ModelError

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]}, index=list("wxyz"))
GRAPH = wb.CausalGraph([("a", "b")])


def predictions(logged: object) -> list[float]:
    model = wb.BlackBoxModel.from_predictions(logged, ["a"], output="value")
    return wb.AuditCase(data=FRAME, model=model, graph=GRAPH).predictions.tolist()


def test_logged_predictions_go_to_the_rows_that_their_labels_name() -> None:
    logged = FRAME["a"] * 10
    assert predictions(logged) == predictions(logged.iloc[::-1]) == [0.0, 10.0, 20.0, 30.0]
    assert predictions(logged.to_frame().iloc[[2, 0, 3, 1]]) == [0.0, 10.0, 20.0, 30.0]
    assert predictions(logged.to_numpy()) == predictions(list(logged)) == [0.0, 10.0, 20.0, 30.0]
    case = wb.AuditCase(
        data=FRAME,
        model=wb.BlackBoxModel.from_predictions(logged.iloc[::-1], ["a"], output="value"),
        graph=GRAPH,
    )
    assert case.with_rows(np.array([3, 1])).predictions.tolist() == [30.0, 10.0]


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], list("wxyq"), list("wxyy")])
def test_labels_that_do_not_fit_are_refused(labels: list[object]) -> None:
    with pytest.raises(ModelError, match=r"other labels than the data.*\.to_numpy\(\)"):
        predictions(pd.Series([0.0, 1.0, 2.0, 3.0], index=labels))


def test_a_models_answers_go_to_the_rows_that_their_labels_name() -> None:
    turned = wb.BlackBoxModel(lambda rows: rows["a"].iloc[::-1] * 1.5, ["a"], output="value")
    assert turned.predict(FRAME).tolist() == [0.0, 1.5, 3.0, 4.5]
    fresh = wb.BlackBoxModel(lambda rows: pd.Series(rows["a"].to_numpy() * 1.5), ["a"])
    assert fresh.predict(FRAME).tolist() == [0.0, 1.5, 3.0, 4.5]
    lost = wb.BlackBoxModel(lambda rows: rows["a"].set_axis(list("abcd")), ["a"], output="value")
    with pytest.raises(ModelError, match="other labels than the data"):
        lost.predict(FRAME)


def test_a_decimal_comma_is_named() -> None:
    with pytest.raises(ModelError, match=r"'1,5': numbers with a decimal comma"):
        predictions(["1,5", "2,25", "3,0", "-4,0"])


def test_a_model_is_known_by_what_it_does() -> None:
    from sklearn.cluster import KMeans
    from sklearn.ensemble import IsolationForest
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    class Regressor:  # what a CatBoost regressor looks like from outside
        classes_: tuple[str, ...] = ()

        def predict(self, rows: pd.DataFrame) -> object:
            return rows["a"] * 2

    model = wb.BlackBoxModel.from_estimator(Regressor(), ["a"])
    assert model.output == "value" and model.predict(FRAME).tolist() == [0.0, 2.0, 4.0, 6.0]
    scaled = make_pipeline(StandardScaler(), KMeans(2, n_init=1))
    for labelling in (IsolationForest(n_estimators=2), KMeans(2, n_init=1), scaled):
        with pytest.raises(ModelError, match="no quantity"):
            wb.BlackBoxModel.wrap(labelling.fit(FRAME))
