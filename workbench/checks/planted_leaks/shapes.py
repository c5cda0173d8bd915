"""Leaks of every shape, planted as columns that carry the target, and the audit's verdict on them.

A leak need not move the average between two levels: it may be U-shaped, concern one level, one
group, or move people in opposite directions. Each is planted in the auditor's own rows as a column
that only the target causes, read by a model of which nothing else is known: the difference of a
leaky model to one retrained without the target. The audited model itself is not asked. The verdict
is the audit's own: profile over values and people, named groups, and the debiased estimate.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from workbench.case.asking.batches import sample_places
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.checks.planted_leaks.columns import Chance, planted_name
from workbench.checks.planted_leaks.findings import LeakShape, Shape
from workbench.checks.verdict import judge
from workbench.common.arrays import FloatArray
from workbench.common.errors import AuditError
from workbench.common.progress import Progress
from workbench.common.wording import share
from workbench.methods.debiased.estimator import debiased_effects
from workbench.methods.debiased.simulator import Learned, Simulator
from workbench.methods.profile.levels import TestedLevels
from workbench.methods.profile.measure import effect_profile
from workbench.methods.profile.ranges import profile_levels
from workbench.models.black_box import BlackBoxModel
from workbench.tables.columns import Column

__all__ = ["leaks_by_shape"]

Mask = Callable[[pd.DataFrame], npt.NDArray[np.bool_]]

MULTIPLES = (1.25, 5.0)
"""Sizes of the leaks, in thresholds."""
MOST_ROWS = 10_000
"""Rows in which they are planted at the most."""
GROUP = 0.15
"""Share of the rows that the leak of one group concerns, as nearly as a feature allows."""
BAND = 0.1
"""Share of a number's values that the leak of one level concerns."""
BAND_AT = 0.42
"""Where they lie among its quantiles: between those that an audit is sure to test."""
GRID = (0.01, 0.99)
"""Quantiles of a number between which the audit looks."""


def leaks_by_shape(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    threshold: float,
    alpha: float,
    clarity: float,
    intervention: Interventions,
    groups: Mapping[str, str],
    repeats: int,
    seed: int,
    progress: Progress,
) -> tuple[LeakShape, ...]:
    """Plant leaks of every shape and count how often the audit's verdict is "above".

    Parameters
    ----------
    clarity : float
        How much the planted column's probability differs at the most.
    groups : mapping of str to str
        Subgroups that the auditor named: the verdict knows them, and the leak of one group is
        planted in the first.
    repeats : int
        Draws of the column for each shape.

    Returns
    -------
    tuple of LeakShape
        One per feature, shape and size. A shape that a feature cannot have is not among them: a
        yes/no column has neither a U nor a level in between.
    """
    if not repeats:
        return ()
    if case.n_rows > MOST_ROWS:
        case = case.with_rows(sample_places(case.n_rows, MOST_ROWS, seed))
    names, mask = case.resolve(target)
    tested = profile_levels(case, target, seed=seed)
    found: list[LeakShape] = []
    for place, variation in enumerate(
        variations_of(case, names, np.flatnonzero(mask), intervention, seed)
    ):
        plots = list(_plots(case, variation, tested[variation.feature], clarity, groups))
        learned: Learned = {}
        for turn, plot in enumerate(plots):
            done = partial(_share, progress, plot.shape, place + turn / len(plots), len(names))
            found += _counted(
                case,
                target,
                plot,
                threshold,
                alpha,
                intervention,
                groups,
                repeats,
                seed,
                done,
                learned,
            )
    return tuple(found)


def _share(progress: Progress, shape: str, place: float, parts: int, done: float) -> None:
    progress(f"planted leaks: {shape}", min((place + 0.2 * done) / parts, 1.0))


@dataclass(frozen=True, eq=False)
class _Plot:
    """Where a leak of one shape is planted.

    Attributes
    ----------
    feature : str
    chance : ndarray, shape (n,)
        Probability that the column is 1.
    unit : float
        Largest true effect on anybody of a model that scores a row by its column.
    factor : callable or None
        Rows to what the model multiplies the column with, by what else it reads.
    beside : tuple of str
        What else it reads.
    where : str
        What a row must be like for the leak to concern it, in words; "" for any.
    """

    shape: Shape
    feature: str
    chance: FloatArray
    unit: float
    factor: Callable[[pd.DataFrame], FloatArray] | None = None
    beside: tuple[str, ...] = ()
    where: str = ""


