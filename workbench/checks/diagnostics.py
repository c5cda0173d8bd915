"""What an auditor should look at before trusting the effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.asking.steadiness import Unsteady
from workbench.case.audit_case import AuditCase
from workbench.case.code_columns import taken_as_quantities
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.checks.verdict import TurnedArrow
from workbench.common.against_threshold import lies_beyond
from workbench.common.errors import NotIdentifiableError
from workbench.common.progress import Progress, silent
from workbench.common.threads import one_thread
from workbench.common.wording import listing, share, signed, span
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.equation import Equation
from workbench.methods.fuzzing.equations import NumericEquation, fit_equation
from workbench.methods.fuzzing.propagation import Equations
from workbench.models.training_values import unknown_rows, unknown_values
from workbench.tables.columns import Column
from workbench.tables.rare_levels import not_adjusted_for

__all__ = ["Diagnostics", "diagnose", "equation_fit", "estimator_disagreement", "overlap"]

FEW_ROWS = 30
"""Subgroups below this size get a warning."""
CHECK_ROWS = 10_000
"""Rows on which fit and overlap are checked."""
RARE = 0.02
"""A row supports a level when the level's probability there is at least this."""
UNKNOWN_ROWS = 0.01
"""Share of rows with values that the model never met in training, from which on no small effect can
be believed."""
FAR = 3.0
"""A row supports a number that lies within this many residual standard deviations."""


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """Checks of an audit.

    Attributes
    ----------
    disagreement : DataFrame
        feature, cafe_total, fuzzing_total, difference, difference_low, difference_high, differs.
        Where the two estimators differ, the graph may miss an edge or an equation may be wrong.
    equations : DataFrame
        node, causes, kind, held_out_fit (R² of a number; share of explained deviance of a
        category, both on rows not fitted on), rows.
    overlap : DataFrame
        feature, level, given, unsupported: share of the target's rows where the level is hardly
        ever seen among similar rows, so that the answer rests on extrapolation.
    adjustment : DataFrame
        feature, adjustment_set, mediators, read_by_model: how each effect was identified.
    warnings : tuple of str
        In words, the gravest first.
    doubted : tuple of str
        Features of which no small total can be believed: predictions differ by more than the graph
        explains, too many values are unknown to the model, or codes are smoothed as quantities.
    unsteady : Unsteady or None
        How much the model's answers to the same row differ; None where they do not.
    turned : tuple of TurnedArrow
        Arrows into the features whose other direction would make more of the effects.
    """

    disagreement: pd.DataFrame
    equations: pd.DataFrame
    overlap: pd.DataFrame
    adjustment: pd.DataFrame
    warnings: tuple[str, ...]
    doubted: tuple[str, ...] = ()
    unsteady: Unsteady | None = None
    turned: tuple[TurnedArrow, ...] = ()


def diagnose(
    case: AuditCase,
    target: UnlearningTarget,
    varied: Sequence[Variation],
    effects: EffectTable,
    equations: Equations | None,
    *,
    threshold: float,
    intervention: Interventions = None,
    notes: Sequence[str] = (),
    unsteady: Unsteady | None = None,
    seed: int,
    progress: Progress = silent,
) -> Diagnostics:
    """Run every check of an audit.

    Parameters
    ----------
    threshold : float
        τ of the verdict: what is worth a warning.
    notes : sequence of str
        What else is to be known before the effects are trusted.
    unsteady : Unsteady, optional
        What asking again at the start of the audit found.
    """
    mask = target.mask(case.data)
    positions = np.flatnonzero(mask)
    adjusted = {e.feature: e.adjustment for e in effects.believed if not e.combination}
    disagreement = estimator_disagreement(effects)
    fit = equation_fit(equations or Equations({}, "abduct", seed), seed, progress)
    progress("checks: levels among similar rows", 0.0)
    support = overlap(case, varied, [_beside(case, v.feature) for v in varied], positions, seed)
    adjustment = pd.DataFrame(
        [
            {
                "feature": name,
                "adjustment_set": ", ".join(adjusted.get(name, ())),
                "mediators": ", ".join(case.carriers(name)),
                "read_by_model": name in case.reads,
            }
            for name in (v.feature for v in varied)
        ]
    )
    unordered = taken_as_quantities(case.columns, case.data, case.graph)
    unexplained = dict(_unexplained(case, target, effects, threshold, intervention, seed))
    return Diagnostics(
        disagreement=disagreement,
        equations=fit,
        overlap=support,
        adjustment=adjustment,
        warnings=(
            *([unsteady.sentence()] if unsteady is not None else []),
            *unexplained.values(),
            *_about_form(effects),
            *_hardly_adjusted(case, varied),
            *_warn(case, target, len(positions), disagreement, fit, support),
            *notes,
        ),
        doubted=tuple(dict.fromkeys([*unexplained, *_unknown_to_model(case), *unordered])),
        unsteady=unsteady,
    )


def _unknown_to_model(case: AuditCase) -> tuple[str, ...]:
    """Name the columns whose values the model does not know, where they fill too many rows."""
    if float(unknown_rows(case.model, case.data).mean()) <= UNKNOWN_ROWS:
        return ()
    return tuple(found.column for found in unknown_values(case.model, case.data))


