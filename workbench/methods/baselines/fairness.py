"""AIF360's group fairness metrics, with every feature taken as protected in turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.decision_line import Favourable, decision_line
from workbench.case.recorded_outcome import RecordedOutcome, recorded_outcome
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray, Positions
from workbench.common.errors import AuditError
from workbench.common.progress import Progress, silent
from workbench.common.wording import level_text, rows_said, stated
from workbench.methods.baselines.fairness_finding import SAVED, FairnessMetrics
from workbench.methods.baselines.fairness_intervals import (
    UNRECORDED,
    drawn_tables,
    interval_of,
    metrics_of_tables,
    recorded_of_tables,
)
from workbench.methods.baselines.quiet_import import quiet_import
from workbench.methods.method import Baseline, CsvRow
from workbench.tables.columns import Column
from workbench.tables.shown_levels import shown_level, tells_in_full

__all__ = ["METHOD", "fairness_metrics"]

FEWEST_ROWS = 10
"""Rows on either side that a group metric takes."""
STEP = "Fairness metrics"
METRICS = {
    "statistical parity difference": 0.0,
    "disparate impact ratio": 1.0,
    "equal opportunity difference": 0.0,
    "average odds difference": 0.0,
}
"""The metrics in order, and the value of each at which the two groups are treated alike."""
SMALLEST_SHARE = 0.05
"""A level below this share of the rows cannot be the privileged one."""


def fairness_metrics(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    threshold: float | None = None,
    resamples: int = 1_000,
    smallest_group: int = FEWEST_ROWS,
    left_out: Collection[str] = (),
    favourable: Favourable | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Compare the model's decisions between two groups, for every feature, on the target's rows.

    A decision is positive above the threshold, or at most the threshold where a lower score is
    favourable. Categorical features: AIF360's "privileged" side is the level with the highest rate
    of positive decisions among levels that hold at least 5 % of the rows, against all other
    levels. Numeric features: the rows above the median against the others, and that side is
    whichever has the higher rate. The metrics are those of ``aif360.sklearn.metrics``, always the
    other side minus (or over) that one. Whether it is at an advantage, only `favourable` says.

    Parameters
    ----------
    threshold : float, optional
        In the model's unit. By default 0.5 for probabilities, 0 for log-odds, and for values the
        median prediction of the whole data, with the outcome split at its own median.
    resamples : int, default 1,000
        Bootstrap draws behind the 95 % intervals; 0 for none.
    smallest_group : int, default 10
        Rows that either side takes.
    left_out : iterable of str, optional
        Features that are not measured, such as the many that nobody drew into the graph.
    favourable : {"higher", "lower"}, optional
        Which scores are to people's advantage, as the auditor states it. Without it a decision is
        positive where the score is higher, and that is all it says.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    DataFrame
        Columns feature, privileged, unprivileged, split, metric, value, low, high, ideal,
        n_privileged, n_unprivileged, recorded_value, recorded_low, recorded_high. The last three
        are the same metric of the recorded outcome itself, where it has one, and its interval. The
        last two metrics need a recorded outcome and are left out without one. NaN where a group
        has no row to compute a rate from. A feature with fewer rows on a side is left out: rates
        of a handful say nothing, and would hand on who they are.

    Raises
    ------
    AuditError
        When `resamples` is negative, or no feature has enough of the target's rows on either side.
    MissingPackageError
        When aif360 is not installed.

    Notes
    -----
    All four metrics are functions of the table of group × outcome × decision, so the bootstrap
    draws that table from a multinomial distribution instead of drawing rows.
    """
    if resamples < 0:
        raise AuditError(f"Fairness metrics need resamples of 0 or more, not {resamples}.")
    _, mask = case.resolve(target)
    progress(STEP, 0.0)
    aif360 = quiet_import("aif360.sklearn.metrics")
    decisions = _Decisions.of(case, threshold, favourable)
    rng = np.random.default_rng(seed)
    records: list[dict[str, Any]] = []
    measured = [name for name in case.features if name not in left_out]
    for i, name in enumerate(measured):
        groups = _split(case.columns[name], mask, decisions)
        table = _table(groups.privileged, decisions, mask & groups.known)
        drawn = drawn_tables(table, resamples, rng)
        low, high = interval_of(metrics_of_tables, table, drawn)
        bounds = interval_of(recorded_of_tables, table, drawn)
        value, recorded = _by_aif360(aif360, table), _recorded_by_aif360(aif360, table)
        counts = table.sum(axis=(1, 2))
        if counts.min() < smallest_group:
            continue
        for m, (metric, ideal) in enumerate(METRICS.items()):
            if m >= 2 and not decisions.has_outcome:
                continue
            records.append(
                {
                    "feature": name,
                    "privileged": groups.name,
                    "unprivileged": groups.other,
                    "split": f"{groups.how}; {decisions.how}",
                    "metric": metric,
                    "value": value[m],
                    "low": low[m],
                    "high": high[m],
                    "ideal": ideal,
                    "n_privileged": int(counts[1]),
                    "n_unprivileged": int(counts[0]),
                    "recorded_value": recorded[m],
                    "recorded_low": bounds[0][m],
                    "recorded_high": bounds[1][m],
                }
            )
        progress(STEP, (i + 1) / len(measured))
    if not records:
        raise AuditError(
            f"Group metrics need at least {smallest_group} rows on either side; no feature splits "
            f"the {rows_said(int(mask.sum()))} of this target so."
        )
    return pd.DataFrame.from_records(records)


