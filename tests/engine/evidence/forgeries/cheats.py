"""The cheats: what is done, and which claims must fall because of it."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.engine.evidence.forgeries.story import NEW, OLD, STEPS, Story, configured
from tests.engine.evidence.sample_dossier import BANK, cosign, now, table
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import (
    canonical_json,
    make_leaf,
    person_token,
    read_canonical_json,
    sha256_hex,
    tree_root,
)
from workbench.evidence.configuration import ModelFile
from workbench.evidence.dossier import Measured, sign_dossier
from workbench.evidence.dossier_case import OTHERS, Outside, growth_file
from workbench.evidence.dossier_files import MANIFEST, STATEMENT
from workbench.evidence.keys import SigningKey
from workbench.evidence.log_entries import dataset_entry, log_file, make_request, request_entry
from workbench.evidence.near_copies import NearCopies
from workbench.evidence.notes import (
    WITNESS_KEY,
    checkpoint_text,
    cosign_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)
from workbench.evidence.rehearsal import Controller, HeldRow
from workbench.evidence.row_commitments import EncodedRow, commit_rows, new_blind
from workbench.evidence.statements import open_statement, signed_statement

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


# The model ---------------------------------------------------------------------------------------


@cheat({"optimum": "CONTRADICTED"}, "largest gradient")
def the_old_model_is_kept(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: before)


@cheat({"optimum": "CONTRADICTED"}, "largest gradient")
def trained_without_somebody_else(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: held.fit(old[1:]))


@cheat({"optimum": "CONTRADICTED"}, "largest gradient")
def a_weight_is_moved(authority: TimeAuthority) -> Story:
    def moved(held: Controller, old: Any, new: Any, before: Any) -> ModelFile:
        model = held.fit(new)
        weights = (model.weights[0] + (1 << 16), *model.weights[1:])
        return dataclasses.replace(model, weights=weights)

    return Story(authority, model=moved)


@cheat({"optimum": "INCONCLUSIVE"}, "no proof")
def the_old_model_is_kept_and_the_proof_left_out(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: before, proof=None)


@cheat(INVALID, "proof of the optimum fails")
def the_proof_is_for_the_old_rows(authority: TimeAuthority) -> Story:
    def proof(held: Any, old: Any, new: Any, before: Any, model: Any) -> Any:
        return held.prove(old[: len(new)], model)

    return Story(authority, model=lambda held, old, new, before: before, proof=proof)


@cheat(INVALID, "proof of the optimum fails")
def the_proof_is_of_another_model(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        model=lambda held, old, new, before: before,
        proof=lambda held, old, new, before, model: held.prove(new, held.fit(new)),
    )


@cheat(INVALID, "proof of the optimum fails")
def the_gradient_is_rewritten(authority: TimeAuthority) -> Story:
    def proof(held: Any, old: Any, new: Any, before: Any, model: Any) -> Any:
        made = held.prove(new, model)
        return made | {"gradient": ["0"] * len(made["gradient"])}

    return Story(authority, model=lambda held, old, new, before: before, proof=proof)


@cheat(INVALID, "not committed to for a proof")
def rows_without_points_are_proved(authority: TimeAuthority) -> Story:
    def bare(held: Controller, old: Any, gone: Any) -> Any:
        return [
            dataclasses.replace(row, leaf=make_leaf(row.token, row.leaf[64:]))
            for row in kept(old, gone)
        ]

    return Story(authority, rows=bare)


@cheat({"optimum": "CONTRADICTED"}, "nobody asked to forget")
def a_feature_is_left_out_that_nobody_named(authority: TimeAuthority) -> Story:
    return Story(authority, model=lambda held, old, new, before: held.fit(new, ["income"]))


@cheat(INVALID, "another configuration")
def the_model_names_another_configuration(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        model=lambda held, old, new, before: dataclasses.replace(
            held.fit(new), configuration="ab" * 32
        ),
    )


@cheat(INVALID, "another number of weights")
def the_model_has_a_weight_more(authority: TimeAuthority) -> Story:
    def longer(held: Controller, old: Any, new: Any, before: Any) -> ModelFile:
        model = held.fit(new)
        return dataclasses.replace(model, weights=(*model.weights, 0))

    return Story(authority, model=longer, proof=None)


@cheat({"served": "CONTRADICTED"}, "another one")
def the_old_model_is_served(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    old_model = predicate_of(files)["old_model"]
    return files, dataclasses.replace(outside, served_sha256=old_model)


# The rows ----------------------------------------------------------------------------------------


@cheat({"delta": "CONTRADICTED"}, "+ 1")
def a_fabricated_row_makes_the_old_model_optimal(authority: TimeAuthority) -> Story:
    """One row x with the residual that cancels the gradient which the missing rows leave."""

    def fabricated(held: Controller, old: Any, gone: Any) -> Any:
        rows = kept(old, gone)
        weights = np.array(held.fit(old).weights) / 2**29
        x = np.array([[*row.encoded.features, 1024] for row in rows]) / 1024
        y = np.array([row.encoded.outcome for row in rows]) / 1024
        gradient = x.T @ (x @ weights - y) + weights
        made = np.rint(gradient / gradient[-1] * 1024).astype(int)
        outcome = int(np.rint((made / 1024 @ weights + gradient[-1]) * 1024))
        encoded = EncodedRow(tuple(map(int, made[:-1])), outcome, new_blind())
        leaf = make_leaf(os.urandom(32), os.urandom(32), commit_rows([encoded])[0])
        return [*rows, HeldRow(leaf[:32], b"{}", b"", encoded, leaf)]

    loose = dataclasses.replace(configured(), threshold="0.009")
    return Story(
        authority, configuration=loose, rows=fabricated,
        model=lambda held, old, new, before: before,
    )  # fmt: skip


@cheat({"delta": "CONTRADICTED"}, "+ 1")
def the_row_comes_back_under_another_name(authority: TimeAuthority) -> Story:
    def back(held: Controller, old: Any, gone: Any) -> Any:
        return [*kept(old, gone), taken_in(held, "alias", 2)]

    return Story(authority, rows=back)


@cheat({"delta": "CONTRADICTED"}, "+ 1")
def a_near_copy_comes_back(authority: TimeAuthority) -> Story:
    def back(held: Controller, old: Any, gone: Any) -> Any:
        return [*kept(old, gone), taken_in(held, "alias", 2, noise=0.01)]

    return Story(authority, rows=back)


@cheat({"delta": "CONTRADICTED"}, "asked for")
def another_row_is_swapped_in(authority: TimeAuthority) -> Story:
    def swapped(held: Controller, old: Any, gone: Any) -> Any:
        return [*kept(old, gone)[1:], taken_in(held, "stranger", 9, noise=0.3)]

    return Story(authority, rows=swapped)


@cheat({"delta": "CONTRADICTED"}, "asked for")
def more_rows_go_than_were_asked_for(authority: TimeAuthority) -> Story:
    return Story(authority, rows=lambda held, old, gone: kept(old, gone)[2:])


@cheat({"delta": "CONTRADICTED", "absent": "CONTRADICTED", "receipt": "CONTRADICTED"}, "asked for")
def somebody_elses_row_goes_instead(authority: TimeAuthority) -> Story:
    return Story(
        authority, rows=lambda held, old, gone: [row for row in old if row != kept(old, gone)[0]]
    )


@cheat({"delta": "CONTRADICTED", "absent": "CONTRADICTED"}, "asked for")
def one_of_two_rows_stays(authority: TimeAuthority) -> Story:
    return Story(
        authority, rows=lambda held, old, gone: [*kept(old, gone), max(gone, key=record_of)]
    )


@cheat({"delta": "CONTRADICTED", "absent": "CONTRADICTED", "receipt": "CONTRADICTED"}, "− 0")
def nothing_goes(authority: TimeAuthority) -> Story:
    return Story(authority, rows=lambda held, old, gone: old)


@cheat({"delta": "CONTRADICTED"}, "asked for")
def the_row_gets_another_token(authority: TimeAuthority) -> Story:
    def relabelled(held: Controller, old: Any, gone: Any) -> Any:
        token = os.urandom(32)
        moved = [dataclasses.replace(row, token=token, leaf=token + row.leaf[32:]) for row in gone]
        return [*kept(old, gone), *moved]

    return Story(authority, rows=relabelled)


@cheat({"delta": "CONTRADICTED", "absent": "CONTRADICTED"}, "asked for")
def the_row_gets_another_salt(authority: TimeAuthority) -> Story:
    def salted(held: Controller, old: Any, gone: Any) -> Any:
        again_in = [dataclasses.replace(row, leaf=row.leaf[:64] + os.urandom(32)) for row in gone]
        return [*kept(old, gone), *again_in]

    return Story(authority, rows=salted)


@cheat({"delta": "INCONCLUSIVE", "receipt": "INCONCLUSIVE"}, "not in the old set")
def a_list_that_never_held_the_person_is_shown(authority: TimeAuthority) -> Story:
    """Several lists were committed before; the one without the person is called the old one."""
    return Story(authority, committed=lambda taken, asked: [r for r in taken if r not in asked])


@cheat({"receipt": "CONTRADICTED"}, "in the new training set")
def the_request_names_another_token(authority: TimeAuthority) -> Story:
    """Her request, whose hash she holds, names somebody else's token; her own row stays."""
    return Story(authority, asking="c-3", receipt_of="c-5")


