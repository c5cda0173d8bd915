"""What unlearning changed, after a file: the same findings, and edits are found out."""

from __future__ import annotations

import ast
import copy
import io
import json
import random
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.engine.changed_models import COMPARED, EVERY, N, changed
from tests.engine.report.saved.sample_reports import ODD, places
from workbench.report.repeating_code import given_lines, given_options

Document = dict[str, Any]


@cache
def text(kind: str) -> str:
    return changed(kind).to_json()


def document(kind: str) -> Document:
    found: Document = json.loads(text(kind))
    return found


def read(changed_text: Document) -> wb.AuditReport:
    return wb.AuditReport.from_json(json.dumps(changed_text))


@cache
def back(kind: str) -> wb.AuditReport:
    return wb.AuditReport.from_json(text(kind))


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-12, check_dtype=False)


@pytest.mark.parametrize("kind", COMPARED)
def test_the_change_is_the_same_after_a_file(kind: str) -> None:
    one, other = changed(kind).change, back(kind).change
    assert one is not None and other is not None
    same(one.to_frame(), other.to_frame())
    same(pd.DataFrame(one.residues), pd.DataFrame(other.residues))
    assert other.sentences() == one.sentences()
    assert (other.headline, other.explanation) == (one.headline, one.explanation)
    assert other.models == one.models and other.left_out == one.left_out
    if one.utility is not None:
        same(one.utility.to_frame(), other.utility.to_frame())
        assert other.utility.cliffs == one.utility.cliffs
    assert (one.gaps is None) == (other.gaps is None)


@pytest.mark.parametrize("kind", EVERY)
def test_pages_tables_and_code_are_the_same_after_a_file(kind: str) -> None:
    one, other = changed(kind), back(kind)
    same(*(pd.read_csv(io.StringIO(r.to_csv())) for r in (one, other)))
    assert other.to_code() == one.to_code()
    assert other._repr_html_() == one._repr_html_()
    assert other.to_html() == one.to_html()
    again = wb.AuditReport.from_json(other.to_json())
    assert again.to_html() == other.to_html()


def test_models_keep_their_joint_uncertainty() -> None:
    one, other = changed("several retrained").change, back("several retrained").change
    for a, b in zip(one.findings, other.findings, strict=True):
        effects = [(r.after, r.before, *r.retrained) for r in (a, b)]
        wanted, found = (
            np.array([[(x - y).standard_error for x in row] for y in row]) for row in effects
        )
        assert np.allclose(found, wanted, rtol=1e-8, atol=1e-12)
    paired = one.findings[0]
    assert paired.removed.standard_error < 0.2 * paired.after.standard_error


def test_an_unchanged_model_removed_exactly_nothing_in_the_file_too() -> None:
    for finding in back("unchanged").change.findings:
        assert finding.removed.value == 0 and finding.removed.standard_error == 0


def test_large_changes_are_kept_apart_without_mixing(monkeypatch: pytest.MonkeyPatch) -> None:
    import workbench.report.saved.document as module

    monkeypatch.setattr(module, "MOST_TOGETHER", 0)
    report = changed("rows")
    apart = report.to_json()
    assert len(json.loads(apart)["estimates"]["blocks"]) > len(report.change.findings)
    same(wb.AuditReport.from_json(apart).change.to_frame(), report.change.to_frame())


@pytest.mark.parametrize("kind", ["actions and leaks", "membership"])
def test_further_findings_are_the_same_after_a_file(kind: str) -> None:
    one, other = changed(kind), back(kind)
    held = [
        (a, b)
        for key in ("next_actions", "planted_leaks", "membership")
        for a, b in ((getattr(one, key), getattr(other, key)),)
        if a is not None or b is not None
    ]
    assert held
    for a, b in held:
        assert a.sentences() == b.sentences()
        same(a.to_frame(), b.to_frame())


def test_no_row_of_the_data_is_in_the_file() -> None:
    report = changed("actions and leaks")
    assert report.next_actions.pairs
    assert back("actions and leaks").next_actions.pairs == ()
    saved = text("actions and leaks")
    frame = wb.datasets.loan(N, 0).data
    written = {repr(float(x)) for x in frame["debt_ratio"]}
    assert len(written) > 500 and sum(number in saved for number in written) == 0
    for pair in report.next_actions.pairs:
        assert repr(pair.predictions[0]) not in saved


