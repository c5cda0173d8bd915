"""How small a leak an audit would have caught, measured by planting leaks of known size.

A column that only the target feature causes is added to the auditor's own rows, and the model is
made to read it with a weight that gives the leak exactly the size that is wanted. The audit is
then run on it as on any model, again and again with fresh draws of the column. Everything in
CAFÉ is linear in the prediction, so one regression of the column answers for leaks of every size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.checks.planted_leaks.columns import PlantedColumns, plant
from workbench.checks.planted_leaks.findings import (
    JudgedBeside,
    LeakRate,
    PlantedLeak,
    PlantedLeaks,
)
from workbench.checks.planted_leaks.shapes import leaks_by_shape
from workbench.checks.verdict import default_threshold
from workbench.common.against_threshold import check_limits, p_within
from workbench.common.arrays import FloatArray
from workbench.common.errors import TargetError
from workbench.common.progress import Progress, silent

__all__ = ["planted_leaks"]


CLARITY = 0.5
"""How much likelier the planted column is at the end of the intervention than at its start."""
COMPARISONS: tuple[JudgedBeside, ...] = ("with retrained", "alone")
SHAPE_REPEATS = 10
MULTIPLES = (0.5, 1.25, 1.5, 2.0, 3.0, 5.0)
"""Default sizes, in thresholds."""
FINE: FloatArray = np.power(1.005, np.arange(1_000.0))
"""Multiples of the threshold among which the smallest leak that is caught is looked for."""


def planted_leaks(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    sizes: Sequence[float] | None = None,
    threshold: float | None = None,
    alpha: float = 0.05,
    claims: int = 1,
    clarity: float = CLARITY,
    intervention: Interventions = None,
    repeats: int = 100,
    shape_repeats: int = SHAPE_REPEATS,
    groups: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> PlantedLeaks:
    """Plant leaks of known size in the auditor's own data and model, and count what is caught.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
        A feature, several features (each by itself), or a subgroup.
    sizes : sequence of float, optional
        True total effects of the leaks, in the unit of the prediction. By default half to five
        times the threshold.
    threshold : float, optional
        τ; by default :func:`workbench.checks.verdict.default_threshold`.
    alpha : float, default 0.05
        Error rate of the audit's "above".
    claims : int, default 1
        Claims that the audit's verdict corrects for (Holm's first step, which decides it).
    clarity : float, default 0.5
        How much likelier the planted column is after the intervention than before, up to 0.9.
        A clearer column is a leak with less noise, and is found more easily.
    intervention : Contrast, Shift, mapping of feature to these, or None
        As in the audit.
    repeats : int, default 100
        Draws of the planted column.
    shape_repeats : int, default 10
        Draws for every shape of :data:`workbench.checks.planted_leaks.findings.SHAPES`, each of
        which is judged by a whole audit; 0 plants none.
    groups : mapping of str to str, optional
        Subgroups that the audit's verdict knows, by name.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    PlantedLeaks

    Raises
    ------
    TargetError
        For datapoints, and when an option is out of range.
    InterventionError
        When the intervention does not move the planted column on average (resampling).
    NotIdentifiableError
        When the graph does not identify the feature's effect.

    Notes
    -----
    The rows stay as they are. "With retrained" judges leaky − original, where all error comes from
    the column. "Alone" judges the leaky model, as if its influence were zero without the leak: the
    error of the model's own effect is drawn by bootstrapping the rows' influence values (Poisson
    weights). The leak is added to the score and may take a probability beyond 0 or 1, which
    changes no estimate.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"f": rng.integers(0, 2, 2000), "m": rng.normal(size=2000)})
    >>> case = AuditCase(data=frame, model=lambda rows: 0.1 * rows["m"], features=["m"],
    ...                  graph=CausalGraph([("f", "m")]))
    >>> planted = planted_leaks(case, UnlearningTarget.feature("f"), threshold=0.02)
    >>> 0.02 < planted.leaks[0].smallest_80 < 0.03
    True
    """
    tau = default_threshold(case) if threshold is None else threshold
    wanted = _checked(target, sizes, tau, alpha, claims, clarity, repeats)
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    rates: list[LeakRate] = []
    leaks: list[PlantedLeak] = []
    variations = variations_of(case, names, positions, intervention, seed)
    for place, variation in enumerate(variations):
        step = partial(_share_of, progress, place, 2 * len(names))
        planted = plant(case, target, variation, mask, clarity, repeats, seed, step)
        for comparison in COMPARISONS:
            judged = _Judged(variation.feature, comparison, planted, tau, alpha / claims, 1 - alpha)
            rates += judged.rates(wanted)
            leaks.append(judged.summary(variation.text))
    shapes = leaks_by_shape(
        case,
        target,
        threshold=tau,
        alpha=alpha,
        clarity=clarity,
        intervention=intervention,
        groups=groups or {},
        repeats=shape_repeats,
        seed=seed,
        progress=partial(_second_half, progress),
    )
    return PlantedLeaks(
        rates=tuple(rates),
        leaks=tuple(leaks),
        threshold=tau,
        alpha=alpha,
        claims=claims,
        clarity=clarity,
        repeats=repeats,
        seed=seed,
        n_rows=case.n_rows,
        unit=case.output,
        shapes=shapes,
    )


def _second_half(progress: Progress, step: str, share: float) -> None:
    progress(step, 0.5 + 0.5 * share)


def _share_of(progress: Progress, place: int, parts: int, step: str, share: float) -> None:
    progress(step, (place + share) / parts)


@dataclass(frozen=True, eq=False)
class _Judged:
    """One feature's planted leaks under the audit's decision rule."""

    feature: str
    comparison: JudgedBeside
    planted: PlantedColumns
    threshold: float
    level: float
    coverage: float = 0.95

    def above(
        self, sizes: FloatArray, columns: tuple[FloatArray, FloatArray, FloatArray]
    ) -> npt.NDArray[np.bool_]:
        """Whether the audit says "above", shape (sizes, repeats)."""
        values, errors = self._estimates(sizes, columns)
        return p_within(values, errors, self.threshold) <= self.level

    def _estimates(
        self, sizes: FloatArray, columns: tuple[FloatArray, FloatArray, FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        estimate, square, cross = columns
        values, variances = np.outer(sizes, estimate), np.outer(sizes**2, square)
        if self.comparison == "alone":
            values = values + self.planted.noise
            variances = variances + self.planted.own + 2 * np.outer(sizes, cross)
        return values, np.sqrt(np.maximum(variances, 1e-300))

    def rates(self, sizes: FloatArray) -> list[LeakRate]:
        """Count the placebo, weighted like the largest leak, the border, and every size."""
        placebo = self.above(sizes[-1:], self.planted.placebo)[0]
        border = self.above(np.array([self.threshold]), self.planted.leak)[0]
        found = [self._rate("no leak", 0.0, placebo), self._rate("border", self.threshold, border)]
        each = self.above(sizes, self.planted.leak)
        found += [self._rate("leak", s, f) for s, f in zip(sizes.tolist(), each, strict=True)]
        return sorted(found, key=lambda rate: rate.size)

    def _rate(
        self, role: Literal["leak", "border", "no leak"], size: float, found: npt.NDArray[np.bool_]
    ) -> LeakRate:
        count, trials = int(found.sum()), len(found)
        return LeakRate.counted(
            self.feature,
            self.comparison,
            role,
            size,
            found=count,
            trials=trials,
            level=self.coverage,
        )

    def summary(self, text: str) -> PlantedLeak:
        """Find the smallest leaks that are found in most trials."""
        fine = self.threshold * FINE
        share_found = self.above(fine, self.planted.leak).mean(axis=1)
        _, errors = self._estimates(np.array([self.threshold]), self.planted.leak)
        return PlantedLeak(
            feature=self.feature,
            intervention=text,
            adjustment=self.planted.adjustment,
            comparison=self.comparison,
            smallest_80=self._from(fine, share_found >= 0.8),
            smallest_95=self._from(fine, share_found >= 0.95),
            standard_error=float(np.median(errors)),
        )

    def _from(self, fine: FloatArray, enough: npt.NDArray[np.bool_]) -> float:
        """Return the first size from which on all are found often enough."""
        short = np.flatnonzero(~enough)
        first = 0 if not len(short) else short[-1] + 1
        return float(fine[first]) if first < len(fine) else float("inf")


def _checked(
    target: UnlearningTarget,
    sizes: Sequence[float] | None,
    threshold: float,
    alpha: float,
    claims: int,
    clarity: float,
    repeats: int,
) -> FloatArray:
    if getattr(target, "kind", None) == "datapoints":
        raise TargetError(
            "A planted leak is measured on the average over many rows; the target names single "
            "datapoints. Use membership evidence for these, or a subgroup."
        )
    check_limits(threshold, alpha)
    if not 0 < clarity <= 0.9:
        raise TargetError(f"clarity must lie above 0 and be at most 0.9, not {clarity!r}.")
    if claims < 1 or repeats < 10:
        raise TargetError("There must be at least one claim and ten repeats.")
    wanted = np.asarray(threshold * np.array(MULTIPLES) if sizes is None else sizes, dtype=float)
    if wanted.ndim != 1 or not wanted.size or not (np.isfinite(wanted) & (wanted > 0)).all():
        raise TargetError(f"The sizes of planted leaks are numbers above 0, not {sizes!r}.")
    return np.unique(wanted)
