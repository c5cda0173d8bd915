"""The files in sample_data are what their script makes."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.datasets import heart_disease, loan
from workbench.graph.causal_graph import CausalGraph

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample_data")
    runpy.run_path(str(ROOT / "sample_data" / "make_sample_data.py"))["main"](folder)
    return folder


@pytest.mark.parametrize("world", ["loan", "heart_disease"])
def test_sample_files_are_what_their_script_makes(remade: Path, world: str):
    for name in (f"{world}.csv", f"{world}_graph.json", f"{world}_graph.dagitty"):
        assert (remade / name).read_bytes() == (ROOT / "sample_data" / name).read_bytes(), name


def test_sample_model_reads_only_its_features(remade: Path):
    import skops.io

    path = ROOT / "sample_data" / "loan_model.skops"
    kept, made = (
        skops.io.load(p, trusted=skops.io.get_untrusted_types(file=p))
        for p in (path, remade / "loan_model.skops")
    )
    data = pd.read_csv(ROOT / "sample_data" / "loan.csv")
    features = list(loan(1).features)
    assert list(kept.feature_names_in_) == features
    np.testing.assert_allclose(
        kept.predict_proba(data[features]), made.predict_proba(data[features])
    )
    assert data["zip_code"].map(type).eq(str).all()


def test_sample_graphs_agree_with_their_tables():
    for make in (loan, heart_disease):
        name = make(1).name
        graph = CausalGraph.from_json((ROOT / f"sample_data/{name}_graph.json").read_text())
        other = CausalGraph.from_dagitty((ROOT / f"sample_data/{name}_graph.dagitty").read_text())
        table = pd.read_csv(ROOT / f"sample_data/{name}.csv")
        assert graph == other == make(1).graph
        assert set(graph.nodes) == set(table.columns)


def test_sample_data_stays_small():
    assert sum(p.stat().st_size for p in (ROOT / "sample_data").glob("*.*")) < 300_000
