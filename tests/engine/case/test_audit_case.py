"""The audit case: everything checked against everything, once."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.case.asking.budget import Budget
from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.common.errors import DataError, GraphError, ModelError, TargetError
from workbench.graph.causal_graph import CausalGraph
from workbench.models.black_box import BlackBoxModel

GRAPH = CausalGraph([("zip", "income"), ("income", "approved")])


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "zip": ["N", "S", "N", "S", "N", "W"],
            "income": [10.0, 20.0, 30.0, 40.0, np.nan, 60.0],
            "age": pd.array([20, 30, None, 50, 60, 70], dtype="Int64"),
            "member": [True, False, True, True, False, False],
            "size": pd.Categorical(["s", "m", "l", "s", "m", None], ["s", "m", "l"], ordered=True),
            "approved": [0, 1, 0, 1, 1, 0],
            "when": pd.date_range("2020-01-01", periods=6),
        },
        index=list("uvwxyz"),
    )


def scores(rows: pd.DataFrame) -> pd.Series:
    return rows["income"].fillna(0) / 100


def make(**changes) -> AuditCase:
    parts = {
        "data": table(),
        "model": BlackBoxModel(scores, features=["income", "age"]),
        "graph": GRAPH,
        "outcome": "approved",
    }
    return AuditCase(**(parts | changes))


def test_a_case() -> None:
    case = make()
    assert case.features == ("zip", "income", "age")
    assert case.reads == ("income", "age")
    assert (case.n_rows, case.output) == (6, "probability")
    assert case.predictions.tolist() == [0.1, 0.2, 0.3, 0.4, 0.0, 0.6]
    assert not case.predictions.flags.writeable
    assert list(case.columns) == ["zip", "income", "age"]
    assert case.carriers("zip") == ("income",)
    assert case.audit_graph.parents("prediction") == ("income", "age")
    assert "approved" not in case.audit_graph
    assert case.warnings == (
        "The graph lacks 'age', which the model reads. Until connected, it is taken to have no "
        "causes and no effects among the features.",
    )
    assert case.budget is None


def test_an_outcome_that_causes_something_stays_in_the_graph() -> None:
    case = make(graph=CausalGraph([("approved", "income"), ("zip", "approved")]))
    assert case.features == ("zip", "income", "age")
    assert "approved" in case.columns
    assert case.carriers("zip") == ("approved", "income")


def test_what_the_model_is_and_reads() -> None:
    case = AuditCase(table(), scores, GRAPH, "approved", features=["income"])
    assert case.reads == ("income",) and isinstance(case.model, BlackBoxModel)
    assert AuditCase(table(), scores, GRAPH, features="income").reads == ("income",)
    assert make(features=["age", "income"]).reads == ("income", "age")
    nothing = make(model=BlackBoxModel(lambda rows: np.full(len(rows), 0.5), features=[]))
    assert nothing.reads == () and nothing.features == ("zip", "income")


BAD = {
    "no frame": (
        {"data": {"a": [1]}},
        DataError,
        "A pandas DataFrame is expected, not a dict",
    ),
    "no rows": ({"data": table()[:0]}, DataError, "has 0 rows and 7 columns: it is empty"),
    "names that are no text": (
        {"data": table().rename(columns={"age": 3})},
        DataError,
        "Column names must be text; 3 is not",
    ),
    "duplicate columns": (
        {"data": table().rename(columns={"age": "zip"})},
        DataError,
        "several columns named 'zip'. Rename or drop some",
    ),
    "unknown outcome": (
        {"outcome": "aproved"},
        DataError,
        r"The outcome 'aproved' is not a column of the data. Did you mean 'approved'\?",
    ),
    "outcome always missing": (
        {"data": table().assign(approved=np.nan)},
        DataError,
        "The outcome 'approved' is missing in every row",
    ),
    "dates read": (
        {"model": BlackBoxModel(scores, features=["income", "when"])},
        DataError,
        "Column 'when' holds dates",
    ),
    "infinite": (
        {"data": table().assign(income=[1, 2, np.inf, 4, 5, 6])},
        DataError,
        "Column 'income' holds an infinite value at row 'w'",
    ),
    "all missing": (
        {"data": table().assign(zip=None)},
        DataError,
        "Column 'zip' holds no value at all",
    ),
    "no features": (
        {"model": scores},
        ModelError,
        r"does not say which features it reads. Add features=\[…\] to the case",
    ),
    "contradicting features": (
        {"features": ["income", "zip"]},
        ModelError,
        "The model says it reads 'income', 'age', but the case says 'income', 'zip'",
    ),
    "unknown feature": (
        {"model": BlackBoxModel(scores, features=["incom"])},
        ModelError,
        r"The model reads 'incom', which the data does not have. Did you mean 'income'\?",
    ),
    "feature twice": ({"model": scores, "features": ["age", "age"]}, ModelError, "twice"),
    "features of the wrong kind": ({"model": scores, "features": 3}, ModelError, "not by 3"),
    "reads the outcome": (
        {"model": BlackBoxModel(scores, features=["income", "approved"])},
        ModelError,
        "reads the outcome 'approved' itself",
    ),
    "no model": ({"model": 3}, ModelError, "A int is not a model"),
    "wrong shape": (
        {"model": BlackBoxModel(lambda rows: np.zeros((len(rows), 2)), features=["age"])},
        ModelError,
        r"array of shape \(6, 2\)",
    ),
    "NaN": (
        {"model": BlackBoxModel(lambda rows: rows["income"], features=["income"])},
        ModelError,
        "answered 1 of 6 rows with NaN or infinity",
    ),
    "labels": (
        {"model": BlackBoxModel(lambda rows: rows["zip"], features=["zip"])},
        ModelError,
        "class labels such as .'N'., where a probability is expected",
    ),
    "logged predictions of another length": (
        {"model": BlackBoxModel.from_predictions([0.1, 0.2], features=["age"])},
        ModelError,
        "There are 2 logged predictions for 6 rows of data",
    ),
    "no graph": ({"graph": [("a", "b")]}, GraphError, "The graph is a list; make one with"),
    "unknown node": (
        {"graph": GRAPH.add_edge("zipp", "income")},
        GraphError,
        r"The graph names 'zipp', .* Did you mean 'zip'\? .* mark it as latent",
    ),
    "latent but read": (
        {"graph": CausalGraph([("zip", "income")], latents=["income"])},
        GraphError,
        "The model reads 'income', which the graph calls latent",
    ),
    "a feature called prediction": (
        {
            "data": table().assign(prediction=[1, 2, 3, 4, 5, 6]),
            "graph": GRAPH.add_edge("prediction", "income"),
        },
        GraphError,
        "'prediction' stands for the model's output and is taken by a feature",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_parts(name: str) -> None:
    changes, kind, message = BAD[name]
    with pytest.raises(kind, match=message):
        make(**changes)


def test_unused_columns_may_hold_anything() -> None:
    data = table().assign(junk=[[1], {}, None, 1, "a", object()])
    assert make(data=data).features == ("zip", "income", "age")


def test_warnings() -> None:
    data = table().assign(income=5.0, size="m")
    model = BlackBoxModel(scores, features=["income", "age", "size"])
    lacking, constant = make(data=data, model=model).warnings
    assert lacking.startswith("The graph lacks 'age', 'size', which the model reads.")
    assert constant == ("Constant in this data, so nothing can be learned of it: 'income', 'size'.")
    labels = BlackBoxModel(lambda rows: (rows["income"] > 25).astype(float), features=["income"])
    (warning,) = make(model=labels).warnings
    assert "0 or 1, which looks like class labels" in warning


# ---- nothing changes behind the auditor's back --------------------------------------------


def test_changing_the_data_afterwards_changes_nothing() -> None:
    data = table()
    case = make(data=data)
    before, prints = case.data.copy(), (case.data_fingerprint, case.model_fingerprint)
    data.loc["u", "income"] = 1e6
    data["zip"].array[0] = "ZZZ"
    data["age"].array[0] = 99
    del data["member"]
    data.index = list("abcdef")
    pd.testing.assert_frame_equal(case.data, before)
    assert prints == (case.data_fingerprint, case.model_fingerprint)
    assert prints == (make().data_fingerprint, make().model_fingerprint)


def test_an_array_behind_the_frame() -> None:
    values = np.arange(12.0).reshape(6, 2)
    data = pd.DataFrame(values, columns=["zip", "income"], copy=False)
    case = AuditCase(
        data, BlackBoxModel(scores, features=["income"]), CausalGraph([("zip", "income")])
    )
    values[:] = -1
    assert case.data["income"].tolist() == [1, 3, 5, 7, 9, 11]
    assert case.columns["income"].values.tolist() == [1, 3, 5, 7, 9, 11]


def test_a_model_that_writes_into_its_input() -> None:
    def vandal(rows: pd.DataFrame) -> np.ndarray:
        result = rows["income"].fillna(0).to_numpy() / 100
        rows["income"].array[:] = -1  # past copy-on-write
        rows["zip"].array[0] = "gone"
        rows["age"] = 0
        del rows["income"]
        return result

    data = table()
    case = make(data=data, model=BlackBoxModel(vandal, features=["income", "zip", "age"]))
    pd.testing.assert_frame_equal(data, table())
    pd.testing.assert_frame_equal(case.data, table())
    assert case.columns["income"].values.tolist()[:4] == [10, 20, 30, 40]
    assert case.predictions.tolist() == make().predictions.tolist()


def test_logged_predictions_are_copied() -> None:
    logged = np.linspace(0, 1, 6)
    case = make(model=BlackBoxModel.from_predictions(logged, features=["income"]))
    logged[:] = 0.5
    assert case.predictions.tolist() == np.linspace(0, 1, 6).tolist()


def test_frozen() -> None:
    case = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.graph = GRAPH  # type: ignore[misc]
    with pytest.raises(TypeError):
        case.columns["zip"] = None  # type: ignore[index]


# ---- another graph ------------------------------------------------------------------------


def test_with_graph_shares_what_was_computed_and_asks_nothing() -> None:
    budget = Budget()
    case = make().counted_in(budget)
    _ = case.audit_graph, case.data_fingerprint, case.model_fingerprint
    other = case.with_graph(GRAPH.add_edge("member", "income").add_edge("member", "age"))
    assert (budget.spent, budget.calls) == (0, 0) and other.budget is budget
    assert other.predictions is case.predictions and other.data is case.data
    assert other.columns["zip"] is case.columns["zip"]
    assert other.features == ("zip", "income", "age", "member") and other.warnings == ()
    assert case.features == ("zip", "income", "age") and len(case.warnings) == 1
    assert other.carriers("member") == ("income", "age")
    assert case.audit_graph is not other.audit_graph
    assert other.with_graph(GRAPH).data_fingerprint == case.data_fingerprint
    assert other.data_fingerprint != case.data_fingerprint
    with pytest.raises(GraphError, match="The graph names 'zipp'"):
        case.with_graph(GRAPH.add_edge("zipp", "income"))
    with pytest.raises(DataError, match="Column 'when' holds dates"):
        case.with_graph(GRAPH.add_edge("when", "income"))


def test_with_graph_equals_a_new_case() -> None:
    graph = GRAPH.add_edge("member", "income")
    one, two = make().with_graph(graph), make(graph=graph)
    for field in dataclasses.fields(AuditCase):
        if field.name in ("features", "warnings", "graph", "outcome"):
            assert getattr(one, field.name) == getattr(two, field.name)
    assert one.data_fingerprint == two.data_fingerprint
    assert one.model_fingerprint == two.model_fingerprint
    assert list(one.columns) == list(two.columns)


def test_replace() -> None:
    case = make(model=scores, features=["income"])
    wider = dataclasses.replace(case, graph=GRAPH.add_edge("member", "income"))
    assert wider.reads == ("income",) and wider.features == ("zip", "income", "member")
    narrower = dataclasses.replace(wider, graph=CausalGraph([("zip", "income")]))
    assert narrower.features == ("zip", "income")
    retrained = BlackBoxModel(lambda rows: rows["size"].isna() * 0.5, features=["size"])
    assert dataclasses.replace(case, model=retrained).features == ("zip", "income", "size")
    with pytest.raises(GraphError, match="The graph names 'zipp'"):
        dataclasses.replace(case, graph=GRAPH.add_edge("zipp", "income"))


# ---- targets ------------------------------------------------------------------------------


def test_resolve() -> None:
    case = make()
    names, rows = case.resolve(UnlearningTarget.subgroup("age > 40 and `zip` == 'W'", ["zip"]))
    assert (names, rows.tolist()) == (("zip",), [False] * 5 + [True])
    names, rows = case.resolve(UnlearningTarget.datapoints("w"))
    assert (names, rows.tolist()) == (("income", "age"), [False, False, True, False, False, False])
    assert case.resolve(UnlearningTarget())[0] == ("income", "age")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (UnlearningTarget.feature("approved"), "'approved' is the outcome. .* choose among 'zip'"),
        (UnlearningTarget.feature("member"), "neither does the model read it nor .* Draw it into"),
        (UnlearningTarget.feature("zipp"), r"names 'zipp', which is not a feature .* mean 'zip'\?"),
        (UnlearningTarget.subgroup("age > 400"), "subgroup is empty: none of the 6 rows"),
        (UnlearningTarget.datapoints("q"), "no row labelled 'q'"),
        ("zip", r"made by wb.UnlearningTarget, for instance .*feature\('zip'\); 'zip' is not one"),
    ],
)
def test_targets_that_do_not_fit(target, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        make().resolve(target)


def test_a_latent_target_and_a_model_that_reads_nothing() -> None:
    graph = CausalGraph([("wealth", "income"), ("zip", "income")], latents=["wealth"])
    with pytest.raises(TargetError, match="'wealth' is latent: it was never observed"):
        make(graph=graph).resolve(UnlearningTarget.feature("wealth"))
    nothing = make(model=BlackBoxModel(lambda rows: np.full(len(rows), 0.5), features=[]))
    with pytest.raises(TargetError, match="reads no feature of the data"):
        nothing.resolve(UnlearningTarget())


# ---- fingerprints -------------------------------------------------------------------------


def test_fingerprints_are_the_same_in_every_process() -> None:
    here = make()
    root = Path(__file__).parents[3]
    code = (
        "import runpy; made = runpy.run_path('tests/engine/case/test_audit_case.py')['make']();"
        "print(made.data_fingerprint, made.model_fingerprint)"
    )
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        )
        assert there.stdout.split() == [here.data_fingerprint, here.model_fingerprint]


WHOLE = CausalGraph(
    [("zip", "income"), ("age", "income"), ("member", "income"), ("size", "income")]
)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.assign(zip=["N", "S", "N", "S", "N", "N"]),
        lambda d: d.assign(zip=["N", "S", "S", "N", "N", "W"]),
        lambda d: d.assign(zip=["N", "S", "N", "S", None, "W"]),
        lambda d: d.assign(zip=d["zip"].astype("category")),
        lambda d: d.assign(zip=d["zip"].astype(object)),
        lambda d: d.assign(income=[10.0, 20.0, 30.0, 40.0, np.nan, np.nextafter(60, 61)]),
        lambda d: d.assign(income=d["income"].astype("float32")),
        lambda d: d.assign(income=d["income"].fillna(0)),
        lambda d: d.assign(age=d["age"].astype("Float64")),
        lambda d: d.assign(member=~d["member"]),
        lambda d: d.assign(member=d["member"].astype(int)),
        lambda d: d.assign(size=d["size"].cat.as_unordered()),
        lambda d: d.assign(size=d["size"].cat.reorder_categories(["l", "m", "s"])),
        lambda d: d.assign(size=d["size"].cat.add_categories("xl")),
        lambda d: d.assign(approved=[0, 1, 0, 1, 1, 1]),
        lambda d: d.assign(approved=d["approved"].astype(float)),
        lambda d: d[::-1],
        lambda d: d[:5],
        lambda d: d.set_axis(list("uvwxyq")),
        lambda d: d.reset_index(drop=True),
        lambda d: d[["age", "zip", "income", "member", "size", "approved"]],
    ],
)
def test_any_change_of_the_data_changes_its_fingerprint(change) -> None:
    model = BlackBoxModel(lambda rows: np.full(len(rows), 0.5), features=["income"])
    before = make(model=model, graph=WHOLE).data_fingerprint
    assert len(before) == 64
    assert make(model=model, graph=WHOLE, data=change(table())).data_fingerprint != before


def test_a_new_name_changes_the_fingerprint() -> None:
    plain = CausalGraph([], nodes=["zip"])
    one = make(graph=plain)
    two = make(graph=CausalGraph([], nodes=["zap"]), data=table().rename(columns={"zip": "zap"}))
    assert one.data_fingerprint != two.data_fingerprint
    assert one.model_fingerprint == two.model_fingerprint


def test_the_model_fingerprint_follows_answers_and_features() -> None:
    plain = make().model_fingerprint
    other = BlackBoxModel(lambda rows: scores(rows) + 1e-9, features=["income", "age"])
    assert make(model=other).model_fingerprint != plain
    less = BlackBoxModel(scores, features=["income"])
    assert make(model=less).model_fingerprint != plain
    stated = BlackBoxModel(scores, features=["income", "age"], output="value")
    assert make(model=stated).model_fingerprint != plain


# ---- speed --------------------------------------------------------------------------------


def test_a_table_like_adult_is_ready_in_a_moment() -> None:
    """48,842 × 13, eight of them text: 0.15 s on one core; the bound leaves room for busy ones."""
    rng, n = np.random.default_rng(0), 48_842
    texts = {f"t{i}": rng.choice([f"level {j}" for j in range(2 + 5 * i)], n) for i in range(8)}
    numbers = {f"x{i}": rng.integers(0, 90, n) for i in range(5)}
    data = pd.DataFrame(texts | numbers)
    model = BlackBoxModel.from_predictions(rng.random(n), features=list(data))
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        AuditCase(data, model, CausalGraph([("t0", "x0")]))
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.6
