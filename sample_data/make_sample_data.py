"""Make the files of this folder again: ``python sample_data/make_sample_data.py [folder]``.

The CSV tables and graphs come out byte for byte the same; the model holds the same coefficients,
and the Parquet table the same values.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from workbench.datasets import SampleWorld, heart_disease, loan

ROWS = 1_000
SEED = 2025


def main(folder: Path) -> None:
    """Write every file into `folder`."""
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    for world in (loan(ROWS, SEED), heart_disease(ROWS, SEED)):
        write_world(world, folder)
    applications = pd.read_csv(folder / "loan.csv")
    model = fit_loan_model(applications, loan(1).features)
    skops.io.dump(model, folder / "loan_model.skops")
    scored = applications.assign(score=model.predict_proba(applications)[:, 1].round(6))
    scored.to_parquet(folder / "loan_scored.parquet", index=False)


def write_world(world: SampleWorld, folder: Path) -> None:
    """Write a world's table, three decimals, and its graph in two formats."""
    world.data.round(3).to_csv(folder / f"{world.name}.csv", index=False, lineterminator="\n")
    for suffix, text in (("json", world.graph.to_json()), ("dagitty", world.graph.to_dagitty())):
        path = folder / f"{world.name}_graph.{suffix}"
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def fit_loan_model(applications: pd.DataFrame, features: tuple[str, ...]) -> Pipeline:
    """Fit the bank's model, which reads neither race nor zip_code."""
    scale = ColumnTransformer([("scale", StandardScaler(), list(features))])
    model = Pipeline([("features", scale), ("model", LogisticRegression())])
    return model.fit(applications[list(features)], applications["approved"])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
