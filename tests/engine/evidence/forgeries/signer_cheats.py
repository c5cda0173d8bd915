"""Cheats with who signs what: keys, replayed dossiers, files changed by an outsider."""

from __future__ import annotations

import dataclasses

from tests.engine.evidence.forgeries.cheat import INVALID, OTHER, Told, again, cheat
from tests.engine.evidence.forgeries.story import Story
from tests.engine.evidence.sample_dossier import BANK
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.dossier import Measured
from workbench.evidence.dossier_files import STATEMENT
from workbench.evidence.statements import open_statement, signed_statement

# ---- Keys and signatures --------------------------------------------------------------------


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


# ---- Whose dossier it is --------------------------------------------------------------------


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


# ---- The container, changed by an outsider without the key ----------------------------------


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
