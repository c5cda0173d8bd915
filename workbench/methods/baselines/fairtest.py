"""Association between features and predictions, as in FairTest (Tramèr et al. 2017).

A measure of association says that groups are treated differently, not why: no cause is claimed.
Contexts are subgroups where the association is stronger than in all that contain them. A tree
guided by the association proposes them on one half of the rows; the other half tests them, with
Holm's correction for their number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.decision_line import decision_line
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.errors import AuditError, TargetError
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress, silent
from workbench.methods.attribution import Attribution
from workbench.methods.baselines.association_measures import (
    correlation,
    correlation_ratio_squared,
    mutual_information,
)
from workbench.methods.baselines.associations import SAVED, Associations
from workbench.methods.method import Baseline, CsvRow, attribution_rows
from workbench.methods.subgroup_search import (
    Candidate,
    Statistic,
    SubgroupEstimate,
    grow_tree,
    halves,
    masks_of,
)
from workbench.tables.columns import Column

__all__ = ["METHOD", "fairtest_association"]


STEP = "FairTest association"
Z = 1.959963984540054
PROMISING = 1.0
"""Standard errors by which a context must stand out on the half that it was found on."""
MOST_TESTED = 6
"""Contexts of one feature that are tested."""
FEWEST = 20
"""Rows below which nothing can be said about an association."""
FEWEST_KNOWN = 3
"""Rows with a value of the feature that an association takes."""
RANDOM_TABLES = 4_999
"""Tables drawn for a p-value where cells are expected to hold too few rows for an approximation."""


def fairtest_association(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    max_depth: int = 3,
    min_rows: int = 100,
    bins: int = 10,
    alpha: float = 0.05,
    left_out: Collection[str] = (),
    seed: int = 0,
    progress: Progress = silent,
) -> Associations:
    """Measure how features go together with the prediction, and in which contexts more strongly.

    Parameters
    ----------
    target : UnlearningTarget
        All features are measured on its rows; contexts are searched for its features.
    max_depth : int, default 3
        Comparisons that describe a context.
    min_rows : int, default 100
        Rows that a context must have, in either half.
    bins : int, default 10
        Equally filled parts of a number between which the tree may cut.
    alpha : float, default 0.05
        Probability of reporting any false context of one feature.
    left_out : iterable of str, optional
        Features that are not measured and describe no context, such as the many that nobody drew
        into the graph.
    seed : int, default 0
        Of the halves.

    Returns
    -------
    Associations

    Raises
    ------
    TargetError
        When the target has too few rows to compare.
    AuditError
        When an option is out of range.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> frame = pd.DataFrame({"a": [0, 1] * 50, "b": [0.0, 1.0, 2.0, 3.0, 4.0] * 20})
    >>> case = AuditCase(frame, lambda rows: rows["a"] * 0.8 + 0.1, CausalGraph(nodes=["a", "b"]),
    ...                  features=["a", "b"])
    >>> found = fairtest_association(case, UnlearningTarget.feature("a"))
    >>> found.attribution.values.round(2).to_dict()
    {'a': 1.0, 'b': 0.0}
    """
    for name, number in (("max_depth", max_depth), ("min_rows", min_rows), ("bins", bins)):
        if number < 1:
            raise AuditError(f"FairTest needs {name} of at least 1, not {number}.")
    names, mask = case.resolve(target)
    measured = [name for name in case.features if name not in left_out]
    positions = np.flatnonzero(mask)
    if len(positions) < FEWEST:
        raise TargetError(
            f"An association compares many rows; the target has {len(positions)}, and at least "
            f"{FEWEST} are needed."
        )
    line, how = decision_line(case)
    rows = _Rows(case, positions, case.predictions[positions], case.predictions[positions] > line)
    records, strengths = [], {}
    for i, name in enumerate(measured):
        progress(STEP, 0.5 * i / len(measured))
        strengths[name] = _strength(rows, case.columns[name])
        records += _associations(rows, case.columns[name])
    tree = {"max_depth": max_depth, "min_rows": min_rows, "bins": bins}
    contexts: list[pd.DataFrame] = []
    for i, name in enumerate(names):
        progress(STEP, 0.5 + 0.5 * i / len(names))
        others = [case.columns[other] for other in measured if other != name]
        contexts.append(_contexts(rows, name, others, alpha, seed, **tree))
    progress(STEP, 1.0)
    return Associations(
        _attribution(strengths, len(positions)),
        pd.DataFrame(records, columns=TABLE),
        pd.concat(contexts, ignore_index=True),
        (how, "An association is not a cause: it does not say how the prediction came about."),
    )


TABLE = ["feature", "metric", "value", "low", "high", "p_value", "n_rows"]
CONTEXTS = ["feature", "context", "metric", "value", "low", "high", "p_value", "whole", "n_rows"]


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows that are looked at, with their scores and decisions."""

    case: AuditCase
    positions: npt.NDArray[np.intp]
    scores: FloatArray
    positive: BoolArray

    def __len__(self) -> int:
        return len(self.positions)

    def part(self, places: npt.NDArray[np.intp]) -> _Rows:
        return _Rows(self.case, self.positions[places], self.scores[places], self.positive[places])


