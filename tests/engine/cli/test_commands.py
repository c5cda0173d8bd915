"""The command line's files and code: what is written, read again, repeated and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from typer.testing import CliRunner

import workbench as wb
from tests.engine.cli.audit_options import fast, logged, own, run
from workbench.cli import commands as cli
from workbench.models.trained_here import train_model


def test_files_are_written_whole_and_alone(tmp_path: Path) -> None:
    pages = tmp_path / "report.html", tmp_path / "report.json"
    pages[0].write_text("old", encoding="utf-8")
    done = fast("loan", "--target", "zip_code", "--html", pages[0], "--json", pages[1])
    assert done.exit_code == 1, done.output
    assert sorted(tmp_path.iterdir()) == sorted(pages)
    assert pages[0].read_text("utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(pages[1].read_text("utf-8"))["verdict"]["decision"] == "above"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("--data", ""), "The value of --data is empty"),
        (("--data=",), "The value of --data is empty"),
        (("--positive", ""), "The value of --positive is empty"),
        (("",), "The value of an argument is empty"),
        (("--threshold", "0,02"), "'0,02' is no number. Write it with a point"),
        (("--alpha", "5%"), "'5%' is no number"),
    ],
)
def test_what_an_unset_variable_or_another_spelling_gives_is_refused(
    call: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty --data would read the tables of the folder that it is called in."""
    pd.DataFrame({"zip_code": ["a", "b"], "y": [0.1, 0.2]}).to_parquet(tmp_path / "other.parquet")
    monkeypatch.chdir(tmp_path)
    found = run("audit", *call, "--target", "zip_code")
    assert found.exit_code == 2
    assert said in " ".join(found.output.replace("│", " ").split())


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
