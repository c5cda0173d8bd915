"""One run audits every class of a model; the verdict speaks of the class that moves most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skl2onnx
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression
from typer.testing import CliRunner

import workbench as wb
from workbench.cli.commands import app
from workbench.common.errors import ModelError
from workbench.models.files.skops_files import model_classes

TARGET = wb.UnlearningTarget.feature("a")
METHODS = ["cafe", "fuzzing"]
GRAPH = wb.CausalGraph([("a", "grade"), ("b", "grade")])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 1_500), "b": rng.normal(size=1_500)})
    frame["grade"] = np.select([frame.b > 1, 2 * frame.a + frame.b > 0.5], ["high", "mid"], "low")
    return frame


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> Any:
    return LogisticRegression(max_iter=1_000).fit(table[["a", "b"]], table["grade"])


def test_every_class_is_audited_at_its_share_of_alpha(table: pd.DataFrame, model: Any) -> None:
    cases = wb.class_cases(model, data=table, graph=GRAPH, outcome="grade")
    found = wb.audit_classes(cases, TARGET, METHODS, alpha=0.06)
    assert list(found.reports) == ["high", "low", "mid"]
    assert all(r.verdict and r.verdict.alpha == 0.02 for r in found.reports.values())
    # What one class gains, the others lose.
    totals = [report.effects["a"].total.value for report in found.reports.values()]
    assert sum(totals) == pytest.approx(0.0, abs=0.02)
    largest = list(found.reports)[int(np.argmax(np.abs(totals)))]
    assert found.decision == "above" and found.moved_most == largest
    assert largest in found.tied and "high" not in found.tied
    assert "3 classes" in found.headline
    assert set(found.to_frame()["class"]) == {"high", "low", "mid"}


def test_below_takes_all_classes(table: pd.DataFrame) -> None:
    model = LogisticRegression().fit(table[["b"]], table["grade"])
    cases = wb.class_cases(model, data=table, graph=wb.CausalGraph([], nodes=["a", "b", "grade"]),
                           outcome="grade")  # fmt: skip
    found = wb.audit_classes(cases, TARGET, METHODS)
    assert found.decision == "below" and found.headline.startswith("In none of 3 classes")


def test_of_two_classes_one_is_audited_at_the_whole_alpha(table: pd.DataFrame) -> None:
    two = table.assign(grade=np.where(table.grade == "low", "low", "more"))
    model = LogisticRegression().fit(two[["a", "b"]], two["grade"])
    cases = wb.class_cases(model, data=two, graph=GRAPH, outcome="grade")
    found = wb.audit_classes(cases, TARGET, METHODS, alpha=0.06)
    (report,) = found.reports.values()
    assert list(found.reports) == ["more"] and found.mirrored == "low"
    assert report.verdict and report.verdict.alpha == 0.06
    assert "That of low is its mirror image" in found.headline
    assert "whole error rate of 6 %" in found.explanation
    apart = {label: cases["more"] for label in cases}  # no mirror images: all is as with three
    same = wb.audit_classes(apart, TARGET, ["cafe"])
    assert same.mirrored is None and same.tied == ("low", "more")
    assert "low and more move most; which of them does cannot be told" in same.headline


def test_a_regression_has_no_classes(table: pd.DataFrame) -> None:
    model = LinearRegression().fit(table[["a", "b"]], table["b"])
    with pytest.raises(ModelError, match="which classes"):
        wb.class_cases(model, data=table, graph=GRAPH, outcome="grade")


def written(kind: str, model: Any, folder: Path) -> Path:
    path = folder / f"m.{kind}"
    if kind == "skops":
        skops.io.dump(model, path)
    else:
        kinds = [("x", skl2onnx.common.data_types.FloatTensorType([None, 2]))]
        proto = skl2onnx.to_onnx(model, initial_types=kinds)
        path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize("kind", ["skops", "onnx"])
def test_the_command_line_audits_all_classes(
    kind: str, table: pd.DataFrame, model: Any, tmp_path: Path
) -> None:
    path = written(kind, model, tmp_path)
    assert model_classes(path) == ("high", "low", "mid")
    table.to_csv(tmp_path / "t.csv", index=False)
    GRAPH.write(tmp_path / "g.json")
    done = CliRunner().invoke(
        app,
        ["audit", "--data", str(tmp_path / "t.csv"), "--model", str(path), "--graph",
         str(tmp_path / "g.json"), "--outcome", "grade", "--target", "a", "--positive", "all",
         "--method", "cafe", "--method", "fuzzing", "--json", str(tmp_path / "r.json"),
         *(["--features", "a,b"] if kind == "onnx" else [])],
    )  # fmt: skip
    assert done.exit_code == 1, done.output
    assert "All classes: above" in done.output
    names = sorted(file.name for file in tmp_path.glob("r*.json"))
    assert names == ["r-high.json", "r-low.json", "r-mid.json"]
    for name in names:
        saved = wb.read_report(tmp_path / name)
        assert saved.verdict and saved.verdict.alpha == pytest.approx(0.05 / 3)


def test_the_command_line_audits_one_of_two_classes(table: pd.DataFrame, tmp_path: Path) -> None:
    two = table.assign(grade=np.where(table.grade == "low", "low", "more"))
    two.to_csv(tmp_path / "t.csv", index=False)
    path = written("skops", LogisticRegression().fit(two[["a", "b"]], two["grade"]), tmp_path)
    GRAPH.write(tmp_path / "g.json")
    done = CliRunner().invoke(
        app,
        ["audit", "--data", str(tmp_path / "t.csv"), "--model", str(path), "--graph",
         str(tmp_path / "g.json"), "--outcome", "grade", "--target", "a", "--positive", "all",
         "--method", "cafe", "--json", str(tmp_path / "r.json")],
    )  # fmt: skip
    assert done.exit_code == 1 and "That of low is its mirror image" in " ".join(
        done.output.split()
    )
    saved = wb.read_report(tmp_path / "r-more.json")
    assert saved.verdict and saved.verdict.alpha == 0.05
    assert not (tmp_path / "r-low.json").exists()


def test_all_needs_a_file(table: pd.DataFrame, tmp_path: Path) -> None:
    table.to_csv(tmp_path / "t.csv", index=False)
    GRAPH.write(tmp_path / "g.json")
    done = CliRunner().invoke(
        app,
        ["audit", "--data", str(tmp_path / "t.csv"), "--predictions", "b", "--features", "a",
         "--graph", str(tmp_path / "g.json"), "--target", "a", "--positive", "all"],
    )  # fmt: skip
    assert done.exit_code == 2 and "--positive all needs --model" in done.output