@dataclass(frozen=True, eq=False)
class _Measure:
    """A metric of one feature on some rows: its statistic, where it is known, and its bias."""

    metric: str
    statistic: Statistic
    known: BoolArray

    def strength(self, inside: BoolArray) -> SubgroupEstimate:
        """Return how strong the association is; of a correlation, whatever its direction."""
        found = self.statistic.estimate(inside & self.known)
        flips = self.metric == "correlation" and found.value < 0  # NMI below chance is no strength
        return replace(found, value=-found.value, influence=-found.influence) if flips else found


def _measure(rows: _Rows, column: Column) -> _Measure:
    """Return the metric that fits the feature: NMI of a category, correlation of a number."""
    values, known = column.values[rows.positions], _known(rows, column)
    if column.is_numeric:
        return _Measure("correlation", correlation(values, rows.scores), known)
    statistic = mutual_information(values, rows.positive, len(column.levels))
    return _Measure("NMI", statistic, known)


def _known(rows: _Rows, column: Column) -> BoolArray:
    """Return in which rows a feature has a value; "missing" is a level of a category."""
    if column.is_numeric:
        return ~np.isnan(column.values[rows.positions])
    return np.ones(len(rows), dtype=bool)


def _strength(rows: _Rows, column: Column) -> tuple[float, float, float]:
    """Return correlation ratio or absolute correlation with the score, with its interval."""
    if column.is_constant or np.ptp(rows.scores) == 0 or _known(rows, column).sum() < FEWEST_KNOWN:
        return 0.0, 0.0, 0.0
    if column.is_numeric:
        found = _measure(rows, column).strength(np.ones(len(rows), dtype=bool))
        value, error = found.value, found.standard_error
    else:
        codes, size = column.values[rows.positions], len(column.levels)
        y = (rows.scores - rows.scores.mean()) / rows.scores.std()
        statistic = correlation_ratio_squared(codes, y, size)
        found = statistic.estimate(np.ones(len(rows), dtype=bool))
        used = len(np.unique(codes))
        # What chance would give is taken off, as in the adjusted coefficient of determination.
        left = (1.0 - found.value) * (len(rows) - 1) / max(len(rows) - used, 1)
        squared = 1.0 - left
        value = float(np.sqrt(max(squared, 0.0)))
        error = found.standard_error / max(2 * value, 1e-6)
    return value, max(value - Z * error, 0.0), min(value + Z * error, 1.0)