@dataclass(frozen=True, eq=False)
class _Decisions:
    """Scores and outcomes as yes or no, over all rows of the case.

    `positive` is bool; `outcome` is 0, 1 or UNRECORDED; `how` says where the line was drawn, and
    `called` what a yes is called.
    """

    positive: npt.NDArray[np.bool_]
    outcome: Positions
    has_outcome: bool
    how: str
    called: str

    @classmethod
    def of(
        cls, case: AuditCase, threshold: float | None, favourable: Favourable | None
    ) -> _Decisions:
        line, drawn = decision_line(case, threshold)
        known = recorded_outcome(case)
        outcome, said = np.full(case.n_rows, UNRECORDED, dtype=np.intp), ""
        if known is not None:
            yes, said = _outcome_as_yes(known, case, threshold, favourable)
            recorded = ~np.isnan(known.values)
            outcome[recorded] = yes[recorded].astype(np.intp)
        positive, called = case.predictions > line, "positive"
        if favourable is not None:
            called = "favourable"
            drawn = drawn.replace("positive: ", "favourable: ", 1)
        if favourable == "lower":
            positive = ~positive
            drawn = " not above ".join(drawn.rsplit(" above ", 1))  # a class may hold the word
        how = f"{drawn}; {said}" if said else drawn
        return cls(positive, outcome, known is not None, how, called)


def _outcome_as_yes(
    known: RecordedOutcome, case: AuditCase, threshold: float | None, favourable: Favourable | None
) -> tuple[npt.NDArray[np.bool_], str]:
    lower = favourable == "lower"
    no = "not " if lower else ""
    if known.binary:
        return (known.values == 1.0) != lower, f"{case.outcome} is {no}{known.positive}"
    if threshold is not None and case.output == "value":
        return (known.values > threshold) != lower, f"{case.outcome} {no}above {stated(threshold)}"
    line = float(np.nanmedian(known.values))
    drawn = f"{case.outcome} {no}above its median, {level_text(line)}"
    return (known.values > line) != lower, drawn


@dataclass(frozen=True, eq=False)
class _Groups:
    """One feature's two groups over all rows of the case; rows that are not `known` are in none."""

    privileged: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    name: str
    other: str
    how: str


def _split(column: Column, mask: npt.NDArray[np.bool_], decisions: _Decisions) -> _Groups:
    yes = decisions.positive
    if column.is_numeric:
        return _split_at_median(column, mask, yes)
    codes = column.values
    known = np.ones(len(codes), dtype=bool)
    counts = np.bincount(codes[mask], minlength=len(column.levels))
    accepted = np.bincount(codes[mask & yes], minlength=len(column.levels))
    rates = accepted / np.maximum(counts, 1)
    # Where every level is rarer than that, the commonest one has to do.
    eligible = counts >= min(SMALLEST_SHARE * mask.sum(), counts.max())
    best = int(np.argmax(np.where(eligible, rates, -1.0)))
    others = [code for code in np.flatnonzero(counts) if code != best]
    other = column.label(int(others[0])) if len(others) == 1 else "all others"
    how = f"the level with the highest rate of {decisions.called} decisions against the others"
    if not others:
        other, how = "nobody", "one level only on these rows"
    return _Groups(codes == best, known, column.label(best), other, how)


