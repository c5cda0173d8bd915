"""Path-specific effects: which way a feature's influence reaches the prediction.

A change is carried along one directed path only, every other node held as observed
(``estimands.md``, "Algorithm 1"). In a linear model and a linear graph the effects are products of
coefficients and sum to the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from workbench.case.asking.batches import Answer, Differences, QueryBatch, sample_places
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import Positions
from workbench.common.progress import Progress, silent
from workbench.graph.causal_graph import PREDICTION
from workbench.methods.averages import mean_effect
from workbench.methods.effects import Effect, EffectTable
from workbench.methods.fuzzing.equation_error import (
    SAMPLE_ROWS,
    Nudge,
    elsewhere,
    propagated_influences,
)
from workbench.methods.fuzzing.propagation import Equations, Propagation, fit_equations, set_levels
from workbench.tables.columns import Values

__all__ = ["PathEffect", "direct_as_asked", "path_effects", "path_frame", "trace_paths"]


MOST_PATHS = 100
"""Paths followed per feature, shortest first."""
MOST_ROWS = 10_000
"""Rows of the target that paths are followed on."""


@dataclass(frozen=True, eq=False)
class PathEffect:
    """The effect along one directed path.

    Attributes
    ----------
    path : tuple of str
        From the feature to "prediction".
    left_out : int
        Paths of the same feature that were too many to follow.
    """

    feature: str
    path: tuple[str, ...]
    intervention: str
    effect: Effect
    left_out: int = 0


def path_effects(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    equations: Equations | None = None,
    max_rows: int | None = MOST_ROWS,
    seed: int = 0,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Measure the effect of the target's features along every directed path.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
        Features, on all rows, in a subgroup or at single rows.
    intervention, equations, seed, progress
        As in :func:`workbench.methods.fuzzing.estimator.fuzzed_effects`.
    max_rows : int or None, default 10,000
        Follow paths on a random sample of the target's rows of this size; None takes all.

    Returns
    -------
    DataFrame
        Columns feature, path (tuple of nodes, the last is "prediction"), intervention, effect,
        effect_low, effect_high (95 % interval), share (signed part of the sum of absolute path
        effects). At most 100 paths per feature, shortest first.

    Raises
    ------
    ModelError, NotIdentifiableError, TargetError, InterventionError
        As :func:`workbench.methods.fuzzing.estimator.fuzzed_effects`.

    Examples
    --------
    >>> import workbench as wb
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"sex": rng.integers(0, 2, 500)})
    >>> frame["job"] = frame["sex"] + rng.normal(size=500)
    >>> case = wb.AuditCase(data=frame, model=lambda rows: 0.1 * rows["job"], features=["job"],
    ...                     graph=wb.CausalGraph([("sex", "job")]))
    >>> path_effects(case, wb.UnlearningTarget.feature("sex"))["path"].tolist()
    [('sex', 'job', 'prediction')]
    """
    return path_frame(
        trace_paths(
            case,
            target,
            intervention=intervention,
            equations=equations,
            max_rows=max_rows,
            seed=seed,
            progress=progress,
        )
    )


def path_frame(paths: Sequence[PathEffect]) -> pd.DataFrame:
    """Return one row per path; see :func:`path_effects`."""
    whole: dict[str, float] = {}
    for path in paths:
        whole[path.feature] = whole.get(path.feature, 0.0) + abs(path.effect.value)
    records = [
        {
            "feature": path.feature,
            "path": path.path,
            "intervention": path.intervention,
            "effect": path.effect.value,
            "effect_low": path.effect.low,
            "effect_high": path.effect.high,
            "share": path.effect.value / whole[path.feature] if whole[path.feature] else 0.0,
        }
        for path in paths
    ]
    columns = ["feature", "path", "intervention", "effect", "effect_low", "effect_high", "share"]
    return pd.DataFrame(records, columns=columns)


def direct_as_asked(paths: Sequence[PathEffect], effects: EffectTable) -> tuple[PathEffect, ...]:
    """Return paths whose direct ones are the direct effects that the model was asked for.

    Paths are followed on a sample of a long table's rows; the same change, made directly, was asked
    about in all of them, and is one number.
    """
    asked = {
        (entry.feature, entry.intervention): entry.direct
        for entry in effects
        if entry.estimator.asks_direct and not entry.combination
    }
    return tuple(
        replace(path, effect=asked[path.feature, path.intervention])
        if len(path.path) == 2 and (path.feature, path.intervention) in asked
        else path
        for path in paths
    )


