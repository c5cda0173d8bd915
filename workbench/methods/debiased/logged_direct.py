"""A direct effect from logged predictions: the model itself is fitted, and a model has no noise.

Where everything that the model reads is held, a logged prediction is a function of its row. What a
regression leaves of it is not chance but a wrong form, which neighbours share, and which more rows
do not average away. A standard error that takes every row for a new witness is then far too short.
So several forms are fitted: curves and products, and plainer ones, of the prediction and of its
log odds (on which a logistic model is a straight line). The one that predicts unseen rows best
gives the value, and its interval is widened: its residuals count as a limited number of witnesses,
and for less where the change leads far from all rows seen; and what the other forms say instead
counts, less so the worse they fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray, Positions
from workbench.methods.cafe.rich_design import Fit, residuals, slices
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.methods.cafe.shared_regression import Standardised
from workbench.methods.debiased.boosted import Correction, boosted_residual, halves
from workbench.methods.debiased.combination import widened
from workbench.methods.effects import Effect
from workbench.methods.form_test import FormTest
from workbench.methods.fuzzing.alike_rows import AlikeRows
from workbench.tables.columns import Column, Values

__all__ = ["direct_from_log"]

WITNESSES = 500
"""Rows whose residuals are taken for independent, at the most.

Chosen on the kinds of `benchmarks/kinds_of_worlds.py` with other seeds than those reported.
"""
FAR = 20.0
"""Beyond this ratio of the error of an effect, were it of one row, to that of a prediction, rows
are asked about that lie far from those seen, as where a feature is nearly a function of another:
the form is wrong there by more than it is where it was fitted, and the interval is stretched."""
EXACT = 1e-3
"""A held-out error below this share of the predictions' spread leaves trees nothing to learn."""
HELD_OUT_ROWS = 20_000
"""Rows on which the forms are compared."""
LEAST_EDGE = 1e-12
"""How near to the ends of its range a score is still told apart from them."""


@dataclass(frozen=True)
class _Scale:
    """The unit in which a prediction is a sum: its own, or the log odds between two ends."""

    low: float = 0.0
    high: float = 1.0
    edge: float | None = None

    @staticmethod
    def odds(y: FloatArray) -> _Scale:
        """Take log odds between 0 and 1, or between ends a little outside of what was seen."""
        low, high = float(y.min()), float(y.max())
        inside = low >= 0.0 and high <= 1.0
        margin = 0.05 * (high - low)
        ends = (0.0, 1.0) if inside else (low - margin, high + margin)
        share = (y - ends[0]) / (ends[1] - ends[0])
        room = np.minimum(share, 1 - share)
        between = room[room > 0]
        # Half the least share seen: where a forest's votes all agree, the odds are not endless.
        edge = max(float(between.min()) / 2, LEAST_EDGE) if len(between) else 0.25
        return _Scale(*ends, edge)

    def there(self, y: FloatArray) -> FloatArray:
        if self.edge is None:
            return y
        share = (y - self.low) / (self.high - self.low)
        out: FloatArray = scipy.special.logit(np.clip(share, self.edge, 1 - self.edge))
        return out

    def back(self, sums: FloatArray) -> FloatArray:
        if self.edge is None:
            return sums
        out: FloatArray = self.low + (self.high - self.low) * scipy.special.expit(sums)
        return out

    def slope(self, sums: FloatArray) -> FloatArray:
        """How much the prediction moves with its sum."""
        if self.edge is None:
            return np.ones(len(sums))
        out: FloatArray = (
            (self.high - self.low) * scipy.special.expit(sums) * scipy.special.expit(-sums)
        )
        return out


