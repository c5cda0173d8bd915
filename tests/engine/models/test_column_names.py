"""Columns that exporters rename: the mapping is offered, said, and kept in the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import skl2onnx
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import workbench as wb
from workbench.case.model_sources import ModelFile
from workbench.cli.sources import Named, load_case
from workbench.common.errors import ModelError
from workbench.models.column_names import columns_for

RNG = np.random.default_rng(0)
DATA = pd.DataFrame(
    {
        "Years in job": RNG.integers(0, 30, 300).astype(float),
        "home-town": RNG.choice(["Rome", "Oslo"], 300),
        "age": RNG.normal(40, 9, 300),
    }
)
YES = (DATA["Years in job"] + (DATA["home-town"] == "Rome") * 9 > 18).astype(int)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["home-town"]), remainder="passthrough"),
        LogisticRegression(max_iter=1_000),
    ).fit(DATA, YES)
    kinds = [
        (name, skl2onnx.common.data_types.FloatTensorType([None, 1]))
        if DATA[name].dtype.kind == "f"
        else (name, skl2onnx.common.data_types.StringTensorType([None, 1]))
        for name in DATA.columns
    ]
    path = tmp_path_factory.mktemp("renamed") / "model.onnx"
    proto = skl2onnx.to_onnx(model, initial_types=kinds, options={"zipmap": False})
    path.write_bytes(proto.SerializeToString())
    return path, model


def test_the_exporter_renames_columns(exported: tuple[Path, Any]) -> None:
    assert wb.read_model(exported[0]).features == ("Years_in_job", "home_town", "age")


def test_in_python_the_mapping_is_offered(exported: tuple[Path, Any]) -> None:
    path, model = exported
    box = wb.read_model(path)
    graph = wb.CausalGraph([], nodes=[*DATA.columns, "yes"])
    with pytest.raises(ModelError, match=r"model\.renamed\(\{'Years_in_job': 'Years in job'"):
        wb.AuditCase(data=DATA.assign(yes=YES), model=box, graph=graph, outcome="yes")
    renamed = box.renamed({"Years_in_job": "Years in job", "home_town": "home-town"})
    own = model.predict_proba(DATA)[:, 1]
    np.testing.assert_allclose(renamed.predict(DATA[DATA.columns[::-1]]), own, atol=1e-5)


def test_on_the_command_line_it_is_taken_said_and_kept(
    exported: tuple[Path, Any], tmp_path: Path
) -> None:
    path, model = exported
    DATA.assign(yes=YES).to_csv(tmp_path / "data.csv", index=False)
    graph = wb.CausalGraph([("age", "yes")], nodes=[*DATA.columns, "yes"])
    graph.write(tmp_path / "graph.json")
    loaded = load_case(
        Named(data=tmp_path / "data.csv", model=path, graph=tmp_path / "graph.json", outcome="yes")
    )
    assert loaded.case.reads == ("Years in job", "home-town", "age")
    assert any("Years_in_job is Years in job" in note for note in loaded.notes)
    space: dict[str, Any] = {"wb": wb}
    exec(loaded.code, space)
    own = model.predict_proba(DATA)[:, 1]
    np.testing.assert_allclose(space["model"].predict(space["data"]), own, atol=1e-5)


def test_names_that_fit_are_left_alone(exported: tuple[Path, Any]) -> None:
    plain = ["Years_in_job", "home_town", "age"]
    found = ModelFile(str(exported[0])).opened((), plain)
    assert ".renamed(" not in found.lines[0] and not found.notes


def test_lightgbm_renames_too() -> None:
    numbers = DATA[["Years in job", "age"]]
    booster = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(numbers, YES).booster_
    box = wb.BlackBoxModel.wrap(booster)
    same = columns_for(box.features or (), DATA.columns)
    assert same == {"Years_in_job": "Years in job"}
    assert box.renamed(same).predict(DATA).shape == (300,)


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["a_b"], ["a b", "a-b"]),  # several can be meant
        (["a_b", "c"], ["a b"]),  # one is missing
        (["a_b_c", "a_b c"], ["a b c"]),  # one column for two names
    ],
)
def test_no_guess_is_made(names: list[str], columns: list[str]) -> None:
    assert columns_for(names, columns) is None


def test_a_name_that_the_model_does_not_use_is_refused() -> None:
    box = wb.BlackBoxModel(lambda rows: rows["a_b"], ["a_b"])
    with pytest.raises(ModelError, match="reads no 'other'"):
        box.renamed({"other": "x"})
