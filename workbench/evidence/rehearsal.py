"""A controller in memory: from a table to a dossier in one sitting.

It takes the steps that a registry takes over years: rows committed, configuration and model logged,
a request received, the rows left out, the model retrained, the dossier built. For samples, for
practice, and for tests; what it holds is gone when the program ends.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.common.errors import EvidenceError
from workbench.evidence.audit_results import AUDIT_REPORT, measured_by, report_file
from workbench.evidence.commitments import (
    canonical_record,
    make_leaf,
    person_token,
    record_seal,
    sha256,
    sha256_hex,
    tree_root,
)
from workbench.evidence.configuration import Configuration, ModelFile
from workbench.evidence.dossier import NOTHING_MEASURED, DossierParts, Measured, build_dossier
from workbench.evidence.dossier_case import read_request
from workbench.evidence.dossier_checks import proof_context
from workbench.evidence.keys import SigningKey
from workbench.evidence.log_entries import (
    configuration_entry,
    dataset_entry,
    make_request,
    model_entry,
    request_entry,
)
from workbench.evidence.near_copies import find_near_copies
from workbench.evidence.notes import checkpoint_text, sign_checkpoint
from workbench.evidence.optimum_proof import prove_optimum
from workbench.evidence.provenance import provenance_bundle
from workbench.evidence.receipts import make_receipt
from workbench.evidence.retraining import encode_rows, train
from workbench.evidence.row_commitments import EncodedRow, commit_rows, new_blind
from workbench.report.audit_report import AuditReport

__all__ = ["Controller", "HeldRow", "Rehearsed", "rehearse"]

DAY = 86_400
TERM = 30 * DAY
OLD_ROWS, NEW_ROWS = "training-set-1", "training-set-2"
"""How the log names the data sets before and after the request."""


@dataclass(frozen=True)
class HeldRow:
    """A row as its controller holds it, with its secrets."""

    token: bytes
    record: bytes
    salt: bytes
    encoded: EncodedRow
    leaf: bytes

    def receipt(self, request_sha256: str | None = None) -> bytes:
        """Return what opens the row's commitment, for the person."""
        return make_receipt(self.token, self.salt, self.encoded.blind, self.record, request_sha256)


class Controller:
    """Keeps rows, a log and a key.

    Parameters
    ----------
    key : SigningKey
        Signs checkpoints and dossiers.
    configuration : Configuration
        How models are trained; logged first.
    now : callable
        Gives the seconds since 1970.

    Attributes
    ----------
    entries : list of bytes
        The log.
    """

    def __init__(
        self, key: SigningKey, configuration: Configuration, now: Callable[[], int]
    ) -> None:
        self.key, self.configuration, self.now = key, configuration, now
        self.person_key, self.cell_key = os.urandom(32), os.urandom(32)
        self.entries: list[bytes] = []

    def log_configuration(self) -> None:
        """Fix the configuration in the log."""
        self.entries.append(configuration_entry(self.configuration.to_bytes(), self.now()))

    def take_in(self, table: pd.DataFrame, people: Sequence[str]) -> list[HeldRow]:
        """Commit to each row of a table."""
        features, outcomes = encode_rows(table, self.configuration)
        encoded = [EncodedRow(x, y, new_blind()) for x, y in zip(features, outcomes, strict=True)]
        names = [str(name) for name in table.columns]
        held = []
        for person, cells, row, point in zip(
            people,
            table.itertuples(index=False, name=None),
            encoded,
            commit_rows(encoded),
            strict=True,
        ):
            record, salt = canonical_record(dict(zip(names, cells))), os.urandom(32)
            token = person_token(self.person_key, person)
            leaf = make_leaf(token, record_seal(salt, record), point)
            held.append(HeldRow(token, record, salt, row, leaf))
        return held

    def freeze(
        self, name: str, rows: Sequence[HeldRow], parent: str | None = None
    ) -> list[HeldRow]:
        """Log a data set; return its rows in the order of their leaves."""
        ordered = sorted(rows, key=lambda row: row.leaf)
        root = tree_root([row.leaf for row in ordered])
        self.entries.append(dataset_entry(name, root, len(ordered), self.now(), parent))
        return ordered

    def fit(self, rows: Sequence[HeldRow], without: Sequence[str] = ()) -> ModelFile:
        """Train on rows."""
        features = [row.encoded.features for row in rows]
        outcomes = [row.encoded.outcome for row in rows]
        return train(self.configuration, features, outcomes, without=without)

    def log_model(self, model: ModelFile, dataset: str, replaces: str | None = None) -> None:
        """Log a model version."""
        self.entries.append(
            model_entry(model.sha256, dataset, self.configuration.sha256, self.now(), replaces)
        )

    def about(self, people: Sequence[str]) -> dict[str, Any]:
        """Return what a request of people is about: all rows under their tokens."""
        names = dict.fromkeys(people)
        return {"tokens": [person_token(self.person_key, name) for name in names]}

    def log_request(self, request: bytes) -> None:
        """Log that a request was received."""
        self.entries.append(request_entry(request, self.now()))

    def checkpoint(self) -> bytes:
        """Return the signed checkpoint of the log as it is."""
        text = checkpoint_text(self.key.name, self.entries)
        return sign_checkpoint(text, self.key.named, self.key.sign)

    def prove(self, rows: Sequence[HeldRow], model: ModelFile) -> dict[str, object]:
        """Prove that the model is the optimum of rows (in the order of their leaves)."""
        context = proof_context(
            tree_root([row.leaf for row in rows]),
            model.to_bytes(),
            self.configuration.to_bytes(),
        )
        return prove_optimum(
            [row.encoded for row in rows],
            [row.leaf[32:64] for row in rows],
            self.configuration.learner,
            model.weights,
            self.configuration.penalty,
            context,
        )


