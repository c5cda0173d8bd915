"""A controller's story from rows to dossier in which any step can be a lie.

Every lie is told consistently: what follows it (log, signatures, stamps, proofs) is made again, so
that only the check that the lie is about can notice.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.engine.evidence.sample_dossier import (
    BANK,
    MEASURED,
    cosign,
    names,
    outside,
    table,
)
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import person_token, sha256, sha256_hex
from workbench.evidence.configuration import Configuration, ModelFile
from workbench.evidence.dossier import DossierParts, build_dossier
from workbench.evidence.dossier_case import Outside
from workbench.evidence.keys import SigningKey
from workbench.evidence.log_entries import make_request
from workbench.evidence.near_copies import find_near_copies
from workbench.evidence.rehearsal import Controller, HeldRow, Rehearsed
from workbench.evidence.retraining import configuration_for

OLD, BETWEEN, NEW = "training-set-1", "training-set-1-and-a-half", "training-set-2"
STEPS = ("configuration", "old", "old model", "kept", "request", "others", "new", "new model")
Rows = list[HeldRow]


def honest_rows(held: Controller, old: Rows, gone: Rows) -> Rows:
    return [row for row in old if row not in gone]


def honest_model(held: Controller, old: Rows, new: Rows, before: ModelFile) -> ModelFile:
    return held.fit(new)


def configured() -> Configuration:
    return configuration_for(table(), "credit_score", learner="ridge")


@dataclass
class Story:
    """The steps of a controller; each field is what an honest one does."""

    authority: TimeAuthority
    asking: str = "c-2"
    order: Sequence[str] = STEPS
    configuration: Configuration = field(default_factory=configured)
    old_configuration: Configuration | None = None
    key: SigningKey = BANK
    rows: Callable[[Controller, Rows, Rows], Rows] = honest_rows
    model: Callable[[Controller, Rows, Rows, ModelFile], ModelFile] = honest_model
    proof: Callable[[Controller, Rows, Rows, ModelFile, ModelFile], Any] | None = (
        lambda held, old, new, before, model: held.prove(new, model)
    )
    parent: str | None = OLD
    replaces: str | None = "old model"
    request: dict[str, Any] = field(default_factory=dict)
    committed: Callable[[Rows, Rows], Rows] = lambda taken, asked: taken
    receipt_of: str | None = None
    also: Sequence[str] = ()
    source: Sequence[int] = ()
    others: Callable[[Controller, list[bytes]], list[bytes]] = lambda held, others: others
    between: Callable[[Controller, Rows, Rows], Rows] | None = None
    parts: Callable[[Controller, DossierParts], dict[str, Any]] = lambda held, parts: {}

    def told(self) -> tuple[dict[str, bytes], Outside]:
        """Return the dossier, and what an honest reader holds."""
        held = Controller(self.key, self.configuration, lambda: int(time.time()))
        taken = held.take_in(table(), names())
        people = sorted(zip(taken, names(), strict=True), key=lambda pair: pair[0].record)
        receipts = [
            row.receipt() for row, name in people if name == (self.receipt_of or self.asking)
        ]
        asked = [row for row, name in people if name == self.asking]
        tokens = [row.token for row in asked]
        taken = self.committed(taken, asked)
        if self.source:  # a class or source asks, and the person's row is one of it
            asked = [taken[place] for place in self.source]
            receipts = [min(asked, key=lambda row: row.record).receipt()]
        about = (
            {"granularity": "rows", "rows": [sha256(row.leaf) for row in asked]}
            if self.source
            else {"tokens": tokens}
        )
        theirs = [person_token(held.person_key, name) for name in self.also]
        others: list[bytes] = []
        known: dict[str, Any] = {}
        for step in self.order:
            if step == "configuration":
                if self.old_configuration is not None:
                    held.configuration = self.old_configuration
                    held.log_configuration()
                    held.configuration = self.configuration
                held.log_configuration()
            elif step == "old":
                known["old"] = held.freeze(OLD, taken)
            elif step == "old model":
                old_rows = known.get("old") or sorted(taken, key=lambda row: row.leaf)
                if self.old_configuration is not None:
                    held.configuration = self.old_configuration
                known["before"] = held.fit(old_rows)
                held.log_model(known["before"], OLD)
                held.configuration = self.configuration
            elif step == "kept":
                known["kept"] = held.checkpoint()
                known["old stamp"] = self.authority.stamp(known["kept"])
            elif step == "request":
                received = int(time.time()) + 2
                said = {"received": received, "due": received + 30 * 86_400, **about}
                known["request"] = make_request("R-1", **(said | self.request))
                held.log_request(known["request"])
            elif step == "others":
                for number, token in enumerate(theirs, start=2):
                    due = received + 30 * 86_400
                    others.append(
                        make_request(f"R-{number}", received=received, due=due, tokens=[token])
                    )
                    held.log_request(others[-1])
            elif step == "new":
                everybody = known.get("old") or sorted(taken, key=lambda row: row.leaf)
                gone = [row for row in everybody if row in asked or row.token in theirs]
                parent = self.parent
                if self.between is not None:
                    held.freeze(BETWEEN, self.between(held, everybody, gone), parent)
                    parent = BETWEEN
                known["new"] = held.freeze(NEW, self.rows(held, everybody, gone), parent)
            elif step == "new model":
                before = known.get("before") or held.fit(sorted(taken, key=lambda row: row.leaf))
                known["model"] = self.model(held, known.get("old", taken), known["new"], before)
                replaces = before.sha256 if self.replaces == "old model" else self.replaces
                held.log_model(known["model"], NEW, replaces)
        old, new, before, model = (known[k] for k in ("old", "new", "before", "model"))
        checkpoint = cosign(held.checkpoint())
        parts = DossierParts(
            held.entries, checkpoint, known["request"], self.configuration, model, OLD, NEW,
            [row.leaf for row in old], [row.leaf for row in new], before.sha256,
            proof=self.proof and self.proof(held, old, new, before, model),
            near_copies=find_near_copies(
                held.cell_key, [], [row.encoded.features for row in new]
            ),
            measured=MEASURED,
            old_checkpoint=known["kept"],
            old_stamp=known["old stamp"],
            stamp=self.authority.stamp(checkpoint),
            others=self.others(held, others),
        )  # fmt: skip
        parts = dataclasses.replace(parts, **self.parts(held, parts))
        files = build_dossier(parts, self.key)
        made = Rehearsed(
            files, parts, tuple(receipts), known["kept"],
            sha256_hex(parts.request), sha256_hex(files["model/new.json"]),
        )  # fmt: skip
        hashes = tuple(map(sha256_hex, others))
        return files, dataclasses.replace(outside(made, self.authority), other_sha256s=hashes)
