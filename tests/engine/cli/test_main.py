"""Ctrl-C while the command line is still loading: one sentence and status 130, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores Ctrl-C
from workbench.cli import __main__ as start

class CtrlC:
    def find_spec(self, name, *_):
        if name == {package!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
sys.argv = ["cafe-workbench", "--version"]
start.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to a process of one's own")
@pytest.mark.parametrize("package", ["numpy", "typer", "workbench.cli.commands"])
def test_ctrl_c_while_packages_load(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(package=package)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "\nStopped. No file was written.\n"


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cafe-workbench ")
