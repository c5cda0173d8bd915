"""What every structural equation can do, whatever it is made of.

Propagation, intervals and paths ask for no more than this, so that another kind of equation is a
file of its own: give its fit to :func:`workbench.methods.fuzzing.propagation.fit_equations`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.methods.estimator import Residuals
from workbench.tables.columns import Column, Values

__all__ = ["Equation", "FitEquation", "Keep"]

Keep: TypeAlias = Mapping[str, npt.NDArray[Any]]
"""Encoded levels of causes that interventions set: an equation does not smooth over them."""


class Equation(Protocol):
    """How a node answers when its causes are changed.

    Attributes
    ----------
    column : Column
        The node's own column.
    parents : tuple of Column
        Its causes.
    is_random : bool
        Whether moving a row involves a draw.
    """

    @property
    def column(self) -> Column:
        """The node's own column."""
        ...

    @property
    def parents(self) -> tuple[Column, ...]:
        """Columns of its causes."""
        ...

    @property
    def is_random(self) -> bool:
        """Whether moving a row involves a draw."""
        ...

    def expected(self, parents: Mapping[str, Values]) -> FloatArray:
        """Return what a move needs to know of the causes, shape (m, …)."""
        ...

    def move(
        self,
        observed: Values,
        was: FloatArray,
        now: FloatArray,
        uniform: FloatArray,
        residuals: Residuals,
    ) -> Values:
        """Carry the noise of `observed`, whose causes gave `was`, over to causes that give `now`.

        Of another row it is given that row's values, and so draws the node again with its noise.
        """
        ...

    def gradient(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values,
    ) -> FloatArray:
        """Differentiate the mean prediction by everything that was estimated, shape (k,).

        Parameters
        ----------
        response : ndarray, shape (m,) or (m, levels)
            What a unit of a number does to the prediction, or the prediction at each level.
        now, was : mapping of str to ndarray
            Causes after the intervention, and as observed; None when the noise is dropped.
        observed : ndarray, shape (m,)
        """
        ...

    def row_gradients(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values,
    ) -> FloatArray:
        """Return what `gradient` gives for each row alone, shape (m, k)."""
        ...

    def influences(self, gradients: FloatArray) -> FloatArray:
        """How much each row of the data moves gradient · estimate, shape (gradients, n)."""
        ...


FitEquation: TypeAlias = Callable[..., Equation]
"""Called as fit(column, parents, keep=…)."""
