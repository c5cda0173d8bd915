"""Judging a dossier's claims, one by one.

Nothing here accuses without a contradiction between things that the controller itself signed, or
between them and what the reader holds: what is only missing is INCONCLUSIVE.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from workbench.common.errors import EvidenceError
from workbench.evidence.claims import Claim, ReaderError, claim
from workbench.evidence.commitments import (
    read_canonical_json,
    sha256,
    token_of,
    tree_root,
)
from workbench.evidence.dossier_case import (
    MODEL,
    DossierCase,
    Outside,
    kept_checkpoint,
    open_case,
)
from workbench.evidence.notes import cosigned_at, is_signed_by, read_checkpoint
from workbench.evidence.optimum_check import proved_gradient
from workbench.evidence.receipts import receipt_claims
from workbench.evidence.time_stamps import stamped_at

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
            *_delta(case),
            _near(case),
            _optimum(case),
            _served(case, outside),
            _in_time(case, at_hand, stamps),
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
    agreed = 0
    for raw in outside.kept:
        kept = kept_checkpoint(raw, case.key)
        if kept.size <= len(case.lines):
            if tree_root(case.lines[: kept.size]) != kept.root:
                why = f"the same key signed another log of {kept.size} entries, which you hold"
                return claim("log", "CONTRADICTED", why)
            agreed += kept.size > least
    seen = [w.name for w in outside.witnesses if cosigned_at(case.checkpoint, w) is not None]
    if seen:
        return claim("log", "PROVED", f"cosigned by {', '.join(seen)}")
    if agreed:
        why = f"a beginning of it is the log of {agreed} checkpoints that you kept"
        return claim("log", "CONSISTENT", why)
    why = "no witness that you trust and no kept checkpoint over the old data: there may be two"
    return claim("log", "INCONCLUSIVE", why)


def _request(case: DossierCase, outside: Outside) -> Claim:
    if outside.request_sha256 is None:
        return claim("request", "INCONCLUSIVE", "give the receipt's hash with --request")
    if outside.request_sha256.lower() == case.request_sha256:
        return claim("request", "PROVED", f"{case.request.name}, as in the receipt")
    return claim("request", "CONTRADICTED", f"it answers {case.request.name}, another request")


def _stamps(case: DossierCase, outside: Outside) -> dict[str, int]:
    """Return the moments that an authority named by the reader stamped."""
    held: dict[str, int] = {}
    if outside.authority is None:
        return held
    for which, data in (("old", "time/old.checkpoint"), ("last", "log/checkpoint")):
        stamp = case.files.get(f"time/{which}.tsr")
        if stamp is not None and data in case.files:
            held[which] = stamped_at(stamp, case.files[data], outside.authority)
    return held


def _day(seconds: int) -> str:
    if not 0 <= seconds < 1 << 36:
        return f"second {seconds}"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


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
    if "old" not in stamps:
        why = "by the log's own order; no time stamp was checked (--authority)"
        return claim("before", "CONSISTENT", why)
    stamped = read_checkpoint(case.files["time/old.checkpoint"])
    if not is_signed_by(stamped, case.key):
        raise EvidenceError("The checkpoint that was stamped is not signed by the key.")
    if stamped.size > len(case.lines) or tree_root(case.lines[: stamped.size]) != stamped.root:
        return claim("before", "CONTRADICTED", "the stamped log is no beginning of this one")
    when = _day(stamps["old"])
    if stamped.size <= max(places[part] for part in OLD_PARTS):
        why = f"the log stamped {when} did not hold rows, model and rules yet"
        return claim("before", "INCONCLUSIVE", why)
    if stamps["old"] >= received:
        why = f"stamped {when}, which is not before the request of {_day(received)}"
        return claim("before", "INCONCLUSIVE", why)
    why = f"stamped {when}, request received {_day(received)}"
    if at_hand.verdict != "PROVED":  # when it was received is the controller's word
        return claim("before", "CONSISTENT", why + " by the controller's word")
    return claim("before", "PROVED", why)


def _rules(case: DossierCase, before: Claim) -> Claim:
    old, new, due = case.entry("old model"), case.entry("new model"), case.configuration.sha256
    if new.get("configuration") != due or old.get("configuration") != due:
        return claim("rules", "CONTRADICTED", "the model before had another configuration")
    if new.get("replaces") != old.get("sha256"):
        return claim("rules", "CONTRADICTED", "the log does not say that it replaces that model")
    if before.verdict in ("CONTRADICTED", "INCONCLUSIVE"):
        why = "one configuration, but not shown to be older than the request"
        return claim("rules", "INCONCLUSIVE", why)
    return claim("rules", before.verdict, "learner, constants, penalty and threshold unchanged")


def _delta(case: DossierCase) -> tuple[Claim, ...]:
    old, new, request = set(case.old), set(case.new), case.request
    gone, added = old - new, new - old
    count = f"{len(old):,} − {len(gone):,} + {len(added):,} = {len(new):,} rows"
    if request.granularity == "feature":
        if gone or added or case.entry("new").get("parent") != case.old_name:
            return (claim("delta", "CONTRADICTED", f"{count}; a feature leaves no row out"),)
        return (_feature(case, f"{count}: the same rows, the feature's weights are 0"),)
    if request.granularity == "record":
        asked = {leaf for leaf in old if token_of(leaf) in request.tokens}
        unknown = request.tokens - {token_of(leaf) for leaf in asked}
        left = sum(token_of(leaf) in request.tokens for leaf in new)
    else:
        asked = {leaf for leaf in old if sha256(leaf) in request.rows}
        unknown = request.rows - {sha256(leaf) for leaf in asked}
        left = sum(sha256(leaf) in request.rows for leaf in new)
    verdict, why = "PROVED", count
    if case.entry("new").get("parent") != case.old_name:
        verdict = "CONTRADICTED"
        why = "the log does not say that the new data set comes from the old one"
    elif gone != asked or added:
        verdict = "CONTRADICTED"
        why = f"{count}, but {len(asked):,} of the old rows were asked for"
    elif unknown:
        verdict, why = "INCONCLUSIVE", f"{count}; {len(unknown)} asked for were not in the old set"
    absent = (
        claim("absent", "CONTRADICTED", f"{left} of the rows asked for are in the new list")
        if left
        else claim("absent", "PROVED", f"none of its {len(new):,} rows is one asked for")
    )
    return claim("delta", verdict, why), absent


def _feature(case: DossierCase, why: str) -> Claim:
    columns = {code.column for code in case.configuration.features}
    if set(case.request.features) - columns:
        return claim("delta", "INCONCLUSIVE", "the model before did not read the feature")
    if set(case.request.features) != set(case.model.without):
        return claim("delta", "CONTRADICTED", "the new model leaves other features out than asked")
    for code, weight in zip(case.configuration.features, case.model.weights):
        if code.column in case.request.features and weight != 0:
            return claim("delta", "CONTRADICTED", f"{code.column} still has a weight")
    return claim("delta", "PROVED", why)


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
    why = f"{held['flagged']} of {held['kept']:,} kept rows flagged; of others' rows {rate} are"
    return claim("near", "INCONCLUSIVE" if held["flagged"] else "CONSISTENT", why)


def proof_context(new_root: bytes, model: bytes, configuration: bytes) -> bytes:
    """Return what a proof of the optimum is made for: this data set, model and configuration."""
    return b"cafe-evidence/dossier/v1" + new_root + sha256(model) + sha256(configuration)


def _optimum(case: DossierCase) -> Claim:
    raw = case.files.get("proofs/optimum.json")
    configuration, model = case.configuration, case.model
    if model.without and case.request.granularity != "feature":
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


def _in_time(case: DossierCase, at_hand: Claim, stamps: Mapping[str, int]) -> Claim:
    due = case.request.due
    if "last" not in stamps:
        return claim("in time", "INCONCLUSIVE", f"due {_day(due)}; no time stamp was checked")
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
        claims.append(claim("reported", said["verdict"], f"{name}: {str(said['sentence'])[:500]}"))
    return claims
