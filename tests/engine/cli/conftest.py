"""A case in files: table, model, graph and logged predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skops.io

import workbench as wb
from workbench.models.trained_here import train_model


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with table, model, graph, and a table with logged predictions."""
    folder = tmp_path_factory.mktemp("case")
    world = wb.datasets.loan(800, seed=4)
    data = world.data.assign(zip_code=world.data["zip_code"].str.removeprefix("MA "))
    data["race"] = np.where(np.arange(800) % 2, "Black", "White")
    model = train_model(data, world.features, "approved")
    data.to_csv(folder / "loan.csv", index=False)
    scores = model.predict_proba(data)[:, 1]
    data.assign(score=scores).to_csv(folder / "logged.csv", index=False)
    skops.io.dump(model, folder / "model.skops")
    world.graph.write(folder / "graph.json")
    world.graph.write(folder / "graph.dagitty")
    (folder / "features.txt").write_text(",".join(world.features), encoding="utf-8")
    return folder
