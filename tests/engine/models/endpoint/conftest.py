"""A server that answers rightly until a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.models.endpoint.answering_server import Server
from workbench.models.endpoint import connection as endpoint_http
from workbench.models.endpoint.endpoint import ALLOWED_VARIABLE


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv(ALLOWED_VARIABLE, raising=False)
    monkeypatch.setattr(endpoint_http, "FIRST_PAUSE", 0.01)
    made = Server()
    yield made
    made.close()
