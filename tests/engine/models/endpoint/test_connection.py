"""What goes wrong on the way to a model: slow and broken answers, redirects, refusals."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.engine.models.endpoint.answering_server import (
    FEATURES,
    ROWS,
    Server,
    loan,
    output,
    rightly,
    rows_in,
    send,
)
from workbench.common.errors import AuditCancelled, ModelError
from workbench.common.stopping import stopped_by
from workbench.models.endpoint import connection as endpoint_http
from workbench.models.endpoint.endpoint import endpoint_model


def test_an_answer_without_end_is_cut(server: Server) -> None:
    def endless(handler: BaseHTTPRequestHandler, _: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.stop.is_set():
            handler.wfile.write(b"1," * 100_000)

    server.answer = endless
    with pytest.raises(ModelError, match=r"answered with more than 1\.0 MB for 3 rows"):
        loan(server).predict(ROWS)


def test_a_compressed_answer_is_not_unpacked(server: Server) -> None:
    server.answer = lambda handler, _: send(handler, b"\x1f\x8b", Content_Encoding="gzip")
    with pytest.raises(ModelError, match="compressed content, which it was not asked for"):
        loan(server).predict(ROWS)
    assert server.headers[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_never_followed(status: int, server: Server) -> None:
    other = Server()
    try:
        server.answer = lambda handler, _: send(handler, b"", status, Location=other.url)
        with pytest.raises(ModelError, match=f"sends on to '{other.url}', which is not followed"):
            loan(server, headers={"Authorization": "Bearer secret"}).predict(ROWS)
        assert other.connections == 0 and len(server.bodies) == 1
    finally:
        other.close()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, r"refused the question \(HTTP status 400, saying 'no such .*Check that the columns"),
        (401, "requires authentication"),
        (404, "knows no such model"),
        (413, "3 rows are too many at once"),
    ],
)
def test_a_refusal_is_never_asked_again(status: int, message: str, server: Server) -> None:
    server.answer = lambda handler, _: send(handler, b"no such\n\x1b[31m column", status)
    with pytest.raises(ModelError, match=message) as error:
        loan(server, headers={"Authorization": "Bearer secret"}).predict(ROWS)
    assert len(server.bodies) == 1
    assert "\x1b" not in str(error.value) and "secret" not in str(error.value)
    assert server.headers[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int, server: Server) -> None:
    def at_last(handler: BaseHTTPRequestHandler, body: Any) -> None:
        if len(server.bodies) < 3:
            send(handler, b"busy", status)
        else:
            rightly(handler, body)

    server.answer = at_last
    assert loan(server).predict(ROWS).tolist() == [0.30, 0.41, 0.52]
    server.bodies.clear()
    with pytest.raises(ModelError, match=rf"status {status}, saying 'busy'.*tried 2 times"):
        loan(server, retries=1).predict(ROWS)


@pytest.mark.parametrize(
    ("asked", "low", "high"), [("0.3", 0.3, 1.0), ("nan", 0, 0.2), ("soon", 0, 0.2), ("-5", 0, 0.2)]
)
def test_a_pause_that_was_asked_for(asked: str, low: float, high: float, server: Server) -> None:
    def at_last(handler: BaseHTTPRequestHandler, body: Any) -> None:
        if len(server.bodies) == 1:
            send(handler, b"", 429, Retry_After=asked)
        else:
            rightly(handler, body)

    server.answer = at_last
    started = time.monotonic()
    loan(server).predict(ROWS)
    assert low <= time.monotonic() - started < high


def test_a_pause_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint_http._pause("86400") == 30.0
    assert endpoint_http._pause("inf") == 30.0
    assert endpoint_http._pause("Wed, 21 Oct 2099 07:28:00 GMT") == 30.0
    assert endpoint_http._pause("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def hang(handler: BaseHTTPRequestHandler, server: Server) -> None:
    server.stop.wait(20)
    handler.close_connection = True


def trickle_head(handler: BaseHTTPRequestHandler, server: Server) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    while not server.stop.wait(0.02):
        handler.wfile.write(b"x")


def trickle_body(handler: BaseHTTPRequestHandler, server: Server) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "900000")
    handler.end_headers()
    while not server.stop.wait(0.02):
        handler.wfile.write(b" ")


SLOW = [hang, trickle_head, trickle_body]


def no_thread_waits() -> bool:
    until = time.monotonic() + 3
    while any(t.name == "workbench-waits" for t in threading.enumerate()):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("slow", SLOW)
def test_a_deadline_holds_for_the_whole_request(slow: Any, server: Server) -> None:
    server.answer = lambda handler, _: slow(handler, server)
    started = time.monotonic()
    with pytest.raises(ModelError, match=r"did not answer within 0\.3 seconds \(tried 2 times\)"):
        loan(server, timeout=0.3, retries=5).predict(ROWS)
    assert time.monotonic() - started < 1.5
    assert no_thread_waits(), "what waited was ended"


@pytest.mark.parametrize("slow", SLOW)
def test_cancel_is_answered_at_once(slow: Any, server: Server) -> None:
    server.answer = lambda handler, _: slow(handler, server)
    started = time.monotonic()
    with stopped_by(lambda: time.monotonic() > started + 0.3), pytest.raises(AuditCancelled):
        loan(server, timeout=20.0).predict(ROWS)
    assert time.monotonic() - started < 1.0
    assert no_thread_waits()


def test_cancel_between_requests_and_in_a_pause(server: Server) -> None:
    many = pd.DataFrame({name: np.arange(5_000) for name in FEATURES})
    with (
        stopped_by(lambda: len(server.bodies) >= 3),
        pytest.raises(AuditCancelled),
    ):
        loan(server, max_rows=1).predict(many)
    assert len(server.bodies) <= 4
    server.answer = lambda handler, _: send(handler, b"", 503, Retry_After="20")
    started = time.monotonic()
    with stopped_by(lambda: time.monotonic() > started + 0.3), pytest.raises(AuditCancelled):
        loan(server).predict(ROWS)
    assert time.monotonic() - started < 1.0


def test_a_closed_connection(server: Server) -> None:
    def slam(handler: BaseHTTPRequestHandler, _: Any) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    server.answer = slam
    with pytest.raises(ModelError, match=r"it closed the connection \(tried 3 times\)"):
        loan(server, retries=2).predict(ROWS)

    def half(handler: BaseHTTPRequestHandler, _: Any) -> None:
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"outputs"')
        slam(handler, _)

    server.answer = half
    with pytest.raises(ModelError, match=r"answered with '\{\"outputs\"'|in the middle of"):
        loan(server, retries=0).predict(ROWS)

    def once(handler: BaseHTTPRequestHandler, body: Any) -> None:
        server.answer = rightly
        slam(handler, body)

    server.answer = once
    assert loan(server).predict(ROWS).tolist() == [0.30, 0.41, 0.52]


def test_a_server_that_closes_after_every_answer(server: Server) -> None:
    def closing(handler: BaseHTTPRequestHandler, body: Any) -> None:
        handler.close_connection = True
        n = rows_in(body)
        answer = {"outputs": [output("p", [0.5] * n, [n])]}
        send(handler, answer, Connection="close")

    server.answer = closing
    many = pd.DataFrame({name: np.arange(4) for name in FEATURES})
    assert loan(server, max_rows=1, retries=0).predict(many).tolist() == [0.5] * 4
    assert server.connections == 4


def test_no_http_at_all(server: Server) -> None:
    server.answer = lambda handler, _: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    with pytest.raises(ModelError, match="it does not speak HTTP there"):
        loan(server, retries=0).predict(ROWS)
    secure = server.url.replace("http:", "https:")
    with pytest.raises(ModelError, match=r"does not speak TLS|closed the connection"):
        endpoint_model(secure, FEATURES, retries=0).predict(ROWS)


def test_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ModelError, match="nothing listens there"):
            endpoint_model(url, FEATURES, retries=0).predict(ROWS)


def test_proxies_of_the_environment_are_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert loan(server).predict(ROWS).tolist() == [0.30, 0.41, 0.52]
