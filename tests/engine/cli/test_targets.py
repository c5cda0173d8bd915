"""Targets, interventions and settings on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cli.audit_options import fast, own


def report_of(path: Path, *arguments: object) -> dict[str, Any]:
    done = fast(*arguments, "--json", path)
    assert done.exit_code in (0, 1, 3), done.output
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_several_features(tmp_path: Path) -> None:
    found = report_of(tmp_path / "r.json", "loan", "--target", "zip_code", "--target", "race")
    assert found["features"] == ["zip_code", "race"]


def test_a_subgroup(tmp_path: Path) -> None:
    found = report_of(
        tmp_path / "r.json", "loan", "--target", "income", "--where", "race == 'Black'"
    )
    assert found["n_target_rows"] == 2006
    assert found["target"] == "income where race == 'Black'"


def test_single_rows(tmp_path: Path) -> None:
    found = report_of(tmp_path / "r.json", "loan", "--row", "3", "--row", "17")
    assert found["n_target_rows"] == 2
    assert found["target"] == "all features of rows 3, 17"


@pytest.mark.parametrize(
    ("sample", "feature", "levels", "said"),
    [
        ("loan", "zip_code", ["--contrast", "MA 02467,MA 02136"], "MA 02467 → MA 02136"),
        ("loan", "income", ["--contrast", "40,60.5"], "40 → 60.5"),
        ("heart_disease", "smoking", ["--from", "1", "--to", "0"], "1 → 0"),
    ],
)
def test_a_contrast(
    sample: str, feature: str, levels: list[str], said: str, tmp_path: Path
) -> None:
    found = report_of(tmp_path / "r.json", sample, "--target", feature, *levels)
    assert found["effects"][0]["intervention"] == said


def test_a_code_with_leading_zeros_is_a_level(files: Path, tmp_path: Path) -> None:
    levels = ("--target", "zip_code", "--contrast", "02467,02136")
    found = report_of(tmp_path / "r.json", *own(files, *levels))
    assert found["effects"][0]["intervention"] == "02467 → 02136"


def test_the_settings_reach_the_audit(tmp_path: Path) -> None:
    settings = ("--alpha", "0.1", "--seed", "7", "--threshold", "0.5", "--model-kind", "linear")
    found = report_of(tmp_path / "r.json", "loan", "--target", "zip_code", *settings)
    assert found["verdict"]["alpha"] == 0.1 and found["verdict"]["threshold"] == 0.5
    assert found["provenance"]["seed"] == 7
    assert found["provenance"]["model"] == "Ridge", "the catalogue's linear learner"


def test_real_data_from_a_folder(shared_data: Path, tmp_path: Path) -> None:
    sample = ("german_credit", "--folder", shared_data, "--target", "sex")
    found = report_of(tmp_path / "r.json", *sample)
    assert found["provenance"]["n_rows"] == 1000 and found["outcome"] == "risk"
    missing = fast("german_credit", "--folder", tmp_path, "--target", "sex")
    assert missing.exit_code == 2 and "german.data" in missing.stderr
