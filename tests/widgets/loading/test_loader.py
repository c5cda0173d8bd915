"""Step 1 without a browser: tables and models that are chosen, refused, and become a case."""

from __future__ import annotations

import io
import json
import pickle
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, LONG, part, parts, said, send
from widgets.loading import model_sources
from widgets.loading.case_form import CaseForm
from widgets.loading.loader import DataModelLoader
from widgets.loading.sources import (
    SOURCES,
    Table,
    likely_features,
    likely_outcome,
    likely_predictions,
)
from widgets.parts.column_checklist import ColumnChecklist
from widgets.parts.file_picker import FilePicker
from widgets.parts.secret_field import SecretField
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


# ---- playing the page -----------------------------------------------------------------------


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
    label: str = "CSV or Parquet",
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


@pytest.fixture
def loader(session: AuditSession) -> DataModelLoader:
    return DataModelLoader(session, start=None)


@pytest.fixture
def own(loader: DataModelLoader) -> DataModelLoader:
    choose(loader, data="own")
    return loader


@pytest.fixture
def table(own: DataModelLoader) -> DataModelLoader:
    upload(own, own_table())
    return own


# ---- samples --------------------------------------------------------------------------------


def test_the_loan_sample_is_there_at_once_and_nothing_else_is_asked(session: AuditSession) -> None:
    loader = DataModelLoader(session)
    assert loader.wait(LONG)
    assert session.case is not None and session.suggested == ("zip_code",)
    assert session.live_wanted
    assert visible(loader, FilePicker) == [] and visible(loader, CaseForm) == []
    assert visible(loader, W.Button) == []
    assert "Ready: 5,000 rows" in said(loader)


@pytest.mark.parametrize("kind", ["regression", "mlp"])
def test_the_code_of_a_sample_makes_the_same_model(session: AuditSession, kind: str) -> None:
    loader = DataModelLoader(session, start=None)
    choose(loader, data="performance", model=kind)
    assert_same_by_code(session)


def assert_same_by_code(session: AuditSession, **names: object) -> None:
    """The session's code, run as a reader would, gives the case's data and predictions."""
    case = session.case
    assert case is not None and session.code is not None
    scope: dict[str, Any] = {"wb": SimpleNamespace(**{**vars(wb), **names}), "pd": pd}
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


@pytest.mark.parametrize("key", ["german_credit", "drug_consumption"])
def test_the_real_samples_load(
    loader: DataModelLoader,
    session: AuditSession,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    shared_data: Path,
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(shared_data))
    choose(loader, data=key)
    assert session.case is not None, status(loader).text
    assert session.suggested == SOURCES[key].suggested
    assert session.case.output == "probability"


@pytest.mark.parametrize("key", ["adult", "german_credit", "drug_consumption"])
def test_without_its_files_a_sample_says_so_and_can_be_tried_again(
    loader: DataModelLoader,
    session: AuditSession,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(tmp_path))
    choose(loader, data=key)
    assert re.search(r"no file '\w+\.data'", problem(loader, session))
    monkeypatch.setattr("widgets.loading.sources.sample_table", lambda *_: None)
    assert visible(loader, W.Button, description="Load it again")


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


# ---- a table of one's own -------------------------------------------------------------------


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


