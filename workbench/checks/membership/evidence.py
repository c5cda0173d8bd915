"""What membership attacks find of a target's records, beside what they find of known members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from workbench.checks.membership.figures import AttackFigures
from workbench.checks.membership.trace_tests import TraceTest
from workbench.common.wording import listing, rate, share

__all__ = ["FEWEST_MEASURED", "AttackEvidence", "MembershipDecision", "MembershipEvidence"]

MembershipDecision = Literal["traces", "pushed away", "not found", "no evidence"]

TITLES = {
    "loss": "loss threshold",
    "lira": "LiRA",
    "lira-offline": "LiRA offline",
    "rmia": "RMIA",
}

FEWEST_MEASURED = 10
"""Records of the target below which no attack's share of them is measured."""


@dataclass(frozen=True)
class AttackEvidence:
    """One attack, on known members and on the target's records.

    Attributes
    ----------
    attack : {"loss", "lira", "lira-offline", "rmia"}
    power : AttackFigures
        On records that are in the model, against records that never were.
    result : AttackFigures
        On the target's records, against the same.
    chance : float
        Share of the auditor's models that kept the target's records in which this attack alone
        would have found them.
    """

    attack: str
    power: AttackFigures
    result: AttackFigures
    chance: float

    @property
    def title(self) -> str:
        """The attack's name as people write it."""
        name = TITLES[self.attack]
        return name[0].upper() + name[1:]

    @property
    def measured(self) -> bool:
        """Whether the target has records enough for the figures of its result to mean something."""
        return self.result.n_records >= FEWEST_MEASURED

    def sentence(self, alpha: float) -> str:
        """Say its power and its result, in this order.

        Parameters
        ----------
        alpha : float
            The error rate at which it recognises a model.
        """
        result = (
            f"AUC {self.result.auc} on the erased records"
            if self.measured
            else f"of {_records(self.result.n_records)} no AUC can be measured"
        )
        kept = "it" if self.result.n_records == 1 else "them"
        return (
            f"{self.title}: AUC {self.power.auc} on records known to be in the model, and "
            f"{result}. Alone, at an error rate of {rate(alpha)}, it recognises "
            f"{share(self.chance)} of the auditor's models that kept {kept}."
        )