def _unexplained(
    case: AuditCase,
    target: UnlearningTarget,
    effects: EffectTable,
    threshold: float,
    intervention: Interventions,
    seed: int,
) -> Iterator[tuple[str, str]]:
    """Name features, with a warning, that predictions go with more than model and graph explain.

    The model was asked about a feature without mediators, which no wrong graph can mislead, and
    no missing arrow can be noticed by. What its predictions say does notice one.
    """
    asked = {
        entry.feature: entry
        for entry in effects.believed
        if not entry.combination and case.model.can_query and not case.carriers(entry.feature)
    }
    if not asked or target.kind == "datapoints":
        return
    if isinstance(intervention, Mapping):
        intervention = {name: value for name, value in intervention.items() if name in asked}
    told = cafe_effects(
        case,
        UnlearningTarget(tuple(asked), target.rows, target.condition),
        intervention=intervention,
        direct="regression",
        adjustment="parents",  # a wider set would hold what a missing arrow carries
        skip_unidentified=True,
        seed=seed,
    )
    for entry in told:
        if entry.combination:
            continue
        gap = entry.total - asked[entry.feature].total
        if lies_beyond(gap.low, gap.high, threshold):
            given = listing(entry.adjustment) if entry.adjustment else ""
            among = f"Among rows alike in {given}, those" if given else "Rows"
            yield (
                entry.feature,
                f"{among} with another {entry.feature} get other predictions, by "
                f"{signed(gap.value)} (95 % interval {span((gap.low, gap.high))}) more than the "
                f"model's own use of {entry.feature} explains. The graph may miss an arrow out of "
                f"{entry.feature}, or a common cause: its effect rests on there being none.",
            )


def _about_form(effects: EffectTable) -> Iterator[str]:
    """Say where the equations leave too much unexplained, and which rows lacked a mediator."""
    for entry in effects.judged:
        if entry.form is not None and entry.form.misfits:
            yield (
                f"The form behind the effect of {entry.feature} does not fit how it goes together "
                f"with {listing(entry.adjustment)}. The total effect is adjusted for what could be "
                f"learned of that, and its interval holds several times as much; its paths and "
                f"pure indirect effect are not to be relied on, and are not judged."
            )
        elif entry.form is not None and not entry.form.holds:
            yield (
                f"The form behind the effect of {entry.feature} does not hold: what it leaves "
                f"unexplained is {entry.form.ratio:.1f} times its own error. Its total effect is "
                f"corrected; its paths and pure indirect effect are not to be relied on, and are "
                f"not judged. The graph may miss an edge, or two mediators may share a cause that "
                f"nobody drew."
            )
        if entry.filled_rows and not entry.combination:
            yield (
                f"In {entry.filled_rows:,} rows ({share(entry.filled_rows / entry.n_rows)}) a "
                f"mediator of {entry.feature} is missing. It was drawn there given what is known, "
                f"so that the change is carried past the gap."
            )


def _hardly_adjusted(case: AuditCase, varied: Sequence[Variation]) -> Iterator[str]:
    for feature in (v.feature for v in varied):
        yield from not_adjusted_for(feature, _beside(case, feature), case.columns)


def _beside(case: AuditCase, feature: str) -> tuple[str, ...]:
    """Return what rows must be similar in, whichever way the effect was estimated."""
    try:
        return case.covariates(feature)
    except NotIdentifiableError:
        return ()


def estimator_disagreement(effects: EffectTable) -> pd.DataFrame:
    """Compare CAFÉ's total with fuzzing's, with the interval of their difference."""
    fuzzed = {e.feature: e for e in effects.of("fuzzing") if not e.combination}
    records = []
    for entry in effects.of("cafe"):
        if entry.combination or entry.feature not in fuzzed:
            continue
        difference = entry.total - fuzzed[entry.feature].total
        # Two estimators that agree to the last digits may still differ by rounding.
        slack = 1e-9 + 1e-3 * abs(entry.total.value)
        records.append(
            {
                "feature": entry.feature,
                "cafe_total": entry.total.value,
                "fuzzing_total": fuzzed[entry.feature].total.value,
                "difference": difference.value,
                "difference_low": difference.low,
                "difference_high": difference.high,
                "differs": difference.low > slack or difference.high < -slack,
            }
        )
    columns = ["feature", "cafe_total", "fuzzing_total", "difference", "difference_low"]
    return pd.DataFrame(records, columns=[*columns, "difference_high", "differs"])


def equation_fit(equations: Equations, seed: int, progress: Progress = silent) -> pd.DataFrame:
    """Fit every structural equation on four fifths of a sample and score it on the rest."""
    records = []
    for done, (node, equation) in enumerate(equations.by_node.items()):
        progress("checks: how well equations fit", done / len(equations.by_node))
        n = len(equation.column.values)
        rng = np.random.default_rng([seed, n])
        rows = rng.permutation(n)[:CHECK_ROWS]
        cut = len(rows) // 5
        fitted = _fit_on(equation.column, equation.parents, rows[cut:])
        score = _score(fitted, equation, rows[:cut]) if fitted is not None else np.nan
        records.append(
            {
                "node": node,
                "causes": ", ".join(p.name for p in equation.parents),
                "kind": equation.column.kind,
                "held_out_fit": score,
                "rows": cut,
            }
        )
    return pd.DataFrame(records, columns=["node", "causes", "kind", "held_out_fit", "rows"])


