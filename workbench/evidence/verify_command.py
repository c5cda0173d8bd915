"""The command ``verify.py``: one line a claim, a verdict of the whole, an exit status.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from workbench.common.errors import EvidenceError
from workbench.common.printable import printable
from workbench.evidence.claims import (
    EXIT_STATUS,
    VERDICT_MEANS,
    VERDICTS,
    Claim,
    ReaderError,
    claim,
    whole_verdict,
)
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_checks import check_dossier
from workbench.evidence.dossier_files import read_dossier
from workbench.evidence.notes import MistypedKey, NamedKey, read_named_key

__all__ = ["outside_from", "verify_command", "verify_path", "written_claims"]

NO_DOSSIER_SHOWS = """What no dossier can show: that the committed rows were all the data there was,
that a copy of the data or of an older model is not kept somewhere, or that a model holds nothing of
a person. It supports that the rows were excluded from the training set of the version it names."""
HELP = """Exit status: 0 PROVED, 1 CONSISTENT, 3 INCONCLUSIVE, 4 CONTRADICTED, 5 INVALID (of the
weakest claim); 2 the verification could not run. Needs no network and nothing but Python 3.9 or
newer."""
LARGEST_GIVEN = 10_000_000


def verify_path(path: str, outside: Outside) -> tuple[Claim, ...]:
    """Judge the dossier in a folder or a zip.

    Raises
    ------
    ReaderError
        When there is none, or what the reader brought cannot be used.
    """
    try:
        files = read_dossier(path)
    except ReaderError:
        raise
    except EvidenceError as error:
        return (claim("opened", "INVALID", str(error)),)
    return check_dossier(files, outside)


def written_claims(claims: Sequence[Claim], long: bool = True) -> str:
    """Write the claims for a terminal, the verdict of the whole last."""
    lines, said = [], {held.verdict for held in claims}
    for held in claims:
        lines.append(printable(f"{held.verdict:13}{held.title}: {held.sentence}."))
        if long:
            lines.append(f"{'':13}  rests on: {held.rests_on}")
            lines.append(f"{'':13}  never says: {held.cannot_say}")
    lines += ["", *(f"  {v}: {VERDICT_MEANS[v]}." for v in VERDICTS if v in said)]
    lines += ["", *NO_DOSSIER_SHOWS.splitlines(), ""]
    return "\n".join(
        [*lines, f"The whole, as strong as its weakest claim: {whole_verdict(claims)}"]
    )


def _file_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST_GIVEN + 1)
    except OSError as error:
        raise ReaderError(f"{path} cannot be read: {error.strerror}.") from None
    if len(raw) > LARGEST_GIVEN:
        raise ReaderError(f"{path} is larger than {LARGEST_GIVEN:,} bytes.")
    return raw


def _key_of(given: str) -> NamedKey:
    """Read a key given as text or as the name of a file that holds it."""
    if os.path.isfile(given):
        text, where = _file_of(given).decode("utf-8", "replace"), f"{given[:80]!r} holds no key. "
    else:
        # Not said back: it might be the secret half.
        text, where = given, "What was given is neither a file's name nor a key. "
    try:
        return read_named_key(text)
    except MistypedKey as error:
        raise ReaderError(str(error)) from None
    except EvidenceError as error:
        raise ReaderError(where + str(error)) from None


def _hash_of(given: str | None) -> str | None:
    """Return a SHA-256 that is given as digits, or that of a file."""
    if given is None:
        return None
    if os.path.isfile(given):
        return sha256_hex(_file_of(given))
    if len(given) != 64 or set(given.lower()) - set("0123456789abcdef"):
        raise ReaderError(f"{given[:80]!r} is neither a file nor a SHA-256 in 64 digits.")
    return given.lower()


def outside_from(
    key: str | None = None,
    authority: str | None = None,
    witnesses: Sequence[str] = (),
    checkpoints: Sequence[str] = (),
    request: str | None = None,
    served: str | None = None,
    receipt: str | None = None,
    growth: Sequence[str] = (),
    others: Sequence[str] = (),
) -> Outside:
    """Return what the reader brought, from texts and names of files.

    Raises
    ------
    ReaderError
        When one of them cannot be used.
    """
    return Outside(
        key=None if key is None else _key_of(key),
        authority=_hash_of(authority),
        witnesses=tuple(_key_of(text) for text in witnesses),
        kept=tuple(_file_of(path) for path in checkpoints),
        growth=tuple(_file_of(path) for path in growth),
        other_sha256s=tuple(str(_hash_of(text)) for text in others),
        request_sha256=_hash_of(request),
        served_sha256=_hash_of(served),
        receipt=None if receipt is None else _file_of(receipt),
    )


def verify_command(words: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Judge a dossier about an exclusion from a training set, offline.",
        epilog=HELP,
    )
    here = os.path.dirname(os.path.abspath(sys.argv[0])) or "."
    say = parser.add_argument
    say("dossier", nargs="?", default=here, help="folder or zip; by default where verify.py lies")
    say("--key", help="the controller's key (name+id+key) or a file with it, NOT from the dossier")
    say("--authority", help="SHA-256 of the time-stamping authority's certificate, or its DER file")
    say("--witness", action="append", default=[], help="a witness's key that you trust")
    say("--checkpoint", action="append", default=[], help="a checkpoint file that you kept")
    say("--growth", action="append", default=[], help="proof that the log grew to a later one")
    say("--other", action="append", default=[], help="SHA-256 of another's request of this step")
    say("--request", help="SHA-256 of the request, from the receipt, or its file")
    say("--served", help="the model file that is served, or its SHA-256")
    say("--receipt", help="the person's receipt, a JSON file")
    say("--short", action="store_true", help="without what each claim rests on")
    say("--json", action="store_true", help="for machines")
    given = parser.parse_args(words)
    try:
        outside = outside_from(
            given.key,
            given.authority,
            given.witness,
            given.checkpoint,
            given.request,
            given.served,
            given.receipt,
            given.growth,
            given.other,
        )
        claims = verify_path(given.dossier, outside)
    except ReaderError as error:
        print(f"The verification could not run: {printable(str(error))}", file=sys.stderr)
        return 2
    except Exception as error:  # Python would end with 1, which says CONSISTENT
        why = printable(f"{type(error).__name__}: {error}")
        print(f"The verification could not run, by a fault of this program: {why}", file=sys.stderr)
        return 2
    if given.json:
        held = [[c.name, c.verdict, c.sentence] for c in claims]
        print(json.dumps({"claims": held, "whole": whole_verdict(claims)}))
    else:
        text = written_claims(claims, long=not given.short)
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # None where it is closed
        print(text.encode(encoding, "replace").decode(encoding))
    return EXIT_STATUS[whole_verdict(claims)]
