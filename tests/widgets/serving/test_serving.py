"""The served page against a server that was really started: who gets in, what is answered."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("voila")

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from widgets.serving.headers import HEADERS
from widgets.serving.page_server import HEALTH, is_full
from widgets.serving.serving import page_file, settings
from workbench.common.errors import AuditError

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    notebook(folder, "page.ipynb", CODE)
    notebook(folder, "other.ipynb", "print('OTHER')")
    (folder / "secret.txt").write_text("SECRET", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"SECRET")
    # Voila would read its settings from here, if it were allowed to.
    (folder / "voila.json").write_text('{"Voila": {"token": ""}}', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder / "page.ipynb", "--port", 0, "--max-pages", 100) as server:
        yield server


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


# ---- who gets in ----------------------------------------------------------------------------


def test_one_address_with_a_token_of_its_own(served: Served) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", served.address)


def test_with_the_token_the_page_runs_and_hides_its_code(served: Served) -> None:
    text, _ = served.open()
    assert alive(process_of(text))
    assert "os.getpid" not in text


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/?token=%00"])
def test_without_the_token_nobody_gets_in(path: str, served: Served) -> None:
    status, text, headers = served.ask(path)
    assert status == 302 and "ANSWER" not in text
    assert headers["Location"].startswith("/login")
    status, text, _ = served.ask("/login")
    assert status == 403 and "?token=…" in text and "<form" not in text


def test_the_login_page_takes_no_password(served: Served) -> None:
    body = f"password={served.token}&new_password=12345678"
    status, _, headers = served.ask("/login", "POST", body)
    assert status in (403, 405) and "Set-Cookie" not in headers


def test_the_cookie_lets_the_page_in_again_and_cannot_be_read(served: Served) -> None:
    status, _, headers = served.ask(f"/?token={served.token}")
    lines = headers.get_all("Set-Cookie") or []
    login = next(line for line in lines if line.startswith("username-"))
    assert "HttpOnly" in login and "SameSite=Strict" in login
    assert served.token not in login
    status, text, _ = served.ask("/", Cookie=login.partition(";")[0])
    assert status == 200 and "ANSWER 42" in text


def test_another_name_for_this_machine_is_refused(served: Served) -> None:
    path = f"/?token={served.token}"
    assert served.ask(path, Host="evil.example")[0] == 403
    assert served.ask("/login", Host=f"localhost:{served.port}")[0] == 403
    assert served.ask(path, Host=f"localhost:{served.port}")[0] == 200


@linux
def test_only_this_computer_is_listened_to(served: Served) -> None:
    hexed = f"{served.port:04X}"
    listening = []
    for table in ("tcp", "tcp6"):
        lines = Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]
        rows = [line.split() for line in lines]
        listening += [r[1] for r in rows if r[3] == "0A" and r[1].endswith(f":{hexed}")]
    assert listening == [f"0100007F:{hexed}"]


# ---- what is answered -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["template", "voila-template"])
def test_the_visitor_does_not_choose_the_template(name: str, served: Served) -> None:
    status, text, _ = served.ask(f"/?token={served.token}&{name}=reveal&theme=dark")
    assert status == 200 and "ANSWER 42" in text
    assert "reveal" not in text.replace(f"{name}=reveal", "")
    assert "/voila/templates/workbench/static/" in text
    assert "theme-dark" not in text


def test_the_page_names_no_other_site(served: Served) -> None:
    text, _ = served.open()
    links = re.findall(r"""(?:src|href)=["'](?:https?:)?//([^/"']+)""", text)
    assert links == []


@pytest.mark.parametrize(
    "path",
    [
        "/voila/files/secret.txt",
        "/voila/files/picture.png",
        "/voila/files/page.ipynb",
        "/voila/files/../page.ipynb",
        "/voila/files/%2e%2e/%2e%2e/etc/passwd",
        "/voila/static/../../../../../../../../etc/passwd",
        "/voila/static//etc/passwd",
        "/voila/templates/workbench/static/../../../../../../../../../etc/passwd",
        "/voila/templates/workbench/static/%2e%2e/index.html.j2",
        "/voila/templates/workbench/static//etc/passwd",
        "/voila/templates/../static/x",
        "/voila/templates/lab/static/../index.html.j2",
        "/voila/labextensions/../../../../../../etc/passwd",
        "/voila/labextensions//etc/passwd",
        "/voila/api/themes/../../../../../../etc/passwd",
        "/other.ipynb",
        "/page.ipynb",
        "/voila/render/other.ipynb",
        "/voila/tree",
        "/voila/api/contents/",
        "/api/contents",
        "/api/kernels",
        "/api/kernelspecs",
        "/api/terminals",
        "/terminals/1",
        "/files/secret.txt",
        "/metrics",
    ],
)
def test_nothing_but_the_page_is_served(path: str, served: Served) -> None:
    status, text, _ = served.ask(path, Authorization=f"token {served.token}")
    assert status in (403, 404), text
    for content in ("SECRET", "OTHER", "root:", "ANSWER", "nbformat", "extends"):
        assert content not in text


def test_the_page_gets_its_own_parts(served: Served) -> None:
    text, cookies = served.open()
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    parts = re.findall(r"""(?:src|href)=["'](/voila/[^"']+\.(?:js|css)[^"']*)""", text)
    assert parts
    assert [served.ask(part, Cookie=cookie)[0] for part in parts] == [200] * len(parts)


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", f"/{HEALTH}", "/voila/files/x.png"])
def test_every_answer_carries_the_headers(path: str, served: Served) -> None:
    _, _, headers = served.ask(path)
    for name, value in HEADERS.items():
        assert headers.get_all(name) == [value]
    assert "Server" not in headers
    for name in ("default-src 'none'", "frame-ancestors 'none'", "object-src 'none'"):
        assert name in headers["Content-Security-Policy"]


@linux
def test_the_health_check_starts_nothing(served: Served) -> None:
    children = f"/proc/{served.process.pid}/task/{served.process.pid}/children"
    before = Path(children).read_text("ascii").split()
    assert [served.ask(f"/{HEALTH}")[0] for _ in range(3)] == [204] * 3
    assert Path(children).read_text("ascii").split() == before


def test_a_page_ends_its_own_process_but_nobody_else_does(served: Served) -> None:
    text, cookies = served.open()
    process = process_of(text)
    kernel = re.search(r'"kernelId": ?"([\w-]+)"', text) or re.search(
        r"kernelId\D*?([0-9a-f]{8}-[0-9a-f-]{27})", text
    )
    assert kernel, text[:2000]
    end = f"/voila/api/shutdown/{kernel[1]}"
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    proof = f"_xsrf={cookies['_xsrf']}"
    assert served.ask(end, "POST", "x=1")[0] == 403
    assert served.ask(end, "POST", proof)[0] == 403
    assert served.ask(end, "POST", "x=1", Cookie=cookie)[0] == 403
    assert served.ask(end, "POST", proof, Cookie=cookie, Origin="http://evil.example")[0] == 404
    assert served.ask(f"/api/kernels/{kernel[1]}", "DELETE", Cookie=cookie)[0] == 403
    assert alive(process)
    assert served.ask(end, "POST", proof, Cookie=cookie)[0] == 204
    assert gone(process)


def test_the_page_cannot_send_code(served: Served) -> None:
    text, cookies = served.open()
    kernel = re.search(r"kernelId\D*?([0-9a-f]{8}-[0-9a-f-]{27})", text)
    assert kernel
    url = f"ws://127.0.0.1:{served.port}/api/kernels/{kernel[1]}/channels"
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())

    def message(kind: str, content: dict[str, Any]) -> str:
        header = {"msg_id": kind, "msg_type": kind, "username": "", "session": "s"}
        header |= {"date": "2026-01-01T00:00:00Z", "version": "5.3"}
        parts = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        return json.dumps({**parts, "channel": "shell", "buffers": []})

    async def refused(**headers: str) -> int:
        with pytest.raises(HTTPClientError) as error:
            await websocket_connect(HTTPRequest(url, headers=headers))
        return error.value.code

    async def talk() -> list[str]:
        line = await websocket_connect(HTTPRequest(url, headers={"Cookie": cookie}))
        code = {"code": "print('INTRUDER')", "silent": False, "store_history": False}
        code |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        await line.write_message(message("execute_request", code))
        await line.write_message(message("kernel_info_request", {}))
        heard: list[str] = []
        while True:
            answer = await asyncio.wait_for(line.read_message(), 30)
            assert isinstance(answer, str)
            heard.append(answer)
            if json.loads(answer)["msg_type"] == "kernel_info_reply":
                break
        with suppress(WebSocketClosedError):  # when the server hangs up before all is sent
            await line.write_message("x" * (5 * 2**20))  # more than a page may send
        while (answer := await asyncio.wait_for(line.read_message(), 30)) is not None:
            heard.append(str(answer))
        line.close()
        await asyncio.sleep(0.1)
        return heard

    async def gibberish(*protocols: str) -> None:
        request = HTTPRequest(url, headers={"Cookie": cookie})
        line = await websocket_connect(request, subprotocols=list(protocols) or None)
        await line.write_message(b"\xff" * 24, binary=True)  # so many parts as nobody could send
        while await asyncio.wait_for(line.read_message(), 10) is not None:
            pass  # until the server hangs up
        line.close()
        await asyncio.sleep(0.1)

    asyncio.run(gibberish())
    asyncio.run(gibberish("v1.kernel.websocket.jupyter.org"))
    assert asyncio.run(refused()) == 403
    assert asyncio.run(refused(Cookie=cookie, Origin="http://evil.example")) == 403
    heard = asyncio.run(talk())
    assert heard and not any("INTRUDER" in answer for answer in heard)
    assert not any("execute_reply" in answer for answer in heard)


def test_pages_are_limited(folder: Path) -> None:
    with serving(folder / "page.ipynb", "--port", 0, "--max-pages", 1) as server:
        server.open()
        status, text, _ = server.ask(f"/?token={server.token}")
        assert status == 503 and "Too many pages are open" in text


# ---- what a page's process is told, and when it starts -----------------------------------------

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


def children(server: Served) -> set[int]:
    of = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return set(map(int, of.read_text("ascii").split()))


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


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, "serve", *map(str, arguments), "--no-browser"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


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
