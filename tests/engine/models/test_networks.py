"""Networks of PyTorch and Keras: with the real libraries where they are installed, else stand-ins.

The stand-ins keep to what the libraries document and to what torch 2.14.1 and Keras 3.15.1 were
seen to do; they stand in for the arithmetic alone.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import ModelError

NAMES = ["age", "bmi"]
ROWS = pd.DataFrame({"age": [30, 40, 50, 60], "bmi": [20.0, 25.0, 30.0, 28.0]})


# ---- stand-ins ---------------------------------------------------------------------------------


class Tensor:
    """An array that must be brought to the processor before it is an array of numpy."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> Any:
        return self.values


class _Module:
    """What every network of PyTorch has."""

    training = True

    def parameters(self) -> Any:
        return iter(())

    def eval(self) -> None:
        self.training = False

    def train(self, mode: bool) -> None:
        self.training = mode


_Module.__module__ = "torch.nn.modules.module"


class Net(_Module):
    """Draws at random in training, as with dropout."""

    def __init__(self, outputs: int = 1) -> None:
        self.outputs = outputs

    def __call__(self, asked: Tensor) -> Tensor:
        assert not self.training, "asked as in training"
        score = 1 / (1 + np.exp(-(asked.values @ [0.1, -0.2])))
        return Tensor(np.column_stack([score] * self.outputs))


class NoGrad:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def tensor(values: Any, dtype: Any) -> Tensor:
        return Tensor(np.asarray(values, dtype=dtype))

    stand_in = SimpleNamespace(tensor=tensor, float32=np.float32, no_grad=NoGrad)
    monkeypatch.setitem(sys.modules, "torch", stand_in)  # type: ignore[arg-type]


class Network:
    """What a model of Keras has."""

    def __init__(self, given: Any, activation: str = "sigmoid", width: int = 1) -> None:
        self.input = given
        self.inputs = list(given.values()) if isinstance(given, dict) else given
        self.outputs = [SimpleNamespace(shape=(None, width))]
        named = SimpleNamespace(__name__=activation)
        self.layers = [SimpleNamespace(activation=named)]
        self.width = width

    def predict(self, asked: Any, verbose: int | str = "auto") -> Any:
        assert verbose == 0, "a bar of progress in every call"
        if isinstance(asked, dict):
            asked = np.hstack([asked["age"], asked["bmi"]])
        elif isinstance(asked, list):
            asked = np.hstack(asked)
        score = 1 / (1 + np.exp(-(asked @ [0.1, -0.2])))
        table = np.column_stack([score, *[(1 - score) / 2] * 2]) if self.width == 3 else score
        return table.reshape(len(asked), self.width)


Network.__module__ = "keras.src.models.functional"


def part(name: str, width: int = 1) -> SimpleNamespace:
    return SimpleNamespace(name=name, shape=(None, width))


EXPECTED = 1 / (1 + np.exp(-(ROWS.to_numpy() @ [0.1, -0.2])))


# ---- tests -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch")
def test_a_network_of_pytorch_is_asked_as_for_use_and_left_as_it_was() -> None:
    net = Net()
    model = wb.BlackBoxModel.wrap(net).reading(NAMES)
    assert model.predict(ROWS) == pytest.approx(EXPECTED, rel=1e-5)
    assert net.training
    with pytest.raises(ModelError, match="3 numbers"):
        wb.BlackBoxModel.wrap(Net(3)).reading(NAMES).predict(ROWS)
    with pytest.raises(ModelError, match="'age' is text"):
        model.predict(ROWS.assign(age="old"))


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"bmi": part("bmi"), "age": part("age")}, ("bmi", "age")),
        ([part("age"), part("bmi")], ("age", "bmi")),
        (part("keras_tensor", 2), None),
    ],
)
def test_a_network_of_keras_says_its_columns_by_its_inputs(given: Any, known: Any) -> None:
    network = Network(given)
    if known is None:
        network.inputs = [given]
    model = wb.BlackBoxModel.wrap(network)
    assert (model.features, model.output) == (known, "probability")
    model = model if known else model.reading(NAMES)
    assert model.predict(ROWS) == pytest.approx(EXPECTED)


def test_a_class_of_a_network_is_named_by_its_place() -> None:
    network = Network([part("age"), part("bmi")], "softmax", 3)
    model = wb.BlackBoxModel.from_estimator(network, positive=0)
    assert model.audited_class == 0 and model.predict(ROWS) == pytest.approx(EXPECTED)
    with pytest.raises(ModelError, match="3 classes"):
        wb.BlackBoxModel.wrap(network)


def test_what_a_network_cannot_be_asked_is_said() -> None:
    with pytest.raises(ModelError, match="'photo' takes more than one number"):
        wb.BlackBoxModel.wrap(Network([part("age"), part("photo", 9)]))
    several = Network([part("age"), part("bmi")])
    several.outputs *= 2
    with pytest.raises(ModelError, match="several outputs"):
        wb.BlackBoxModel.wrap(several)


def test_real_networks_of_pytorch() -> None:
    real: Any = pytest.importorskip("torch")
    net = real.nn.Sequential(real.nn.Linear(2, 8), real.nn.Dropout(0.5), real.nn.Linear(8, 1))
    model = wb.BlackBoxModel.wrap(net).reading(NAMES)
    first = model.predict(ROWS)
    assert np.array_equal(first, model.predict(ROWS)) and net.training
    net.double()
    assert wb.BlackBoxModel.wrap(net).reading(NAMES).predict(ROWS) == pytest.approx(first, rel=1e-4)
    script = real.jit.script(net.float())
    assert wb.BlackBoxModel.wrap(script).reading(NAMES).predict(ROWS) == pytest.approx(first)


def test_real_networks_of_keras() -> None:
    keras: Any = pytest.importorskip("keras")
    given = {name: keras.Input((1,), name=name) for name in NAMES}
    joined = keras.layers.Concatenate()(list(given.values()))
    two = keras.Model(given, keras.layers.Dense(1, activation="sigmoid")(joined))
    model = wb.BlackBoxModel.wrap(two)
    assert model.features == ("age", "bmi") and model.output == "probability"
    table = {name: ROWS[[name]].to_numpy(float) for name in NAMES}
    assert model.predict(ROWS) == pytest.approx(two.predict(table, verbose=0)[:, 0])
    three = keras.Model(given, keras.layers.Dense(3, activation="softmax")(joined))
    third = wb.BlackBoxModel.from_estimator(three, positive=2)
    assert third.predict(ROWS) == pytest.approx(three.predict(table, verbose=0)[:, 2])
    plain = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    value = wb.BlackBoxModel.wrap(plain).reading(NAMES)
    assert value.output == "value" and value.predict(ROWS).shape == (4,)
