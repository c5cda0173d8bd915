"""Step 2 on the sample of the loan."""

from __future__ import annotations

import pytest

from tests.widgets.widget_tree import loan_case
from widgets.graph.graph_editor import GraphEditor
from widgets.session.session import AuditSession


@pytest.fixture
def editor(session: AuditSession) -> GraphEditor:
    session.live_wanted = False
    editor = GraphEditor(session)
    session.open(loan_case(), live=False)
    return editor
