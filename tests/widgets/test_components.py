"""The page's components, played without a browser: what is chosen, said, refused and shown."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from html import escape
from typing import Any

import anywidget
import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from widgets.app import Workbench
from widgets.browser_parts import FilePicker, StatusLine
from widgets.comparison_view import ComparisonView
from widgets.effects_view import EffectsView, plain_words
from widgets.graph_view import GraphView, graph_roles, lit_edges
from widgets.loader import DataModelLoader
from widgets.report_panel import ReportPanel
from widgets.run_panel import RunPanel
from widgets.session import AuditSession, AuditSettings
from widgets.target_picker import TargetPicker
from workbench.wording import signed, span

LONG = 60.0
HOSTILE = "<img src=x onerror=alert(1)>"
COMPONENTS = [
    "app",
    "browser_parts",
    "comparison_view",
    "effects_view",
    "graph_view",
    "loader",
    "report_panel",
    "run_panel",
    "target_picker",
]


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


@pytest.fixture
def session() -> AuditSession:
    session = AuditSession()
    session.settings = AuditSettings(methods=("cafe", "fuzzing"), threshold=0.02)
    return session


def finished(session: AuditSession) -> wb.AuditReport:
    session.run()
    assert session.wait(LONG)
    assert session.report is not None, session.problem
    return session.report


# ---- all of them ----------------------------------------------------------------------------


def test_no_component_overrides_what_its_base_class_keeps_private() -> None:
    inherited = set(dir(W.VBox)) | set(vars(W.VBox())) | set(dir(anywidget.AnyWidget))
    traitlets_own = {name for name in vars(W.VBox) if name.startswith("_")}
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
        GraphView(session),
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
    drawn = [w for v in views for w in parts(v, W.Output) if w.outputs]
    assert len(drawn) == 3
    for output in drawn:
        figure = str(output.outputs[0]["data"]["application/vnd.plotly.v1+json"])
        assert "<img" not in figure and "b<c" not in figure


# ---- step 1 ---------------------------------------------------------------------------------


def send(picker: FilePicker, content: bytes, name: str = "mine.csv", part_size: int = 100) -> None:
    """Play the page: the file in parts, as file_picker.js sends it."""
    pieces = [content[i : i + part_size] for i in range(0, len(content), part_size)] or [b""]
    for index, piece in enumerate(pieces):
        picker._received(
            picker,
            {"kind": "part", "name": name, "size": len(content), "index": index,
             "parts": len(pieces)},
            [memoryview(piece)],
        )  # fmt: skip


def own_table() -> bytes:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(20, 70, 300)})
    frame["income"] = frame["age"] * 2 + rng.normal(size=300).round(3)
    frame["hired"] = np.where(frame["income"] > 90, "yes", "no")
    return frame.to_csv(index=False).encode()


@pytest.fixture
def own(session: AuditSession) -> DataModelLoader:
    loader = DataModelLoader(session, start=None)
    part(loader, W.RadioButtons).value = "own"
    return loader


def test_a_table_of_ones_own_becomes_a_case(own: DataModelLoader, session: AuditSession) -> None:
    send(part(own, FilePicker), own_table())
    assert "Read 300 rows and 3 columns" in said(own)
    outcome = next(d for d in parts(own, W.Dropdown) if "Outcome" in d.description)
    assert outcome.value == "hired"
    part(own, W.SelectMultiple).value = ("income",)
    part(own, W.Textarea).value = "age -> income\nincome -> hired"
    part(own, W.Button).click()
    assert own.wait(LONG)
    assert session.case is not None
    assert session.case.reads == ("income",)
    assert session.case.graph == wb.CausalGraph([("age", "income"), ("income", "hired")])
    assert session.case.output == "probability"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age -> income -> age", "circle|cycle"),
        ("agee -> income", "agee.*does not have"),
        ("{not json", "not JSON"),
    ],
)
def test_a_graph_that_cannot_be_is_said(
    own: DataModelLoader, session: AuditSession, text: str, words: str
) -> None:
    send(part(own, FilePicker), own_table())
    part(own, W.Textarea).value = text
    part(own, W.Button).click()
    assert own.wait(LONG)
    assert session.case is None
    status = part(own, StatusLine)
    assert status.kind == "problem"
    assert re.search(words, status.text), status.text


def test_a_file_too_large_is_refused_in_words(own: DataModelLoader) -> None:
    picker = part(own, FilePicker)
    picker._received(picker, {"kind": "too-large", "name": "big.csv", "size": 2e8}, [])
    assert "'big.csv' holds 200 MB; this page takes at most 30 MB" in said(own)


def test_a_page_that_lies_about_the_size_is_refused_too() -> None:
    got, words = [], []
    picker = FilePicker("f", ".csv", 150, lambda *file: got.append(file), words.append)
    picker.limit = 10**9  # what a page could send
    send(picker, b"x" * 300)
    assert got == [] and "holds" in words[0]


@pytest.mark.parametrize(
    "content",
    [None, "text", {}, {"kind": "part"}, {"kind": "part", "index": 5, "parts": 6, "name": "a"}],
)
def test_messages_that_no_page_would_send_do_no_harm(content: Any) -> None:
    got, words = [], []
    picker = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), words.append)
    picker._received(picker, content, [memoryview(b"a")])
    assert got == [] and "Choose it again" in words[0]


def test_without_the_files_adult_says_both_ways(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(tmp_path))
    loader = DataModelLoader(session, start=None)
    part(loader, W.RadioButtons).value = "adult"
    assert loader.wait(LONG)
    status = part(loader, StatusLine)
    assert status.kind == "problem" and "adult.data" in status.text
    assert session.case is None


# ---- step 2 ---------------------------------------------------------------------------------


def press(view: Any, text: str) -> None:
    part(view, W.Button, description=text).click()


def test_edges_are_edited_and_undone(session: AuditSession) -> None:
    view = GraphView(session)
    session.open(loan_case())
    before = session.case.graph
    source, sink = parts(view, W.Dropdown)
    source.value, sink.value = "race", "income"
    press(view, "Add")
    assert ("race", "income") in session.case.graph.edges
    press(view, "Reverse")
    assert ("income", "race") in session.case.graph.edges
    press(view, "Remove")
    source.value, sink.value = "income", "race"
    press(view, "Remove")
    assert session.case.graph == before
    for _ in range(3):
        press(view, "Undo")
    assert session.case.graph == before
    assert part(view, W.Button, description="Undo").disabled


def test_a_cycle_is_refused_and_named(session: AuditSession) -> None:
    view = GraphView(session)
    session.open(loan_case())
    before = session.case
    source, sink = parts(view, W.Dropdown)
    source.value, sink.value = "credit_score", "zip_code"
    press(view, "Add")
    assert session.case is before
    status = part(view, StatusLine)
    assert status.kind == "problem"
    for name in ("credit_score", "zip_code", "neighborhood_income"):
        assert name in status.text


def test_the_text_replaces_the_graph(session: AuditSession) -> None:
    view = GraphView(session)
    session.open(loan_case())
    part(view, W.Textarea).value = "dag { zip_code -> neighborhood_income }"
    press(view, "Use this text")
    assert session.case.graph.edges == (("zip_code", "neighborhood_income"),)


def test_roles_and_lit_edges() -> None:
    case = loan_case()
    target = wb.UnlearningTarget.feature("zip_code")
    roles = graph_roles(case, target)
    assert roles["zip_code"] == "target" and roles["prediction"] == "prediction"
    assert roles["neighborhood_income"] == roles["credit_score"] == "mediator"
    assert roles["race"] == "unread"
    assert set(lit_edges(case, target)) == {
        ("zip_code", "neighborhood_income"),
        ("neighborhood_income", "credit_score"),
        ("neighborhood_income", "prediction"),
        ("credit_score", "prediction"),
    }
    assert lit_edges(case, None) == ()
    astray = case.with_graph(case.graph.add_edge("zip_code", "debt_ratio"))  # reaches nothing read
    assert set(lit_edges(astray, target)) == set(lit_edges(case, target))


# ---- step 3 ---------------------------------------------------------------------------------


@pytest.fixture
def picker(session: AuditSession) -> TargetPicker:
    picker = TargetPicker(session)
    session.open(loan_case(), ("zip_code",))
    return picker


def rows_of(picker: TargetPicker) -> Any:
    return part(picker, W.RadioButtons)


def test_several_features(picker: TargetPicker, session: AuditSession) -> None:
    part(picker, W.Checkbox, description="race").value = True
    assert session.target == wb.UnlearningTarget.features(["race", "zip_code"])
    for box in parts(picker, W.Checkbox):
        box.value = False
    assert session.target is None
    assert "No feature is ticked" in session.target_problem


def test_a_subgroup_is_counted_live(picker: TargetPicker, session: AuditSession) -> None:
    rows_of(picker).value = "subgroup"
    condition = part(picker, W.Text, description="Condition")
    assert session.target is None and "Write a condition" in said(picker)
    condition.value = "race == 'Black'"
    count = int((session.case.data["race"] == "Black").sum())
    assert f"on {count:,} of 300 rows" in said(picker)
    assert session.target == wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])


@pytest.mark.parametrize(
    "text", ["race ==", "income > 1e9", "__import__('os')", "income.values", "nobody > 3", "@x"]
)
def test_a_bad_condition_is_no_target(
    picker: TargetPicker, session: AuditSession, text: str
) -> None:
    rows_of(picker).value = "subgroup"
    part(picker, W.Text, description="Condition").value = text
    assert session.target is None
    assert session.target_problem and escape(session.target_problem) in said(picker)


def test_few_rows_are_warned_about(picker: TargetPicker, session: AuditSession) -> None:
    least = float(session.case.data["income"].nsmallest(5).iloc[-1])
    rows_of(picker).value = "subgroup"
    part(picker, W.Text, description="Condition").value = f"income <= {least!r}"
    assert "5 rows are few" in said(picker)


def test_one_row(picker: TargetPicker, session: AuditSession) -> None:
    rows_of(picker).value = "row"
    label = part(picker, W.Text, description="Row")
    assert session.target is None
    label.value = "7"
    assert session.target == wb.UnlearningTarget.datapoints([7], ["zip_code"])
    label.value = "7000"
    assert session.target is None and "no row labelled 7000" in session.target_problem
    label.value = "seven"
    assert "is not a number" in session.target_problem


def test_ticks_survive_an_edit_of_the_graph(picker: TargetPicker, session: AuditSession) -> None:
    part(picker, W.Checkbox, description="zip_code").value = False
    part(picker, W.Checkbox, description="race").value = True
    session.edit_graph(session.case.graph.remove_edge("race", "zip_code"))
    assert session.target == wb.UnlearningTarget.feature("race")
    part(picker, W.Checkbox, description="income").value = True
    session.edit_graph(session.case.graph.remove_node("race"))
    assert session.target == wb.UnlearningTarget.feature("income")


# ---- step 4 ---------------------------------------------------------------------------------


def test_the_threshold_is_proposed_once_per_model(session: AuditSession) -> None:
    panel = RunPanel(session)
    session.open(loan_case())
    tau = part(panel, W.FloatText)
    assert tau.value == 0.02
    tau.value = 0.1
    session.edit_graph(session.case.graph.remove_edge("race", "zip_code"))
    assert tau.value == session.settings.threshold == 0.1


def test_run_and_cancel_are_offered_when_they_can_work(session: AuditSession) -> None:
    panel = RunPanel(session)
    run, cancel = (part(panel, W.Button, description=d) for d in ("Run the audit", "Cancel"))
    assert run.disabled and cancel.disabled
    assert "Step 1" in said(panel)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert not run.disabled
    for box in parts(panel, W.Checkbox):
        box.value = box.description.startswith("CAFÉ")
    assert session.settings.methods == ("cafe",)
    run.click()
    assert session.wait(LONG)
    assert session.state == "done" and "Done" in said(panel)
    part(panel, W.IntText).value = 3
    assert session.report is None and "the result is gone" in said(panel)


# ---- step 5 ---------------------------------------------------------------------------------


def test_the_result_is_shown_and_gone_when_an_input_changes(session: AuditSession) -> None:
    effects, comparison, panel = (
        EffectsView(session),
        ComparisonView(session),
        ReportPanel(session),
    )
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    session.settings = AuditSettings(methods=("cafe", "fuzzing", "permutation"), threshold=0.02)
    report = finished(session)
    text = said(effects)
    assert report.verdict.headline in text
    entry = report.effects["zip_code"]
    assert f"{signed(entry.total.value)} ({span((entry.total.low, entry.total.high))})" in text
    assert "0 directly, as it is not read" in text
    assert "zip_code → neighborhood_income → prediction" in text
    for sentence in report.comparison().sentences:
        assert escape(sentence) in said(comparison)
    assert report.provenance.data_fingerprint in said(panel)
    session.settings = AuditSettings(methods=("cafe",), threshold=0.5)
    assert "The result appears here" in said(effects)
    assert said(comparison).strip() == "" and said(panel).strip() == ""
    assert all(not w.outputs for v in (effects, comparison) for w in parts(v, W.Output))


def test_a_subgroup_and_a_row_are_named_in_the_words(session: AuditSession) -> None:
    session.open(loan_case())
    session.target = wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])
    report = finished(session)
    assert f"over these {report.n_target_rows:,} rows" in plain_words(report)[0]
    session.target = wb.UnlearningTarget.datapoints([3], ["zip_code"])
    assert "for this row" in plain_words(finished(session))[0]


def test_downloads_hold_the_report(session: AuditSession) -> None:
    panel = ReportPanel(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    report = finished(session)
    made = {}
    for button in parts(panel, anywidget.AnyWidget):
        if hasattr(button, "_file"):
            name, _, make = button._file
            made[name] = make().decode()
    assert made["audit.json"] == report.to_json()
    assert made["audit.py"] == report.to_code()
    assert made["audit.html"].lstrip().lower().startswith("<!doctype html>")


def test_a_view_that_fails_says_so_and_the_page_lives_on(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("widgets.effects_view.effects_figure", broken)
    view = EffectsView(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    session.run()
    assert session.wait(LONG)
    assert session.state == "done"
    assert "workbench itself failed here (RuntimeError)" in said(view)
