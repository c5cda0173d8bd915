"""What a reader states of a table's columns, without a browser."""

from __future__ import annotations

import pytest

from tests.widgets.loading.loading_steps import field, own_frame, status, upload, use
from tests.widgets.widget_tree import LONG, part, said
from widgets.loading.loader import DataModelLoader
from widgets.loading.stated_types import StatedTypes
from widgets.parts.disclosure import Disclosure
from widgets.session.session import AuditSession


@pytest.fixture
def coded(own: DataModelLoader) -> DataModelLoader:
    """A table with a column of whole numbers that its name calls codes."""
    frame = own_frame()
    frame.insert(0, "region", frame["age"] % 7 + 1)
    upload(own, frame.to_csv(index=False).encode())
    return own


def state(loader: DataModelLoader, column: str, kind: str = "", marks: str = "") -> None:
    form = part(loader, StatedTypes)
    part(form, Disclosure).opened = True
    field(loader, "Column to state").value = column
    if column:
        field(loader, "It holds").value = kind
    field(loader, "Marks for").value = marks
    part(form, type(form._apply), description="Read the file again").click()
    assert loader.wait(LONG)


def test_a_column_of_codes_is_asked_about_until_its_type_is_stated(
    coded: DataModelLoader, session: AuditSession
) -> None:
    form = part(coded, StatedTypes)
    assert "holds whole numbers, and may be codes" in said(form)
    state(coded, "region", "category")
    assert "may be codes" not in said(form) and "region: category" in said(form)
    use(coded)
    assert session.case is not None, status(coded).text
    assert session.code is not None and "types={'region': 'category'}" in session.code
    assert not session.case.columns["region"].is_numeric


def test_a_missing_mark_is_stated_for_every_column_and_for_one(coded: DataModelLoader) -> None:
    state(coded, "", marks="3")
    state(coded, "age", marks="20 21")
    table = coded._own
    assert table is not None and (own_frame()["age"] % 7 + 1 == 3).any()
    assert table.data["region"].isna().sum() == (own_frame()["age"] % 7 + 1 == 3).sum()
    assert table.data["age"].isna().sum() == own_frame()["age"].isin((20, 21)).sum()


def test_what_cannot_be_read_so_is_said_and_the_table_stays(coded: DataModelLoader) -> None:
    before = coded._own
    state(coded, "hired", "number")
    assert "hired" in status(coded).text and coded._own is before
    assert "hired: number" not in said(part(coded, StatedTypes))
