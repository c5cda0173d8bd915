"""Cheats with the log: two of them, one rewritten, one that breaks off."""

from __future__ import annotations

import dataclasses

from tests.engine.evidence.forgeries.cheat import (
    INVALID,
    OTHER,
    Told,
    again,
    cheat,
    lines_of,
    relogged,
    stamped_again,
    without_last_stamp,
)
from tests.engine.evidence.forgeries.story import OLD, Story
from tests.engine.evidence.sample_dossier import BANK, now
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import canonical_json, read_canonical_json, sha256_hex
from workbench.evidence.dossier_case import growth_file
from workbench.evidence.keys import SigningKey
from workbench.evidence.log_entries import dataset_entry, request_entry
from workbench.evidence.notes import (
    WITNESS_KEY,
    checkpoint_text,
    cosign_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)

# ---- The log --------------------------------------------------------------------------------


def _kept_of_another_log(files: dict[str, bytes], size: int = 4) -> bytes:
    other = [b'{"at":1,"kind":"another history"}', *lines_of(files)][:size]
    return sign_checkpoint(checkpoint_text(BANK.name, other), BANK.named, BANK.sign)


@cheat({"log": "CONTRADICTED"}, "another log")
def a_second_log_is_shown_to_one_who_kept_the_first(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return files, dataclasses.replace(outside, kept=(_kept_of_another_log(files),))


@cheat({"log": "INCONCLUSIVE"}, "there may be two")
def a_second_log_is_shown_to_one_who_kept_nothing(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    bare = sign_checkpoint(checkpoint_text(BANK.name, lines_of(files)), BANK.named, BANK.sign)
    changed = stamped_again(authority, again({**files, "log/checkpoint": bare}))
    return changed, dataclasses.replace(outside, kept=())


@cheat({"log": "INCONCLUSIVE"}, "there may be two")
def the_witness_is_the_controllers_own(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    own = SigningKey.from_seed(b"8" * 32, outside.witnesses[0].name, WITNESS_KEY)
    bare = sign_checkpoint(checkpoint_text(BANK.name, lines_of(files)), BANK.named, BANK.sign)
    seen = cosign_checkpoint(bare, own.named, own.sign, now())
    changed = stamped_again(authority, again({**files, "log/checkpoint": seen}))
    return changed, dataclasses.replace(outside, kept=())


@cheat({"log": "INCONCLUSIVE"}, "there may be two")
def the_cosignature_is_of_another_checkpoint(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    other, _ = Story(authority).told()
    line = other["log/checkpoint"].splitlines(keepends=True)[-1]
    bare = sign_checkpoint(checkpoint_text(BANK.name, lines_of(files)), BANK.named, BANK.sign)
    changed = stamped_again(authority, again({**files, "log/checkpoint": bare + line}))
    return changed, dataclasses.replace(outside, kept=())


@cheat({"log": "INCONCLUSIVE"}, "there may be two")
def what_the_reader_kept_is_from_before_the_rows(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    first = checkpoint_text(BANK.name, lines_of(files)[:1])
    early = sign_checkpoint(first, BANK.named, BANK.sign)
    return files, dataclasses.replace(outside, kept=(early,), witnesses=())


@cheat({"log": "CONTRADICTED"}, "another log")
def an_old_entry_is_rewritten(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    lines = lines_of(files)
    lines[0] = lines[0].replace(b'"at":', b'"at":1')
    changed = relogged(without_last_stamp(files), lines)
    stamped = sign_checkpoint(checkpoint_text(BANK.name, lines[:3]), BANK.named, BANK.sign)
    changed = {
        **changed, "time/old.checkpoint": stamped, "time/old.tsr": authority.stamp(stamped)
    }  # fmt: skip
    return stamped_again(authority, changed), outside


@cheat(INVALID, "0 entries of kind model")
def the_new_model_is_not_logged(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return stamped_again(authority, relogged(files, lines_of(files)[:-1])), outside


@cheat(INVALID, "2 entries of kind request")
def the_request_is_logged_twice(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    held = read_canonical_json(files["request.json"], "It")
    other = canonical_json(held | {"due": held["due"] + 1})
    lines = [*lines_of(files), request_entry(other, now())]
    return stamped_again(authority, relogged(files, lines)), outside


@cheat(INVALID, "2 entries of kind dataset")
def a_data_set_has_two_meanings(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    lines = [*lines_of(files), dataset_entry(OLD, b"\1" * 32, 3, now())]
    return stamped_again(authority, relogged(files, lines)), outside


@cheat(INVALID, "not the one of its checkpoint")
def the_log_is_longer_than_its_checkpoint(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    more = files["log/entries.jsonl"] + b'{"at":1,"kind":"more"}\n'
    return again({**files, "log/entries.jsonl": more}), outside


@cheat(INVALID, "checkpoint is not signed")
def the_checkpoint_is_signed_by_another(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    text = checkpoint_text(BANK.name, lines_of(files))
    forged = sign_checkpoint(text, OTHER.named, OTHER.sign)
    return stamped_again(authority, again({**files, "log/checkpoint": forged})), outside


@cheat(INVALID, "not the one in the log")
def the_request_is_changed_after_it_was_logged(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    held = read_canonical_json(files["request.json"], "It")
    other = canonical_json(held | {"due": held["due"] + 1})
    changed = again({**files, "request.json": other}, request=sha256_hex(other))
    return changed, dataclasses.replace(outside, request_sha256=sha256_hex(other))


@cheat({"log": "CONTRADICTED"}, "another log")
def the_witness_saw_one_log_and_the_reader_another(authority: TimeAuthority) -> Told:
    """A witness of the forger's choosing does not outweigh what the reader kept."""
    files, outside = Story(authority).told()
    size = read_checkpoint(files["log/checkpoint"]).size
    return files, dataclasses.replace(outside, kept=(_kept_of_another_log(files, size),))


# ---- A checkpoint that is later than the dossier --------------------------------------------


def later(files: dict[str, bytes], growing: bool) -> tuple[bytes, bytes]:
    """A checkpoint that the reader got later, and what is to show that the log grew to it."""
    more = [b'{"at":2,"kind":"later"}', b'{"at":3,"kind":"later still"}']
    old = lines_of(files)
    lines = [*old, *more]
    shown = [*([] if growing else [b'{"at":1,"kind":"another history"}']), *lines]
    text = checkpoint_text(BANK.name, shown[: len(lines)])
    return sign_checkpoint(text, BANK.named, BANK.sign), growth_file(lines, len(old))


@cheat({"log": "INCONCLUSIVE"}, "no proof leads to it")
def the_log_was_rewritten_before_a_later_checkpoint(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    checkpoint, growth = later(files, growing=False)
    return files, dataclasses.replace(outside, kept=(checkpoint,), growth=(growth,), witnesses=())


@cheat({"log": "INCONCLUSIVE"}, "no proof leads to it")
def a_later_checkpoint_comes_without_its_proof(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    checkpoint, _ = later(files, growing=True)
    return files, dataclasses.replace(outside, kept=(checkpoint,), witnesses=())


@cheat({"log": "INCONCLUSIVE"}, "may have been rolled back")
def the_log_was_rolled_back_to_where_a_witness_saw_it(authority: TimeAuthority) -> Told:
    """Neither the witness nor an earlier checkpoint tells of the entries that are gone."""
    files, outside = Story(authority).told()
    checkpoint, _ = later(files, growing=True)
    assert outside.witnesses and outside.kept
    return files, dataclasses.replace(outside, kept=(*outside.kept, checkpoint))
