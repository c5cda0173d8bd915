"""How the command starts: Ctrl-C while it is still loading, and streams that are closed."""

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


CLOSED = """
from workbench.cli import __main__ as start
start.open_closed_streams()
import os, sys
print("told")
print("warned", file=sys.stderr)
assert sys.stdin.read() == ""
sys.stdout.flush()
assert os.open(os.devnull, os.O_RDONLY) > 2  # no file takes the number of a stream
"""


@pytest.mark.skipif(os.name == "nt", reason="a shell's way to close a stream")
@pytest.mark.parametrize(
    ("closed", "told", "warned"),
    [
        (">&-", "", "warned\n"),
        ("2>&-", "told\n", ""),
        (">&- 2>&- <&-", "", ""),
        ("", "told\n", "warned\n"),
    ],
)
def test_a_stream_that_is_closed_loses_what_is_written_to_it(
    closed: str, told: str, warned: str
) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, CLOSED],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, told, warned)


FAREWELL = """
import atexit, sys, types
from workbench.cli import __main__ as start

def stopped():
    print("told")
    raise SystemExit({status})

commands = types.ModuleType("workbench.cli.commands")
commands.main = stopped
sys.modules["workbench.cli.commands"] = commands
atexit.register(print, "farewell")
start.main()
"""


def test_who_stops_an_audit_does_not_wait_for_packages_to_end() -> None:
    """Dask and others say farewell for seconds; what was said before is not lost."""
    for status, said in ((130, "told\n"), (3, "told\nfarewell\n")):
        done = subprocess.run(
            [sys.executable, "-c", FAREWELL.format(status=status)], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (status, said), done.stderr
