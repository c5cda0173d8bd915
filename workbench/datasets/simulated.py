"""Random worlds of any size, for tests and benchmarks against known truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import partial

import numpy as np

from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError, listed
from workbench.datasets.dataset import SampleWorld
from workbench.datasets.scm import Equation, StructuralCausalModel, Values
from workbench.graph.causal_graph import CausalGraph

__all__ = ["linear_world", "random_world"]

Signal = Callable[[Values], FloatArray]

OUTCOME = "y"


def linear_world(
    graph: CausalGraph | None = None,
    coefficients: Mapping[tuple[str, str], float] | None = None,
    noise_sd: float | Mapping[str, float] = 1.0,
    *,
    n: int = 10_000,
    seed: int = 0,
    n_features: int = 6,
    density: float = 0.5,
    outcome: str = OUTCOME,
) -> SampleWorld:
    """Return a linear Gaussian world, whose effects on linear models have a closed form.

    Parameters
    ----------
    graph : CausalGraph, optional
        Over the features and `outcome`, without latent nodes. None draws a random one over
        ``x0 … x{n_features - 1}`` in which every feature may cause the outcome.
    coefficients : mapping of (str, str) to float, optional
        One per edge; edges left out, or all of them, get random ones of size 0.3 to 1 over the
        root of the effect's number of causes, of either sign.
    noise_sd : float or mapping of str to float, default 1.0
        Of every node, or per node (1.0 for nodes left out).
    n : int, default 10,000
        Rows.
    seed : int, default 0
        Of the graph, the coefficients and the rows.
    n_features : int, default 6
        Of a random graph.
    density : float, default 0.5
        Probability of each forward edge of a random graph.
    outcome : str, default "y"

    Returns
    -------
    SampleWorld

    Raises
    ------
    DataError
        When the outcome is not in the graph or causes a feature, a coefficient belongs to no
        edge, or the graph has latent nodes.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> world = linear_world(CausalGraph([("a", "b"), ("a", "y"), ("b", "y")]),
    ...     {("a", "b"): 2.0, ("a", "y"): 1.0, ("b", "y"): -0.5}, n=100)
    >>> world.path_truth(None, "a", 0, 1)
    {('a', 'b', 'prediction'): -1.0, ('a', 'prediction'): 1.0}
    >>> world.linear_truth(None, "a", 0, 1).total
    0.0
    """
    rng = np.random.default_rng([2, seed])
    if graph is None:
        graph = _random_graph(n_features, density, outcome, rng)
    _require_world_graph(graph, outcome)
    given = dict(coefficients or {})
    if unknown := [edge for edge in given if edge not in set(graph.edges)]:
        raise DataError(f"The graph has no edge {listed(unknown)} to carry a coefficient.")
    equations = {}
    for node in graph.topological_order():
        parents = graph.parents(node)
        slopes = {
            parent: given.get((parent, node), _signed(rng, 0.3, 1.0) / math.sqrt(len(parents)))
            for parent in parents
        }
        sd = noise_sd.get(node, 1.0) if isinstance(noise_sd, Mapping) else noise_sd
        equations[node] = Equation.linear(node, slopes, noise_sd=sd)
    return SampleWorld.draw(
        StructuralCausalModel(equations),
        n,
        seed,
        name="linear",
        outcome=outcome,
        features=tuple(v for v in graph.nodes if v != outcome),
        description="A linear Gaussian world (generated).",
    )


def random_world(
    seed: int,
    *,
    n_features: int = 6,
    n: int = 10_000,
    density: float = 0.5,
    binary_share: float = 0.3,
    outcome: str = OUTCOME,
) -> SampleWorld:
    """Return a nonlinear world: tanh and quadratic terms, interactions, binary nodes.

    Numeric nodes have mean about 0 and standard deviation about 1; binary nodes are Bernoulli of
    a logistic, through a uniform noise; the outcome is binary, for training models on.

    Parameters
    ----------
    seed : int
        Of the graph, the equations and the rows.
    n_features : int, default 6
        ``x0 … x{n_features - 1}``.
    n : int, default 10,000
        Rows.
    density : float, default 0.5
        Probability of each forward edge.
    binary_share : float, default 0.3
        Probability that a feature is binary.
    outcome : str, default "y"

    Returns
    -------
    SampleWorld

    Examples
    --------
    >>> world = random_world(3, n=500)
    >>> world.features, sorted(set(world.data["y"]))
    (('x0', 'x1', 'x2', 'x3', 'x4', 'x5'), [0, 1])
    """
    rng = np.random.default_rng([3, seed])
    graph = _random_graph(n_features, density, outcome, rng)
    equations: dict[str, Equation] = {}
    binary = {outcome}
    for node in graph.topological_order():
        parents = graph.parents(node)
        signal, text = _nonlinear_signal(parents, binary, rng)
        # The signal's own mean and spread, so that the equations below have a known scale.
        centre, spread = 0.0, 1.0
        if parents:
            pilot = StructuralCausalModel(equations).sample(20_000, seed)
            drawn = signal({v: pilot[v].to_numpy() for v in equations})
            centre, spread = round(float(drawn.mean()), 3), round(float(drawn.std()), 3)
        if node == outcome or rng.random() < binary_share:
            binary.add(node)
            equations[node] = _binary(node, parents, signal, centre, spread, text)
        else:
            equations[node] = _numeric(node, parents, signal, centre, spread, text)
    return SampleWorld.draw(
        StructuralCausalModel(equations),
        n,
        seed,
        name=f"random-{seed}",
        outcome=outcome,
        features=tuple(v for v in graph.nodes if v != outcome),
        description="A random nonlinear world (generated).",
    )


_SHAPES: Mapping[str, tuple[str, Callable[[FloatArray], FloatArray]]] = {
    "plain": ("{}", lambda x: x),
    "tanh": ("tanh(1.5·{})", lambda x: np.tanh(1.5 * x)),
    "square": ("({0} + 0.3·{0}²)", lambda x: x + 0.3 * x * x),
}


def _nonlinear_signal(
    parents: tuple[str, ...], binary: Collection[str], rng: np.random.Generator
) -> tuple[Signal, str]:
    """Draw a sum of one term per parent and, from two parents on, one interaction."""
    if not parents:
        return lambda _: np.zeros(()), "0"
    terms = [
        (
            parent,
            "plain" if parent in binary else str(rng.choice(["tanh", "square"])),
            round(_signed(rng, 0.5, 1.5), 2),
        )
        for parent in parents
    ]
    parts = [f"{slope:g}·{_SHAPES[shape][0].format(p)}" for p, shape, slope in terms]
    pair: list[str] = []
    weight = 0.0
    if len(parents) > 1:
        pair = rng.choice(parents, size=2, replace=False).tolist()
        weight = round(_signed(rng, 0.3, 0.7), 2)
        parts.append(f"{weight:g}·{pair[0]}·tanh({pair[1]})")

    def signal(values: Values) -> FloatArray:
        total: FloatArray = np.zeros(())
        for parent, shape, slope in terms:
            total = total + slope * _SHAPES[shape][1](values[parent])
        if pair:
            # One bounded factor: a product of two unbounded ones grows tails down the graph.
            total = total + weight * values[pair[0]] * np.tanh(values[pair[1]])
        return total

    return signal, " + ".join(parts)


def _binary(
    node: str, parents: tuple[str, ...], signal: Signal, centre: float, spread: float, text: str
) -> Equation:
    if not parents:
        return Equation.bernoulli(node, (), lambda _: 0.0, "0")
    log_odds = partial(_rescaled, signal, centre, spread / 2)
    return Equation.bernoulli(node, parents, log_odds, _tidy(f"2·({text} - {centre:g})/{spread:g}"))


def _numeric(
    node: str, parents: tuple[str, ...], signal: Signal, centre: float, spread: float, text: str
) -> Equation:
    if not parents:
        return Equation(f"{node} = N", (), lambda _, noise: noise)
    # 0.8² + 0.6² = 1: standard deviation one.
    return Equation(
        _tidy(f"{node} = 0.8·({text} - {centre:g})/{spread:g} + 0.6·N"),
        parents,
        lambda values, noise: _rescaled(signal, centre, spread / 0.8, values) + 0.6 * noise,
    )


def _rescaled(signal: Signal, centre: float, spread: float, values: Values) -> FloatArray:
    return np.asarray((signal(values) - centre) / spread)


def _random_graph(
    n_features: int, density: float, outcome: str, rng: np.random.Generator
) -> CausalGraph:
    names = [f"x{i}" for i in range(n_features)]
    order = rng.permutation(n_features)
    edges = [
        (names[order[i]], names[order[j]])
        for i in range(n_features)
        for j in range(i + 1, n_features)
        if rng.random() < density
    ]
    edges += [(name, outcome) for name in names if rng.random() < max(density, 0.5)]
    if not any(effect == outcome for _, effect in edges):
        edges.append((names[order[-1]], outcome))
    return CausalGraph(edges, nodes=[*names, outcome])


def _require_world_graph(graph: CausalGraph, outcome: str) -> None:
    if outcome not in graph.nodes:
        raise DataError(f"The outcome {outcome!r} is not in the graph: {listed(graph.nodes)}.")
    if graph.latents:
        raise DataError(f"Latent nodes cannot be drawn: {listed(graph.latents)}.")
    if effects := graph.children(outcome):
        raise DataError(f"The outcome {outcome!r} must come last; it causes {listed(effects)}.")


def _signed(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high) * rng.choice([-1.0, 1.0]))


def _tidy(text: str) -> str:
    return text.replace("+ -", "- ").replace("- -", "+ ")
