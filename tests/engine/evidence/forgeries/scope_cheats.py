"""Cheats with what was asked for: a feature, a source, a step of several requests."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

from tests.engine.evidence.forgeries.cheat import (
    INVALID,
    Told,
    again,
    cheat,
    kept,
    lines_of,
    moved,
    record_of,
    relogged,
    stamped_again,
    taken_in,
)
from tests.engine.evidence.forgeries.story import NEW, Story
from tests.engine.evidence.sample_dossier import now
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import person_token, read_canonical_json, sha256_hex
from workbench.evidence.dossier_case import OTHERS
from workbench.evidence.log_entries import make_request, request_entry
from workbench.evidence.rehearsal import Controller, HeldRow

# ---- Features -------------------------------------------------------------------------------


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


# ---- A class or source ----------------------------------------------------------------------


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


# ---- A step that several people's requests share --------------------------------------------


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
