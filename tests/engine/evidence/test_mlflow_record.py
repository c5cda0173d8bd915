"""A dossier in a real MLflow that keeps its runs in SQLite.

The extra ``mlflow`` wants an older importlib-metadata than `constraints.txt` pins, so it stays out
of ``dev``. In an environment of its own: ``pip install -e '.[dev,mlflow]'``, then pytest on this.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import workbench as wb
from tests.engine.evidence.sample_dossier import sample
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.cli.commands import app
from workbench.evidence.claims import whole_verdict
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.dossier import write_dossier
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_checks import check_dossier
from workbench.evidence.dossier_files import read_dossier
from workbench.evidence.mlflow_record import record_in_mlflow, tags_of


def test_tags_hold_hashes_and_the_verdict_of_somebody_who_brings_nothing(
    authority: TimeAuthority,
) -> None:
    made = sample(authority).made
    tags = tags_of(made.files)
    assert tags["cafe.evidence.request_sha256"] == made.request_sha256
    assert tags["cafe.evidence.model_sha256"] == made.model_sha256
    assert tags["cafe.evidence.verdict_without_a_reader"] == whole_verdict(
        check_dossier(made.files, Outside())
    )
    forged = {**made.files, "request.json": made.files["request.json"] + b" "}
    with pytest.raises(wb.EvidenceError):
        tags_of(forged)


def test_without_the_package_the_extra_is_named(
    authority: TimeAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(wb.MissingPackageError, match=r"cafe-workbench\[mlflow\]"):
        record_in_mlflow(sample(authority).made.files, "sqlite:///nowhere.db")


@pytest.mark.filterwarnings("ignore")  # what MLflow's own parts say of each other
def test_a_run_holds_the_tags_and_the_dossier_that_still_verifies(
    authority: TimeAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    place = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = mlflow.MlflowClient(tracking_uri=place)
    made = sample(authority).made
    write_dossier(made.files, tmp_path / "dossier")
    words = ["evidence", "mlflow", str(tmp_path / "dossier"), "--tracking-uri", place]
    client.create_experiment("erasures", artifact_location=(tmp_path / "artifacts").as_uri())
    done = CliRunner().invoke(app, [*words, "--experiment", "erasures"])
    assert done.exit_code == 0, done.output
    (found,) = client.search_runs([client.get_experiment_by_name("erasures").experiment_id])
    assert found.info.run_id in done.output
    assert found.info.status == "FINISHED"
    tags = tags_of(made.files)
    assert {name: found.data.tags[name] for name in tags} == tags
    held = client.download_artifacts(found.info.run_id, "evidence/dossier.zip", str(tmp_path))
    assert read_dossier(held) == made.files
    assert sha256_hex(Path(held).read_bytes()) == tags["cafe.evidence.dossier_sha256"]
    again = CliRunner().invoke(app, [*words, "--run", found.info.run_id])
    assert again.exit_code == 0, again.output
    none = CliRunner().invoke(app, [*words, "--run", "0" * 32])
    assert (none.exit_code, "refused" in none.output) == (2, True), none.output
