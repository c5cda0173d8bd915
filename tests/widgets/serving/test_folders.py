"""A server whose home cannot be written gives Jupyter folders that can."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir

from widgets.serving.folders import writable_folders
from workbench.common.errors import AuditError

NAMES = (
    "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is a file: not even root can write into it."""
    for name in (*NAMES, "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, "")  # so that what the server sets is undone
        monkeypatch.delenv(name)
    closed = tmp_path / "home"
    closed.write_text("")
    monkeypatch.setenv("HOME", str(closed))
    monkeypatch.setenv("USERPROFILE", str(closed))
    monkeypatch.setenv("APPDATA", str(closed / "data"))
    return closed


def test_a_closed_home_is_replaced_while_the_server_runs(home: Path) -> None:
    with writable_folders():
        made = [Path(os.environ[name]) for name in NAMES]
        assert all(folder.is_dir() and home not in folder.parents for folder in made)
        assert jupyter_data_dir() == os.environ["JUPYTER_DATA_DIR"]
        assert jupyter_runtime_dir() == os.environ["JUPYTER_RUNTIME_DIR"]
    assert not any(folder.exists() for folder in made)


def test_an_open_home_is_used_as_it_is(home: Path) -> None:
    home.unlink()
    with writable_folders():
        assert not any(name in os.environ for name in NAMES)


def test_nowhere_to_write_is_said_before_the_server_is_ready(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(home / "tmp"))
    with pytest.raises(AuditError, match="Set HOME or TMPDIR"), writable_folders():
        raise AssertionError("served")
