"""Measure membership evidence: reference models, attacks, their power, then the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.checks.membership.attacks import ATTACKS, attack_scores, calibrated
from workbench.checks.membership.evidence import AttackEvidence, MembershipEvidence
from workbench.checks.membership.figures import attack_figures
from workbench.checks.membership.reference_models import balanced_parts, train_models
from workbench.checks.membership.signals import (
    FloatArray,
    Signals,
    difficulty,
    known_outcomes,
)
from workbench.checks.membership.trace_tests import (
    TraceTest,
    difficulty_strata,
    excess,
    record_p_values,
    trace_tests,
)
from workbench.common.arrays import BoolArray, Positions
from workbench.common.errors import DataError, ModelError, TargetError, listed, suggestion
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress, silent
from workbench.models.training import Training

__all__ = ["erased_rows", "membership_evidence"]

FEWEST = 20
"""Known members, and records never trained on, that the comparison needs at least."""
FEWEST_REFERENCES = 8
QUESTIONS = ("higher", "lower")

Parts = dict[str, tuple[FloatArray, FloatArray, FloatArray]]
"""By attack, what was measured at the target's records, at known members, at unseen records."""


@dataclass(frozen=True, eq=False)
class _Groups:
    """Positions of the target's records, of known members and of unseen records, in the data."""

    target: Positions
    members: Positions
    unseen: Positions

    def split(self, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Split what was measured at all of them, in this order."""
        cuts = np.cumsum([len(self.target), len(self.members)])
        target, members, unseen = np.split(values, cuts)
        return target, members, unseen

    @property
    def all(self) -> Positions:
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
    level: float | None = None,
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
        Models to train on random parts of all rows, at least 8. Half of them see all of the
        target's records, half see none; any other row is in the same share of the models, about
        the share of rows that the audited model was trained on, but between a quarter and three
        quarters.
    workers : int, optional
        Processes that train them; by default one per core. The result does not depend on it.
    alpha : float, default 0.05
        Chance of finding anything in a model that never saw the target's records, at most, after
        Holm's correction over attacks and questions.
    level : float, optional
        Coverage of each interval; 1 − alpha by default.
    least_power : float, default 0.8
        Which share of the reference models that kept the target's records would have to be
        recognised for "not found" to be said.
    most_records : int, default 2000
        Known members, and records never trained on, to measure with; more are drawn from.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    MembershipEvidence

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
    The figures are those of the attacks as published; only the AUC is taken among records that are
    about equally hard for models that never saw them. The tests go further, because the erased
    records may be of a kind of their own: they take each score beside what the attack gives
    reference models that never saw the record (:func:`calibrated`),
    less that of equally hard unseen records, and ask whether the audited model's mean over the
    target lies outside of what models trained without the target show (a t-test per attack and
    side). Models trained with the target, put to the same test, are the power.

    Where the erased records are of a kind of their own, reference models may hold more of that kind
    than a model retrained without them; they then fit it better. Only the question for traces is
    asked in that case: it errs on the careful side.

    Examples
    --------
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
    >>> membership_evidence(case, some, training, references=8, workers=1).decision
    'no evidence'
    """
    level = 1 - alpha if level is None else level
    signals, groups, notes = _prepared(case, target, training, most_records, seed)
    chosen = _attacks(attacks, references, signals)
    asked = groups.all
    rng = np.random.default_rng([seed, 1])
    others, seen, failures = _references(case, training, groups, references, rng, workers, progress)
    own = case.predictions[asked]
    population = np.arange(len(asked) - len(groups.unseen), len(asked))
    parts: Parts = {}
    fair: dict[str, FloatArray] = {}
    for name in chosen:
        attacked = signals, own, others, seen, population
        parts[name] = groups.split(attack_scores(name, *attacked))
        fair[name] = calibrated(name, *attacked)
    hard = groups.split(difficulty(signals, others, seen))
    own_bins, bins = difficulty_strata(np.concatenate(hard[:2]), hard[2])
    strata = own_bins[: len(hard[0])], own_bins[len(hard[0]) :], bins
    kept, blind = seen[:, 0], np.vstack([np.ones(len(hard[2]), bool), ~seen[:, population]])
    excesses = {
        name: excess(*_outer(groups, values), blind, (strata[0], strata[2]))
        for name, values in fair.items()
    }
    alone = float(scipy.stats.ks_2samp(hard[0], hard[2]).pvalue) <= alpha
    tests, chance = _tested(
        excesses, kept, len(groups.target), alpha, QUESTIONS[: 1 if alone else 2]
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
    if alone:
        notes.append(
            "Models that never saw them find the erased records harder or easier than the others: "
            "they are of a kind of their own. The tests allow for that; the attacks' own figures "
            "on the erased records do not fully. Whether the records were pushed away was not "
            "asked, because a model without the whole kind fits it worse in any case; U-LiRA can "
            "tell."
        )
    return MembershipEvidence(
        target=target.describe(),
        model=case.model.name,
        attacks=evidence,
        tests=tests,
        chance=chance[""],
        n_kept=int(kept.sum()),
        alpha=alpha,
        least_power=least_power,
        n_references=len(others),
        failures=failures,
        notes=tuple(notes),
        records=_records(case, groups, parts, fair, strata),
        level=level,
    )


def erased_rows(case: AuditCase, target: UnlearningTarget, training: Training) -> BoolArray:
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


def _drawn(mask: BoolArray, most: int, rng: np.random.Generator) -> Positions:
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
    if references < FEWEST_REFERENCES:
        raise ModelError(
            f"{references} reference models are too few: use at least {FEWEST_REFERENCES}."
        )
    return chosen


def _references(
    case: AuditCase,
    training: Training,
    groups: _Groups,
    references: int,
    rng: np.random.Generator,
    workers: int | None,
    report: Progress,
) -> tuple[FloatArray, BoolArray, tuple[str, ...]]:
    share = float(np.clip(training.rows.mean(), 0.25, 0.75))
    halves = balanced_parts(references, case.n_rows, share, rng)
    halves[:, groups.target] = (np.arange(references) % 2 == 0)[:, None]
    seeds = rng.integers(0, 2**31 - 1, references).tolist()
    trained = train_models(
        training.fit,
        case.data,
        list(zip(halves, seeds, strict=True)),
        groups.all,
        features=case.reads,
        output=case.output,
        workers=workers,
        progress=report,
        step="Membership: reference models",
    )
    seen = halves[trained.numbers][:, groups.all]
    reasons = tuple(failure.reason for failure in trained.failures)
    if min(seen[:, 0].sum(), (~seen[:, 0]).sum()) < 3:
        raise ModelError(
            f"Only {len(seen)} of {references} reference models could be trained, too few to "
            f"compare with. The first reason: {reasons[0]}"
        )
    return trained.scores, seen, reasons


def _outer(groups: _Groups, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the columns of the target's records and of the unseen records."""
    return values[:, : len(groups.target)], values[:, -len(groups.unseen) :]


def _tested(
    excesses: dict[str, FloatArray],
    kept: BoolArray,
    records: int,
    alpha: float,
    questions: tuple[str, ...],
) -> tuple[tuple[TraceTest, ...], dict[str, float]]:
    """Test the audited model, and each model that kept the records for the power.

    Returns
    -------
    tuple of TraceTest
    dict of str to float
        Share of the models that kept the records that is recognised, by attack and, under "", by
        all attacks together.
    """

    def p_values(model: int) -> list[tuple[str, str, float]]:
        return [
            (name, question, value)
            for name, values in excesses.items()
            for question, value in zip(
                questions,
                trace_tests(float(values[model]), values[1:][~kept], records),
                strict=False,
            )
        ]

    found = dict.fromkeys([*excesses, ""], 0)
    places = 1 + np.flatnonzero(kept)
    for place in places:
        every = p_values(int(place))
        together = holm([value for _, _, value in every])
        found[""] += any(
            value <= alpha
            for (_, question, _), value in zip(every, together, strict=True)
            if question == "higher"
        )
        for name in excesses:
            own = holm([value for attack, _, value in every if attack == name])
            found[name] += own[0] <= alpha
    audited = p_values(0)
    corrected = holm([value for _, _, value in audited])
    tests = tuple(TraceTest(*one, value) for one, value in zip(audited, corrected, strict=True))
    return tests, {name: count / len(places) for name, count in found.items()}


def _records(
    case: AuditCase,
    groups: _Groups,
    parts: Parts,
    fair: dict[str, FloatArray],
    strata: tuple[Positions, Positions, Positions],
) -> pd.DataFrame:
    frame = pd.DataFrame(index=case.data.index[groups.target])
    for name, values in fair.items():
        mine, unseen = _outer(groups, values)
        frame[f"{name} score"] = parts[name][0]
        frame[f"{name} p_value"] = record_p_values(mine[0], unseen[0], (strata[0], strata[2]))
    return frame
