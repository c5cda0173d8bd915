"""Step 1 with a sample, a table of ones own, a model file, or an endpoint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.widgets.loading.loading_steps import (
    LOAN,
    choose,
    field,
    own_table,
    tick,
    upload,
)
from tests.widgets.loading.served_model import Served, listening
from widgets.loading.loader import DataModelLoader
from widgets.session.session import AuditSession


@pytest.fixture
def loader(session: AuditSession) -> DataModelLoader:
    return DataModelLoader(session, start=None)


@pytest.fixture
def own(loader: DataModelLoader) -> DataModelLoader:
    choose(loader, data="own")
    return loader


@pytest.fixture
def table(own: DataModelLoader) -> DataModelLoader:
    upload(own, own_table())
    return own


@pytest.fixture
def with_file(own: DataModelLoader) -> DataModelLoader:
    upload(own, LOAN.read_bytes())
    choose(own, model="file")
    return own


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.delenv("CAFE_WORKBENCH_ENDPOINTS", raising=False)
    found = Served()
    with listening(found):
        yield found


@pytest.fixture
def asking(table: DataModelLoader, served: Served) -> DataModelLoader:
    choose(table, model="endpoint")
    field(table, "Address").value = served.address
    field(table, "Protocol").value = "mlflow"
    tick(table, "age", "income")
    return table