def _plots(
    case: AuditCase,
    variation: Variation,
    tested: TestedLevels,
    clarity: float,
    groups: Mapping[str, str],
) -> Iterator[_Plot]:
    varied = case.columns[variation.feature]
    straight = Chance.of(varied, variation, clarity)
    plain = straight(varied.values)
    unit = _range(varied, plain)
    if unit <= 0:
        return
    make = partial(_Plot, feature=variation.feature, chance=plain, unit=unit)
    yield make("additive")
    for shape, bent in _bent(varied, straight, tested, clarity):
        yield make(shape, chance=bent, unit=_range(varied, bent))
    beside = _beside(case, variation.feature)
    if not beside:
        return
    group = next((name for name in groups if set(_columns(groups[name])) <= set(beside)), "")
    inside: Mask
    if group:
        columns, inside = _columns(groups[group]), Condition(groups[group]).mask
    else:
        columns, inside = _split(case, beside, GROUP)
    held = float(inside(case.data).mean())
    where = f"{group}, {share(held)} of the rows" if group else f"{share(held)} of the rows"
    if 0 < held < 1:
        yield make(
            "one group",
            factor=lambda rows: inside(rows).astype(np.float64),
            beside=columns,
            where=where,
        )
    columns, upper = _split(case, beside, 0.5)
    if 0 < upper(case.data).mean() < 1:
        yield make(
            "sign-changing",
            factor=lambda rows: np.where(upper(rows), 1.0, -1.0),
            beside=columns,
        )


def _columns(condition: str) -> tuple[str, ...]:
    return tuple(Condition(condition).columns)


def _split(case: AuditCase, names: Sequence[str], part: float) -> tuple[tuple[str, ...], Mask]:
    """Split rows by the feature that comes nearest to a share: its upper values, or a level."""
    masks = {name: _upper(case.columns[name], part) for name in names}
    name = min(names, key=lambda one: abs(masks[one](case.data).mean() - part))
    return (name,), masks[name]


def _bent(
    column: Column, straight: Chance, tested: TestedLevels, clarity: float
) -> Iterator[tuple[Shape, FloatArray]]:
    """Shapes that two levels cannot show."""
    values = column.values
    if not column.is_numeric:
        others = [v for v in tested.values.tolist() if v not in (straight.low, straight.high)]
        if others:
            largest = max(others, key=lambda v: int((values == v).sum()))
            yield "one level", np.where(values == largest, 0.5 + clarity / 2, 0.5 - clarity / 2)
        return
    ranks = np.full(len(values), 0.5)
    known = ~np.isnan(values)
    ranks[known] = (scipy.stats.rankdata(values[known]) - 0.5) / known.sum()
    yield "U-shaped", np.where(known, 0.5 + clarity * (np.abs(2 * ranks - 1) - 0.5), 0.5)
    near = np.abs(ranks - BAND_AT) <= BAND / 2
    if near.any():
        yield "one level", np.where(known & near, 0.5 + clarity / 2, 0.5 - clarity / 2)


def _range(column: Column, chance: FloatArray) -> float:
    """By how much the column's probability differs between levels that an audit looks at."""
    if not column.is_numeric:
        return float(np.ptp(chance))
    low, high = np.nanquantile(column.values, GRID)
    inside = (column.values >= low) & (column.values <= high)
    return float(np.ptp(chance[inside])) if inside.any() else 0.0


def _beside(case: AuditCase, feature: str) -> list[str]:
    """Features that the target does not move, by which people can be told apart."""
    moved = {feature, *case.audit_graph.descendants(feature)}
    return [
        name
        for name in case.features
        if name not in moved and not case.columns[name].is_constant and name != case.outcome
    ]