def overlap(
    case: AuditCase,
    varied: Sequence[Variation],
    given: Sequence[Sequence[str]],
    positions: npt.NDArray[np.intp],
    seed: int,
) -> pd.DataFrame:
    """Find the share of the target's rows at which an intervened level is hardly ever seen.

    Parameters
    ----------
    given : sequence of sequence of str
        The adjustment set of each varied feature: "similar rows" are similar in these.
    """
    rng = np.random.default_rng([seed, len(positions)])
    rows = (
        positions
        if len(positions) <= CHECK_ROWS
        else np.sort(rng.choice(positions, CHECK_ROWS, replace=False))
    )
    records = []
    for variation, names in zip(varied, given, strict=True):
        column = case.columns[variation.feature]
        parents = [case.columns[name] for name in names if name in case.columns]
        if len(variation.levels) > 2 or not parents:
            continue
        learn = rng.permutation(case.n_rows)[:CHECK_ROWS]
        fitted = _fit_on(column, parents, learn)
        if fitted is None:
            continue
        expected = fitted.expected({p.name: p.values[rows] for p in parents})
        for level in variation.levels:
            if isinstance(fitted, NumericEquation):
                around = fitted.expected({p.name: p.values[learn] for p in parents})
                spread = float(np.nanstd(column.values[learn] - around)) or 1.0
                unsupported = np.abs(level - expected) > FAR * spread
            else:
                chance = np.diff(expected, axis=1, prepend=0.0)[:, int(level)]
                unsupported = chance < RARE
            thin = float(unsupported.mean())
            records.append((variation.feature, column.label(level), ", ".join(names), thin))
    return pd.DataFrame(records, columns=["feature", "level", "given", "unsupported"])


def _warn(
    case: AuditCase,
    target: UnlearningTarget,
    n_rows: int,
    disagreement: pd.DataFrame,
    fit: pd.DataFrame,
    support: pd.DataFrame,
) -> Iterator[str]:
    # At a named row the two answer differently by design: only fuzzing keeps the row's own noise.
    told = disagreement["differs"] & (target.kind != "datapoints")
    for row in disagreement[told].to_dict("records"):
        yield (
            f"CAFÉ and causal fuzzing differ by more than chance about {row['feature']} "
            f"({signed(row['cafe_total'])} and {signed(row['fuzzing_total'])}): the graph may miss "
            f"an arrow, an equation fitted to it may be wrong, or the regression too coarse for "
            f"this model."
        )
    for row in support[support["unsupported"] > 0.2].to_dict("records"):
        where = "" if n_rows == 1 else f"For {share(row['unsupported'])} of the rows, "
        like = "rows like this one" if n_rows == 1 else "similar rows"
        yield (
            f"{where}{row['feature']} = {row['level']} is hardly ever seen among {like}: there the "
            f"answer rests on extrapolation."
        )
    for node in fit.loc[fit["held_out_fit"] < 0, "node"]:
        yield (
            f"The equation that was fitted for {node} predicts new rows worse than the mean of "
            f"{node} does; effects through it are uncertain."
        )
    if target.kind == "subgroup" and n_rows < FEW_ROWS:
        yield f"The subgroup has only {n_rows} rows; its intervals are rough."
    yield from case.warnings


def _fit_on(
    column: Column, parents: Sequence[Column], rows: npt.NDArray[np.intp]
) -> Equation | None:
    """Fit an equation on some rows only, keeping codes and levels of the whole."""
    restricted = [_rows_of(c, rows) for c in (column, *parents)]
    if not column.is_numeric and len(np.unique(restricted[0].values)) < len(column.levels):
        return None
    with one_thread():
        return fit_equation(restricted[0], restricted[1:])


def _rows_of(column: Column, rows: npt.NDArray[np.intp]) -> Column:
    parts = {name: getattr(column, name) for name in Column.__dataclass_fields__}
    return Column(**{**parts, "values": column.values[rows]})


def _score(fitted: Equation, equation: Equation, rows: npt.NDArray[np.intp]) -> float:
    expected = fitted.expected({p.name: p.values[rows] for p in equation.parents})
    observed = equation.column.values[rows]
    if not len(rows) or (observed == observed[0]).all():
        return float("nan")  # nothing varies in these rows that could be predicted
    if isinstance(fitted, NumericEquation):
        left = np.nansum((observed - expected) ** 2)
        return float(1 - left / np.nansum((observed - np.nanmean(observed)) ** 2))
    chances = np.diff(expected, axis=1, prepend=0.0)[np.arange(len(rows)), observed]
    base = np.bincount(observed, minlength=len(equation.column.levels)) / len(rows)
    with np.errstate(divide="ignore"):
        left = np.log(np.maximum(chances, 1e-12)).mean()
        return float(1 - left / np.log(base[observed]).mean())
