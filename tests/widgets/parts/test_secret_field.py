"""A secret that is typed and not kept."""

from __future__ import annotations

from typing import Any

import pytest

from widgets.parts.secret_field import SecretField


@pytest.mark.parametrize("content", [None, "x", {}, {"kind": "secret"}, {"kind": 5, "value": "x"}])
def test_a_secret_field_survives_any_message(content: Any) -> None:
    secret = SecretField("Token", "note")
    secret._received(secret, content, None)
