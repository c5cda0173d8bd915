"""Judging a dossier's claims, one by one.

Nothing here accuses without a contradiction between things that the controller itself signed, or
between them and what the reader holds: what is only missing is INCONCLUSIVE.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from workbench.common.errors import EvidenceError
from workbench.evidence.claims import Claim, ReaderError, claim
from workbench.evidence.commitments import (
    is_consistent,
    read_canonical_json,
    sha256,
    tree_root,
)
from workbench.evidence.delta_checks import delta_claims
from workbench.evidence.dossier_case import (
    MODEL,
    DossierCase,
    Outside,
    kept_checkpoint,
    open_case,
    read_growth,
)
from workbench.evidence.notes import Checkpoint, cosigned_at, is_signed_by, read_checkpoint
from workbench.evidence.optimum_check import proved_gradient
from workbench.evidence.receipts import receipt_claims
from workbench.evidence.time_stamps import OtherAuthority, stamped_at

__all__ = ["LOOSEST", "check_dossier", "proof_context"]

LOOSEST = 0.01
"""A threshold above it tells nothing: one row in doubt can have as small a gradient."""
OLD_PARTS = ("configuration", "old", "old model")


def check_dossier(files: Mapping[str, bytes], outside: Outside) -> tuple[Claim, ...]:
    """Judge every claim of a dossier.

    Parameters
    ----------
    files : mapping of str to bytes
        From :func:`workbench.evidence.dossier_files.read_dossier`.
    outside : Outside
        What the reader knows from elsewhere.

    Raises
    ------
    ReaderError
        When what the reader brought cannot be used.
    """
    try:
        case = open_case(files, outside)
        stamps = _stamps(case, outside)
        at_hand = _request(case, outside)
        before = _before(case, outside, at_hand, stamps)
        held = [
            _signed(outside),
            _log(case, outside),
            at_hand,
            before,
            _rules(case, before),
            *delta_claims(case, outside),
            _near(case),
            _optimum(case),
            _served(case, outside),
            _in_time(case, outside, at_hand, stamps),
            *_reported(case),
            *receipt_claims(case, outside),
        ]
    except ReaderError:  # the reader's own mistake is no fault of the dossier
        raise
    except EvidenceError as error:
        return (claim("opened", "INVALID", str(error)),)
    return tuple(held)


def _signed(outside: Outside) -> Claim:
    if outside.key is None:
        why = "the key is the dossier's own; give the controller's with --key"
        return claim("signed", "INCONCLUSIVE", why)
    return claim("signed", "PROVED", f"by the key of {outside.key.name}")


def _log(case: DossierCase, outside: Outside) -> Claim:
    least = max(case.places[part] for part in OLD_PARTS)
    agreed = later = 0
    for raw in outside.kept:
        kept = kept_checkpoint(raw, case.key)
        if kept.size <= len(case.lines):
            if tree_root(case.lines[: kept.size]) != kept.root:
                why = f"the same key signed another log of {kept.size} entries, which you hold"
                return claim("log", "CONTRADICTED", why)
            agreed += kept.size > least
        elif _continued(case, kept, outside.growth):
            agreed += 1
        else:
            later += 1
    if later:  # even a witness saw only that this part of the log grew, not what came after it
        why = "you kept a checkpoint of a longer log, and no proof leads to it (--growth): the log "
        return claim("log", "INCONCLUSIVE", why + "may have been rolled back, or only gone on")
    seen = [w.name for w in outside.witnesses if cosigned_at(case.checkpoint, w) is not None]
    if seen:
        return claim("log", "PROVED", f"cosigned by {', '.join(seen)}")
    if agreed:
        why = f"it agrees with {agreed} checkpoint{'s' * (agreed > 1)} that you kept"
        return claim("log", "CONSISTENT", why)
    why = "no witness that you trust and no kept checkpoint over the old data: there may be two"
    return claim("log", "INCONCLUSIVE", why)


def _continued(case: DossierCase, kept: Checkpoint, proofs: Iterable[bytes]) -> bool:
    """Tell whether a proof shows that the dossier's log grew into the one of a later checkpoint."""
    for raw in proofs:
        held = read_growth(raw)
        if (held.old, held.new) == (len(case.lines), kept.size) and is_consistent(
            held.old, case.checkpoint.root, held.new, kept.root, held.path
        ):
            return True
    return False


