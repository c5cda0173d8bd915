"""The line of a page: no message keeps the server counting."""

from __future__ import annotations

import pytest

pytest.importorskip("voila")

from voila.tornado import kernel_websocket_handler as theirs

from widgets.serving.page_websocket import NEWER, CheckedWebsocketHandler, table_fits


@pytest.mark.parametrize(
    ("message", "newer", "fits"),
    [
        (b"\x00\x00\x00\x01\x00\x00\x00\x08{}", False, True),
        (b"\x7f\xff\xff\xff\x00\x00\x00\x08{}", False, False),
        (b"\xff\xff\xff\xff", False, False),
        (b"\x00\x00\x00\x02\x00\x00\x00\x08", False, False),
        (b"", False, False),
        (b"\x00\x00\x00\x02\x00\x00\x00\x0c\x00\x00\x00\x0d{}", False, True),
        (b"\x00\x00\x00\x02\x00\x00\x00\x0d\x00\x00\x00\x0c{}", False, False),
        (b"".join(n.to_bytes(8, "little") for n in (3, 32, 0, 64)) + b" " * 32, True, False),
        ((1).to_bytes(8, "little") + (16).to_bytes(8, "little"), True, True),
        ((2).to_bytes(8, "little") + (16).to_bytes(8, "little"), True, False),
        (b"\xff" * 64, True, False),
        (b"", True, False),
    ],
)
def test_a_table_is_as_long_as_it_says(message: bytes, newer: bool, fits: bool) -> None:
    assert table_fits(message, newer=newer) is fits


def test_a_file_over_the_older_protocol_is_not_read_by_the_rules_of_the_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[bytes] = []
    sent: list[object] = []
    monkeypatch.setattr(theirs, "read_header_from_binary_message", read.append)
    monkeypatch.setattr(
        theirs.WebsocketHandler,
        "write_message",
        lambda self, message, binary=False: sent.append(message),
    )
    for protocol in (None, NEWER):
        monkeypatch.setattr(CheckedWebsocketHandler, "selected_subprotocol", protocol)
        CheckedWebsocketHandler.__new__(CheckedWebsocketHandler).write_message(
            f"to {protocol}".encode(), True
        )
    assert read == [f"to {NEWER}".encode()] and len(sent) == 2
