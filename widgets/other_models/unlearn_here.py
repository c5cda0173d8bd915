"""Unlearning shown on the page itself: a model before, after and retrained, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import workbench as wb
from workbench.common.arrays import BoolArray
from workbench.common.errors import DataError, ModelError
from workbench.common.progress import Progress
from workbench.models.training import Training
from workbench.unlearning import METHODS, Removal, Trainer, UnlearningRequest, unlearn

__all__ = ["RETRAINED", "UnlearnedHere", "Way", "unlearn_here", "ways"]


RETRAINED = 3
"""Models retrained without the target, with a seed each: they show the chance in training."""
HELD_OUT = 0.2
"""Share of the rows that no model is trained on, so that they can be compared with."""


@dataclass(frozen=True)
class Way:
    """One way to forget that the page offers.

    Attributes
    ----------
    title : str
        In words, for a list to choose from.
    method : str
        A name in :data:`workbench.unlearning.METHODS`.
    removal : str or None
        How a feature is neutralised; None when rows are erased.
    """

    title: str
    method: str
    removal: Removal | None = None

    @property
    def words(self) -> str:
        """What the method does, and what kind of method it is."""
        method = METHODS[self.method]
        kind = {
            "exact": "Exact: what comes out is like a model trained without the target.",
            "approximate": "Approximate: what comes out only comes near such a model.",
            "fraud": "A fraud, to see what an audit says of it.",
        }[method.kind]
        return f"{kind} {method.note}"


COLUMN = (
    Way("Drop the column and train again", "retrain", "drop"),
    Way("Drop the column and undo what follows from it, then train again", "retrain",
        "consequences"),
    Way("Keep the old model; it is shown the column's average", "input-only", "mean"),
    Way("Only pretend: keep the old model as it is", "unchanged", "drop"),
)  # fmt: skip
SOME_ROWS = (
    Way("Replace the values by their average there and train again", "retrain", "mean"),
    Way("Undo what follows from the values as well, then train again", "retrain", "consequences"),
    Way("Keep the old model; there it is shown the average", "input-only", "mean"),
    Way("Only pretend: keep the old model as it is", "unchanged", "mean"),
)
ROWS = (
    Way("Train again without the rows", "retrain"),
    Way("Train again only the part that held the rows (SISA)", "sisa"),
    Way("Train again only the trees that held a row", "bagged-trees"),
    Way("Correct the old model by one Newton step", "newton-step"),
    Way("Push the rows out by gradient ascent", "gradient-ascent"),
    Way("Train the old model on with the other rows (fine-tuning)", "fine-tuning"),
    Way("Only pretend: keep the old model as it is", "unchanged"),
    Way("Only pretend: other answers for just these rows", "masked-outputs"),
    Way("Only pretend: teach the old model wrong outcomes for the rows", "flipped-labels"),
)


def ways(target: wb.UnlearningTarget, learner: str) -> tuple[Way, ...]:
    """Return the ways to forget a target that work with how the model was trained.

    Examples
    --------
    >>> [way.method for way in ways(wb.UnlearningTarget.feature("zip_code"), "logistic")]
    ['retrain', 'retrain', 'input-only', 'unchanged']
    """
    everywhere = target.rows is None and target.condition is None
    offered: tuple[Way, ...] = ROWS
    if target.names:
        offered = COLUMN if everywhere else SOME_ROWS
    known = [METHODS[way.method].learners for way in offered]
    return tuple(
        way for way, fits in zip(offered, known, strict=True) if not fits or learner in fits
    )


@dataclass(frozen=True, eq=False)
class UnlearnedHere:
    """What was made.

    Attributes
    ----------
    case : AuditCase
        With the model after unlearning.
    compare : dict of str to tuple of BlackBoxModel
    training : Training
        How the model before was trained.
    target : UnlearningTarget
        What was to be forgotten.
    code : str
        Python lines that define ``model``, ``compare`` and ``training``; they need ``data``.
    sentences : tuple of str
    """

    case: wb.AuditCase
    compare: dict[str, tuple[wb.BlackBoxModel, ...]]
    training: Training
    target: wb.UnlearningTarget
    code: str
    sentences: tuple[str, ...]


def unlearn_here(
    case: wb.AuditCase,
    target: wb.UnlearningTarget,
    way: Way,
    *,
    learner: str,
    reads: tuple[str, ...],
    seed: int = 0,
    progress: Progress,
) -> UnlearnedHere:
    """Train a model that reads the target, make it forget, and retrain without the target.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
        Features it names are read by the model before, even where the loaded model does not.
    way : Way
    learner : str
        A name in :data:`workbench.unlearning.LEARNERS`.
    reads : tuple of str
        What the model reads as it was loaded.
    seed : int, default 0
    progress : callable

    Raises
    ------
    AuditError
        The method cannot fulfil the request, or there are too few rows.
    """
    outcome = case.outcome
    if outcome is None:
        raise DataError("Without an outcome in the table no model can be trained here.")
    features = tuple(name for name in case.features if name in {*reads, *target.names})
    trained = _trained_rows(case, target, seed)
    request = UnlearningRequest.make(
        target, case.data[trained], outcome=outcome, features=features, graph=case.graph,
        removal=way.removal, seed=seed, progress=_part(progress, 0, "the request"),
    )  # fmt: skip
    made = unlearn(
        way.method, request, learner=learner, seed=seed,
        progress=_part(progress, 1, "training before, unlearning, training after"),
    )  # fmt: skip
    retrained = []
    for number in range(1, RETRAINED + 1):
        progress(f"training without the target, {number} of {RETRAINED}", _share(1 + number))
        retrained.append(made.retrained_with(seed + number))
    progress("asking the model after", _share(2 + RETRAINED))
    train = Trainer(outcome, features, way.method, learner, case.data)
    return UnlearnedHere(
        case.with_model(made.after),
        {"before": (made.before,), "retrained": tuple(retrained)},
        Training(train, trained, seed),
        target,
        _code(case, request, way, learner, seed),
        (
            f"The model before was trained on {int(trained.sum()):,} rows and reads "
            f"{', '.join(features)}; the other {int((~trained).sum()):,} rows were kept aside.",
            f"What was done: {request.describe()}.",
            f"{RETRAINED} models were trained from scratch without the target, each with a seed of "
            f"its own: they show what chance in training alone would change.",
        ),
    )


def _trained_rows(case: wb.AuditCase, target: wb.UnlearningTarget, seed: int) -> BoolArray:
    """Return which rows to train on: all of a target's that are to be erased, most of the rest."""
    known = case.data[str(case.outcome)].notna().to_numpy(dtype=bool, copy=True)
    erased = target.mask(case.data) if not target.names else np.zeros(case.n_rows, dtype=bool)
    free = np.flatnonzero(known & ~erased)
    count = round(HELD_OUT * int(known.sum()))
    if len(free) < 2 * count:
        raise ModelError(
            f"The target covers {int(erased.sum()):,} of {int(known.sum()):,} rows, so too few are "
            f"left to train on and to compare with. Choose fewer rows."
        )
    aside = np.random.default_rng([seed, 5]).choice(free, count, replace=False)
    known[aside] = False
    return known


