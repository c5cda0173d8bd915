"""A folder of dossiers, and what both verifiers say of each."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from widgets.pages.dossier_review import verifier_script
from workbench.common.errors import EvidenceError
from workbench.evidence.dossier import zipped
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_checks import check_dossier
from workbench.evidence.dossier_files import read_dossier

HERE = Path(__file__).parent


def written(folder: Path, name: str, files: Mapping[str, bytes] | bytes, outside: Outside) -> None:
    """Put a dossier into the folder, with what its reader holds."""

    def text(raw: bytes | None) -> str | None:
        return None if raw is None else base64.b64encode(raw).decode()

    raw = files if isinstance(files, bytes) else zipped(files)
    (folder / f"{name}.zip").write_bytes(raw)
    held = {
        "key": None if outside.key is None else str(outside.key),
        "authority": outside.authority,
        "witnesses": [str(witness) for witness in outside.witnesses],
        "kept": [text(kept) for kept in outside.kept],
        "growth": [text(proof) for proof in outside.growth],
        "others": list(outside.other_sha256s),
        "request": outside.request_sha256,
        "served": outside.served_sha256,
        "receipt": text(outside.receipt),
    }
    (folder / f"{name}.json").write_text(json.dumps(held), "utf-8")


def said_by_python(folder: Path, name: str, outside: Outside) -> list[list[str]]:
    try:
        claims = check_dossier(read_dossier(str(folder / f"{name}.zip")), outside)
    except EvidenceError:
        return [["opened", "INVALID"]]
    return [[held.name, held.verdict] for held in claims]


def said_by_javascript(folder: Path) -> dict[str, Any]:
    """Run the browser's verifier on every dossier of the folder, in Node."""
    node = shutil.which("node")
    if node is None:
        reason = "the program node is not on this machine"
        pytest.fail(reason, pytrace=False) if os.environ.get("CI") else pytest.skip(reason)
    script = folder / "verifier.mjs"
    names = "checkDossier, filesOfZip, readKey, EvidenceError, ReaderError"
    script.write_text(f"{verifier_script()}\nexport {{ {names} }};\n", "utf-8")
    done = subprocess.run(
        [node, str(HERE / "conformance.mjs"), str(script), str(folder)],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    held: dict[str, Any] = json.loads(done.stdout)
    return held
