"""How the audited model was trained: what is checked, and what a failing training says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.common.errors import AuditCancelled, DataError, ModelError
from workbench.models.training import Training

FRAME = pd.DataFrame({"a": np.arange(6.0), "y": np.arange(6.0) * 2})


def mean_of(rows: pd.DataFrame, seed: int) -> object:
    mean = float(rows["y"].mean()) + seed
    return lambda asked: np.full(len(asked), mean)


def test_trains_on_its_own_rows_unless_told_otherwise() -> None:
    training = Training(mean_of, rows=[True, True, False, False, False, False], seed=10)
    assert training.fit(FRAME).predict(FRAME).tolist() == [11.0] * 6
    last = np.arange(6) == 5
    assert training.fit(FRAME, last, seed=0).predict(FRAME).tolist() == [10.0] * 6


def test_a_training_cannot_write_into_the_table() -> None:
    def spoil(rows: pd.DataFrame, seed: int) -> object:
        rows["a"] = -1.0
        return mean_of(rows, seed)

    Training(spoil, rows=np.ones(6, dtype=bool)).fit(FRAME)
    assert FRAME["a"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_features_are_told_to_a_model_that_cannot_say() -> None:
    model = Training(mean_of, rows=np.ones(6, dtype=bool)).fit(FRAME, features=["a"])
    assert model.features == ("a",)


def test_the_mask_is_a_copy_and_cannot_be_changed() -> None:
    rows = np.ones(6, dtype=bool)
    training = Training(mean_of, rows=rows)
    rows[:] = False
    assert training.rows.all()
    with pytest.raises(ValueError, match="read-only"):
        training.rows[0] = False


@pytest.mark.parametrize("rows", [[0, 1, 1], [[True], [False]], "all", [1.0, 0.0]])
def test_rows_that_are_no_mask_are_refused(rows: object) -> None:
    with pytest.raises(DataError, match="one true or false per row"):
        Training(mean_of, rows=rows)  # type: ignore[arg-type]


def test_other_mistakes_are_refused_in_words() -> None:
    with pytest.raises(ModelError, match="function from"):
        Training("train", rows=[True])  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="whole number"):
        Training(mean_of, rows=[True], seed=0.5)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no row"):
        Training(mean_of, rows=[False, False])
    training = Training(mean_of, rows=[True, False])
    with pytest.raises(DataError, match=r"2 rows .* data has 6"):
        training.check(FRAME)
    with pytest.raises(DataError, match="No row is left"):
        training.fit(FRAME, np.zeros(6, dtype=bool))


def test_a_failing_training_says_with_what_it_failed() -> None:
    def broken(rows: pd.DataFrame, seed: int) -> object:
        raise ValueError("only one class")

    with pytest.raises(ModelError, match=r"4 rows with seed 7: ValueError: only one class"):
        Training(broken, rows=np.arange(6) < 4).fit(FRAME, seed=7)

    def stopped(rows: pd.DataFrame, seed: int) -> object:
        raise AuditCancelled

    with pytest.raises(AuditCancelled):
        Training(stopped, rows=np.arange(6) < 4).fit(FRAME)
    with pytest.raises(ModelError, match="not a model"):
        Training(lambda rows, seed: 3, rows=np.arange(6) < 4).fit(FRAME)
