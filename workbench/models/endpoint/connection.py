"""One HTTP request and its answer: bounded in time and size, redirects refused.

Python's own HTTP client does nothing by itself: it follows no redirect, reads no proxy and no
password from the environment, and unpacks no compressed answer. Its socket can be closed from here:
a server that sends one byte a second is left at the deadline, or when somebody presses Cancel.
"""

from __future__ import annotations

import email.utils
import http.client
import random
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from workbench.common.errors import ModelError
from workbench.common.limits import RETRY_ASKED_SECONDS, RETRY_SECONDS
from workbench.common.printable import printable
from workbench.common.stopping import wait_for, waited

__all__ = ["Address", "Answered", "Line", "said"]

RETRIED = (429, 500, 502, 503, 504)
FIRST_PAUSE = 0.25


@dataclass(frozen=True)
class Address:
    """A model's address, in its parts.

    Attributes
    ----------
    scheme, host : str
        "http" or "https"; the host in lower case.
    port : int
    path : str
        Without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        usual = self.port == (443 if self.scheme == "https" else 80)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{'' if usual else f':{self.port}'}{self.path}"


@dataclass(frozen=True)
class Answered:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


class _PassingError(Exception):
    """A failure that may be over in a moment; `after` is the pause the server asked for."""

    def __init__(self, words: str, after: float | None = None) -> None:
        super().__init__(words)
        self.after = after


class Line:
    """A line to one server, kept open over the requests for one table of rows.

    Parameters
    ----------
    address : Address
    path : str
        Where the requests go.
    headers : mapping of str to str
    timeout : float
        Seconds for one request, from the first byte sent to the last byte received.
    retries : int
        How often a request is repeated when the connection fails or the server is busy; once when
        it does not answer in time.
    """

    def __init__(
        self,
        address: Address,
        path: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        retries: int,
    ) -> None:
        self._address, self._path, self._headers = address, path, headers
        self._timeout, self._retries = timeout, retries
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None

    def ask(self, body: bytes, limit: int) -> Answered:
        """Post a body and return the answer of at most `limit` bytes.

        Raises
        ------
        ModelError
            No answer came, also after retries.
        AuditCancelled
            Somebody stopped the work.
        """
        late = 0
        for attempt in range(self._retries + 1):
            try:
                return self._once(body, limit)
            except TimeoutError:
                late += 1
                words, pause = f"it did not answer within {self._timeout:g} seconds", None
            except _PassingError as error:
                words, pause = str(error), error.after
            if attempt == self._retries or late > 1:
                break
            ceiling = min(FIRST_PAUSE * 2**attempt, RETRY_SECONDS)
            waited(random.uniform(ceiling / 2, ceiling) if pause is None else pause)
        tried = "" if attempt == 0 else f" (tried {attempt + 1} times)"
        raise ModelError(
            f"The endpoint {self._address} gave no prediction: {words}{tried}. Check that the "
            f"server runs and can be reached from here, or give it more time with timeout=."
        )

    def close(self) -> None:
        """Hang up; a request under way ends."""
        line, self._connection, self._socket = self._socket, None, None
        if line is not None:
            with suppress(OSError):
                # Of the socket itself: an SSLSocket's own method would take its layer away from
                # the thread that reads.
                socket.socket.shutdown(line, socket.SHUT_RDWR)
            with suppress(OSError):
                line.close()

    def _once(self, body: bytes, limit: int) -> Answered:
        left = False
        until = time.monotonic() + self._timeout

        def exchange() -> Answered:
            connection = self._connection
            if connection is None or connection.sock is None:
                connection = self._connected(until - time.monotonic())
                if left:  # the connection came when nobody waited for it any more
                    connection.close()
                    raise TimeoutError
                self._connection, self._socket = connection, connection.sock
            connection.request("POST", self._path, body, dict(self._headers))
            response = connection.getresponse()
            content = response.read(limit + 1)
            return Answered(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                content,
            )

        def give_up() -> None:
            nonlocal left
            left = True
            self.close()

        try:
            answered = wait_for(exchange, seconds=self._timeout, give_up=give_up)
        except TimeoutError:
            self.close()
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _PassingError(_trouble(error)) from None
        if len(answered.content) > limit or answered.headers.get("connection", "") == "close":
            self.close()
        if answered.status in RETRIED:
            asked = answered.headers.get("retry-after")
            raise _PassingError(
                f"it is busy or failing ({said(answered)})",
                None if asked is None else _pause(asked),
            )
        return answered

    def _connected(self, seconds: float) -> http.client.HTTPConnection:
        secure = self._address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._address.host, self._address.port, timeout=max(seconds, 0.001))
        connection.auto_open = 0  # a socket that it opened by itself could not be left
        connection.connect()
        return connection


def said(answered: Answered) -> str:
    """Quote what a server said when it did not do what it was asked."""
    text = answered.content[:2_000].decode("utf-8", "replace")
    shown = " ".join(printable(text, mark=" ").split())
    page = "html" in answered.headers.get("content-type", "") or shown.startswith("<")
    quoted = "" if page or not shown else f", saying {shown[:200]!r}"
    return f"HTTP status {answered.status}{quoted}"


def _trouble(error: Exception) -> str:
    """Say why a connection failed."""
    import ssl

    if isinstance(error, socket.gaierror):
        return "no server of this name is known"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS (https) there"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return "it closed the connection"
    if isinstance(error, http.client.IncompleteRead):
        return "it closed the connection in the middle of its answer"
    if isinstance(error, http.client.HTTPException):
        return "it does not speak HTTP there"
    return f"the connection failed ({getattr(error, 'strerror', None) or type(error).__name__})"


def _pause(asked: str) -> float:
    """Return the seconds that a Retry-After header asks for, within reason."""
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(asked).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            seconds = FIRST_PAUSE
    return min(max(seconds, 0.0), RETRY_ASKED_SECONDS) if seconds == seconds else FIRST_PAUSE
