"""The sample worlds with a model fitted to each."""

from __future__ import annotations

import pytest

from tests.engine.fitted_worlds import fitted_cases
from workbench import AuditCase
from workbench.datasets import SampleWorld


@pytest.fixture(scope="module")
def cases() -> dict[tuple[str, str], tuple[SampleWorld, AuditCase]]:
    return fitted_cases()
