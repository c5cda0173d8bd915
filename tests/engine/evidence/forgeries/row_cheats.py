"""Cheats with rows: one stays, another goes, it comes back under another name."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.engine.evidence.forgeries.cheat import (
    INVALID,
    Told,
    again,
    cheat,
    kept,
    lines_of,
    record_of,
    relogged,
    stamped_again,
    taken_in,
)
from tests.engine.evidence.forgeries.story import NEW, OLD, Story, configured
from tests.engine.evidence.sample_dossier import now
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import make_leaf, tree_root
from workbench.evidence.log_entries import dataset_entry
from workbench.evidence.near_copies import NearCopies
from workbench.evidence.rehearsal import Controller, HeldRow
from workbench.evidence.row_commitments import EncodedRow, commit_rows, new_blind


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
