"""How a table of rows is asked in two protocols, and how their answers are read.

The Open Inference Protocol v2 (KServe, Triton, MLServer, Seldon) takes one input per column and
gives named outputs; MLflow's ``/invocations`` takes a table and gives a list of predictions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import listed, suggestion

__all__ = ["PROTOCOLS", "AnswerError", "Protocol", "path_of", "question", "scores_of"]

Protocol = Literal["open-inference", "mlflow"]
PROTOCOLS: tuple[Protocol, ...] = ("open-inference", "mlflow")
LARGEST = 1e30
"""No score is larger; what is comes from a defect."""
FLOATS = ("FP64", "FP32", "FP16", "BF16")


class AnswerError(ValueError):
    """An answer that holds no score per row; says what it holds and what is expected."""


def path_of(path: str, protocol: Protocol) -> str:
    """Return where the questions go, below the model's address."""
    end = "/infer" if protocol == "open-inference" else "/invocations"
    return path if path.endswith(end) else path + end


def question(rows: pd.DataFrame, protocol: Protocol, output: str | None) -> bytes:
    """Write rows as the body of a request.

    Missing values are written as null, which JSON has in the place of NaN.

    Raises
    ------
    AnswerError
        A column holds something that neither protocol carries.

    Examples
    --------
    >>> question(pd.DataFrame({"age": [30, 41]}), "mlflow", None)
    b'{"dataframe_split":{"columns":["age"],"data":[[30],[41]]}}'
    """
    columns = [(str(name), *_plain(rows[name])) for name in rows.columns]
    body: dict[str, Any]
    if protocol == "mlflow":
        data = [list(cells) for cells in zip(*(values for _, _, values in columns), strict=True)]
        body = {"dataframe_split": {"columns": [name for name, _, _ in columns], "data": data}}
    else:
        body = {
            "parameters": {"content_type": "pd"},
            "inputs": [
                {
                    "name": name,
                    "shape": [len(rows), 1],
                    "datatype": kind,
                    **({"parameters": {"content_type": "str"}} if kind == "BYTES" else {}),
                    "data": values,
                }
                for name, kind, values in columns
            ],
        }
        if output is not None:
            body["outputs"] = [{"name": output}]
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()


