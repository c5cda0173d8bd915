"""A model server that hangs, talks nonsense or hangs up, by what it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["HOSTILE", "misbehaving"]

HOSTILE = "<img src=x onerror=document.title='harmed'>"
"""What harms a page that shows it as anything but text."""


class Misbehaving(BaseHTTPRequestHandler):
    """Answers by what stands in the path."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "hang" in self.path:
            time.sleep(120)
        elif "close" in self.path:
            self.connection.close()
        else:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"<html>" + HOSTILE.encode() + b"</html>")

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def misbehaving() -> Iterator[str]:
    """Run the server in a thread of its own; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Misbehaving)
    server.daemon_threads = True
    server.block_on_close = False
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