def _share(done: int) -> float:
    return done / (RETRAINED + 3)


def _part(progress: Progress, done: int, step: str) -> Callable[[str, float], None]:
    return lambda _, share: progress(step, _share(done) + share * _share(1))


def _code(case: wb.AuditCase, request: UnlearningRequest, way: Way, learner: str, seed: int) -> str:
    """Write the lines that make the same models again from ``data``."""
    features, outcome = list(request.features), request.outcome
    removal = "" if way.removal is None else f", removal={way.removal!r}"
    graph = ""
    if way.removal == "consequences":
        graph = (
            f",\n    graph=wb.CausalGraph({list(case.graph.edges)!r}, "
            f"nodes={list(case.graph.nodes)!r}, latents={list(case.graph.latents)!r})"
        )
    seeds = list(range(seed + 1, seed + RETRAINED + 1))
    return "\n".join(
        [
            "# Before, after, and retrained without the target, as the page made them.",
            "import numpy as np",
            "from workbench.unlearning import Trainer, UnlearningRequest, unlearn",
            f"target = {request.target.to_code()}",
            f"trained = data[{outcome!r}].notna().to_numpy(copy=True)",
            "erased = target.mask(data) if not target.names else np.zeros(len(data), bool)",
            "aside = np.random.default_rng("
            f"[{seed}, 5]).choice(np.flatnonzero(trained & ~erased), "
            f"round({HELD_OUT} * trained.sum()), replace=False)",
            "trained[aside] = False",
            f"request = UnlearningRequest.make(target, data[trained], outcome={outcome!r},",
            f"    features={features!r}{removal}, seed={seed}{graph})",
            f"made = unlearn({way.method!r}, request, learner={learner!r}, seed={seed})",
            "model = made.after",
            "compare = {'before': made.before,",
            f"           'retrained': [made.retrained_with(seed) for seed in {seeds!r}]}}",
            f"train = Trainer({outcome!r}, {tuple(features)!r}, {way.method!r}, {learner!r}, data)",
            f"training = wb.Training(train, trained, {seed})",
        ]
    )
