"""The command line of evidence, as a user types it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.engine.evidence.time_authority import TimeAuthority, serving
from workbench import datasets
from workbench.cli.commands import app
from workbench.evidence.commitments import sha256_hex

pytest.importorskip("cryptography")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["evidence", *map(str, words)])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    done = run("keygen", "bank.example/evidence", "--output", folder / "bank.key")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("bank.example/evidence+")
    done = run(
        "build", "loan", "--rows", 40, "--person", "row-7", "--key", folder / "bank.key",
        "--output", folder / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder


def test_four_commands_lead_from_the_sample_to_a_dossier_that_verifies(built: Path) -> None:
    out = built / "out"
    words = [out / "dossier", "--key", out / "public.key", "--receipt", out / "receipt-1.json"]
    done = run("verify", *words, "--checkpoint", out / "checkpoint.kept", "--short")
    assert done.exit_code == 3, done.output
    assert "INVALID" not in done.output and "CONTRADICTED" not in done.output
    assert done.output.count("PROVED") >= 5
    program = shutil.which("python3") or sys.executable
    clean = subprocess.run(
        [program, "-I", "-S", str(out / "dossier" / "verify.py"), "--key", str(out / "public.key")],
        env={}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert clean.returncode == 3, clean.stderr
    assert "PROVED" in clean.stdout


def test_a_table_of_ones_own_and_a_feature(built: Path, tmp_path: Path) -> None:
    table = datasets.loan(30, seed=1).data
    table.insert(0, "customer", [f"c-{i}" for i in range(30)])
    table.to_csv(tmp_path / "rows.csv", index=False)
    common = ["--data", tmp_path / "rows.csv", "--subject", "customer", "--key", built / "bank.key"]
    done = run(
        "build", *common, "--outcome", "credit_score", "--ridge", "--feature", "income",
        "--output", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    done = run("verify", tmp_path / "out" / "dossier", "--short")
    assert "the weights of income are 0" in done.output
    for wrong, said in (
        (["--outcome", "shoe"], "shoe"),
        (["--outcome", "approved", "--person", "c-99"], "c-99"),
        ([], "--outcome"),
        (["--outcome", "approved", "--subject", "who"], "who"),
    ):
        done = run("build", *common, *wrong, "--output", tmp_path / "none")
        assert (done.exit_code, said in done.output) == (2, True), done.output
        assert not (tmp_path / "none").exists()


def test_an_authority_by_its_address_stamps_what_is_built_and_what_is_handed_to_it(
    built: Path, tmp_path: Path, authority: TimeAuthority
) -> None:
    words = ["build", "loan", "--rows", 20, "--no-proof", "--key", built / "bank.key"]
    with serving(authority) as place:
        done = run(*words, "--authority", f"{place}/stamp", "--output", tmp_path / "out")
        assert done.exit_code == 0, done.output
        kept = tmp_path / "out" / "checkpoint.kept"
        asked = ["timestamp", kept, "--output", tmp_path / "kept.tsr"]
        done = run(*asked, "--url", f"{place}/other")
        assert (done.exit_code, "no time stamp" in done.output) == (2, True), done.output
        done = run(*asked, "--url", f"{place}/stamp")
        assert done.exit_code == 0, done.output
    assert authority.accepts(kept.read_bytes(), (tmp_path / "kept.tsr").read_bytes())
    dossier = tmp_path / "out" / "dossier"
    assert authority.accepts(kept.read_bytes(), (dossier / "time" / "old.tsr").read_bytes())
    reader = ["verify", dossier, "--key", tmp_path / "out" / "public.key", "--short"]
    due = {"CONSISTENT": ["--authority", authority.pin], "INCONCLUSIVE": []}
    for verdict, brought in due.items():
        (line,) = (
            line for line in run(*reader, *brought).output.splitlines() if "by the day" in line
        )
        assert line.startswith(verdict), line


def test_a_log_is_signed_cosigned_and_only_when_it_grew(built: Path, tmp_path: Path) -> None:
    run("keygen", "witness.example", "--witness", "--output", tmp_path / "witness.key")
    log = built / "out" / "dossier" / "log" / "entries.jsonl"
    shorter = tmp_path / "shorter.jsonl"
    shorter.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:3]))
    for source, name in ((shorter, "first"), (log, "second")):
        done = run("checkpoint", source, "--key", built / "bank.key", "--output", tmp_path / name)
        assert done.exit_code == 0, done.output
    words = ["--key", tmp_path / "witness.key", "--before", tmp_path / "first"]
    done = run(
        "cosign", tmp_path / "second", "--log", log, *words, "--output", tmp_path / "cosigned"
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "cosigned").read_text("utf-8").count("\u2014") == 2
    # Another history, or a controller's key: no cosignature.
    other = tmp_path / "other.jsonl"
    other.write_bytes(b'{"at":1,"kind":"x"}\n' + log.read_bytes())
    run("checkpoint", other, "--key", built / "bank.key", "--output", tmp_path / "third")
    for checkpoint, source, given in (
        ("third", other, words),
        ("second", shorter, words),
        ("second", log, ["--key", built / "bank.key"]),
    ):
        held = [tmp_path / checkpoint, "--log", source, *given]
        done = run("cosign", *held, "--output", tmp_path / "no")
        assert done.exit_code == 2, done.output
        assert not (tmp_path / "no").exists()


def test_certificates_are_drafts_with_blanks(built: Path, tmp_path: Path) -> None:
    done = run("certificate", built / "out" / "dossier", "--output", tmp_path / "drafts")
    assert done.exit_code == 0, done.output
    texts = {path.name: path.read_text("utf-8") for path in (tmp_path / "drafts").iterdir()}
    assert set(texts) == {"bsa-63-4-part-a.md", "bsa-63-4-part-b.md", "clauses.md"}
    for text in texts.values():
        assert text.startswith("DRAFT")
        assert not [word for word in ("erased", "complies", "proved forgotten") if word in text]
    assert texts["bsa-63-4-part-a.md"].count("____") > 10
    assert "statement.dsse.json" in texts["bsa-63-4-part-b.md"]
    assert "GDPR Art. 17(1)" in texts["clauses.md"]


def test_provenance_travels_as_canonical_json(built: Path) -> None:
    folder = built / "out" / "dossier"
    names = ("ro-crate-metadata.json", "croissant.json", "provenance/openlineage.json")
    crate, croissant, lineage = (json.loads((folder / name).read_text("utf-8")) for name in names)
    for part in crate["@graph"]:
        if part["@type"] == "File":
            assert part["sha256"] == sha256_hex((folder / part["@id"]).read_bytes())
    (file,) = croissant["distribution"]
    assert file["sha256"] == sha256_hex((folder / file["contentUrl"]).read_bytes())
    assert lineage["run"]["runId"]
    known = json.loads((folder / "provenance" / "environment.json").read_text("utf-8"))
    assert known["packages"]["numpy"] and known["data_roots"]["new"]["root"]


def test_nothing_is_overwritten_and_mistakes_are_said(built: Path, tmp_path: Path) -> None:
    key = ["--key", built / "bank.key"]
    assert run("keygen", "x", "--output", built / "bank.key").exit_code == 2
    assert run("build", "loan", *key, "--output", built / "out").exit_code == 2
    missing = ["--key", tmp_path / "no.key"]
    assert run("build", "loan", *missing, "--output", tmp_path / "o").exit_code == 2
    assert run("verify", tmp_path / "nothing").exit_code == 2
    done = run("timestamp", built / "bank.key", "--url", "ftp://x", "--output", tmp_path / "t")
    assert done.exit_code == 2
    done = run("verifier", "--output", tmp_path / "verify.py")
    assert done.exit_code == 0
    compile((tmp_path / "verify.py").read_text("utf-8"), "verify.py", "exec")
