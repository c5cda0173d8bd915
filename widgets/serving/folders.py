"""Folders that Jupyter writes to: those of the user's home, or new ones where it is closed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir

from workbench.common.errors import AuditError

__all__ = ["writable_folders"]


@contextmanager
def writable_folders() -> Iterator[None]:
    """Let Jupyter, IPython and Matplotlib write to a new folder where the home cannot be written.

    The new folder goes when the server ends. Services often run without a home of their own.

    Raises
    ------
    AuditError
        No folder can be made for temporary files either.
    """
    wanted = {
        "JUPYTER_CONFIG_DIR": jupyter_config_dir(),
        "JUPYTER_DATA_DIR": jupyter_data_dir(),
        "JUPYTER_RUNTIME_DIR": jupyter_runtime_dir(),
        "IPYTHONDIR": os.environ.get("IPYTHONDIR") or os.path.expanduser("~/.ipython"),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or os.path.expanduser("~/.cache"),
    }
    closed = [name for name, folder in wanted.items() if not _can_be_written(Path(folder))]
    if not closed:
        yield
        return
    try:
        made = tempfile.mkdtemp(prefix="cafe-workbench-")
        for name in closed:
            os.environ[name] = str(Path(made, name.lower()))
            os.mkdir(os.environ[name], 0o700)
    except OSError as error:
        raise AuditError(
            f"Neither {wanted[closed[0]]!r} nor a folder for temporary files can be written "
            f"({error.strerror}). Set HOME or TMPDIR to a folder that can."
        ) from None
    try:
        yield
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _can_be_written(folder: Path) -> bool:
    """Whether a file can be made in a folder, which is made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
