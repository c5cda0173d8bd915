"""The causal graph of a table of one's own: none yet, a text, or a file."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W

import workbench as wb
from widgets.parts.file_picker import FilePicker
from widgets.parts.graph_text import read_graph
from workbench.common.errors import GraphFileError
from workbench.common.limits import GRAPH_BYTES
from workbench.graph.files import formats as graph_files

__all__ = ["GraphChoice"]

EMPTY, TEXT, FILE = "empty", "text", "file"


class GraphChoice(W.VBox):
    """Asks where the causal graph comes from.

    Parameters
    ----------
    changed : callable () -> None
    said : callable (str, kind) -> None
        Gets the words when a file was read or refused.
    """

    def __init__(self, changed: Callable[[], None], said: Callable[[str, str], None]) -> None:
        self._said, self._tell = said, changed
        self._from_file: wb.CausalGraph | None = None
        self._way = W.Dropdown(
            options=[
                ("Draw the arrows in step 2, beginning with none", EMPTY),
                ("Read a file: JSON, DOT, GML or DAGitty", FILE),
                ("Paste a text", TEXT),
            ],
            description="Causal graph: what causes what",
        )
        self._text = W.Textarea(
            description="Graph as text: DAGitty, JSON, DOT or GML",
            placeholder="zip_code -> income\nincome -> approved",
            rows=5,
            continuous_update=False,
        )
        self._file = FilePicker(
            f"Graph file, at most {GRAPH_BYTES / 1e6:,.0f} MB",
            ".json,.dot,.gv,.gml,.dagitty,.txt",
            GRAPH_BYTES,
            self._read,
            lambda words: said(words, "problem"),
            advice="Keep the nodes that are columns of the table.",
        )
        for control in (self._way, self._text):
            control.add_class("wb-field")
        super().__init__([self._way, self._file, self._text])
        self._way.observe(self._unfold, "value")
        self._text.observe(lambda _: changed(), "value")
        self._unfold()

    def graph(self) -> wb.CausalGraph | None:
        """Return what was brought; None to begin without arrows.

        Raises
        ------
        GraphError
            The text is not a graph, or no file was read yet.
        """
        if self._way.value == TEXT:
            text = self._text.value
            if not text.strip():
                raise GraphFileError(
                    "The graph's text is empty. Paste it, or choose to draw the arrows in step 2."
                )
            return read_graph(text)
        if self._way.value == FILE:
            if self._from_file is None:
                raise GraphFileError("Choose a graph file, or choose to draw the arrows in step 2.")
            return self._from_file
        return None

    def forget(self) -> None:
        """Begin again, for another table."""
        self._from_file, self._text.value, self._way.value = None, "", EMPTY

    def _unfold(self, _: object = None) -> None:
        self._text.layout.display = "" if self._way.value == TEXT else "none"
        self._file.layout.display = "" if self._way.value == FILE else "none"
        self._tell()

    def _read(self, name: str, content: bytes) -> None:
        self._from_file = None
        self._tell()
        parts = graph_files.parse(content, name)
        self._from_file = wb.CausalGraph.of_parts(parts)
        self._said(
            f"Read a graph of {len(parts.nodes):,} nodes and {len(parts.edges):,} arrows.", "good"
        )