@dataclass(frozen=True)
class Rehearsed:
    """What a rehearsal leaves: the dossier, and what its reader would hold.

    Attributes
    ----------
    files : mapping of str to bytes
        The dossier.
    parts : DossierParts
        What it was put together from.
    receipts : tuple of bytes
        One for each row that was left out.
    kept : bytes
        The checkpoint from before the request, as a reader would keep it.
    request_sha256, model_sha256 : str
        Of the request and the new model's file.
    """

    files: Mapping[str, bytes]
    parts: DossierParts
    receipts: tuple[bytes, ...]
    kept: bytes
    request_sha256: str
    model_sha256: str


def rehearse(
    table: pd.DataFrame,
    people: Sequence[str],
    asking: Sequence[str],
    configuration: Configuration,
    key: SigningKey,
    *,
    now: Callable[[], int],
    forget: Sequence[str] = (),
    rows: Sequence[int] = (),
    also: Sequence[str] = (),
    prove: bool = True,
    stamp: Callable[[bytes], bytes] | None = None,
    cosign: Callable[[bytes], bytes] | None = None,
    measured: Mapping[str, Measured] = NOTHING_MEASURED,
    report: AuditReport | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Rehearsed:
    """Take a table from ingestion to the dossier that answers a request.

    Parameters
    ----------
    table : DataFrame
        The training rows.
    people : sequence of str
        Whose row each is, one name for each row.
    asking : sequence of str
        Who asks to be left out; nobody where `forget` or `rows` says what is.
    configuration : Configuration
        How models are trained.
    key : SigningKey
        The controller's.
    now : callable
        Gives the seconds since 1970.
    forget : sequence of str
        Features to be forgotten, in all rows.
    rows : sequence of int
        Places of the rows of a class or source that is to be left out.
    also : sequence of str
        Others who ask in the same step, with a request each.
    prove : bool, default True
        Whether to prove the optimum.
    stamp, cosign : callable, optional
        Stamps a checkpoint (RFC 3161); adds a witness's cosignature.
    measured : mapping of str to Measured
        What an audit of the new model found.
    report : AuditReport, optional
        An audit, which goes in. Its results are INCONCLUSIVE: nobody has asked the model that is
        made here about the report's rows.
    facts : mapping, optional
        What the provenance files state of licence, source and surroundings.

    Raises
    ------
    EvidenceError
        When somebody who asks has no row, or not exactly one of `asking`, `forget` and `rows` is
        given.
    """
    strangers = sorted({*asking, *also} - set(people))
    if strangers:
        raise EvidenceError(f"Nobody in the table is called {strangers[0]!r}.")
    if sum(map(bool, (asking, forget, rows))) != 1:
        raise EvidenceError("A request is about people, or features, or rows: one of the three.")
    held = Controller(key, configuration, now)
    held.log_configuration()
    taken = held.take_in(table, people)
    old = held.freeze(OLD_ROWS, taken)
    before = held.fit(old)
    held.log_model(before, OLD_ROWS)
    kept = held.checkpoint()
    old_stamp = None if stamp is None else stamp(kept)

    if forget:
        about: dict[str, Any] = {"granularity": "feature", "features": list(forget)}
    elif rows:
        about = {"granularity": "rows", "rows": [sha256(taken[place].leaf) for place in rows]}
    else:
        about = held.about(asking)
    request, *others = _logged_requests(
        held, [about, *(held.about([one]) for one in dict.fromkeys(also))]
    )
    leaves = [row.leaf for row in old]
    named = set(read_request(request).named(leaves))
    leaving = named.union(*(read_request(one).named(leaves) for one in others))

    new = held.freeze(NEW_ROWS, [row for row in old if row.leaf not in leaving], OLD_ROWS)
    after = held.fit(new, without=forget)
    held.log_model(after, NEW_ROWS, replaces=before.sha256)
    proof = held.prove(new, after) if prove else None
    near = find_near_copies(
        held.cell_key,
        [row.encoded.features for row in old if row.leaf in leaving],
        [row.encoded.features for row in new],
    )
    checkpoint = held.checkpoint()
    checkpoint = checkpoint if cosign is None else cosign(checkpoint)
    parts = DossierParts(
        entries=held.entries,
        checkpoint=checkpoint,
        request=request,
        configuration=configuration,
        model=after,
        old_dataset=OLD_ROWS,
        new_dataset=NEW_ROWS,
        old_leaves=leaves,
        new_leaves=[row.leaf for row in new],
        old_model=before.sha256,
        proof=proof,
        near_copies=near,
        measured=measured if report is None else measured_by(report),
        old_checkpoint=kept if old_stamp else None,
        old_stamp=old_stamp,
        stamp=None if stamp is None else stamp(checkpoint),
        others=others,
    )
    more = provenance_bundle(parts, at=now(), facts=facts)
    if report is not None:
        more[AUDIT_REPORT] = report_file(report)
    parts = dataclasses.replace(parts, more=more)
    request_sha256 = sha256_hex(request)
    return Rehearsed(
        build_dossier(parts, key),
        parts,
        tuple(row.receipt(request_sha256) for row in old if row.leaf in named),
        kept,
        request_sha256,
        after.sha256,
    )


def _logged_requests(held: Controller, scopes: Iterable[Mapping[str, Any]]) -> list[bytes]:
    """Receive and log a request for each scope, numbered from R-1."""
    received = held.now() + 1  # a stamp of the same second is not before it
    requests = [
        make_request(
            f"R-{number}",
            received=received,
            due=received + TERM,
            clauses=["GDPR 17(1)", "DPDP 12(3)"],
            **scope,
        )
        for number, scope in enumerate(scopes, start=1)
    ]
    for one in requests:
        held.log_request(one)
    return requests