def _request(case: DossierCase, outside: Outside) -> Claim:
    if outside.request_sha256 is None:
        return claim("request", "INCONCLUSIVE", "give the receipt's hash with --request")
    if outside.request_sha256.lower() == case.request_sha256:
        return claim("request", "PROVED", f"{case.request.name}, as in the receipt")
    return claim("request", "CONTRADICTED", f"it answers {case.request.name}, another request")


def _stamps(case: DossierCase, outside: Outside) -> dict[str, int]:
    """Return the moments that the authority named by the reader stamped."""
    held: dict[str, int] = {}
    if outside.authority is None:
        return held
    for which, data in (("old", "time/old.checkpoint"), ("last", "log/checkpoint")):
        stamp = case.files.get(f"time/{which}.tsr")
        if stamp is not None and data in case.files:
            try:
                held[which] = stamped_at(stamp, case.files[data], outside.authority)
            except OtherAuthority:  # a controller may choose another: what is missing is the stamp
                continue
    return held


def _no_stamp(outside: Outside) -> str:
    if outside.authority is None:
        return "no time stamp was checked (--authority)"
    return "no time stamp of the authority that you named"


def _day(seconds: int) -> str:
    if not 0 <= seconds < 1 << 36:
        return f"second {seconds}"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


CLOCKS = 3_600
"""Seconds by which the clocks of a controller and an authority may differ."""


def _before(
    case: DossierCase, outside: Outside, at_hand: Claim, stamps: Mapping[str, int]
) -> Claim:
    places, received = case.places, case.request.received
    late = [part for part in OLD_PARTS if places[part] > places["request"]]
    early = [part for part in ("new", "new model") if places[part] < places["request"]]
    if late:
        why = f"the log has the request before the {late[0]}"
        return claim("before", "CONTRADICTED", why)
    if early:
        return claim("before", "CONTRADICTED", f"the log has the {early[0]} before the request")
    raw = case.files.get("time/old.checkpoint")
    stamped = None if raw is None else read_checkpoint(raw)
    if stamped is not None:  # signed by the controller: it binds whoever stamped it, or nobody
        if not is_signed_by(stamped, case.key):
            raise EvidenceError("The checkpoint that was stamped is not signed by the key.")
        if stamped.size > len(case.lines) or tree_root(case.lines[: stamped.size]) != stamped.root:
            return claim("before", "CONTRADICTED", "the stamped log is no beginning of this one")
    if stamped is None or "old" not in stamps:
        why = f"by the log's own order; {_no_stamp(outside)}"
        return claim("before", "CONSISTENT", why)
    when = _day(stamps["old"])
    if stamped.size <= max(places[part] for part in OLD_PARTS):
        why = f"the log stamped {when} did not hold rows, model and rules yet"
        return claim("before", "INCONCLUSIVE", why)
    if stamps["old"] >= received:
        why = f"stamped {when}, which is not before the request of {_day(received)}"
        return claim("before", "INCONCLUSIVE", why)
    if stamps.get("last", received) < received - CLOCKS:
        why = f"the request stands in a log stamped {_day(stamps['last'])}, before it is said to"
        return claim("before", "INCONCLUSIVE", f"{why} have come in, {_day(received)}")
    why = f"stamped {when}, request received {_day(received)}"
    if at_hand.verdict != "PROVED":  # when it was received is the controller's word
        return claim("before", "CONSISTENT", why + " by the controller's word")
    return claim("before", "PROVED", why)


def _rules(case: DossierCase, before: Claim) -> Claim:
    old, new, pinned = case.entry("old model"), case.entry("new model"), case.configuration.sha256
    if new.get("configuration") != pinned or old.get("configuration") != pinned:
        return claim("rules", "CONTRADICTED", "the model before had another configuration")
    if new.get("replaces") != old.get("sha256"):
        return claim("rules", "CONTRADICTED", "the log does not say that it replaces that model")
    if before.verdict in ("CONTRADICTED", "INCONCLUSIVE"):
        why = "one configuration, but not shown to be older than the request"
        return claim("rules", "INCONCLUSIVE", why)
    return claim("rules", before.verdict, "learner, constants, penalty and threshold unchanged")