def trace_paths(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    equations: Equations | None = None,
    max_rows: int | None = MOST_ROWS,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[PathEffect, ...]:
    """Measure path effects with their influence columns; see :func:`path_effects`."""
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    positions = positions[sample_places(len(positions), max_rows, seed)]
    varied = variations_of(case, names, positions, intervention, seed)
    if equations is None:
        keep = set_levels(varied)
        equations = fit_equations(case, names, keep=keep, seed=seed, progress=progress)
    equations.check_cover(case, names)
    graph, _ = case.audit_graph.latent_projection()
    batch = QueryBatch(case, progress, "paths")
    inside = sample_places(len(positions), SAMPLE_ROWS, seed + 1)
    sampled = target.kind != "datapoints" or len(positions) < mask.sum()
    found = []
    for variation in varied:
        paths = graph.directed_paths(variation.feature, PREDICTION, limit=MOST_PATHS)
        count = graph.count_directed_paths(variation.feature, PREDICTION)
        walk = _Walk(Propagation(case.columns, equations, positions), batch, variation)
        sample = Propagation(case.columns, equations, positions[inside])
        near = _Walk(sample, batch, _restricted(variation, inside))
        asked = [(path[:-1], walk.differences(path[:-1]), near.nudges(path[:-1])) for path in paths]
        batch.flush()
        influences = propagated_influences([(sample, n) for _, _, n in asked], case.n_rows)
        for (steps, differences, _), through in zip(asked, influences, strict=True):
            rows = np.mean(differences.per_draw, axis=0)
            effect = mean_effect(rows, positions, case.n_rows, sampled=sampled)
            found.append(
                PathEffect(
                    variation.feature,
                    (*steps, PREDICTION),
                    variation.text,
                    Effect(effect.value, effect.influence + through),
                    left_out=count - len(paths),
                )
            )
    return tuple(found)


@dataclass(eq=False)
class _Walk:
    """Values of the last node of a path prefix, at every level of the intervention."""

    rows: Propagation
    batch: QueryBatch
    variation: Variation
    _values: dict[tuple[tuple[str, ...], int], Values] = field(default_factory=dict)

    def value(self, prefix: tuple[str, ...], level: int) -> Values:
        """Return the last node's values; level 0 is before, the others are the draws."""
        if len(prefix) == 1:
            return self.variation.before if level == 0 else self.variation.after[level - 1]
        if (prefix, level) not in self._values:
            cause = self.value(prefix[:-1], level)
            self._values[prefix, level] = _onward(self.rows, prefix, len(prefix) - 1, cause)
        return self._values[prefix, level]

    def differences(self, steps: tuple[str, ...]) -> Differences:
        """Ask what the prediction does when only the path's last node moves."""
        levels = range(len(self.variation.after) + 1)
        before, *after = [self._ask({steps[-1]: self.value(steps, level)}) for level in levels]
        return Differences(tuple(after), before)

    def nudges(self, steps: tuple[str, ...]) -> list[Nudge]:
        """Ask what the prediction would be if each node of the path ended elsewhere."""
        found = []
        for level, sign in ((0, -1.0), (1, 1.0)):
            for stop in range(2, len(steps) + 1):
                prefix, node = steps[:stop], steps[stop - 1]
                causes = self.rows.parents(node, {steps[stop - 2]: self.value(prefix[:-1], level)})
                values = elsewhere(self.rows, node, self.value(prefix, level))
                rows = self.rows.tiled(len(values))
                last = _onward(rows, steps, stop, values.ravel())
                told = self.rows.equations.as_recorded({steps[-1]: last}, rows.positions)
                answer = self.batch.ask(rows.positions, told)
                found.append(Nudge(node, causes, values, answer, sign))
        return found

    def _ask(self, changes: Mapping[str, Values]) -> Answer:
        told = self.rows.equations.as_recorded(
            changes, self.rows.positions, (self.variation.feature,)
        )
        return self.batch.ask(self.rows.positions, told)


def _onward(rows: Propagation, steps: tuple[str, ...], stop: int, value: Values) -> Values:
    """Carry values of the path's node before `stop` along the rest of the path."""
    for before, node in pairwise(steps[stop - 1 :]):
        value = rows.moved(node, rows.parents(node, {before: value}))
    return value


def _restricted(variation: Variation, inside: Positions) -> Variation:
    """Return a variation on some of its rows; of several draws each row takes one."""
    draws = len(variation.after)
    pick = np.random.default_rng(len(inside)).integers(0, draws, size=len(inside))
    after = np.stack(variation.after)[pick, inside]
    return Variation(variation.feature, variation.text, variation.before[inside], (after,))
