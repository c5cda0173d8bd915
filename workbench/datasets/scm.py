"""Structural causal models whose every counterfactual is known.

A node's value is an equation of its parents and of a noise term of its own. Keeping each row's
noise and changing an equation gives that row's exact counterfactual, so the effects of
``estimands.md``, "Effects, per row and on average", can be computed for any model instead of
estimated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError, listed, suggestion
from workbench.graph.causal_graph import CausalGraph

__all__ = ["Equation", "StructuralCausalModel", "sigmoid"]

Values = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Equation:
    """One node's structural equation.

    Parameters
    ----------
    text : str
        The equation as a person reads it.
    parents : tuple of str
        The nodes it reads, in the order of `text`.
    function : callable
        ``function(values, noise)`` maps the parents' columns and the noise, each of shape (n,),
        to the node's values, shape (n,).
    noise : {"normal", "uniform"}, default "normal"
        Standard normal, or uniform on [0, 1).
    coefficients : mapping of str to float, optional
        The change of the node per unit of each parent, when the equation is linear.
    """

    text: str
    parents: tuple[str, ...]
    function: Callable[[Values, FloatArray], npt.NDArray[Any]] = field(repr=False)
    noise: Literal["normal", "uniform"] = "normal"
    coefficients: Mapping[str, float] | None = field(default=None, repr=False)

    def __call__(self, values: Values, noise: FloatArray) -> npt.NDArray[Any]:
        """Return the node's values, shape (n,)."""
        return self.function(values, noise)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def linear(
        cls,
        node: str,
        coefficients: Mapping[str, float],
        *,
        intercept: float = 0.0,
        noise_sd: float = 1.0,
    ) -> Equation:
        """Return ``intercept + Σ coefficient · parent + noise_sd · N(0, 1)``.

        Examples
        --------
        >>> print(Equation.linear("bmi", {"smoking": 4, "exercise": -0.8}, intercept=26))
        bmi = 26 + 4·smoking - 0.8·exercise + 1·N
        """
        known = dict(coefficients)
        body = "".join(f" {'-' if c < 0 else '+'} {abs(c):g}·{v}" for v, c in known.items())

        def function(values: Values, noise: FloatArray) -> FloatArray:
            total = intercept + noise_sd * noise
            for parent, coefficient in known.items():
                total = total + coefficient * values[parent]
            return total

        text = f"{node} = {intercept:g}{body} + {noise_sd:g}·N"
        return cls(text, tuple(known), function, "normal", known)

    @classmethod
    def bernoulli(
        cls,
        node: str,
        parents: Sequence[str],
        log_odds: Callable[[Values], npt.NDArray[Any] | float],
        text: str,
    ) -> Equation:
        """Return 1 where a uniform noise falls below the logistic of `log_odds`, else 0.

        The value rises with the log-odds for a given noise, so counterfactuals are monotone.
        """

        def function(values: Values, noise: FloatArray) -> npt.NDArray[Any]:
            return (noise < sigmoid(log_odds(values))).astype(np.int64)

        return cls(f"{node} = [U < logistic({text})]", tuple(parents), function, "uniform")


