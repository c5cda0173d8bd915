"""The two protocols: what is sent, which answers are read, and what is said of nonsense."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.engine.models.endpoint.answering_server import (
    FEATURES,
    PAIRS,
    ROWS,
    Server,
    loan,
    output,
    rows_in,
    send,
)
from workbench.common.errors import ModelError
from workbench.models.endpoint.protocols import question


def test_the_open_inference_protocol(server: Server) -> None:
    box = loan(server)
    assert box.predict(ROWS).tolist() == [0.30, 0.41, 0.52]
    assert server.paths == ["/v2/models/loan/infer"]
    by_name = {entry["name"]: entry for entry in server.bodies[0]["inputs"]}
    assert {name: entry["datatype"] for name, entry in by_name.items()} == {
        "age": "INT64",
        "income": "FP64",
        "town": "BYTES",
        "member": "BOOL",
    }
    assert by_name["income"]["data"] == [1.5, None, 2.5]
    assert by_name["town"]["data"] == ["north", "süd", None]
    assert all(entry["shape"] == [3, 1] for entry in by_name.values())
    assert box.name == f"loan at {server.url[7:]}"
    assert box.features == tuple(FEATURES)


def test_mlflow(server: Server) -> None:
    assert loan(server, protocol="mlflow").predict(ROWS).tolist() == [0.30, 0.41, 0.52]
    assert server.paths == ["/invocations"]
    assert server.bodies[0]["dataframe_split"] == {
        "columns": FEATURES,
        "data": [
            [30, 1.5, "north", True],
            [41, None, "süd", False],
            [52, 2.5, None, True],
        ],
    }


def test_categories_are_sent_as_their_values() -> None:
    frame = pd.DataFrame({"a": pd.Categorical([3, 5]), "b": pd.Categorical(["x", None])})
    body = json.loads(question(frame, "mlflow", None))
    assert body["dataframe_split"]["data"] == [[3, "x"], [5, None]]


TWO = [0.9, 0.1, 0.8, 0.2, 0.7, 0.3]


V2_ANSWERS = [
    ([output("p", [1, 0, 0.5], [3])], {}, [1.0, 0.0, 0.5]),
    ([output("p", TWO, [3, 2])], {}, [0.1, 0.2, 0.3]),
    ([output("p", PAIRS, [3, 2])], {"positive": 0}, [0.9, 0.8, 0.7]),
    ([output("p", [[0.1], [0.2], [0.3]], [3, 1])], {}, [0.1, 0.2, 0.3]),
    (
        [output("label", [0, 1, 1], [3], "INT64"), output("prob", TWO, [3, 2])],
        {"output": "prob", "positive": "1"},
        [0.1, 0.2, 0.3],
    ),
]
MLFLOW_ANSWERS = [
    (PAIRS, {}, [0.1, 0.2, 0.3]),
    (PAIRS, {"positive": 0}, [0.9, 0.8, 0.7]),
    ([{"no": 0.9, "yes": 0.1}] * 3, {"positive": "yes"}, [0.1] * 3),
    ([{"label": "no", "p": [0.9, 0.1]}] * 3, {"output": "p"}, [0.1] * 3),
    ({"p": [0.1, 0.2, 0.3], "label": [0, 1, 1]}, {"output": "p"}, [0.1, 0.2, 0.3]),
    ([{"score": 250.0}] * 3, {}, [250.0] * 3),
]


@pytest.mark.parametrize(("outputs", "options", "expected"), V2_ANSWERS)
def test_shapes_of_open_inference_answers(
    outputs: Any, options: Any, expected: list[float], server: Server
) -> None:
    server.answer = lambda handler, _: send(handler, {"outputs": outputs})
    assert loan(server, **options).predict(ROWS).tolist() == expected


@pytest.mark.parametrize(("predictions", "options", "expected"), MLFLOW_ANSWERS)
def test_shapes_of_mlflow_answers(
    predictions: Any, options: Any, expected: list[float], server: Server
) -> None:
    server.answer = lambda handler, _: send(handler, {"predictions": predictions})
    assert loan(server, protocol="mlflow", **options).predict(ROWS).tolist() == expected


def test_many_rows_go_in_several_requests_over_one_connection(server: Server) -> None:
    many = pd.DataFrame({name: np.arange(25) for name in FEATURES})
    scores = loan(server, max_rows=10).predict(many)
    np.testing.assert_allclose(scores, np.arange(25) / 100)
    assert [rows_in(body) for body in server.bodies] == [10, 10, 5]
    assert server.connections == 1
    assert loan(server).predict(many[:0]).tolist() == []


V2_NONSENSE: list[tuple[Any, str]] = [
    (b"", r"answered with '', where JSON is expected"),
    (b"hello", "answered with 'hello', where JSON is expected"),
    (b"<html><body>Log in</body></html>", r"answered with a web page \(HTML\)"),
    (b"\xff\xfe", "bytes that are no text"),
    (b"[" * 100_000, "JSON nested deeper"),
    (b'{"outputs": [{"name": "p", "data": [NaN, 1, 1]}]}', "answered with NaN"),
    (b'{"outputs": [{"name": "p", "data": [1e999, 0.5, 1]}]}', "a number beyond 1e"),
    (b'{"outputs": [{"name": "p", "data": [' + b"9" * 4000 + b", 0.5, 1]}]}", "a number beyond"),
    (b'{"outputs": [{"name": "p", "data": [' + b"9" * 5000 + b"]}]}", "where JSON is expected"),
    ([1, 2, 3], "answered with a list, where a JSON object is expected"),
    ({}, "without 'outputs', but with none"),
    ({"error": "no"}, "without 'outputs', but with 'error'"),
    ({"predictions": [0.1]}, "that is the protocol 'mlflow': --protocol mlflow"),
    ({"outputs": "x"}, "without 'outputs'"),
    ({"outputs": [3]}, "outputs that have no name"),
    ({"outputs": [output("p", [0.1, 0.2], [2])]}, "2 predictions for 3 rows"),
    ({"outputs": [output("p", [0.1] * 12, [3, 4])]}, "4 numbers per row, one per class"),
    ({"outputs": [output("p", TWO, [2, 3])]}, "2 predictions for 3 rows"),
    ({"outputs": [output("p", TWO, [3, 10**12])]}, "6 predictions for 3 rows"),
    ({"outputs": [output("p", ["a", 1, 2], [3])]}, "answered with 'a', where a number is expected"),
    ({"outputs": [output("p", [None, 1, 2], [3])]}, "answered with null"),
    ({"outputs": [output("p", [True, 1, 2], [3])]}, "answered with true or false"),
    ({"outputs": [output("p", [{}, 1, 2], [3])]}, "answered with an object"),
    ({"outputs": [output("p", [[0.1], [0.2, 0.3], [0.1]], [3])]}, "rows of different lengths"),
    ({"outputs": [output("p", [[], [], []], [3])]}, "rows of different lengths"),
    ({"outputs": [output("label", [0, 1, 1], [3], "INT64")]}, "gives INT64 in its output 'label'"),
    ({"outputs": [output("label", ["a"] * 3, [3], "BYTES")]}, "class labels or text"),
    ({"outputs": [{"name": "p", "data": [0, 1, 1]}]}, "whole numbers such as .0, 1, 1."),
    (
        {"outputs": [output("a", TWO, [3, 2]), output("b", TWO, [3, 2])]},
        "several outputs .'a', 'b'",
    ),
]


@pytest.mark.parametrize(("content", "message"), V2_NONSENSE, ids=lambda v: str(v)[:40])
def test_nonsense_is_said_in_words(content: Any, message: str, server: Server) -> None:
    server.answer = lambda handler, _: send(handler, content)
    with pytest.raises(ModelError, match=message) as error:
        loan(server).predict(ROWS)
    assert f"The endpoint {server.url}/v2/models/loan" in str(error.value)
    assert len(server.bodies) == 1, "nonsense is not asked for twice"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ({"error_code": "BAD"}, {}, "without 'predictions', but with 'error_code'"),
        ({"outputs": []}, {}, "that is the protocol 'open-inference'"),
        ({"predictions": 3}, {}, "answered with a number, where a list of 3"),
        ({"predictions": [0, 1, 1]}, {}, "pyfunc_predict_fn='predict_proba'"),
        ({"predictions": [{"a": 1.0, "b": 2.0}] * 3}, {}, r"gives 'a', 'b' per row\. Say which"),
        ({"predictions": [{"a": 1.0}] * 3}, {"output": "b"}, "gives 'a' per row, not 'b'"),
        ({"predictions": [{"a": 1.0}, {}, 3]}, {}, "does not give 'a' for every row"),
        ({"predictions": PAIRS}, {"positive": "yes"}, "'yes' cannot be told among them"),
        ({"predictions": PAIRS}, {"positive": 2}, "place from 0 to 1"),
    ],
)
def test_nonsense_of_mlflow(content: Any, options: Any, message: str, server: Server) -> None:
    server.answer = lambda handler, _: send(handler, content)
    with pytest.raises(ModelError, match=message):
        loan(server, protocol="mlflow", **options).predict(ROWS)
