"""What a training ran in: packages, the commit of the code, lock files, DVC's lock.

Read from files and from ``git`` in a folder that the user names; nothing is sent anywhere.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.common.limits import DVC_LOCK_BYTES
from workbench.evidence.commitments import sha256_hex

__all__ = ["environment", "surroundings"]

PACKAGES = ("cafe-workbench", "numpy", "pandas", "scikit-learn", "scipy", "cryptography")
LOCK_FILES = (
    *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "pixi.lock"),
    *("constraints.txt", "requirements.txt"),
)
DVC_LOCK = "dvc.lock"
PATIENCE = 10
"""Seconds that git may take."""


def environment() -> dict[str, str]:
    """Return the versions of what trains here."""
    held = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            held[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            held[name] = "not installed"
    return held


def surroundings(folder: Path) -> dict[str, Any]:
    """Return what a project's folder says of the code and data that a model came from.

    Parameters
    ----------
    folder : Path
        The project: where its lock files lie, inside a git repository or not.

    Returns
    -------
    dict
        "git_commit" and "git_changes" (files that differ from it), "lock_files" by name with their
        SHA-256, "dvc" by path with the hash that DVC names; each only where it is there.

    Raises
    ------
    EvidenceError
        When a lock file cannot be read as one.
    """
    found: dict[str, Any] = {}
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is not None:
        found["git_commit"] = commit.strip()
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
        found["git_changes"] = len((changed or "").splitlines())
    locks = {
        name: sha256_hex(_content(folder / name))
        for name in LOCK_FILES
        if (folder / name).is_file()
    }
    if locks:
        found["lock_files"] = locks
    if (folder / DVC_LOCK).is_file():
        found["dvc"] = _dvc_outputs(_content(folder / DVC_LOCK))
    return found


def _content(place: Path) -> bytes:
    with place.open("rb") as file:
        raw = file.read(DVC_LOCK_BYTES + 1)
    if len(raw) > DVC_LOCK_BYTES:
        raise EvidenceError(f"{place.name} is larger than {DVC_LOCK_BYTES:,} bytes: no lock file.")
    return raw


def _git(folder: Path, *words: str) -> str | None:
    """Return what git prints; None where it is not there or the folder is in no repository."""
    program = shutil.which("git")
    if program is None:
        return None
    # --no-optional-locks: nothing is written; fsmonitor off: no program that the folder names runs
    command = [program, "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder)]
    try:
        done = subprocess.run(
            [*command, *words], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _dvc_outputs(raw: bytes) -> dict[str, str]:
    """Return the data that DVC's lock pins: each stage's dependencies and outputs, by path."""
    try:
        import yaml  # type: ignore[import-untyped]  # only where there is such a lock
    except ModuleNotFoundError:
        raise EvidenceError(
            f"Reading {DVC_LOCK} needs PyYAML: pip install 'cafe-workbench[evidence]'."
        ) from None
    try:
        held = yaml.load(raw, Loader=yaml.BaseLoader)  # texts, lists and mappings, nothing else
        stages = held["stages"].values()
        pinned = [
            part for stage in stages for key in ("deps", "outs") for part in stage.get(key, ())
        ]
        found: dict[str, str] = {}
        for part in pinned:
            kind = str(part.get("hash", "md5"))
            if kind in part:
                found[str(part["path"])] = f"{kind}:{part[kind]}"
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise EvidenceError(
            f"{DVC_LOCK} is not built as a lock of DVC (stages, deps, outs)."
        ) from None
    return dict(sorted(found.items()))
