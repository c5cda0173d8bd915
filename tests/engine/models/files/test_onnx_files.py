"""Models from ONNX files: what they answer, and what is refused or stopped."""

from __future__ import annotations

import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from workbench.common.errors import (
    AuditCancelled,
    MissingPackageError,
    ModelError,
    UntrustedModelError,
)
from workbench.common.stopping import stopped_by
from workbench.models.files import onnx_files
from workbench.models.files.skops_files import parse_model, read_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

FEATURES = ["age", "income", "debt"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.normal(size=(300, 3)).astype(np.float32), columns=FEATURES)
    table["town"] = generator.choice(["north", "south"], 300)
    return table


@pytest.fixture(scope="module")
def label(rows: pd.DataFrame) -> pd.Series:
    return (rows["age"] + rows["income"] > 0).map({True: "yes", False: "no"})


def exported(model: Any, sample: Any, **options: Any) -> bytes:
    return bytes(skl2onnx.to_onnx(model, sample, **options).SerializeToString())


# ---- answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("zipmap", [True, False], ids=["maps", "a table"])
@pytest.mark.parametrize(
    "model", [LogisticRegression(), RandomForestClassifier(5, random_state=0)], ids=type
)
def test_a_classifier_on_one_table(
    model: Any, zipmap: bool, rows: pd.DataFrame, label: pd.Series
) -> None:
    numbers = rows[FEATURES].to_numpy()
    content = exported(model.fit(numbers, label), numbers[:1], options={"zipmap": zipmap})
    box = parse_model(content, "loan.onnx", features=FEATURES)
    expected = model.predict_proba(numbers)
    np.testing.assert_allclose(box.predict(rows), expected[:, 1], atol=1e-5)
    assert (box.name, box.features, box.output) == ("loan.onnx", tuple(FEATURES), "probability")
    turned = parse_model(content, "loan.onnx", features=FEATURES, positive="no")
    np.testing.assert_allclose(turned.predict(rows), expected[:, 0], atol=1e-5)
    with pytest.raises(ModelError, match=r"no class 'maybe'.* Classes: 'no', 'yes'"):
        parse_model(content, "loan.onnx", features=FEATURES, positive="maybe")


def test_one_named_input_per_column(rows: pd.DataFrame, label: pd.Series, tmp_path: Path) -> None:
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["town"]), (StandardScaler(), FEATURES)),
        LogisticRegression(),
    ).fit(rows, label)
    (tmp_path / "Loan.ONNX").write_bytes(exported(model, rows[:1]))
    box = read_model(tmp_path / "Loan.ONNX")
    assert box.features == (*FEATURES, "town")
    expected = model.predict_proba(rows)[:, 1]
    shuffled = rows[["town", "debt", "age", "income"]]
    np.testing.assert_allclose(box.predict(shuffled), expected, atol=1e-5)
    assert box.predict(rows.astype({"town": "category"})) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ModelError, match="'town' lacks 1 values"):
        box.predict(rows.assign(town=rows["town"].mask(rows.index == 3)))
    with pytest.raises(ModelError, match="'age' holds text, and 'Loan"):
        box.predict(rows.assign(age="old"))
    with pytest.raises(ModelError, match=r"'incom' is not among them.* Did you mean 'income'"):
        read_model(tmp_path / "Loan.ONNX", features=["age", "incom", "debt", "town"])
    renamed = read_model(tmp_path / "Loan.ONNX", features=list("abcd"))
    assert renamed.predict(rows.set_axis(list("abcd"), axis=1)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("model", [LinearRegression(), RandomForestRegressor(3)], ids=type)
def test_a_regression(model: Any, rows: pd.DataFrame) -> None:
    numbers = rows[FEATURES].to_numpy()
    content = exported(model.fit(numbers, 10 * numbers[:, 0]), numbers[:1])
    box = parse_model(content, "m.onnx", features=FEATURES)
    np.testing.assert_allclose(box.predict(rows), model.predict(numbers), atol=1e-4)
    with pytest.raises(ModelError, match="so it has no class 'yes'"):
        parse_model(content, "m.onnx", features=FEATURES, positive="yes").predict(rows)


def test_several_classes_need_one_of_them(rows: pd.DataFrame) -> None:
    numbers = rows[FEATURES].to_numpy()
    third = np.digitize(numbers[:, 0], [-0.5, 0.5])
    content = exported(LogisticRegression().fit(numbers, third), numbers[:1])
    with pytest.raises(ModelError, match=r"has 3 classes .0, 1, 2.. Say whose probability"):
        parse_model(content, "m.onnx", features=FEATURES)
    parts = [
        parse_model(content, "m.onnx", features=FEATURES, positive=k).predict(rows)
        for k in (0, "1", 2)
    ]
    np.testing.assert_allclose(sum(parts), 1.0, atol=1e-5)


def test_a_table_without_names_says_its_width(rows: pd.DataFrame, label: pd.Series) -> None:
    numbers = rows[FEATURES].to_numpy()
    content = exported(LogisticRegression().fit(numbers, label), numbers[:1])
    assert parse_model(content, "m.onnx").features is None
    assert len(parse_model(content, "m.onnx").predict(rows[FEATURES])) == 300
    with pytest.raises(ModelError, match="a table of 3 columns, and 4 are given"):
        parse_model(content, "m.onnx").predict(rows)
    with pytest.raises(ModelError, match="a table of 3 columns, and 2 are given"):
        parse_model(content, "m.onnx", features=["age", "income"])


def test_missing_numbers_reach_the_model(rows: pd.DataFrame) -> None:
    box = parse_model(graph_of(helper.make_node("IsNaN", ["X"], ["n"]), "n"), "m.onnx")
    assert box.predict(pd.DataFrame({"a": [1.0, None], "b": [None, 1.0]})).tolist() == [0.0, 1.0]


def test_many_rows_are_asked_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_files, "BATCH_ROWS", 7)
    box = parse_model(graph_of(helper.make_node("Neg", ["X"], ["n"]), "n"), "m.onnx")
    table = pd.DataFrame({"a": np.arange(100.0), "b": 0.0})
    assert box.predict(table).tolist() == (-np.arange(100.0)).tolist()
    assert box.predict(table[:0]).tolist() == []


