"""A server that was really started on a notebook, and the processes behind its pages."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("voila")


ROOT = Path(__file__).resolve().parents[3]
MAIN = "from workbench.cli.commands import main; main()"
linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks into Linux's /proc")
CODE = "import os\nprint('ANSWER', 6 * 7, 'PROCESS', os.getpid())"


@dataclass
class Served:
    """A server that runs, and how to ask it."""

    process: subprocess.Popen[str]
    address: str

    @property
    def token(self) -> str:
        return urlsplit(self.address).query.removeprefix("token=")

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0

    def ask(
        self, path: str, method: str = "GET", body: str = "", **headers: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """Ask for a path as it is, which urllib would tidy up."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as line:
            line.request(method, path, body or None, sent)
            answer = line.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace"), answer.headers

    def open(self) -> tuple[str, dict[str, str]]:
        """Open the page as a browser would; return its text and the cookies it set."""
        status, text, headers = self.ask(f"/?token={self.token}")
        assert status == 200, text
        cookies: dict[str, str] = {}
        for line in headers.get_all("Set-Cookie") or []:
            cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return text, cookies


def notebook(folder: Path, name: str, code: str) -> Path:
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "one",
        "metadata": {},
        "outputs": [],
        "source": code,
    }
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {
        "cells": [cell],
        # The notebook asks for a template of its own; it is not to get it.
        "metadata": {"kernelspec": python, "voila": {"template": "reveal", "theme": "dark"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@contextmanager
def serving(*arguments: object) -> Iterator[Served]:
    """Start the command and wait for the address that it prints."""
    command = [sys.executable, "-c", MAIN, "serve", *map(str, arguments), "--no-browser"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            first = process.stdout.readline()
            assert first == "The workbench is ready (Ctrl-C stops it):\n", process.stderr.read()
            yield Served(process, process.stdout.readline().strip())
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def gone(process: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while alive(process) and time.monotonic() < end:
        time.sleep(0.1)
    return not alive(process)


def process_of(text: str) -> int:
    found = re.search(r"ANSWER 42 PROCESS (\d+)", text)
    assert found, text
    return int(found[1])


def children(server: Served) -> set[int]:
    of = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return set(map(int, of.read_text("ascii").split()))


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, "serve", *map(str, arguments), "--no-browser"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
