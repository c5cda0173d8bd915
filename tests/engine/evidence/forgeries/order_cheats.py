"""Cheats with time and order: rows, rules and requests that come too late."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.engine.evidence.forgeries.cheat import INVALID, OTHER, Told, cheat, moved
from tests.engine.evidence.forgeries.story import Story
from tests.engine.evidence.sample_dossier import BANK, now
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import read_canonical_json, sha256_hex
from workbench.evidence.log_entries import make_request
from workbench.evidence.notes import checkpoint_text, sign_checkpoint
from workbench.evidence.rehearsal import Controller

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
    return _of_another_log(authority)


def _of_another_log(authority: TimeAuthority) -> Story:
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


@cheat(
    {"before": "CONTRADICTED", "rules": "INCONCLUSIVE", "in time": "INCONCLUSIVE"}, "no beginning"
)
def another_log_was_stamped_by_no_authority_of_the_reader(authority: TimeAuthority) -> Told:
    """The controller's own signature is enough to see that it kept two logs."""
    files, outside = _of_another_log(authority).told()
    return files, dataclasses.replace(outside, authority=None)
