"""The command line: what it prints, what it writes, and its exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from typer.testing import CliRunner, Result

import workbench as wb
from workbench.cli import commands as cli
from workbench.common.wording import signed
from workbench.models.trained_here import train_model
from workbench.report.audit_report import read_report

ROOT = Path(__file__).resolve().parents[3]
MAIN = "from workbench.cli.commands import main; main()"


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli.app, [str(a) for a in arguments], env={"COLUMNS": "80"})


def fast(*arguments: object) -> Result:
    """Audit by CAFÉ alone, which takes a second."""
    return run("audit", *arguments, "--method", "cafe")


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


def own(folder: Path, *more: object) -> list[object]:
    """The options that name the files."""
    return [
        *("--data", folder / "loan.csv", "--model", folder / "model.skops"),
        *("--graph", folder / "graph.json", "--outcome", "approved"),
        *more,
    ]


def logged(folder: Path, *more: object) -> list[object]:
    features = (folder / "features.txt").read_text("utf-8")
    return [
        *("--data", folder / "logged.csv", "--predictions", "score", "--features", features),
        *("--graph", folder / "graph.dagitty", "--outcome", "approved"),
        *more,
    ]


# ---- what it prints -------------------------------------------------------------------------


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


# ---- the exit status ------------------------------------------------------------------------


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
    done = fast(*logged(files, "--target", "zip_code"), "--features", "")
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


# ---- targets and interventions --------------------------------------------------------------


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


# ---- files and code -------------------------------------------------------------------------


def test_files_are_written_whole_and_alone(tmp_path: Path) -> None:
    pages = tmp_path / "report.html", tmp_path / "report.json"
    pages[0].write_text("old", encoding="utf-8")
    done = fast("loan", "--target", "zip_code", "--html", pages[0], "--json", pages[1])
    assert done.exit_code == 1, done.output
    assert sorted(tmp_path.iterdir()) == sorted(pages)
    assert pages[0].read_text("utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(pages[1].read_text("utf-8"))["verdict"]["decision"] == "above"


def test_nothing_is_written_when_one_of_two_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: Any) -> str:
        raise wb.DataError("no page today")

    monkeypatch.setattr(wb.AuditReport, "to_json", failing)
    (tmp_path / "r.html").write_text("old", encoding="utf-8")
    paths = ("--html", tmp_path / "r.html", "--json", tmp_path / "r.json")
    done = fast("loan", "--target", "zip_code", *paths)
    assert done.exit_code == 2 and "no page today" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
    assert (tmp_path / "r.html").read_text("utf-8") == "old"


def test_a_missing_folder_is_noticed_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "load_case", lambda *_, **__: pytest.fail("work has begun"))
    assert fast("loan", "--target", "zip_code", "--json", "none/r.json").exit_code == 2


def test_the_printed_code_repeats_the_audit(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # That such a script also runs in a new process is seen in tests/engine/auditing/test_audit.py.
    cases: list[list[object]] = [
        [
            *("loan", "--target", "zip_code", "--contrast", "MA 02467,MA 02136"),
            *("--seed", "2", "--model-kind", "mlp"),
        ],
        own(files, "--target", "zip_code", "--where", "income > 50"),
        logged(files, "--row", "5", "--target", "debt_ratio"),
    ]
    for number, arguments in enumerate(cases):
        path = tmp_path / f"{number}.json"
        done = fast(*arguments, "--code", "--quiet", "--json", path)
        assert done.exit_code in (0, 1, 3), done.output
        found = json.loads(path.read_text("utf-8"))
        names: dict[str, Any] = {}
        exec(compile(done.stdout, "the printed code", "exec"), names)
        said = capsys.readouterr().out
        assert said.startswith(str(found["verdict"]["headline"]))
        assert "are those of the report" in said and "NOT THE SAME" not in said
        repeated = json.loads(names["report"].to_json())
        for part in ("effects", "verdict", "target", "graph"):
            assert repeated[part] == found[part]
        for part in ("data_fingerprint", "model_fingerprint"):
            assert repeated["provenance"][part] == found["provenance"][part]


def test_logged_predictions_are_enough(files: Path) -> None:
    done = run("audit", *logged(files, "--target", "zip_code"))
    assert done.exit_code == 1, done.output
    flat = " ".join(done.stdout.split())
    assert "causal fuzzing. The model is a column of logged predictions" in flat


@pytest.mark.slow
def test_adult_end_to_end(shared_data: Path, tmp_path: Path) -> None:
    done = run(
        *("audit", "adult", "--folder", shared_data, "--target", "sex", "--json", tmp_path / "a"),
        *("--method", "cafe", "--method", "fuzzing"),
    )
    assert done.exit_code == 1, done.output
    found = json.loads((tmp_path / "a").read_text("utf-8"))
    assert found["n_target_rows"] == 48_842
    assert all(np.isfinite(row["total"]) for row in found["effects"])


def test_further_checks_are_run_saved_and_read_again(tmp_path: Path) -> None:
    target = ("loan", "--target", "zip_code", "--method", "cafe", "--method", "fairtest")
    saved = tmp_path / "r.json"
    done = run("audit", *target, "--check", "graph", "--check", "subgroups", "--json", saved)
    assert done.exit_code == 1, done.output
    report = wb.read_report(saved)
    assert report.hidden_subgroups is not None and report.graph_sensitivity is not None
    again = run("report", saved, "--code")
    for output in (done.stdout, again.stdout):
        assert max(map(len, output.partition("import pandas")[0].splitlines())) <= 80
        text = " ".join(output.split())
        assert "Associations (FairTest)" in text
        assert "Where the influence hides" in text and "What if the graph is wrong" in text
        for sentence in (
            report.hidden_subgroups.sentences()[0],
            *report.graph_sensitivity.sentences(),
        ):
            assert sentence in text
    assert "checks=['subgroups', 'graph']" in again.stdout


@pytest.fixture(scope="module")
def models(files: Path) -> list[object]:
    """The options that name models to compare: the one before, and two that were retrained."""
    data = pd.read_csv(files / "loan.csv", dtype={"zip_code": str})
    less = ["income", "credit_score", "debt_ratio"]
    for seed in range(2):
        part = data.sample(frac=1, replace=True, random_state=seed)
        skops.io.dump(train_model(part, less, "approved"), files / f"retrained{seed}.skops")
    before = ("--before", files / "model.skops")
    return [*before, *(f for i in (0, 1) for f in ("--retrained", files / f"retrained{i}.skops"))]


def test_models_are_compared_saved_and_read_again(
    files: Path, models: list[object], tmp_path: Path
) -> None:
    saved, table = tmp_path / "r.json", tmp_path / "r.csv"
    options = (*own(files), *models, "--target", "zip_code", "--json", saved, "--csv", table)
    done = fast(*options, "--code")
    assert done.exit_code == 1, done.output
    change = wb.read_report(saved).change
    assert change.roles == ("before", "after", "retrained") and change.n_retrained == 2
    assert change.to_frame()["removed"].eq(0).all()  # the model "before" is the audited one
    words = " ".join(done.stdout.split())
    assert "What unlearning changed" in words and change.headline in words
    for sentence in change.sentences():
        assert " ".join(sentence.split()) in words
    assert "residue" in table.read_text("utf-8")
    # The printed code makes the same comparison.
    code = done.stdout[done.stdout.index("import pandas") :]
    world: dict[str, Any] = {}
    exec(compile(code, "code", "exec"), world)
    again = world["report"].change
    pd.testing.assert_frame_equal(again.to_frame(), change.to_frame(), check_dtype=False)
    assert [m.fingerprint for m in again.models] == [m.fingerprint for m in change.models]


def test_a_model_to_compare_must_be_readable(files: Path, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"x")
    for name, words in (("m.pkl", "pickle"), ("none.skops", "Cannot read")):
        for option in ("--before", "--retrained"):
            done = fast("loan", "--target", "zip_code", option, tmp_path / name)
            assert done.exit_code == 2
            assert words in done.stderr


def test_actions_and_leaks_are_checked_where_asked_for(tmp_path: Path) -> None:
    saved = tmp_path / "r.json"
    checks = ("--check", "actions", "--check", "leaks", "--json", saved)
    done = fast("loan", "--target", "zip_code", *checks)
    assert done.exit_code == 1, done.output
    report = wb.read_report(saved)
    words = " ".join(done.stdout.split())
    for part in (report.next_actions, report.planted_leaks):
        for sentence in part.sentences():
            assert " ".join(sentence.split()) in words


def test_membership_on_the_command_line_says_what_it_takes() -> None:
    done = fast("loan", "--row", 3, "--check", "membership")
    assert done.exit_code == 2
    assert "takes the function that trained" in " ".join(done.stderr.split())


def test_subgroups_are_audited_saved_and_read_again(tmp_path: Path) -> None:
    saved, page, table = (tmp_path / f"r.{kind}" for kind in ("json", "html", "csv"))
    groups = ("--subgroup", "rich=income > 60", "--subgroup", "long=employment_years>=10")
    done = fast("loan", "--target", "zip_code", *groups, "--json", saved)
    assert done.exit_code == 1, done.output
    report = wb.AuditReport.from_json(saved.read_text("utf-8"))
    assert report.subgroup_conditions == {"rich": "income > 60", "long": "employment_years>=10"}
    words = " ".join(done.output.split())
    assert "In the groups that were named" in words and "rich" in words
    again = CliRunner().invoke(
        cli.app, ["report", str(saved), "--html", str(page), "--csv", str(table), "--code"]
    )
    assert again.exit_code == 1, again.output
    assert "Influence above" in again.output and "subgroups={'rich'" in again.output
    assert "can be changed by anyone" in " ".join(again.output.split())
    assert page.read_text("utf-8").rstrip() == report.to_html().rstrip()
    assert table.read_bytes().decode() == report.to_csv()


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("income > 60", "has no name"),
        ("income>=60", "has no name"),
        ("x=income >", "Subgroup 'x'"),
        ("=income > 60", "has no name"),
    ],
)
def test_a_subgroup_needs_a_name_and_a_condition(group: str, words: str) -> None:
    done = fast("loan", "--target", "zip_code", "--subgroup", group)
    assert done.exit_code == 2
    assert words in done.stderr


def test_what_is_no_saved_report_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"format": "other"}', encoding="utf-8")
    for name, words in (("r.json", "not a saved report"), ("none.json", "Cannot read")):
        done = CliRunner().invoke(cli.app, ["report", str(tmp_path / name)])
        assert done.exit_code == 2
        assert words in done.stderr


def test_a_saved_report_is_read_once_for_it_may_come_through_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.json").write_text('{"format": "other"}', encoding="utf-8")
    opened: list[str] = []
    open_ = Path.open

    def counted(path: Path, *options: Any) -> Any:
        opened.append(path.name)
        return open_(path, *options)

    monkeypatch.setattr(Path, "open", counted)
    CliRunner().invoke(cli.app, ["report", str(tmp_path / "r.json")])
    assert opened == ["r.json"]


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


def test_different_features_for_different_rows_are_audited_in_blocks(tmp_path: Path) -> None:
    saved = tmp_path / "audit.json"
    parts = ("--target", "zip_code where credit_score > 650", "--target", "race")
    found = fast("loan", *parts, "--json", saved)
    assert found.exit_code == 1, found.output
    said = " ".join(found.output.split())
    assert "All blocks of rows: above. Found in" in said
    page = tmp_path / "again.html"
    again = run("report", saved, "--html", page)
    assert again.exit_code == 1, again.output
    assert "All blocks of rows: above. Found in" in " ".join(again.output.split())
    assert "Different features were to be forgotten" in page.read_text(encoding="utf-8")
    table = tmp_path / "t.csv"
    assert run("report", saved, "--csv", table).exit_code == 1
    assert "zip_code" in table.read_text(encoding="utf-8-sig")
    reports = [wb.read_report(path) for path in tmp_path.glob("audit-*.json")]
    assert sorted(report.features for report in reports) == [
        ("race",), ("zip_code", "race"),
    ]  # fmt: skip
    assert fast("loan", *parts, "--where", "credit_score > 1").exit_code == 2
    assert fast("loan", "--target", "zip_code where __import__('os')").exit_code == 2
