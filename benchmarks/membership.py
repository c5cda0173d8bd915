"""How well membership attacks recognise Adult's training rows, by family of model.

A model of each family is trained on half of a sample of Adult, then retrained without 200 rows.
Loss threshold, LiRA and RMIA are measured on rows known to be in the model and on the 200. U-LiRA
is asked to tell an unlearning that does nothing, and one that flips labels, from retraining.
Writes ``membership.md`` and ``membership.csv``.

Run: ``python benchmarks/membership.py [--quick] [--out FOLDER]``
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import workbench as wb
from workbench.checks.membership import ULira, membership_evidence, u_lira
from workbench.datasets import adult
from workbench.models.training import Training

RESULTS = Path(__file__).parent / "results"
ROWS, QUICK_ROWS = 6_000, 2_000
"""Sampled from Adult's 48,842; half of them are trained on."""
ERASED = 200
REFERENCES = 16
U_LIRA_MODELS = 8

FAMILIES: dict[str, Callable[[int], Any]] = {
    "logistic regression": lambda seed: LogisticRegression(max_iter=1_000),
    "random forest": lambda seed: RandomForestClassifier(100, random_state=seed),
    "extra trees": lambda seed: ExtraTreesClassifier(100, random_state=seed),
    "decision tree": lambda seed: DecisionTreeClassifier(random_state=seed),
    "gradient boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
    "5 nearest neighbours": lambda seed: KNeighborsClassifier(5),
    "neural network": lambda seed: MLPClassifier((32,), max_iter=60, random_state=seed),
    "naive Bayes": lambda seed: GaussianNB(),
}
QUICK = ("logistic regression", "random forest")


class Train:
    """Train a model of one family on rows of Adult."""

    def __init__(self, family: str, features: list[str], outcome: str) -> None:
        self.family, self.features, self.outcome = family, features, outcome

    def __call__(self, rows: pd.DataFrame, seed: int) -> Any:
        numbers = [name for name in self.features if rows[name].dtype.kind in "if"]
        words = [name for name in self.features if name not in numbers]
        prepared = make_column_transformer(
            (StandardScaler(), numbers),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = make_pipeline(prepared, FAMILIES[self.family](seed))
            return model.fit(rows[self.features], rows[self.outcome])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two families on 2,000 rows")
    parser.add_argument("--out", type=Path, help="folder of the results")
    chosen = parser.parse_args()
    started = time.perf_counter()
    world = adult()
    n = QUICK_ROWS if chosen.quick else ROWS
    data = world.data.sample(n, random_state=0).reset_index(drop=True)
    rng = np.random.default_rng(0)
    rows = rng.permutation(n) < n // 2
    erased = np.zeros(n, dtype=bool)
    erased[rng.choice(np.flatnonzero(rows), ERASED, replace=False)] = True
    target = wb.UnlearningTarget.datapoints(data.index[erased])

    def case_of(training: Training) -> wb.AuditCase:
        model = training.fit(data, rows & ~erased, 1)
        return wb.AuditCase(data, model, world.graph, outcome=world.outcome)

    frames, findings = [], []
    for family in QUICK if chosen.quick else FAMILIES:
        clock = time.perf_counter()
        training = Training(Train(family, list(world.features), world.outcome), rows)
        found = membership_evidence(
            case_of(training),
            target,
            training,
            attacks=("loss", "lira", "lira-offline", "rmia"),
            references=REFERENCES,
        )
        seconds = time.perf_counter() - clock
        frames.append(found.to_frame().assign(family=family, seconds=round(seconds, 1)))
        findings.append((family, found.finding))
        print(f"{family}: {seconds:.0f} s. {found.finding}", flush=True)
    table = pd.concat(frames)

    forest = Train("random forest", list(world.features), world.outcome)
    training = Training(forest, rows)
    outcome = world.outcome
    methods: dict[str, Callable[[pd.DataFrame, np.ndarray, int], Any]] = {
        "nothing done (fraud)": lambda rows, gone, seed: forest(rows, seed),
        "labels flipped (fraud)": lambda rows, gone, seed: forest(
            rows.assign(**{outcome: np.where(gone, 1 - rows[outcome], rows[outcome])}), seed
        ),
        "retrained": lambda rows, gone, seed: forest(rows[~gone], seed),
    }
    case, told = case_of(training), {}
    for name, unlearn in methods.items():
        told[name] = u_lira(case, target, training, unlearn, models=U_LIRA_MODELS)
        print(f"U-LiRA, {name}: {told[name].finding}", flush=True)
    seconds = time.perf_counter() - started
    text = report(table, findings, told, n, seconds)
    folder = chosen.out or (None if chosen.quick else RESULTS)
    if folder is None:
        print(text)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "membership.md").write_text(text, encoding="utf-8")
    front = ["family", "attack", "records"]
    table = table[front + [name for name in table if name not in front]]
    table.round(4).to_csv(folder / "membership.csv", index=False)
    print(f"{seconds:.0f} seconds; wrote {folder / 'membership.md'}")


def report(
    table: pd.DataFrame,
    findings: list[tuple[str, str]],
    told: dict[str, ULira],
    n: int,
    seconds: float,
) -> str:
    lines = [
        "# Membership evidence on Adult",
        "",
        f"A sample of {n:,} of Adult's 48,842 rows; half were trained on, and the audited model is "
        f"retrained without {ERASED} of these. {REFERENCES} reference models per family. Known "
        f"members are rows still in the model; AUC with a 95 % interval, 0.5 is guessing. TPR: "
        f"share of the known members found when 1 % and 0.1 % of the unseen rows are accused.",
        "",
        "| family | attack | AUC, known members | TPR at 1 % | TPR at 0.1 % | balanced accuracy "
        "| AUC, erased rows | models that kept them recognised |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    known = table[table["records"] == "known members"]
    target = table[table["records"] == "target"]
    for (_, one), (_, other) in zip(known.iterrows(), target.iterrows(), strict=True):
        lines.append(
            f"| {one['family']} | {one['attack']} | {between(one)} | {100 * one['tpr_1']:.1f} % | "
            f"{100 * one['tpr_01']:.1f} % | {one['balanced_accuracy']:.3f} | {between(other)} | "
            f"{100 * one['chance_to_find']:.0f} % |"
        )
    lines += ["", "## Findings", ""]
    lines += [f"- **{family}.** {finding}" for family, finding in findings]
    lines += [
        "",
        "## U-LiRA on a random forest",
        "",
        f"{U_LIRA_MODELS} models of each kind, each on its own 80 % of the other rows.",
        "",
        "| unlearning | AUC | accuracy | shift of the log-odds | smallest p | finding |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in told.items():
        lines.append(
            f"| {name} | {one.result.auc} | {one.result.accuracy} | {one.result.shift:+.2f} | "
            f"{one.result.smallest:.4f} | {one.decision} |"
        )
    lines += [
        "",
        f"Made in {seconds:.0f} seconds by `python benchmarks/membership.py`; Python "
        f"{platform.python_version()}, numpy {np.__version__}, scikit-learn {sklearn.__version__}.",
        "",
    ]
    return "\n".join(lines)


def between(row: pd.Series) -> str:
    return f"{row['auc']:.3f} ({row['auc_low']:.3f} to {row['auc_high']:.3f})"


if __name__ == "__main__":
    main()
