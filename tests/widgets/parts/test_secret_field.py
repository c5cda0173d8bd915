"""A secret that is typed and not kept."""

from __future__ import annotations

from typing import Any

import pytest

from widgets.parts.secret_field import SecretField
from workbench.common.errors import ModelError


@pytest.mark.parametrize("content", [None, "x", {}, {"kind": 5, "value": "x"}])
def test_a_secret_field_survives_any_message(content: Any) -> None:
    secret = SecretField("Token", "note")
    secret._received(secret, content, None)
    assert secret.secret() == "", "no secret was sent"


def test_a_secret_that_is_no_text_is_refused_where_it_is_used() -> None:
    secret = SecretField("Token", "note")
    secret._received(secret, {"kind": "secret"}, None)
    with pytest.raises(ModelError, match="cannot be sent"):
        secret.secret()
