"""Columns that only a feature causes, planted in an audit's rows, and what CAFÉ makes of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.checks.planted_leaks.regressions import ManyEffects, answer_many
from workbench.common.arrays import FloatArray
from workbench.common.errors import InterventionError
from workbench.common.progress import Progress
from workbench.methods.cafe.estimator import Plan, columns_of, plan_of
from workbench.methods.cafe.shared_regression import Question, SharedRegression
from workbench.models.black_box import BlackBoxModel
from workbench.tables.columns import Column, Values

__all__ = ["Chance", "PlantedColumns", "plant", "planted_name"]

LEAST_CHANGE = 0.02
"""An intervention that changes the planted column less than this on average plants nothing."""


@dataclass(frozen=True, eq=False)
class PlantedColumns:
    """What the audit's regression makes of the planted columns of one feature.

    Attributes
    ----------
    leak, placebo : tuple of ndarray, each shape (repeats,)
        Estimate, mean square and mean cross product of the influence, for a weight that gives a
        true effect of 1.
    noise : ndarray, shape (repeats,)
        Error of the model's own effect, bootstrapped.
    own : float
        Squared standard error of the model's own effect.
    """

    leak: tuple[FloatArray, FloatArray, FloatArray]
    placebo: tuple[FloatArray, FloatArray, FloatArray]
    noise: FloatArray
    own: float
    adjustment: tuple[str, ...]


def plant(
    case: AuditCase,
    target: UnlearningTarget,
    variation: Variation,
    mask: npt.NDArray[np.bool_],
    clarity: float,
    repeats: int,
    seed: int,
    progress: Progress,
) -> PlantedColumns:
    """Draw the columns of one feature and estimate their effects as the audit would."""
    feature, positions = variation.feature, np.flatnonzero(mask)
    column = case.columns[feature]
    chance = Chance.of(column, variation, clarity)
    change = float(
        np.mean([(chance(after) - chance(variation.before)).mean() for after in variation.after])
    )
    if abs(change) < LEAST_CHANGE:
        raise InterventionError(
            f"{variation.text}: this moves a planted column by {change:+.3f} on average, so no "
            f"leak can be planted along it. Use wb.Contrast(a, b) on {feature!r}."
        )
    rng = np.random.default_rng([seed, zlib.crc32(feature.encode())])
    drawn = rng.random((case.n_rows, repeats), dtype=np.float32)
    of_feature = chance(column.values)
    progress("planted leaks: the audit's regression", 0.0)
    leaky = _leaky_case(case, feature, drawn[:, 0] < of_feature)
    plan = plan_of(leaky, target, variation, mask, "minimum-variance", "query")
    shared = SharedRegression(leaky, columns_of(leaky, [plan], mask))
    alike = _without_feature(shared, plan, of_feature)
    outcomes = np.empty((case.n_rows, 2 * repeats), dtype=np.float32)
    outcomes[:, :repeats] = drawn < of_feature[:, None]
    rng.random(out=drawn, dtype=np.float32)
    outcomes[:, repeats:] = drawn < alike[:, None]
    question = Question(variation, plan.total_given)
    found = answer_many(shared, question, positions, outcomes, progress=progress)
    weights = rng.poisson(1.0, (repeats, case.n_rows)).astype(np.float32) - 1
    noise = weights @ found.first / case.n_rows
    return PlantedColumns(
        _scaled(found, slice(1, repeats + 1), change, case.n_rows),
        _scaled(found, slice(repeats + 1, None), change, case.n_rows),
        noise,
        float(found.squares[0]) / case.n_rows**2,
        plan.total_given,
    )


def _scaled(
    found: ManyEffects, which: slice, change: float, n: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return estimates and (co)variances for a column whose weight makes the true effect 1."""
    values, squares = found.values[which] / change, found.squares[which] / (n * change) ** 2
    return values, squares, found.crosses[which] / (n * n * change)


def _leaky_case(case: AuditCase, feature: str, column: npt.NDArray[np.bool_]) -> AuditCase:
    """Return the case of a model that also reads a column which only the feature causes."""
    name = planted_name(case)
    graph = case.graph if feature in case.graph.nodes else case.graph.add_node(feature)
    model = BlackBoxModel.from_predictions(
        case.predictions, [*case.reads, name], output=case.output
    )
    return AuditCase(
        data=case.data.assign(**{name: column}),
        model=model,
        graph=graph.add_node(name).add_edge(feature, name),
        outcome=case.outcome,
    )


def planted_name(case: AuditCase, name: str = "planted leak") -> str:
    """Return a name that no column or node has."""
    while name in case.data.columns or name in case.graph.nodes:
        name += " "
    return name


@dataclass(frozen=True, eq=False)
class Chance:
    """Probability that the planted column is 1, by the feature's value.

    ½ ∓ clarity/2 at the two ends of a contrast. In between and beyond a number follows the
    logistic curve through both; every other category stays at ½.
    """

    low: float
    high: float
    numeric: bool
    clarity: float

    @classmethod
    def of(cls, column: Column, variation: Variation, clarity: float) -> Chance:
        """Make it for a column that varies so."""
        if not column.is_numeric:
            return cls(float(variation.before[0]), float(variation.after[0][0]), False, clarity)
        low, high = variation.before[0], variation.after[0][0]
        if (variation.before != low).any():  # a shift: the curve spans the middle half of the rows
            low, high = np.nanquantile(column.values, [0.25, 0.75])
            high = high if high > low else low + column.scale
        return cls(float(low), float(high), True, clarity)

    def __call__(self, values: Values) -> FloatArray:
        """Return the probabilities, shape (m,)."""
        ends = 0.5 - self.clarity / 2, 0.5 + self.clarity / 2
        if not self.numeric:
            return np.select([values == self.low, values == self.high], ends, 0.5)
        place = (2 * values - self.low - self.high) / (self.high - self.low)
        logit = np.log(ends[1] / ends[0])
        curve: FloatArray = np.where(np.isnan(values), 0.5, 1 / (1 + np.exp(-logit * place)))
        return curve


def _without_feature(shared: SharedRegression, plan: Plan, chance: FloatArray) -> FloatArray:
    """Return probabilities that follow only what the regression adjusts for.

    They are as alike to the feature's own as the covariates allow, so that the placebo is
    associated with the feature without being caused by it.
    """
    places = shared.design.layout(shared.kind).places(plan.total_given)
    places = np.concatenate([[0], places])
    moments = np.zeros(len(shared.gram))
    for rows in shared.design.chunks():
        moments += chance[rows] @ shared.design.block(shared.kind, rows)
    gram = shared.gram[np.ix_(places, places)]
    coefficients = np.linalg.lstsq(gram, moments[places], rcond=1e-10)[0]
    fitted = [
        shared.design.block(shared.kind, rows)[:, places] @ coefficients
        for rows in shared.design.chunks()
    ]
    alike: FloatArray = np.clip(np.concatenate(fitted), 0.02, 0.98)
    return alike
