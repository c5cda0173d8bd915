"""A model asked over HTTP: a whole audit, allowed addresses, settings, columns and names."""

from __future__ import annotations

import operator
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.engine.models.endpoint.answering_server import Server, send
from workbench.common.errors import ModelError
from workbench.common.sent_functions import packed
from workbench.models.endpoint.endpoint import ALLOWED_VARIABLE, allowed_endpoints, endpoint_model


def test_a_whole_audit(server: Server) -> None:
    world = wb.datasets.loan(200, seed=1)
    names = list(world.features)

    def scored(handler: BaseHTTPRequestHandler, body: Any) -> None:
        rows = body["dataframe_split"]["data"]
        numbers = [[v for v in row if isinstance(v, int | float)] for row in rows]
        send(handler, {"predictions": [1 / (1 + np.exp(-row[0] / 1e5)) for row in numbers]})

    server.answer = scored
    model = endpoint_model(server.url, names, protocol="mlflow")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    assert case.output == "probability"
    same = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    assert case.model_fingerprint == same.model_fingerprint
    effects = wb.cafe_effects(case, wb.UnlearningTarget.feature(names[0]))
    assert len(effects.to_frame()) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "is missing"),
        ("localhost:80/x", "must begin with https:// or http://"),
        ("ftp://host/x", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("http://", "must begin with"),
        ("http://user:pass@host/x", "name or password before the @"),
        ("http://user@host/x", "name or password before the @"),
        ("http://host:99999/x", "check its host and port"),
        ("http://[::1/x", "cannot be read"),
        ("http://host/x?key=1", r"end before the \? or #"),
        ("http://host/x#y", r"end before the \? or #"),
        ("http://host/a/../b", r"without '\.\.'"),
        ("http://host/a/%2e%2E/b", r"without '\.\.'"),
        ("http://host//evil", "'//'"),
        ("http://ho st/x", "letters that addresses do not have"),
        ("http://host\\@evil/x", "backslashes"),
        ("http://host/\r\nX: y", "letters that addresses do not have"),
        ("http://höst/x", "letters that addresses do not have"),
        ("http://ho%00st/x", "names no host"),
        ("http://host/" + "x" * 3000, "too long"),
    ],
)
def test_odd_addresses(url: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as error:
        endpoint_model(url, ["a"])
    assert "pass@" not in str(error.value)


ALLOWED = ("https://models.example.org/v2/models", "http://127.0.0.1:5000", "nonsense")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://models.example.org/v2/models/loan", True),
        ("https://MODELS.example.org:443/v2/models/", True),
        ("https://models.example.org./v2/models/loan", True),
        ("http://127.0.0.1:5000/anything", True),
        ("https://models.example.org/v2/models-of-others/loan", False),
        ("https://models.example.org/v2", False),
        ("http://models.example.org/v2/models/loan", False),
        ("https://models.example.org:8443/v2/models/loan", False),
        ("https://models.example.org.evil.org/v2/models/loan", False),
        ("http://127.0.0.1:50001/x", False),
        ("http://127.0.0.1/x", False),
    ],
)
def test_only_allowed_addresses_are_asked(url: str, allowed: bool) -> None:
    if allowed:
        endpoint_model(url, ["a"], allowed=ALLOWED)
    else:
        with pytest.raises(ModelError, match=r"may not be asked .*cafe-workbench serve --endpoint"):
            endpoint_model(url, ["a"], allowed=ALLOWED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("[]", ()),
        ('["http://a/", 3]', ("http://a/",)),
        ("", ()),
        ("{}", ()),
        ("http://a/", ()),
        ("[" * 100_000, ()),
    ],
)
def test_what_the_environment_allows(
    text: str | None, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is None:
        monkeypatch.delenv(ALLOWED_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(ALLOWED_VARIABLE, text)
    assert allowed_endpoints() == expected
    if expected == ():
        with pytest.raises(ModelError, match="may not be asked"):
            endpoint_model("http://a/", ["x"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "mlflw"}, "Did you mean 'mlflow'"),
        ({"timeout": 0}, r"timeout must be 0\.01 to 600 seconds"),
        ({"timeout": float("nan")}, "timeout must be"),
        ({"timeout": "5"}, "timeout must be"),
        ({"retries": -1}, "retries must be"),
        ({"retries": True}, "retries must be"),
        ({"max_rows": 0}, "max_rows must be 1 to 100,000"),
        ({"max_rows": 2.5}, "max_rows must be"),
        ({"headers": {"A b": "x"}}, "is no name of an HTTP header"),
        ({"headers": {"Host": "x"}}, "is set by the workbench"),
        ({"headers": {"X": "secret\r\nY: z"}}, "characters it cannot hold"),
        ({"headers": {"X": "sécret"}}, "characters it cannot hold"),
    ],
)
def test_settings_are_checked(options: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message) as error:
        endpoint_model("http://localhost/m", ["a"], **options)
    assert "secret" not in str(error.value)


def test_columns_are_checked() -> None:
    with pytest.raises(ModelError, match="Name at least one column"):
        endpoint_model("http://localhost/m", [])
    box = endpoint_model("http://localhost:1/m", ["a"])
    with pytest.raises(ModelError, match="'a' holds infinity"):
        box.predict(pd.DataFrame({"a": [np.inf]}))
    with pytest.raises(ModelError, match="'a' holds list values"):
        box.predict(pd.DataFrame({"a": [[1]]}))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h.org/v2/models/loan", "loan at h.org"),
        ("https://h.org/v2/models/loan/infer", "loan at h.org"),
        ("https://h.org/v2/models/loan/versions/3", "loan version 3 at h.org"),
        ("http://h.org:5000", "model at h.org:5000"),
        ("http://h.org/invocations", "model at h.org"),
    ],
)
def test_names(url: str, name: str) -> None:
    assert endpoint_model(url, ["a"]).name == name


def test_workers_are_not_given_an_endpoint() -> None:
    """They would ask past each other, and the headers would leave this process."""
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    endpoint = endpoint_model("http://localhost:1/m", ["b"], headers={"Authorization": "secret"})
    with pytest.raises(ModelError, match="An endpoint is asked from one place") as error:
        packed(partial(operator.methodcaller("predict", rows), endpoint))
    assert "secret" not in str(error.value)
    assert "neither --workers nor --scheduler" in str(error.value)
