"""Effects where no equations can be had: a regression, and what its form may have missed.

Logged predictions cannot be asked about changed rows, and a latent common cause can bend every
equation. Then only the regression exists. It gets products of covariates, the knots that the data
ask for, and what the feature is expected to be (:mod:`expected_feature`); a small tree looks for
what it left on rows it has not seen, and where there is something, boosted trees say what that
would change; the interval carries what finer knots would. Of a feature that the graph gives no way
to anything the model reads, there is no effect to estimate: it is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from workbench.case.asking.batches import QueryBatch, direct_differences
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray, Positions
from workbench.methods.averages import mean_effect, row_effects
from workbench.methods.cafe.estimator import columns_of, plan_of
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.methods.cafe.shared_regression import Standardised
from workbench.methods.debiased.boosted import boosted_residual
from workbench.methods.debiased.combination import corrected, widened
from workbench.methods.debiased.expected_feature import expected_feature
from workbench.methods.debiased.logged_direct import direct_from_log
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, sum_of
from workbench.methods.estimator import Estimator
from workbench.methods.form_test import FormTest
from workbench.tables.columns import Column, Values

__all__ = ["regressed_effects"]


def regressed_effects(
    case: AuditCase,
    target: UnlearningTarget,
    varied: Sequence[Variation],
    mask: npt.NDArray[np.bool_],
    *,
    ask: bool,
    seed: int,
) -> EffectTable:
    """Estimate effects of the varied features by regression; direct ones are asked if possible."""
    positions = np.flatnonzero(mask)
    sampled = target.kind != "datapoints"
    plans = [
        plan_of(case, target, v, mask, "minimum-variance", "query" if ask else "regression")
        for v in varied
    ]
    batch = QueryBatch(case)
    columns = columns_of(case, plans, mask)
    entries = []
    for plan in plans:
        name = plan.variation.feature
        carriers, read = case.carriers(name), name in case.reads
        nothing = _nothing(case, plan.variation, positions)
        none = _Answer(nothing, None)
        total = (
            _estimated(case, columns, plan.variation, plan.total_given, positions, sampled)
            if carriers
            else none
        )
        direct = none
        if read and ask:
            direct = _asked(case, batch, plan.variation, positions, sampled)
        elif read:
            held = [held for held in plan.direct_given if held in columns]
            direct = _Answer(
                *direct_from_log(
                    columns, plan.variation, held, case.predictions, positions, sampled=sampled
                )
            )
        if not carriers and read:
            total = direct
        entries.append(
            FeatureEffects(
                name,
                Estimator("debiased", direct="query" if ask else "regression"),
                plan.variation.text,
                total.found.effect,
                direct.found.effect,
                row_effects(total.found.per_draw, direct.found.per_draw),
                adjustment=tuple(n for n in plan.total_given if n in case.columns),
                n_rows=len(positions),
                queries=direct.found.queries,
                form=total.form,
            )
        )
    if len(entries) > 1:
        entries.append(sum_of(entries))
    return EffectTable(tuple(entries), case.data.index[positions], case.output, seed)


@dataclass(frozen=True, eq=False)
class _Answer:
    """A standardised effect and, if its form was in doubt, what was done about it."""

    found: Standardised
    form: FormTest | None


def _nothing(case: AuditCase, variation: Variation, positions: Positions) -> Standardised:
    rows = [np.zeros(len(positions))] * len(variation.after)
    return Standardised(Effect(0.0, np.zeros(case.n_rows)), rows)


def _asked(
    case: AuditCase,
    batch: QueryBatch,
    variation: Variation,
    positions: Positions,
    sampled: bool,
) -> _Answer:
    """Ask the model for the direct effect."""
    found = direct_differences(batch, positions, variation)
    rows = np.mean(found.per_draw, axis=0)
    effect = mean_effect(rows, positions, case.n_rows, sampled=sampled)
    return _Answer(Standardised(effect, found.per_draw, found.queries), None)


def _estimated(
    case: AuditCase,
    columns: Mapping[str, Column],
    variation: Variation,
    given: Sequence[str],
    positions: Positions,
    sampled: bool,
) -> _Answer:
    """Estimate by the regression; again with what the feature is expected to be, if that helps."""
    given = [name for name in given if name in columns]
    expected = expected_feature(columns[variation.feature], [columns[name] for name in given])
    without = _by_form(case, columns, variation, given, positions, sampled)
    if expected is None:
        return without
    more = {**columns, expected.name: expected}
    answer = _by_form(case, more, variation, [*given, expected.name], positions, sampled)
    # What is expected was learned, so that it may be true in part only: the interval carries all
    # that it changed.
    before, after = without.found.effect, answer.found.effect
    change = after.value - before.value
    found = replace(answer.found, effect=widened(after, change))
    return _Answer(found, FormTest(change, before.standard_error, 1.0))


def _by_form(
    case: AuditCase,
    columns: Mapping[str, Column],
    variation: Variation,
    given: Sequence[str],
    positions: Positions,
    sampled: bool,
) -> _Answer:
    """Estimate by the regression, and by boosted trees on its residuals where these earn it."""
    regression = RichRegression(columns, variation, given, case.predictions)
    plain = regression.answer(positions, sampled=sampled)
    # Knots that do not predict single rows better may still move the average: the interval
    # carries all that they would change.
    bend = regression.by_finest(positions) - plain.effect.value
    used = [columns[name] for name in (variation.feature, *given)]
    values: dict[str, Values] = {c.name: c.values for c in used}
    boosted = boosted_residual(used, values, case.predictions - regression.fit.fitted)
    if boosted is None:
        found = replace(plain, effect=widened(plain.effect, bend))
        return _Answer(found, FormTest(0.0, plain.effect.standard_error, 0.0))
    moved = regression.answer(positions, sampled=sampled, extra=_of(boosted, used))
    correction = moved.effect - plain.effect
    nothing = Effect(0.0, np.zeros(case.n_rows))
    # The correction's own noise is that of the whole estimate: trees bring error of their own.
    noisy = Effect(
        correction.value,
        correction.influence
        if correction.standard_error >= plain.effect.standard_error
        else plain.effect.influence,
    )
    total, form = corrected(plain.effect, nothing, noisy, nothing.influence)
    draws = [a + form.weight * (b - a) for a, b in zip(plain.per_draw, moved.per_draw, strict=True)]
    return _Answer(Standardised(widened(total, bend), draws), form)


def _of(
    boosted: Callable[[Mapping[str, Values]], FloatArray], used: Sequence[Column]
) -> Callable[[Mapping[str, Values]], FloatArray]:
    names = [column.name for column in used]
    return lambda at: boosted({name: at[name] for name in names})
