"""A time-stamping authority for tests: made with `cryptography`, run by `openssl ts`, offline."""

from __future__ import annotations

import datetime
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from workbench.evidence.commitments import sha256_hex

SETTINGS = """
[ tsa ]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ req ]
distinguished_name = name
[ name ]
[ stamping ]
extendedKeyUsage = critical,timeStamping
basicConstraints = critical,CA:FALSE
[ root ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
"""


class TimeAuthority:
    """Stamps what it is given, at the time of the machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings").write_text(SETTINGS, "utf-8")
        (folder / "serial").write_text("01\n", "utf-8")
        new = ["req", "-newkey", "rsa:2048", "-nodes", "-config", "settings"]
        days = ["-days", "3650"]
        self._run(
            *new, "-x509", "-keyout", "root.key", "-out", "root.crt", "-subj", "/CN=Test root",
            "-extensions", "root", *days,
        )  # fmt: skip
        self._run(*new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test stamps")
        self._run(
            "x509", "-req", "-in", "tsa.csr", "-CA", "root.crt", "-CAkey", "root.key",
            "-CAcreateserial", "-out", "tsa.crt", "-extfile", "settings",
            "-extensions", "stamping", *days,
        )  # fmt: skip
        self._run("x509", "-in", "tsa.crt", "-outform", "DER", "-out", "tsa.der")
        self.pin = sha256_hex((folder / "tsa.der").read_bytes())

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            ["openssl", *words], cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stamp_request(self, request: bytes) -> bytes:
        """Answer a request as the authority's server would."""
        (self.folder / "asked.tsq").write_bytes(request)
        self._run(
            "ts", "-reply", "-config", "settings", "-section", "tsa", "-queryfile", "asked.tsq",
            "-inkey", "tsa.key", "-signer", "tsa.crt", "-out", "answer.tsr",
        )  # fmt: skip
        return (self.folder / "answer.tsr").read_bytes()

    def stamp(self, data: bytes, digest: str = "sha256") -> bytes:
        """Stamp data by a request of openssl's own."""
        (self.folder / "data").write_bytes(data)
        self._run("ts", "-query", "-data", "data", f"-{digest}", "-cert", "-out", "own.tsq")
        return self.stamp_request((self.folder / "own.tsq").read_bytes())

    def accepts(self, data: bytes, stamp: bytes) -> bool:
        """Tell what `openssl ts -verify` says."""
        (self.folder / "data").write_bytes(data)
        (self.folder / "held.tsr").write_bytes(stamp)
        said = self._run(
            "ts", "-verify", "-data", "data", "-in", "held.tsr", "-CAfile", "root.crt"
        )  # fmt: skip
        return "Verification: OK" in said


@contextmanager
def serving(authority: TimeAuthority) -> Iterator[str]:
    """Let an authority answer over HTTP, on this machine alone; at /other it answers nonsense."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            body = authority.stamp_request(asked) if self.path == "/stamp" else b"no"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def now() -> int:
    """Return the seconds since 1970."""
    return int(datetime.datetime.now(datetime.UTC).timestamp())
