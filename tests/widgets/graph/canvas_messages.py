"""What the canvas sends to step 2, and what step 2 then holds and draws."""

from __future__ import annotations

from typing import Any

import workbench as wb
from tests.widgets.widget_tree import parts
from widgets.graph.graph_editor import GraphEditor
from widgets.parts.status_line import StatusLine


def page_sends(widget: Any, content: object) -> None:
    """Play the page: a message as it comes from the browser."""
    widget._handle_custom_msg(content, [])


def wants(editor: GraphEditor, kind: str, **rest: object) -> StatusLine:
    page_sends(editor.canvas, {"kind": kind, **rest})
    return parts(editor, StatusLine)[0]


def graph_of(editor: GraphEditor) -> wb.CausalGraph:
    return editor.history._session.case.graph


def drawn(editor: GraphEditor) -> dict[tuple[str, str], dict[str, Any]]:
    return {(e["cause"], e["effect"]): e for e in editor.canvas.drawing["edges"]}


def nodes(editor: GraphEditor) -> dict[str, dict[str, Any]]:
    return {n["name"]: n for n in editor.canvas.drawing["nodes"]}
