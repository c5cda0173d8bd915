"""Carry a change of some features through the causal graph, row by row.

The validation is outside, in :func:`fit_equations`; inside is one loop in topological order
(``estimands.md``, "Algorithm 1").
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray, Positions
from workbench.common.errors import NotIdentifiableError, TargetError, listed
from workbench.common.made_once import MadeOnce
from workbench.common.progress import Progress, silent
from workbench.common.threads import one_thread
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.estimator import Residuals
from workbench.methods.fuzzing.alike_rows import AlikeRows
from workbench.methods.fuzzing.equation import Equation, FitEquation, Keep
from workbench.methods.fuzzing.equations import fit_equation
from workbench.methods.fuzzing.missing import with_gaps, without_gaps
from workbench.tables.columns import Column, Values

__all__ = ["Equations", "Propagation", "expected_at", "fit_equations", "set_levels"]

MOST_LEVELS = 40
"""Levels of one number that an intervention can name; more are a grid, or draws."""


@dataclass(frozen=True, eq=False)
class Equations(MadeOnce):
    """Fitted structural equations by node, causes first.

    Attributes
    ----------
    by_node : mapping of str to Equation
        In topological order.
    keep : mapping of str to ndarray
        Levels that they were not to smooth over; see :func:`set_levels`.
    """

    by_node: Mapping[str, Equation]
    residuals: Residuals
    seed: int
    keep: Keep = field(default_factory=dict)
    _filled: dict[int, dict[str, FloatArray]] = field(default_factory=dict, repr=False)

    @cached_property
    def incomplete(self) -> frozenset[str]:
        """Nodes whose gaps are filled, so that a change is carried past them."""
        return frozenset() if self.residuals == "drop" else with_gaps(self.by_node)

    def values(self, node: str, copy: int = 0) -> Values:
        """Return a node's values at every row of the data, its gaps filled, shape (n,).

        See :mod:`workbench.methods.fuzzing.missing`. Where noise is dropped a gap stays one.
        """
        if node not in self.incomplete:
            return self.by_node[node].column.values
        if copy not in self._filled:
            rng = np.random.default_rng([self.seed, 31, copy])
            self._filled[copy] = without_gaps(self.by_node, rng)
        return self._filled[copy][node]

    def as_recorded(
        self, state: Mapping[str, Values], positions: Positions, fixed: Collection[str] = ()
    ) -> dict[str, Values]:
        """Return changed nodes as the model would be told of them: what was missing stays so.

        Parameters
        ----------
        fixed : collection of str
            The intervened features, which everyone is told.
        """
        out = dict(state)
        for node in state:
            if node in self.incomplete and node not in fixed:
                gone = np.isnan(self.by_node[node].column.values[positions])
                out[node] = np.where(gone, np.nan, state[node])
        return out

    def gaps(self, nodes: Collection[str], positions: Positions) -> npt.NDArray[np.bool_]:
        """Tell the rows in which some node is missing that other nodes follow from."""
        causes = {p.name for node in nodes for p in self.by_node[node].parents}
        out = np.zeros(len(positions), dtype=bool)
        for node in causes.intersection(nodes, self.incomplete):
            out |= np.isnan(self.by_node[node].column.values[positions])
        return out

    def carriers(self, case: AuditCase, *features: str) -> list[str]:
        """Return the nodes that a change of the features is carried through, causes first."""
        moved = case.carriers(*features)
        return [node for node in self.by_node if node in moved]

    def check_cover(self, case: AuditCase, features: Iterable[str]) -> None:
        """Refuse to be used for features whose mediators have no equation here.

        Raises
        ------
        TargetError
            When a mediator would silently stay where it is.
        """
        needed = {node for feature in features for node in case.carriers(feature)}
        missing = sorted(needed.intersection(case.columns).difference(self.by_node))
        if missing:
            raise TargetError(
                f"The structural equations given lack {listed(missing)}, through which the target "
                f"acts. Fit them for this target, or leave equations= out."
            )

    def uniforms(self, node: str, n: int, copy: int = 0) -> FloatArray:
        """Return the fixed noise of a node at every row of the data, shape (n,)."""
        key = [self.seed, zlib.crc32(node.encode()), copy]
        return np.random.default_rng(key).random(n)


def set_levels(varied: Iterable[Variation]) -> dict[str, npt.NDArray[Any]]:
    """Return the encoded levels that interventions set features to, where they are few.

    Equations never pool these levels of a category; better ones do not smooth over a number's.
    """
    levels = {v.feature: v.levels for v in varied}
    return {
        name: found
        for name, found in levels.items()
        if found.dtype.kind != "f" or len(found) <= MOST_LEVELS
    }


def fit_equations(
    case: AuditCase,
    features: Iterable[str],
    *,
    keep: Keep | None = None,
    residuals: Residuals = "abduct",
    fit: FitEquation = fit_equation,
    seed: int = 0,
    progress: Progress = silent,
    step: str = "structural equations",
) -> Equations:
    """Fit one equation per node that lies between some feature and the prediction.

    Parameters
    ----------
    keep : mapping of str to ndarray, optional
        See :func:`set_levels`.
    fit : callable, optional
        Fits one equation; see :class:`workbench.methods.fuzzing.equation.Equation`.
    step : str, default "structural equations"
        What `progress` is told is under way.

    Raises
    ------
    NotIdentifiableError
        When a latent common cause of a node and its own causes bends the equation.
    """
    if residuals not in ("abduct", "drop"):
        raise TargetError(f"residuals={residuals!r} is unknown. Use 'abduct' or 'drop'.")
    graph = case.audit_graph
    needed = {node for feature in features for node in case.carriers(feature)}
    projected, _ = graph.latent_projection()
    by_node = {}
    order = [node for node in projected.topological_order() if node in needed]
    for done, node in enumerate(order):
        progress(step, done / len(order))
        parents = projected.parents(node)
        _check_equation(graph, node, parents)
        with one_thread():
            by_node[node] = fit(case.columns[node], [case.columns[p] for p in parents], keep=keep)
    return Equations(by_node, residuals, seed, keep or {})


def _check_equation(graph: CausalGraph, node: str, parents: tuple[str, ...]) -> None:
    """Refuse an equation whose regression would not be causal."""
    if not graph.latents or graph.is_valid_adjustment(parents, node, ()):
        return
    shared = [
        latent
        for latent in graph.latents
        if node in graph.descendants(latent)
        and any(parent in graph.descendants(latent) for parent in parents)
    ]
    raise NotIdentifiableError(
        f"The equation of {node!r} cannot be learned from this data: {listed(shared)} was never "
        f"observed and moves both {node!r} and its causes {listed(parents)}. Measure it, or use "
        f"cafe_effects, which may still find a valid adjustment set.",
        tuple(shared),
    )


@dataclass(eq=False)
class Propagation:
    """Counterfactual values of some rows of a case.

    Parameters
    ----------
    positions : ndarray of int, shape (m,)
        Rows of the data; a row may come several times, each time with noise of its own.
    copies : int
        How often the rows come, one block after the other.
    """

    columns: Mapping[str, Column]
    equations: Equations
    positions: Positions
    copies: int = 1
    _observed: dict[str, Values] = field(default_factory=dict)
    _expected: dict[str, FloatArray] = field(default_factory=dict)
    _noise: dict[str, FloatArray] = field(default_factory=dict)

    def tiled(self, times: int) -> Propagation:
        """Return the same rows several times over, each time with the same noise."""
        return _Tiled(
            self.columns, self.equations, np.tile(self.positions, times), base=self, times=times
        )

    def observed(self, node: str) -> Values:
        """Values of a node as they are, gaps filled, shape (m,)."""
        if node not in self._observed:
            if node in self.equations.by_node:
                self._observed[node] = self._by_copy(lambda c: self.equations.values(node, c))
            else:
                self._observed[node] = self.columns[node].values[self.positions]
        return self._observed[node]

    def _by_copy(self, values: Callable[[int], Values]) -> Values:
        """Take each block of rows from the values of its own copy."""
        size = len(self.positions) // self.copies
        return np.concatenate(
            [
                values(copy)[self.positions[copy * size : (copy + 1) * size]]
                for copy in range(self.copies)
            ]
        )

    def parents(self, node: str, changed: Mapping[str, Values]) -> dict[str, Values]:
        """Values of a node's causes after a change."""
        causes = self.equations.by_node[node].parents
        return {p.name: changed.get(p.name, self.observed(p.name)) for p in causes}

    def carry(
        self,
        changed: Mapping[str, Values],
        *,
        through: Iterable[str] | None = None,
    ) -> dict[str, Values]:
        """Return the changed nodes and everything that moves with them.

        Parameters
        ----------
        changed : mapping of str to ndarray, each shape (m,)
            Nodes that are set; they are not moved again.
        through : iterable of str, optional
            The only nodes that may move; every node with an equation by default.
        """
        state = dict(changed)
        allowed = None if through is None else set(through)
        for node in self.equations.by_node:
            if node in changed or (allowed is not None and node not in allowed):
                continue
            causes = self.equations.by_node[node].parents
            if any(parent.name in state for parent in causes):
                state[node] = self.moved(node, self.parents(node, state))
        return state

    def carry_on(
        self,
        state: Mapping[str, Values],
        fixed: Collection[str],
        node: str,
        value: Values,
        through: Iterable[str],
    ) -> dict[str, Values]:
        """Return a carried state again with one of its nodes forced to another value.

        Only what descends from the node is computed again.
        """
        allowed = set(through)
        out = {**state, node: value}
        disturbed = {node}
        for other in self.equations.by_node:
            if other in fixed or other in disturbed or other not in allowed:
                continue
            causes = self.equations.by_node[other].parents
            if any(parent.name in disturbed for parent in causes):
                out[other] = self.moved(other, self.parents(other, out))
                disturbed.add(other)
        return out

    def moved(self, node: str, now: Mapping[str, Values]) -> Values:
        """Values of one node when its causes take other values, shape (m,)."""
        equation = self.equations.by_node[node]
        return equation.move(
            self.observed(node),
            self.expected(node),
            expected_at(equation, now),
            self.uniform(node),
            self.equations.residuals,
        )

    def expected(self, node: str) -> FloatArray:
        """Evaluate a node's equation at its causes as they are, shape (m, …)."""
        if node not in self._expected:
            equation = self.equations.by_node[node]
            self._expected[node] = expected_at(equation, self.parents(node, {}))
        return self._expected[node]

    def uniform(self, node: str) -> FloatArray:
        """Return the noise of a node, shape (m,)."""
        if node not in self._noise:
            n = len(self.columns[node].values)
            self._noise[node] = self._by_copy(lambda c: self.equations.uniforms(node, n, c))
        return self._noise[node]


@dataclass(eq=False)
class _Tiled(Propagation):
    """Rows of another propagation several times over: nothing about them is computed again."""

    base: Propagation | None = None
    times: int = 1

    def observed(self, node: str) -> Values:
        assert self.base is not None
        return np.tile(self.base.observed(node), self.times)

    def expected(self, node: str) -> FloatArray:
        assert self.base is not None
        once = self.base.expected(node)
        return np.concatenate([once] * self.times)

    def uniform(self, node: str) -> FloatArray:
        assert self.base is not None
        return np.tile(self.base.uniform(node), self.times)


def expected_at(equation: Equation, values: Mapping[str, Values]) -> FloatArray:
    """Evaluate an equation once per distinct combination of its causes, where they are few."""
    alike = AlikeRows.of(equation.parents, values)
    found = equation.expected(alike.causes)
    return found if alike.place is None else found[alike.place]