def assert_same_by_code_of_file(session: AuditSession, content: bytes, **more: object) -> None:
    """As above, with the uploaded file beside the code."""
    from workbench.tables.files.delimited import parse_table

    assert session.code is not None and "data = wb.read_table('mine.csv')" in session.code
    assert_same_by_code(session, read_table=lambda name: parse_table(content, name), **more)


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


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "mine.csv", "is empty"),
        (b"a,b\n", "mine.csv", "no row below"),
        (b"a,b\n1,2,3\n", "mine.csv", "has 3 cells"),
        (b"\x00\x01\x02", "mine.csv", "not a text file"),
        (b"a,b\n1,2\n", "mine.xlsx", "must end in .csv"),
        (b"a,b\n1,2\n", "<script>.csv.exe", "must end in .csv"),
        (b"PAR1nothingPAR1", "mine.parquet", "Parquet"),
        (b"a,b\n1,2\n", "mine.parquet", "Parquet"),
        (pickle.dumps({"a": 1}), "mine.csv", "mine.csv"),
        ((",".join(f"c{i}" for i in range(201)) + "\n").encode(), "mine.csv", "at most 200"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(
    own: DataModelLoader, session: AuditSession, content: bytes, name: str, words: str
) -> None:
    upload(own, own_table())
    upload(own, content, name)
    assert words in problem(own, session)
    assert visible(own, CaseForm) == [], "the table before it is gone too"
    upload(own, own_table())
    assert status(own).kind == "good", "and the next one is read"


def test_too_many_cells_are_refused_before_they_are_parsed(
    own: DataModelLoader, session: AuditSession
) -> None:
    head = ",".join(f"c{i}" for i in range(200)) + "\n"
    upload(own, (head + ("," * 199 + "\n") * 25_001).encode())
    assert "at most 5,000,000 cells" in problem(own, session)


def test_a_parquet_bomb_is_refused(own: DataModelLoader, session: AuditSession) -> None:
    stream = io.BytesIO()
    pd.DataFrame({f"c{i}": np.zeros(2_000_000, dtype="int64") for i in range(3)}).to_parquet(
        stream, compression="zstd"
    )
    assert len(stream.getvalue()) < 100_000
    upload(own, stream.getvalue(), "bomb.parquet")
    assert "bomb.parquet" in problem(own, session)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age -> income -> age", "circle|cycle"),
        ("agee -> income", "agee.*does not have"),
        ("{not json", "not JSON"),
        ("   ", "text is empty"),
    ],
)
def test_a_graph_that_cannot_be_is_said(
    table: DataModelLoader, session: AuditSession, text: str, words: str
) -> None:
    field(table, "Causal graph").value = "text"
    field(table, "Graph as text").value = text
    use(table)
    assert re.search(words, problem(table, session))


def test_a_graph_file(table: DataModelLoader, session: AuditSession) -> None:
    field(table, "Causal graph").value = "file"
    use(table)
    assert "Choose a graph file" in problem(table, session)
    drawn = wb.CausalGraph([("age", "income"), ("income", "hired")])
    upload(table, drawn.to_gml().encode(), "mine.gml", "Graph file")
    assert "Read a graph of 3 nodes and 2 arrows" in said(table)
    use(table)
    assert session.case is not None and session.case.graph == drawn
    upload(table, b"{", "mine.json", "Graph file")
    assert "mine.json" in problem(table, session)
    use(table)
    assert "Choose a graph file" in problem(table, session), "the file before it is gone too"


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


# ---- logged predictions ---------------------------------------------------------------------


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


# ---- model files ----------------------------------------------------------------------------


@pytest.fixture
def with_file(own: DataModelLoader) -> DataModelLoader:
    upload(own, LOAN.read_bytes())
    choose(own, model="file")
    return own


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


def dumped(model: Any) -> bytes:
    import skops.io

    content = skops.io.dumps(model)
    assert isinstance(content, bytes)
    return content


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


def test_a_model_of_several_classes_asks_for_one(
    table: DataModelLoader, session: AuditSession
) -> None:
    from sklearn.linear_model import LogisticRegression

    frame = own_frame()
    grade = pd.cut(frame["income"], 3, labels=["high", "low", "middle"]).astype(str)
    model = LogisticRegression(max_iter=2_000).fit(frame[["age", "income"]], grade)
    choose(table, model="file")
    upload(table, dumped(model), "m.skops", "Model file")
    assert "classes" in problem(table, session)
    asked = field(table, "Class whose")
    asked.value = "none of them"
    assert table.wait(LONG)
    assert "middle" in problem(table, session)
    asked.value = "middle"
    assert table.wait(LONG)
    use(table)
    assert session.case is not None, status(table).text
    place = list(model.classes_).index("middle")
    np.testing.assert_allclose(
        session.case.predictions, model.predict_proba(frame[["age", "income"]])[:, place]
    )
    assert session.code is not None and "positive='middle'" in session.code


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


# ---- an endpoint ----------------------------------------------------------------------------


class Served:
    """A model behind an address; what it was asked, and how it answers."""

    def __init__(self) -> None:
        self.way: str | int = "right"
        self.tokens: list[str | None] = []
        self.rows = 0
        self.go_on = threading.Event()
        self.asked = threading.Event()
        self.address = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        sent = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.tokens.append(handler.headers["Authorization"])
        self.asked.set()
        if self.way == "hang":
            self.go_on.wait(LONG)
        if self.way == "close":
            handler.connection.close()
            return
        if self.way in (401, 503):
            handler.send_error(int(self.way))
            return
        split = sent["dataframe_split"]
        rows = pd.DataFrame(split["data"], columns=split["columns"])
        self.rows += len(rows)
        found: object = {"predictions": (rows["income"] / 200).tolist()}
        text = {"nonsense": "<html>", "shape": '{"predictions": [0.5]}'}.get(str(self.way))
        if self.way == "classes":
            text = json.dumps({"predictions": [[0.5, 0.25, 0.25]] * len(rows)})
        content = (text or json.dumps(found)).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@contextmanager
