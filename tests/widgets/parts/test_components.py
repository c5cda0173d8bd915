"""What holds for every component: labels, names kept, text never markup."""

from __future__ import annotations

import importlib
from html import escape
from pathlib import Path

import anywidget
import ipywidgets as W

import widgets
import workbench as wb
from tests.widgets.widget_tree import (
    HOSTILE,
    LONG,
    finished,
    hostile_case,
    loan_case,
    part,
    parts,
    said,
)
from widgets.graph.graph_editor import GraphEditor
from widgets.loading.loader import DataModelLoader
from widgets.pages.app import Workbench
from widgets.parts.page_style import page_style
from widgets.results.outline_view import ComparisonView, EffectsView
from widgets.results.report_panel import ReportPanel
from widgets.session.report_session import ReportSession
from widgets.session.session import AuditSession, AuditSettings
from widgets.target.target_picker import TargetPicker

COMPONENTS = sorted(
    f"{file.parent.name}.{file.stem}"
    for file in Path(widgets.__file__).parent.glob("*/*.py")
    if "(W." in file.read_text("utf-8") or "anywidget.AnyWidget" in file.read_text("utf-8")
)
"""Every module that defines a widget."""


def test_no_component_overrides_what_its_base_class_keeps_private() -> None:
    inherited = set(dir(W.VBox)) | set(vars(W.VBox())) | set(dir(anywidget.AnyWidget))
    traitlets_own = {name for name in vars(W.VBox) if name.startswith("_")}
    assert len(COMPONENTS) > 10
    for module in map(importlib.import_module, (f"widgets.{name}" for name in COMPONENTS)):
        for name in module.__all__:
            found = getattr(module, name)
            if isinstance(found, type) and issubclass(found, W.Widget):
                own = {key for key in vars(found) if not key.startswith("__")}
                clash = (own & inherited) - traitlets_own - {"_esm"}
                assert not clash, f"{name} overrides {sorted(clash)}"


def test_every_control_has_a_label() -> None:
    app = Workbench(start=None)
    controls = W.Dropdown | W.Text | W.Textarea | W.Checkbox | W.RadioButtons | W.FloatText
    found = parts(app, controls | W.IntText | W.SelectMultiple | W.Button)
    assert len(found) > 15
    assert [type(control).__name__ for control in found if not control.description] == []


def test_the_page_begins_with_a_sample_and_a_target_and_lacks_nothing() -> None:
    app = Workbench()
    assert part(app, DataModelLoader).wait(LONG)
    assert app.session.target == wb.UnlearningTarget.feature("zip_code")
    assert app.session.missing == ()
    run = part(app, W.Button, description="Run the audit")
    assert not run.disabled


def test_names_that_are_markup_are_shown_as_text(session: AuditSession) -> None:
    views = [
        GraphEditor(session),
        TargetPicker(session),
        EffectsView(session),
        ComparisonView(session),
        ReportPanel(session),
    ]
    session.open(hostile_case(), (HOSTILE,))
    session.settings = AuditSettings(methods=("cafe", "fuzzing", "permutation"), threshold=0.02)
    finished(session)
    text = "\n".join(map(said, views))
    assert escape(HOSTILE) in text
    assert "<img" not in text and "<script" not in text and "b<c" not in text


def test_a_view_of_its_own_brings_the_look_that_a_page_has() -> None:
    graph = wb.CausalGraph([("a", "b")])
    report = wb.audit(loan_case(), wb.UnlearningTarget.feature("zip_code"), ["cafe"])
    for view in (GraphEditor(graph), EffectsView(report), ComparisonView(report)):
        assert {"wb-page", "wb-alone"} <= set(view._dom_classes)
        assert view.children[0].value == page_style()
        assert "<style>" not in view.static_html()
    held = ReportSession()
    held.report = report
    for part_of_a_page in (GraphEditor(AuditSession()), EffectsView(held), ComparisonView(held)):
        assert "wb-alone" not in part_of_a_page._dom_classes
