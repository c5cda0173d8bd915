"""Who gets in to a served page, and what is answered: the page and nothing else."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("voila")

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from tests.widgets.serving.served_notebook import Served, alive, gone, linux, process_of, serving
from widgets.serving.headers import HEADERS
from widgets.serving.page_server import HEALTH


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder / "page.ipynb", "--port", 0, "--max-pages", 100) as server:
        yield server


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
