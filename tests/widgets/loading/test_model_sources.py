"""Models that are trained, brought as files or logged as a column."""

from __future__ import annotations

import pickle
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

from tests.widgets.loading.loading_steps import (
    LOAN,
    LOAN_MODEL,
    SAMPLES,
    assert_same_by_code_of_file,
    choose,
    dumped,
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
from tests.widgets.widget_tree import LONG, part, parts, said
from widgets.loading.case_form import CaseForm
from widgets.loading.loader import DataModelLoader
from widgets.parts.column_checklist import ColumnChecklist
from widgets.session.session import AuditSession


@pytest.mark.parametrize(
    ("outcome", "reads", "words"),
    [
        ("hired", (), "at least one column"),
        ("name", ("age",), "text values"),
    ],
)
def test_what_cannot_be_trained_is_said(
    own: DataModelLoader,
    session: AuditSession,
    outcome: str,
    reads: tuple[str, ...],
    words: str,
) -> None:
    frame = own_frame().assign(name=[f"n{i}" for i in range(300)])
    upload(own, frame.to_csv(index=False).encode())
    field(own, "Outcome").value = outcome
    tick(own, *reads)
    use(own)
    assert words in problem(own, session)


def test_a_column_of_logged_predictions(table: DataModelLoader, session: AuditSession) -> None:
    choose(table, model="column")
    assert field(table, "Column of logged").value == "score", "the likeliest"
    assert part(table, ColumnChecklist).chosen == ("age", "income")
    use(table)
    case = session.case
    assert case is not None and not case.model.can_query and session.live_wanted
    np.testing.assert_array_equal(case.predictions, own_frame()["score"])
    assert "score" not in case.graph.nodes
    assert_same_by_code_of_file(session, own_table())


def test_the_column_of_predictions_is_nothing_else(
    table: DataModelLoader, session: AuditSession
) -> None:
    choose(table, model="column")
    field(table, "Causal graph").value = "text"
    field(table, "Graph as text").value = "age -> score"
    use(table)
    assert "holds 'score', the column of logged predictions" in problem(table, session)
    field(table, "Column of logged").value = "age"
    assert part(table, ColumnChecklist).chosen == ("income", "score")


def test_predictions_with_gaps_are_refused(own: DataModelLoader, session: AuditSession) -> None:
    frame = own_frame()
    frame.loc[3, "score"] = np.nan
    upload(own, frame.to_csv(index=False).encode())
    choose(own, model="column")
    use(own)
    assert "NaN" in problem(own, session)


def test_a_table_of_text_has_no_predictions(own: DataModelLoader) -> None:
    upload(own, b"a,b\nx,y\nz,w\n")
    choose(own, model="column")
    assert "holds numbers, so none can hold predictions" in said(own).replace("&#x27;", "'")
    assert visible(own, W.Button) == []


def test_a_model_file_on_a_table_of_ones_own(
    with_file: DataModelLoader, session: AuditSession
) -> None:
    upload(with_file, LOAN_MODEL.read_bytes(), "loan_model.skops", "Model file")
    assert "The model file is read" in said(with_file)
    field(with_file, "Outcome").value = None
    use(with_file)
    case = session.case
    assert case is not None and case.outcome is None and "race" not in case.reads
    assert "race" in case.graph.nodes, "what it does not read can still be drawn"
    from workbench.models.files.skops_files import parse_model

    assert_same_by_code_of_file(
        session,
        LOAN.read_bytes(),
        read_model=lambda name: parse_model(LOAN_MODEL.read_bytes(), name),
    )


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (pickle.dumps([1, 2]), "model.skops", "pickle"),
        (pickle.dumps([1, 2]), "model.pkl", "pickle"),
        (b"nothing", "model.skops", "not a skops file"),
        (b"nothing", "model.onnx", "model.onnx"),
        (b"", "model.skops", "model.skops"),
        (b"x", "<img src=x>.exe", "not a kind of model"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_words(
    with_file: DataModelLoader, session: AuditSession, content: bytes, name: str, words: str
) -> None:
    upload(with_file, LOAN_MODEL.read_bytes(), "loan_model.skops", "Model file")
    upload(with_file, content, name, "Model file")
    assert words in problem(with_file, session)
    assert visible(with_file, CaseForm) == [], "the model before it is gone too"
    assert "<img" not in "".join(w.value for w in parts(with_file, W.HTML))


def test_a_model_that_does_not_fit_the_table(own: DataModelLoader, session: AuditSession) -> None:
    upload(own, own_table())
    choose(own, model="file")
    upload(own, LOAN_MODEL.read_bytes(), "loan_model.skops", "Model file")
    use(own)
    assert "which the data does not have" in problem(own, session)


def test_a_model_without_names_is_told_what_it_reads(
    table: DataModelLoader, session: AuditSession
) -> None:
    from sklearn.linear_model import LinearRegression

    frame = own_frame()
    model = LinearRegression().fit(frame[["age", "income"]].to_numpy(), frame["score"])
    choose(table, model="file")
    upload(table, dumped(model), "m.skops", "Model file")
    assert visible(table, ColumnChecklist), status(table).text
    tick(table, "age", "income")
    use(table)
    assert session.case is not None, status(table).text
    assert session.case.reads == ("age", "income")
    np.testing.assert_allclose(
        session.case.predictions, model.predict(frame[["age", "income"]].to_numpy())
    )
    tick(table, "age")
    use(table)
    assert problem(table, session)


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("high", "low", "middle"), "middle"),
        (("approved", "rejected"), "approved"),
        ((3, 1, 2), "1"),
        (("on hold", "sent back"), "sent back"),
    ],
    ids=["three", "two that leave it open", "numbers", "labels with blanks"],
)
def test_a_file_of_several_classes_asks_for_one(
    table: DataModelLoader, session: AuditSession, labels: tuple[Any, ...], wanted: str
) -> None:
    from sklearn.linear_model import LogisticRegression

    frame = own_frame()
    grade = pd.Series(labels)[pd.qcut(frame["income"], len(labels), labels=False)].to_numpy()
    model = LogisticRegression(max_iter=2_000).fit(frame[["age", "income"]], grade)
    choose(table, model="file")
    upload(table, dumped(model), "m.skops", "Model file")
    assert "Choose the class whose probability is audited" in said(table)
    assert visible(table, CaseForm) == [], "nothing goes on before a class is chosen"
    asked = field(table, "Class whose")
    assert [value for _, value in asked.options] == [None, *sorted(map(str, labels))]
    asked.value = wanted
    assert table.wait(LONG)
    use(table)
    assert session.case is not None, status(table).text
    place = list(map(str, model.classes_)).index(wanted)
    np.testing.assert_allclose(
        session.case.predictions, model.predict_proba(frame[["age", "income"]])[:, place]
    )
    assert session.code is not None and f"positive={wanted!r}" in session.code
    assert str(session.case.model.audited_class) == wanted
    assert not any("nobody said" in warning for warning in session.case.warnings)


