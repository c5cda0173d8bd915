"""A report that went through a file says the same; a file that was tampered with says so."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import workbench as wb
from tests.engine.planted_world import planted_case
from workbench.common.checked_code import check_code
from workbench.common.limits import JSON_BYTES
from workbench.common.row_labels import SavedLabel
from workbench.common.strict_json import parse_strictly
from workbench.methods.effects import Effect
from workbench.methods.estimator import Estimator
from workbench.methods.joint_uncertainty import pack, unpack
from workbench.report.audit_report import read_report
from workbench.report.outline.decided import as_decided

Document = dict[str, Any]


def quiet(*_: object) -> None:
    pass


def loan_case(n: int = 800) -> wb.AuditCase:
    world = wb.datasets.loan(n=n, seed=0)
    names = list(world.features)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(world.data[names], world.data[world.outcome])
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def dated(case: wb.AuditCase) -> wb.AuditCase:
    data = case.data.set_axis(pd.date_range("2020-01-01", periods=case.n_rows), axis=0)
    return wb.AuditCase(data=data, model=case.model, graph=case.graph, outcome=case.outcome)


def hostile_case() -> wb.AuditCase:
    rng = np.random.default_rng(0)
    a, b = "<script>alert(1)</script>", '=cmd|"/c calc"!A1'
    data = pd.DataFrame({a: rng.normal(size=300)})
    data[b] = data[a] + rng.normal(size=300)
    model = wb.BlackBoxModel(
        lambda rows: rows[b], features=[b], output="value", name="m\nimport os"
    )
    return wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([(a, b)]))


def make(kind: str) -> wb.AuditReport:
    case, target = loan_case(), wb.UnlearningTarget
    causal = ["cafe", "fuzzing"]
    groups = {"rich": "income > 60", "it's <b>": "race == 'Black'", "nobody": "income > 1e9"}
    match kind:
        case "every method":
            return wb.audit(case, target.feature("zip_code"), subgroups=groups, progress=quiet)
        case "several features":
            both = target.features(["zip_code", "income"])
            varied = {"zip_code": wb.Contrast("MA 02121", "MA 02467"), "income": wb.Shift(-3)}
            return wb.audit(
                case, both, causal, intervention=varied, subgroups=groups, progress=quiet
            )
        case "datapoints":
            return wb.audit(case, target.datapoints([3, 8, 9]), causal, progress=quiet)
        case "dated datapoints":
            case = dated(case)
            days = target.datapoints(case.data.index[:12], ["income"])
            return wb.audit(case, days, causal, subgroups=groups, progress=quiet)
        case "subgroup, resampled":
            part = target.subgroup("income > 60", ["zip_code"])
            return wb.audit(
                case, part, causal, intervention=wb.Resample(2), subgroups=groups, progress=quiet
            )
        case "logged":
            logged = wb.BlackBoxModel.from_predictions(case.predictions, case.reads)
            case = wb.AuditCase(case.data, logged, case.graph, case.outcome)
            return wb.audit(case, target.feature("income"), causal, progress=quiet)
        case "every check":
            return wb.audit(
                planted_case(),
                target.feature("f"),
                ["cafe", "fairtest"],
                checks=["subgroups", "graph"],
                progress=quiet,
            )
        case "no verdict":
            return wb.audit(case, target.feature("income"), ["permutation"], progress=quiet)
        case "hostile":
            name = "<script>alert(1)</script>"
            case = hostile_case()
            condition = f"`{name}` > 0"
            return wb.audit(
                case, target.feature(name), causal, subgroups={name: condition}, progress=quiet
            )
    raise AssertionError(kind)


KINDS = (
    "every method",
    "several features",
    "datapoints",
    "dated datapoints",
    "subgroup, resampled",
    "logged",
    "every check",
    "no verdict",
    "hostile",
)
made: dict[str, wb.AuditReport] = {}


def report_of(kind: str) -> wb.AuditReport:
    if kind not in made:
        made[kind] = make(kind)
    return made[kind]


def document(kind: str = "every method") -> Document:
    found: Document = json.loads(report_of(kind).to_json())
    return found


def read(changed: Document) -> wb.AuditReport:
    return wb.AuditReport.from_json(json.dumps(changed))


def same(one: pd.DataFrame | None, other: pd.DataFrame | None) -> None:
    if one is None or other is None:
        assert one is other
    else:
        pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_says_the_same_after_a_file(kind: str, tmp_path: Path) -> None:
    report = report_of(kind)
    report.to_json(tmp_path / "r.json")
    back = read_report(tmp_path / "r.json")
    assert back.from_file and not report.from_file
    for table in ("effects", "context"):
        same(getattr(report, table).to_frame(), getattr(back, table).to_frame())
    same(report.subgroup_frame(), back.subgroup_frame())
    for name, group in report.subgroups.items():
        same(group.to_frame(), back.subgroups[name].to_frame())
    same(report.paths, back.paths)
    same(report.fairness, back.fairness)
    same(report.comparison().table, back.comparison().table)
    same(report.comparison().agreement, back.comparison().agreement)
    for table in ("disagreement", "equations", "overlap", "adjustment"):
        same(getattr(report.diagnostics, table), getattr(back.diagnostics, table))
    for one, other in zip(report.attributions, back.attributions, strict=True):
        same(one.to_frame(), other.to_frame())
        assert (one.exact, one.n_rows, one.queries) == (other.exact, other.n_rows, other.queries)
    assert back.comparison().sentences == report.comparison().sentences
    assert back.diagnostics.warnings == report.diagnostics.warnings
    assert back.provenance == report.provenance
    assert (back.graph, back.audit_graph) == (report.graph, report.audit_graph)
    assert back.audit_graph.nodes == report.audit_graph.nodes
    for kept in ("reads", "outcome", "unit", "methods", "features", "skipped", "call"):
        assert getattr(back, kept) == getattr(report, kept), kept
    assert back.subgroup_conditions == report.subgroup_conditions
    assert back.target.describe() == report.target.describe()
    assert back.to_code() == report.to_code()
    assert back._repr_html_() == report._repr_html_()
    assert back.to_html() == report.to_html()
    assert repr(back) == repr(report)
    if report.verdict:
        same(report.verdict.to_frame(), back.verdict.to_frame())
        assert back.verdict.headline == report.verdict.headline
        assert back.verdict.explanation == report.verdict.explanation
        assert back.verdict.cancellations == report.verdict.cancellations


def test_rows_stay_at_home_and_their_summary_travels() -> None:
    report = report_of("every method")
    text = report.to_json()
    back = wb.AuditReport.from_json(text)
    for estimator in (None, "debiased", "cafe", "fuzzing"):
        one, other = (r.row_summary("zip_code", estimator) for r in (report, back))
        same(one.to_frame(), other.to_frame())
        same(one.histogram("indirect"), other.histogram("indirect"))
    assert back.row_summary("zip_code").estimator == Estimator("debiased")
    with pytest.raises(wb.TargetError, match="saved report keeps only their summary"):
        back.effects.row_effects("zip_code")
    with pytest.raises(wb.TargetError, match="no effects of 'nothing'"):
        back.row_summary("nothing")
    rows = report.effects["zip_code"].rows
    assert rows is not None
    assert repr(float(rows.total.max())) not in text
    assert len(text) < 250_000


def test_a_report_may_be_saved_again_and_again() -> None:
    first = wb.AuditReport.from_json(report_of("several features").to_json())
    third = wb.AuditReport.from_json(wb.AuditReport.from_json(first.to_json()).to_json())
    same(first.subgroup_frame(), third.subgroup_frame())
    assert first.to_html() == third.to_html()


def test_differences_between_any_two_effects_keep_their_error() -> None:
    report = report_of("several features")
    back = wb.AuditReport.from_json(report.to_json())

    def pairs(r: wb.AuditReport) -> list[float]:
        every = [e for t in (r.effects, r.context, *r.subgroups.values()) for e in t]
        parts = [effect for entry in every for effect in entry.parts().values()]
        return [(a - b).standard_error for a in parts for b in parts]

    wanted, found = np.array(pairs(report)), np.array(pairs(back))
    assert np.allclose(found, wanted, rtol=1e-9, atol=1e-12)
    assert ((wanted == 0) == (found == 0)).all()  # exactly 0 stays exactly 0


def test_short_columns_keep_what_nearly_cancels() -> None:
    rng = np.random.default_rng(0)
    base, small = rng.normal(size=(2, 30_011))
    effects = [Effect(0.0, base), Effect(0.0, base + 1e-7 * small), Effect(0.0, np.zeros(30_011))]
    block = pack(effects)
    assert block.references == (0, 1, None)
    assert [len(column.split()) for column in block.columns] == [1, 2]
    a, b = (Effect(0.0, column) for column in unpack(block.columns, 5))
    wanted = (effects[1] - effects[0]).standard_error
    assert (b - a).standard_error == pytest.approx(wanted, rel=1e-6)  # a Gram matrix gives 0.05


def test_many_columns_are_kept_apart_without_mixing() -> None:
    report = report_of("every method")
    found = json.loads(report.to_json())["estimates"]
    assert len(found["blocks"]) == 1
    import workbench.report.saved.document as module

    few = module.MOST_TOGETHER
    try:
        module.MOST_TOGETHER = 0
        back = wb.AuditReport.from_json(report.to_json())
    finally:
        module.MOST_TOGETHER = few
    same(report.context.to_frame(), back.context.to_frame())
    same(report.paths, back.paths)
    with pytest.raises(ValueError, match="shapes"):
        back.effects["zip_code"].total - back.path_effects[0].effect


# ---- files that strangers wrote ------------------------------------------------------------


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


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    held = node.items() if isinstance(node, dict) else enumerate(node[:3])
    for key, value in held if isinstance(node, dict | list) else ():
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))
        else:
            yield (*at, key)


ODD = [
    None,
    True,
    -1,
    0,
    3,
    1e99,
    10**400,
    "",
    "<script>x()</script>",
    "\ud800",
    [],
    {},
    [[]],
    "nan",
]


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


# ---- code and cells ------------------------------------------------------------------------


def test_a_line_break_in_a_name_cannot_end_a_comment_of_the_code() -> None:
    code = report_of("hostile").to_code()
    assert "\nimport os" not in code
    compile(code, "code", "exec")


@pytest.mark.parametrize(
    "code",
    [
        "(1, 'a')",
        "Timestamp('2020-01-01 00:00:00')",
        "np.int64(3)",
        "-1.5",
        "None",
        "nan",
        "[1, {}]",
    ],
)
def test_values_are_allowed_as_labels(code: str) -> None:
    assert check_code(code) == code
    label = SavedLabel("shown", code)
    assert (str(label), repr(label), label) == ("shown", code, "shown")


@pytest.mark.parametrize(
    "code",
    ["x", "open('f')", "np.load('f')", "pd.read_pickle('f')", "1 + 1", "(lambda: 1)()", "1; 2",
     "f'{x}'", "[a for a in b]", "Timestamp(*[1])", "Timestamp(**{})", "a.b.c", "...", "", "1\n"],
)  # fmt: skip
def test_anything_more_is_not(code: str) -> None:
    with pytest.raises(wb.DataError, match="label of a row"):
        check_code(code)


def test_the_csv_holds_every_effect_and_no_formula(tmp_path: Path) -> None:
    report = report_of("hostile")
    text = report.to_csv(tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_bytes().decode() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    found = {(r["section"], r["name"], r["estimator"], r["part"]): r for r in rows}
    entry = as_decided(report).entries[0]
    row = found["effect", "", entry.estimator.label, "total"]
    assert float(row["value"]) == entry.total.value
    ends = entry.total.interval(report.interval_level)
    assert (float(row["low"]), float(row["high"])) == ends
    name = "<script>alert(1)</script>"
    assert ("subgroup", name, "debiased", "indirect") in found
    frame = report.subgroup_frame()
    difference = found["subgroup minus whole", name, "cafe", "total"]
    assert float(difference["value"]) == frame["total_difference"].item()
    assert {r["section"] for r in rows} >= {"path", "other feature"}
    for row in rows:
        for key in ("section", "name", "feature", "estimator", "part"):
            assert not row[key].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
        for key in ("value", "low", "high"):  # numbers stay numbers, minus sign and all
            assert np.isfinite(float(row[key]))
    assert any(row["feature"] == '\'=cmd|"/c calc"!A1' for row in rows)


def test_strict_reading_names_the_place() -> None:
    part = parse_strictly('{"a": {"b": [1, "x"]}}', "text")
    with pytest.raises(wb.DataError, match=r"text's 'a\.b\[1\]' is \"x\"; a number is expected"):
        [item.finite() for item in part["a"]["b"].items()]
