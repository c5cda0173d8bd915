"""Where a server listens, under which address it is shown, and the token in it."""

from __future__ import annotations

import errno
import os
import re
import socket
import sys
import threading
import webbrowser
from ipaddress import ip_address
from urllib.parse import urlsplit

from tornado.netutil import bind_sockets

from workbench.common.errors import AuditError

__all__ = ["base_url", "bound", "bracketed", "check_host", "check_token", "open_in_browser"]

PORT = 8866
TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,256}")


def check_token(token: str | None) -> None:
    """Refuse a token that somebody might guess."""
    if token is not None and not TOKEN.fullmatch(token):
        raise AuditError(
            "The token must have 16 to 256 letters, digits or any of ._~- so that nobody guesses "
            "it. Leave --token out to get a random one."
        )


def check_host(host: str, public_url: str | None) -> None:
    """Refuse to listen to other computers without saying where a proxy shows the page."""
    try:
        inside = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        raise AuditError(
            f"{host!r} is not an address to listen on. Use 127.0.0.1, which only this computer "
            f"reaches."
        ) from None
    if not inside and public_url is None:
        raise AuditError(
            f"Listening on {host} opens the page to other computers, over a connection that "
            f"anybody on the way can read. Put a reverse proxy with https in front and say where "
            f"it shows the page: --public-url https://audit.example.org/"
        )
    if public_url is None:
        return
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise AuditError(
            f"--public-url must look like https://audit.example.org/cafe/, not {public_url!r}."
        )


def base_url(path: str) -> str:
    """Return the path below which a server answers."""
    inner = path.strip("/")
    if not re.fullmatch(r"[\w./~-]*", inner):
        raise AuditError(f"The path of --public-url holds more than letters and digits: {path!r}.")
    return f"/{inner}/" if inner else "/"


def bound(host: str, port: int | None) -> list[socket.socket]:
    """Return sockets that listen; without a port on the usual one, or on any where it is taken.

    Raises
    ------
    AuditError
        The port is taken or closed to this user.
    """
    wanted = PORT if port is None else port
    try:
        return bind_sockets(wanted, address=host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and port is None:
            return bind_sockets(0, address=host)
        reason = "is taken" if error.errno == errno.EADDRINUSE else f": {error.strerror}"
        raise AuditError(
            f"Cannot listen on {host}, port {wanted} {reason}. Choose another --port; 0 "
            f"takes any free one."
        ) from None


def bracketed(host: str) -> str:
    """Return a host as an address holds it."""
    return f"[{host}]" if ":" in host else host


def open_in_browser(address: str) -> None:
    """Open an address where there is a display."""
    if _has_display():
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _has_display() -> bool:
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
