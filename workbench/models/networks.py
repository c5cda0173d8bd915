"""How networks of PyTorch and Keras are asked: columns of numbers become tensors.

Neither library is imported here: a network brings its own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.errors import ModelError, listed
from workbench.models.asked_model import Asked, Output

__all__ = ["asked_network"]


def asked_network(model: Any) -> Asked | None:
    """Return how a network is asked; None for anything else.

    Raises
    ------
    ModelError
        It has several outputs, or inputs of more than one number each.
    """
    homes = [kind.__module__ for kind in type(model).__mro__]
    if any(home.partition(".")[0] == "keras" for home in homes):
        return _keras(model)
    if any(home.startswith("torch.nn.") for home in homes):
        return _torch(model)
    return None


def _torch(net: Any) -> Asked:
    """Ask a module as for use, not for training: without dropout and without gradients."""
    torch = sys.modules["torch"]

    def answers(rows: pd.DataFrame) -> Any:
        own = next(iter(net.parameters()), None)
        kind = {} if own is None else {"dtype": own.dtype, "device": own.device}
        asked = torch.tensor(_numbers(rows, net), **(kind or {"dtype": torch.float32}))
        was_training = net.training
        net.eval()
        try:
            with torch.no_grad():
                answer = net(asked).cpu().numpy()
        finally:
            net.train(was_training)
        if answer.ndim == 2 and answer.shape[1] > 1:
            raise ModelError(
                f"The network answers each row with {answer.shape[1]} numbers. Say which is "
                f"audited, for instance of three classes the last: wb.BlackBoxModel(lambda rows: "
                f"net(torch.tensor(rows.to_numpy(), dtype=torch.float32)).softmax(1)[:, 2]"
                f".detach().numpy(), features=[…])."
            )
        return answer

    names = getattr(net, "feature_names_in_", None)
    return Asked(answers, None if names is None else tuple(map(str, names)), None, None)


def _keras(model: Any) -> Asked:
    """Ask a model of Keras by the names of its inputs, where each is one column."""
    inputs: Any = getattr(model, "input", None) if getattr(model, "inputs", None) else None
    outputs = getattr(model, "outputs", None) or [None]
    if len(outputs) > 1:
        raise ModelError(
            "The network has several outputs. Audit them one at a time: wb.BlackBoxModel("
            "lambda rows: model.predict(rows.to_numpy(), verbose=0)[0], features=[…])."
        )
    by_name = isinstance(inputs, Mapping)
    parts = list(inputs.values()) if by_name else inputs if isinstance(inputs, list) else []
    known = tuple(inputs) if by_name else tuple(str(part.name) for part in parts)
    wide = [name for name, part in zip(known, parts, strict=True) if tuple(part.shape)[1:] != (1,)]
    if wide:
        raise ModelError(
            f"The network's input {listed(wide)} takes more than one number. Wrap it in a "
            f"function from a table to one score a row: wb.BlackBoxModel(function, features=[…])."
        )

    def answers(rows: pd.DataFrame) -> Any:
        table = _numbers(rows, model)
        if not parts:
            return model.predict(table, verbose=0)
        columns = [table[:, [place]] for place in range(len(known))]
        asked = dict(zip(known, columns, strict=True)) if by_name else columns
        return model.predict(asked, verbose=0)

    output, classes = _of_last_layer(model, outputs[0])
    return Asked(answers, known or None, classes, output)


def _of_last_layer(model: Any, output: Any) -> tuple[Output | None, tuple[int, ...] | None]:
    """Return what a model's answers are, by the last layer's activation and width."""
    layers = getattr(model, "layers", None) or [None]
    activation = getattr(getattr(layers[-1], "activation", None), "__name__", None)
    width = None if output is None else tuple(output.shape)[-1]
    if activation == "softmax" and width is not None and width > 1:
        return "probability", tuple(range(int(width)))
    if width == 1 and activation in ("sigmoid", "linear"):
        return ("probability" if activation == "sigmoid" else "value"), None
    return None, None


def _numbers(rows: pd.DataFrame, network: Any) -> npt.NDArray[np.float64]:
    text = [str(name) for name in rows.columns if not _is_number(rows[name])]
    if text:
        raise ModelError(
            f"A {type(network).__name__} takes numbers alone, but {listed(text)} is text or a "
            f"category. Wrap it in a function that turns it into numbers as it was trained: "
            f"wb.BlackBoxModel(function, features=[…])."
        )
    return rows.to_numpy(np.float64)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
