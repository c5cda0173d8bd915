"""Where the influence hides: subgroups whose effect differs most from the whole.

An influence that is small on average can be large for some people. A shallow tree on the effects
at single rows proposes subgroups on one half of the rows; on the other half, which it has not
seen, everything is estimated again and the differences are tested, corrected for their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import scipy

from workbench.case.asking.variations import fixed_interventions, variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Intervention, Interventions
from workbench.case.target import UnlearningTarget
from workbench.checks.subgroups.finding import HiddenSubgroups
from workbench.checks.verdict import default_threshold
from workbench.common.arrays import Positions
from workbench.common.errors import AuditError, TargetError
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress, silent
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.debiased.estimator import debiased_effects
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.methods.fuzzing.estimator import fuzzed_effects
from workbench.methods.subgroup_search import Candidate, Statistic, grow_tree, halves, masks_of

__all__ = ["subgroup_effects"]


SEARCHED = ("direct", "indirect")
MOST_TESTED = 5
"""Subgroups of one feature and part that are tested: each test costs power."""
COLUMNS = [
    "feature", "part", "subgroup", "value", "low", "high", "whole",
    "difference", "difference_low", "difference_high", "p_value", "n_rows",
]  # fmt: skip


def subgroup_effects(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    max_depth: int = 2,
    min_rows: int = 100,
    smallest: float | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    progress: Progress = silent,
) -> HiddenSubgroups:
    """Find subgroups whose direct or indirect effect differs most from the whole.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
        Features, on all rows or in a subgroup.
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        None takes the defaults over all rows; both halves are varied alike.
    max_depth : int, default 2
        Comparisons that describe a subgroup.
    min_rows : int, default 100
        Rows that a subgroup must have, in either half.
    smallest : float, optional
        A difference below this, in the unit of the prediction, is not worth a line. By default a
        quarter of :func:`workbench.checks.verdict.default_threshold`: 0.005 of a probability.
    alpha : float, default 0.05
        Probability of reporting any subgroup where none differs, per feature.
    seed : int, default 0
        Of the halves, and of fuzzing.
    progress : callable, optional

    Returns
    -------
    HiddenSubgroups

    Raises
    ------
    TargetError
        When an option is out of range.
    AuditError
        When the effect cannot be estimated at all.

    Notes
    -----
    Effects come from fuzzing where the model can be asked, with the correction of the debiased
    estimate where the form of its equations does not hold; else from CAFÉ.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"f": rng.integers(0, 2, 2000), "old": rng.integers(0, 2, 2000)})
    >>> case = AuditCase(data=frame, model=lambda rows: 0.3 * rows["f"] * rows["old"] + 0.2,
    ...                  features=["f", "old"], graph=CausalGraph(nodes=["f", "old"]))
    >>> found = subgroup_effects(case, UnlearningTarget.feature("f"))
    >>> found.table[["subgroup", "value"]].round(2).values.tolist()
    [['old == 1', 0.3], ['old == 0', 0.0]]
    """
    if max_depth < 1 or min_rows < 2:
        raise TargetError("A subgroup needs a depth of at least 1 and at least 2 rows.")
    least = default_threshold(case) / 4 if smallest is None else smallest
    names, mask = case.resolve(target)
    fixed = fixed_interventions(case, names, np.flatnonzero(mask), intervention, seed)
    seen, fresh = halves(case.n_rows, seed)
    searched, tested = (
        _Half.of(
            case,
            target,
            places,
            fixed,
            seed,
            partial(_share_of, progress, place),
            confirms=places is fresh,
        )
        for place, places in enumerate((seen, fresh))
    )
    found = []
    for i, name in enumerate(names):
        step = partial(_share_of, progress, 2 + i / len(names))
        proposals = [
            (part, candidate)
            for part in SEARCHED
            for candidate in _proposals(searched, name, part, max_depth, min_rows, least)
        ]
        found.append(_confirmed(tested, name, proposals, min_rows, least, alpha, step))
    table = pd.concat(found, ignore_index=True)
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    return HiddenSubgroups(
        table.loc[order].reset_index(drop=True),
        len(searched.positions),
        len(tested.positions),
        1 - alpha,
    )


def _share_of(progress: Progress, place: float, step: str, share: float) -> None:
    progress("where the influence hides", min((place + share) / 3, 1.0))


@dataclass(frozen=True, eq=False)
class _Half:
    """A half of the rows, with everything that is estimated on it alone."""

    case: AuditCase
    target: UnlearningTarget
    positions: Positions
    interventions: dict[str, Intervention]
    estimate: Callable[..., EffectTable]
    effects: EffectTable
    seed: int

    @classmethod
    def of(
        cls,
        case: AuditCase,
        target: UnlearningTarget,
        places: Positions,
        interventions: dict[str, Intervention],
        seed: int,
        progress: Progress,
        *,
        confirms: bool,
    ) -> _Half:
        if target.rows is not None:
            raise TargetError(
                "Subgroups are searched among many rows; the target names single datapoints."
            )
        part = case.with_rows(places)
        names, mask = part.resolve(target)
        positions = np.flatnonzero(mask)
        simulator = None
        if part.model.can_query:
            varied = variations_of(part, names, positions, interventions, seed)
            simulator = Simulator.of(part, names, varied, seed=seed, progress=progress)
        estimate = _estimator(part, target, interventions, simulator, seed, confirms=confirms)
        effects = estimate(part, target, intervention=interventions, seed=seed, progress=progress)
        return cls(part, target, positions, interventions, estimate, effects, seed)

    def inside(self, condition: str) -> EffectTable:
        """Return the effects on the rows of a subgroup."""
        own = self.target.condition
        both = condition if own is None else f"({own.text}) and ({condition})"
        part = UnlearningTarget.subgroup(both, self.target.names or None)
        return self.estimate(
            self.case, part, intervention=self.interventions, seed=self.seed, progress=silent
        )


def _estimator(
    case: AuditCase,
    target: UnlearningTarget,
    interventions: dict[str, Intervention],
    simulator: Simulator | None,
    seed: int,
    *,
    confirms: bool,
) -> Callable[..., EffectTable]:
    """Choose the estimator: the debiased one where the form of the equations does not hold.

    Where it holds, its correction would add noise to every difference, and move none.
    """
    if simulator is None:
        return cafe_effects
    fuzzing = partial(fuzzed_effects, equations=simulator.equations)
    if not confirms:  # rows are told apart by their own effects, which no correction moves
        return fuzzing
    debiased = partial(debiased_effects, simulator=simulator)
    whole = debiased(case, target, intervention=interventions, seed=seed)
    return fuzzing if all(e.form is None or e.form.holds for e in whole) else debiased


def _proposals(
    half: _Half, name: str, part: str, max_depth: int, min_rows: int, smallest: float
) -> Iterator[Candidate]:
    """Return the subgroups that stand out most on the half that is searched."""
    rows = half.effects[name].rows
    assert rows is not None  # only a sum has none
    values = getattr(rows, part)
    if np.ptp(values) < smallest:
        return
    others = [half.case.columns[f] for f in half.case.features if f != name]
    statistic = Statistic(values[:, None], lambda means: means[..., 0])
    candidates = grow_tree(
        statistic, others, half.positions, max_depth=max_depth, min_rows=min_rows
    )
    data = half.case.data.iloc[half.positions]
    whole = float(values.mean())
    masks = masks_of(candidates, data)
    gap = {c: abs(float(values[mask].mean()) - whole) for c, mask in masks.items()}
    standing_out = [c for c in candidates if gap[c] >= smallest]
    yield from sorted(standing_out, key=lambda c: -gap[c])[:MOST_TESTED]


def _confirmed(
    half: _Half,
    name: str,
    proposals: Sequence[tuple[str, Candidate]],
    min_rows: int,
    smallest: float,
    alpha: float,
    progress: Progress,
) -> pd.DataFrame:
    """Return the proposals that the fresh half confirms."""
    whole = half.effects[name]
    records, p_values = [], []
    for part, candidate in proposals:
        progress("confirming", 0.0)  # a place to stop
        try:
            inside = half.inside(candidate.condition)[name]
        except AuditError:
            continue  # for instance, no row of this half is in it
        if inside.n_rows < min_rows:
            continue
        here, there = _part(inside, part), _part(whole, part)
        gap = here - there
        spread = gap.standard_error
        p_values.append(
            float(2 * scipy.stats.norm.sf(abs(gap.value) / spread))
            if spread > 1e-12
            else float(abs(gap.value) < 1e-9)
        )
        inner, outer = here.interval(1 - alpha), gap.interval(1 - alpha)
        values = (here.value, *inner, there.value, gap.value, *outer)
        records.append((name, part, candidate.condition, *values, np.nan, inside.n_rows))
    table = pd.DataFrame(records, columns=COLUMNS)
    table["p_value"] = list(holm(p_values))
    kept = (table["p_value"] <= alpha) & (table["difference"].abs() >= smallest)
    return table[kept]


def _part(entry: FeatureEffects, part: str) -> Effect:
    return entry.direct if part == "direct" else entry.indirect
