"""The sample worlds, drawn once for each file of tests."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.datasets import SampleWorld, heart_disease, loan, performance


@pytest.fixture(scope="module")
def heart() -> SampleWorld:
    return heart_disease()


@pytest.fixture(scope="module")
def staff() -> SampleWorld:
    return performance()


@pytest.fixture(scope="module")
def loans() -> SampleWorld:
    return loan()


@pytest.fixture(scope="module")
def bank(loans: SampleWorld):
    x, y = loans.data[list(loans.features)], loans.data["approved"]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
