"""Models that owe nothing to a feature that the graph lets reach them: ``benchmarks/verdicts.py``.

The graph draws an edge to what the model reads, and in truth nothing passes it. Whatever an audit
finds is noise of its equations, or their wrong form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench import CausalGraph

__all__ = ["HARD", "INNOCENT", "InnocentWorld"]

Rng = np.random.Generator
Score = Callable[[pd.DataFrame], npt.ArrayLike]
Edges = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class InnocentWorld:
    """Data, graph and a model to which the target makes no difference.

    Attributes
    ----------
    data : DataFrame
    score : callable
    edges : tuple of (str, str)
    target : tuple of str
    """

    data: pd.DataFrame
    score: Score
    edges: Edges
    target: tuple[str, ...] = ("x",)

    @property
    def reads(self) -> tuple[str, ...]:
        """What the model may read: all but the target."""
        return tuple(name for name in self.data.columns if name not in self.target)

    @property
    def graph(self) -> CausalGraph:
        """The graph that the auditor draws."""
        return CausalGraph(self.edges, nodes=list(self.data.columns))

    def predict(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Answer rows."""
        return np.clip(np.asarray(self.score(rows), dtype=np.float64), 0.0, 1.0)


def _chance(of: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.asarray(of, dtype=np.float64))))


def _steps(letters: str, scores: list[float], column: str) -> Score:
    steps = dict(zip(letters, scores, strict=True))
    return lambda d: d[column].map(steps).astype(float)


JUMPY = _steps("abcdefgh", [0.05, 0.85, 0.15, 0.75, 0.25, 0.95, 0.35, 0.65], "c")


def _category(r: Rng, n: int) -> InnocentWorld:
    columns = {"x": r.integers(0, 2, n), "c": r.choice(list("abcdefgh"), n)}
    return InnocentWorld(pd.DataFrame(columns), JUMPY, (("x", "c"),))


def _category_of_levels(r: Rng, n: int) -> InnocentWorld:
    columns = {
        "x": r.choice(list("pqrst"), n),
        "c": r.choice(list("abcdefgh"), n),
        "z": r.normal(size=n),
    }
    return InnocentWorld(pd.DataFrame(columns), JUMPY, (("x", "c"), ("z", "c")))


def _chain(r: Rng, n: int) -> InnocentWorld:
    first = r.choice(list("abcde"), n)
    then = np.where(r.random(n) < 0.7, first, r.choice(list("abcde"), n))
    data = pd.DataFrame({"x": r.choice(list("pqr"), n), "c": first, "e": then})
    score = _steps("abcde", [0.1, 0.9, 0.3, 0.7, 0.5], "e")
    return InnocentWorld(data, score, (("x", "c"), ("c", "e")))


def _binaries(r: Rng, n: int) -> InnocentWorld:
    carriers = {f"m{k}": r.integers(0, 2, n) for k in range(6)}
    return InnocentWorld(
        pd.DataFrame({"x": r.integers(0, 2, n), **carriers}),
        lambda d: 0.5 + 0.16 * (d[[*carriers]] - 0.5).sum(axis=1),
        tuple(("x", name) for name in carriers),
    )


def _count(r: Rng, n: int) -> InnocentWorld:
    spent = r.poisson(0.4, n) * r.integers(1, 30, n)
    return InnocentWorld(
        pd.DataFrame({"x": r.normal(size=n), "m": spent, "z": r.normal(size=n)}),
        lambda d: 0.2 + 0.6 * (d["m"] > 0) + 0.05 * np.tanh(d["z"]),
        (("x", "m"), ("z", "m")),
    )


def _two_features(r: Rng, n: int) -> InnocentWorld:
    columns: Mapping[str, npt.ArrayLike] = {
        "x": r.integers(0, 2, n),
        "y": r.choice(list("abc"), n),
        "m": r.normal(size=n),
        "k": r.integers(0, 3, n),
    }
    return InnocentWorld(
        pd.DataFrame(columns),
        lambda d: _chance(2 * d["m"] + d["k"] - 1),
        (("x", "m"), ("y", "m"), ("x", "k"), ("y", "k")),
        ("x", "y"),
    )


def _product(r: Rng, n: int) -> InnocentWorld:
    c, b = r.normal(size=n), r.integers(0, 2, n)
    data = {
        "x": c * (2 * b - 1) + 0.6 * r.normal(size=n),
        "c": c,
        "b": b,
        "m": np.cos(2 * c) * b + 0.4 * r.normal(size=n),
    }
    return InnocentWorld(
        pd.DataFrame(data),
        lambda d: _chance(2 * d["m"] + d["c"] * d["b"]),
        (("c", "x"), ("b", "x"), ("c", "m"), ("b", "m"), ("x", "m")),
    )


def _tails(r: Rng, n: int) -> InnocentWorld:
    data = {
        "x": r.standard_t(2, n),
        "m": 5 * r.standard_t(1.5, n),
        "z": r.normal(size=n),
    }
    return InnocentWorld(pd.DataFrame(data), lambda d: _chance(d["m"] / 5 + d["z"]), (("x", "m"),))


def _teeth(r: Rng, n: int) -> InnocentWorld:
    c = r.uniform(0, 10, n)
    tooth = np.floor(3 * c) % 2
    data = {
        "x": tooth + 0.3 * r.normal(size=n),
        "c": c,
        "m": 2 * tooth + 0.3 * r.normal(size=n),
    }
    return InnocentWorld(
        pd.DataFrame(data),
        lambda d: _chance(d["m"] - 1),
        (("c", "x"), ("c", "m"), ("x", "m")),
    )


INNOCENT: dict[str, Callable[[Rng, int], InnocentWorld]] = {
    "category mediator": _category,
    "category mediator of a five-level feature": _category_of_levels,
    "chain of categories": _chain,
    "six binary mediators": _binaries,
    "count mediator": _count,
    "two features, two mediators": _two_features,
    "feature × confounder": _product,
    "heavy tails": _tails,
    "thirty steps of a confounder": _teeth,
}
"""Worlds by kind: the true effect is 0 over values, people and groups."""
HARD = ("feature × confounder", "heavy tails", "thirty steps of a confounder")
"""Kinds whose equations are of the wrong form."""
