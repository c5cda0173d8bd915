"""Step 4 without a browser: models made here, brought, refused, and taken away again."""

from __future__ import annotations

import threading
from pathlib import Path

import ipywidgets as W
import numpy as np
import pytest

import workbench as wb
from tests.widgets.widget_tree import LONG, finished, part, parts, press, said, send
from widgets.other_models import brought_models, unlearn_form
from widgets.other_models.brought_models import BroughtModels
from widgets.other_models.change_models import ChangeModels
from widgets.other_models.unlearn_form import UnlearnForm
from widgets.parts.column_checklist import ColumnChecklist
from widgets.parts.file_picker import FilePicker
from widgets.parts.row_table import RowTable
from widgets.parts.status_line import StatusLine
from widgets.results.downloads import Downloads
from widgets.run.run_panel import RunPanel
from widgets.session.session import AuditSession, AuditSettings
from widgets.target.target_picker import TargetPicker
from workbench.models.trained_here import train_model

LOAN_MODEL = Path(__file__).resolve().parents[3] / "sample_data" / "loan_model.skops"
WORLD = wb.datasets.loan(n=600, seed=1)
CODE = "world = wb.datasets.loan(n=600, seed=1)\ndata = world.data\nmodel = None"


def trained(learner: str | None = "logistic") -> tuple[wb.AuditCase, str | None]:
    model = train_model(WORLD.data, WORLD.features, WORLD.outcome, "logistic")
    case = wb.AuditCase(data=WORLD.data, model=model, graph=WORLD.graph, outcome=WORLD.outcome)
    return case, learner


@pytest.fixture
def picker(session: AuditSession) -> TargetPicker:
    return TargetPicker(session)


@pytest.fixture
def change(session: AuditSession, picker: TargetPicker) -> ChangeModels:
    found = ChangeModels(session)
    session.settings = AuditSettings(methods=("cafe",), threshold=0.02)
    case, learner = trained()
    session.open(case, ("zip_code",), code=CODE, live=False, learner=learner)
    return found


def way(change: ChangeModels) -> W.RadioButtons:
    return part(change, W.RadioButtons, description="Beside which other models?")


def unlearn(change: ChangeModels) -> None:
    way(change).value = "make"
    press(change, part(change, UnlearnForm)._row._go.description)
    assert change.wait(LONG)


# ---- made here ------------------------------------------------------------------------------


def test_unlearning_here_gives_three_models_and_the_three_findings(
    change: ChangeModels, session: AuditSession
) -> None:
    loaded = session.case.model
    unlearn(change)
    assert "audited model is no longer the one that was loaded" in said(change)
    assert session.case.model is not loaded
    assert (
        set(session.compare) == {"before", "retrained"} and len(session.compare["retrained"]) == 3
    )
    report = finished(session)
    assert report.change is not None and report.change.decision == "below"
    assert report.change.roles == ("before", "after", "retrained")
    press(change, "Back to the model as loaded")
    assert session.case.model is loaded and session.compare == {} and session.training is None
    assert session.code == CODE and session.report is report
    assert "models beside the audited one" in session.stale
    assert finished(session).change is None


def test_the_report_s_code_repeats_the_change(change: ChangeModels, session: AuditSession) -> None:
    unlearn(change)
    report = finished(session)
    names: dict[str, object] = {}
    exec(Downloads(session)._code(report), names)
    again = names["report"]
    assert isinstance(again, wb.AuditReport)
    assert again.change.to_frame().equals(report.change.to_frame())


def test_another_target_blocks_the_run_until_it_is_unlearned_too(
    change: ChangeModels, session: AuditSession, picker: TargetPicker
) -> None:
    unlearn(change)
    part(picker, W.Checkbox, description="income").value = True
    assert "Another target." in said(change)
    assert session.missing and session.missing[0].startswith("Step 4: the models were made to")
    session.run()
    assert session.state == "idle"
    press(change, "Unlearn here again")
    assert change.wait(LONG)
    assert not session.missing
    assert session.made_for == wb.UnlearningTarget.features(["zip_code", "income"])
    before = session.compare["before"][0]
    assert set(before.features) == {"zip_code", *WORLD.features}  # from the model as loaded
    press(change, "Back to the model as loaded")
    assert set(session.case.reads) == set(WORLD.features)


