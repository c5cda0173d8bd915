"""A report that was tampered with says so, and damage ends in words."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import workbench as wb
from tests.engine.report.saved.sample_reports import (
    ODD,
    Document,
    document,
    places,
    read,
    report_of,
)
from workbench.common.limits import JSON_BYTES
from workbench.report.audit_report import read_report


def halve(d: Document) -> None:
    d["estimates"]["effects"][0]["total"]["value"] /= 2


def edit_table(d: Document) -> None:
    d["effects"][0]["total"] += 0.01


def edit_verdict(d: Document) -> None:
    d["verdict"]["decision"] = "below"


def edit_claim(d: Document) -> None:
    d["verdict"]["claims"][0]["above"] = not d["verdict"]["claims"][0]["above"]


def narrow(d: Document) -> None:
    columns = d["estimates"]["blocks"][0]
    columns[0] = repr(float(columns[0]) / 100)


def edit_group(d: Document) -> None:
    d["subgroups"][0]["total_difference_low"] -= 0.1


def edit_disagreement(d: Document) -> None:
    d["diagnostics"]["disagreement"][0]["differs"] = True


def edit_rank(d: Document) -> None:
    d["comparison"][0]["rank"] = 99.0


def hide_rows(d: Document) -> None:
    part = d["estimates"]["effects"][0]["rows"]["parts"][0]
    part["counts"][0] += 1


def drop_effect(d: Document) -> None:
    d["estimates"]["effects"].pop()


@pytest.mark.parametrize(
    "change",
    [
        halve,
        edit_table,
        edit_verdict,
        edit_claim,
        narrow,
        edit_group,
        edit_disagreement,
        edit_rank,
        hide_rows,
        drop_effect,
    ],
)
def test_an_edited_number_is_found_out(change: Callable[[Document], None]) -> None:
    changed = document()
    change(changed)
    with pytest.raises(wb.DataError, match="changed after it was written"):
        read(changed)


def put(path: str, value: object) -> Callable[[Document], None]:
    """Make an edit: put a value where a path of keys leads."""

    def change(d: Any) -> None:
        *way, last = [int(key) if key.isdecimal() else key for key in path.split("/")]
        for key in way:
            d = d[key]
        d[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("format", "cafe-workbench", "not a saved report"),
        ("format_version", 1, "keeps too little"),
        ("format_version", 4, "newer version"),
        ("format_version", "2", "whole number"),
        ("estimates", [], "an object with keys is expected"),
        ("estimates/blocks", "x", "a list is expected"),
        ("estimates/blocks/0/0", "0 " * 5_000_000, "1 to 1 numbers"),
        ("estimates/blocks/0/0", "nan", "1 to 1 numbers"),
        ("estimates/blocks/0/0", "1e300", "1 to 1 numbers"),
        ("estimates/blocks/0/0", "__import__('os')", "1 to 1 numbers"),
        ("estimates/effects/0/total/value", "0.3", "a number is expected"),
        ("estimates/effects/0/total/value", True, "a number is expected"),
        ("estimates/effects/0/total/value", 10**400, "at most 1e"),
        ("estimates/effects/0/total/block", 7, "names block 7"),
        ("estimates/effects/0/total/column", 700, "names column 700"),
        ("estimates/effects/0/total/column", -1, "a whole number"),
        ("estimates/effects/0/combination", "odd", "one of '', 'joint', 'sum'"),
        ("estimates/effects/0/feature", "nobody", "not in its graph"),
        ("estimates/effects/0/estimator", "cafe (by hand)", "names an estimator that is not known"),
        ("estimates/effects/0/n_rows", 1e9, "a whole number"),
        ("estimates/effects/0/rows/threshold", 0.5, "another threshold"),
        ("estimates/effects/0/rows/parts/0/edges", [1, 0], "no histogram"),
        ("estimates/effects/0/rows/parts/0/quantiles", {"0.33": 1}, "no quantile"),
        ("estimates/paths/0/path", ["zip_code"], "at least 2 are expected"),
        ("estimates/paths/0/path", ["zip_code", "income"], "does not lead to the prediction"),
        ("estimates/effects", [], "belong together"),
        ("features", [], "holds 0 entries; at least 1 are expected"),
        ("n_target_rows", 10**30, "a whole number"),
        ("verdict/threshold", 0, "another threshold"),
        ("verdict/alpha", 0.7, "between 0 and 0.5"),
        ("graph/edges", [["a", "b"], ["b", "a"]], "circle|cycle"),
        ("graph/edges", [["a"]], "holds 1 entries; 2 are expected"),
        ("graph/nodes", [1], "a text is expected"),
        ("reads", "income", "a list is expected"),
        ("provenance/data_fingerprint", "<b>", "not SHA-256"),
        ("provenance/seconds/cafe", None, "a number is expected"),
        ("target_parts/condition", "__import__('os')", "condition language"),
        ("target_parts/names", ["income", "income"], "twice"),
        ("fairness/0/privileged", ["x"], "a text is expected"),
        ("diagnostics/equations/0", {"node": "x"}, "lacks 'causes'"),
        ("attributions/0/values/0/value", {}, "a number is expected"),
        ("call", "wb.audit(case, target, seed=__import__('os').getpid())", "more than that"),
        ("call", "wb.audit(case, target)\nimport os", "more than that"),
        ("call", "(" * 100_000, "more than that"),
        ("call", "os.system('true')", "more than that"),
        ("call", "wb.audit(case, target, **{'a': 1})", "more than that"),
        ("skipped", {"shap": None}, "a text is expected"),
        ("subgroup_conditions", ["income > 3"], "an object with keys"),
    ],
)
def test_a_malformed_report_is_refused_in_words(path: str, value: object, words: str) -> None:
    changed = document()
    put(path, value)(changed)
    with pytest.raises(wb.AuditError, match=words) as caught:
        read(changed)
    assert len(str(caught.value)) < 600


CHECKED = "changed after it was written"
HIDDEN, GRAPH = "hidden_subgroups", "graph_sensitivity"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("associations", None, CHECKED),  # its ranks stay among the attributions
        ("associations", [], "an object with keys"),
        ("associations/table/0/value", 0.9, "outside its range"),
        ("associations/table/0/value", None, "a number is expected"),
        ("associations/table/0/low", "0", "a number is expected"),
        ("associations/table/0/p_value", 1.2, "outside its range"),
        ("associations/table/0/metric", "cause", "not in this report"),
        ("associations/table/0/feature", "nobody", "not in this report"),
        ("associations/table/1/metric", "NMI", "twice"),
        ("associations/table/0/n_rows", 10**6, "outside its range"),
        ("associations/contexts/0/context", "__import__('os')", "condition language"),
        ("associations/contexts/0/whole", 0.3, CHECKED),
        ("associations/contexts/0/value", 0.9, "outside its range"),
        ("associations/notes", "no", "a list is expected"),
        (f"{HIDDEN}/n_tested", 3, CHECKED),
        (f"{HIDDEN}/table/0/value", 0.3, "outside its range"),
        (f"{HIDDEN}/table/0/whole", 0.05, CHECKED),
        (f"{HIDDEN}/table/0/difference", 0.36, CHECKED),
        (f"{HIDDEN}/table/0/p_value", 0.2, "outside its range"),
        (f"{HIDDEN}/table/0/part", "total", "one of 'direct', 'indirect'"),
        (f"{HIDDEN}/table/0/feature", "age", "not in this report"),
        (f"{HIDDEN}/table/0/subgroup", "open('f')", "condition language"),
        (f"{HIDDEN}/sentences", [], CHECKED),
        (f"{GRAPH}/decision", "inconclusive", CHECKED),
        (f"{GRAPH}/decision", "fine", "one of"),
        (f"{GRAPH}/threshold", 0.5, CHECKED),
        (f"{GRAPH}/alpha", 0.2, CHECKED),
        (f"{GRAPH}/implications/0/rejected", True, CHECKED),
        (f"{GRAPH}/implications/0/x", "nobody", "not in this report"),
        (f"{GRAPH}/implications/0/given", "age", "a list is expected"),
        (f"{GRAPH}/implications/0/correlation", 2, "outside its range"),
        (f"{GRAPH}/edits/0/flips", True, CHECKED),
        (f"{GRAPH}/edits/0/decision", "below", CHECKED),
        (f"{GRAPH}/edits/0/edit", "add f → m", "does not allow"),
        (f"{GRAPH}/edits/0/edit", "burn f → age", "does not allow"),
        (f"{GRAPH}/edits/0/edit", " → " * 100_000, "does not allow"),
        (f"{GRAPH}/edits/0/kind", "burn", "one of 'add', 'remove', 'reverse'"),
        (f"{GRAPH}/edits/0/total", None, "a number is expected"),
        (f"{GRAPH}/shares/1/flipped", 60, CHECKED),
        (f"{GRAPH}/shares/1/flipped", 20, CHECKED),
        (f"{GRAPH}/shares/1/share", 0.9, CHECKED),
        (f"{GRAPH}/shares/1/high", 0.9, CHECKED),
        (f"{GRAPH}/confounding/0/robustness", 0.9, CHECKED),
        (f"{GRAPH}/confounding/0/effect", 0.5, CHECKED),
        (f"{GRAPH}/confounding/0/spread", -1, "outside its range"),
        (f"{GRAPH}/confounding/0/spread", 0, CHECKED),
        (f"{GRAPH}/confounding/0/threshold", 0.5, CHECKED),
        (f"{GRAPH}/confounding/0/feature", "age", "not in this report"),
        (f"{GRAPH}/confounding", {}, "a list is expected"),
    ],
)
def test_edited_checks_are_refused_in_words(path: str, value: object, words: str) -> None:
    changed = document("every check")
    put(path, value)(changed)
    with pytest.raises(wb.AuditError, match=words) as caught:
        read(changed)
    assert len(str(caught.value)) < 600


def test_a_report_from_before_the_checks_is_still_read() -> None:
    old = document("several features")
    for key in ("associations", HIDDEN, GRAPH):
        assert old.pop(key) is None
    back = read(old)
    assert back.associations is None and back.hidden_subgroups is None
    assert back.to_html() == report_of("several features").to_html()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read as JSON"),
        ("[1, 2", "cannot be read as JSON"),
        ("{}", "not a saved report"),
        ("[]", "not a saved report"),
        ("null", "not a saved report"),
        ('{"format": NaN}', "NaN is not a number"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("1" * 5_000, "cannot be read as JSON"),
        ("[" + "[]," * 2_000_000 + "1]", "too many to read"),
        (" " * (JSON_BYTES + 1), "at most 50,000,000"),
        (b"\x80abc", "not UTF-8"),
        (b"PK\x03\x04", "cannot be read as JSON"),
        (None, "is text, not a NoneType"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_report_is_refused_in_words(text: Any, words: str) -> None:
    with pytest.raises(wb.DataError, match=words) as caught:
        wb.AuditReport.from_json(text)
    assert len(str(caught.value)) < 600


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for place in (tmp_path / "none.json", tmp_path, "a\0b"):
        with pytest.raises(wb.DataError, match="Cannot read"):
            read_report(place)


@pytest.mark.parametrize("kind", ["several features", "every check"])
def test_random_damage_never_gets_past_an_error_in_words(kind: str) -> None:
    """Any part missing, doubled or odd: an AuditError, or a report that can be shown."""
    whole = document(kind)
    everywhere = list(places(whole))
    rng = random.Random(0)
    refused = shown = 0
    for _ in range(250):
        changed = copy.deepcopy(whole)
        *way, last = rng.choice(everywhere)
        node: Any = changed
        for key in way:
            node = node[key]
        match rng.choice(["delete", "double", "odd", "odd"]):
            case "delete":
                del node[last]
            case "double" if isinstance(node, list):
                node.append(node[last])
            case _:
                node[last] = rng.choice(ODD)
        try:
            report = read(changed)
        except wb.AuditError:
            refused += 1
            continue
        shown += 1
        page = report.to_html() + report._repr_html_() + report.comparison()._repr_html_()
        assert "<script" not in page
        report.to_csv(), report.to_json(), report.to_code(), repr(report)
    assert refused > 150
    assert shown > 5