def listening(served: Served) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):  # the other side may have gone
                served.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_port}/invocations"
    try:
        yield
    finally:
        served.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join(LONG)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.delenv("CAFE_WORKBENCH_ENDPOINTS", raising=False)
    found = Served()
    with listening(found):
        yield found


@pytest.fixture
def asking(table: DataModelLoader, served: Served) -> DataModelLoader:
    choose(table, model="endpoint")
    field(table, "Address").value = served.address
    field(table, "Protocol").value = "mlflow"
    tick(table, "age", "income")
    return table


def type_token(loader: DataModelLoader, value: object) -> None:
    secret = part(loader, SecretField)
    secret._received(secret, {"kind": "secret", "value": value}, [])


def test_an_endpoint_is_asked_once_per_row(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    type_token(asking, SECRET)
    use(asking)
    case = session.case
    assert case is not None, status(asking).text
    np.testing.assert_allclose(case.predictions, own_frame()["income"] / 200)
    assert served.rows == 300 and set(served.tokens) == {f"Bearer {SECRET}"}
    assert not session.live_wanted, "each question may cost"
    assert f"asked at {served.address}" in said(asking)
    assert case.model.ledger.rows == 300


def test_a_token_is_nowhere_but_in_the_requests(
    asking: DataModelLoader, session: AuditSession
) -> None:
    type_token(asking, SECRET)
    use(asking)
    assert session.code is not None and "os.environ['MODEL_TOKEN']" in session.code
    states = [w.get_state() for w in W.widget._instances.values()]  # type: ignore[attr-defined]
    assert states
    text = repr(states) + said(asking) + session.code + repr(session.case)
    assert SECRET not in text
    assert SECRET not in repr(asking._forms["endpoint"].source())
    choose(asking, model="forest")
    choose(asking, model="endpoint")
    assert part(asking, SecretField).secret() == ""


def test_the_code_of_an_endpoint_asks_it_again(
    asking: DataModelLoader, session: AuditSession, monkeypatch: pytest.MonkeyPatch, served: Served
) -> None:
    type_token(asking, SECRET)
    use(asking)
    monkeypatch.setenv("MODEL_TOKEN", SECRET)
    assert_same_by_code_of_file(session, own_table())
    assert set(served.tokens) == {f"Bearer {SECRET}"}


@pytest.mark.parametrize("token", [5, None, "a\nHost: b", "ü", "x" * 9_000])
def test_a_token_that_cannot_be_sent_is_refused_and_not_repeated(
    asking: DataModelLoader, session: AuditSession, token: object, served: Served
) -> None:
    type_token(asking, token)
    use(asking)
    text = problem(asking, session)
    assert "token cannot be sent" in text and "Host" not in text
    assert served.tokens == []


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("nonsense", "web page"),
        ("shape", "1 predictions for 300 rows"),
        ("close", "closed the connection"),
        ("classes", "one per class.*Write it into its field above"),
        (401, "Type the token into its field above"),
        (503, "busy or failing"),
    ],
)
def test_an_endpoint_that_answers_badly_is_said(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    way: str | int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.models.endpoint.connection.FIRST_PAUSE", 0.001)
    served.way = way
    use(asking)
    said_now = problem(asking, session)
    assert re.search(words, said_now), said_now
    assert said_now.startswith("The endpoint http://127.0.0.1") and "timeout=" not in said_now
    served.way = "right"
    use(asking)
    assert session.case is not None, status(asking).text


def test_a_hanging_endpoint_ends_in_words(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workbench.models.endpoint import endpoint

    real = endpoint.endpoint_model
    monkeypatch.setattr(
        endpoint, "endpoint_model", lambda *a, **k: real(*a, **k, timeout=0.1, retries=1)
    )
    served.way = "hang"
    use(asking)
    assert "did not answer within 0.1 seconds" in problem(asking, session)


def test_the_class_of_an_endpoint(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    served.way = "classes"
    use(asking)
    field(asking, "Class whose").value = "1"
    use(asking)
    assert session.case is not None, status(asking).text
    assert session.case.predictions.tolist() == [0.25] * 300
    assert session.code is not None and "positive='1'" in session.code


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is missing; it begins with https://"),
        (
            "http://user:pass@127.0.0.1/invocations",
            "before the @.*Type the token into its field above",
        ),
        ("ftp://127.0.0.1/x", "http"),
        ("javascript:alert(1)", "http"),
        ("file:///etc/passwd", "http"),
        ("http://[", "cannot be read"),
        ("x" * 5_000, "too long"),
    ],
)
def test_an_address_that_cannot_be_is_said(
    asking: DataModelLoader, session: AuditSession, address: str, words: str
) -> None:
    field(asking, "Address").value = address
    use(asking)
    assert re.search(words, problem(asking, session))


def test_a_hanging_endpoint_is_left_at_once(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    served.way = "hang"
    use(asking, wait=False)
    assert served.asked.wait(LONG)
    (stop,) = visible(asking, W.Button, description="Stop loading")
    started = time.monotonic()
    stop.click()
    assert "Stopped. Nothing was loaded" in said(asking) and session.case is None
    choose(asking, model="column")  # waits for the next job, not for the hanging one
    use(asking)
    assert session.case is not None and time.monotonic() - started < 5
    case = session.case
    served.go_on.set()
    time.sleep(0.3)
    assert session.case is case, "the late answer is dropped"
    assert not visible(asking, W.Button, description="Stop loading")


def test_a_changed_mind_drops_what_is_asked(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    served.way = "hang"
    use(asking, wait=False)
    assert served.asked.wait(LONG)
    tick(asking, "income")
    assert "Changed. Press" in said(asking)
    served.way = "right"
    served.go_on.set()
    use(asking)
    assert session.case is not None and session.case.reads == ("income",)


def test_an_opened_endpoint_is_on_its_own(asking: DataModelLoader, session: AuditSession) -> None:
    use(asking)
    case = session.case
    assert case is not None and status(asking).kind == "good"
    text = status(asking).text
    case.model.predict(case.data)
    assert status(asking).text == text, "an audit's questions are not loading"
    tick(asking, "income")  # stops what the loader has started
    assert len(case.model.predict(case.data)) == 300


def test_a_stopped_endpoint_is_not_asked_about_the_rest(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model_sources, "ASKED_AT_ONCE", 10)
    served.way = "hang"
    use(asking, wait=False)
    assert served.asked.wait(LONG)
    job = asking._job
    (stop,) = visible(asking, W.Button, description="Stop loading")
    stop.click()
    served.way = "right"
    served.go_on.set()
    assert job.wait(LONG)
    assert served.rows <= 10 and session.case is None


def test_a_server_that_allows_no_address_says_so_and_asks_nothing(
    table: DataModelLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_ENDPOINTS", "[]")
    choose(table, model="endpoint")
    assert "cafe-workbench serve --endpoint" in said(table)
    assert visible(table, W.Text) == [] and visible(table, W.Button) == []
    monkeypatch.delenv("CAFE_WORKBENCH_ENDPOINTS")
    choose(table, model="forest")
    choose(table, model="endpoint")
    assert visible(table, W.Text, description="Address of the model")
    assert "cafe-workbench serve" not in said(table)


def test_the_addresses_that_a_server_allows_are_listed(
    table: DataModelLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_ENDPOINTS", '["https://models.example.org/"]')
    choose(table, model="endpoint")
    assert "<li>https://models.example.org/</li>" in said(table)
    assert field(table, "Address").value == "https://models.example.org/"


def test_an_address_that_the_server_does_not_allow(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_ENDPOINTS", '["https://models.example.org/"]')
    use(asking)
    assert "may not be asked from here. Whoever runs this page can" in problem(asking, session)
    assert served.tokens == []


# ---- hostile messages -----------------------------------------------------------------------


def test_a_file_too_large_is_refused_in_words(own: DataModelLoader) -> None:
    chosen = picker(own, "CSV or Parquet")
    chosen._received(chosen, {"kind": "too-large", "name": "big.csv", "size": 2e8}, [])
    assert "'big.csv' holds 200 MB; this page takes at most 30 MB" in said(own)


def test_a_page_that_lies_about_the_size_is_refused_too() -> None:
    got, words = [], []
    chosen = FilePicker("f", ".csv", 150, lambda *file: got.append(file), words.append)
    chosen.limit = 10**9  # what a page could send
    send(chosen, b"x" * 300)
    assert got == [] and "holds" in words[0]


def message(**changed: object) -> dict[str, object]:
    return {"kind": "part", "name": "a", "size": 1, "index": 0, "parts": 1, **changed}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text",
        [],
        {},
        {"kind": "part"},
        {"kind": ["part"]},
        message(index=5, parts=6),
        message(index=-1),
        message(index=True),
        message(index=False),
        message(index=0.0),
        message(index="0"),
        message(parts=0),
        message(parts=10**12),
        message(parts=2**70),
        message(name=5),
        message(name=None),
        {"kind": "unreadable", "name": 5},
    ],
)
@pytest.mark.parametrize("buffers", [[memoryview(b"a")], [], None, 5, [b"a", b"b"]])
def test_messages_that_no_page_would_send_do_no_harm(content: Any, buffers: Any) -> None:
    got, words = [], []
    chosen = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), words.append)
    chosen._received(chosen, content, buffers)
    assert got == [] and "Choose it again" in words[0]
    send(chosen, b"whole")
    assert got == [("mine.csv", b"whole")], "and the next file arrives"


def test_parts_of_two_files_are_not_mixed() -> None:
    got, words = [], []
    chosen = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), words.append)
    chosen._received(chosen, message(parts=2), [b"a"])
    chosen._received(chosen, message(index=1, parts=2, name="b"), [b"b"])
    assert got == [] and "did not arrive whole" in words[0]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../etc/passwd", "passwd"), ("C:\\a\\b.csv", "b.csv"), ("\ud800.csv", "?.csv")],
)
def test_a_file_is_named_without_folders(name: str, shown: str) -> None:
    got: list[Any] = []
    chosen = FilePicker("f", ".csv", 1_000, lambda *file: got.append(file), lambda _: None)
    send(chosen, b"a", name)
    send(chosen, b"a", "x" * 100_000)
    assert got[0][0] == shown and len(got[1][0]) < 300