def test_it_is_cancelled_and_stopped_by_another_graph(
    change: ChangeModels, session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Event(), threading.Event()
    real = unlearn_form.unlearn_here

    def waits(*args, progress, **options):  # type: ignore[no-untyped-def]
        started.set()
        go_on.wait(LONG)
        return real(*args, progress=progress, **options)

    monkeypatch.setattr(unlearn_form, "unlearn_here", waits)
    way(change).value = "make"
    form = part(change, UnlearnForm)
    press(form, "Unlearn here")
    assert started.wait(LONG)
    press(form, "Cancel unlearning")
    assert "Cancelled" in said(form)
    press(form, "Unlearn here")
    session.edit_graph(session.case.graph.remove_edge("race", "zip_code"))
    go_on.set()
    assert change.wait(LONG)
    assert "Stopped" in said(form) and session.compare == {}


def test_a_failure_is_said_in_words(
    change: ChangeModels, session: AuditSession, picker: TargetPicker
) -> None:
    part(picker, W.RadioButtons, description="On which rows?").value = "subgroup"
    part(picker, W.Text, description="Condition").value = "approved == 1"
    way(change).value = "make"
    form = part(change, UnlearnForm)
    press(form, "Unlearn here")
    assert change.wait(LONG)
    assert part(form, StatusLine).kind == "problem" and "told by the outcome" in said(form)
    assert session.compare == {}


def test_a_model_from_elsewhere_cannot_be_trained_here(session: AuditSession) -> None:
    change = ChangeModels(session)
    session.open(trained()[0], live=False)
    way(change).value = "make"
    assert "cannot be trained again" in said(change)
    assert part(change, UnlearnForm)._row.layout.display == "none"


def test_another_case_begins_with_no_other_model(
    change: ChangeModels, session: AuditSession
) -> None:
    unlearn(change)
    case, learner = trained()
    session.open(case, ("zip_code",), code=CODE, live=False, learner=learner)
    assert way(change).value == "none"
    assert session.compare == {} and session.made_for is None
    assert session.loaded == (case.model, CODE)


def test_a_case_of_another_outcome_has_no_rows_to_learn_from(session: AuditSession) -> None:
    picker, change = TargetPicker(session), ChangeModels(session)
    case = wb.AuditCase(
        data=WORLD.data.drop(columns=WORLD.outcome),
        model=wb.BlackBoxModel(lambda rows: rows["income"].to_numpy() / 200, features=["income"]),
        graph=WORLD.graph.remove_node(WORLD.outcome),
    )
    session.open(case, ("income",), live=False, learner="linear")
    assert part(picker, W.Checkbox, description="income").value
    unlearn(change)
    assert "Without an outcome" in said(change)


# ---- brought --------------------------------------------------------------------------------


def bring(change: ChangeModels, role: str, content: bytes = b"", name: str = "m.skops") -> None:
    form = part(change, BroughtModels)
    part(form, W.RadioButtons).value = role
    (file,) = parts(form, FilePicker)
    send(file, content or LOAN_MODEL.read_bytes(), name, part_size=1_000_000)
    assert change.wait(LONG)


def test_a_file_is_the_model_before_and_others_are_retrained(
    change: ChangeModels, session: AuditSession
) -> None:
    way(change).value = "bring"
    for role in ("before", "retrained", "retrained"):
        bring(change, role)
        press(change, "Add this model")
        assert change.wait(LONG)
    assert {role: len(models) for role, models in session.compare.items()} == {
        "before": 1,
        "retrained": 2,
    }
    assert "not given" not in said(change)
    report = finished(session)
    assert report.change is not None and report.change.n_retrained == 2
    assert "compare = {'before': [before_1], 'retrained': [retrained_1, retrained_2]}" in (
        session.compare_code
    )
    press(change, "Remove: retrained 1")
    assert session.stale == ("models beside the audited one",)
    assert len(session.compare["retrained"]) == 1
    press(change, "Remove: before")
    assert set(session.compare) == {"retrained"}
    way(change).value = "none"
    assert session.compare == {} and session.compare_code == ""


def test_models_wait_for_one_another_and_the_run_for_all(
    change: ChangeModels, session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    real = brought_models.another_model

    def waits(case, source, reads, progress):  # type: ignore[no-untyped-def]
        go_on.wait(LONG)
        return real(case, source, reads, progress)

    monkeypatch.setattr(brought_models, "another_model", waits)
    panel = RunPanel(session)
    way(change).value = "bring"
    bring(change, "before")
    form = part(change, BroughtModels)
    press(form, "Add this model")
    run = part(panel, W.Button, description="Run the audit")
    assert run.disabled and "still being read or added" in said(panel)
    session.run()
    assert session.state == "idle"
    part(form, W.RadioButtons).value = "retrained"
    press(form, "Add this model")
    (picker,) = parts(form, FilePicker)
    good = LOAN_MODEL.read_bytes()
    for place, (name, content) in enumerate((("b.skops", b"nothing"), ("c.skops", good))):
        send(picker, content, name, 1_000_000, place=place, files=2)
    assert "Waiting: b.skops" in said(form) and session.compare == {}
    go_on.set()
    assert change.wait(LONG)
    assert {role: len(models) for role, models in session.compare.items()} == {
        "before": 1,
        "retrained": 2,
    }
    refused = said(form).split("Not done: ")[1]
    assert "b.skops" in refused and "skops file" in refused and "Waiting" not in said(form)
    assert not run.disabled and session.preparing == ""


def test_cancel_gives_up_what_waits_too(
    change: ChangeModels, session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def waits(*args: object) -> None:
        go_on.wait(LONG)

    monkeypatch.setattr(brought_models, "another_model", waits)
    way(change).value = "bring"
    bring(change, "retrained")
    form = part(change, BroughtModels)
    press(form, "Add this model")
    press(form, "Add this model")
    press(form, "Cancel adding")
    go_on.set()
    assert change.wait(LONG)
    assert session.compare == {} and session.preparing == "" and "Waiting" not in said(form)


def test_a_file_that_is_no_model_is_refused_in_words(
    change: ChangeModels, session: AuditSession
) -> None:
    way(change).value = "bring"
    bring(change, "before", b"nothing")
    form = part(change, BroughtModels)
    assert part(form, StatusLine).kind == "problem" and "not a skops file" in said(form)
    assert session.compare == {}


def test_a_model_that_does_not_fit_the_data_is_refused(session: AuditSession) -> None:
    change = ChangeModels(session)
    frame = WORLD.data.drop(columns="debt_ratio")
    graph = WORLD.graph.remove_node("debt_ratio")
    model = wb.BlackBoxModel(lambda rows: rows["income"].to_numpy() / 200, features=["income"])
    session.open(
        wb.AuditCase(data=frame, model=model, graph=graph, outcome=WORLD.outcome), live=False
    )
    way(change).value = "bring"
    bring(change, "before")
    press(change, "Add this model")
    assert change.wait(LONG)
    assert "debt_ratio" in said(part(change, BroughtModels)) and session.compare == {}


def test_the_columns_of_an_endpoint_are_proposed_by_its_role(
    change: ChangeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAFE_WORKBENCH_ENDPOINTS", raising=False)
    way(change).value = "bring"
    form = part(change, BroughtModels)
    part(form, W.Dropdown, description="How to bring it").value = "endpoint"
    columns = part(form, ColumnChecklist)
    assert columns.layout.display == ""
    part(form, W.RadioButtons).value = "before"
    assert "zip_code" in columns.chosen and "income" in columns.chosen
    part(form, W.RadioButtons).value = "retrained"
    assert "zip_code" not in columns.chosen and "income" in columns.chosen


# ---- the run --------------------------------------------------------------------------------


def test_membership_is_offered_where_it_can_be_asked(
    change: ChangeModels, session: AuditSession, picker: TargetPicker
) -> None:
    panel = RunPanel(session)
    (box,) = [b for b in parts(panel, W.Checkbox) if "remember" in b.description]
    assert box.disabled and "whole rows" in said(panel)
    part(picker, W.Checkbox, description="zip_code").value = False
    part(picker, W.RadioButtons, description="On which rows?").value = "rows"
    part(picker, RowTable).choose(list(range(30)))
    assert box.disabled and "“Demonstrate”, keeps some aside" in said(panel)
    unlearn(change)
    assert not box.disabled
    box.value = True
    assert session.settings.checks == ("membership",)
    press(change, "Back to the model as loaded")
    assert box.disabled and not box.value and session.settings.checks == ()
    session.open(trained(None)[0], live=False)
    part(picker, RowTable).choose([1])
    assert "did not train the model" in said(panel)


def test_a_subgroup_without_features_is_its_rows(
    change: ChangeModels, session: AuditSession, picker: TargetPicker
) -> None:
    part(picker, W.Checkbox, description="zip_code").value = False
    part(picker, W.RadioButtons, description="On which rows?").value = "subgroup"
    part(picker, W.Text, description="Condition").value = "credit_score > 720"
    assert session.target == wb.UnlearningTarget.subgroup("credit_score > 720")
    unlearn(change)
    erased = session.target.mask(session.case.data)
    assert np.all(session.training.rows[erased])
