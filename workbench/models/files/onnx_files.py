"""A model from an ONNX file: a graph of known arithmetic, checked before it is ever run.

An ONNX file holds no code of its own, but it may name other files, ask for libraries, stand for
tables of any size or loop for ever. The first two are refused when it is read; the last two meet
a limit on memory and on time when it is asked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.errors import ModelError, listed, suggestion
from workbench.common.limits import ONNX_MEMORY, ONNX_SECONDS
from workbench.common.stopping import check_stopped, wait_for
from workbench.common.trial import tried
from workbench.models.black_box import BlackBoxModel
from workbench.models.files.onnx_checks import checked_proto, missing_package, not_survived
from workbench.models.files.onnx_outputs import (
    OnnxScores,
    check_probabilities,
    column_of,
    one_number,
    scores_of,
)

__all__ = ["onnx_classes", "parse_onnx"]

BATCH_ROWS = 20_000

TRIAL = Path(__file__).with_name("trial_onnx.py")
KINDS: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


@dataclass(frozen=True)
class Input:
    """One input of the model: its name, the kind of its values, and how many columns it takes."""

    name: str
    kind: type[np.generic]
    width: int | None
    flat: bool


def parse_onnx(
    content: bytes, name: str, *, features: Sequence[str] | None = None, positive: Any = None
) -> BlackBoxModel:
    """Read a model from the content of an ONNX file.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name: the model's name in reports.
    features : sequence of str, optional
        The columns the model reads, in the order of its inputs. A model with one named input per
        column says them itself; one that takes a single table of numbers does not.
    positive : object, optional
        The class whose probability is audited: its label, or its place from 0 where the file does
        not name its classes. By default the second of two.

    Returns
    -------
    BlackBoxModel
        Its `features` are None when neither the file nor the caller says them.

    Raises
    ------
    UntrustedModelError
        The file names other files, asks for operators outside the standard, or is a pickle.
    ModelError
        The file is damaged or too large, or its inputs and outputs are not those of a model that
        reads columns and gives one score per row.
    MissingPackageError
        onnx or onnxruntime is not installed.
    """
    proto = checked_proto(content, name)
    if (ending := tried(TRIAL, content)) != "fine":
        raise not_survived(name, ending)
    session = _session(content, name)
    inputs = _inputs(session, name)
    reads = _features(inputs, features, name)
    told = scores_of(session.get_outputs(), proto, name)
    if known := told.classes:
        column_of(len(known), known, positive, name)  # a wrong class is said at once

    def predict(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        batches = [
            _scores(session, rows.iloc[start : start + BATCH_ROWS], inputs, told, name)
            for start in range(0, len(rows), BATCH_ROWS)
        ]
        if not batches:
            return np.empty(0)
        found = next((own for own, _ in batches if own), told.labels)
        scores = np.concatenate([values for _, values in batches])
        if scores.ndim == 1 or scores.shape[1] == 1:
            if positive is not None:
                raise _no_class(name, positive)
            if told.kind == "classes" and len(rows):
                raise one_number(name)
            return scores.reshape(-1)
        check_probabilities(scores, name)
        return scores[:, column_of(scores.shape[1], found, positive, name)]

    if told.is_number and positive is not None:
        raise _no_class(name, positive)
    model = BlackBoxModel(
        predict,
        reads,
        output=told.output,
        name=PurePath(name).name,
    )
    if positive is not None:
        return model.of_class(positive, named=True, among=known)
    return model.of_class(known[1], named=False, among=known) if len(known) == 2 else model


def onnx_classes(content: bytes, name: str) -> tuple[Any, ...] | None:
    """Return the classes of a model in an ONNX file, by name or place; None for a value."""
    proto = checked_proto(content, name)
    if (ending := tried(TRIAL, content)) != "fine":
        raise not_survived(name, ending)
    return scores_of(_session(content, name).get_outputs(), proto, name).classes or None


def _no_class(name: str, positive: Any) -> ModelError:
    return ModelError(
        f"{name!r} gives one number per row, so it has no class {positive!r}. Leave positive out."
    )


# ---- the session ------------------------------------------------------------------------------


@functools.cache
def _limit_memory() -> None:
    """Give all sessions one store of memory that ends at ONNX_MEMORY."""
    import onnxruntime as runtime

    runtime.disable_telemetry_events()
    place = runtime.OrtMemoryInfo(
        "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
    )
    as_asked = 1  # never more than is needed
    limits = {"max_mem": ONNX_MEMORY, "arena_extend_strategy": as_asked}
    runtime.create_and_register_allocator(place, runtime.OrtArenaCfg(limits))


def _session(content: bytes, name: str) -> Any:
    try:
        import onnxruntime as runtime
    except ImportError:
        raise missing_package("onnxruntime") from None
    _limit_memory()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Folding constants would run a part of the model before anybody asked it.
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds of error
        raise ModelError(
            f"{name!r} cannot be read as a model: {_reason(error)}. Check it with "
            f"onnx.checker.check_model, or export it again with an older opset."
        ) from None


def _reason(error: Exception) -> str:
    """Return what onnxruntime says, without the places in its own source."""
    text = str(error).partition("Status Message:")[2] or str(error).rpartition("] : ")[2]
    text = re.sub(r"^.*onnxruntime::.*?[)]\s+", "", text.split("\n")[0])
    words = " ".join(word for word in text.split() if "/" not in word)
    return words[:200].rstrip(". ") or "damaged"


def _inputs(session: Any, name: str) -> list[Input]:
    found = []
    for entry in session.get_inputs():
        shape = list(entry.shape or ())
        if entry.type not in KINDS or len(shape) not in (1, 2):
            raise ModelError(
                f"The input {entry.name!r} of {name!r} is {entry.type} of shape {shape}; a model "
                f"here reads columns: one table (rows, columns), or one input (rows, 1) per column."
            )
        width = 1 if len(shape) == 1 else shape[1] if isinstance(shape[1], int) else None
        fixed = shape[0] if isinstance(shape[0], int) else None
        if fixed is not None and fixed > 0:
            raise ModelError(
                f"{name!r} answers exactly {fixed} rows at a time. Export it with a first "
                f"dimension that is free, for instance FloatTensorType([None, {width or 1}])."
            )
        found.append(Input(entry.name, KINDS[entry.type], width, len(shape) == 1))
    if not found:
        raise ModelError(f"{name!r} reads no input, so nothing can be asked of it.")
    if len(found) > 1 and any(entry.width is None for entry in found):
        raise ModelError(f"{name!r} does not say how many columns each of its inputs takes.")
    return found


def _features(
    inputs: Sequence[Input], features: Sequence[str] | None, name: str
) -> tuple[str, ...] | None:
    """Return the columns in the order of the inputs."""
    named = tuple(entry.name for entry in inputs)
    by_column = all(entry.width == 1 for entry in inputs) and len(inputs) > 1
    if features is None:
        return named if by_column else None
    given = (features,) if isinstance(features, str) else tuple(features)
    width = sum(entry.width or len(given) for entry in inputs)
    if by_column and set(given) == set(named):
        return named
    if by_column and (known := set(given) & set(named)):
        odd = [column for column in given if column not in known]
        raise ModelError(
            f"{name!r} reads {listed(named)}; {listed(odd)} is not among them."
            f"{suggestion(odd[0] if odd else '', named)}"
        )
    if len(given) != width:
        raise _other_width(name, width, len(given))
    return given


def _other_width(name: str, width: int, given: int) -> ModelError:
    return ModelError(
        f"{name!r} reads a table of {width} columns, and {given} are given. Name exactly those "
        f"{width}, in the order in which the model was trained on them."
    )


# ---- asking -----------------------------------------------------------------------------------


def _scores(
    session: Any, rows: pd.DataFrame, inputs: Sequence[Input], told: OnnxScores, name: str
) -> tuple[tuple[Any, ...], npt.NDArray[np.float64]]:
    """Ask about a batch of rows; return class labels, where it gives them, and the numbers."""
    check_stopped()
    fed, start = {}, 0
    width = sum(entry.width or rows.shape[1] for entry in inputs)
    if rows.shape[1] != width:
        raise _other_width(name, width, rows.shape[1])
    for entry in inputs:
        taken = entry.width or rows.shape[1]
        columns = [
            _values(rows.iloc[:, place], entry.kind, name) for place in range(start, start + taken)
        ]
        fed[entry.name] = columns[0] if entry.flat else np.column_stack(columns)
        start += taken
    from onnxruntime import RunOptions

    options = RunOptions()
    options.log_severity_level = 4

    def end() -> None:
        options.terminate = True

    run: Callable[[], Any] = lambda: session.run(list(told.outputs), fed, options)  # noqa: E731
    try:
        answers = wait_for(run, seconds=ONNX_SECONDS, give_up=end)
    except TimeoutError:
        raise ModelError(
            f"{name!r} needed more than {ONNX_SECONDS:g} seconds for {len(rows):,} rows and was "
            f"stopped."
        ) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "onnxruntime":
            raise
        raise ModelError(
            f"{name!r} failed when asked about {len(rows):,} rows: {_reason(error)}."
        ) from None
    answer = answers[0]
    if isinstance(answer, list):  # one map from class to probability per row
        labels = tuple(answer[0]) if answer else ()
        try:
            return labels, np.array([[row[label] for label in labels] for row in answer], float)
        except (KeyError, TypeError):
            raise ModelError(f"{name!r} does not give every row the same classes.") from None
    if len(answers) > 1:  # one output for each class
        answer = np.column_stack([np.reshape(column, -1) for column in answers])
    scores = np.asarray(answer, np.float64)
    if scores.ndim not in (1, 2) or len(scores) != len(rows):
        raise ModelError(
            f"{name!r} answered {len(rows):,} rows with numbers of shape {scores.shape}; one row "
            f"of them per row is expected."
        )
    return (), scores


def _values(column: pd.Series, kind: type[np.generic], name: str) -> npt.NDArray[Any]:
    """Return a column as the kind of values that an input takes."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    numeric = pd.api.types.is_numeric_dtype(column.dtype)  # true/false too
    if kind is np.object_:
        if column.isna().any():
            raise ModelError(
                f"The column {column.name!r} lacks {int(column.isna().sum()):,} values, and "
                f"{name!r} reads it as text. Fill them or leave these rows out."
            )
        return np.array([str(value) for value in column], dtype=object)
    if not numeric:
        raise ModelError(
            f"The column {column.name!r} holds text, and {name!r} reads it as numbers. Encode it "
            f"as it was when the model was trained, or check the order of the columns."
        )
    values = column.to_numpy(np.float64, na_value=np.nan)
    if issubclass(kind, np.floating):
        with np.errstate(over="ignore"):
            return values.astype(kind)
    low, high = (0, 1) if kind is np.bool_ else (np.iinfo(kind).min, np.iinfo(kind).max)  # type: ignore[type-var]
    fits = np.isfinite(values) & (values == np.round(values)) & (values >= low) & (values <= high)
    if not fits.all():
        raise ModelError(
            f"{name!r} reads {column.name!r} as {'true or false' if high == 1 else 'whole numbers'}"
            f" and was asked about {values[~fits][0]:g}."
        )
    return values.astype(kind)
