"""Worlds in which an influence hides from averages, with its true size known.

The largest true effect over values, people or groups is `size`, in the unit of the prediction. One
average contrast of the default levels shows little or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.graph.causal_graph import CausalGraph

__all__ = ["CARRIED", "HARD", "HIDING_PLACES", "HiddenWorld", "hidden_world"]

Score = Callable[[pd.DataFrame], npt.NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class HiddenWorld:
    """Data, graph and a model whose use of the feature `f` hides.

    Attributes
    ----------
    data : DataFrame
    graph : CausalGraph
    predict : callable
    reads : tuple of str
    size : float
        The largest true effect of `f` over values, people or groups.
    groups : dict of str to str
        Conditions that an auditor names.
    target : tuple of str
        The features that an auditor asks about.
    """

    data: pd.DataFrame
    graph: CausalGraph
    predict: Score
    reads: tuple[str, ...]
    size: float
    groups: dict[str, str]
    target: tuple[str, ...] = ("f",)


def hidden_world(kind: str, size: float, n: int, seed: int) -> HiddenWorld:
    """Make a world of one kind.

    Parameters
    ----------
    kind : str
        One of :data:`HIDING_PLACES`.
    size : float
        The true effect that hides, from 0.

    Examples
    --------
    >>> world = hidden_world("signs", 0.2, 1000, 0)
    >>> moved = world.predict(world.data.assign(f=1)) - world.predict(world.data.assign(f=0))
    >>> bool(abs(moved.mean()) < 0.02), round(float(abs(moved).mean()), 6)
    (True, 0.2)
    """
    r = np.random.default_rng([seed, n, 5])
    z, noise = r.normal(size=n), r.normal(size=n)
    group = r.random(n) < 0.15
    data = pd.DataFrame({"z": z, "g": group.astype(int)})
    reads: tuple[str, ...] = ("f", "z", "g")
    edges: list[tuple[str, str]] = []
    if kind in ("curve", "carried curve"):
        data["f"] = r.normal(size=n)
        bend = np.clip(data["f"] ** 2, 0, 4) / 4
        data["m"] = bend + 0.3 * noise
    elif kind == "wrong form":
        data["f"] = r.normal(size=n)
        data["m"] = np.clip(data["f"] ** 2, 0, 4) / 4 * r.exponential(size=n)
    elif kind == "level":
        data["f"] = r.choice(list("abcdef"), n, p=[0.3, 0.25, 0.2, 0.12, 0.08, 0.05])
    else:
        data["f"] = r.integers(0, 2, n)
        data["m"] = data["f"] + 0.3 * noise
    target: tuple[str, ...] = ("f",)
    if kind == "confounded":
        data["f"] = (z + r.logistic(size=n) > 0).astype(int)
        data["m"] = data["f"] + 0.4 * z + 0.3 * noise
    if kind in ("together", "carried together"):
        data["h"] = r.integers(0, 2, n)
        data["k"] = data["h"] + 0.3 * r.normal(size=n)
        target, reads = ("f", "h"), ("f", "h", "z")
        if kind in CARRIED:
            reads, edges = ("m", "k", "z"), [("f", "m"), ("h", "k")]
    elif kind == "cancelling":
        flipped = r.random(n) < 0.1
        data["h"] = np.where(flipped, 1 - data["f"], data["f"])
        data["k"] = data["h"] + 0.3 * r.normal(size=n)
        target, reads = ("f", "h"), ("m", "k", "z")
        edges = [("f", "m"), ("h", "k")]
    elif kind in CARRIED:
        reads, edges = ("m", "z", "g"), [("f", "m")]
        if kind == "confounded":
            edges += [("z", "f"), ("z", "m")]
    score = HIDING_PLACES[kind]

    def predict(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        return 0.3 * rows["z"].to_numpy() + size * score(rows)

    graph = CausalGraph(edges, nodes=list(data.columns))
    groups = {"the group": "g == 1"} if kind == "group" else {}
    return HiddenWorld(
        data=data,
        graph=graph,
        predict=predict,
        reads=reads,
        size=size,
        groups=groups,
        target=target,
    )


CARRIED = frozenset(
    {
        "carried curve",
        "confounded",
        "group",
        "cancelling",
        "carried together",
        "wrong form",
        "few people",
    }
)
"""Kinds whose influence other features carry, so that it is estimated and not only asked."""
HARD = ("wrong form", "few people")
"""Kinds that no rate is promised for: equations of the wrong form; a group that nobody names."""


def _turned(mediator: pd.Series) -> npt.NDArray[np.float64]:
    turned: npt.NDArray[np.float64] = np.clip(2 * mediator.to_numpy(dtype=float) - 1, -1, 1)
    return turned


TOGETHER = 2 * (1 - 0.6 / np.sqrt(2 * np.pi))
"""By how much `f` moves the mean of 2 m − 1, cut off at ±1."""
HIDING_PLACES: dict[str, Score] = {
    "curve": lambda d: np.clip(d["f"].to_numpy() ** 2, 0, 4) / 4,
    "carried curve": lambda d: d["m"].to_numpy(),
    "confounded": lambda d: d["m"].to_numpy(),
    "level": lambda d: (d["f"] == "d").to_numpy().astype(float),
    "group": lambda d: (d["m"] * d["g"]).to_numpy(),
    "cancelling": lambda d: (d["m"] - d["k"]).to_numpy() / 2,
    "together": lambda d: (d["f"] != d["h"]).to_numpy().astype(float),
    "carried together": lambda d: _turned(d["m"]) * _turned(d["k"]) / TOGETHER,
    "wrong form": lambda d: d["m"].to_numpy(),
    "few people": lambda d: (d["m"] * (d["z"] > 1.645)).to_numpy(),
    "signs": lambda d: ((d["f"] - 0.5) * np.where(d["z"] > 0, 2, -2)).to_numpy() / 2,
}
"""What the model makes of the feature, by kind, with a largest effect of 1 over values, people and
groups.

"together": either feature moves every row by 1, up or down by what the other is, and no mean.
"carried together": a feature moves the rows where the other's mediator is above 1 by 1 on average,
the rows where it is below 0 by −1, none by more on average, and the mean over all by nothing; both
set together move the mean by 0.76.
"""
