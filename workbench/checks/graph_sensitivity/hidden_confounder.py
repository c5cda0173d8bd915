"""How strong a common cause that nobody measured would have to be to change a finding.

Omitted-variable bias in partial R² (Cinelli and Hazlett 2020): whatever the hidden cause is, the
bias of a linear estimate is at most ``S √(R²_y R²_f / (1 − R²_f))``, where R²_y and R²_f are the
shares that it explains of what the adjustment leaves of the prediction and of the feature's
contrast, and S is the spread of both. In a linear regression the bound is reached, not only kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.common.against_threshold import exceeds
from workbench.common.arrays import FloatArray
from workbench.common.errors import NotIdentifiableError
from workbench.common.threads import one_thread
from workbench.common.wording import share, signed, stated
from workbench.tables.column_bases import column_basis

__all__ = ["Confounding", "hidden_confounding"]


RIDGE = 1e-9
"""Relative steadying of the normal equations, for collinear regressors."""


@dataclass(frozen=True, eq=False)
class Confounding:
    """What a hidden common cause of a feature and the prediction could do to a total effect.

    Attributes
    ----------
    feature : str
    effect : float
        The total effect by linear adjustment, in the unit of the prediction.
    threshold : float
        τ of the verdict.
    spread : float
        S: the bias of a cause with R²_y = R²_f = 1/2 is this over √2.
    measured : DataFrame
        covariate, with_feature, with_prediction: the partial R² of each covariate adjusted for,
        to hold the robustness against.
    """

    feature: str
    effect: float
    threshold: float
    spread: float
    measured: pd.DataFrame

    @property
    def robustness(self) -> float:
        """The partial R², the same with feature and prediction, at which the effect may cross ±τ.

        Between 0 and 1; a larger one is a firmer finding.
        """
        gap = abs(abs(self.effect) - self.threshold)
        # The R² with R²/√(1 − R²) · spread = gap, written without a difference of large numbers.
        return float(2 * gap / (np.hypot(gap, 2 * self.spread) + gap)) if gap > 0 else 0.0

    def bias(self, with_feature: float, with_prediction: float) -> float:
        """Return the largest bias of a hidden cause with these two partial R²."""
        odds = with_feature / (1.0 - with_feature)
        return float(self.spread * np.sqrt(with_prediction * odds))

    def sentence(self) -> str:
        """Say it in words."""
        where = "below" if exceeds(self.effect, self.threshold) else "above"
        said = (
            f"To bring the total effect of {self.feature}, {signed(self.effect)} by a regression, "
            f"{where} "
            f"{stated(self.threshold)}, a hidden common cause would have to explain "
            f"{share(self.robustness)} of what is left both of {self.feature} and of the prediction"
        )
        if self.measured.empty:
            return f"{said}."
        least = self.measured[["with_feature", "with_prediction"]].min(axis=1)
        row = self.measured.iloc[int(least.to_numpy().argmax())]
        return (
            f"{said}. For comparison, {row['covariate']} explains {share(row['with_feature'])} and "
            f"{share(row['with_prediction'])}."
        )


def hidden_confounding(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    threshold: float,
    intervention: Interventions = None,
    seed: int = 0,
) -> tuple[Confounding, ...]:
    """Say for each of the target's features how strong a hidden common cause would have to be.

    Parameters
    ----------
    threshold : float
        τ, in the unit of the prediction.
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        None takes the defaults of :func:`workbench.case.intervention.vary`.
    seed : int, default 0
        For interventions that draw.

    Returns
    -------
    tuple of Confounding
        Features whose effect the graph does not identify are left out.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=500)
    >>> frame = pd.DataFrame({"a": a, "b": a + rng.normal(size=500)})
    >>> case = AuditCase(data=frame, model=lambda rows: rows["b"], features=["b"],
    ...                  graph=CausalGraph([("a", "b")]))
    >>> found = hidden_confounding(case, UnlearningTarget.feature("a"), threshold=0.02)[0]
    >>> 0.5 < found.robustness < 0.7
    True
    """
    names, mask = case.resolve(target)
    varied = variations_of(case, names, np.flatnonzero(mask), intervention, seed)
    found = []
    for variation in varied:
        try:
            covariates = case.covariates(variation.feature)
        except NotIdentifiableError:
            continue
        with one_thread():
            found.append(_confounding(case, variation, covariates, threshold))
    return tuple(found)


def _confounding(
    case: AuditCase, variation: Variation, covariates: tuple[str, ...], threshold: float
) -> Confounding:
    keep = None
    column = case.columns[variation.feature]
    if not column.is_numeric:
        keep = variation.levels.astype(np.intp)
    basis = column_basis(column, "linear", keep=keep)
    change = np.mean(
        [(basis(after) - basis(variation.before)).mean(axis=0) for after in variation.after],
        axis=0,
    )
    blocks = {variation.feature: basis(column.values)}
    for name in covariates:
        blocks[name] = column_basis(case.columns[name], "linear")(case.columns[name].values)
    whole = _regress(blocks, variation.feature, change, case.predictions)
    measured = []
    for name in covariates:
        rest = {key: block for key, block in blocks.items() if key != name}
        without = _regress(rest, variation.feature, change, case.predictions)
        measured.append(
            (
                name,
                max(0.0, 1.0 - without.contrast / whole.contrast) if whole.contrast > 0 else 0.0,
                max(0.0, 1.0 - whole.residual / without.residual) if without.residual > 0 else 0.0,
            )
        )
    spread = float(np.sqrt(whole.residual * whole.contrast))
    return Confounding(
        variation.feature,
        whole.effect,
        threshold,
        spread,
        pd.DataFrame(measured, columns=["covariate", "with_feature", "with_prediction"]),
    )


@dataclass(frozen=True)
class _Regression:
    """A linear functional of a least-squares fit.

    `residual` is the mean square that is left of the prediction; `contrast` the mean square of
    the functional's representer, 1 over what is left of the contrast.
    """

    effect: float
    residual: float
    contrast: float


def _regress(
    blocks: dict[str, FloatArray], feature: str, change: FloatArray, y: FloatArray
) -> _Regression:
    parts = [block - block.mean(axis=0) for block in blocks.values()]
    x = np.hstack(parts)
    scale = np.maximum(np.sqrt((x**2).mean(axis=0)), 1e-300)
    x = x / scale
    place = list(blocks).index(feature)
    start = sum(block.shape[1] for block in parts[:place])
    functional = np.zeros(x.shape[1])
    functional[start : start + len(change)] = change / scale[start : start + len(change)]
    gram = x.T @ x / len(x)
    gram[np.diag_indices_from(gram)] += RIDGE
    centred = y - y.mean()
    weights = np.linalg.solve(gram, np.column_stack([functional, x.T @ centred / len(x)]))
    fitted = x @ weights[:, 1]
    return _Regression(
        float(functional @ weights[:, 1]),
        float(((centred - fitted) ** 2).mean()),
        float(functional @ weights[:, 0]),
    )
