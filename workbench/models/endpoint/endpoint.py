"""A model that is asked over HTTP: by the Open Inference Protocol v2, or MLflow's ``/invocations``.

Where to, is checked before anything is sent (:func:`allowed_endpoints`); an answer is taken for
nothing but numbers. The Python that repeats it is the call itself::

    model = endpoint_model("https://host/v2/models/loan", ["age", "income"])
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import ModelError, suggestion
from workbench.common.limits import (
    ANSWER_BYTES,
    ANSWER_BYTES_PER_ROW,
    ENDPOINT_ROWS,
    URL_CHARACTERS,
)
from workbench.common.stopping import check_stopped
from workbench.models.black_box import BlackBoxModel
from workbench.models.endpoint.connection import Address, Answered, Line, said
from workbench.models.endpoint.protocols import (
    PROTOCOLS,
    AnswerError,
    Protocol,
    path_of,
    question,
    scores_of,
)

__all__ = ["ALLOWED_VARIABLE", "allowed_endpoints", "endpoint_model"]

ALLOWED_VARIABLE = "CAFE_WORKBENCH_ENDPOINTS"
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
OUR_HEADERS = {
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
}


def allowed_endpoints() -> tuple[str, ...] | None:
    """Return the beginnings of the addresses that may be asked, or None when any may.

    They are a JSON list in the environment variable ``CAFE_WORKBENCH_ENDPOINTS``, which
    ``cafe-workbench serve --endpoint URL`` sets for the pages it serves. A list that cannot be read
    allows nothing.
    """
    text = os.environ.get(ALLOWED_VARIABLE)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, list):
        return ()
    return tuple(entry for entry in found if isinstance(entry, str))


def endpoint_model(
    url: str,
    features: Sequence[str],
    *,
    protocol: Protocol = "open-inference",
    output: str | None = None,
    positive: str | int | None = None,
    timeout: float = 10.0,
    retries: int = 3,
    max_rows: int = 1000,
    headers: Mapping[str, str] | None = None,
    allowed: Iterable[str] | None = None,
) -> BlackBoxModel:
    """Make a model of a prediction endpoint. Nothing is sent until it is asked.

    Parameters
    ----------
    url : str
        The model's full address: ``http://host:8000/v2/models/loan`` for the Open Inference
        Protocol, ``http://host:5000`` for MLflow. Redirects are not followed.
    features : sequence of str
        The columns the model reads, by the names it knows them by.
    protocol : {"open-inference", "mlflow"}
    output : str, optional
        The output that holds the score, where the model gives several; with MLflow, the column.
    positive : int or str, optional
        The class whose probability is audited: its place from 0, or its name where the answer
        names its classes. By default the second of two.
    timeout : float, default 10
        Seconds for one request in all, from connecting to the last byte.
    retries : int, default 3
        How often a request is repeated, after growing pauses, when the connection fails or the
        server answers 429, 500, 502, 503 or 504. One that came too late is repeated once.
    max_rows : int, default 1000
        Most rows in one request.
    headers : mapping of str to str, optional
        For instance ``{"Authorization": "Bearer …"}``. They appear in no message and no report.
    allowed : iterable of str, optional
        Beginnings of the addresses that may be asked, for instance ``"https://models.example.org/"``.
        By default those of `allowed_endpoints`.

    Returns
    -------
    BlackBoxModel
        It raises `ModelError` when the endpoint fails or answers with anything but one score per
        row, and :class:`AuditCancelled` soon after the work it is part of was
        stopped (:func:`workbench.common.stopping.stopped_by`).

    Raises
    ------
    ModelError
        The address is unusable or not allowed, or a setting is out of range.

    Examples
    --------
    >>> endpoint_model("http://localhost:8080/v2/models/loan", ["age", "income"])
    BlackBoxModel('loan at localhost:8080', reads: age, income)
    """
    address = _address(url)
    _check_allowed(address, allowed_endpoints() if allowed is None else tuple(allowed))
    if protocol not in PROTOCOLS:
        raise ModelError(
            f"The protocol {protocol!r} is unknown.{suggestion(protocol, PROTOCOLS)} Use "
            f"'open-inference' or 'mlflow'."
        )
    _check_range("timeout", timeout, 0.01, 600, "seconds")
    _check_range("retries", retries, 0, 10, "times", whole=True)
    _check_range("max_rows", max_rows, 1, ENDPOINT_ROWS, "rows", whole=True)
    sent = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        **_checked_headers(headers or {}),
    }
    path = path_of(address.path, protocol)

    def predict(rows: pd.DataFrame) -> FloatArray:
        line = Line(address, path, sent, timeout=timeout, retries=retries)
        try:
            answers = []
            for start in range(0, len(rows), max_rows):
                check_stopped()
                part = rows.iloc[start : start + max_rows]
                answers.append(_asked(line, address, part, protocol, output, positive))
            return np.concatenate(answers) if answers else np.empty(0)
        finally:
            line.close()

    model = BlackBoxModel(_HereOnly(predict), features, name=_name(address))
    if not model.features:
        raise ModelError("Name at least one column that the endpoint's model reads.")
    return model if positive is None else model.of_class(positive, named=True)


class _HereOnly:
    """A function that is not sent to other processes."""

    def __init__(self, predict: Callable[[pd.DataFrame], FloatArray]) -> None:
        self._predict = predict

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        return self._predict(rows)

    def __reduce__(self) -> NoReturn:
        raise ModelError(
            "An endpoint is asked from one place, one request at a time, and its headers stay "
            "there: workers would ask past each other. Use on=None (in the command line neither "
            "--workers nor --scheduler), or log its predictions in a column of the table."
        )


def _asked(
    line: Line,
    address: Address,
    rows: pd.DataFrame,
    protocol: Protocol,
    output: str | None,
    positive: str | int | None,
) -> FloatArray:
    try:
        body = question(rows, protocol, output)
    except AnswerError as error:
        raise ModelError(str(error)) from None
    limit = ANSWER_BYTES + ANSWER_BYTES_PER_ROW * len(rows)
    answered = line.ask(body, limit)
    _check_status(answered, address, len(rows))
    if len(answered.content) > limit:
        raise ModelError(
            f"The endpoint {address} answered with more than {limit / 1e6:,.1f} MB for "
            f"{len(rows):,} rows; one number per row and class is expected."
        )
    if answered.headers.get("content-encoding", "identity").lower() != "identity":
        raise ModelError(
            f"The endpoint {address} answered with compressed content, which it was not asked for. "
            f"Have it answer in plain JSON."
        )
    try:
        return scores_of(answered.content, len(rows), protocol, output, positive)
    except AnswerError as error:
        raise ModelError(f"The endpoint {address} {error}.") from None


def _check_status(answered: Answered, address: Address, n: int) -> None:
    status = answered.status
    if 200 <= status < 300:
        return
    hints = {
        401: "It requires authentication: give headers={'Authorization': …}, or --token-from",
        403: "It does not allow this: check the token in headers=",
        404: "It knows no such model: check the address and the protocol",
        405: "It takes no questions there: check the address and the protocol",
        413: f"{n:,} rows are too many at once: ask fewer with max_rows=",
    }
    if 300 <= status < 400:
        place = answered.headers.get("location", "")[:200]
        raise ModelError(
            f"The endpoint {address} sends on to {place!r}, which is not followed. Give the final "
            f"address, if it is the one you mean."
        )
    hint = hints.get(status, "Check that the columns are those the model was trained on")
    raise ModelError(f"The endpoint {address} refused the question ({said(answered)}). {hint}.")


# ---- addresses ----------------------------------------------------------------------------------


def _address(url: Any, what: str = "The address of the endpoint") -> Address:
    """Take an address apart; refuse what two programs could read in two ways."""
    if not isinstance(url, str) or not url.strip():
        raise ModelError(f"{what} is missing; it begins with https:// or http://.")
    url = url.strip()
    shown = repr(url[:120])
    if len(url) > URL_CHARACTERS or not re.fullmatch(r"[!-\[\]-~]+", url):
        raise ModelError(
            f"{what} {shown} is too long, or holds spaces, backslashes or letters that addresses "
            f"do not have."
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        raise ModelError(f"{what} {shown} cannot be read: check its host and port.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ModelError(f"{what} {shown} must begin with https:// or http:// and name a host.")
    if "@" in parts.netloc:
        raise ModelError(
            f"{what} holds a name or password before the @, which would end up in reports. Give it "
            f"in headers= instead."
        )
    if not re.fullmatch(r"[a-z0-9._:-]+", host):
        raise ModelError(f"{what} {shown} names no host that can be asked.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ModelError(f"{what} {shown} must end before the ? or #.")
    steps = parts.path.split("/")
    if any(step in (".", "..") for step in steps) or re.search(
        r"%(2e|2f|5c|00)|//", parts.path, re.I
    ):
        raise ModelError(f"{what} {shown} must name its path without '..', '//' or coded slashes.")
    usual = 443 if parts.scheme == "https" else 80
    return Address(parts.scheme, host, port or usual, parts.path.rstrip("/"))


def _check_allowed(address: Address, allowed: Sequence[str] | None) -> None:
    if allowed is None:
        return
    for text in allowed:
        try:
            prefix = _address(text, "The allowed address")
        except ModelError:
            continue  # what cannot be read allows nothing
        same = (prefix.scheme, prefix.host, prefix.port) == (
            address.scheme,
            address.host,
            address.port,
        )
        if same and f"{address.path}/".startswith(f"{prefix.path}/"):
            return
    raise ModelError(
        f"The endpoint {address} may not be asked from here. Whoever runs this page can allow it "
        f"when starting it: cafe-workbench serve --endpoint {address}"
    )


def _name(address: Address) -> str:
    steps = [step for step in address.path.split("/") if step]
    for end in (["infer"], ["invocations"]):
        if steps[-1:] == end:
            steps.pop()
    if steps[-2:-1] == ["versions"] and len(steps) > 2:
        steps.append(f"{steps[-3]} version {steps[-1]}")
    usual = address.port == (443 if address.scheme == "https" else 80)
    host = address.host if usual else f"{address.host}:{address.port}"
    return f"{steps[-1]} at {host}" if steps else f"model at {host}"


def _checked_headers(headers: Mapping[Any, Any]) -> dict[str, str]:
    for name, value in headers.items():
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise ModelError(f"{str(name)[:60]!r} is no name of an HTTP header.")
        if name.lower() in OUR_HEADERS:
            raise ModelError(f"The header {name!r} is set by the workbench; leave it out.")
        # The value may be a secret: it is not shown.
        if not isinstance(value, str) or not re.fullmatch(r"[\t -~]{0,8000}", value):
            raise ModelError(f"The value of the header {name!r} holds characters it cannot hold.")
    return dict(headers)


def _check_range(
    name: str, value: Any, low: float, high: float, unit: str, *, whole: bool = False
) -> None:
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise ModelError(f"{name} must be {low:g} to {high:,g} {unit}, not {str(value)[:40]}.")