def test_scores_of_records_travel_only_where_the_target_names_them() -> None:
    report = changed("membership")
    same(report.membership.records, back("membership").membership.records)
    hidden = wb.AuditReport(
        **{**vars(report), "target": wb.UnlearningTarget.subgroup("income > 60")}
    )
    assert json.loads(hidden.to_json())["membership"]["records"] is None


def test_a_report_without_a_comparison_is_read_as_before() -> None:
    found = document("membership")
    for key in ("change", "next_actions", "planted_leaks", "membership"):
        del found[key]
    del found["estimates"]["change"]
    report = read(found)
    assert report.change is None and report.membership is None
    assert found["format_version"] == 3


# ---- files that strangers wrote ------------------------------------------------------------

EDITED, WRONG = "changed after it was written", "outside its (range|interval)"
FINDING = "estimates/change/0"


def put(d: Any, path: str, value: object) -> None:
    *way, last = [int(key) if key.isdecimal() else key for key in path.split("/")]
    for key in way:
        d = d[key]
    d[last] = value


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("change/decision", "below", None),  # its words are made again
        ("change/smallest_threshold", 0.001, EDITED),
        ("change/findings/0/residue", 0.0, EDITED),
        ("change/findings/0/removed_low", 0.0, EDITED),
        ("change/residues/0/above", None, EDITED),
        ("change/residues/0/p_above", 0.5, EDITED),
        ("change/threshold", 0.5, EDITED),
        ("change/alpha", 0.2, EDITED),
        ("change/models/1/fingerprint", "0" * 64, EDITED),
        ("change/models/1/fingerprint", "<b>", "not SHA-256"),
        ("change/models/0/role", "later", "one of .*'before'"),
        ("change/models", [], EDITED),
        ("change/gaps/after", 0.0, EDITED),
        ("change/gaps/before", -1.0, "below 0"),
        ("change/gaps/n_rows", 7, EDITED),
        ("change/utility/table/0/value", 0.99, WRONG),
        ("change/utility/table/10/change", 0.01, f"{WRONG}|{EDITED}"),
        ("change/utility/table/0/metric", "profit", "not in this report"),
        ("change/utility/table/0/n_rows", 10**7, "more rows than there are"),
        ("change/utility/cliffs", [{}], "lacks 'model'"),
        ("change/utility/level", 7, "between 0.5 and 1"),
        ("change/left_out", {"x": 1}, "a text is expected"),
        ("change", None, EDITED),
        ("estimates/change", [], EDITED),
        (f"{FINDING}/after/value", 0.0, EDITED),
        (f"{FINDING}/retrained", [], EDITED),
        (f"{FINDING}/before", None, EDITED),
        (f"{FINDING}/part", "whole", "one of .*'total'"),
        (f"{FINDING}/after/column", 700, "names column 700"),
        (f"{FINDING}/after/block", 700, "names block 700"),
        ("call", "wb.audit(case, target, compare=training)", "more than that"),
        ("call", "wb.audit(case, target, compare={'before': open('f')})", "more than that"),
    ],
)
def test_an_edited_change_is_refused(path: str, value: object, words: str | None) -> None:
    found = document("rows")
    put(found, path, value)
    if words is None:
        assert read(found).change.decision == changed("rows").change.decision
        return
    with pytest.raises(wb.AuditError, match=words) as caught:
        read(found)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("next_actions/threshold", 0.5, EDITED),
        ("next_actions/left/0/value", 9.0, WRONG),
        ("next_actions/left/0/feature", "nobody", "not in this report"),
        ("next_actions/left", [], "not in this report"),
        ("next_actions/actions/0/kind", "shred", "one of 'mediator'"),
        ("next_actions/actions/0/what", ["nobody"], "not in this report"),
        ("next_actions/actions/0/what", [], "nothing to do"),
        ("next_actions/actions/0/remaining", 0.1, f"{WRONG}|{EDITED}"),
        ("next_actions/actions/0/share", 0.1, EDITED),
        ("next_actions/actions/0/below", None, "true or false is expected"),
        ("next_actions/actions/0/rank", 9, EDITED),
        ("next_actions/notes", "x", "a list is expected"),
        ("planted_leaks/alpha", 0.01, EDITED),
        ("planted_leaks/n_rows", 10**6, EDITED),
        ("planted_leaks/clarity", 3, WRONG),
        ("planted_leaks/rates/2/found", 10**6, EDITED),
        ("planted_leaks/rates/2/found", 50, EDITED),
        ("planted_leaks/rates/7/low", 0.0, EDITED),
        ("planted_leaks/rates/0/size", 1.0, "does not fit its role"),
        ("planted_leaks/rates", [], EDITED),
        ("planted_leaks/leaks/0/smallest_80", 9.0, WRONG),
        ("planted_leaks/leaks/0/feature", "nobody", EDITED),
    ],
)
def test_edited_actions_and_leaks_are_refused(path: str, value: object, words: str) -> None:
    found = document("actions and leaks")
    put(found, path, value)
    with pytest.raises(wb.AuditError, match=words):
        read(found)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("membership/chance", 1.5, WRONG),
        ("membership/alpha", "0.05", "a number is expected"),
        ("membership/attacks/0/attack", "guess", "one of .*'loss'"),
        ("membership/attacks/0/power/auc/value", 0.99, WRONG),
        ("membership/attacks/0/result/n_records", 10**6, EDITED),
        ("membership/attacks", [], "one of|" + EDITED),
        ("membership/tests/0/corrected", 0.3, EDITED),
        ("membership/tests/0/p_value", 2.0, WRONG),
        ("membership/tests", [], EDITED),
        ("membership/records/labels/0", 777, EDITED),
        ("membership/records/columns/loss score", [1.0], "one number per record"),
        ("membership/records/columns/name", [1.0], "one number per record|at most"),
    ],
)
def test_edited_membership_evidence_is_refused(path: str, value: object, words: str) -> None:
    found = document("membership")
    put(found, path, value)
    with pytest.raises(wb.AuditError, match=words):
        read(found)