def _split_at_median(
    column: Column, mask: npt.NDArray[np.bool_], yes: npt.NDArray[np.bool_]
) -> _Groups:
    known = ~np.isnan(column.values)
    seen = mask & known
    if not seen.any():
        nobody = np.zeros(len(known), dtype=bool)
        return _Groups(nobody, known, "nobody", "nobody", "no value on these rows")
    exact = float(np.median(column.values[seen]))
    # Written out it would be the value of one person's row.
    median = shown_level(column, exact) if tells_in_full(column, exact) else exact
    above = column.values > median
    said = column.label(median)
    names = [f"above {said}", f"at most {said}"]
    if not above[seen].any():  # the median is the largest value, so nobody is above it
        above = column.values >= median
        names = [f"{said} or more", f"below {said}"]
    high, low = yes[seen & above], yes[seen & ~above]
    if len(low) and low.mean() > high.mean():
        above, names = ~above, names[::-1]
    how = f"split {'at' if median == exact else 'near'} the median, {said}"
    left_out = int((mask & ~known).sum())
    if left_out:
        how += f"; {left_out:,} rows without a value left out"
    return _Groups(above, known, names[0], names[1], how)


def _table(
    privileged: npt.NDArray[np.bool_], decisions: _Decisions, rows: npt.NDArray[np.bool_]
) -> Positions:
    """Count rows by privileged (0, 1) × outcome (0, 1, UNRECORDED) × decision (0, 1)."""
    cells = (privileged * 3 + decisions.outcome) * 2 + decisions.positive
    return np.bincount(cells[rows], minlength=12).reshape(2, 3, 2)


def _by_aif360(aif360: Any, table: Positions) -> FloatArray:
    """Return the four metrics of the decisions; NaN where a group has no row for a rate.

    The cells stand for the rows that they count, as weights: the same numbers, much sooner.
    """
    everyone, recorded = table.sum(axis=(1, 2)), table[:, :2]
    outcomes = recorded.sum(axis=2)
    values = np.full(4, np.nan)
    if everyone.all():
        asked = _weighted(table)
        values[0] = aif360.statistical_parity_difference(**asked)
        if table[1, :, 1].sum():
            values[1] = aif360.disparate_impact_ratio(**asked)
    asked = _weighted(recorded)
    if outcomes[:, 1].all():
        values[2] = aif360.equal_opportunity_difference(**asked)
    if outcomes.all():
        values[3] = aif360.average_odds_difference(**asked)
    return values


def _recorded_by_aif360(aif360: Any, table: Positions) -> FloatArray:
    """Return the first two metrics of the recorded outcome itself, and NaN for the others."""
    values = np.full(4, np.nan)
    recorded = table[:, :2]
    if recorded.sum(axis=(1, 2)).all():
        asked = _weighted(recorded)
        del asked["y_pred"]
        values[0] = aif360.statistical_parity_difference(**asked)
        if recorded[1, 1].sum():
            values[1] = aif360.disparate_impact_ratio(**asked)
    return values


def _weighted(table: Positions) -> dict[str, Any]:
    """Return a table as arguments of aif360: one row per cell, weighted by its count."""
    group, outcome, decision = (axis.ravel() for axis in np.indices(table.shape))
    return {
        "y_true": outcome,
        "y_pred": decision,
        "prot_attr": group,
        "priv_group": 1,
        "pos_label": 1,
        "sample_weight": table.ravel().astype(np.float64),
    }


def _run(asked: AuditRequest) -> FairnessMetrics:
    return FairnessMetrics(
        fairness_metrics(
            asked.case,
            asked.target,
            left_out=asked.left_out,
            favourable=asked.favourable,
            seed=asked.seed,
            progress=asked.progress,
        )
    )


def _csv_rows(found: FairnessMetrics) -> Iterator[CsvRow]:
    for row in found.table.to_dict("records"):
        n = row["n_privileged"] + row["n_unprivileged"]
        about = (f"{row['unprivileged']} against {row['privileged']}", row["feature"], "aif360")
        yield "fairness", *about, row["metric"], n, row["value"], row["low"], row["high"]


METHOD = Baseline(
    name="aif360",
    title="AIF360",
    label="AIF360 fairness metrics",
    cost="seconds",
    run=_run,
    csv_rows=_csv_rows,
    saved=SAVED,
    by_feature=True,
)
