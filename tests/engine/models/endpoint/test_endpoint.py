"""Models asked over HTTP, against a real server that answers rightly, wrongly, late or never."""

from __future__ import annotations

import json
import operator
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import AuditCancelled, ModelError
from workbench.common.sent_functions import packed
from workbench.common.stopping import stopped_by
from workbench.models.endpoint import connection as endpoint_http
from workbench.models.endpoint.endpoint import ALLOWED_VARIABLE, allowed_endpoints, endpoint_model
from workbench.models.endpoint.protocols import question

ROWS = pd.DataFrame(
    {
        "age": [30, 41, 52],
        "income": [1.5, None, 2.5],
        "town": ["north", "süd", None],
        "member": [True, False, True],
    }
)
FEATURES = list(ROWS.columns)


class Server:
    """A server on loopback; `answer(handler, body)` writes whatever it likes to the socket."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.headers: list[Any] = []
        self.paths: list[str] = []
        self.connections = 0
        self.answer: Callable[[BaseHTTPRequestHandler, Any], None] = rightly
        self.stop = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                outer.headers.append(dict(self.headers))
                outer.paths.append(self.path)
                outer.answer(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: Any) -> None:
                pass  # the client hangs up on purpose

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.stop.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def send(handler: BaseHTTPRequestHandler, content: Any, status: int = 200, **headers: str) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def rows_in(body: Any) -> int:
    if "inputs" in body:
        return int(body["inputs"][0]["shape"][0])
    return len(body["dataframe_split"]["data"])


def ages(body: Any) -> list[float]:
    if "inputs" in body:
        return [age / 100 for age in body["inputs"][0]["data"]]
    return [row[0] / 100 for row in body["dataframe_split"]["data"]]


def rightly(handler: BaseHTTPRequestHandler, body: Any) -> None:
    if "inputs" in body:
        n = rows_in(body)
        output = {"name": "predict", "shape": [n, 1], "datatype": "FP64", "data": ages(body)}
        send(handler, {"model_name": "loan", "outputs": [output]})
    else:
        send(handler, {"predictions": ages(body)})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv(ALLOWED_VARIABLE, raising=False)
    monkeypatch.setattr(endpoint_http, "FIRST_PAUSE", 0.01)
    made = Server()
    yield made
    made.close()


def loan(server: Server, **options: Any) -> wb.BlackBoxModel:
    url = server.url + ("" if options.get("protocol") == "mlflow" else "/v2/models/loan")
    return endpoint_model(url, FEATURES, **{"timeout": 5.0, **options})


# ---- the two protocols ----------------------------------------------------------------------


def test_the_open_inference_protocol(server: Server) -> None:
    box = loan(server)
    assert box.predict(ROWS).tolist() == [0.30, 0.41, 0.52]
    assert server.paths == ["/v2/models/loan/infer"]
    by_name = {entry["name"]: entry for entry in server.bodies[0]["inputs"]}
    assert {name: entry["datatype"] for name, entry in by_name.items()} == {
        "age": "INT64",
        "income": "FP64",
        "town": "BYTES",
        "member": "BOOL",
    }
    assert by_name["income"]["data"] == [1.5, None, 2.5]
    assert by_name["town"]["data"] == ["north", "süd", None]
    assert all(entry["shape"] == [3, 1] for entry in by_name.values())
    assert box.name == f"loan at {server.url[7:]}"
    assert box.features == tuple(FEATURES)


def test_mlflow(server: Server) -> None:
    assert loan(server, protocol="mlflow").predict(ROWS).tolist() == [0.30, 0.41, 0.52]
    assert server.paths == ["/invocations"]
    assert server.bodies[0]["dataframe_split"] == {
        "columns": FEATURES,
        "data": [
            [30, 1.5, "north", True],
            [41, None, "süd", False],
            [52, 2.5, None, True],
        ],
    }


def test_categories_are_sent_as_their_values() -> None:
    frame = pd.DataFrame({"a": pd.Categorical([3, 5]), "b": pd.Categorical(["x", None])})
    body = json.loads(question(frame, "mlflow", None))
    assert body["dataframe_split"]["data"] == [[3, "x"], [5, None]]


def output(name: str, data: Any, shape: Any, datatype: str = "FP32") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


TWO = [0.9, 0.1, 0.8, 0.2, 0.7, 0.3]
PAIRS = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]
V2_ANSWERS = [
    ([output("p", [1, 0, 0.5], [3])], {}, [1.0, 0.0, 0.5]),
    ([output("p", TWO, [3, 2])], {}, [0.1, 0.2, 0.3]),
    ([output("p", PAIRS, [3, 2])], {"positive": 0}, [0.9, 0.8, 0.7]),
    ([output("p", [[0.1], [0.2], [0.3]], [3, 1])], {}, [0.1, 0.2, 0.3]),
    (
        [output("label", [0, 1, 1], [3], "INT64"), output("prob", TWO, [3, 2])],
        {"output": "prob", "positive": "1"},
        [0.1, 0.2, 0.3],
    ),
]
MLFLOW_ANSWERS = [
    (PAIRS, {}, [0.1, 0.2, 0.3]),
    (PAIRS, {"positive": 0}, [0.9, 0.8, 0.7]),
    ([{"no": 0.9, "yes": 0.1}] * 3, {"positive": "yes"}, [0.1] * 3),
    ([{"label": "no", "p": [0.9, 0.1]}] * 3, {"output": "p"}, [0.1] * 3),
    ({"p": [0.1, 0.2, 0.3], "label": [0, 1, 1]}, {"output": "p"}, [0.1, 0.2, 0.3]),
    ([{"score": 250.0}] * 3, {}, [250.0] * 3),
]


@pytest.mark.parametrize(("outputs", "options", "expected"), V2_ANSWERS)
def test_shapes_of_open_inference_answers(
    outputs: Any, options: Any, expected: list[float], server: Server
) -> None:
    server.answer = lambda handler, _: send(handler, {"outputs": outputs})
    assert loan(server, **options).predict(ROWS).tolist() == expected


@pytest.mark.parametrize(("predictions", "options", "expected"), MLFLOW_ANSWERS)
def test_shapes_of_mlflow_answers(
    predictions: Any, options: Any, expected: list[float], server: Server
) -> None:
    server.answer = lambda handler, _: send(handler, {"predictions": predictions})
    assert loan(server, protocol="mlflow", **options).predict(ROWS).tolist() == expected


def test_many_rows_go_in_several_requests_over_one_connection(server: Server) -> None:
    many = pd.DataFrame({name: np.arange(25) for name in FEATURES})
    scores = loan(server, max_rows=10).predict(many)
    np.testing.assert_allclose(scores, np.arange(25) / 100)
    assert [rows_in(body) for body in server.bodies] == [10, 10, 5]
    assert server.connections == 1
    assert loan(server).predict(many[:0]).tolist() == []


def test_a_whole_audit(server: Server) -> None:
    world = wb.datasets.loan(200, seed=1)
    names = list(world.features)

    def scored(handler: BaseHTTPRequestHandler, body: Any) -> None:
        rows = body["dataframe_split"]["data"]
        numbers = [[v for v in row if isinstance(v, int | float)] for row in rows]
        send(handler, {"predictions": [1 / (1 + np.exp(-row[0] / 1e5)) for row in numbers]})

    server.answer = scored
    model = endpoint_model(server.url, names, protocol="mlflow")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    assert case.output == "probability"
    same = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    assert case.model_fingerprint == same.model_fingerprint
    effects = wb.cafe_effects(case, wb.UnlearningTarget.feature(names[0]))
    assert len(effects.to_frame()) == 1


# ---- what goes wrong ------------------------------------------------------------------------

V2_NONSENSE: list[tuple[Any, str]] = [
    (b"", r"answered with '', where JSON is expected"),
    (b"hello", "answered with 'hello', where JSON is expected"),
    (b"<html><body>Log in</body></html>", r"answered with a web page \(HTML\)"),
    (b"\xff\xfe", "bytes that are no text"),
    (b"[" * 100_000, "JSON nested deeper"),
    (b'{"outputs": [{"name": "p", "data": [NaN, 1, 1]}]}', "answered with NaN"),
    (b'{"outputs": [{"name": "p", "data": [1e999, 0.5, 1]}]}', "a number beyond 1e"),
    (b'{"outputs": [{"name": "p", "data": [' + b"9" * 4000 + b", 0.5, 1]}]}", "a number beyond"),
    (b'{"outputs": [{"name": "p", "data": [' + b"9" * 5000 + b"]}]}", "where JSON is expected"),
    ([1, 2, 3], "answered with a list, where a JSON object is expected"),
    ({}, "without 'outputs', but with none"),
    ({"error": "no"}, "without 'outputs', but with 'error'"),
    ({"predictions": [0.1]}, "that is the protocol 'mlflow': --protocol mlflow"),
    ({"outputs": "x"}, "without 'outputs'"),
    ({"outputs": [3]}, "outputs that have no name"),
    ({"outputs": [output("p", [0.1, 0.2], [2])]}, "2 predictions for 3 rows"),
    ({"outputs": [output("p", [0.1] * 12, [3, 4])]}, "4 numbers per row, one per class"),
    ({"outputs": [output("p", TWO, [2, 3])]}, "2 predictions for 3 rows"),
    ({"outputs": [output("p", TWO, [3, 10**12])]}, "6 predictions for 3 rows"),
    ({"outputs": [output("p", ["a", 1, 2], [3])]}, "answered with 'a', where a number is expected"),
    ({"outputs": [output("p", [None, 1, 2], [3])]}, "answered with null"),
    ({"outputs": [output("p", [True, 1, 2], [3])]}, "answered with true or false"),
    ({"outputs": [output("p", [{}, 1, 2], [3])]}, "answered with an object"),
    ({"outputs": [output("p", [[0.1], [0.2, 0.3], [0.1]], [3])]}, "rows of different lengths"),
    ({"outputs": [output("p", [[], [], []], [3])]}, "rows of different lengths"),
    ({"outputs": [output("label", [0, 1, 1], [3], "INT64")]}, "gives INT64 in its output 'label'"),
    ({"outputs": [output("label", ["a"] * 3, [3], "BYTES")]}, "class labels or text"),
    ({"outputs": [{"name": "p", "data": [0, 1, 1]}]}, "whole numbers such as .0, 1, 1."),
    (
        {"outputs": [output("a", TWO, [3, 2]), output("b", TWO, [3, 2])]},
        "several outputs .'a', 'b'",
    ),
]


@pytest.mark.parametrize(("content", "message"), V2_NONSENSE, ids=lambda v: str(v)[:40])
def test_nonsense_is_said_in_words(content: Any, message: str, server: Server) -> None:
    server.answer = lambda handler, _: send(handler, content)
    with pytest.raises(ModelError, match=message) as error:
        loan(server).predict(ROWS)
    assert f"The endpoint {server.url}/v2/models/loan" in str(error.value)
    assert len(server.bodies) == 1, "nonsense is not asked for twice"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ({"error_code": "BAD"}, {}, "without 'predictions', but with 'error_code'"),
        ({"outputs": []}, {}, "that is the protocol 'open-inference'"),
        ({"predictions": 3}, {}, "answered with a number, where a list of 3"),
        ({"predictions": [0, 1, 1]}, {}, "pyfunc_predict_fn='predict_proba'"),
        ({"predictions": [{"a": 1.0, "b": 2.0}] * 3}, {}, r"gives 'a', 'b' per row\. Say which"),
        ({"predictions": [{"a": 1.0}] * 3}, {"output": "b"}, "gives 'a' per row, not 'b'"),
        ({"predictions": [{"a": 1.0}, {}, 3]}, {}, "does not give 'a' for every row"),
        ({"predictions": PAIRS}, {"positive": "yes"}, "'yes' cannot be told among them"),
        ({"predictions": PAIRS}, {"positive": 2}, "place from 0 to 1"),
    ],
)
def test_nonsense_of_mlflow(content: Any, options: Any, message: str, server: Server) -> None:
    server.answer = lambda handler, _: send(handler, content)
    with pytest.raises(ModelError, match=message):
        loan(server, protocol="mlflow", **options).predict(ROWS)


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


# ---- addresses and settings -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "is missing"),
        ("localhost:80/x", "must begin with https:// or http://"),
        ("ftp://host/x", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("http://", "must begin with"),
        ("http://user:pass@host/x", "name or password before the @"),
        ("http://user@host/x", "name or password before the @"),
        ("http://host:99999/x", "check its host and port"),
        ("http://[::1/x", "cannot be read"),
        ("http://host/x?key=1", r"end before the \? or #"),
        ("http://host/x#y", r"end before the \? or #"),
        ("http://host/a/../b", r"without '\.\.'"),
        ("http://host/a/%2e%2E/b", r"without '\.\.'"),
        ("http://host//evil", "'//'"),
        ("http://ho st/x", "letters that addresses do not have"),
        ("http://host\\@evil/x", "backslashes"),
        ("http://host/\r\nX: y", "letters that addresses do not have"),
        ("http://höst/x", "letters that addresses do not have"),
        ("http://ho%00st/x", "names no host"),
        ("http://host/" + "x" * 3000, "too long"),
    ],
)
def test_odd_addresses(url: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as error:
        endpoint_model(url, ["a"])
    assert "pass@" not in str(error.value)


ALLOWED = ("https://models.example.org/v2/models", "http://127.0.0.1:5000", "nonsense")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://models.example.org/v2/models/loan", True),
        ("https://MODELS.example.org:443/v2/models/", True),
        ("https://models.example.org./v2/models/loan", True),
        ("http://127.0.0.1:5000/anything", True),
        ("https://models.example.org/v2/models-of-others/loan", False),
        ("https://models.example.org/v2", False),
        ("http://models.example.org/v2/models/loan", False),
        ("https://models.example.org:8443/v2/models/loan", False),
        ("https://models.example.org.evil.org/v2/models/loan", False),
        ("http://127.0.0.1:50001/x", False),
        ("http://127.0.0.1/x", False),
    ],
)
def test_only_allowed_addresses_are_asked(url: str, allowed: bool) -> None:
    if allowed:
        endpoint_model(url, ["a"], allowed=ALLOWED)
    else:
        with pytest.raises(ModelError, match=r"may not be asked .*cafe-workbench serve --endpoint"):
            endpoint_model(url, ["a"], allowed=ALLOWED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("[]", ()),
        ('["http://a/", 3]', ("http://a/",)),
        ("", ()),
        ("{}", ()),
        ("http://a/", ()),
        ("[" * 100_000, ()),
    ],
)
def test_what_the_environment_allows(
    text: str | None, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is None:
        monkeypatch.delenv(ALLOWED_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(ALLOWED_VARIABLE, text)
    assert allowed_endpoints() == expected
    if expected == ():
        with pytest.raises(ModelError, match="may not be asked"):
            endpoint_model("http://a/", ["x"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "mlflw"}, "Did you mean 'mlflow'"),
        ({"timeout": 0}, r"timeout must be 0\.01 to 600 seconds"),
        ({"timeout": float("nan")}, "timeout must be"),
        ({"timeout": "5"}, "timeout must be"),
        ({"retries": -1}, "retries must be"),
        ({"retries": True}, "retries must be"),
        ({"max_rows": 0}, "max_rows must be 1 to 100,000"),
        ({"max_rows": 2.5}, "max_rows must be"),
        ({"headers": {"A b": "x"}}, "is no name of an HTTP header"),
        ({"headers": {"Host": "x"}}, "is set by the workbench"),
        ({"headers": {"X": "secret\r\nY: z"}}, "characters it cannot hold"),
        ({"headers": {"X": "sécret"}}, "characters it cannot hold"),
    ],
)
def test_settings_are_checked(options: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message) as error:
        endpoint_model("http://localhost/m", ["a"], **options)
    assert "secret" not in str(error.value)


def test_columns_are_checked() -> None:
    with pytest.raises(ModelError, match="Name at least one column"):
        endpoint_model("http://localhost/m", [])
    box = endpoint_model("http://localhost:1/m", ["a"])
    with pytest.raises(ModelError, match="'a' holds infinity"):
        box.predict(pd.DataFrame({"a": [np.inf]}))
    with pytest.raises(ModelError, match="'a' holds list values"):
        box.predict(pd.DataFrame({"a": [[1]]}))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h.org/v2/models/loan", "loan at h.org"),
        ("https://h.org/v2/models/loan/infer", "loan at h.org"),
        ("https://h.org/v2/models/loan/versions/3", "loan version 3 at h.org"),
        ("http://h.org:5000", "model at h.org:5000"),
        ("http://h.org/invocations", "model at h.org"),
    ],
)
def test_names(url: str, name: str) -> None:
    assert endpoint_model(url, ["a"]).name == name


def test_workers_are_not_given_an_endpoint() -> None:
    """They would ask past each other, and the headers would leave this process."""
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    endpoint = endpoint_model("http://localhost:1/m", ["b"], headers={"Authorization": "secret"})
    with pytest.raises(ModelError, match="An endpoint is asked from one place") as error:
        packed(partial(operator.methodcaller("predict", rows), endpoint))
    assert "secret" not in str(error.value)
    assert "neither --workers nor --scheduler" in str(error.value)
