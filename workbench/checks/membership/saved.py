"""Membership evidence in a saved file; scores of records only where the target names its rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import msgspec
import pandas as pd

from workbench.checks.finding import Rest, SavedForm
from workbench.checks.membership.evidence import AttackEvidence, MembershipEvidence
from workbench.checks.membership.figures import AttackFigures, Estimate
from workbench.checks.membership.trace_tests import TraceTest
from workbench.common.multiple_testing import holm
from workbench.common.row_labels import WrittenLabel, read_label, written_label
from workbench.common.saved_values import (
    Count,
    MaybeNumber,
    Number,
    Saved,
    altered,
    check_between,
    wrong,
)
from workbench.methods.saved_effects import SavedEstimates

__all__ = ["SAVED"]

PLACE = "membership"
FIGURES = ("auc", "tpr_1", "tpr_01", "balanced_accuracy")
AttackName = Literal["loss", "lira", "lira-offline", "rmia"]


class SavedEstimate(Saved, frozen=True):
    """One rate with its interval."""

    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber


class SavedFigures(Saved, frozen=True):
    """How well one attack tells records from records that were never trained on."""

    n_records: Count
    n_unseen: Count
    auc: SavedEstimate
    tpr_1: SavedEstimate
    tpr_01: SavedEstimate
    balanced_accuracy: SavedEstimate


class SavedAttack(Saved, frozen=True):
    """One attack on known members, and on the target's records."""

    attack: AttackName
    power: SavedFigures
    result: SavedFigures
    chance: Number


class SavedTest(Saved, frozen=True):
    """One p-value; its correction is made again."""

    attack: AttackName
    question: Literal["higher", "lower"]
    p_value: Number
    corrected: Number


class SavedRecords(Saved, frozen=True):
    """Scores and p-values of the target's records, column by column."""

    labels: tuple[WrittenLabel, ...]
    columns: Annotated[dict[str, tuple[MaybeNumber, ...]], msgspec.Meta(max_length=8)]


class SavedMembership(Saved, frozen=True):
    """Whether the model still treats the target's rows as rows it has seen."""

    decision: str
    finding: str
    target: str
    model: str
    alpha: Number
    least_power: Number
    chance: Number
    n_kept: Count
    n_references: Count
    attacks: Annotated[tuple[SavedAttack, ...], msgspec.Meta(max_length=4)]
    tests: tuple[SavedTest, ...]
    sentences: tuple[str, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    records: SavedRecords | None
    level: Number = 0.95


def _write(found: MembershipEvidence, rest: Rest) -> SavedMembership:
    records = found.records if rest.target.rows is not None else None
    return SavedMembership(
        decision=found.decision,
        finding=found.finding,
        target=found.target,
        model=found.model,
        alpha=found.alpha,
        least_power=found.least_power,
        chance=found.chance,
        n_kept=found.n_kept,
        n_references=found.n_references,
        attacks=tuple(
            msgspec.convert(asdict(attack), SavedAttack, strict=False) for attack in found.attacks
        ),
        tests=tuple(SavedTest(**asdict(test)) for test in found.tests),
        sentences=found.sentences(),
        failures=found.failures,
        notes=found.notes,
        records=None
        if records is None
        else SavedRecords(
            labels=tuple(written_label(label) for label in records.index),
            columns={str(name): tuple(records[name].tolist()) for name in records},
        ),
        level=found.level,
    )


def _read(saved: SavedMembership, rest: Rest, _: SavedEstimates) -> MembershipEvidence:
    for share in (saved.chance, saved.alpha, saved.least_power, saved.level):
        check_between(PLACE, 0.0, share, high=1.0)
    attacks = tuple(_attack(attack, rest.n_target_rows) for attack in saved.attacks)
    names = [attack.attack for attack in attacks]
    tested = {test.attack for test in saved.tests}
    if not attacks or len(set(names)) < len(names) or tested != set(names):
        raise altered("attacks and the tests of what they found do not belong together")
    p_values = [test.p_value for test in saved.tests]
    check_between(f"{PLACE}.tests", 0.0, *p_values, high=1.0)
    return MembershipEvidence(
        target=saved.target,
        model=saved.model,
        attacks=attacks,
        tests=tuple(
            TraceTest(test.attack, test.question, test.p_value, corrected)
            for test, corrected in zip(saved.tests, holm(p_values), strict=True)
        ),
        chance=saved.chance,
        n_kept=saved.n_kept,
        alpha=saved.alpha,
        least_power=saved.least_power,
        n_references=saved.n_references,
        failures=saved.failures,
        level=saved.level,
        notes=saved.notes,
        records=None if saved.records is None else _records(saved.records, rest, names),
    )


def _attack(saved: SavedAttack, n_target_rows: int) -> AttackEvidence:
    power, result = _figures(saved.power), _figures(saved.result)
    if result.n_records > n_target_rows:
        raise altered("more records were attacked than the target has")
    check_between(f"{PLACE}.attacks", 0.0, saved.chance, high=1.0)
    return AttackEvidence(saved.attack, power, result, saved.chance)


def _figures(saved: SavedFigures) -> AttackFigures:
    rates = {}
    for name in FIGURES:
        held: SavedEstimate = getattr(saved, name)
        value, low, high = (
            float("nan") if number is None else float(number)
            for number in (held.value, held.low, held.high)
        )
        check_between(f"{PLACE}.attacks", 0.0, value, low, high, high=1.0)
        check_between(f"{PLACE}.attacks", low, value, high=high)
        rates[name] = Estimate(value, low, high)
    return AttackFigures(saved.n_records, saved.n_unseen, **rates)


def _records(saved: SavedRecords, rest: Rest, names: list[str]) -> pd.DataFrame:
    labels = [read_label(label) for label in saved.labels]
    if not {str(label) for label in labels} <= {str(label) for label in rest.target.rows or ()}:
        raise altered("it scores records that the target does not name")
    known = {f"{name} {what}" for name in names for what in ("score", "p_value")}
    for name, values in saved.columns.items():
        if name not in known or len(values) != len(labels):
            raise wrong(f"{PLACE}.records", "is not one number per record of an attack.")
    return pd.DataFrame(
        {
            name: pd.Series(
                [float("nan") if value is None else float(value) for value in values],
                index=labels,
                dtype=float,
            )
            for name, values in saved.columns.items()
        },
        index=labels,
    )


SAVED = SavedForm(SavedMembership, _write, _read)
