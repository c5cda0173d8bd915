"""What an audit starts from: a table with its causal graph, and for drawn data the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.condition import Condition
from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError, listed
from workbench.datasets.scm import Equation, StructuralCausalModel
from workbench.graph.causal_graph import CausalGraph
from workbench.models.black_box import BlackBoxModel

__all__ = ["Dataset", "SampleWorld", "Truth"]

Rows = str | npt.ArrayLike | Callable[[pd.DataFrame], npt.ArrayLike] | None

TRUTH_ROWS = 200_000
"""Rows drawn to average a truth over: the error of a probability's mean is then below 0.001."""


@dataclass(frozen=True)
class Truth:
    """The true effects of one intervention on a model's predictions.

    Definitions: ``estimands.md``, "Effects, per row and on average". Effects are in the units of
    the prediction; standard errors are those of the simulation and 0 for a closed form.

    Parameters
    ----------
    total, direct : float
        Mean effects of moving the feature from its low to its high level.
    se, direct_se, indirect_se : float
        Standard errors of the total, direct and indirect effects.
    pure_indirect : float
        Mean effect when the descendants move and the feature itself stays as observed.
    mean_abs_total, mean_abs_direct : float
        Means of the absolute row effects: at least as large as the absolute means.
    n_rows : int
        Rows averaged over; 0 for a closed form.
    """

    total: float
    direct: float
    se: float = 0.0
    direct_se: float = 0.0
    indirect_se: float = 0.0
    pure_indirect: float = math.nan
    mean_abs_total: float = math.nan
    mean_abs_direct: float = math.nan
    n_rows: int = 0

    @property
    def indirect(self) -> float:
        """The total effect less the direct one."""
        return self.total - self.direct

    @property
    def interaction(self) -> float:
        """The indirect effect less the pure indirect one."""
        return self.indirect - self.pure_indirect


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with a causal graph, ready for an audit.

    Parameters
    ----------
    name : str
    data : DataFrame of shape (n, columns)
        Includes the outcome.
    graph : CausalGraph
        Includes the outcome.
    outcome : str
    features : tuple of str
        The inputs a model is usually given.
    protected : tuple of str
        Legally protected attributes in the table.
    description : str
    tiers : tuple of tuple of str
        What can come before what, earliest first: background knowledge for discovery.
    """

    name: str
    data: pd.DataFrame = field(repr=False)
    graph: CausalGraph = field(repr=False)
    outcome: str
    features: tuple[str, ...]
    protected: tuple[str, ...] = ()
    description: str = field(default="", repr=False)
    tiers: tuple[tuple[str, ...], ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False)
class SampleWorld(Dataset):
    """Data drawn from known structural equations, with the truth about any model.

    Parameters
    ----------
    mechanism : StructuralCausalModel
        The equations that drew `data`, the outcome's included.
    noise : DataFrame of shape (n, nodes)
        The noise behind each row of `data`.
    """

    mechanism: StructuralCausalModel = field(kw_only=True, repr=False)
    noise: pd.DataFrame = field(kw_only=True, repr=False)

    @classmethod
    def draw(
        cls, mechanism: StructuralCausalModel, n: int, seed: int, **details: Any
    ) -> SampleWorld:
        """Draw a world's `n` rows; `details` are the fields of `Dataset` that are not drawn."""
        noise = mechanism.draw_noise(n, seed)
        return cls(
            data=mechanism.intervene(noise),
            graph=mechanism.graph,
            mechanism=mechanism,
            noise=noise,
            **details,
        )

    @property
    def equations(self) -> Mapping[str, Equation]:
        """The structural equations in causal order; ``str(world.mechanism)`` prints them."""
        return self.mechanism.equations

    def counterfactual(self, do: Mapping[str, Any]) -> pd.DataFrame:
        """Return the world's own rows as they would have been after setting nodes.

        Parameters
        ----------
        do : mapping
            Node to a scalar or to an array of shape (n,).

        Returns
        -------
        DataFrame of shape (n, columns)
        """
        return self.mechanism.intervene(self.noise, do)

    def row_effects(
        self,
        model: Any,
        features: str | Sequence[str],
        low: Any,
        high: Any,
        *,
        noise: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Return every row's true effects on a model's prediction.

        Parameters
        ----------
        model : estimator, BlackBoxModel or callable
            A fitted scikit-learn estimator (probability of its second class, or its value), a
            `BlackBoxModel`, or a callable DataFrame -> (n,).
        features : str or sequence of str
            The feature set, or the features set jointly.
        low, high : scalar, or sequences or mappings of one per feature
            The levels to compare.
        noise : DataFrame of shape (n, nodes), optional
            The rows; None takes the world's own.

        Returns
        -------
        DataFrame of shape (n, 3)
            Columns total, direct and pure_indirect, float64, in units of the prediction.
        """
        rows = self.noise if noise is None else noise
        observed = self.mechanism.intervene(rows)
        names = _names(features)
        from_, to = _levels(names, low), _levels(names, high)
        for name in names:
            self.mechanism.require(name)
        moved_low = self.mechanism.intervene(rows, from_)
        moved_high = self.mechanism.intervene(rows, to)
        stay = {name: observed[name] for name in names}
        box = BlackBoxModel.wrap(model)

        def ask(frame: pd.DataFrame) -> FloatArray:
            return box.predict(frame.drop(columns=self.outcome))

        return pd.DataFrame(
            {
                "total": ask(moved_high) - ask(moved_low),
                "direct": ask(observed.assign(**to)) - ask(observed.assign(**from_)),
                "pure_indirect": ask(moved_high.assign(**stay)) - ask(moved_low.assign(**stay)),
            },
            index=rows.index,
        )

    def truth(
        self,
        model: Any,
        features: str | Sequence[str],
        low: Any,
        high: Any,
        *,
        rows: Rows = None,
        n: int | None = TRUTH_ROWS,
        seed: int = 0,
    ) -> Truth:
        """Return the true effects of ``low -> high`` on a model, by simulating the equations.

        Parameters
        ----------
        model, features, low, high
            As in `row_effects`.
        rows : str, callable or boolean array of shape (len(data),), optional
            Average over the rows that satisfy a condition (the subgroup language, or a callable
            DataFrame -> mask), or over the world's own rows that a mask marks.
        n : int or None, default 200,000
            Fresh rows to draw; None takes the world's own rows.
        seed : int, default 0

        Returns
        -------
        Truth

        Raises
        ------
        DataError
            When a feature is unknown, a mask has the wrong shape, or no row is left.
        """
        own = n is None or not (rows is None or isinstance(rows, str) or callable(rows))
        # The leading 1 keeps these rows apart from the world's own when the seeds agree.
        noise = self.noise if own else self.mechanism.draw_noise(int(n or 0), [1, seed])
        if rows is not None:
            noise = noise[_mask(rows, noise, self.mechanism)]
        if noise.empty:
            raise DataError("No row satisfies the condition, so there is no effect to average.")
        effects = self.row_effects(model, features, low, high, noise=noise)
        error = effects.assign(indirect=effects.total - effects.direct).std(ddof=0)
        error = error / math.sqrt(len(effects))
        mean, size = effects.mean(), effects.abs().mean()
        return Truth(
            total=float(mean["total"]),
            direct=float(mean["direct"]),
            se=float(error["total"]),
            direct_se=float(error["direct"]),
            indirect_se=float(error["indirect"]),
            pure_indirect=float(mean["pure_indirect"]),
            mean_abs_total=float(size["total"]),
            mean_abs_direct=float(size["direct"]),
            n_rows=len(effects),
        )

    def linear_truth(
        self,
        weights: Mapping[str, float] | None,
        features: str | Sequence[str],
        low: Any,
        high: Any,
    ) -> Truth:
        """Return the true effects on a linear model in closed form.

        Parameters
        ----------
        weights : mapping of feature to float, or None
            The linear model's coefficients; None takes those of the outcome's own equation.
        features, low, high
            As in `row_effects`, numeric.

        Returns
        -------
        Truth
            Exact, with standard errors of 0.

        Raises
        ------
        DataError
            When an equation on the way is not linear.
        """
        weights = self._weights(weights)
        names = _names(features)
        for name in names:
            self.mechanism.require(name)
        from_, to = _levels(names, low), _levels(names, high)
        moves = {name: float(to[name]) - float(from_[name]) for name in names}
        total = self.mechanism.linear_total(weights, moves)
        direct = math.fsum(weights.get(v, 0.0) * move for v, move in moves.items())
        return Truth(
            total=total,
            direct=direct,
            se=0.0,
            direct_se=0.0,
            indirect_se=0.0,
            pure_indirect=total - direct,
            mean_abs_total=abs(total),
            mean_abs_direct=abs(direct),
        )

    def path_truth(
        self, weights: Mapping[str, float] | None, feature: str, low: float, high: float
    ) -> dict[tuple[str, ...], float]:
        """Return each directed path's true effect on a linear model; they sum to the total.

        Parameters
        ----------
        weights, feature, low, high
            As in `linear_truth`.

        Returns
        -------
        dict of tuple of str to float
            A path starts at `feature` and ends at ``"prediction"``. Largest effect first.

        Raises
        ------
        DataError
            When an equation on the way is not linear.
        """
        self.mechanism.require(feature)
        paths = self.mechanism.linear_paths(self._weights(weights), feature)
        effects = {path: product * (high - low) for path, product in paths}
        return dict(sorted(effects.items(), key=lambda item: (-abs(item[1]), item[0])))

    def _weights(self, weights: Mapping[str, float] | None) -> Mapping[str, float]:
        if weights is None:
            weights = self.equations[self.outcome].coefficients
            if weights is None:
                raise DataError(
                    f"The equation of {self.outcome!r} is not linear: pass the linear model's "
                    "weights, or ask `truth`."
                )
        for name in weights:
            self.mechanism.require(name)
        return weights


def _names(features: str | Sequence[str]) -> tuple[str, ...]:
    return (features,) if isinstance(features, str) else tuple(features)


def _levels(names: tuple[str, ...], levels: Any) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if isinstance(levels, Mapping):
        given = dict(levels)
    else:
        scalar = isinstance(levels, str) or np.ndim(levels) == 0
        values = [levels] if scalar else list(levels)
        if len(values) == len(names):
            given = dict(zip(names, values, strict=True))
    if set(given) != set(names):
        raise DataError(f"One level is needed for each of {listed(names)}; got {levels!r}.")
    return given


def _mask(
    rows: Rows, noise: pd.DataFrame, mechanism: StructuralCausalModel
) -> npt.NDArray[np.bool_]:
    if isinstance(rows, str):
        return Condition(rows).mask(mechanism.intervene(noise))
    mask = np.asarray(rows(mechanism.intervene(noise)) if callable(rows) else rows)
    if mask.shape != (len(noise),) or mask.dtype != np.bool_:
        raise DataError(
            f"`rows` must be a boolean mask of shape ({len(noise)},); it has dtype {mask.dtype} "
            f"and shape {mask.shape}."
        )
    return mask
