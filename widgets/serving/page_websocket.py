"""A page's WebSocket to its Python process: messages cut up wrongly are refused.

A binary message begins with a table: how many parts it has, and where each begins. Jupyter's and
Voila's readers believe the number, which is anybody's to write, and Voila reads a message of the
older protocol by the rules of the newer one; either way one message of a visitor stopped the server
for all. See :func:`table_fits`.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

__all__ = ["CheckedWebsocketHandler", "table_fits"]

NEWER = "v1.kernel.websocket.jupyter.org"
NOT_VALID = 1007
"""Why a line is closed, as websockets number it: what came is not what it says it is."""


def table_fits(message: bytes, *, newer: bool) -> bool:
    r"""Whether the table at the head of a binary message is as long as it says, and in order.

    Parts that overlap could together be far larger than the message.

    Parameters
    ----------
    newer : bool
        Whether it is of the newer protocol: eight bytes a number, the smallest first; else four,
        the largest first.

    Examples
    --------
    >>> whole = (1).to_bytes(8, "little") + (16).to_bytes(8, "little") + b"{}"
    >>> table_fits(whole, newer=True), table_fits(b"\xff" * 24, newer=True)
    (True, False)
    """
    width = 8 if newer else 4
    count = int.from_bytes(message[:width], "little" if newer else "big")
    if len(message) < width * (count + 1):
        return False
    places = struct.unpack_from(f"<{count}Q" if newer else f">{count}I", message, width)
    return all(start <= stop for start, stop in pairwise(places))


class CheckedWebsocketHandler(VoilaKernelWebsocketHandler):
    """Voila's line, which passes on only binary messages that can be read."""

    def on_message(self, ws_message: Any) -> None:
        """Pass a visitor's message on, or close the line."""
        if isinstance(ws_message, bytes) and not table_fits(ws_message, newer=self._newer):
            self.close(NOT_VALID, "This is no message of a page.")
            return
        super().on_message(ws_message)

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send the process's message to the page; of the older protocol without Voila's look."""
        if isinstance(message, bytes) and not self._newer:
            return super(VoilaKernelWebsocketHandler, self).write_message(message, binary)
        return super().write_message(message, binary)

    @property
    def _newer(self) -> bool:
        return bool(self.selected_subprotocol == NEWER)