# ---- forged files ---------------------------------------------------------------------------


def graph_of(
    *parts: Any, tables: Any = (), kind: int = TensorProto.FLOAT, shape: Any = (None, 2)
) -> bytes:
    """An ONNX file of some nodes; the last part names the value whose first column it gives."""
    *nodes, last = parts
    nodes += [
        helper.make_node("Cast", [last], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["number", "first"], ["Y"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("X", kind, shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.array([0]), "first"), *tables],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def test_other_files_on_this_computer_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(np.array([42.0], np.float32).tobytes())
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    add = helper.make_node("Add", ["X", "w"], ["s"])
    with pytest.raises(UntrustedModelError, match="numbers from other files on this computer"):
        parse_model(graph_of(add, "s", tables=[tensor]), "m.onnx")
    constant = helper.make_node("Constant", [], ["w"], value=tensor)
    with pytest.raises(UntrustedModelError, match="from other files"):
        parse_model(graph_of(constant, add, "s"), "m.onnx")
    branch = helper.make_graph(
        [constant], "b", [], [helper.make_tensor_value_info("w", TensorProto.FLOAT, [1])]
    )
    hidden = helper.make_node("If", ["c"], ["w"], then_branch=branch, else_branch=branch)
    with pytest.raises(UntrustedModelError, match="from other files"):
        parse_model(graph_of(hidden, add, "s"), "m.onnx")


@pytest.mark.parametrize("domain", ["com.microsoft", "evil", "ai.onnx.ml "])
def test_operators_outside_the_standard_are_refused(domain: str) -> None:
    odd = helper.make_node("Anything", ["X"], ["s"], domain=domain)
    with pytest.raises(UntrustedModelError, match="operators outside the ONNX standard"):
        parse_model(graph_of(odd, "s"), "m.onnx")


def test_functions_of_its_own_are_refused() -> None:
    model = onnx.ModelProto.FromString(graph_of(helper.make_node("Neg", ["X"], ["s"]), "s"))
    model.functions.add(name="f", domain="evil")
    with pytest.raises(UntrustedModelError, match="functions or training steps of its own"):
        parse_model(model.SerializeToString(), "m.onnx")


def test_a_table_of_any_size_meets_the_limit_of_memory() -> None:
    size = numpy_helper.from_array(np.array([10**10]), "size")
    nodes = (
        helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        helper.make_node("Add", ["X", "sum"], ["s"]),
    )
    box = parse_model(graph_of(*nodes, "s", tables=[size]), "m.onnx")
    with pytest.raises(ModelError, match=r"'m\.onnx' failed when asked about 1 rows: .*memory"):
        box.predict(pd.DataFrame({"a": [1.0], "b": 2.0}))
    small = numpy_helper.from_array(np.array([10]), "size")
    box = parse_model(graph_of(*nodes, "s", tables=[small]), "m.onnx")
    assert box.predict(pd.DataFrame({"a": [1.0], "b": 2.0})).tolist() == [1.0]


def test_a_table_that_lacks_its_numbers() -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[10**6, 10**6])
    content = graph_of(helper.make_node("Add", ["X", "w"], ["s"]), "s", tables=[tensor])
    with pytest.raises(ModelError, match="a table in it lacks its numbers"):
        parse_model(content, "m.onnx")


def endless() -> bytes:
    inside = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Neg", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        ],
    )
    tables = [
        numpy_helper.from_array(np.array(10**15), "times"),
        numpy_helper.from_array(np.array(True), "yes"),
    ]
    loop = helper.make_node("Loop", ["times", "yes", "X"], ["s"], body=inside)
    return graph_of(loop, "s", tables=tables)


