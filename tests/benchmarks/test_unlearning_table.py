"""The table of unlearning methods: made by its command, exact methods clear, frauds caught."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "benchmarks" / "results"
FRAUDS = ("unchanged", "masked-outputs", "flipped-labels", "audit-aware", "perfect-actor")
TRIPLE = ("before", "after", "world", "removed", "residue")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the command itself in its quick mode."""
    folder = tmp_path_factory.mktemp("unlearning")
    done = subprocess.run(
        [sys.executable, "benchmarks/unlearning_methods", "--quick", "--out", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(params=["quick", "stored"])
def runs(request: pytest.FixtureRequest) -> pd.DataFrame:
    folder = request.getfixturevalue("quick") if request.param == "quick" else STORED
    return pd.read_csv(folder / "unlearning_methods.csv")


def hit(runs: pd.DataFrame, name: str) -> pd.Series:
    return runs[name].map({True: True, False: False, "True": True, "False": False}) == True  # noqa: E712


pytestmark = pytest.mark.slow


def test_every_run_has_the_three_findings_with_intervals(runs: pd.DataFrame) -> None:
    for name in TRIPLE:
        assert runs[name].notna().all()
        assert (runs[f"{name}_low"] <= runs[name] + 1e-6).all()
        assert (runs[name] <= runs[f"{name}_high"] + 1e-6).all()
    removed = runs.before - runs.after
    residue = runs.after - runs.world
    assert (removed - runs.removed).abs().max() < 1e-5
    assert (residue - runs.residue).abs().max() < 1e-5


def test_exact_methods_are_not_called_residual(runs: pd.DataFrame) -> None:
    exact = runs[runs.kind == "exact"]
    # Without chance in the training there is nothing that could be called residual by chance.
    sure = exact[exact.deterministic]
    # A model that undoes a column's consequences reads the column to do so: none retrained without.
    undone = sure.removal == "consequences"
    assert len(sure) >= 4 and (sure.decision[~undone] == "below").all()
    assert set(sure.decision[undone]) <= {"below", "unknown"}
    assert sure.gap.max() == 0
    assert (exact.decision == "above").sum() <= 1 + len(exact[~exact.deterministic]) // 20


def test_every_fraud_is_caught_or_only_by_a_log(runs: pd.DataFrame) -> None:
    names = ["effects", "reads", "predictions", "gradient", "membership", "u_lira", "alone"]
    names += ["nearby"]
    unlogged = pd.concat([hit(runs, name) for name in names], axis=1).any(axis=1)
    rows = runs.request != "feature"
    for fraud in FRAUDS:
        mine = runs.method == fraud
        assert mine.any()
        if fraud == "perfect-actor":
            assert not unlogged[mine & rows].any(), "nothing that it answers gives it away"
            assert hit(runs, "served")[mine & rows].all()
        else:
            assert unlogged[mine].all(), runs[mine & ~unlogged].T
    assert hit(runs, "nearby")[runs.method == "masked-outputs"].all()
    assert hit(runs, "alone")[runs.method == "audit-aware"].all()
    by_heart = (runs.learner == "forest") & rows
    seen = by_heart & (runs.attack_chance >= 0.8)
    assert (runs.membership_says[seen & (runs.method == "unchanged")] == "traces").all()
    assert (runs.u_lira_says[by_heart & (runs.method == "unchanged")] == "traces").all()


def test_the_gradient_tells_the_old_weights_from_the_retrained(runs: pd.DataFrame) -> None:
    plain = runs[(runs.learner == "default") & (runs.request != "feature")].set_index("method")
    assert set(plain.loc[["unchanged"], "gradient_says"]) == {"optimum before"}
    assert set(plain.loc[["retrain"], "gradient_says"]) == {"optimum"}


def test_undoing_the_consequences_removes_what_dropping_the_column_leaves(
    runs: pd.DataFrame,
) -> None:
    loan = runs[(runs.table == "loan") & (runs.request == "feature") & (runs.method == "retrain")]
    after = loan.set_index("removal").after
    before = loan.set_index("removal").before
    assert before.nunique() == 1, "the same change is asked of the same model before"
    assert after["drop"] > 0.8 * before["drop"]
    assert abs(after["consequences"]) < 0.05 * before["drop"]


def test_the_page_says_what_the_table_says(quick: Path) -> None:
    page = (quick / "unlearning_methods.md").read_text(encoding="utf-8")
    runs = pd.read_csv(quick / "unlearning_methods.csv")
    exact = int((runs.kind == "exact").sum())
    assert f"0 of {exact} exact runs were called residual" in page
    for fraud in FRAUDS:
        total = int((runs.method == fraud).sum())
        assert f"- {fraud}: caught in {total} of {total} runs" in page
    assert "only by what was logged in daily use" in page
    assert page.count("\n## loan, ") == 2


def test_conclusions_follow_the_table(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.unlearning_methods.conclusions import conclusions

    truth = {"True": True, "False": False}
    runs = pd.read_csv(quick / "unlearning_methods.csv").replace(truth)
    repeats = pd.read_csv(quick / "unlearning_methods_repeats.csv")
    wrong = runs.copy()
    wrong["effects"] = True
    wrong["residual"] = True
    assert f"{len(runs[runs.kind == 'exact'])} of" in conclusions(wrong, repeats)[0]
    none = runs.copy()
    for name in ("effects", "reads", "predictions", "gradient", "membership", "u_lira", "alone",
                 "nearby", "served"):  # fmt: skip
        none[name] = False
    said = "\n".join(conclusions(none, repeats.assign(residual=True)))
    assert "- unchanged: caught in 0 of 3 runs." in said and "not caught on loan" in said
    assert f"residual {len(repeats)} times (100.0%" in said


def test_the_stored_table_covers_every_method_request_and_table() -> None:
    runs = pd.read_csv(STORED / "unlearning_methods.csv")
    assert set(runs.table) == {"loan", "adult", "german"}
    assert set(runs.request) == {"feature", "datapoints", "subgroup"}
    methods = set(runs.method)
    assert {"retrain", "sisa", "bagged-trees", "influence-step", "newton-step", "gradient-ascent",
            "fine-tuning", "input-only", "default-levels", *FRAUDS} == methods  # fmt: skip
    counts = runs.groupby(["table", "request"]).method.unique().map(set)
    for (_, request), found in counts.items():
        assert found == (methods if request == "feature" else methods - {"input-only"})
    repeats = pd.read_csv(STORED / "unlearning_methods_repeats.csv")
    rate = repeats.groupby("method").residual_at_zero.agg(["sum", "count"])
    assert (rate["count"] >= 100).all()
    # A true rate of 5 % lies above these ends in 1 of 1,000 cases.
    from scipy import stats

    assert (rate["sum"] <= stats.binom.ppf(0.999, rate["count"], 0.05)).all()