def _attribution(strengths: dict[str, tuple[float, float, float]], n_rows: int) -> Attribution:
    value, low, high = (pd.Series({n: s[i] for n, s in strengths.items()}) for i in range(3))
    sentence = (
        f"FairTest-style association on {n_rows:,} rows: the share of the prediction's spread that "
        f"goes with the feature, as a correlation. It compares people as they are and claims no "
        f"cause."
    )
    return Attribution(
        "fairtest", value, low, high, "correlation", sentence, n_rows, queries=0, exact=True
    )


def _associations(rows: _Rows, column: Column) -> list[tuple[object, ...]]:
    if column.is_constant or _known(rows, column).sum() < FEWEST_KNOWN:
        return []
    measure = _measure(rows, column)
    every = np.ones(len(rows), dtype=bool)
    found_here = measure.strength(every)
    value, half = max(found_here.value, 0.0), Z * found_here.standard_error
    p_value = _p_value(rows, column, every)
    n = int(measure.known.sum())
    if measure.metric == "correlation":
        signed = measure.statistic.value(measure.known)
        low, high = max(signed - half, -1.0), min(signed + half, 1.0)
        return [(column.name, "correlation", signed, low, high, p_value, n)]
    low, high = max(value - half, 0.0), min(value + half, 1.0)
    found: list[tuple[object, ...]] = [(column.name, "NMI", value, low, high, p_value, n)]
    if len(column.levels) == 2:
        found += _shares_of_two(rows, column, p_value)
    return found


def _shares_of_two(rows: _Rows, column: Column, p_value: float) -> list[tuple[object, ...]]:
    """Return difference and ratio of the shares of positive decisions."""
    second = column.values[rows.positions] == 1
    counts = np.array([(~second).sum(), second.sum()])
    if not counts.all():
        return []
    yes = np.array([rows.positive[~second].sum(), rows.positive[second].sum()])
    share = yes / counts
    error = float(np.sqrt((share * (1 - share) / counts).sum()))
    gap = float(share[1] - share[0])
    found: list[tuple[object, ...]] = [
        (column.name, "difference", gap, gap - Z * error, gap + Z * error, p_value, len(rows))
    ]
    if yes.all():
        ratio = float(share[1] / share[0])
        spread = float(np.sqrt(((1 - share) / yes).sum()))
        low, high = ratio * np.exp(-Z * spread), ratio * np.exp(Z * spread)
        found.append((column.name, "ratio", ratio, low, high, p_value, len(rows)))
    return found


