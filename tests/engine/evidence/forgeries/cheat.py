"""What a cheat is, and how it is done: files changed, logged, stamped and signed again."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.engine.evidence.forgeries.story import STEPS, Story
from tests.engine.evidence.sample_dossier import BANK, cosign, table
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.dossier import sign_dossier
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_files import MANIFEST, STATEMENT
from workbench.evidence.keys import SigningKey
from workbench.evidence.log_entries import log_file
from workbench.evidence.notes import checkpoint_text, sign_checkpoint
from workbench.evidence.rehearsal import Controller, HeldRow
from workbench.evidence.statements import open_statement

Told = tuple[dict[str, bytes], Outside]
INVALID = {"opened": "INVALID"}
OTHER = SigningKey.from_seed(b"7" * 32, BANK.name)


@dataclass(frozen=True)
class Cheat:
    """One cheat.

    Attributes
    ----------
    told : callable
        Makes the dossier, and what the reader holds.
    falls : dict of str to str
        The claims that get another verdict than in an honest dossier, and which.
    says : str
        A part of the sentence by which it falls.
    """

    name: str
    told: Callable[[TimeAuthority], Told]
    falls: dict[str, str]
    says: str


CHEATS: list[Cheat] = []


def cheat(falls: dict[str, str], says: str) -> Callable[[Any], Any]:
    """Take a function into the list."""

    def taken(function: Callable[[TimeAuthority], Any]) -> Any:
        def told(authority: TimeAuthority) -> Told:
            made = function(authority)
            return made.told() if isinstance(made, Story) else made

        CHEATS.append(Cheat(function.__name__.replace("_", " "), told, falls, says))
        return function

    return taken


def predicate_of(files: dict[str, bytes], key: SigningKey = BANK) -> dict[str, Any]:
    return open_statement(files[STATEMENT], key.public)[1]


def again(files: dict[str, bytes], key: SigningKey = BANK, **said: Any) -> dict[str, bytes]:
    """Sign changed files again, as their controller can."""
    predicate = (
        json.loads(base64.b64decode(json.loads(files[STATEMENT])["payload"]))["predicate"] | said
    )
    kept = {k: v for k, v in files.items() if k not in (MANIFEST, STATEMENT)}
    return sign_dossier(kept, predicate, key)


def relogged(files: dict[str, bytes], lines: list[bytes]) -> dict[str, bytes]:
    """Replace the log and everything that follows from it."""
    checkpoint = sign_checkpoint(checkpoint_text(BANK.name, lines), BANK.named, BANK.sign)
    return again(
        {**files, "log/entries.jsonl": log_file(lines), "log/checkpoint": cosign(checkpoint)}
    )


def lines_of(files: dict[str, bytes]) -> list[bytes]:
    return files["log/entries.jsonl"].splitlines()


def without_last_stamp(files: dict[str, bytes]) -> dict[str, bytes]:
    return {k: v for k, v in files.items() if k != "time/last.tsr"}


def stamped_again(authority: TimeAuthority, files: dict[str, bytes]) -> dict[str, bytes]:
    return again({**files, "time/last.tsr": authority.stamp(files["log/checkpoint"])})


def record_of(row: HeldRow) -> bytes:
    """The receipt at hand is of the first record in this order."""
    return row.record


def taken_in(held: Controller, person: str, row: int, noise: float = 0.0) -> HeldRow:
    one = table().iloc[[row]].copy()
    one["income"] = one["income"] * (1 + noise)
    return held.take_in(one, [person])[0]


def kept(old: list[HeldRow], gone: list[HeldRow]) -> list[HeldRow]:
    return [row for row in old if row not in gone]


def moved(step: str, before: str) -> tuple[str, ...]:
    rest = [name for name in STEPS if name != step]
    rest.insert(rest.index(before), step)
    return tuple(rest)
