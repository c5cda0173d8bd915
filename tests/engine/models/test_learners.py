"""One catalogue of learners: a name means the same estimator wherever a model is trained here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor

from workbench.common.errors import ModelError
from workbench.models.learners import LEARNERS, new_learner
from workbench.models.trained_here import MODEL_KINDS, train_model
from workbench.unlearning.learners import fit
from workbench.unlearning.rows import Rows

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": RNG.normal(size=120), "b": RNG.normal(size=120)})
FRAME["yes"] = (FRAME["a"] + 0.5 * RNG.normal(size=120) > 0).astype(int)
FRAME["size"] = 10 * FRAME["a"] - FRAME["b"]


@pytest.mark.parametrize("outcome", ["yes", "size"])
@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_a_sample_s_model_and_one_to_unlearn_from_are_the_same_learner(
    kind: str, outcome: str
) -> None:
    assert kind in LEARNERS
    if kind == ("linear" if outcome == "yes" else "logistic"):
        with pytest.raises(ModelError, match="does not fit an outcome"):
            new_learner(kind, outcome == "yes", 3)
        return
    whole = train_model(FRAME, ["a", "b"], outcome, kind, seed=3)
    one = whole[-1]
    one = one.regressor_ if isinstance(one, TransformedTargetRegressor) else one
    rows = Rows.of(FRAME[["a", "b", outcome]], outcome, FRAME)
    other = fit(rows, kind, 3).estimator
    assert type(one) is type(other)
    assert one.get_params() == other.get_params()


def test_unknown_names_are_told_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no learner 'forrest'\..*'forest'"):
        new_learner("forrest", True, 0)