def _near(case: DossierCase) -> Claim:
    raw = case.files.get("near_copies.json")
    if raw is None:
        return claim("near", "INCONCLUSIVE", "the dossier does not say")
    held = read_canonical_json(raw, "The count of near copies")
    if not isinstance(held, dict) or not all(type(held.get(k)) is int for k in ("flagged", "kept")):
        raise EvidenceError("The count of near copies is not built as one.")
    if held["kept"] != len(case.new) and case.request.granularity != "feature":
        return claim("near", "CONTRADICTED", "another number of rows was looked at than is left")
    rate = str(held.get("false_match_rate"))[:20]
    why = f"{held['flagged']} of {held['kept']:,} kept rows flagged; by chance a share of {rate} is"
    return claim("near", "INCONCLUSIVE" if held["flagged"] else "CONSISTENT", why)


def proof_context(new_root: bytes, model: bytes, configuration: bytes) -> bytes:
    """Return what a proof of the optimum is made for: this data set, model and configuration."""
    return b"cafe-evidence/dossier/v1" + new_root + sha256(model) + sha256(configuration)


def _optimum(case: DossierCase) -> Claim:
    raw = case.files.get("proofs/optimum.json")
    configuration, model = case.configuration, case.model
    if set(model.without) - case.features:
        return claim("optimum", "CONTRADICTED", "weights are 0 that nobody asked to forget")
    if raw is None:
        why = "no proof in the dossier: replay the training with the data"
        return claim("optimum", "INCONCLUSIVE", why)
    gradient = proved_gradient(
        read_canonical_json(raw, "The proof of the optimum"),
        [leaf[32:64] for leaf in case.new],
        configuration.learner,
        model.weights,
        configuration.penalty,
        proof_context(tree_root(case.new), case.files[MODEL], case.files["configuration.json"]),
    )
    free = {j for j, code in enumerate(configuration.features) if code.column in model.without}
    largest = max(abs(gradient[j]) for j in range(len(gradient)) if j not in free)
    threshold = float(configuration.threshold)
    if threshold > LOOSEST:
        why = f"the configuration allows a gradient of {threshold:g}: too loose to tell"
        return claim("optimum", "INCONCLUSIVE", why)
    why = f"largest gradient {largest:.1e}, where {threshold:g} is allowed"
    if largest > threshold:
        return claim("optimum", "CONTRADICTED", why)
    if min(configuration.penalty) > 0:
        distance = sum(g * g for g in gradient) ** 0.5 / min(configuration.penalty)
        why += f"; at most {distance:.1e} from the optimum" if not free else ""
    # Sound as far as its authors know, but nobody else has read the proof: it says no more yet.
    return claim("optimum", "CONSISTENT", why)


def _served(case: DossierCase, outside: Outside) -> Claim:
    if outside.served_sha256 is None:
        why = f"compare the served file's SHA-256 with {case.model_sha256} (--served)"
        return claim("served", "INCONCLUSIVE", why)
    if outside.served_sha256.lower() == case.model_sha256:
        return claim("served", "PROVED", "the file that you hashed is the dossier's")
    return claim("served", "CONTRADICTED", "the file that you hashed is another one")


def _in_time(
    case: DossierCase, outside: Outside, at_hand: Claim, stamps: Mapping[str, int]
) -> Claim:
    due = case.request.due
    if "last" not in stamps:
        return claim("in time", "INCONCLUSIVE", f"due {_day(due)}; {_no_stamp(outside)}")
    why = f"stamped {_day(stamps['last'])}, due {_day(due)}"
    if stamps["last"] > due:
        # A later stamp does not show that the work was late, only that nothing shows it in time.
        return claim("in time", "INCONCLUSIVE", why + ": after the day it was due")
    verdict = "PROVED" if at_hand.verdict == "PROVED" else "CONSISTENT"
    return claim("in time", verdict, why)


def _reported(case: DossierCase) -> list[Claim]:
    held = read_canonical_json(case.files["results.json"], "The results")
    if not isinstance(held, dict) or not held or len(held) > 50:
        raise EvidenceError("The results are not built as ones.")
    claims = []
    for name, said in held.items():
        if not isinstance(said, dict) or set(said) != {"verdict", "sentence"}:
            raise EvidenceError("The results are not built as ones.")
        if said["verdict"] not in ("CONSISTENT", "INCONCLUSIVE", "CONTRADICTED"):
            raise EvidenceError("A measurement is CONSISTENT at best; it proves nothing.")
        # Runs of blanks could lay a line out that looks like a claim of this program.
        words = f"{name[:40]}: {str(said['sentence'])[:500]}".split()
        claims.append(claim("reported", said["verdict"], " ".join(words)))
    return claims
