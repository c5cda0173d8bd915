"""What the components' tests share: cases, a finished run, a look into a widget's tree."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd

import workbench as wb
from widgets.parts.file_picker import FilePicker
from widgets.parts.status_line import StatusLine
from widgets.session.session import AuditSession

LONG = 60.0
HOSTILE = "<img src=x onerror=alert(1)>"


def walk(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def parts(root: Any, kind: type, **traits: object) -> list[Any]:
    return [
        w
        for w in walk(root)
        if isinstance(w, kind) and all(getattr(w, k) == v for k, v in traits.items())
    ]


def part(root: Any, kind: type, **traits: object) -> Any:
    found = parts(root, kind, **traits)
    assert len(found) == 1, f"{len(found)} of {kind.__name__} {traits}"
    return found[0]


def said(root: Any) -> str:
    """Everything that a component says: its HTML and its status lines."""
    return "\n".join(
        w.value if isinstance(w, W.HTML) else w.text
        for w in walk(root)
        if isinstance(w, W.HTML | StatusLine)
    )


def escaped(text: str) -> str:
    """A text as the blocks of a report print it."""
    return escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


def loan_case(graph: wb.CausalGraph | None = None) -> wb.AuditCase:
    world = wb.datasets.loan(n=300, seed=1)
    reads = ["neighborhood_income", "credit_score"]
    model = wb.BlackBoxModel(
        lambda rows: (rows[reads[0]] / 400 + rows[reads[1]] / 4000).to_numpy(), features=reads
    )
    return wb.AuditCase(
        data=world.data, model=model, graph=graph or world.graph, outcome=world.outcome
    )


def hostile_case() -> wb.AuditCase:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({HOSTILE: rng.normal(size=200)})
    frame["b<c"] = frame[HOSTILE] + rng.normal(size=200)
    frame["level"] = np.where(frame["b<c"] > 0, "<script>x</script>", "plain")
    model = wb.BlackBoxModel(lambda rows: rows["b<c"].to_numpy(), features=["b<c"])
    graph = wb.CausalGraph([(HOSTILE, "b<c"), ("b<c", "level")])
    return wb.AuditCase(data=frame, model=model, graph=graph)


def finished(session: AuditSession) -> wb.AuditReport:
    session.run()
    assert session.wait(LONG)
    assert session.report is not None, session.problem
    return session.report


def send(
    picker: FilePicker,
    content: bytes,
    name: str = "mine.csv",
    part_size: int = 100,
    *,
    place: int = 0,
    files: int = 1,
) -> None:
    """Play the page: the file in parts, as file_picker.js sends it, alone or as one of several."""
    pieces = [content[i : i + part_size] for i in range(0, len(content), part_size)] or [b""]
    for index, piece in enumerate(pieces):
        picker._received(
            picker,
            {"kind": "part", "name": name, "size": len(content), "index": index,
             "parts": len(pieces), "file": place, "files": files},
            [memoryview(piece)],
        )  # fmt: skip


def press(view: Any, text: str) -> None:
    part(view, W.Button, description=text).click()
