"""What a person does in step 1, for its tests: choose, upload, tick, use, and look."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd

import workbench as wb
from tests.widgets.widget_tree import LONG, part, parts, send
from widgets.loading.loader import DataModelLoader
from widgets.parts.column_checklist import ColumnChecklist
from widgets.parts.file_picker import FilePicker
from widgets.parts.status_line import StatusLine
from widgets.session.session import AuditSession

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
LOAN, LOAN_MODEL = SAMPLES / "loan.csv", SAMPLES / "loan_model.skops"
SECRET = "s3cr3t-token"


def own_frame(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(20, 70, rows)})
    frame["income"] = frame["age"] * 2 + rng.normal(size=rows).round(3)
    frame["score"] = (frame["income"] / 200).clip(0, 1).round(4)
    frame["hired"] = np.where(frame["income"] > 90, "yes", "no")
    return frame


def own_table() -> bytes:
    return own_frame().to_csv(index=False).encode()


def picker(loader: DataModelLoader, label: str) -> FilePicker:
    found = [p for p in parts(loader, FilePicker) if p.label.startswith(label)]
    assert len(found) == 1
    return found[0]


def visible(root: Any, kind: type, **traits: object) -> list[Any]:
    """The widgets of a kind that a person sees."""
    found: list[Any] = []

    def look(widget: Any) -> None:
        layout = getattr(widget, "layout", None)
        if layout is not None and layout.display == "none":
            return
        if isinstance(widget, kind) and all(getattr(widget, k) == v for k, v in traits.items()):
            found.append(widget)
        for child in getattr(widget, "children", ()):
            look(child)

    look(root)
    return found


def choose(loader: DataModelLoader, *, data: str | None = None, model: str | None = None) -> None:
    if data is not None:
        part(loader, W.RadioButtons).value = data
    if model is not None:
        part(loader, W.Dropdown, description="Model").value = model
    assert loader.wait(LONG)


def upload(
    loader: DataModelLoader,
    content: bytes,
    name: str = "mine.csv",
    label: str = "CSV, Excel or Parquet",
) -> None:
    send(picker(loader, label), content, name, part_size=1_000_000)
    assert loader.wait(LONG)


def use(loader: DataModelLoader, wait: bool = True) -> None:
    (button,) = visible(loader, W.Button, button_style="primary")
    button.click()
    if wait:
        assert loader.wait(LONG)


def field(loader: DataModelLoader, start: str) -> Any:
    kinds = W.Dropdown | W.Text | W.Textarea
    (found,) = [w for w in visible(loader, kinds) if w.description.startswith(start)]
    return found


def status(loader: DataModelLoader) -> StatusLine:
    return part(loader, StatusLine)


def tick(loader: DataModelLoader, *names: str) -> None:
    part(loader, ColumnChecklist).set_state({"ticked": list(names)})


def problem(loader: DataModelLoader, session: AuditSession) -> str:
    """What is said of a failure, after which nothing is half done."""
    assert session.case is None
    line = status(loader)
    assert line.kind == "problem", line.text
    assert "workbench itself failed" not in line.text
    assert not visible(loader, W.Button, description="Stop loading")
    return line.text


def assert_same_by_code(session: AuditSession, **names: object) -> None:
    """The session's code, run as a reader would, gives the case's data and predictions."""
    case = session.case
    assert case is not None and session.code is not None
    scope: dict[str, Any] = {
        "wb": SimpleNamespace(**{name: getattr(wb, name) for name in dir(wb)} | names),
        "pd": pd,
    }
    exec(session.code, scope)
    again = wb.AuditCase(
        data=scope["data"],
        model=scope["model"],
        graph=case.graph,
        outcome=case.outcome,
        features=case.reads,
    )
    assert again.data_fingerprint == case.data_fingerprint
    np.testing.assert_allclose(again.predictions, case.predictions, rtol=1e-12)


def assert_same_by_code_of_file(session: AuditSession, content: bytes, **more: object) -> None:
    """As above, with the uploaded file beside the code."""
    from workbench.tables.files.delimited import parse_table

    assert session.code is not None and "data = wb.read_table('mine.csv')" in session.code
    assert_same_by_code(session, read_table=lambda name: parse_table(content, name), **more)


def dumped(model: Any) -> bytes:
    import skops.io

    content = skops.io.dumps(model)
    assert isinstance(content, bytes)
    return content
