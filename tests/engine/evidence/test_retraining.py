"""Configurations as data, canonical weights, replay, near copies."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from workbench import datasets
from workbench.common.errors import DataError, EvidenceError
from workbench.evidence.commitments import canonical_json, canonical_record
from workbench.evidence.configuration import (
    FeatureCode,
    ModelFile,
    read_configuration,
    read_model_file,
)
from workbench.evidence.near_copies import find_near_copies
from workbench.evidence.retraining import configuration_for, encode_rows, predict, replay, train

TABLE = datasets.loan(400, seed=3).data


@pytest.fixture(scope="module")
def logistic():
    configuration = configuration_for(TABLE, "approved")
    return configuration, *encode_rows(TABLE, configuration)


def test_a_configuration_is_its_file(logistic) -> None:
    configuration = logistic[0]
    assert read_configuration(configuration.to_bytes()) == configuration
    assert configuration.sha256 == read_configuration(configuration.to_bytes()).sha256


@pytest.mark.parametrize(
    "change",
    [
        {"learner": "forest"},
        {"penalty": [1]},
        {"penalty": "1"},
        {"threshold": "inf"},
        {"threshold": "-1"},
        {"more": 1},
        {"features": []},
        {"outcome": {"column": "approved", "centre": "0", "scale": "1"}},
        {"weight_bits": 30},
        {"features": [{"column": "x", "centre": "0", "scale": "0"}]},
        {"features": [{"column": 3, "level": "a"}]},
    ],
)
def test_another_configuration_is_refused(logistic, change) -> None:
    import json

    document = {**json.loads(logistic[0].to_bytes()), **change}
    with pytest.raises(EvidenceError):
        read_configuration(canonical_json(document))


def test_numbers_levels_and_missing_values_are_encoded() -> None:
    number, level = FeatureCode("a", "10", "4"), FeatureCode("b", level="yes")
    record = {"a": {"number": "11"}, "b": "yes"}
    assert number.encoded(record) == 256
    assert number.encoded({"a": {"number": "1000"}}) == 8 * 1024
    assert (level.encoded(record), level.encoded({"b": "no"})) == (1024, 0)
    for broken in ({}, {"a": None}, {"a": "text"}):
        with pytest.raises(EvidenceError, match="'a'"):
            number.encoded(broken)


def test_columns_that_cannot_be_learned_from_are_named() -> None:
    with pytest.raises(DataError, match="missing values"):
        configuration_for(pd.DataFrame({"a": [1.0, np.nan], "y": [0, 1]}), "y")
    with pytest.raises(DataError, match="levels"):
        configuration_for(pd.DataFrame({"a": [str(i) for i in range(99)], "y": [0] * 99}), "y")
    with pytest.raises(DataError, match="no column 'z'"):
        configuration_for(TABLE, "z")


def test_the_optimum_is_that_of_scikit_learn() -> None:
    """Without a penalty on the constant, as scikit-learn has it, given by a far larger table."""
    from dataclasses import replace

    configuration = configuration_for(TABLE, "approved")
    free = replace(configuration, penalty=(*configuration.penalty[:-1], 0))
    features, outcomes = encode_rows(TABLE, free)
    ours = np.array(train(free, features, outcomes).weights) / 2**29
    theirs = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(
        np.array(features) / 1024, outcomes
    )
    np.testing.assert_allclose(ours[:-1], theirs.coef_[0], atol=1e-7)
    np.testing.assert_allclose(ours[-1], theirs.intercept_[0], atol=1e-7)

    ridge = configuration_for(TABLE, "income", learner="ridge", features=["credit_score"])
    free = replace(ridge, penalty=(1, 0))
    features, outcomes = encode_rows(TABLE, free)
    ours = np.array(train(free, features, outcomes).weights) / 2**29
    fitted = Ridge(alpha=1.0, solver="cholesky").fit(
        np.array(features) / 1024, np.array(outcomes) / 1024
    )
    np.testing.assert_allclose(ours, [*fitted.coef_, fitted.intercept_], atol=1e-8)


def test_any_solver_leads_to_the_same_bits(logistic) -> None:
    configuration, features, outcomes = logistic
    due = train(configuration, features, outcomes)
    matrix = np.c_[np.array(features) / 1024, np.ones(len(features))]
    for solver in ("lbfgs", "newton-cg", "newton-cholesky"):
        fitted = LogisticRegression(
            C=1.0, tol=1e-4, max_iter=5000, solver=solver, fit_intercept=False
        ).fit(matrix, outcomes)
        start = [float(v) for v in fitted.coef_[0]]
        assert train(configuration, features, outcomes, start=start) == due
        assert start != [w / 2**29 for w in due.weights]


def test_threads_do_not_change_a_bit(logistic) -> None:
    code = (
        "from workbench import datasets\n"
        "from workbench.evidence.retraining import configuration_for, encode_rows, train\n"
        "table = datasets.loan(400, seed=3).data\n"
        "c = configuration_for(table, 'approved')\n"
        "print(train(c, *encode_rows(table, c)).sha256)\n"
    )
    configuration, features, outcomes = logistic
    said = {train(configuration, features, outcomes).sha256}
    for threads in ("1", "2"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, threads)
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True,
            timeout=120, check=True,
        )  # fmt: skip
        said.add(done.stdout.strip())
    assert len(said) == 1


def test_replay_tells_the_same_from_a_tie_from_another_model(logistic) -> None:
    configuration, features, outcomes = logistic
    model = train(configuration, features, outcomes)
    assert replay(configuration, features, outcomes, model.to_bytes()).outcome == "same"

    def moved(by: int) -> bytes:
        weights = (model.weights[0] + by, *model.weights[1:])
        return ModelFile(model.learner, model.configuration, weights).to_bytes()

    assert replay(configuration, features, outcomes, moved(1)).outcome == "tie"
    assert replay(configuration, features, outcomes, moved(2)).outcome == "differs"
    # A row more is another model.
    fewer = replay(configuration, features[1:], outcomes[1:], model.to_bytes())
    assert fewer.outcome == "differs"
    assert "other weights" in fewer.sentence()
    other = ModelFile(model.learner, "00" * 32, model.weights).to_bytes()
    with pytest.raises(EvidenceError, match="another configuration"):
        replay(configuration, features, outcomes, other)


def test_a_column_to_be_forgotten_has_no_weight(logistic) -> None:
    configuration, features, outcomes = logistic
    model = train(configuration, features, outcomes, without=["income"])
    for code, weight in zip(configuration.features, model.weights, strict=False):
        assert (weight == 0) == (code.column == "income")
    assert replay(configuration, features, outcomes, model.to_bytes()).outcome == "same"
    assert read_model_file(model.to_bytes()) == model
    changed = [list(row) for row in features]
    place = [code.column for code in configuration.features].index("income")
    for row in changed:
        row[place] = 0
    np.testing.assert_array_equal(
        predict(model, configuration, features), predict(model, configuration, changed)
    )
    with pytest.raises(EvidenceError, match="columns among"):
        train(configuration, features, outcomes, without=["shoe size"])


def test_rows_are_encoded_alike_from_a_table_and_from_records(logistic) -> None:
    import json

    configuration, features, outcomes = logistic
    records = [json.loads(canonical_record(row)) for row in TABLE.head(20).to_dict("records")]
    assert encode_rows(records, configuration) == (features[:20], outcomes[:20])


def test_near_copies_are_flagged_and_other_rows_rarely(logistic) -> None:
    _, features, _ = logistic
    rng = np.random.default_rng(0)
    noisy = [[int(v + rng.normal() * 10) for v in row] for row in features[:50]]
    caught = sum(
        bool(find_near_copies(b"k" * 32, [row], [copy]).flagged)
        for row, copy in zip(features[:50], noisy, strict=True)
    )
    assert caught >= 48
    others = find_near_copies(b"k" * 32, features[:1], features[1:])
    assert len(others.flagged) < 0.05 * len(features)
    assert others.document()["flagged"] == len(others.flagged)
