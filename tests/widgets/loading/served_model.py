"""A model that answers over HTTP on this machine, well or badly, for the tests of endpoints."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd

from tests.widgets.widget_tree import LONG, part
from widgets.loading.loader import DataModelLoader
from widgets.parts.secret_field import SecretField


class Served:
    """A model behind an address; what it was asked, and how it answers."""

    def __init__(self) -> None:
        self.way: str | int = "right"
        self.tokens: list[str | None] = []
        self.rows = 0
        self.go_on = threading.Event()
        self.asked = threading.Event()
        self.address = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        sent = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.tokens.append(handler.headers["Authorization"])
        self.asked.set()
        if self.way == "hang":
            self.go_on.wait(LONG)
        if self.way == "close":
            handler.connection.close()
            return
        if self.way in (401, 503):
            handler.send_error(int(self.way))
            return
        split = sent["dataframe_split"]
        rows = pd.DataFrame(split["data"], columns=split["columns"])
        self.rows += len(rows)
        found: object = {"predictions": (rows["income"] / 200).tolist()}
        text = {"nonsense": "<html>", "shape": '{"predictions": [0.5]}'}.get(str(self.way))
        if self.way == "classes":
            text = json.dumps({"predictions": [[0.5, 0.25, 0.25]] * len(rows)})
        content = (text or json.dumps(found)).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@contextmanager
def listening(served: Served) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):  # the other side may have gone
                served.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_port}/invocations"
    try:
        yield
    finally:
        served.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join(LONG)


def type_token(loader: DataModelLoader, value: object) -> None:
    secret = part(loader, SecretField)
    secret._received(secret, {"kind": "secret", "value": value}, [])
