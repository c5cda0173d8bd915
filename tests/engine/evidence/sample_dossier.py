"""One small honest dossier with everything that a reader can bring, and how it is judged."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tests.engine.evidence.time_authority import TimeAuthority
from workbench import datasets
from workbench.evidence.claims import Claim, whole_verdict
from workbench.evidence.dossier import Measured
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_checks import check_dossier
from workbench.evidence.keys import SigningKey
from workbench.evidence.notes import WITNESS_KEY, cosign_checkpoint
from workbench.evidence.rehearsal import Rehearsed, rehearse
from workbench.evidence.retraining import configuration_for

BANK = SigningKey.from_seed(b"1" * 32, "bank.example/evidence")
WITNESS = SigningKey.from_seed(b"2" * 32, "witness.example/one", WITNESS_KEY)
PEOPLE = 24
MEASURED = {"membership": Measured("CONSISTENT", "AUC 0.51 (0.44 to 0.58) on known members")}


def now() -> int:
    return int(time.time())


def table() -> pd.DataFrame:
    """Rows of the loan sample; some people have two."""
    return datasets.loan(PEOPLE, seed=5).data[
        ["neighborhood_income", "income", "credit_score", "approved"]
    ]


def names() -> list[str]:
    return [f"c-{i % (PEOPLE - 4)}" for i in range(PEOPLE)]


def cosign(checkpoint: bytes) -> bytes:
    return cosign_checkpoint(checkpoint, WITNESS.named, WITNESS.sign, now())


@dataclass(frozen=True)
class Sample:
    """An honest dossier, and all that its reader holds."""

    made: Rehearsed
    outside: Outside

    def judged(self, files: Mapping[str, bytes] | None = None, **changed: Any) -> tuple[Claim, ...]:
        outside = Outside(**(vars(self.outside) | changed))
        return check_dossier(self.made.files if files is None else files, outside)


def verdicts(claims: tuple[Claim, ...]) -> dict[str, str]:
    return {held.name: held.verdict for held in claims}


def whole(claims: tuple[Claim, ...]) -> str:
    return whole_verdict(claims)


@functools.cache
def sample(authority: TimeAuthority, learner: str = "ridge", asking: str = "c-2") -> Sample:
    """Return an honest dossier; ridge is quicker to prove."""
    rows = table()
    outcome = "approved" if learner == "logistic" else "credit_score"
    configuration = configuration_for(rows, outcome, learner=learner)  # type: ignore[arg-type]
    made = rehearse(
        rows, names(), [asking], configuration, BANK, now=now, stamp=authority.stamp,
        cosign=cosign, measured=MEASURED,
    )  # fmt: skip
    return Sample(made, outside(made, authority))


def outside(made: Rehearsed, authority: TimeAuthority) -> Outside:
    return Outside(
        key=BANK.named,
        authority=authority.pin,
        witnesses=(WITNESS.named,),
        kept=(made.kept,),
        request_sha256=made.request_sha256,
        served_sha256=made.model_sha256,
        receipt=made.receipts[0] if made.receipts else None,
    )
