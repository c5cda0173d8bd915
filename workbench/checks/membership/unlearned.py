"""U-LiRA: unlearned models compared with retrained ones, record by record (Hayes et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.checks.membership.attacks import FEW_REFERENCES, gaussian, log_density
from workbench.checks.membership.figures import Estimate, clopper_pearson, logit_interval
from workbench.checks.membership.measure import erased_rows
from workbench.checks.membership.reference_models import Make, Trained, train_models
from workbench.checks.membership.signals import FloatArray, Signals, known_outcomes
from workbench.checks.membership.u_lira_result import ULira, ULiraFigures
from workbench.common.arrays import BoolArray
from workbench.common.errors import DataError, ModelError
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress, silent
from workbench.models.black_box import BlackBoxModel
from workbench.models.training import Training

__all__ = ["Unlearn", "u_lira", "u_lira_figures"]

Unlearn = Callable[[pd.DataFrame, BoolArray, int], Any]
"""``unlearn(rows, erased, seed)`` to a model: train on the rows, then unlearn the erased ones."""

FEWEST = 4
DRAWS = 4_999
SHARE = 0.8


def u_lira(
    case: AuditCase,
    target: UnlearningTarget,
    training: Training,
    unlearn: Unlearn | Sequence[Any],
    *,
    retrained: Sequence[Any] | None = None,
    models: int = 16,
    share: float | None = None,
    workers: int | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
    seed: int = 0,
    progress: Progress = silent,
) -> ULira:
    """Ask whether unlearned models can be told from models that were retrained without the target.

    U-LiRA of Hayes, Shumailov, Triantafillou, Khalifa and Papernot (2024): for each record a
    Gaussian of its log-odds over unlearned models and one over retrained models; each model is
    called by Gaussians that were fitted without it. It is two-sided: records whose loss is too
    high, as after labels were flipped, tell the models apart as well as traces do.

    Parameters
    ----------
    case : AuditCase
        Its data and outcome. Its model is asked nothing.
    target : UnlearningTarget
        Datapoints, or a subgroup, without named features.
    training : Training
    unlearn : callable, or sequence of models
        ``unlearn(rows, erased, seed)`` with the rows trained on before (a DataFrame) and a mask of
        those to erase, to a model. Or the models after unlearning, one or more.
    retrained : sequence of models, optional
        By default trained from `training`.
    models : int, default 16
        Of each kind that is trained here. A third kind, models that kept the target's records,
        measures the power.
    share : float, optional
        Each trained model sees its own random share of the other rows, so that there is a spread
        to hold a difference against; by default 0.8, or 1.0 beside models that were given.
    workers, seed, progress
        As for :func:`workbench.checks.membership.membership_evidence`.
    alpha : float, default 0.05
        Chance of finding a difference where there is none, at most.
    level : float, default 0.95
        Coverage of each interval.

    Returns
    -------
    ULira

    Raises
    ------
    TargetError, DataError, ModelError
        As for `membership_evidence`; also when retrained models do not differ at all.

    Examples
    --------
    A fraud that keeps what it should forget:

    >>> from sklearn.tree import DecisionTreeClassifier
    >>> import workbench as wb
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.normal(size=300), "ill": rng.integers(0, 2, 300)})
    >>> def train(rows, seed):
    ...     return DecisionTreeClassifier(random_state=seed).fit(rows[["a"]], rows["ill"])
    >>> training = wb.Training(train, rows=np.arange(300) < 200)
    >>> case = wb.AuditCase(data=frame, model=train(frame[:200], 0), outcome="ill",
    ...                     graph=wb.CausalGraph(nodes=["a"]))
    >>> some = wb.UnlearningTarget.datapoints(range(20))
    >>> u_lira(case, some, training, lambda rows, erased, seed: train(rows, seed),
    ...        models=8, workers=1).decision
    'traces'
    """
    erased = erased_rows(case, target, training)
    outcome, known = known_outcomes(case)
    asked = np.flatnonzero(erased & known)
    if not len(asked):
        raise DataError("No record of the target has a known outcome, so none can be attacked.")
    if models < FEWEST:
        raise ModelError(f"{models} models of each kind are too few; at least {FEWEST} are needed.")
    part = share if share is not None else (SHARE if callable(unlearn) else 1.0)
    if not 0 < part <= 1:
        raise ModelError(f"share lies above 0 and is at most 1, not {share!r}.")
    rng = np.random.default_rng([seed, 3])
    failures: list[str] = []

    def trained(make: Make, add: BoolArray, step: str) -> FloatArray:
        others = training.rows & ~erased
        plans = [
            ((others & (rng.random(case.n_rows) < part)) | add, int(rng.integers(2**31 - 1)))
            for _ in range(models)
        ]
        done: Trained = train_models(
            make,
            case.data,
            plans,
            asked,
            features=case.reads,
            output=case.output,
            workers=workers,
            progress=progress,
            step=f"U-LiRA: {step} models",
        )
        failures.extend(f"{step} model: {failure.reason}" for failure in done.failures)
        return done.scores

    nothing = np.zeros(case.n_rows, dtype=bool)
    kept = trained(training.fit, erased, "untouched")
    if retrained is None:
        clean = trained(training.fit, nothing, "retrained")
    else:
        clean = _asked(retrained, case, asked)
    if callable(unlearn):
        after = trained(_Unlearning(unlearn, erased), erased, "unlearned")
    else:
        after = _asked(unlearn, case, asked)
    signals = Signals(outcome[asked], case.output)
    kept, clean, after = _oriented(signals, kept, clean, after)
    if len(clean) < 2 or float(np.ptp(clean, axis=0).max()) <= 1e-9:
        raise ModelError(
            "The retrained models do not differ, so there is nothing to hold a difference against. "
            "Use a share below 1, or a training that depends on its seed."
        )
    power, _ = u_lira_figures(kept, clean, level=level, rng=rng)
    result, records = u_lira_figures(after, clean, level=level, rng=rng)
    records.index = case.data.index[asked]
    return ULira(
        target=target.describe(),
        n_records=len(asked),
        power=power,
        result=result,
        alpha=alpha,
        failures=tuple(failures),
        records=records,
    )


@dataclass(frozen=True, eq=False)
class _Unlearning:
    """An unlearning function as one that makes a model from a mask of rows."""

    unlearn: Unlearn
    erased: BoolArray

    def __call__(self, data: pd.DataFrame, rows: BoolArray, seed: int) -> Any:
        return self.unlearn(data[rows].copy(), self.erased[rows].copy(), seed)


def _asked(models: Sequence[Any], case: AuditCase, asked: npt.NDArray[np.intp]) -> FloatArray:
    boxes = [BlackBoxModel.wrap(model) for model in models]
    if not boxes:
        raise ModelError("The list of models is empty.")
    rows = case.data.iloc[asked]
    return np.stack(
        [
            (box if box.features is not None else box.reading(case.reads)).predict(rows)
            for box in boxes
        ]
    )


def _oriented(signals: Signals, *scores: FloatArray) -> list[FloatArray]:
    """Return signals that are higher where a model fits the record better, on average."""
    kinds = signals.shared(*scores)
    if not signals.is_value:
        return kinds
    towards = -np.sign(kinds[1].mean(axis=0))  # errors: towards 0 as the retrained models err
    return [towards * kind for kind in kinds]


def u_lira_figures(
    some: FloatArray, clean: FloatArray, *, level: float = 0.95, rng: np.random.Generator
) -> tuple[ULiraFigures, pd.DataFrame]:
    """Tell models of one kind from retrained ones by their signals at some records.

    Parameters
    ----------
    some, clean : ndarray, shapes (models, records)
        Signals, higher where a model fits the record better.
    level : float, default 0.95
    rng : Generator
        Deals the models into folds, and permutes them.

    Returns
    -------
    ULiraFigures, DataFrame
        The latter with one row per record: accuracy with its Clopper-Pearson interval, auc, and
        shift, the difference of the mean signals.
    """
    tests = holm(_permutation(some, clean, rng))
    shift = some.mean(axis=0) - clean.mean(axis=0)
    frame = pd.DataFrame({"shift": shift})
    if min(len(some), len(clean)) < FEWEST:
        # Too few for Gaussians of their own: whether they differ is all that can be said.
        nothing = Estimate(math.nan, 0.0, 1.0)
        figures = ULiraFigures(len(some), len(clean), nothing, nothing, float(shift.mean()), *tests)
        return figures, frame
    right, above = _called(some, clean, rng)
    accuracy, auc = _over_models(*right, level), _over_models(*above, level)
    every = np.concatenate(right)
    shares = [clopper_pearson(int(hits), len(every), level) for hits in every.sum(axis=0)]
    frame["accuracy"] = [one.value for one in shares]
    frame["accuracy_low"] = [one.low for one in shares]
    frame["accuracy_high"] = [one.high for one in shares]
    frame["auc"] = above[0].mean(axis=0)
    figures = ULiraFigures(len(some), len(clean), accuracy, auc, float(shift.mean()), *tests)
    return figures, frame


def _called(
    some: FloatArray, clean: FloatArray, rng: np.random.Generator
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Call each model by Gaussians fitted without its fold.

    Returns
    -------
    pair of pairs of ndarray, shapes (models, records)
        Whether each model of either kind is called right at each record; and its place among the
        models of the other kind in its fold: the share that it lies on the right side of.
    """
    folds = min(4, len(some) // 2, len(clean) // 2)
    deal = [rng.permutation(np.arange(len(kind)) % folds) for kind in (some, clean)]
    right = np.empty_like(some), np.empty_like(clean)
    above = np.empty_like(some), np.empty_like(clean)
    for fold in range(folds):
        fits = []
        for kind, dealt in zip((some, clean), deal, strict=True):
            rest = kind[dealt != fold]
            fits.append(gaussian(rest, np.ones(rest.shape, bool), len(rest) < FEW_REFERENCES))
        ratios = [
            log_density(kind[dealt == fold], *fits[0]) - log_density(kind[dealt == fold], *fits[1])
            for kind, dealt in zip((some, clean), deal, strict=True)
        ]
        right[0][deal[0] == fold] = (ratios[0] > 0) + (ratios[0] == 0) / 2
        right[1][deal[1] == fold] = (ratios[1] < 0) + (ratios[1] == 0) / 2
        won = np.sign(ratios[0][:, None, :] - ratios[1][None, :, :]) / 2 + 0.5
        above[0][deal[0] == fold], above[1][deal[1] == fold] = won.mean(axis=1), won.mean(axis=0)
    return right, above


def _over_models(some: FloatArray, clean: FloatArray, level: float) -> Estimate:
    """Average over records, then over either kind of model; the models are what varies."""
    means = [kind.mean(axis=1) for kind in (some, clean)]
    value = float(means[0].mean() + means[1].mean()) / 2
    if value <= 0 or value >= 1:
        fewer = min(len(some), len(clean))
        return clopper_pearson(round(value) * fewer, fewer, level)
    error = math.sqrt(sum(float(one.var(ddof=1)) / len(one) for one in means)) / 2
    return logit_interval(value, error, level)


def _permutation(
    some: FloatArray, clean: FloatArray, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return p-values of a higher mean signal, a lower one, and any shift of any record.

    Exact for models of which either kind is drawn alike: every dealing of the names is then
    equally likely.
    """
    pooled = np.concatenate([some, clean])
    spread = np.maximum(pooled.std(axis=0), 1e-9)
    pooled = (pooled - pooled.mean(axis=0)) / spread
    m, total = len(some), len(pooled)
    deals = rng.random((DRAWS, total)).argsort(axis=1)[:, :m]
    deals = np.concatenate([np.arange(m)[None], deals])
    names = np.zeros((len(deals), total))
    np.put_along_axis(names, deals, 1.0 / m, axis=1)
    # With the pooled mean at 0, a kind's mean alone decides the difference.
    mean = names @ pooled.mean(axis=1)
    cross = pooled @ pooled.T
    size = np.einsum("di,ij,dj->d", names, cross, names, optimize=True)
    noise = 1e-9
    return (
        float(np.mean(mean >= mean[0] - noise)),
        float(np.mean(mean <= mean[0] + noise)),
        float(np.mean(size >= size[0] * (1 - noise) - noise)),
    )
