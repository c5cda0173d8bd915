"""A session with quick settings, for the tests of every component."""

from __future__ import annotations

import pytest

from widgets.session.session import AuditSession, AuditSettings


@pytest.fixture
def session() -> AuditSession:
    session = AuditSession()
    session.settings = AuditSettings(methods=("cafe", "fuzzing"), threshold=0.02)
    return session