@dataclass(frozen=True, eq=False)
class MembershipEvidence:
    """Whether a model treats a target's records like records that it has never seen.

    Attributes
    ----------
    target, model : str
    attacks : tuple of AttackEvidence
    tests : tuple of TraceTest
    chance : float
        The power of all tests together: the share of the auditor's models that kept the target's
        records in which they are found.
    n_kept : int
        How many models that is of.
    alpha : float
        The chance of finding anything in a model that never saw the records, at most.
    least_power : float
        Below this `chance`, finding nothing says nothing.
    n_references : int
        Reference models that were trained.
    failures : tuple of str
        Why the others could not be trained.
    notes : tuple of str
        What else the reader should know.
    records : DataFrame or None
        One row per record of the target, by its label: per attack the score and the p-value, its
        position among equally hard records that were never trained on. It names people's rows, so
        a saved report goes without.
    level : float
        Coverage of each interval.
    """

    target: str
    model: str
    attacks: tuple[AttackEvidence, ...]
    tests: tuple[TraceTest, ...]
    chance: float
    n_kept: int
    alpha: float
    least_power: float
    n_references: int
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    records: pd.DataFrame | None = field(default=None, repr=False)
    level: float = 0.95

    @property
    def power(self) -> Mapping[str, AttackFigures]:
        """By attack, its figures on known members."""
        return {one.attack: one.power for one in self.attacks}

    @property
    def result(self) -> Mapping[str, AttackFigures]:
        """By attack, its figures on the target's records."""
        return {one.attack: one.result for one in self.attacks}

    @property
    def decision(self) -> MembershipDecision:
        """What was found; "no evidence" where nothing was and the power is low."""
        found = {test.question for test in self.tests if test.corrected <= self.alpha}
        if "higher" in found:
            return "traces"
        if "lower" in found:
            return "pushed away"
        return "not found" if self.chance >= self.least_power else "no evidence"

    @property
    def headline(self) -> str:
        """The finding in words."""
        return self.finding

    @property
    def finding(self) -> str:
        """The finding in words."""
        best = max(self.attacks, key=lambda one: (one.chance, one.power.auc.value))
        n = best.result.n_records
        chance = (
            f"Of {self.n_kept} models that the auditor trained with {'it' if n == 1 else 'them'}, "
            f"{round(self.chance * self.n_kept)} were recognised at an error rate of "
            f"{rate(self.alpha)}"
        )
        if self.decision == "traces":
            names = self._found_by("higher")
            return (
                f"Traces of the erased records found: the model treats {_these(n)} as "
                f"having been trained on ({listing(names)}, error rate {rate(self.alpha)})."
            )
        if self.decision == "pushed away":
            names = self._found_by("lower")
            return (
                f"The model fits {_records(n)} worse than equally hard records that it "
                f"has never seen ({listing(names)}, error rate {rate(self.alpha)}): pushed away "
                f"rather than forgotten, which can be recognised."
            )
        if self.decision == "not found" and all(test.question == "higher" for test in self.tests):
            return (
                f"No traces of {_records(n)} found, as far as these attacks can see. "
                f"{chance}. Whether the model was made to fail there, rather than to forget, was "
                f"not asked: the target is of a kind of its own, and U-LiRA can tell."
            )
        if self.decision == "not found":
            return (
                f"The model treats {_records(n)} like records it has never seen, as far "
                f"as these attacks can see. {chance}."
            )
        strongest = max(self.attacks, key=lambda one: one.power.auc.value)
        if strongest.power.auc.low > 0.6 or self.chance >= 0.5:
            why = (
                f"the attacks recognise some records that are known to be in the model (AUC "
                f"{strongest.power.auc.value:.2f}), but not surely enough for {_these(n)}"
            )
        else:
            why = (
                f"these attacks hardly recognise records that are known to be in the model (AUC "
                f"{strongest.power.auc.value:.2f}, where 0.50 is guessing)"
            )
        return f"No evidence either way: {why}. {chance}."

    def sentences(self) -> tuple[str, ...]:
        """Return the finding, then each attack's power beside its result, then the caveats."""
        said = [self.finding, *(one.sentence(self.alpha) for one in self.attacks)]
        if self.failures:
            said.append(
                f"{len(self.failures)} of {self.n_references + len(self.failures)} reference "
                f"models could not be trained; the others were used. The first reason: "
                f"{self.failures[0]}"
            )
        return (*said, *self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return two rows per attack, known members first.

        Returns
        -------
        DataFrame
            Columns attack, records ("known members", "target"), n, n_unseen, then auc, tpr_1,
            tpr_01 and balanced_accuracy with _low and _high, and chance_to_find; for the target
            also p_value, the attack's smallest after correction. Rates of fewer than ten records
            are missing.
        """
        return pd.DataFrame(
            [
                {"attack": one.attack, "records": group, **_row(figures, shown)}
                | {
                    "chance_to_find": one.chance,
                    "p_value": float("nan") if group != "target" else self._p_value(one.attack),
                }
                for one in self.attacks
                for group, figures, shown in (
                    ("known members", one.power, True),
                    ("target", one.result, one.measured),
                )
            ]
        )

    def _p_value(self, attack: str) -> float:
        return min(test.corrected for test in self.tests if test.attack == attack)

    def _found_by(self, asked: str) -> list[str]:
        names = (
            TITLES[test.attack]
            for test in self.tests
            if test.question == asked and test.corrected <= self.alpha
        )
        return list(dict.fromkeys(names))


def _records(n: int) -> str:
    return "the 1 erased record" if n == 1 else f"the {n:,} erased records"


def _these(n: int) -> str:
    return "this 1 record" if n == 1 else f"these {n:,} records"


def _row(figures: AttackFigures, shown: bool) -> dict[str, float]:
    row: dict[str, float] = {"n": figures.n_records, "n_unseen": figures.n_unseen}
    for name in ("auc", "tpr_1", "tpr_01", "balanced_accuracy"):
        estimate = getattr(figures, name)
        values = (estimate.value, estimate.low, estimate.high) if shown else (float("nan"),) * 3
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
    return row