@cheat(INVALID, "rising order")
def a_row_counts_twice(authority: TimeAuthority) -> Told:
    return _other_list(authority, lambda leaves: [leaves[0], *leaves])


@cheat(INVALID, "rising order")
def the_list_is_not_sorted(authority: TimeAuthority) -> Told:
    return _other_list(authority, lambda leaves: [leaves[1], leaves[0], *leaves[2:]])


def _other_list(
    authority: TimeAuthority, change: Callable[[list[bytes]], list[bytes]], size: int | None = None
) -> Told:
    """Show a changed new list, its root and size logged accordingly."""
    files, outside = Story(authority, proof=None).told()
    raw = files["commitments/new.bin"]
    leaves = change([raw[i : i + 96] for i in range(0, len(raw), 96)])
    lines = [
        dataset_entry(NEW, tree_root(leaves), size or len(leaves), now(), OLD)
        if b'"dataset":"training-set-2","kind":"dataset"' in line
        or (b'"kind":"dataset"' in line and NEW.encode() in line)
        else line
        for line in lines_of(files)
    ]
    changed = relogged({**files, "commitments/new.bin": b"".join(leaves)}, lines)
    return stamped_again(authority, changed), outside


@cheat(INVALID, "not the one in the log")
def the_log_names_another_size(authority: TimeAuthority) -> Told:
    return _other_list(authority, lambda leaves: leaves, size=21)


