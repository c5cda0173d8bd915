"""Where in the data an effect sits: the subgroup and the range of values that carry most of it.

Both are searched on one half of the rows and measured on the other, which the search has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from workbench.case.condition import Condition
from workbench.case.condition_syntax import as_named
from workbench.checks.next_actions.blocking import OPEN, Routes
from workbench.common.arrays import BoolArray
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress
from workbench.methods.effects import Effect
from workbench.methods.subgroup_search import Statistic, grow_tree, halves, masks_of
from workbench.tables.columns import Column

__all__ = ["InfluencePlace", "influence_places"]


FEWEST_ROWS = 400
"""Rows below which nothing is searched."""
MIN_ROWS = 50
"""Rows of a subgroup or range, in either half."""
MAX_DEPTH = 2
"""Comparisons that describe a subgroup."""
BINS = 5
"""Ranges that the values of a number are cut into, equally filled."""
MOST_TESTED = 4
"""Subgroups that are tested: each test costs power."""
ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class InfluencePlace:
    """Rows that carry more of an effect than others.

    Attributes
    ----------
    kind : {"subgroup", "range"}
    condition : str
        In the subgroup language.
    inside : Effect
        The mean effect there.
    remaining : Effect
        The total without what these rows contribute.
    share : float
        Their contribution as a share of the total.
    rows_share : float
        Their share of the rows.
    """

    kind: Literal["subgroup", "range"]
    condition: str
    inside: Effect
    remaining: Effect
    share: float
    rows_share: float


def influence_places(
    routes: Routes, threshold: float, progress: Progress
) -> Iterator[InfluencePlace]:
    """Find the subgroup and the range of values where the effect is larger than elsewhere.

    Subgroups are proposed by a tree on the row effects; ranges are cut from the varied feature
    and its mediators where they are numbers, and the one with the largest mean absolute row
    effect is taken. What the other half does not confirm as different from the whole (Holm, 5 %)
    by at least a quarter of the threshold is not named.
    """
    if len(routes.positions) < FEWEST_ROWS or not routes.sampled:
        return
    seen, fresh = (routes.take(half) for half in halves(len(routes.positions), routes.seed))
    (total,) = fresh.effects(OPEN)
    proposals: dict[Literal["subgroup", "range"], list[str]] = {
        "subgroup": _subgroups(seen, threshold),
        "range": _ranges(seen, threshold),
    }
    told = ""
    for place, (kind, conditions) in enumerate(proposals.items()):
        progress("where in the data", 0.5 * place)
        found = _confirmed(fresh, total, kind, conditions, threshold)
        if not found:
            continue
        best = max(found, key=lambda one: abs(one.inside.value))
        if best.condition != told:  # a range can be the subgroup that was told
            yield best
        told = best.condition


def _subgroups(seen: Routes, threshold: float) -> list[str]:
    """Propose subgroups with a larger effect than the whole, the largest first."""
    (rows,) = seen.row_effects(OPEN)
    if np.ptp(rows) < threshold / 4:
        return []
    case = seen.case
    others = [case.columns[f] for f in case.features if f != seen.variation.feature]
    statistic = Statistic(rows[:, None], lambda means: means[..., 0])
    grown = grow_tree(statistic, others, seen.positions, max_depth=MAX_DEPTH, min_rows=MIN_ROWS)
    data, whole = case.data.iloc[seen.positions], float(rows.mean())
    sign = np.sign(whole) or 1.0
    masks = masks_of(grown, data)
    gaps = {c: float(sign * (rows[mask].mean() - whole)) for c, mask in masks.items()}
    larger = [candidate for candidate in grown if gaps[candidate] >= threshold / 4]
    return [c.condition for c in sorted(larger, key=lambda c: -gaps[c])[:MOST_TESTED]]


def _ranges(seen: Routes, threshold: float) -> list[str]:
    """Propose the range of one number where the mean absolute row effect is largest."""
    (rows,) = seen.row_effects(OPEN)
    size = np.abs(rows)
    whole = float(size.mean())
    best: tuple[float, str] = (whole + threshold / 4, "")
    names = dict.fromkeys([seen.variation.feature, *seen.blockable])
    for column in (seen.case.columns[name] for name in names):
        if not column.is_numeric or "`" in column.name:
            continue
        values = column.values[seen.positions]
        for text, inside in _bins(column, values):
            if inside.sum() >= MIN_ROWS:
                best = max(best, (float(size[inside].mean()), text))
    return [best[1]] if best[1] else []


def _bins(column: Column, values: npt.NDArray[np.float64]) -> Iterator[tuple[str, BoolArray]]:
    """Cut the values of a number into equally filled ranges, with a condition for each."""
    present = values[~np.isnan(values)]
    if not len(present):
        return
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    exact = np.quantile(present, shares, method="inverted_cdf")
    # Rounded, a cut is easier to read, and no longer the value of somebody's row.
    cuts = np.unique([float(f"{cut:.3g}") for cut in exact])
    if len(cuts) < len(np.unique(exact)):
        cuts = np.unique(exact)
    cuts = cuts[(cuts >= present.min()) & (cuts < present.max())]
    name = as_named(column.name)
    for low, high in zip([None, *cuts.tolist()], [*cuts.tolist(), None], strict=True):
        parts = [] if low is None else [f"{name} > {_plain(low)!r}"]
        parts += [] if high is None else [f"{name} <= {_plain(high)!r}"]
        inside = ~np.isnan(values)
        inside &= values > (-np.inf if low is None else low)
        inside &= values <= (np.inf if high is None else high)
        if parts:
            yield " and ".join(parts), inside


def _plain(cut: float) -> float | int:
    return int(cut) if cut.is_integer() else cut


def _confirmed(
    fresh: Routes,
    total: Effect,
    kind: Literal["subgroup", "range"],
    conditions: list[str],
    threshold: float,
) -> list[InfluencePlace]:
    """Measure the proposals on the half that the search has not seen."""
    data = fresh.case.data.iloc[fresh.positions]
    masks = [Condition(text).mask(data) for text in conditions]
    kept = [(text, mask) for text, mask in zip(conditions, masks, strict=True) if _large(mask)]
    parts = fresh.parts([mask for _, mask in kept])
    places, p_values = [], []
    for (text, mask), part in zip(kept, parts, strict=True):
        rows_share = float(mask.mean())
        # A ratio of means: the number of rows inside is known, not estimated.
        inside = _inside(fresh, part, mask)
        gap = inside - total
        error = gap.standard_error
        worth = abs(gap.value) >= threshold / 4
        p_values.append(
            float(2 * scipy.stats.norm.sf(abs(gap.value) / error)) if error > 1e-12 else 0.0
        )
        if not worth:
            p_values[-1] = 1.0
        share = part.value / total.value if total.value else 0.0
        places.append(InfluencePlace(kind, text, inside, total - part, share, rows_share))
    corrected = holm(p_values)
    return [place for place, p in zip(places, corrected, strict=True) if p <= ALPHA]


def _large(mask: BoolArray) -> bool:
    return MIN_ROWS <= int(mask.sum()) < len(mask)


def _inside(fresh: Routes, part: Effect, mask: BoolArray) -> Effect:
    """Turn a contribution to the whole into the mean inside: the influence of a ratio."""
    share, value = float(mask.mean()), part.value / float(mask.mean())
    influence = part.influence / share
    n, size = fresh.case.n_rows, len(mask)
    influence = influence.copy()
    influence[fresh.positions] -= value / share * (mask - share) * (n / size)
    return Effect(value, influence)
