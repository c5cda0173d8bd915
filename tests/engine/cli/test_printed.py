"""What the command line prints: tables, help, minus signs, and nothing that steers a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import workbench as wb
from tests.engine.cli.audit_options import MAIN, ROOT, fast, own, run
from workbench.common.wording import signed
from workbench.report.audit_report import read_report


def test_a_sample_is_audited_and_the_table_is_readable() -> None:
    done = run("audit", "loan", "--target", "zip_code", "--method", "cafe", "--method", "fuzzing")
    assert done.exit_code == 1, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "Does zip_code still influence the predictions?"
    assert "Influence above 0.02 found: zip_code, MA 02121 → MA 02467." in lines[:6]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.stdout
    assert re.search(r"^  zip_code +CAFÉ +\+0\.4\d+ +0 +\+0\.4\d+$", done.stdout, re.M)
    assert re.search(r" +\+0\.4\d+ to \+0\.4\d+ +exact +\+0\.4\d+ to ", done.stdout)
    flat = " ".join(done.stdout.split())
    assert "Paths from zip_code to the prediction" in flat and "neighborhood_income →" in flat
    assert "A model (logistic) was trained on the sample for this audit, with seed 0." in " ".join(
        done.stdout.split()
    )
    assert done.stderr == ""


def test_the_full_report_has_sentences_and_fairness_and_no_ranks(files: Path) -> None:
    pytest.importorskip("shap")
    pytest.importorskip("aif360")
    done = run("audit", *own(files, "--target", "zip_code"))
    assert done.exit_code == 1, done.output
    flat = " ".join(done.stdout.split())
    assert "Rank of every feature" not in flat  # that is for experts, in the annex
    assert "give zip_code 0 because the model does not read it" in flat
    assert "Group fairness of the model’s decisions (AIF360)" in flat
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_printing_obeys_no_color_and_pipes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "audit", "loan", "--target", "zip_code", "--method", "cafe"],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert done.stderr == b"", "no progress when nobody watches"
    assert "Influence above 0.02 found: zip_code, MA 02121 → MA 02467." in done.stdout.decode()


def test_a_reader_who_leaves_early_does_not_change_the_status() -> None:
    arguments = ["audit", "loan", "--target", "zip_code", "--method", "cafe", "--threshold", "0.9"]
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_rows_without_a_value_are_a_level_that_can_be_named(files: Path, tmp_path: Path) -> None:
    table = pd.read_csv(files / "loan.csv", dtype=str)
    table["zip_code"] = table["zip_code"].replace({"02121": "yes"})
    table["zip_code"] = table["zip_code"].where(table["zip_code"] == "yes")
    table.to_csv(tmp_path / "one.csv", index=False)
    options = ["--data", tmp_path / "one.csv", "--graph", files / "graph.json", "--outcome"]
    more = ["approved", "--model", files / "model.skops", "--target", "zip_code"]
    refused = fast(*options, *more)
    said = " ".join(refused.stderr.split())
    assert refused.exit_code == 2 and "--from missing --to yes" in said
    done = fast(*options, *more, "--from", "missing", "--to", "yes")
    assert done.exit_code == 1, done.output


def test_quiet_prints_nothing() -> None:
    done = fast("loan", "--target", "zip_code", "--quiet")
    assert (done.exit_code, done.output) == (1, "")


def test_names_from_a_file_cannot_steer_the_terminal(files: Path, tmp_path: Path) -> None:
    odd = "zip\x1b[31m[red]"
    table = pd.read_csv(files / "loan.csv", dtype={"zip_code": str})
    table.rename(columns={"zip_code": odd}).to_csv(tmp_path / "odd.csv", index=False)
    wb.CausalGraph([(odd, "neighborhood_income")]).write(tmp_path / "odd.json")
    options = ["--data", tmp_path / "odd.csv", "--graph", tmp_path / "odd.json"]
    more = ["--model", files / "model.skops", "--outcome", "approved", "--target", odd]
    done = fast(*options, *more)
    assert done.exit_code == 1, done.output
    assert "\x1b" not in done.output and "zip?[31m[red]" in done.stdout
    failed = fast(*options, *more, "--contrast", "\x1b,b")
    assert failed.exit_code == 2 and "\x1b" not in failed.output


def test_help_documents_the_exit_status() -> None:
    text = " ".join(run("audit", "--help").stdout.split())
    assert "0 no influence above the threshold found" in text
    assert "1 influence above it found; 2 the audit could not run; 3 inconclusive" in text
    assert run("--help").exit_code == 0


def test_a_limit_on_questions_is_planned_aloud_and_stands_in_the_report() -> None:
    done = run("audit", "loan", "--target", "zip_code", "--max-queries", "9000", "--code")
    assert done.exit_code == 1, done.output
    assert done.output.index("at most 9,000 rows") < done.output.index("Influence above")
    assert "random sample of" in done.output and "max_queries=9000" in done.output
    few = run("audit", "loan", "--target", "zip_code", "--max-queries", "10")
    assert few.exit_code == 2 and "give at least" in few.output


def test_the_profile_is_printed_as_a_table_of_levels(tmp_path: Path) -> None:
    saved = tmp_path / "report.json"
    done = fast("loan", "--target", "zip_code", "--profile", "--quiet", "--json", saved)
    profile = read_report(saved).profile
    assert profile is not None and done.exit_code == 1
    for level in profile["zip_code"].levels:
        line = next(line for line in done.output.splitlines() if level.label in line)
        assert signed(level.effects["total"][0]) in line
    again = run("report", saved, "--profile", "--quiet")
    assert again.output == done.output
    levels = ("--from", "MA 02121", "--to", "MA 02467")
    one = fast("loan", "--target", "zip_code", "--profile", "--quiet", *levels)
    assert "one change" in one.output


def test_a_minus_is_a_minus_in_a_terminal_that_has_no_true_one() -> None:
    command = [sys.executable, "-c", MAIN, "audit", "loan", "--target", "zip_code"]
    command += ["--method", "cafe", "--profile", "--quiet"]
    for coding, minus in (("ascii", "-0."), ("utf-8", "−0.")):
        done = subprocess.run(
            command,
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": coding},
            timeout=120,
            check=False,
        )
        printed = done.stdout.decode(coding)
        assert minus in printed and "?0." not in printed