@cheat(INVALID, "not the one in the log")
def the_list_is_not_the_one_of_the_root(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return again({**files, "commitments/new.bin": files["commitments/new.bin"][96:]}), outside


@cheat(INVALID, "no multiple")
def the_list_breaks_off(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return again({**files, "commitments/new.bin": files["commitments/new.bin"][:-1]}), outside


@cheat({"delta": "CONTRADICTED"}, "does not say")
def the_new_set_comes_from_another(authority: TimeAuthority) -> Story:
    return Story(authority, parent="training-set-0")


@cheat({"delta": "CONTRADICTED"}, "does not say")
def the_new_set_comes_from_nowhere(authority: TimeAuthority) -> Story:
    return Story(authority, parent=None)


@cheat({"near": "INCONCLUSIVE"}, "flagged")
def a_kept_row_looks_like_the_one_that_went(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        parts=lambda held, parts: {"near_copies": NearCopies((0,), len(parts.new_leaves))},
    )


@cheat({"near": "CONTRADICTED"}, "another number of rows")
def near_copies_were_sought_among_fewer_rows(authority: TimeAuthority) -> Story:
    return Story(authority, parts=lambda held, parts: {"near_copies": NearCopies((), 3)})


@cheat({"near": "INCONCLUSIVE"}, "does not say")
def near_copies_are_not_mentioned(authority: TimeAuthority) -> Story:
    return Story(authority, parts=lambda held, parts: {"near_copies": None})


# Time and order ----------------------------------------------------------------------------------


def moved(step: str, before: str) -> tuple[str, ...]:
    rest = [name for name in STEPS if name != step]
    rest.insert(rest.index(before), step)
    return tuple(rest)


LATE = {"before": "CONTRADICTED", "rules": "INCONCLUSIVE"}


@cheat(LATE, "request before the old")
def the_rows_are_committed_after_the_request(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        order=("configuration", "request", "old", "old model", "kept", "new", "new model"),
    )


@cheat(LATE, "request before the configuration")
def the_rules_are_written_after_the_request(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        order=("old", "old model", "kept", "request", "configuration", "new", "new model"),
    )


@cheat(LATE, "request before the old model")
def the_old_model_is_logged_after_the_request(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        order=("configuration", "old", "kept", "request", "old model", "new", "new model"),
    )


@cheat(LATE, "new before the request")
def the_new_list_is_older_than_the_request(authority: TimeAuthority) -> Story:
    return Story(authority, order=moved("new", "request"))


@cheat({"before": "INCONCLUSIVE", "rules": "INCONCLUSIVE"}, "not before the request")
def the_request_is_backdated(authority: TimeAuthority) -> Story:
    return Story(authority, request={"received": now() - 86_400})


@cheat({"before": "INCONCLUSIVE", "rules": "INCONCLUSIVE"}, "said to have come in")
def the_request_is_postdated_so_that_any_stamp_is_before_it(authority: TimeAuthority) -> Story:
    return Story(authority, request={"received": now() + 90 * 86_400, "due": now() + 120 * 86_400})


@cheat({"before": "INCONCLUSIVE", "rules": "INCONCLUSIVE"}, "did not hold")
def the_stamped_log_is_older_than_the_rows(authority: TimeAuthority) -> Story:
    def parts(held: Controller, given: Any) -> dict[str, Any]:
        text = checkpoint_text(BANK.name, held.entries[:1])
        early = sign_checkpoint(text, BANK.named, BANK.sign)
        return {"old_checkpoint": early, "old_stamp": authority.stamp(early)}

    return Story(authority, parts=parts)


@cheat({"before": "CONTRADICTED", "rules": "INCONCLUSIVE"}, "no beginning")
def another_log_was_stamped(authority: TimeAuthority) -> Story:
    def parts(held: Controller, given: Any) -> dict[str, Any]:
        other = [*held.entries[:2], b'{"at":1,"kind":"something else"}']
        foreign = sign_checkpoint(checkpoint_text(BANK.name, other), BANK.named, BANK.sign)
        return {"old_checkpoint": foreign, "old_stamp": authority.stamp(foreign)}

    return Story(authority, parts=parts)


@cheat(INVALID, "stamped is not signed")
def somebody_elses_log_was_stamped(authority: TimeAuthority) -> Story:
    def parts(held: Controller, given: Any) -> dict[str, Any]:
        foreign = sign_checkpoint(
            checkpoint_text(BANK.name, held.entries[:3]), OTHER.named, OTHER.sign
        )
        return {"old_checkpoint": foreign, "old_stamp": authority.stamp(foreign)}

    return Story(authority, parts=parts)


@cheat({"before": "CONSISTENT", "rules": "CONSISTENT", "in time": "INCONCLUSIVE"}, "no time stamp")
def the_stamps_are_left_out(authority: TimeAuthority) -> Story:
    return Story(authority, parts=lambda held, given: {"old_stamp": None, "stamp": None})


@cheat(INVALID, "other data")
def the_stamp_is_of_other_data(authority: TimeAuthority) -> Story:
    return Story(authority, parts=lambda held, given: {"stamp": given.old_stamp})


@cheat({"before": "CONSISTENT", "rules": "CONSISTENT", "in time": "INCONCLUSIVE"},
       "authority that you named")  # fmt: skip
def the_controller_stamps_itself(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return files, dataclasses.replace(outside, authority="ab" * 32)


@cheat({"in time": "INCONCLUSIVE"}, "after the day")
def it_was_due_before_it_was_done(authority: TimeAuthority) -> Story:
    return Story(authority, request={"due": now() - 3_600})


@cheat({"request": "CONTRADICTED", "before": "CONSISTENT", "rules": "CONSISTENT",
        "in time": "CONSISTENT"}, "another request")  # fmt: skip
def the_due_day_is_moved_behind_the_persons_back(authority: TimeAuthority) -> Told:
    files, outside = Story(authority, request={"due": now() + 10**7}).told()
    held = read_canonical_json(files["request.json"], "It")
    due = held["received"] + 30 * 86_400
    tokens = [bytes.fromhex(token) for token in held["tokens"]]
    original = make_request("R-1", received=held["received"], due=due, tokens=tokens)
    return files, dataclasses.replace(outside, request_sha256=sha256_hex(original))


# The log -----------------------------------------------------------------------------------------


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


# Keys and signatures -----------------------------------------------------------------------------


@cheat(INVALID, "another key")
def everything_is_signed_by_another_key(authority: TimeAuthority) -> Told:
    files, outside = Story(authority, key=OTHER).told()
    return files, dataclasses.replace(outside, key=BANK.named)


@cheat(INVALID, "does not hold")
def the_signature_is_anothers_under_the_right_name(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    subjects, predicate = open_statement(files[STATEMENT], BANK.public)
    forged = signed_statement(subjects, predicate, BANK.public, OTHER.sign)
    return {**files, STATEMENT: forged}, outside


@cheat(INVALID, "kept under another key")
def the_log_has_another_key_than_the_dossier(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return again({**files, "log/key": f"{OTHER.named}\n".encode()}), outside


@cheat(INVALID, "other files")
def the_statement_is_about_another_model(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    subjects, predicate = open_statement(files[STATEMENT], BANK.public)
    other = subjects | {"model/new.json": predicate["old_model"]}
    statement = signed_statement(other, predicate, BANK.public, BANK.sign)
    return {**files, STATEMENT: statement}, outside


@cheat(INVALID, "another version")
def the_statement_says_more_than_a_verifier_knows(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return again(files, complies="with everything"), outside


# The rules ---------------------------------------------------------------------------------------


@cheat({"rules": "CONTRADICTED"}, "another configuration")
def a_stronger_penalty_was_prepared_for_the_retraining(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        old_configuration=dataclasses.replace(
            configured(), penalty=tuple(9 * value for value in configured().penalty)
        ),
    )


@cheat(
    {"rules": "CONTRADICTED", "optimum": "INCONCLUSIVE", "receipt gradient": "INCONCLUSIVE"},
    "another configuration",
)
def a_loose_threshold_was_prepared_for_the_retraining(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        configuration=dataclasses.replace(configured(), threshold="10"),
        old_configuration=configured(),
        model=lambda held, old, new, before: dataclasses.replace(
            before, configuration=held.configuration.sha256
        ),
    )


@cheat({"optimum": "INCONCLUSIVE", "receipt gradient": "INCONCLUSIVE"}, "too loose")
def the_threshold_was_loose_from_the_start(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        configuration=dataclasses.replace(configured(), threshold="10"),
        model=lambda held, old, new, before: before,
    )


@cheat({"rules": "CONTRADICTED"}, "does not say that it replaces")
def it_replaces_another_model(authority: TimeAuthority) -> Story:
    return Story(authority, replaces="ab" * 32)


@cheat({"rules": "CONTRADICTED"}, "does not say that it replaces")
def it_replaces_no_model(authority: TimeAuthority) -> Story:
    return Story(authority, replaces=None)


# Whose dossier it is -----------------------------------------------------------------------------


@cheat(
    {"request": "CONTRADICTED", "before": "CONSISTENT", "rules": "CONSISTENT",
     "in time": "CONSISTENT", "receipt": "INCONCLUSIVE"},
    "another request",
)  # fmt: skip
def another_persons_dossier_is_replayed(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    _, theirs = Story(authority, asking="c-5").told()
    return files, dataclasses.replace(
        outside, request_sha256=theirs.request_sha256, receipt=theirs.receipt
    )


@cheat(INVALID, "CONSISTENT at best")
def a_measurement_is_called_a_proof(authority: TimeAuthority) -> Story:
    return Story(
        authority,
        parts=lambda held, given: {"measured": {"membership": Measured("PROVED", "no trace")}},
    )


@cheat({"reported": "CONTRADICTED"}, "residue")
def the_controllers_own_audit_found_a_residue(authority: TimeAuthority) -> Story:
    found = {"influence": Measured("CONTRADICTED", "a residue above 0.02 was found")}
    return Story(authority, parts=lambda held, given: {"measured": found})


@cheat(INVALID, "not built as ones")
def nothing_at_all_was_measured_and_not_said(authority: TimeAuthority) -> Story:
    return Story(authority, parts=lambda held, given: {"measured": {}})


# Features ----------------------------------------------------------------------------------------

ABOUT_INCOME = {"tokens": [], "features": ["income"], "granularity": "feature"}
NO_ROW_GOES = {"absent": "", "receipt gradient": ""}
MASKED = {**NO_ROW_GOES, "masked": "PROVED"}


@cheat({**NO_ROW_GOES, "masked": "CONTRADICTED"}, "other features")
def a_feature_keeps_its_weight(authority: TimeAuthority) -> Story:
    return Story(authority, request=ABOUT_INCOME, rows=lambda held, old, gone: old)


@cheat({**NO_ROW_GOES, "masked": "CONTRADICTED"}, "still has a weight")
def a_feature_is_called_left_out_and_has_a_weight(authority: TimeAuthority) -> Story:
    return Story(
        authority, request=ABOUT_INCOME, rows=lambda held, old, gone: old,
        model=lambda held, old, new, before: dataclasses.replace(before, without=("income",)),
    )  # fmt: skip


@cheat({**MASKED, "delta": "CONTRADICTED"}, "0 of the old rows were asked for")
def rows_go_where_a_feature_was_asked_for(authority: TimeAuthority) -> Story:
    return Story(
        authority, request=ABOUT_INCOME,
        model=lambda held, old, new, before: held.fit(new, ["income"]),
    )  # fmt: skip


@cheat({**NO_ROW_GOES, "masked": "CONTRADICTED", "optimum": "CONTRADICTED"}, "other features")
def another_feature_is_masked_than_was_asked(authority: TimeAuthority) -> Story:
    return Story(
        authority, request=ABOUT_INCOME, rows=lambda held, old, gone: old,
        model=lambda held, old, new, before: held.fit(new, ["neighborhood_income"]),
    )  # fmt: skip


# A class or source -------------------------------------------------------------------------------

SOURCE = (1, 4, 9, 10)
OF_A_SOURCE = {"absent": "", "rows absent": "PROVED"}


@cheat({**OF_A_SOURCE, "delta": "CONTRADICTED", "rows absent": "CONTRADICTED"}, "asked for")
def a_row_of_the_source_stays(authority: TimeAuthority) -> Story:
    return Story(
        authority, source=SOURCE,
        rows=lambda held, old, gone: [*kept(old, gone), max(gone, key=record_of)],
    )  # fmt: skip


@cheat({**OF_A_SOURCE, "delta": "CONTRADICTED"}, "asked for")
def a_row_goes_that_is_not_of_the_source(authority: TimeAuthority) -> Story:
    return Story(authority, source=SOURCE, rows=lambda held, old, gone: kept(old, gone)[1:])


@cheat({**OF_A_SOURCE, "delta": "CONTRADICTED"}, "+ 1")
def a_row_of_the_source_comes_back_without_its_name(authority: TimeAuthority) -> Story:
    def back(held: Controller, old: Any, gone: Any) -> Any:
        return [*kept(old, gone), taken_in(held, "stranger", SOURCE[1])]

    return Story(authority, source=SOURCE, rows=back)


@cheat({**OF_A_SOURCE, "delta": "INCONCLUSIVE"}, "not in the old")
def the_source_lists_a_row_that_never_was(authority: TimeAuthority) -> Told:
    """A list padded with hashes of nothing: it looks longer than what it takes out."""
    story = Story(authority, source=SOURCE)
    files, outside = story.told()
    held = read_canonical_json(files["request.json"], "It")
    padded = [*map(bytes.fromhex, held["rows"]), os.urandom(32)]
    request = make_request(
        "R-1", received=held["received"], due=held["due"], granularity="rows", rows=padded
    )
    lines = [
        request_entry(request, now()) if b'"kind":"request"' in line else line
        for line in lines_of(files)
    ]
    changed = relogged({**files, "request.json": request}, lines)
    changed = again(changed, request=sha256_hex(request))
    return stamped_again(authority, changed), dataclasses.replace(
        outside, request_sha256=sha256_hex(request)
    )


# A step that several people's requests share ------------------------------------------------------

ALSO = ("c-5", "c-7")


@cheat({"delta": "CONTRADICTED"}, "asked for")
def a_row_goes_beside_several_requests(authority: TimeAuthority) -> Story:
    return Story(authority, also=ALSO, rows=lambda held, old, gone: kept(old, gone)[1:])


@cheat({"delta": "CONTRADICTED"}, "asked for")
def the_rows_of_others_are_kept(authority: TimeAuthority) -> Story:
    def mine_alone(held: Controller, old: Any, gone: Any) -> Any:
        mine = person_token(held.person_key, "c-2")
        return [row for row in old if row.token != mine]

    return Story(authority, also=ALSO, rows=mine_alone)


@cheat({"delta": "CONTRADICTED"}, "asked for")
def the_rows_of_others_go_and_their_requests_are_left_out(authority: TimeAuthority) -> Story:
    return Story(authority, also=ALSO, others=lambda held, others: others[:1])


def _taking_out(held: Controller, name: str) -> bytes:
    """A request that nobody made, to take a row out that is in the way."""
    token = person_token(held.person_key, "c-11")
    return make_request(name, received=now(), due=now() + 86_400, tokens=[token])


def _mine_and(name: str) -> Callable[[Controller, Any, Any], Any]:
    def rows(held: Controller, old: Any, gone: Any) -> Any:
        theirs = person_token(held.person_key, name)
        return [row for row in kept(old, gone) if row.token != theirs]

    return rows


@cheat(INVALID, "0 entries of kind request")
def a_request_of_others_is_made_up_and_not_logged(authority: TimeAuthority) -> Story:
    return Story(
        authority, rows=_mine_and("c-11"), others=lambda held, others: [_taking_out(held, "R-2")]
    )


@cheat(INVALID, "of others is not the one in the log")
def a_request_of_others_is_made_up_in_place_of_a_real_one(authority: TimeAuthority) -> Story:
    return Story(
        authority, also=("c-5",), rows=_mine_and("c-11"),
        others=lambda held, others: [_taking_out(held, "R-2")],
    )  # fmt: skip


@cheat({"delta": "INCONCLUSIVE"}, "only the controller's word")
def a_request_of_others_is_made_up_and_logged(authority: TimeAuthority) -> Story:
    """Nothing in the dossier can tell it from a real one: so it never passes without a receipt."""

    def rows(held: Controller, old: Any, gone: Any) -> Any:
        held.log_request(_taking_out(held, "R-2"))
        return _mine_and("c-11")(held, old, gone)

    return Story(authority, rows=rows, others=lambda held, others: [_taking_out(held, "R-2")])


@cheat({"delta": "CONTRADICTED"}, "logged after the new data set")
def a_request_of_others_is_logged_when_its_rows_have_gone(authority: TimeAuthority) -> Story:
    return Story(
        authority, also=ALSO, order=moved("others", "new model"),
    )  # fmt: skip


@cheat({"delta": "INCONCLUSIVE"}, "not in the old")
def a_request_of_others_names_nobody(authority: TimeAuthority) -> Story:
    return Story(authority, also=("c-5", "nobody"))


@cheat({"optimum": "CONTRADICTED"}, "nobody asked to forget")
def a_feature_goes_with_the_requests_of_others(authority: TimeAuthority) -> Story:
    return Story(
        authority, also=ALSO, model=lambda held, old, new, before: held.fit(new, ["income"])
    )


@cheat(INVALID, "A request of others is")
def the_requests_of_others_break_off(authority: TimeAuthority) -> Told:
    files, outside = Story(authority, also=ALSO).told()
    return again({**files, OTHERS: files[OTHERS][:-1]}), outside


@cheat(INVALID, "of others is not the one in the log")
def a_request_of_others_counts_twice(authority: TimeAuthority) -> Told:
    files, outside = Story(authority, also=ALSO).told()
    return again({**files, OTHERS: files[OTHERS] * 2}), outside


@cheat({"delta": "CONTRADICTED"}, "+ 1")
def a_row_comes_in_by_a_set_between(authority: TimeAuthority) -> Story:
    """The set between is in the log and leads back to the old one; what came by it still shows."""
    came: list[HeldRow] = []

    def between(held: Controller, old: Any, gone: Any) -> Any:
        came.append(taken_in(held, "stranger", 9, noise=0.3))
        return [*kept(old, gone), came[0]]

    return Story(
        authority, between=between, rows=lambda held, old, gone: [*kept(old, gone), came[-1]]
    )


@cheat({"delta": "CONTRADICTED"}, "does not say")
def the_sets_between_lead_in_a_circle(authority: TimeAuthority) -> Story:
    return Story(authority, parent=NEW, between=kept_between)


def kept_between(held: Controller, old: Any, gone: Any) -> Any:
    return kept(old, gone)


# A checkpoint that is later than the dossier ------------------------------------------------------


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


# The container, changed by an outsider without the key -------------------------------------------


@cheat(INVALID, "not listed")
def a_file_is_added(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return {**files, "more.txt": b"x"}, outside


@cheat(INVALID, "missing")
def a_file_is_taken_away(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return {k: v for k, v in files.items() if k != "near_copies.json"}, outside


@cheat(INVALID, "changed: verify.py")
def the_dossiers_own_verifier_is_swapped(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return {**files, "verify.py": b"print('PROVED')\n"}, outside


@cheat(INVALID, "changed: commitments/new.bin")
def two_dossiers_are_mixed(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    other, _ = Story(authority).told()
    return {**files, "commitments/new.bin": other["commitments/new.bin"]}, outside


@cheat(INVALID, "manifest is not the one")
def the_manifest_is_written_anew(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    other = again({**files, "README.txt": b"all is well"}, OTHER)
    return {**other, STATEMENT: files[STATEMENT]}, outside


@cheat(INVALID, "canonical form")
def a_key_stands_twice(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    twice = files["results.json"][:-1] + b',"membership":{"sentence":"x","verdict":"CONSISTENT"}}'
    return again({**files, "results.json": twice}), outside


@cheat(INVALID, "lacks")
def the_configuration_is_left_out(authority: TimeAuthority) -> Told:
    files, outside = Story(authority).told()
    return again({k: v for k, v in files.items() if k != "configuration.json"}), outside
