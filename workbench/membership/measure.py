"""Measure membership evidence: reference models, attacks, their power, then the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case import AuditCase
from workbench.errors import DataError, ModelError, TargetError, listed, suggestion
from workbench.membership.attacks import ATTACKS, attack_scores
from workbench.membership.evidence import AttackEvidence, MembershipEvidence
from workbench.membership.figures import Strata, attack_figures
from workbench.membership.reference_models import balanced_halves, train_models
from workbench.membership.signals import FloatArray, Mask, Signals, difficulty, known_outcomes
from workbench.membership.trace_tests import (
    TraceTest,
    difficulty_strata,
    record_p_values,
    trace_tests,
)
from workbench.multiple_testing import holm
from workbench.progress import Progress, silent
from workbench.target import UnlearningTarget
from workbench.training import Training

__all__ = ["erased_rows", "membership_evidence"]

FEWEST = 20
"""Known members, and records never trained on, that the comparison needs at least."""
REPEATS = 200
"""Groups of known members that are put in the target's place to measure the power."""
QUESTIONS = ("higher", "top", "lower")

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Groups:
    """Places of the target's records, of known members and of unseen records, in the data."""

    target: Places
    members: Places
    unseen: Places

    def split(self, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Split what was measured at all of them, in this order."""
        cuts = np.cumsum([len(self.target), len(self.members)])
        target, members, unseen = np.split(values, cuts)
        return target, members, unseen

    @property
    def all(self) -> Places:
        return np.concatenate([self.target, self.members, self.unseen])


def membership_evidence(
    case: AuditCase,
    target: UnlearningTarget,
    training: Training,
    *,
    attacks: Sequence[str] | None = None,
    references: int = 16,
    workers: int | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
    least_power: float = 0.8,
    most_records: int = 2_000,
    seed: int = 0,
    progress: Progress = silent,
) -> MembershipEvidence:
    """Attack a model on the records that it is said to have forgotten.

    Each attack is first measured on records that are still in the model; what it then finds of the
    target's records is read beside that.

    Parameters
    ----------
    case : AuditCase
        Its model is the one *after* unlearning; its outcome must be known.
    target : UnlearningTarget
        Datapoints, or a subgroup, without named features. All were trained on before.
    training : Training
        Which rows the model was trained on before unlearning, and how to train one like it.
    attacks : sequence of {"loss", "lira", "lira-offline", "rmia"}, optional
        By default "loss", "lira" and "rmia"; without "rmia" for a model that predicts values.
    references : int, default 16
        Models to train on random halves of all rows. 0 is possible with "loss" alone; records
        are then compared without regard to how hard they are.
    workers : int, optional
        Processes that train them; by default one per core. The result does not depend on it.
    alpha : float, default 0.05
        Chance of finding anything in a model that never saw the target's records, at most, after
        Holm's correction over attacks and questions.
    level : float, default 0.95
        Coverage of each interval.
    least_power : float, default 0.8
        How often traces would have to be found in known members for "not found" to be said.
    most_records : int, default 2000
        Known members, and records never trained on, to measure with; more are drawn from.
    seed : int, default 0
    progress : callable, optional

    Raises
    ------
    TargetError
        When the target names features, or records that were not trained on.
    DataError
        When the outcome is unknown, or fewer than 20 known members or unseen records are left.
    ModelError
        When an attack does not exist or is not defined for the model's output, or no reference
        model could be trained.

    Notes
    -----
    The tests compare records that are equally hard for reference models that saw neither (five
    strata): the erased records may be of another kind than the others. They ask whether the
    target's records score higher on the whole (Wilcoxon's rank sum), whether more of them than
    due are among the top 1 %, and whether they score lower, as after labels were flipped.
    """
    signals, groups, notes = _prepared(case, target, training, most_records, seed)
    chosen = _attacks(attacks, references, signals)
    asked = groups.all
    rng = np.random.default_rng([seed, 1])
    others, seen, failures = _references(case, training, asked, references, rng, workers, progress)
    own = case.predictions[asked]
    population = np.arange(len(asked) - len(groups.unseen), len(asked))
    parts = {
        name: groups.split(attack_scores(name, signals, own, others, seen, population))
        for name in chosen
    }
    strata = _strata(groups, signals, others, seen)
    chance = _power(parts, strata, alpha, rng, progress)
    tests = _tests(
        {name: (mine, unseen) for name, (mine, _, unseen) in parts.items()},
        (strata[0], strata[2]),
        rng,
    )
    evidence = tuple(
        AttackEvidence(
            name,
            attack_figures(members, unseen, level=level, strata=(strata[1], strata[2])),
            attack_figures(mine, unseen, level=level, strata=(strata[0], strata[2])),
            chance[name],
        )
        for name, (mine, members, unseen) in parts.items()
    )
    if not references:
        notes.append(
            "No reference model was trained, so erased and unseen records were compared as they "
            "are. That is fair only where both are of the same kind."
        )
    return MembershipEvidence(
        target.describe(),
        case.model.name,
        evidence,
        tests,
        chance[""],
        alpha,
        least_power,
        len(others),
        failures,
        tuple(notes),
        _records(case, groups, parts, strata),
    )


def erased_rows(case: AuditCase, target: UnlearningTarget, training: Training) -> Mask:
    """Return which rows a target asks to erase, shape (n,), after checking that it can be asked.

    Raises
    ------
    TargetError
        When it names features or rows that were not trained on.
    """
    training.check(case.data)
    _, erased = case.resolve(target)
    if target.names or target.kind not in ("datapoints", "subgroup"):
        raise TargetError(
            "Whether a model remembers records is asked of whole records: use "
            "wb.UnlearningTarget.datapoints([…]) or .subgroup('…') without naming features."
        )
    strangers = erased & ~training.rows
    if strangers.any():
        labels = case.data.index[strangers].tolist()
        raise TargetError(
            f"{len(labels):,} of the target's {int(erased.sum()):,} rows were never trained on "
            f"({listed(labels, 3)}), so there was nothing to unlearn. Take them out of the "
            f"target, or correct the training's rows."
        )
    return erased


def _prepared(
    case: AuditCase, target: UnlearningTarget, training: Training, most: int, seed: int
) -> tuple[Signals, _Groups, list[str]]:
    erased = erased_rows(case, target, training)
    outcome, known = known_outcomes(case)
    rng = np.random.default_rng([seed, 0])
    groups = _Groups(
        np.flatnonzero(erased & known),
        _drawn(training.rows & ~erased & known, most, rng),
        _drawn(~training.rows & known, most, rng),
    )
    if not len(groups.target):
        raise DataError("No record of the target has a known outcome, so none can be attacked.")
    for places, what in (
        (groups.members, "that are still in the model"),
        (groups.unseen, "that were never trained on"),
    ):
        if len(places) < FEWEST:
            raise DataError(
                f"There are {len(places)} records {what}; at least {FEWEST} are needed to compare "
                f"with. Add rows to the case, for instance those held out for testing."
            )
    left_out = int((erased & ~known).sum())
    notes = [f"{left_out:,} erased records without an outcome were left out."] if left_out else []
    return Signals(outcome[groups.all], case.output), groups, notes


def _drawn(mask: Mask, most: int, rng: np.random.Generator) -> Places:
    places = np.flatnonzero(mask)
    return places if len(places) <= most else np.sort(rng.choice(places, most, replace=False))


def _attacks(attacks: Sequence[str] | None, references: int, signals: Signals) -> tuple[str, ...]:
    if attacks is None:
        attacks = ("loss", "lira") if signals.is_value else ("loss", "lira", "rmia")
    chosen = (attacks,) if isinstance(attacks, str) else tuple(dict.fromkeys(attacks))
    unknown = [name for name in chosen if name not in ATTACKS]
    if unknown:
        raise ModelError(
            f"There is no attack {listed(unknown)}.{suggestion(unknown[0], ATTACKS)} "
            f"Choose among {listed(ATTACKS)}."
        )
    if not chosen:
        raise ModelError(f"No attack was chosen. Choose among {listed(ATTACKS)}.")
    if signals.is_value and "rmia" in chosen:
        raise ModelError(
            "RMIA compares probabilities, and this model predicts values. Use 'loss', 'lira' or "
            "'lira-offline', which work on its errors."
        )
    if references < 4 and (references or chosen != ("loss",)):
        raise ModelError(
            f"{references} reference models are too few: use at least 4, or none with the attack "
            f"'loss' alone."
        )
    return chosen


def _references(
    case: AuditCase,
    training: Training,
    asked: Places,
    references: int,
    rng: np.random.Generator,
    workers: int | None,
    report: Progress,
) -> tuple[FloatArray, Mask, tuple[str, ...]]:
    if not references:
        return np.empty((0, len(asked))), np.empty((0, len(asked)), dtype=bool), ()
    halves = balanced_halves(references, case.n_rows, rng)
    seeds = rng.integers(0, 2**31 - 1, references).tolist()
    trained = train_models(
        training.fit,
        case.data,
        list(zip(halves, seeds, strict=True)),
        asked,
        features=case.reads,
        workers=workers,
        progress=report,
        step="Membership: reference models",
    )
    reasons = tuple(failure.reason for failure in trained.failures)
    return trained.scores, halves[trained.numbers][:, asked], reasons


def _strata(
    groups: _Groups, signals: Signals, others: FloatArray, seen: Mask
) -> tuple[Strata, Strata, Strata]:
    if not len(others):
        none = np.zeros(len(groups.all), dtype=np.intp)
        return none[: len(groups.target)], none[: len(groups.members)], none[: len(groups.unseen)]
    target, members, unseen = groups.split(difficulty(signals, others, seen))
    own, bins = difficulty_strata(np.concatenate([target, members]), unseen)
    return own[: len(target)], own[len(target) :], bins


def _tests(
    scores: dict[str, tuple[FloatArray, FloatArray]],
    strata: tuple[Strata, Strata],
    rng: np.random.Generator,
) -> tuple[TraceTest, ...]:
    found = [
        (name, question, value)
        for name, (mine, unseen) in scores.items()
        for question, value in zip(QUESTIONS, trace_tests(mine, unseen, strata, rng), strict=True)
    ]
    corrected = holm([value for _, _, value in found])
    return tuple(
        TraceTest(*test, together) for test, together in zip(found, corrected, strict=True)
    )


def _power(
    parts: dict[str, tuple[FloatArray, FloatArray, FloatArray]],
    strata: tuple[Strata, Strata, Strata],
    alpha: float,
    rng: np.random.Generator,
    report: Progress,
) -> dict[str, float]:
    """How often groups of known members are found, by attack and, under "", by all together."""
    n_target, n_members = len(strata[0]), len(strata[1])
    found = dict.fromkeys([*parts, ""], 0)
    for repeat in range(REPEATS):
        report("Membership: power", repeat / REPEATS)
        drawn = rng.choice(n_members, n_target, replace=n_target > n_members)
        group = (strata[1][drawn], strata[2])
        tests = _tests(
            {name: (members[drawn], unseen) for name, (_, members, unseen) in parts.items()},
            group,
            rng,
        )
        higher = [test for test in tests if test.question != "lower"]
        found[""] += any(test.corrected <= alpha for test in higher)
        for name in parts:
            own = holm([test.p_value for test in tests if test.attack == name])
            found[name] += min(own[:2]) <= alpha
    return {name: count / REPEATS for name, count in found.items()}


def _records(
    case: AuditCase,
    groups: _Groups,
    parts: dict[str, tuple[FloatArray, FloatArray, FloatArray]],
    strata: tuple[Strata, Strata, Strata],
) -> pd.DataFrame:
    frame = pd.DataFrame(index=case.data.index[groups.target])
    for name, (mine, _, unseen) in parts.items():
        frame[f"{name} score"] = mine
        frame[f"{name} p_value"] = record_p_values(mine, unseen, (strata[0], strata[2]))
    return frame