def sigmoid(x: npt.ArrayLike) -> FloatArray:
    """Return the logistic function of `x`, computed without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=float))))


@dataclass(frozen=True, eq=False)
class StructuralCausalModel:
    """Structural equations in causal order: a node comes after all of its parents.

    Parameters
    ----------
    equations : mapping of str to Equation

    Raises
    ------
    DataError
        When an equation reads a node that does not come before it.

    Examples
    --------
    >>> model = StructuralCausalModel({
    ...     "a": Equation.linear("a", {}), "b": Equation.linear("b", {"a": 2}, noise_sd=0)})
    >>> noise = model.draw_noise(3, seed=0)
    >>> model.intervene(noise, {"a": 1})["b"].tolist()
    [2.0, 2.0, 2.0]
    """

    equations: Mapping[str, Equation]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for node, equation in self.equations.items():
            if missing := [p for p in equation.parents if p not in seen]:
                raise DataError(
                    f"The equation of {node!r} reads {listed(missing)}, which must come before it."
                )
            seen.add(node)

    def __str__(self) -> str:
        return "\n".join(str(equation) for equation in self.equations.values())

    @property
    def graph(self) -> CausalGraph:
        """The causal graph that the equations imply."""
        edges = [(p, node) for node, eq in self.equations.items() for p in eq.parents]
        return CausalGraph(edges, nodes=list(self.equations))

    def draw_noise(self, n: int, seed: int | Sequence[int]) -> pd.DataFrame:
        """Draw the noise of `n` rows: a frame of shape (n, nodes)."""
        if n < 1:
            raise DataError(f"A sample needs at least one row; {n} were asked for.")
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {
                node: rng.random(n) if equation.noise == "uniform" else rng.standard_normal(n)
                for node, equation in self.equations.items()
            }
        )

    def intervene(self, noise: pd.DataFrame, do: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Solve the equations for rows with the given noise after setting nodes.

        Parameters
        ----------
        noise : DataFrame of shape (n, nodes)
            From `draw_noise`; kept, so that rows are compared with themselves.
        do : mapping, optional
            Node to a scalar or to an array of shape (n,). None sets nothing: the rows as observed.

        Returns
        -------
        DataFrame of shape (n, nodes)
        """
        do = {} if do is None else do
        for name in do:
            self.require(name)
        values: dict[str, npt.NDArray[Any]] = {}
        for node, equation in self.equations.items():
            if node in do:
                values[node] = np.broadcast_to(np.asarray(do[node]), (len(noise),))
            else:
                values[node] = equation(values, noise[node].to_numpy())
        return pd.DataFrame(values, index=noise.index)

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        """Draw `n` rows: a frame of shape (n, nodes)."""
        return self.intervene(self.draw_noise(n, seed))

    def linear_total(self, weights: Mapping[str, float], moves: Mapping[str, float]) -> float:
        """Return the change of ``Σ weight · node`` when nodes move by `moves`, by path algebra."""
        change: dict[str, float] = {}
        for node, equation in self.equations.items():
            if node in moves:
                change[node] = moves[node]
            elif any(change.get(parent, 0.0) for parent in equation.parents):
                slopes = self._slopes(node, weights, change)
                change[node] = math.fsum(c * change.get(p, 0.0) for p, c in slopes.items())
        return math.fsum(w * change.get(v, 0.0) for v, w in weights.items())

    def linear_paths(
        self, weights: Mapping[str, float], source: str
    ) -> Iterator[tuple[tuple[str, ...], float]]:
        """Yield each directed path from `source` to the prediction and its product of slopes."""
        open_paths: list[tuple[tuple[str, ...], float]] = [((source,), 1.0)]
        # Only nodes from which a weighted node can be reached are worth walking to.
        useful = {v for v, w in weights.items() if w}
        for node in reversed(list(self.equations)):
            if node in useful:
                useful.update(self.equations[node].parents)
        while open_paths:
            path, product = open_paths.pop()
            if weight := weights.get(path[-1], 0.0):
                yield (*path, "prediction"), product * weight
            for node, equation in self.equations.items():
                if node in useful and path[-1] in equation.parents:
                    slope = self._slopes(node, weights, {path[-1]: 1.0})[path[-1]]
                    open_paths.append(((*path, node), product * slope))

    def _slopes(
        self, node: str, weights: Mapping[str, float], change: Mapping[str, float]
    ) -> Mapping[str, float]:
        coefficients = self.equations[node].coefficients
        if coefficients is not None:
            return coefficients
        # A nonlinear equation does no harm where nothing downstream of it is read.
        if not any(weights.get(v) for v in (node, *self.graph.descendants(node))):
            return dict.fromkeys(self.equations[node].parents, 0.0)
        raise DataError(
            f"The equation of {node!r} is not linear, so the effect of {listed(change)} has no "
            "closed form: ask `truth`, which simulates it."
        )

    def require(self, name: str) -> None:
        """Raise a `DataError` when there is no such node."""
        if name not in self.equations:
            raise DataError(
                f"This world has no node {name!r}.{suggestion(name, self.equations)} "
                f"Its nodes: {listed(self.equations)}."
            )