def _plain(column: pd.Series) -> tuple[str, list[Any]]:
    """Return a column's kind in the Open Inference Protocol, and its values as JSON has them."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    missing = column.isna().to_numpy()
    values: list[Any]
    if pd.api.types.is_bool_dtype(column.dtype):
        kind, values = "BOOL", column.tolist()
    elif pd.api.types.is_integer_dtype(column.dtype):
        kind, values = "INT64", column.tolist()
    elif pd.api.types.is_numeric_dtype(column.dtype):
        kind, values = "FP64", column.to_numpy(np.float64, na_value=np.nan).tolist()
        odd = [value for value in values if math.isinf(value)]
        if odd:
            raise AnswerError(f"The column {column.name!r} holds infinity, which JSON cannot say.")
    else:
        kind, values = "BYTES", column.tolist()
        strange = [v for v, gone in zip(values, missing, strict=True) if not gone and not _text(v)]
        if strange:
            raise AnswerError(
                f"The column {column.name!r} holds {type(strange[0]).__name__} values; only "
                f"numbers, text and true/false can be sent."
            )
    if missing.any():
        values = [None if gone else v for v, gone in zip(values, missing, strict=True)]
    return kind, values


def _text(value: object) -> bool:
    return isinstance(value, str)


# ---- answers ----------------------------------------------------------------------------------


def scores_of(
    content: bytes,
    n: int,
    protocol: Protocol,
    output: str | None,
    positive: str | int | None,
) -> FloatArray:
    """Read one score per row from an answer, shape (n,).

    Raises
    ------
    AnswerError
        The answer is anything else.
    """
    answer = _json(content)
    if not isinstance(answer, dict):
        raise AnswerError(f"answered with {_kind(answer)}, where a JSON object is expected")
    if protocol == "mlflow":
        if "predictions" not in answer:
            raise AnswerError(
                f"answered without 'predictions', but with {listed(answer)}"
                + _spoken(answer, "outputs", "open-inference")
            )
        return _scores(_selected(answer["predictions"], output, positive), n, positive)
    chosen = _named_output(answer, output)
    kind, data, shape = chosen.get("datatype"), chosen.get("data"), chosen.get("shape")
    if kind in ("BYTES", "BOOL") or (isinstance(kind, str) and "INT" in kind):
        raise AnswerError(
            f"gives {kind} in its output {str(chosen['name'])[:60]!r}, which are class labels or "
            f"text, where probabilities or predicted numbers (FP32, FP64) are expected"
        )
    if not isinstance(data, list):
        raise AnswerError("answered without 'data' in its output")
    if (
        isinstance(shape, list)
        and len(shape) == 2
        and all(type(size) is int and 0 < size <= len(data) for size in shape)
        and math.prod(shape) == len(data)
        and not isinstance(data[0], list)
    ):
        data = [data[start : start + shape[1]] for start in range(0, len(data), shape[1])]
    return _scores(data, n, positive, labels=kind not in FLOATS)


def _json(content: bytes) -> Any:
    def refuse(constant: str) -> Any:
        raise AnswerError(f"answered with {constant}, where a number is expected")

    try:
        return json.loads(content.decode("utf-8"), parse_constant=refuse)
    except AnswerError:
        raise
    except RecursionError:
        raise AnswerError("answered with JSON nested deeper than any prediction") from None
    except UnicodeDecodeError:
        raise AnswerError("answered with bytes that are no text, where JSON is expected") from None
    except ValueError:
        start = " ".join(content[:60].decode("utf-8", "replace").split())
        what = "a web page (HTML)" if start.startswith("<") else f"{start!r}"
        raise AnswerError(f"answered with {what}, where JSON is expected") from None


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def _spoken(answer: Mapping[str, Any], field: str, protocol: Protocol) -> str:
    """Name the protocol that an answer is of, where it is of the other one."""
    if field not in answer:
        return ""
    return f"; that is the protocol {protocol!r}: --protocol {protocol}, protocol={protocol!r}"


def _named_output(answer: Mapping[str, Any], output: str | None) -> Mapping[str, Any]:
    outputs = answer.get("outputs")
    if not isinstance(outputs, list) or not outputs:
        raise AnswerError(
            f"answered without 'outputs', but with {listed(answer)}"
            + _spoken(answer, "predictions", "mlflow")
        )
    if not all(isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in outputs):
        raise AnswerError("answered with outputs that have no name")
    names = [entry["name"][:60] for entry in outputs]
    if output is None and len(outputs) > 1:
        raise AnswerError(
            f"gives several outputs ({listed(names)}). Say which holds the score: "
            f"output={names[-1]!r}"
        )
    for entry in outputs:
        if output is None or entry["name"] == output:
            found: Mapping[str, Any] = entry
            return found
    raise AnswerError(
        f"has no output {output!r}.{suggestion(output, names)} Outputs: {listed(names)}"
    )


def _selected(predictions: Any, output: str | None, positive: str | int | None) -> Any:
    """Return the column of a table of predictions that holds the scores."""
    if isinstance(predictions, dict):  # a column each
        return predictions[_key(predictions, output, positive)]
    if isinstance(predictions, list) and predictions and isinstance(predictions[0], dict):
        key = _key(predictions[0], output, positive)
        if not all(isinstance(row, dict) and key in row for row in predictions):
            raise AnswerError(f"does not give {key!r} for every row")
        return [row[key] for row in predictions]
    return predictions


def _key(row: Mapping[str, Any], output: str | None, positive: str | int | None) -> str:
    for wanted in (output, positive):
        if wanted is not None and str(wanted) in row:
            return str(wanted)
    if output is None and positive is None and len(row) == 1:
        return next(iter(row))
    names = [name[:60] for name in row]
    missing = "" if output is None and positive is None else f", not {output or positive!r}"
    raise AnswerError(
        f"gives {listed(names)} per row{missing}. Say which of them is the score: "
        f"output={names[-1] if names else ''!r}"
    )


def _scores(data: Any, n: int, positive: str | int | None, *, labels: bool = True) -> FloatArray:
    """Return one column of numbers; refuse what is not one row of them per row asked."""
    if not isinstance(data, list):
        raise AnswerError(
            f"answered with {_kind(data)}, where a list of {n:,} predictions is expected"
        )
    if len(data) != n:
        raise AnswerError(f"answered with {len(data):,} predictions for {n:,} rows")
    if data and isinstance(data[0], list):
        width = len(data[0])
        if not width or not all(isinstance(row, list) and len(row) == width for row in data):
            raise AnswerError("answered with rows of different lengths")
        place = 0 if width == 1 else _place(width, positive)
        data = [row[place] for row in data]
        labels = False  # rows of several numbers are probabilities
    for value in data:
        if isinstance(value, bool) or not isinstance(value, int | float):
            shown = f"{value[:60]!r}" if isinstance(value, str) else _kind(value)
            raise AnswerError(f"answered with {shown}, where a number is expected")
    if labels and data and all(isinstance(value, int) for value in data):
        raise AnswerError(
            f"answered with whole numbers such as {str(data[:3])[:60]}, which look like class "
            f"labels; have the server give probabilities (in MLflow, log the model with "
            f"pyfunc_predict_fn='predict_proba'), or predicted values as 250.0"
        )
    try:
        scores = np.array(data, np.float64)
    except OverflowError:
        scores = np.full(len(data), np.inf)
    if not (np.abs(scores) <= LARGEST).all():
        raise AnswerError(f"answered with a number beyond {LARGEST:g}, which is no score")
    return scores


def _place(width: int, positive: str | int | None) -> int:
    """Return the column of the audited class."""
    if positive is None and width == 2:
        return 1
    if positive is None:
        raise AnswerError(
            f"gives {width} numbers per row, one per class. Say which class is audited by its "
            f"place from 0: positive={width - 1}"
        )
    text = str(positive)
    if text.isascii() and text.isdecimal() and int(text) < width:
        return int(text)
    raise AnswerError(
        f"gives {width} numbers per row without names, so the class {text[:60]!r} cannot be told "
        f"among them. Give its place from 0 to {width - 1}: positive={width - 1}"
    )
