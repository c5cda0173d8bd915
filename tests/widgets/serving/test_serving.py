"""A served page's processes: what they are told, how they start and end, and bad options."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("voila")

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from tests.widgets.serving.served_notebook import (
    MAIN,
    ROOT,
    alive,
    children,
    linux,
    notebook,
    process_of,
    run,
    serving,
)
from widgets.serving.page_server import is_full
from widgets.serving.serving import page_file, settings
from workbench.common.errors import AuditError

# ---- what a page's process is told, and when it starts --------------------------------------


TELLING = """
import base64, json, os
told = {name: value for name, value in os.environ.items() if name.startswith("CAFE_WORKBENCH_")}
print("TOLD", base64.b64encode(json.dumps(told).encode()).decode(), "END")
print("TOKEN", any("a" * 20 in value for value in os.environ.values()))
print("ANSWER 42 PROCESS", os.getpid())
"""


def told(text: str) -> dict[str, str]:
    found = re.search(r"TOLD ([A-Za-z0-9+/=]+) END", text)
    assert found, text
    answer: dict[str, str] = json.loads(base64.b64decode(found[1]))
    return answer


def test_a_process_knows_its_endpoints_and_not_the_token(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_TOKEN", "a" * 20)
    for name in ("CAFE_WORKBENCH_ENDPOINTS", "CAFE_WORKBENCH_DATA", "CAFE_WORKBENCH_BROWSER"):
        monkeypatch.delenv(name, raising=False)
    page = notebook(folder, "telling.ipynb", TELLING)
    with serving(page, "--port", 0) as server:
        assert server.token == "a" * 20
        text, _ = server.open()
        assert told(text) == {"CAFE_WORKBENCH_ENDPOINTS": "[]"}
        assert "TOKEN False" in text
    ask = ("https://models.example.org/v2/", "http://127.0.0.1:5000/invocations")
    chosen = [part for address in ask for part in ("--endpoint", address)]
    with serving(page, "--port", 0, "--preheat", 1, *chosen) as server:
        for _ in range(2):  # the preheated process, and one that is not
            text, _ = server.open()
            assert json.loads(told(text)["CAFE_WORKBENCH_ENDPOINTS"]) == list(ask)
            assert "TOKEN False" in text


@linux
def test_a_preheated_page_waits_for_one_visitor_and_is_replaced(folder: Path) -> None:
    arguments = (folder / "page.ipynb", "--port", 0, "--preheat", 1, "--max-pages", 2)
    with serving(*arguments) as server:
        waiting = children(server)
        assert len(waiting) == 1
        text, _ = server.open()
        first = process_of(text)
        assert {first} == waiting, "the visitor gets the process that was waiting"
        assert "/voila/templates/workbench/static/" in text and "os.getpid" not in text
        end = time.monotonic() + 40
        while len(children(server)) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        second = process_of(server.open()[0])
        assert second != first and {first, second} <= children(server)
        status, text, _ = server.ask(f"/?token={server.token}")
        assert status == 503 and "Too many pages are open" in text
        started = children(server)
        server.process.terminate()
        assert server.process.wait(timeout=30) == 0
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""
        assert not any(map(alive, started))


def test_a_process_that_is_still_being_preheated_is_nobodys_page() -> None:
    async def full(held: list[str], most: int) -> bool:
        async def preheated() -> dict[str, str]:
            await asyncio.sleep(0.05)  # it stands in the list before its task is done
            return {"kernel_id": "preheated"}

        class Processes:
            def __init__(self) -> None:
                self._pools = {"page.ipynb": [asyncio.ensure_future(preheated())]}

            def list_kernel_ids(self) -> list[str]:
                return [*held, "preheated"]

        return await is_full(Processes(), most)

    assert not asyncio.run(full(["a visitor's"], most=2))
    assert asyncio.run(full(["a visitor's", "another's"], most=2))


def test_nobody_learns_another_visitors_address(folder: Path) -> None:
    with serving(folder / "page.ipynb", "--port", 0, "--preheat", 1) as server:
        text, cookies = server.open()
        kernel = re.search(r"kernelId\D*?([0-9a-f]{8}-[0-9a-f-]{27})", text)
        assert kernel
        url = f"ws://127.0.0.1:{server.port}/voila/query/{kernel[1]}"
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())

        async def refused(**headers: str) -> int:
            with pytest.raises(HTTPClientError) as error:
                await websocket_connect(HTTPRequest(url, headers=headers))
            return error.value.code

        assert asyncio.run(refused()) == 302  # to the sentence that asks for the token
        assert asyncio.run(refused(Cookie=cookie)) == 404


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--endpoint", "models.example.org"), "--endpoint must be the beginning of an address"),
        (("--endpoint", "file:///etc/passwd"), "--endpoint must be the beginning of an address"),
        (("--endpoint", "http://me:secret@models.example.org/"), "--endpoint must be"),
        (("--report", "secret.txt"), "--report belongs to the page legal_review"),
    ],
)
def test_what_a_page_may_reach_is_checked_first(
    arguments: tuple[str, ...], message: str, folder: Path
) -> None:
    done = run(folder / "page.ipynb", *arguments)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.json", "Cannot read the report 'none.json'"), ("secret.txt", "cannot be read")],
)
def test_a_report_that_cannot_be_opened_is_said_before_the_page_starts(
    name: str, message: str, folder: Path
) -> None:
    done = run("legal-review", "--report", folder / name)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_an_error_in_the_page_shows_no_traceback(folder: Path) -> None:
    page = notebook(folder, "broken.ipynb", "secret = 'INNER'\nraise ValueError('told ' + secret)")
    with serving(page, "--port", 0) as server:
        _, text, _ = server.ask(f"/?token={server.token}")
    assert "Traceback" not in text and "INNER" not in text


# ---- how it starts and ends -----------------------------------------------------------------


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_leaves_no_process(sign: signal.Signals, folder: Path) -> None:
    with serving(folder / "page.ipynb", "--port", 0) as server:
        processes = [process_of(server.open()[0]) for _ in range(2)]
        assert all(map(alive, processes))
        server.process.send_signal(sign)
        assert server.process.wait(timeout=30) == 0
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""
        assert not any(map(alive, processes))
        assert server.process.stdout is not None
        assert server.process.stdout.read() == "", "one address is all it prints"


@linux
def test_a_token_and_a_place_behind_a_proxy(folder: Path) -> None:
    proxy = ("--public-url", "https://audit.example.org/cafe")
    with serving(folder / "page.ipynb", "--port", 0, "--token", "a" * 20, *proxy) as server:
        assert server.address == f"https://audit.example.org/cafe/?token={'a' * 20}"
        hexed = Path("/proc/net/tcp").read_text("ascii")
        inner = Path(f"/proc/{server.process.pid}/fd")
        sockets = {os.readlink(fd) for fd in inner.iterdir() if fd.exists() or fd.is_symlink()}
        rows = [line.split() for line in hexed.splitlines()[1:]]
        own = [r[1] for r in rows if r[3] == "0A" and f"socket:[{r[9]}]" in sockets]
        assert len(own) == 1 and own[0].startswith("0100007F:")
        server.address = f"http://127.0.0.1:{int(own[0][-4:], 16)}/cafe/?token={'a' * 20}"
        asked = {"Host": "audit.example.org", "X_Forwarded_Proto": "https"}
        status, text, headers = server.ask(f"/cafe/?token={server.token}", **asked)
        assert status == 200 and "ANSWER 42" in text
        assert "/cafe/voila/templates/workbench/static/" in text
        assert all("Secure" in line for line in headers.get_all("Set-Cookie") or [])
        assert server.ask("/", **asked)[0] == 404
        assert server.ask("/cafe/", **asked)[0] == 302


def test_a_taken_port_is_said_in_words(folder: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = run(folder / "page.ipynb", "--port", port)
    assert done.returncode == 2
    assert f"port {port} is taken. Choose another --port" in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_without_the_interface_it_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'voila':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n" + MAIN
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "serve"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'cafe-workbench[interface]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"page": "dashbord"}, "no page 'dashbord'"),
        ({"page": "../secret"}, "no page"),
        ({"page": "none.ipynb"}, "no notebook 'none.ipynb'"),
        ({"preheat": -1}, "--preheat must be 0 or more"),
        ({"token": "short"}, "16 to 256"),
        ({"token": "a b" * 10}, "16 to 256"),
        ({"host": "0.0.0.0"}, "opens the page to other computers"),
        ({"host": "::"}, "opens the page to other computers"),
        ({"host": "everybody"}, "not an address to listen on"),
        ({"public_url": "audit.example.org"}, "must look like https://"),
        ({"public_url": "https://audit.example.org/?x=1"}, "must look like https://"),
        ({"public_url": "https://audit.example.org/a(b)"}, "more than letters"),
    ],
)
def test_unusable_options_are_said_in_words(
    options: dict[str, Any], message: str, folder: Path
) -> None:
    chosen = {"page": str(folder / "page.ipynb"), **options}
    with pytest.raises(AuditError, match=re.escape(message)):
        settings(**chosen)


def test_every_server_has_a_token_of_its_own(folder: Path) -> None:
    page = str(folder / "page.ipynb")
    tokens = {settings(page).Voila.token for _ in range(5)}
    assert len(tokens) == 5 and all(len(token) >= 32 for token in tokens)


def test_idle_processes_end(folder: Path) -> None:
    config = settings(str(folder / "page.ipynb"))
    assert 0 < config.MappingKernelManager.cull_interval <= 60
    assert 0 < config.MappingKernelManager.cull_idle_timeout <= 3600


@pytest.mark.parametrize("name", ["dashboard", "legal_review", "legal-review", "teaching"])
def test_pages_are_found_by_their_names(name: str) -> None:
    assert page_file(name).name == f"{name.replace('-', '_')}.ipynb"


def test_the_pages_travel_with_the_package() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = wheel["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    for name in ("dashboard", "legal_review", "teaching"):
        assert f"notebooks/{name}.ipynb" in listed