def no_thread_waits() -> bool:
    until = time.monotonic() + 5
    while any(t.name == "workbench-waits" for t in threading.enumerate()):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_a_loop_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_files, "ONNX_SECONDS", 0.3)
    box = parse_model(endless(), "m.onnx")
    with pytest.raises(ModelError, match=r"needed more than 0\.3 seconds for 1 rows"):
        box.predict(pd.DataFrame({"a": [1.0], "b": 2.0}))
    assert no_thread_waits(), "the run itself ended too"


def test_a_run_can_be_cancelled() -> None:
    box = parse_model(endless(), "m.onnx")
    started = time.monotonic()
    with stopped_by(lambda: time.monotonic() > started + 0.3), pytest.raises(AuditCancelled):
        box.predict(pd.DataFrame({"a": [1.0], "b": 2.0}))
    assert time.monotonic() - started < 1.0
    assert no_thread_waits()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nodes_featureids", 10_000_000),
        ("nodes_featureids", -5),
        ("nodes_truenodeids", 10_000_000),
        ("class_ids", 7),
        ("class_ids", -5),
        ("class_nodeids", 10_000_000),
    ],
)
def test_a_forged_tree_fails_in_words(
    field: str, value: int, rows: pd.DataFrame, label: pd.Series
) -> None:
    numbers = rows[FEATURES].to_numpy()
    model = skl2onnx.to_onnx(RandomForestClassifier(2).fit(numbers, label), numbers[:1])
    tree = next(node for node in model.graph.node if node.op_type.startswith("Tree"))
    next(a for a in tree.attribute if a.name == field).ints[0] = value
    with pytest.raises(
        ModelError, match=r"'m\.onnx' (cannot be read as a model|failed|was not opened)"
    ):
        parse_model(model.SerializeToString(), "m.onnx", features=FEATURES).predict(rows)


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_a_pickle_named_onnx_never_runs(tmp_path: Path) -> None:
    with pytest.raises(UntrustedModelError, match="is a pickle or an archive"):
        parse_model(pickle.dumps(Bomb(tmp_path / "ran")), "m.onnx")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", ModelError, "is not an ONNX file"),
        (b"hello", ModelError, "is not an ONNX file"),
        (b"PK\x03\x04", UntrustedModelError, "is a pickle or an archive"),
        (b"\x1c\x00\x00\x00ORTM" + b"\0" * 99, ModelError, "is not an ONNX file"),
        (b"\x0a\x80" * 1000, ModelError, "is not an ONNX file"),
    ],
)
def test_what_is_no_onnx_file(content: bytes, error: type[ModelError], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_model(content, "m.onnx")


def test_damaged_files_are_errors_in_words(
    monkeypatch: pytest.MonkeyPatch, rows: pd.DataFrame, label: pd.Series
) -> None:
    numbers = rows[FEATURES].to_numpy()
    content = exported(LogisticRegression().fit(numbers, label), numbers[:1])
    generator = np.random.default_rng(1)
    refused = 0
    for tries, place in enumerate(generator.choice(len(content), size=200, replace=False)):
        if tries == 10:  # each child process takes a while
            monkeypatch.setattr("workbench.models.files.onnx_files.tried", lambda *_: "fine")
        damaged = bytearray(content)
        damaged[place] = generator.integers(256)
        try:
            parse_model(bytes(damaged), "m.onnx", features=FEATURES).predict(rows)
        except ModelError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        ((None, 2, 2), TensorProto.FLOAT, "a model here reads columns"),
        ((None, 2), TensorProto.UINT8, "a model here reads columns"),
        ((5, 2), TensorProto.FLOAT, "answers exactly 5 rows at a time"),
    ],
)
def test_inputs_that_are_no_columns(shape: Any, kind: int, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        parse_model(
            graph_of(helper.make_node("Identity", ["X"], ["s"]), "s", kind=kind, shape=shape),
            "m.onnx",
        )


def test_whole_numbers_stay_whole() -> None:
    content = graph_of(helper.make_node("Neg", ["X"], ["s"]), "s", kind=TensorProto.INT64)
    box = parse_model(content, "m.onnx", features=["a", "b"])
    assert box.predict(pd.DataFrame({"a": [1, 2], "b": [True, False]})).tolist() == [-1.0, -2.0]
    with pytest.raises(ModelError, match=r"reads 'a' as whole numbers and was asked about 1\.5"):
        box.predict(pd.DataFrame({"a": [1.5], "b": [1]}))


def test_labels_alone_are_not_enough() -> None:
    model = onnx.ModelProto.FromString(graph_of(helper.make_node("Neg", ["X"], ["s"]), "s"))
    model.graph.node.add(op_type="Cast", input=["Y"], output=["Z"]).attribute.add(
        name="to", type=2, i=TensorProto.INT64
    )
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("Z", TensorProto.INT64, [None, 1]))
    with pytest.raises(ModelError, match="gives class labels and no probabilities"):
        parse_model(model.SerializeToString(), "m.onnx")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_a_package_it_is_said_what_to_install(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = graph_of(helper.make_node("Neg", ["X"], ["s"]), "s")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=f"'{package}' is not installed"):
        parse_model(content, "m.onnx")