def _upper(column: Column, part: float) -> Mask:
    """Tell rows apart by a feature: about a share of them, its upper values or one level."""
    name = column.name
    if column.is_numeric:
        cut = float(np.nanquantile(column.values, 1 - part))
        return lambda rows: np.asarray(rows[name].to_numpy(float) > cut)
    shares = column.counts() / len(column.values)
    level = column.levels[int(np.argmin(np.abs(shares - part)))]
    return lambda rows: np.asarray(rows[name].isna() if level is None else rows[name] == level)


def _counted(
    case: AuditCase,
    target: UnlearningTarget,
    plot: _Plot,
    threshold: float,
    alpha: float,
    intervention: Interventions,
    groups: Mapping[str, str],
    repeats: int,
    seed: int,
    progress: Callable[[float], None],
    learned: Learned,
) -> list[LeakShape]:
    """Draw the column again and again, and judge the model that reads it, at every size."""
    sizes = [threshold * multiple for multiple in MULTIPLES]
    found = np.zeros(len(sizes), dtype=int)
    trials = 0
    for turn in range(repeats):
        progress(turn / repeats)
        rng = np.random.default_rng([seed, zlib.crc32(plot.feature.encode()), 97, turn])
        drawn = rng.random(case.n_rows) < plot.chance
        try:
            found += _judged(
                case,
                target,
                plot,
                drawn,
                sizes,
                threshold,
                alpha,
                intervention,
                groups,
                seed,
                learned,
            )
        except AuditError:
            continue  # for instance, the graph does not identify the effect
        trials += 1
    if not trials:
        return []
    return [
        LeakShape.counted(
            plot.feature,
            plot.shape,
            plot.where,
            size,
            found=int(count),
            trials=trials,
            n_rows=case.n_rows,
            level=1 - alpha,
        )
        for size, count in zip(sizes, found, strict=True)
    ]


def _judged(
    case: AuditCase,
    target: UnlearningTarget,
    plot: _Plot,
    drawn: npt.NDArray[np.bool_],
    sizes: Sequence[float],
    threshold: float,
    alpha: float,
    intervention: Interventions,
    groups: Mapping[str, str],
    seed: int,
    learned: Learned,
) -> npt.NDArray[np.bool_]:
    """Say for every size whether the audit of a model that leaks as much says "above"."""
    leaky = _leaky_case(case, plot, drawn)
    part = replace(target, names=(plot.feature,))
    if isinstance(intervention, Mapping):
        intervention = {k: v for k, v in intervention.items() if k == plot.feature}
    names, mask = leaky.resolve(part)
    varied = variations_of(leaky, names, np.flatnonzero(mask), intervention, seed)
    simulator = Simulator.of(leaky, names, varied, seed=seed)
    simulator.take_over(learned)  # no planted column is a cause of the feature
    effects = debiased_effects(leaky, part, intervention, simulator=simulator, seed=seed)
    learned |= simulator.learned
    above = []
    for size in sizes:
        # A leak of another size is the same model in another unit.
        tau = threshold * plot.unit / size
        profile = effect_profile(
            leaky,
            part,
            threshold=tau,
            alpha=alpha,
            groups=groups,
            equations=simulator.equations,
            seed=seed,
        )
        verdict = judge(effects, (), threshold=tau, alpha=alpha, profile=profile)
        above.append(verdict.decision == "above")
    return np.array(above)


def _leaky_case(case: AuditCase, plot: _Plot, drawn: npt.NDArray[np.bool_]) -> AuditCase:
    """Return the case of a model that reads nothing but the planted column, and who it concerns."""
    name = planted_name(case)
    graph = case.graph
    for node in (plot.feature, *plot.beside):
        graph = graph if node in graph.nodes else graph.add_node(node)
    graph = graph.add_node(name).add_edge(plot.feature, name)
    data = case.data.assign(**{name: drawn.astype(int)})
    factor = plot.factor

    def score(rows: pd.DataFrame) -> FloatArray:
        planted: FloatArray = rows[name].to_numpy(float)
        return planted if factor is None else planted * factor(rows)

    model = BlackBoxModel(score, [name, *plot.beside], output="value")
    return AuditCase(data=data, model=model, graph=graph, outcome=case.outcome)