def test_a_plain_class_is_taken_and_another_can_be_chosen(
    table: DataModelLoader, session: AuditSession
) -> None:
    from sklearn.linear_model import LogisticRegression

    frame = own_frame()
    model = LogisticRegression(max_iter=2_000).fit(frame[["age", "income"]], frame["hired"])
    choose(table, model="file")
    upload(table, dumped(model), "m.skops", "Model file")
    asked = field(table, "Class whose")
    assert asked.value == "yes" and "nobody has said" not in said(table)
    use(table)
    assert session.case is not None and session.case.model.audited_class == "yes"
    asked.value = "no"
    assert table.wait(LONG) and session.case is None, "an answer that changes drops the case"
    use(table)
    assert session.case is not None and session.case.model.audited_class == "no"


@pytest.mark.parametrize(
    ("labels", "asks", "wanted"),
    [(("approved", "rejected"), True, "approved"), (("no", "yes"), False, "yes")],
)
def test_the_class_of_a_model_trained_here(
    own: DataModelLoader,
    session: AuditSession,
    labels: tuple[str, str],
    asks: bool,
    wanted: str,
) -> None:
    frame = own_frame().drop(columns="score")
    frame["hired"] = np.where(frame["income"] > 90, *labels)
    content = frame.to_csv(index=False).encode()
    upload(own, content)
    assert field(own, "Outcome").value == "hired"
    if asks:
        use(own)
        assert "Choose the class whose probability" in problem(own, session)
        field(own, "Class whose").value = wanted
    assert field(own, "Class whose").value == wanted
    use(own)
    case = session.case
    assert case is not None, status(own).text
    assert case.model.audited_class == wanted and case.model.class_was_named
    of_wanted = case.predictions[frame["hired"] == wanted].mean()
    assert of_wanted > 0.5 > case.predictions[frame["hired"] != wanted].mean()
    assert session.learner == "logistic"
    assert_same_by_code_of_file(session, content)


