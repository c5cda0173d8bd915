"""Step 1 without a browser: what is chosen becomes a case, and a changed answer drops it."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.loading.loading_steps import (
    LOAN_MODEL,
    assert_same_by_code,
    assert_same_by_code_of_file,
    choose,
    field,
    own_frame,
    own_table,
    problem,
    status,
    tick,
    upload,
    use,
    visible,
)
from tests.widgets.widget_tree import HOSTILE, part, said
from widgets.loading.case_form import CaseForm
from widgets.loading.loader import DataModelLoader
from widgets.loading.sources import table_of
from widgets.parts.column_checklist import ColumnChecklist
from widgets.session.session import AuditSession
from workbench.tables.files.column_types import Stated


def test_a_sample_with_a_model_of_ones_own(loader: DataModelLoader, session: AuditSession) -> None:
    choose(loader, data="loan", model="file")
    assert session.case is None and "Now the model" in status(loader).text
    assert visible(loader, ColumnChecklist) == []  # not before the file was read
    upload(loader, LOAN_MODEL.read_bytes(), "loan_model.skops", "Model file")
    assert "neighborhood_income, employment_years" in said(loader)
    assert visible(loader, ColumnChecklist) == [], "the file says what it reads"
    assert visible(loader, W.Textarea) == [], "the sample brings its graph"
    use(loader)
    case = session.case
    assert case is not None and case.outcome == "approved" and case.n_rows == 5_000
    assert case.graph == wb.datasets.loan().graph
    assert "from the file loan_model.skops" in said(loader)
    assert session.suggested == ("zip_code",)


def test_a_sample_with_one_of_its_numbers_as_predictions(
    loader: DataModelLoader, session: AuditSession
) -> None:
    choose(loader, data="loan", model="column")
    field(loader, "Column of logged").value = "credit_score"
    use(loader)
    case = session.case
    assert case is not None and not case.model.can_query
    assert "credit_score" not in case.graph.nodes and "credit_score" not in case.reads
    assert_same_by_code(session)


def test_a_table_of_ones_own_becomes_a_case(own: DataModelLoader, session: AuditSession) -> None:
    assert visible(own, CaseForm) == [] and visible(own, W.Button) == []
    upload(own, own_table())
    assert "Read 300 rows and 4 columns" in said(own)
    assert field(own, "Outcome").value == "hired"
    assert part(own, ColumnChecklist).chosen == ("age", "income", "score")
    tick(own, "income")
    field(own, "Causal graph").value = "text"
    field(own, "Graph as text").value = "age -> income\nincome -> hired"
    use(own)
    case = session.case
    assert case is not None, status(own).text
    assert case.reads == ("income",) and case.output == "probability"
    assert case.graph == wb.CausalGraph([("age", "income"), ("income", "hired")])
    assert_same_by_code_of_file(session, own_table())


def test_an_empty_graph_holds_what_could_be_drawn(
    table: DataModelLoader, session: AuditSession
) -> None:
    tick(table, "income")
    use(table)
    assert session.case is not None and session.case.graph.edges == ()
    assert set(session.case.graph.nodes) == {"age", "income", "score", "hired"}
    assert session.case.reads == ("income",)


def test_a_parquet_file_is_a_table_too(own: DataModelLoader, session: AuditSession) -> None:
    stream = io.BytesIO()
    own_frame().to_parquet(stream)
    upload(own, stream.getvalue(), "mine.parquet")
    use(own)
    assert session.case is not None and session.case.n_rows == 300
    assert session.code is not None and "read_table('mine.parquet')" in session.code


def test_the_preview_says_kinds_and_missing_values(own: DataModelLoader) -> None:
    frame = own_frame()
    frame.loc[:6, "income"] = np.nan
    frame[HOSTILE] = "<b>cell</b>"
    frame["day"] = pd.Timestamp("2024-02-01")
    stream = io.BytesIO()
    frame.to_parquet(stream)
    upload(own, stream.getvalue(), "<u>mine.parquet")
    shown = said(own)
    assert status(own).kind == "good", status(own).text
    distinct = frame["income"].nunique()
    assert re.search(rf"income</th><td>number</td><td[^>]*>{distinct}</td><td[^>]*>7</td>", shown)
    assert re.search(r"hired</th><td>text</td>", shown)
    assert escape(HOSTILE) in shown and "<img" not in shown and "<b>cell" not in shown
    assert part(own, ColumnChecklist).chosen == ("age", "income", "score")  # the rest is constant
    use(own)
    assert "<u>" not in said(own).replace(escape("<u>"), "")


def test_rows_without_an_outcome_are_not_trained_on(
    own: DataModelLoader, session: AuditSession
) -> None:
    frame = own_frame()
    frame.loc[:49, "hired"] = None
    content = frame.to_csv(index=False).encode()
    upload(own, content)
    use(own)
    assert session.case is not None and session.case.n_rows == 250
    assert_same_by_code_of_file(session, content)


def test_the_kind_of_model_can_change_and_the_table_stays(
    table: DataModelLoader, session: AuditSession
) -> None:
    use(table)
    assert session.case is not None and "LogisticRegression" in said(table)
    choose(table, model="forest")
    assert session.case is None and part(table, ColumnChecklist).chosen
    use(table)
    assert session.case is not None and "RandomForestClassifier" in said(table)


def test_an_answer_that_changes_drops_the_case(
    table: DataModelLoader, session: AuditSession
) -> None:
    use(table)
    assert session.case is not None
    tick(table, "age")
    assert session.case is None and "Changed. Press “Train the model and use it”" in said(table)
    use(table)
    assert session.case is not None and session.case.reads == ("age",)
    field(table, "Outcome").value = "income"
    assert session.case is None
    assert part(table, ColumnChecklist).chosen == ("age",), "ticks made by hand stay"


def test_another_table_starts_the_questions_over(
    table: DataModelLoader, session: AuditSession
) -> None:
    field(table, "Causal graph").value = "text"
    field(table, "Graph as text").value = "age -> income"
    use(table)
    upload(table, b"a,b,c\n1,2,0\n2,1,1\n3,5,1\n", "other.csv")
    assert session.case is None
    assert field(table, "Causal graph").value == "empty"
    assert field(table, "Outcome").value == "c"
    assert part(table, ColumnChecklist).chosen == ("a", "b")


def test_a_sample_and_back_keeps_the_table(table: DataModelLoader, session: AuditSession) -> None:
    choose(table, data="loan")
    assert session.case is not None and session.case.outcome == "approved"
    assert visible(table, CaseForm) == []
    choose(table, data="own")
    assert session.case is None and "300 rows" in said(table)
    use(table)
    assert session.case is not None and session.case.outcome == "hired"


@pytest.mark.parametrize("ticked", [["nobody"], [5, None, {}], ["age"] * 10_000, [["age"]]])
def test_columns_that_were_never_offered_are_not_read(
    table: DataModelLoader, ticked: list[Any]
) -> None:
    checklist = part(table, ColumnChecklist)
    checklist.set_state({"ticked": ticked, "offered": ["nobody", "age"]})
    assert set(checklist.chosen) <= {"age"} and len(checklist.chosen) <= 1


def test_choices_that_no_list_offers(table: DataModelLoader, session: AuditSession) -> None:
    kind = part(table, W.Dropdown, description="Model")
    kind.set_state({"index": None})
    assert session.case is None
    use(table)
    assert "Choose data and a model first" in problem(table, session)
    kind.set_state({"index": 0})
    use(table)
    assert session.case is not None


def test_an_outcome_that_is_in_no_column_is_said_and_not_left_blank() -> None:
    form = CaseForm(lambda: None, lambda *_: None)
    frame = pd.DataFrame({"a": [0.5, 1.5, 2.5], "b": [1.0, 2.0, 4.0], "c": [3.0, 1.0, 2.0]})
    table = table_of(frame, ("own.csv", b""), Stated())
    label = "Outcome: what really happened, if the table holds it"
    for _ in range(2):
        form.offer(table, training=False, known=None, predictions="c")
        outcome = part(form, W.Dropdown, description=label)
        assert outcome.label == "not in this table" and form.outcome is None
