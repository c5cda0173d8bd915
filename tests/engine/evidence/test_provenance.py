"""Provenance is of this dossier: roots, hashes, commit and locks, never rows."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.engine.evidence.sample_dossier import sample
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256_hex, tree_root
from workbench.evidence.provenance import provenance_bundle
from workbench.evidence.training_environment import surroundings

LOCK = """schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - path: raw.csv
      md5: 22a1a2931c8370d3aeedd7183606fd7f
      size: 14445097
    outs:
    - path: data/train
      hash: md5
      md5: f67b0c8a1d1b1d1f2e1e1f2e3d4c5b6a.dir
"""


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on this machine")
def test_a_project_s_commit_and_locks_are_found(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / "dvc.lock").write_text(LOCK)
    assert "git_commit" not in surroundings(tmp_path)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    found = surroundings(tmp_path)
    assert found["git_commit"] == git(tmp_path, "rev-parse", "HEAD") and found["git_changes"] == 0
    assert found["lock_files"] == {"uv.lock": sha256_hex(b"version = 1\n")}
    assert found["dvc"] == {
        "data/train": "md5:f67b0c8a1d1b1d1f2e1e1f2e3d4c5b6a.dir",
        "raw.csv": "md5:22a1a2931c8370d3aeedd7183606fd7f",
    }
    (tmp_path / "uv.lock").write_text("version = 2\n")
    assert surroundings(tmp_path)["git_changes"] == 1


@pytest.mark.parametrize("raw", ["stages: [1]", "- a", "stages: {a: {deps: [3]}}", "a: [", ""])
def test_a_lock_that_is_none_is_refused(raw: str, tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(raw)
    with pytest.raises(EvidenceError, match="not built as a lock of DVC"):
        surroundings(tmp_path)


def test_a_lock_builds_no_objects(tmp_path: Path) -> None:
    harm = "stages: !!python/object/apply:os.mkdir ['%s']" % (tmp_path / "harm")
    (tmp_path / "dvc.lock").write_text(harm)
    with pytest.raises(EvidenceError):
        surroundings(tmp_path)
    assert not (tmp_path / "harm").exists()


def test_the_files_name_this_dossier_s_parts(authority: TimeAuthority) -> None:
    parts = sample(authority).made.parts
    facts = {"licence": "CC-BY-4.0", "git_commit": "ab" * 20, "lock_files": {"uv.lock": "cd" * 32}}
    files = provenance_bundle(parts, at=1_767_225_600, facts=facts)
    held = {name.split("/")[-1]: json.loads(raw) for name, raw in files.items()}
    known = held["environment.json"]
    root = tree_root(parts.new_leaves).hex()
    assert known["data_roots"]["new"] == {"dataset": "training-set-2", "root": root}
    assert known["stated"] == facts and known["new_model_sha256"] == parts.model.sha256
    crate = {part["@id"]: part for part in held["ro-crate-metadata.json"]["@graph"]}
    assert crate["./"]["license"] == "CC-BY-4.0" and crate["./"]["datePublished"] == "2026-01-01"
    assert crate["model/new.json"]["sha256"] == parts.model.sha256
    assert crate["#workbench"]["identifier"] == "ab" * 20
    listed = {part["@id"] for part in crate["./"]["hasPart"]}
    assert listed == {name for name, part in crate.items() if part["@type"] == "File"}
    assert listed < set(sample(authority).made.files)
    (file,) = held["croissant.json"]["distribution"]
    assert file["sha256"] == sha256_hex(b"".join(parts.new_leaves))
    (given,) = held["openlineage.json"]["inputs"]
    assert given["facets"]["version"]["datasetVersion"] == root
    (made,) = held["openlineage.json"]["outputs"]
    assert made["name"] == parts.model.sha256
