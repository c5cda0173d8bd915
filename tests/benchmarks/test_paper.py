"""The paper's evaluation runs in its quick mode, and its headline claims hold there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "benchmarks" / "results" / "paper"
PATIENCE = 900
"""Seconds, on a machine on which others work; alone it takes about 150."""
BLIND = ("SHAP", "permutation importance", "FairTest")
FAMILIES = ["neural network", "random forest", "regression"]

pytest.importorskip("shap")
pytest.importorskip("aif360")


pytestmark = pytest.mark.slow


def run_quickly(shared_data: Path, out: Path) -> None:
    """Run the command itself."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CAFE_WORKBENCH_DATA": str(shared_data)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.paper", "--quick", "--out", str(out)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv")


def check_cafe_ranks_heart_disease_as_the_truth_does_and_the_baselines_do_not(folder: Path) -> None:
    agreement = table(folder, "agreement")
    heart = agreement[agreement.dataset == "heart_disease"]
    same = heart.pivot(index="method", columns="model", values="same_order")
    assert list(same.columns) == FAMILIES
    # The network, trained for 30 rounds, hardly tells the two smallest apart: see the check below.
    assert same.loc["CAFÉ total", ["regression", "random forest"]].all()
    assert not same.loc[list(BLIND)].any(axis=None)


def check_cafe_agrees_with_the_truth_on_both_worlds_and_every_model(folder: Path) -> None:
    agreement = table(folder, "agreement")
    own = agreement[agreement.method == "CAFÉ total"]
    assert len(own) == 6
    assert sorted(own.kendall_tau)[1] >= 0.9 and own.kendall_tau.min() >= 0.8
    others = agreement[agreement.method.isin(BLIND)]
    assert others.kendall_tau.max() < 0.9


def check_a_forgotten_feature_is_found_by_cafe_and_missed_by_shap_and_permutation(
    folder: Path,
) -> None:
    wide = table(folder, "without_smoking").pivot(index="model", columns="method", values="smoking")
    assert (wide[["SHAP", "permutation importance"]] == 0).all(axis=None)
    assert (wide["CAFÉ direct"] == 0).all()
    assert ((wide["CAFÉ total"] - wide["truth"]).abs() < 0.05 * wide["truth"]).all()
    assert (wide["truth"] > 5).all()


def check_the_indirect_influence_of_bmi_grows_beyond_fifty(folder: Path) -> None:
    found = table(folder, "subgroups")
    bmi = found[(found.feature == "bmi") & (found.part == "indirect")]
    for _, part in bmi.groupby(["model", "estimator"]):
        rows = part.set_index("subgroup")
        assert rows.low["age > 50"] > rows.high["age <= 50"]
        assert rows.truth["age > 50"] > rows.truth["age <= 50"] + 1


def check_paths_of_opposite_signs_are_told_apart(folder: Path) -> None:
    paths = table(folder, "opposite_paths")
    whole = paths.path.str.startswith("all paths")
    linear = paths[~whole & paths.truth.notna()]
    assert len(linear) == 2 and (linear.effect - linear.truth).abs().max() < 0.02
    assert linear.effect.min() < -0.5 < 0.5 < linear.effect.max()
    assert paths[whole].effect.abs().max() < 0.15


def check_cafe_as_in_the_paper_costs_the_same_for_every_model(folder: Path) -> None:
    times = table(folder, "times")
    adult = times[times.dataset == "adult"].pivot(
        index="method", columns="model", values="processor"
    )
    assert list(adult.columns) == FAMILIES
    logged = adult.loc["CAFÉ as in the paper"]
    # Hundredths of a second here: the full run holds it to a factor of 2.
    assert logged.max() / logged.min() < 4
    rivals = adult.loc[["FairTest", "permutation importance", "fuzzing"]]
    assert (logged < rivals.min()).all()


def check_fidelity_returns_where_the_graph_places_every_feature(folder: Path) -> None:
    found = table(folder, "fidelity")
    found = found[found.variant == "default"].assign(off=lambda t: t.rmse / t.rms_of_fuzzing)
    wide = found.pivot_table(index=["dataset", "model"], columns="features_read", values="off")
    both = wide.dropna()
    assert {"adult", "german_credit"} <= set(both.index.get_level_values("dataset"))
    assert (both["the graph's own"] < both["all"]).all()


def check_other_graphs_move_some_ranks_and_not_all(folder: Path) -> None:
    found = table(folder, "graph_changes").query("dataset == 'all'").set_index("change")
    assert len(found) == 6
    assert (found.ranks_changed > 0).all() and (found.ranks_changed < 0.8).all()
    assert (found.kendall_tau > 0.5).all() and (found.kendall_tau < 1).all()
    drawn = table(folder, "graph_repeats").query("change == 'fully connected'")
    assert drawn.groupby("dataset").ranks_changed.max().gt(0).sum() >= 3


def check_claims_are_judged_and_written(folder: Path) -> None:
    claims = json.loads((folder / "claims.json").read_text("utf-8"))
    assert len(claims) >= 20
    assert {c["question"] for c in claims} == {"RQ1", "RQ2", "RQ3", "RQ4"}
    assert {c["verdict"] for c in claims} <= {"holds", "partly", "does not hold"}
    page = (folder / "summary.md").read_text("utf-8")
    for claim in claims:
        assert claim["claim"] in page
    for name in re.findall(r"\]\(([^)]+)\)", page):
        assert (folder / name).is_file(), name
    assert "565.41" in page, "the paper's own seconds stand beside ours"


def check_what_is_stored_has_the_tables_of_the_command(folder: Path) -> None:
    assert {p.name for p in STORED.iterdir()} == {p.name for p in folder.iterdir()}
    for path in folder.glob("*.csv"):
        assert list(table(STORED, path.stem).columns) == list(table(folder, path.stem).columns)
    about = json.loads((STORED / "about.json").read_text("utf-8"))
    assert about["size"] == "full"
    # As for the quick run: on a busy machine the clock runs on while others work.
    assert min(about["seconds"], about["processor"]) < 20 * 60
    said = {c["claim"] for c in json.loads((folder / "claims.json").read_text("utf-8"))}
    assert {c["claim"] for c in json.loads((STORED / "claims.json").read_text("utf-8"))} == said


CHECKS = (
    check_cafe_ranks_heart_disease_as_the_truth_does_and_the_baselines_do_not,
    check_cafe_agrees_with_the_truth_on_both_worlds_and_every_model,
    check_a_forgotten_feature_is_found_by_cafe_and_missed_by_shap_and_permutation,
    check_the_indirect_influence_of_bmi_grows_beyond_fifty,
    check_paths_of_opposite_signs_are_told_apart,
    check_cafe_as_in_the_paper_costs_the_same_for_every_model,
    check_fidelity_returns_where_the_graph_places_every_feature,
    check_other_graphs_move_some_ranks_and_not_all,
    check_claims_are_judged_and_written,
    check_what_is_stored_has_the_tables_of_the_command,
)


def test_the_quick_evaluation_shows_what_the_paper_claims(
    shared_data: Path, tmp_path: Path
) -> None:
    # One test, because workers that share the tests of a module would each run the command.
    run_quickly(shared_data, tmp_path)
    failed = {}
    for check in CHECKS:
        try:
            check(tmp_path)
        except AssertionError as error:
            failed[check.__name__] = str(error)
    assert not failed