@pytest.mark.parametrize("kind", ["rows", "actions and leaks", "membership"])
def test_random_damage_never_gets_past_an_error_in_words(kind: str) -> None:
    """Any part missing, doubled or odd: an AuditError, or a report that can be shown."""
    whole = document(kind)
    keys = ("change", "next_actions", "planted_leaks", "membership")
    own = [p for p in places(whole) if p[0] in keys or p[:2] == ("estimates", "change")]
    rng = random.Random(kind)
    refused = 0
    for _ in range(20):
        found = copy.deepcopy(whole)
        *way, last = rng.choice(own)
        node: Any = found
        for key in way:
            node = node[key]
        if rng.random() < 0.25:
            del node[last]
        elif isinstance(node, list) and rng.random() < 0.25:
            node.append(node[last])
        else:
            node[last] = rng.choice(ODD)
        try:
            report = read(found)
        except wb.AuditError:
            refused += 1
            continue
        assert "<script>x" not in report.to_html() + report._repr_html_()
        report.to_csv(), report.to_json(), report.to_code(), repr(report)
    assert refused > 10


# ---- the code that repeats it --------------------------------------------------------------


@pytest.mark.parametrize("kind", EVERY)
def test_the_code_defines_what_the_call_is_given(kind: str) -> None:
    report = changed(kind)
    code = report.to_code()
    tree = ast.parse(code)
    defined = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    assert {"data", "model", *given_options(report.call)} <= defined
    imported = [s for s in tree.body if isinstance(s, ast.Import)]
    assert [alias.name for s in imported for alias in s.names] == ["pandas", "workbench"]
    if report.change is not None:
        for model in report.change.models:
            assert model.fingerprint[:16] in code


def test_what_the_loading_lines_define_is_not_defined_again() -> None:
    report = changed("rows")
    own = "data = 1\nmodel = 2\ncompare = {}"
    assert report.to_code(own).count("compare = ") == 1
    assert report.to_code("data = 1\nmodel = 2").count("compare = {") == 1


def test_a_name_cannot_leave_its_comment() -> None:
    ends = "\n\r\x0b\x0c\x1c\x85\u2028\u2029"
    call = "wb.audit(case, target, compare=compare, training=training)"
    models = [("before", f"a{end}import os", "0" * 64) for end in ends]
    for one in models:
        lines = given_lines(call, [one, ("retrained", one[1], "1" * 64)])
        assert len(lines.splitlines()) == 7
        ast.parse(lines)
        assert not any(line.startswith("import") for line in lines.splitlines())
