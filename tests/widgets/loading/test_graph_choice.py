"""The graph that a case starts from."""

from __future__ import annotations

import re

import pytest

import workbench as wb
from tests.widgets.loading.loading_steps import (
    field,
    problem,
    upload,
    use,
)
from tests.widgets.widget_tree import said
from widgets.loading.loader import DataModelLoader
from widgets.session.session import AuditSession


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age -> income -> age", "circle|cycle"),
        ("agee -> income", "agee.*does not have"),
        ("{not json", "not JSON"),
        ("   ", "text is empty"),
    ],
)
def test_a_graph_that_cannot_be_is_said(
    table: DataModelLoader, session: AuditSession, text: str, words: str
) -> None:
    field(table, "Causal graph").value = "text"
    field(table, "Graph as text").value = text
    use(table)
    assert re.search(words, problem(table, session))


def test_a_graph_file(table: DataModelLoader, session: AuditSession) -> None:
    field(table, "Causal graph").value = "file"
    use(table)
    assert "Choose a graph file" in problem(table, session)
    drawn = wb.CausalGraph([("age", "income"), ("income", "hired")])
    upload(table, drawn.to_gml().encode(), "mine.gml", "Graph file")
    assert "Read a graph of 3 nodes and 2 arrows" in said(table)
    use(table)
    assert session.case is not None and session.case.graph == drawn
    upload(table, b"{", "mine.json", "Graph file")
    assert "mine.json" in problem(table, session)
    use(table)
    assert "Choose a graph file" in problem(table, session), "the file before it is gone too"