@dataclass(frozen=True, eq=False)
class _Form:
    """One form of the model, with how far it is off on rows that it was not fitted on."""

    scale: _Scale
    fit: Fit
    error: float

    @staticmethod
    def of(scale: _Scale, fit: Fit, values: Mapping[str, Values], y: FloatArray) -> _Form:
        rows = slice(None, None, -(-len(y) // HELD_OUT_ROWS))
        at = {name: column[rows] for name, column in values.items()}
        regressors, alike = fit.design(at), AlikeRows(at)
        seen = scale.there(y)[rows]
        left = np.empty(len(seen))
        for learn in (one := halves(len(seen)), ~one):
            sums = seen - residuals(fit.design, regressors, alike, seen, learn)
            left[~learn] = (y[rows] - scale.back(sums))[~learn]
        return _Form(scale, fit, float(np.sqrt(np.mean(left**2))))

    def change(self, points: Iterator[_Points]) -> float:
        """Average the change of the prediction over the target's rows and the draws."""
        change, count = 0.0, 0
        for part in points:
            moved = self.scale.back(self.fit.at(part.after))
            moved -= self.scale.back(self.fit.at(part.before))
            change, count = change + float(moved.sum()), count + len(moved)
        return change / count


@dataclass(frozen=True, eq=False)
class _Points:
    """Some of the target's rows before and after one draw of the change."""

    draw: int
    rows: slice
    before: Mapping[str, Values]
    after: Mapping[str, Values]


def direct_from_log(
    columns: Mapping[str, Column],
    variation: Variation,
    given: Sequence[str],
    y: FloatArray,
    positions: Positions,
    *,
    sampled: bool,
) -> tuple[Standardised, FormTest]:
    """Estimate what the prediction does when one feature is set and all else that is read stays.

    Parameters
    ----------
    columns : mapping of str to Column
    variation : Variation
    given : sequence of str
        Everything else that the model reads.
    y : ndarray, shape (n,)
        The logged predictions.
    positions : ndarray of int
        The target's rows, ascending.
    sampled : bool
        Whether those rows stand for a population.

    Returns
    -------
    found : Standardised
        Its interval carries what the form of the regression may have missed.
    form : FormTest
        What boosted trees changed, where they predict what the best form leaves.
    """
    used = [columns[name] for name in (variation.feature, *given)]
    values = {column.name: column.values for column in used}
    scales = [_Scale(), *([_Scale.odds(y)] if np.ptp(y) > 0 else [])]
    forms = [
        _Form.of(scale, fit, values, y)
        for scale in scales
        for fit in RichRegression(columns, variation, given, scale.there(y)).fits()
    ]
    best = min(forms, key=lambda form: form.error)
    trees = None
    if best.error > EXACT * float(np.std(y)):
        trees = boosted_residual(used, values, best.scale.there(y) - best.fit.fitted)
    plain, found = _answer(best, variation, values, y, positions, trees, sampled)
    said = found.effect.value
    others = [
        (form.change(_points(variation, values, positions)) - said) * best.error / form.error
        for form in forms
        if form is not best and form.error > 0
    ]
    if best.error > 0:
        others.append(plain - said)
    doubt = max((abs(other) for other in others), default=0.0)
    form = FormTest(said - plain, found.effect.standard_error, 1.0)
    return Standardised(widened(found.effect, doubt), found.per_draw), form


def _answer(
    form: _Form,
    variation: Variation,
    values: Mapping[str, Values],
    y: FloatArray,
    positions: Positions,
    trees: Correction | None,
    sampled: bool,
) -> tuple[float, Standardised]:
    """Answer by one form: without trees, and with them and the errors of its residuals."""
    n, size, draws = len(y), len(positions), len(variation.after)
    rows, plain = np.empty((draws, size)), 0.0
    step = np.zeros(form.fit.design.width)
    back, slope = form.scale.back, form.scale.slope
    for part in _points(variation, values, positions):
        designs = form.fit.design(part.before), form.fit.design(part.after)
        before, after = (design @ form.fit.coefficients for design in designs)
        step += slope(after) @ designs[1] - slope(before) @ designs[0]
        plain += float((back(after) - back(before)).sum())
        if trees is not None:
            before, after = before + trees(part.before), after + trees(part.after)
        rows[part.draw, part.rows] = back(after) - back(before)
    weights = form.fit.solve(step / (size * draws)) * n
    sums = form.fit.fitted
    influence = form.fit.applied(weights[None])[0] * (form.scale.there(y) - sums)
    seen = float(np.mean((y - back(sums)) ** 2))
    if seen > 0:
        # As large as residuals of rows that were not fitted on.
        influence *= max(1.0, form.error / np.sqrt(seen))
        reach = float(np.sqrt(np.mean(influence**2))) / max(form.error, np.sqrt(seen))
        influence *= np.sqrt(max(1.0, n / WITNESSES)) * max(1.0, reach / FAR)
    effect = rows.mean(axis=0)
    value = float(effect.mean())
    if sampled:
        influence[positions] += (effect - value) * (n / size)
    return plain / (size * draws), Standardised(Effect(value, influence), list(rows))


def _points(
    variation: Variation, values: Mapping[str, Values], positions: Positions
) -> Iterator[_Points]:
    for part in slices(len(positions)):
        here = {name: column[positions[part]] for name, column in values.items()}
        before = {**here, variation.feature: variation.before[part]}
        for draw, after in enumerate(variation.after):
            yield _Points(draw, part, before, {**here, variation.feature: after[part]})
