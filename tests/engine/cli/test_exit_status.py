"""The exit status: the verdict, a mistake in words, a defect, an interruption."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cli.audit_options import ROOT, fast, logged, own, run
from workbench.cli import commands as cli


@pytest.mark.parametrize(("threshold", "status"), [("0.02", 1), ("0.9", 0), ("0.447", 3)])
def test_the_status_says_the_verdict(threshold: str, status: int) -> None:
    done = fast("loan", "--target", "zip_code", "--threshold", threshold)
    words = {1: "Influence above", 0: "No influence above", 3: "Inconclusive"}
    assert done.exit_code == status
    assert words[status] in done.stdout


def test_without_a_causal_method_there_is_no_verdict(files: Path) -> None:
    done = run("audit", *own(files, "--target", "income", "--method", "permutation"))
    assert done.exit_code == 3
    assert "No verdict." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lone", "--target", "zip_code"], "no sample 'lone'. Did you mean 'loan'?"),
        (["loan"], "Say what was to be forgotten: --target"),
        (["loan", "--target", "zipcode"], "Did you mean 'zip_code'?"),
        (["loan", "--target", "approved"], "'approved' is the outcome"),
        (["loan", "--target", "zip_code", "--where", "income >"], "income >"),
        (["loan", "--target", "zip_code", "--where", "income > 1e9"], "The subgroup is empty"),
        (["loan", "--where", "income > 50", "--row", "3"], "either --row or --where"),
        (["loan", "--row", "x"], "Rows are numbered from 0 to 4999"),
        (["loan", "--row", "9999"], "no row labelled 9999"),
        (["loan", "--target", "zip_code", "--contrast", "MA 1,MA 02121"], "'MA 1'"),
        (["loan", "--target", "income", "--contrast", "low,high"], "holds numbers"),
        (["loan", "--target", "income", "--contrast", "30"], "two levels, not 1"),
        (["loan", "--target", "income", "--from", "30"], "--from and --to belong together"),
        (["loan", "--row", "1", "--contrast", "30,40"], "exactly one --target"),
        (["loan", "--target", "income", "--threshold", "0"], "--threshold must be"),
        (["loan", "--target", "income", "--threshold", "nan"], "--threshold must be"),
        (["loan", "--target", "income", "--alpha", "0.5"], "--alpha must lie"),
        (["loan", "--target", "income", "--method", "lime"], "Unknown methods: 'lime'"),
        (["loan", "--target", "income", "--check", "all"], "Unknown checks: 'all'"),
        (["loan", "--target", "income", "--model-kind", "svm"], "no model kind 'svm'"),
        (["heart_disease", "--target", "bmi", "--model-kind", "logistic"], "needs two"),
        (["loan", "--target", "income", "--folder", "."], "reads no file"),
        (["loan", "--target", "income", "--data", "x.csv"], "Use one of the two"),
        (["--target", "income"], "Name a sample"),
        (["--target", "income", "--model-kind", "forest"], "belong to a sample"),
        (["--data", "x.csv", "--target", "income"], "Give one of --model"),
        (["--data", "x.csv", "--model", "m.skops", "--target", "a"], "--graph is missing"),
        (["loan", "--target", "income", "--html", "none/x.html"], "There is no folder 'none'"),
        (["loan", "--target", "income", "--json", "."], "is a folder"),
        (["loan", "--target", "income", "--json", "x", "--html", "x"], "name the same file"),
        (["loan", "--no-such-option"], "No such option"),
        (["loan", "--target", "income", "--seed", "x"], "Invalid value for '--seed'"),
    ],
)
def test_what_cannot_run_is_said_in_words(arguments: list[str], message: str) -> None:
    done = run("audit", *arguments)
    assert done.exit_code == 2, done.output
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert done.stdout == ""


def test_files_that_do_not_fit_are_said_in_words(files: Path, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04.")
    (tmp_path / "g.json").write_text('{"edges": [["a", "b"], ["b", "a"]]}', encoding="utf-8")
    (tmp_path / "ragged.csv").write_text("a,b\n1\n", encoding="utf-8")
    for replaced, message in [
        (("--model", tmp_path / "m.pkl"), "Opening a pickle"),
        (("--model", tmp_path / "none.skops"), "Cannot read"),
        (("--graph", tmp_path / "g.json"), "a -> b -> a"),
        (("--graph", tmp_path / "g.xml"), "not a kind of graph file"),
        (("--data", tmp_path / "ragged.csv"), "Line 2 of 'ragged.csv' has 1 cells"),
        (("--outcome", "aproved"), "Did you mean 'approved'?"),
        (("--features", "income"), "The model says it reads"),
    ]:
        done = fast(*own(files, "--target", "zip_code"), *replaced)
        assert done.exit_code == 2, done.output
        assert message in done.stderr
        assert done.stderr.startswith("Error: ") and "Traceback" not in done.stderr
    done = fast(*logged(files, "--target", "zip_code"), "--features", ",")
    assert done.exit_code == 2 and "--features age,income" in done.stderr
    done = fast(*logged(files, "--target", "zip_code"), "--predictions", "scores")
    assert done.exit_code == 2 and "Did you mean 'score'?" in done.stderr


def test_a_defect_is_never_taken_for_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "audit", broken)
    done = fast("loan", "--target", "zip_code")
    assert done.exit_code == 70
    assert "defect of the workbench" in done.stderr


def test_ctrl_c_stops_with_a_message_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "audit", stopped)
    done = fast("loan", "--target", "zip_code", "--json", tmp_path / "r.json")
    assert done.exit_code == 130
    assert "Stopped. No file was written." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_real_ctrl_c_ends_the_process(tmp_path: Path) -> None:
    code = (
        "import signal, time, workbench.cli.commands as cli\n"
        # A shell starts background jobs with Ctrl-C ignored, and these tests may be one.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def slow(*a, **k):\n"
        "    print('busy', flush=True); time.sleep(60)\n"
        "cli.audit = slow\n"
        "cli.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "audit", "loan", "--target", "zip_code"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "busy\n"
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert "Stopped." in process.stderr.read()
        assert time.monotonic() - started < 20
    assert process.returncode == 130
