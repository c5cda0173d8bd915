"""A failing page is logged with its address, and never with the token in it."""

from __future__ import annotations

import logging

import pytest

from widgets.serving.page_server import LOGS, WithoutToken

TOKEN = "a-token-of-twenty-signs"


@pytest.mark.parametrize("name", LOGS)
def test_the_token_is_in_no_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    log, hidden = logging.getLogger(name), WithoutToken(TOKEN)
    log.addFilter(hidden)
    # Dask, once imported, keeps Tornado's records from going further and silences errors.
    log.addHandler(caplog.handler)
    caplog.set_level(logging.ERROR, logger=name)
    try:
        log.error(
            "Uncaught exception %s\n%r",
            f"GET /?token={TOKEN} (127.0.0.1)",
            {"uri": f"/?token={TOKEN}"},
        )
    finally:
        log.removeFilter(hidden)
        log.removeHandler(caplog.handler)
    assert "Uncaught exception GET /?token=[token]" in caplog.text
    assert TOKEN not in caplog.text
