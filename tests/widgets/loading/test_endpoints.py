"""Models asked over HTTP: tokens, addresses, servers that hang or lie."""

from __future__ import annotations

import re
import time

import ipywidgets as W
import numpy as np
import pytest

from tests.widgets.loading.loading_steps import (
    SECRET,
    assert_same_by_code_of_file,
    choose,
    field,
    own_frame,
    own_table,
    problem,
    status,
    tick,
    use,
    visible,
)
from tests.widgets.loading.served_model import Served, type_token
from tests.widgets.widget_tree import LONG, part, said
from widgets.loading.loader import DataModelLoader
from widgets.parts.secret_field import SecretField
from widgets.session.session import AuditSession
from workbench.case import open_case


def test_an_endpoint_is_asked_once_per_row(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    type_token(asking, SECRET)
    use(asking)
    case = session.case
    assert case is not None, status(asking).text
    np.testing.assert_allclose(case.predictions, own_frame()["income"] / 200)
    assert served.rows == 300 and set(served.tokens) == {f"Bearer {SECRET}"}
    assert not session.live_wanted, "each question may cost"
    assert f"asked at {served.address}" in said(asking)


def test_a_token_is_nowhere_but_in_the_requests(
    asking: DataModelLoader, session: AuditSession
) -> None:
    type_token(asking, SECRET)
    use(asking)
    assert session.code is not None and "os.environ['MODEL_TOKEN']" in session.code
    states = [w.get_state() for w in W.widget._instances.values()]  # type: ignore[attr-defined]
    assert states
    text = repr(states) + said(asking) + session.code + repr(session.case)
    assert SECRET not in text
    assert SECRET not in repr(asking._forms["endpoint"].source())
    choose(asking, model="forest")
    choose(asking, model="endpoint")
    assert part(asking, SecretField).secret() == ""


def test_the_code_of_an_endpoint_asks_it_again(
    asking: DataModelLoader, session: AuditSession, monkeypatch: pytest.MonkeyPatch, served: Served
) -> None:
    type_token(asking, SECRET)
    use(asking)
    monkeypatch.setenv("MODEL_TOKEN", SECRET)
    assert_same_by_code_of_file(session, own_table())
    assert set(served.tokens) == {f"Bearer {SECRET}"}


@pytest.mark.parametrize("token", [5, None, "a\nHost: b", "ü", "x" * 9_000])
def test_a_token_that_cannot_be_sent_is_refused_and_not_repeated(
    asking: DataModelLoader, session: AuditSession, token: object, served: Served
) -> None:
    type_token(asking, token)
    use(asking)
    text = problem(asking, session)
    assert "token cannot be sent" in text and "Host" not in text
    assert served.tokens == []


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("nonsense", "web page"),
        ("shape", "1 predictions for 300 rows"),
        ("close", "closed the connection"),
        ("classes", "one per class.*Write it into its field above"),
        (401, "Type the token into its field above"),
        (503, "busy or failing"),
    ],
)
def test_an_endpoint_that_answers_badly_is_said(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    way: str | int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.models.endpoint.connection.FIRST_PAUSE", 0.001)
    served.way = way
    use(asking)
    said_now = problem(asking, session)
    assert re.search(words, said_now), said_now
    assert said_now.startswith("The endpoint http://127.0.0.1") and "timeout=" not in said_now
    served.way = "right"
    use(asking)
    assert session.case is not None, status(asking).text


def test_a_hanging_endpoint_ends_in_words(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workbench.case import model_sources

    real = model_sources.endpoint_model
    monkeypatch.setattr(
        model_sources, "endpoint_model", lambda *a, **k: real(*a, **k, timeout=0.1, retries=1)
    )
    served.way = "hang"
    use(asking)
    assert "did not answer within 0.1 seconds" in problem(asking, session)


def test_the_class_of_an_endpoint(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    served.way = "classes"
    use(asking)
    field(asking, "Class whose").value = "1"
    use(asking)
    assert session.case is not None, status(asking).text
    assert session.case.predictions.tolist() == [0.25] * 300
    assert session.code is not None and "positive='1'" in session.code


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is missing; it begins with https://"),
        (
            "http://user:pass@127.0.0.1/invocations",
            "before the @.*Type the token into its field above",
        ),
        ("ftp://127.0.0.1/x", "http"),
        ("javascript:alert(1)", "http"),
        ("file:///etc/passwd", "http"),
        ("http://[", "cannot be read"),
        ("x" * 5_000, "too long"),
    ],
)
def test_an_address_that_cannot_be_is_said(
    asking: DataModelLoader, session: AuditSession, address: str, words: str
) -> None:
    field(asking, "Address").value = address
    use(asking)
    assert re.search(words, problem(asking, session))


def test_a_hanging_endpoint_is_left_at_once(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    served.way = "hang"
    use(asking, wait=False)
    assert served.asked.wait(LONG)
    (stop,) = visible(asking, W.Button, description="Stop loading")
    started = time.monotonic()
    stop.click()
    assert "Stopped. Nothing was loaded" in said(asking) and session.case is None
    choose(asking, model="column")  # waits for the next job, not for the hanging one
    use(asking)
    assert session.case is not None and time.monotonic() - started < 5
    case = session.case
    served.go_on.set()
    time.sleep(0.3)
    assert session.case is case, "the late answer is dropped"
    assert not visible(asking, W.Button, description="Stop loading")


def test_a_changed_mind_drops_what_is_asked(
    asking: DataModelLoader, session: AuditSession, served: Served
) -> None:
    served.way = "hang"
    use(asking, wait=False)
    assert served.asked.wait(LONG)
    tick(asking, "income")
    assert "Changed. Press" in said(asking)
    served.way = "right"
    served.go_on.set()
    use(asking)
    assert session.case is not None and session.case.reads == ("income",)


def test_an_opened_endpoint_is_on_its_own(asking: DataModelLoader, session: AuditSession) -> None:
    use(asking)
    case = session.case
    assert case is not None and status(asking).kind == "good"
    text = status(asking).text
    case.model.predict(case.data)
    assert status(asking).text == text, "an audit's questions are not loading"
    tick(asking, "income")  # stops what the loader has started
    assert len(case.model.predict(case.data)) == 300


def test_a_stopped_endpoint_is_not_asked_about_the_rest(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_case, "ASKED_AT_ONCE", 10)
    served.way = "hang"
    use(asking, wait=False)
    assert served.asked.wait(LONG)
    job = asking._job
    (stop,) = visible(asking, W.Button, description="Stop loading")
    stop.click()
    served.way = "right"
    served.go_on.set()
    assert job.wait(LONG)
    assert served.rows <= 10 and session.case is None


def test_a_server_that_allows_no_address_says_so_and_asks_nothing(
    table: DataModelLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_ENDPOINTS", "[]")
    choose(table, model="endpoint")
    assert "cafe-workbench serve --endpoint" in said(table)
    assert visible(table, W.Text) == [] and visible(table, W.Button) == []
    monkeypatch.delenv("CAFE_WORKBENCH_ENDPOINTS")
    choose(table, model="forest")
    choose(table, model="endpoint")
    assert visible(table, W.Text, description="Address of the model")
    assert "cafe-workbench serve" not in said(table)


def test_the_addresses_that_a_server_allows_are_listed(
    table: DataModelLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_ENDPOINTS", '["https://models.example.org/"]')
    choose(table, model="endpoint")
    assert "<li>https://models.example.org/</li>" in said(table)
    assert field(table, "Address").value == "https://models.example.org/"


def test_an_address_that_the_server_does_not_allow(
    asking: DataModelLoader,
    session: AuditSession,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_ENDPOINTS", '["https://models.example.org/"]')
    use(asking)
    assert "may not be asked from here. Whoever runs this page can" in problem(asking, session)
    assert served.tokens == []
