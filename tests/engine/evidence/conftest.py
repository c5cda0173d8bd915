"""What the tests of evidence share: one time-stamping authority."""

from __future__ import annotations

import pytest

from tests.engine.evidence.time_authority import TimeAuthority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("authority"))