def _p_value(rows: _Rows, column: Column, inside: BoolArray) -> float:
    """Return the p-value of "nothing is associated here"."""
    values = column.values[rows.positions][inside]
    if column.is_numeric:
        known = ~np.isnan(values)
        x, y = values[known], rows.scores[inside][known]
        if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
            return 1.0
        return float(scipy.stats.pearsonr(x, y).pvalue)
    table = np.zeros((len(column.levels), 2))
    np.add.at(table, (values, rows.positive[inside].astype(int)), 1.0)
    table = table[table.sum(axis=1) > 0]
    table = table[:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 1.0
    expected = scipy.stats.contingency.expected_freq(table)
    found = float(((table - expected) ** 2 / expected).sum())
    if expected.min() >= 1 and (expected >= 5).mean() >= 0.8:  # Cochran's rule
        freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
        return float(scipy.stats.chi2.sf(found, freedom))
    drawn = scipy.stats.random_table(table.sum(axis=1), table.sum(axis=0)).rvs(
        RANDOM_TABLES, method="patefield", random_state=np.random.default_rng(0)
    )
    as_far = ((drawn - expected) ** 2 / expected).sum(axis=(1, 2)) >= found - 1e-9
    return float((as_far.sum() + 1) / (RANDOM_TABLES + 1))


def _contexts(
    rows: _Rows, name: str, others: Sequence[Column], alpha: float, seed: int, **tree: int
) -> pd.DataFrame:
    """Propose contexts of the others on one half, keep those that the other half confirms."""
    column = rows.case.columns[name]
    seen, fresh = (rows.part(places) for places in halves(len(rows), seed))
    nothing = pd.DataFrame(columns=CONTEXTS)
    least = 2 * tree["min_rows"]
    if column.is_constant or min(_known(half, column).sum() for half in (seen, fresh)) < least:
        return nothing
    guide = _measure(seen, column)
    inside = seen.part(np.flatnonzero(guide.known))
    candidates = grow_tree(_measure(inside, column).statistic, others, inside.positions, **tree)
    if not candidates:
        return nothing
    everywhere = masks_of(candidates, rows.case.data)
    masks = {candidate: mask[fresh.positions] for candidate, mask in everywhere.items()}
    measure = _measure(fresh, column)
    tested = [
        candidate
        for candidate in _promising(inside, column, everywhere)
        if (masks[candidate] & measure.known).sum() >= tree["min_rows"]
    ]
    p_values = [_p_of_context(fresh, column, measure, c, masks) for c in tested]
    every = np.ones(len(fresh), dtype=bool)
    whole = max(measure.strength(every).value, 0.0)
    records = []
    for candidate, p_value in zip(tested, holm(p_values), strict=True):
        if p_value > alpha:
            continue
        here = measure.strength(masks[candidate])
        value, half = here.value, Z * here.standard_error
        low, high = max(value - half, 0.0), min(value + half, 1.0)
        size = int(masks[candidate].sum())
        records.append(
            (name, candidate.condition, measure.metric, value, low, high, p_value, whole, size)
        )
    found = pd.DataFrame(records, columns=CONTEXTS)
    return found.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def _p_of_context(
    rows: _Rows,
    column: Column,
    measure: _Measure,
    candidate: Candidate,
    masks: dict[Candidate, BoolArray],
) -> float:
    """Return the p-value of "no association here, or none stronger than in what contains it"."""
    here = measure.strength(masks[candidate])
    worst = _p_value(rows, column, masks[candidate] & measure.known)
    for wider in (np.ones(len(rows), dtype=bool), *(masks[a] for a in candidate.ancestors)):
        worst = max(worst, float(scipy.stats.norm.sf((here - measure.strength(wider)).z)))
    return worst


def _promising(
    rows: _Rows, column: Column, everywhere: Mapping[Candidate, BoolArray]
) -> tuple[Candidate, ...]:
    """Return the few candidates that stand out where they were found: each test costs power."""
    measure = _measure(rows, column)
    whole = measure.strength(np.ones(len(rows), dtype=bool))
    inside = {c: measure.strength(mask[rows.positions]) for c, mask in everywhere.items()}
    lead = {
        candidate: min(
            (here - wider).z for wider in (whole, *(inside[c] for c in candidate.ancestors))
        )
        for candidate, here in inside.items()
    }
    standing_out = [c for c in everywhere if lead[c] > PROMISING]
    return tuple(sorted(standing_out, key=lambda c: -lead[c])[:MOST_TESTED])


def _run(asked: AuditRequest) -> Associations:
    wanted: dict[str, Any] = {"left_out": asked.left_out, "seed": asked.seed}
    wanted |= {"alpha": asked.alpha, "progress": asked.progress}
    return fairtest_association(asked.case, asked.target, **wanted)


def _csv_rows(found: Associations) -> Iterator[CsvRow]:
    yield from attribution_rows(found)
    for section, table, place in (
        ("association", found.table, ""),
        ("association in a context", found.contexts, "context"),
    ):
        for row in table.to_dict("records"):
            about = (section, row[place] if place else "", row["feature"], "fairtest")
            yield *about, row["metric"], row["n_rows"], row["value"], row["low"], row["high"]


METHOD = Baseline(
    name="fairtest",
    title="FairTest association",
    label="FairTest association",
    cost="seconds",
    run=_run,
    csv_rows=_csv_rows,
    saved=SAVED,
    by_feature=True,
)
