"""Values of a mediator where the data has none, drawn given what is known of the row.

Someone whose income was not written down has one, and a score that followed from it. Each gap is
filled with the equation's value and another row's noise; of several such draws one is kept, with
chances that follow how well it explains the row's own later values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.methods.fuzzing.equation import Equation
from workbench.tables.columns import Values

__all__ = ["stopping_gaps", "with_gaps", "without_gaps"]


CANDIDATES = 8
"""Draws of which one is kept."""


def with_gaps(by_node: Mapping[str, Equation]) -> frozenset[str]:
    """Name the nodes that other nodes follow from and that are missing in some rows.

    Numbers only: "missing" is a level of a category.
    """
    causes = {parent.name for equation in by_node.values() for parent in equation.parents}
    return frozenset(
        node
        for node, equation in by_node.items()
        if node in causes
        and equation.column.is_numeric
        and bool(np.isnan(equation.column.values).any())
    )


def stopping_gaps(
    by_node: Mapping[str, Equation], carriers: Collection[str], rows: npt.NDArray[np.intp]
) -> dict[str, int]:
    """Count the rows in which a category is missing that carries a change to other carriers.

    "Missing" is a level of its own there, and a row that has it keeps it: what a change of the
    unknown value would do to later features is not carried on.
    """
    causes = {
        parent.name
        for node, equation in by_node.items()
        if node in carriers
        for parent in equation.parents
    }
    found = {}
    for node in (name for name in by_node if name in causes and name in carriers):
        column = by_node[node].column
        if not column.is_numeric and column.levels[-1] is None:
            found[node] = int((column.values[rows] == len(column.levels) - 1).sum())
    return {node: count for node, count in found.items() if count}


def without_gaps(
    by_node: Mapping[str, Equation], rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Fill the gaps that matter to other nodes, causes first; shape (n,) each."""
    filled: dict[str, FloatArray] = {}
    incomplete = with_gaps(by_node)
    for node, equation in by_node.items():
        if node not in incomplete:
            continue
        values = equation.column.values
        gaps = np.flatnonzero(np.isnan(values))
        known = np.flatnonzero(~np.isnan(values))

        def causes(rows: npt.NDArray[np.intp], equation: Equation = equation) -> dict[str, Values]:
            return {p.name: filled.get(p.name, p.values)[rows] for p in equation.parents}

        now = equation.expected(causes(gaps))
        draws = np.empty((CANDIDATES, len(gaps)))
        for turn in range(CANDIDATES):
            donors = rng.choice(known, len(gaps))
            draws[turn] = equation.move(
                values[donors],
                equation.expected(causes(donors)),
                now,
                rng.random(len(gaps)),
                "abduct",
            )
        score = np.zeros(draws.shape)
        for child in by_node.values():
            if any(parent.name == node for parent in child.parents):
                score += _fit_of_child(child, node, gaps, draws, filled)
        # The largest of score + Gumbel noise falls on each draw with its own share of exp(score).
        kept = np.argmax(score + rng.gumbel(size=draws.shape), axis=0)
        filled[node] = values.copy()
        filled[node][gaps] = draws[kept, np.arange(len(gaps))]
    return filled


def _fit_of_child(
    child: Equation,
    node: str,
    gaps: npt.NDArray[np.intp],
    draws: FloatArray,
    filled: Mapping[str, FloatArray],
) -> FloatArray:
    """Log-likelihood of a child's observed values under each draw, shape (draws, gaps)."""
    observed = child.column.values[gaps]
    out = np.zeros(draws.shape)
    others = {p.name: filled.get(p.name, p.values)[gaps] for p in child.parents if p.name != node}
    if not child.column.is_numeric:
        for turn, draw in enumerate(draws):
            chances = np.diff(child.expected({**others, node: draw}), axis=1, prepend=0.0)
            out[turn] = np.log(np.maximum(chances[np.arange(len(gaps)), observed], 1e-12))
        return out
    everyone = child.expected({p.name: p.values for p in child.parents})
    spread = _spread(child.column.values - _mean(child, everyone))
    for turn, draw in enumerate(draws):
        mean = _mean(child, child.expected({**others, node: draw}))
        out[turn] = -0.5 * np.nan_to_num((observed - mean) / spread) ** 2
    return out


def _mean(equation: Equation, expected: FloatArray) -> FloatArray:
    """Return a number's expected value."""
    moved = equation.move(
        np.zeros(len(expected)), expected, expected, np.full(len(expected), 0.5), "drop"
    )
    return np.asarray(moved, dtype=np.float64)


def _spread(left: FloatArray) -> float:
    """Return a robust standard deviation of residuals, above 0."""
    low, high = np.nanquantile(left, [0.16, 0.84])
    return max(float(high - low) / 2, 1e-9 * float(np.nanstd(left)), 1e-300)
