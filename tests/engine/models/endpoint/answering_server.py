"""A real server on this machine that answers as a test says, and a model that asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pandas as pd

import workbench as wb
from workbench.models.endpoint.endpoint import endpoint_model

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


def loan(server: Server, **options: Any) -> wb.BlackBoxModel:
    url = server.url + ("" if options.get("protocol") == "mlflow" else "/v2/models/loan")
    return endpoint_model(url, FEATURES, **{"timeout": 5.0, **options})


def output(name: str, data: Any, shape: Any, datatype: str = "FP32") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


PAIRS = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]