def test_columns_that_are_left_out_are_said_with_the_reason(own: DataModelLoader) -> None:
    frame = own_frame().assign(name=[f"n{i}" for i in range(300)], land="de", note=None)
    upload(own, frame.to_csv(index=False).encode())
    shown = said(own)
    assert "name: another text in every row, like a name or an id" in shown
    assert "land: one value only" in shown and "note: no value" in shown
    assert "age:" not in shown


@pytest.mark.parametrize("leading", [True, False], ids=["zeros lost in a CSV", "blanks"])
def test_a_file_of_a_model_reads_the_table_as_it_was_trained_or_says_what_it_never_met(
    own: DataModelLoader, session: AuditSession, leading: bool
) -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = own_frame().drop(columns="score")
    frame.insert(0, "zip", np.where(frame["age"] > 45, "02121", "02467"))
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["zip"]), remainder="passthrough"
    )
    reads = ["zip", "age"]
    model = make_pipeline(encoder, LogisticRegression(max_iter=2_000))
    model.fit(frame[reads], frame["hired"])
    brought = frame if leading else frame.assign(zip=frame["zip"] + " x")
    upload(own, brought.to_csv(index=False).encode())
    choose(own, model="file")
    upload(own, dumped(model), "m.skops", "Model file")
    use(own)
    case = session.case
    assert case is not None and session.code is not None, status(own).text
    if leading:
        np.testing.assert_allclose(case.predictions, model.predict_proba(frame[reads])[:, 1])
    else:
        loud = "The model was never trained on what zip holds in 100 % of the rows"
        assert loud in said(own) and "02121 x" in said(own)


def test_an_onnx_file(with_file: DataModelLoader, session: AuditSession) -> None:
    to_onnx = pytest.importorskip("skl2onnx").to_onnx
    from sklearn.linear_model import LogisticRegression

    reads = ["income", "credit_score"]
    frame = pd.read_csv(LOAN)
    inputs = frame[reads].to_numpy("float32")
    model = LogisticRegression(max_iter=2_000).fit(inputs, frame["approved"])
    exported = to_onnx(model, inputs[:1], options={"zipmap": False})
    upload(with_file, exported.SerializeToString(), "m.onnx", "Model file")
    tick(with_file, *reads)
    use(with_file)
    assert session.case is not None, status(with_file).text
    assert session.case.reads == tuple(reads) and session.case.output == "probability"
    np.testing.assert_allclose(
        session.case.predictions, model.predict_proba(inputs)[:, 1], atol=1e-5
    )
    assert session.code is not None and f"'m.onnx', features={reads!r}" in session.code


def test_the_logged_predictions_of_sample_data_are_the_models(
    own: DataModelLoader, session: AuditSession
) -> None:
    upload(own, (SAMPLES / "loan_scored.parquet").read_bytes(), "loan_scored.parquet")
    choose(own, model="column")
    assert field(own, "Column of logged").value == "score"
    assert field(own, "Outcome").value == "approved"
    use(own)
    assert session.case is not None, status(own).text
    logged = session.case.predictions
    choose(own, model="file")
    upload(own, LOAN_MODEL.read_bytes(), "loan_model.skops", "Model file")
    use(own)
    assert session.case is not None, status(own).text
    np.testing.assert_allclose(session.case.predictions, logged, atol=1e-6)
