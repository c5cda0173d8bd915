"""Whether the audited model and the retrained ones agree at rows and levels, not only on average.

"Retrained" is a claim about training, not about a file (``estimands.md``, "A change of models"): a
model that reads the forgotten feature, or that answers as the model before does everywhere, is no
model retrained without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.case.compared_cases import ComparedCases
from workbench.checks.verdict import Claim
from workbench.common.against_threshold import exceeds
from workbench.common.wording import listing, signed, stated

__all__ = ["RowAgreement", "direct_claims", "not_retrained", "row_agreement"]

PEOPLE_SHARE = 0.01
"""Share of the rows whose predictions may differ by more than the threshold."""
SAME = 1e-9
"""Predictions this near are the same, in units of their spread."""
CLEARLY, FURTHER = 2.0, 5.0
"""Times the mean difference of asking again that a change must exceed on average, or the largest
at one row."""
TRIED_ROWS = 2_000
"""Rows on which a model is asked whether it heeds a feature."""


@dataclass(frozen=True)
class RowAgreement:
    """How far predictions lie from the retrained models', row by row.

    Attributes
    ----------
    n_rows : int
        Rows of the target.
    differing : int
        Rows whose prediction differs from the retrained models' mean by more than the threshold.
    gap : float
        Mean absolute difference.
    chance : float
        Largest mean absolute difference of one retrained model from the others; NaN with one.
    """

    n_rows: int
    differing: int
    gap: float
    chance: float

    @property
    def holds(self) -> bool:
        """Whether the rows agree, or differ no more than retrained models among themselves."""
        within_chance = bool(np.isfinite(self.chance)) and self.gap <= self.chance
        return self.alike or within_chance

    @property
    def alike(self) -> bool:
        """Whether nearly all rows agree within the threshold."""
        return self.differing <= PEOPLE_SHARE * self.n_rows

    def sentence(self, threshold: float) -> str:
        """Say it in words."""
        where = "none" if not self.differing else f"{100 * self.differing / self.n_rows:.3g} %"
        said = (
            f"At {where} of the rows the prediction differs by "
            f"more than {stated(threshold)} from the retrained model's; the mean difference is "
            f"{signed(self.gap).lstrip('+')}"
        )
        if np.isfinite(self.chance):
            chance = signed(self.chance).lstrip("+")
            return f"{said}. Retrained models differ among themselves by up to {chance}."
        if not self.alike:
            return f"{said}. With one retrained model, how much of that is chance is unknown."
        return f"{said}."


def row_agreement(
    after: npt.NDArray[np.float64], retrained: Sequence[npt.NDArray[np.float64]], threshold: float
) -> RowAgreement:
    """Hold predictions at the target's rows against those of the retrained models.

    Examples
    --------
    >>> half = np.full(100, 0.5)
    >>> row_agreement(np.where(np.arange(100) < 50, 0.4, 0.6), [half], 0.02).holds
    False
    """
    away = np.abs(after - np.mean(retrained, axis=0))
    alone = [
        float(np.abs(one - np.mean([*retrained[:k], *retrained[k + 1 :]], axis=0)).mean())
        for k, one in enumerate(retrained)
        if len(retrained) > 1
    ]
    differing = sum(exceeds(float(gap), threshold) for gap in away)
    chance = max(alone, default=float("nan"))
    return RowAgreement(len(after), differing, float(away.mean()), chance)


def not_retrained(compared: ComparedCases, seed: int) -> tuple[str, ...]:
    """Say why a model that was handed in as retrained is none; empty where nothing shows it."""
    reasons = []
    for place, case in enumerate(compared.retrained, start=1):
        which = "the model" if len(compared.retrained) == 1 else f"model {place}"
        heeded = _heeded(case, compared, seed)
        if heeded:
            reasons.append(f"{which} handed in as retrained without {listing(heeded)} reads it")
        before = compared.before
        if before is not None and _same(case, before):
            reasons.append(
                f"{which} handed in as retrained answers as the model before does at every row"
            )
    return tuple(reasons)


def _same(case: AuditCase, other: AuditCase) -> bool:
    gap = float(np.abs(case.predictions - other.predictions).max())
    return gap <= SAME * max(float(np.ptp(other.predictions)), SAME)


def _heeded(case: AuditCase, compared: ComparedCases, seed: int) -> list[str]:
    """Forgotten features that a model reads, and whose change changes what it answers.

    A model may answer the same row differently each time: a change must then move answers by
    clearly more than asking again does.
    """
    if compared.target.kind not in ("feature", "features"):
        return []
    named = [name for name in compared.target.names if name in case.reads]
    if not case.model.can_query:
        return named
    rng = np.random.default_rng([seed, 97])
    places = np.sort(rng.permutation(case.n_rows)[:TRIED_ROWS])
    rows = case.data.iloc[places][list(case.reads)]
    answered = case.ask(rows)
    again = np.abs(case.ask(rows) - answered)
    least = SAME * max(float(np.ptp(case.predictions)), SAME)
    found = []
    for name in named:
        other = rng.integers(0, case.n_rows, len(places))
        changed = rows.copy()
        changed[name] = case.data[name].iloc[other].array
        moved = np.abs(case.ask(changed) - answered)
        clear = moved.mean() > CLEARLY * again.mean() or moved.max() > FURTHER * again.max()
        if clear and moved.max() > least:
            found.append(name)
    return found


def direct_claims(
    claims: Sequence[Claim], features: Sequence[str], reads: Mapping[str, Sequence[str]]
) -> tuple[Claim, ...]:
    """Return what the verdict says of the audited model's direct use of the forgotten features.

    A model retrained without them has none, so that all of it is residue, over levels, people and
    groups.

    Parameters
    ----------
    reads : mapping of str to sequence of str
        What each retrained model reads.
    """
    if not (reads and features) or any(
        name in names for name in features for names in reads.values()
    ):
        return ()
    return tuple(
        claim for claim in claims if claim.over != "change" and (claim.kind in ("direct", "share"))
    )
