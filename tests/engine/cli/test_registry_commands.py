"""The registry's commands: from ingestion to what is destroyed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.engine.evidence.registry.small_bank import loans
from workbench.cli import commands as cli
from workbench.evidence.audit_results import NOT_SEEN
from workbench.graph.causal_graph import CausalGraph
from workbench.report.audit_report import read_report
from workbench.tables.files.delimited import read_table


def run(folder: Path, *arguments: object, typed: str | None = None, status: int = 0) -> str:
    place = [] if arguments[0] == "--help" else ["--registry", str(folder / "registry.sqlite")]
    command = ["registry", *map(str, arguments), *place]
    done = CliRunner().invoke(cli.app, command, input=typed, env={"COLUMNS": "200"})
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    loans().to_csv(tmp_path / "loans.csv", index=False)
    run(tmp_path, "init", "--origin", "bank.example/evidence")
    said = run(
        tmp_path,
        *("ingest", tmp_path / "loans.csv", "--subject", "customer", "--source", "loans"),
        *("--purpose", "credit scoring", "--granted", "2026-01-01"),
    )
    assert "60 records of 30 people taken in" in said
    return tmp_path


def test_one_record_is_counted_as_one(tmp_path: Path) -> None:
    loans().head(1).to_csv(tmp_path / "loans.csv", index=False)
    run(tmp_path, "init", "--origin", "bank.example/evidence")
    said = run(
        tmp_path,
        *("ingest", tmp_path / "loans.csv", "--subject", "customer", "--source", "loans"),
        *("--purpose", "credit scoring", "--granted", "2026-01-01"),
    )
    assert "1 record of 1 person taken in" in said
    (person,) = loans().head(1)["customer"]
    said = run(
        tmp_path, "request", "erasure", "--subject", "-", "--clause", "GDPR 17(1)(b)",
        typed=f"{person}\n",
    )  # fmt: skip
    assert "R-1: erasure of 1 record, received" in said
    assert "The registry holds 1 record" in run(tmp_path, "where-is", "-", typed=f"{person}\n")


def test_a_request_from_the_command_line(bank: Path) -> None:
    assert "60 rows, 60 joined, none left" in run(bank, "freeze", "--purpose", "credit scoring")
    run(bank, "train", "credit", "--dataset", "credit scoring/1", "--outcome", "paid")
    run(bank, "serve", "credit/1")
    assert "No request is open." in run(bank, "due")
    said = run(
        bank, "request", "erasure", "--subject", "-", "--clause", "GDPR 17(1)(b)", typed="c-3\n"
    )
    assert "R-1: erasure of 2 records" in said and "Article 12(3)" in said
    assert "R-1" in run(bank, "due")
    run(bank, "advance", "R-1", "accepted")
    run(bank, "receipt", "R-1", "--out", bank / "hers")
    receipts = sorted((bank / "hers").iterdir())
    assert [file.name for file in receipts] == ["receipt-1.json", "receipt-2.json"]
    assert stat.S_IMODE(receipts[0].stat().st_mode) == 0o600
    said = run(bank, "retrain", "--due")
    assert "2 rows excluded from the training set of version credit/2" in said
    assert "R-1: retrained" in said
    assert "nothing was done" in run(bank, "retrain", "--due")
    listed = run(bank, "models")
    assert "credit/1" in listed and "trained here" in listed
    said = run(bank, "where-is", "c-3")
    assert "excluded from the training set of version credit/2" in said
    assert "loans" in run(bank, "trace", "credit/2", "--where", "region == 'north'")
    said = run(bank, "erase", "R-1", "--suppress-days", "30")
    assert "2 records are overwritten" in said and "backups" in said
    assert "person" in run(bank, "suppress")
    assert "3 tokens deleted" in run(bank, "suppress", "--lift", "c-3")
    run(bank, "advance", "R-1", "answered")
    assert "are as they were written" in run(bank, "check")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("where-is", "c-999"), "holds nothing of this person"),
        (("freeze", "--purpose", "marketing"), "covers 'marketing'"),
        (("retrain",), "Name one model, or --due"),
        (("retrain", "debit"), "There is no model 'debit'"),
        (("request", "erasure", "--subject", "c-1"), "Name the law by its clause"),
        (("erase", "R-7"), "There is no request 'R-7'"),
        (("init", "--origin", "x"), "never overwritten"),
        (("consent", "c-1", "--purpose", "x", "--basis", "hope"), "no legal basis 'hope'"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(
    bank: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in run(bank, *arguments, status=2)


def test_a_missing_registry_is_said(tmp_path: Path) -> None:
    assert "registry init" in run(tmp_path, "due", status=2)
    assert not list(tmp_path.iterdir())


def test_names_with_control_characters_are_printed_harmlessly(bank: Path) -> None:
    run(bank, "freeze", "--purpose", "credit scoring")
    run(bank, "train", "credit", "--dataset", "credit scoring/1", "--outcome", "paid")
    table = loans(4, first=90).assign(customer="c-\x1b[31m")
    table.to_csv(bank / "more.csv", index=False)
    run(
        bank,
        *("ingest", bank / "more.csv", "--subject", "customer", "--source", "so\x1b[31mrce"),
        *("--purpose", "credit scoring"),
    )
    run(bank, "freeze", "--purpose", "credit scoring")
    run(bank, "train", "credit", "--dataset", "credit scoring/2", "--outcome", "paid")
    assert "\x1b" not in run(bank, "trace", "credit/2", "--where", "region == 'south'")


def test_rows_are_taken_in_with_points_and_the_optimum_is_proved(tmp_path: Path) -> None:
    loans(24).to_csv(tmp_path / "loans.csv", index=False)
    run(tmp_path, "init", "--origin", "bank.example/evidence")
    table = ("--subject", "customer")
    chosen = run(tmp_path, "configure", tmp_path / "loans.csv", *table, "--outcome", "income",
                 "--learner", "ridge", "--features", "debt,region").strip()  # fmt: skip
    run(tmp_path, "ingest", tmp_path / "loans.csv", *table, "--source", "loans",
        "--purpose", "credit scoring", "--prove-with", chosen)  # fmt: skip
    run(tmp_path, "freeze", "--purpose", "credit scoring")
    data = ("--dataset", "credit scoring/1")
    said = run(tmp_path, "train", "credit", *data, status=2)
    assert "--outcome, or --configuration" in said
    run(tmp_path, "train", "credit", *data, "--configuration", chosen)
    key = ("--key", tmp_path / "bank.key")
    made = CliRunner().invoke(
        cli.app, ["evidence", "keygen", "bank.example/evidence", "--output", str(key[1])]
    )
    public = made.output.split()[-1]
    run(tmp_path, "request", "erasure", "--subject", "c-3", "--clause", "GDPR 17(1)(b)")
    run(tmp_path, "retrain", "credit")
    run(tmp_path, "dossier", "R-1", "credit", *key, "--out", tmp_path / "dossier", "--prove")
    run(tmp_path, "consent", "c-3", "--purpose", "research")  # the log grows on
    since = ("--since", tmp_path / "dossier" / "log" / "checkpoint")
    run(tmp_path, "checkpoint", *key, "--out", tmp_path / "later", *since)
    judged = CliRunner().invoke(
        cli.app,
        ["evidence", "verify", str(tmp_path / "dossier"), "--key", public, "--checkpoint",
         str(tmp_path / "later"), "--growth", str(tmp_path / "later.growth"), "--short"],
    )  # fmt: skip

    lines = judged.output.splitlines()
    assert any(line.startswith("CONSISTENT   The weights are what") for line in lines), (
        judged.output
    )
    assert any(line.startswith("CONSISTENT   The log is one") for line in lines), judged.output
    assert "CONTRADICTED" not in judged.output and "INVALID" not in judged.output
    other = ("--since", tmp_path / "bank.key")
    run(tmp_path, "checkpoint", *key, "--out", tmp_path / "another", *other, status=2)


def test_an_audit_of_a_version_goes_into_the_dossier(bank: Path) -> None:
    run(bank, "freeze", "--purpose", "credit scoring")
    run(bank, "train", "credit", "--dataset", "credit scoring/1", "--outcome", "paid")
    run(bank, "request", "erasure", "--feature", "debt", "--clause", "GDPR 17(1)(d)")
    run(bank, "retrain", "credit")
    names = read_table(bank / "loans.csv").drop(columns="customer").columns
    graph = CausalGraph([(name, "paid") for name in names if name != "paid"])
    graph.write(bank / "graph.json")
    common = ["--graph", bank / "graph.json", "--target", "debt", "--outcome", "paid", "--quiet"]
    common += ["--method", "cafe", "--threshold", "0.9"]
    for version, name in (("credit/2", "new"), ("credit/1", "old")):
        words = [version, *common, "--json", bank / f"{name}.json"]
        words += ["--retrained", "credit/2"] if name == "old" else []
        done = CliRunner().invoke(
            cli.app, ["registry", "audit", *map(str, words), *_place(bank)]
        )  # the small table may leave the verdict open
        assert done.exit_code in (0, 1, 3), done.output
    said = read_report(bank / "old.json").change
    assert said is not None and said.models[-1].known.startswith("version credit/2 of the registry")
    done = CliRunner().invoke(
        cli.app, ["evidence", "keygen", "bank.example/evidence", "--output", str(bank / "k")]
    )
    assert done.exit_code == 0, done.output
    for name, seen in (("new", True), ("old", False)):
        words = ["dossier", "R-1", "credit", "--key", bank / "k", "--out", bank / f"d-{name}"]
        run(bank, *words, "--report", bank / f"{name}.json")
        held = json.loads((bank / f"d-{name}" / "results.json").read_text())
        assert (NOT_SEEN not in held["causal audit"]["sentence"]) is seen
        assert (bank / f"d-{name}" / "audit" / "report.json").is_file()
    assert held["causal audit"]["verdict"] == "INCONCLUSIVE"
    assert "no version of the registry" in run(bank, "audit", "nobody", *common, status=2)


def _place(folder: Path) -> list[str]:
    return ["--registry", str(folder / "registry.sqlite")]