@pytest.mark.parametrize("name", ["'); import os; os.abort()  #.csv", 'a"\n__import__("os").csv'])
def test_a_file_name_in_the_code_is_only_a_text(
    own: DataModelLoader, session: AuditSession, name: str
) -> None:
    upload(own, own_table(), name)
    use(own)
    assert session.code is not None, status(own).text
    assert f"data = wb.read_table({name!r})" in session.code
    compile(session.code, "audit.py", "exec")


@pytest.mark.parametrize("ticked", [["nobody"], [5, None, {}], ["age"] * 10_000, [["age"]]])
def test_columns_that_were_never_offered_are_not_read(
    table: DataModelLoader, ticked: list[Any]
) -> None:
    checklist = part(table, ColumnChecklist)
    checklist.set_state({"ticked": ticked, "offered": ["nobody", "age"]})
    assert set(checklist.chosen) <= {"age"} and len(checklist.chosen) <= 1


@pytest.mark.parametrize("content", [None, "x", {}, {"kind": "secret"}, {"kind": 5, "value": "x"}])
def test_a_secret_field_survives_any_message(content: Any) -> None:
    secret = SecretField("Token", "note")
    secret._received(secret, content, None)


def test_choices_that_no_list_offers(table: DataModelLoader, session: AuditSession) -> None:
    kind = part(table, W.Dropdown, description="Model")
    kind.set_state({"index": None})
    assert session.case is None
    use(table)
    assert "Choose data and a model first" in problem(table, session)
    kind.set_state({"index": 0})
    use(table)
    assert session.case is not None


# ---- guesses --------------------------------------------------------------------------------


def test_guesses_about_a_table() -> None:
    frame = own_frame().assign(
        name=[f"n{i}" for i in range(300)], same=1, day=pd.Timestamp("2024-01-01")
    )
    table = Table(frame.assign(lists=[[1]] * 300), (), ())
    kinds = {column.name: column.kind for column in table.columns}
    assert kinds["day"] == "date" and kinds["lists"] == "other" and kinds["age"] == "whole number"
    assert likely_outcome(table) == "hired"
    assert likely_features(table, "hired") == ("age", "income", "score")
    assert likely_predictions(table)[0] == "score"


# ---- the files to try by hand ---------------------------------------------------------------


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
