"""Different features for different rows, audited in blocks of rows."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from docx import Document
from typer.testing import CliRunner

import workbench as wb
from workbench.cli import commands as cli

METHODS = ("cafe", "fuzzing")


def case(score: object) -> wb.AuditCase:
    r = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"a": r.integers(0, 2, 1_200), "b": r.integers(0, 2, 1_200), "z": r.normal(size=1_200)}
    )
    model = wb.BlackBoxModel(score, features=["a", "b", "z"], output="value")
    return wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([], nodes=list(frame)))


OLD_A = wb.UnlearningTarget.subgroup("z > 0", ["a"])
YOUNG_B = wb.UnlearningTarget.subgroup("z < 0.5", ["b"])


def test_the_blocks_of_a_union_share_no_row_and_miss_none() -> None:
    data = case(lambda d: d["z"]).data
    blocks = (OLD_A | YOUNG_B).blocks(data)
    masks = np.array([block.mask(data) for block in blocks])
    assert {block.names for block in blocks} == {("a", "b"), ("a",), ("b",)}
    assert masks.sum(axis=0).tolist() == [1] * len(data)
    either = OLD_A | wb.UnlearningTarget.subgroup("z > 1", ["b"])
    assert sum(int(block.mask(data).sum()) for block in either.blocks(data)) == (data.z > 0).sum()


def test_a_block_names_no_condition_that_its_rows_could_not_meet() -> None:
    data = case(lambda d: d["z"]).data
    apart = OLD_A | wb.UnlearningTarget.subgroup("z <= 0", ["b"])
    assert [block.describe() for block in apart.blocks(data)] == ["a where z > 0", "b where z <= 0"]
    assert [block.describe() for block in (OLD_A | YOUNG_B).blocks(data)] == [
        "a, b where (z > 0) and (z < 0.5)",
        "a where (z > 0) and not (z < 0.5)",
        "b where (z < 0.5) and not (z > 0)",
    ]


def test_missing_values_fall_into_one_block() -> None:
    data = pd.DataFrame({"z": [np.nan, 1.0, -1.0], "a": 1, "b": 0})
    blocks = (OLD_A | wb.UnlearningTarget.feature("b")).blocks(data)
    masks = np.array([block.mask(data) for block in blocks])
    assert masks.sum(axis=0).tolist() == [1, 1, 1]


def test_an_influence_outside_the_union_is_none_of_its_own() -> None:
    outside = case(lambda d: 0.5 * d["a"] * (d["z"] <= 0) + 0.5 * d["b"] * (d["z"] >= 0.5))
    found = wb.audit_union(outside, OLD_A | YOUNG_B, METHODS, threshold=0.05)
    assert found.decision == "below"
    assert "none of 3 blocks" in found.headline
    for block, report in found.reports.items():  # each covers its own share of the people
        assert f"{block}: {report.verdict.headline}" in found.headline


def test_an_influence_in_one_block_is_found_and_the_block_named() -> None:
    both = case(lambda d: 0.3 * d["b"] * ((d["z"] > 0) & (d["z"] < 0.5)))
    found = wb.audit_union(both, OLD_A | YOUNG_B, METHODS, threshold=0.05)
    assert found.decision == "above"
    assert "a, b where (z > 0) and (z < 0.5)" in found.headline
    block = found.reports["a, b where (z > 0) and (z < 0.5)"]
    again = wb.AuditReport.from_json(block.to_json())
    assert again.verdict.headline == block.verdict.headline
    assert again.target.to_code() in again.to_code()


def test_two_that_only_act_together_are_found_where_both_were_to_be_forgotten() -> None:
    together = case(lambda d: 0.3 * (d["a"] != d["b"]).to_numpy())
    found = wb.audit_union(together, OLD_A | YOUNG_B, METHODS, threshold=0.05)
    assert found.decision == "above"


def test_rows_by_label_and_by_condition_make_no_union() -> None:
    with pytest.raises(wb.TargetError, match="by label"):
        OLD_A | wb.UnlearningTarget.datapoints([1], ["b"])
    labels = wb.UnlearningTarget.datapoints([1, 2], ["a"]) | wb.UnlearningTarget.datapoints(
        [2, 3], ["b"]
    )
    blocks = labels.blocks(case(lambda d: d["z"]).data)
    assert [(block.names, block.rows) for block in blocks] == [
        (("a", "b"), (2,)), (("a",), (1,)), (("b",), (3,)),
    ]  # fmt: skip


def test_a_union_is_not_taken_for_a_target() -> None:
    with pytest.raises(wb.TargetError, match="audit_union"):
        wb.audit(case(lambda d: d["z"]), OLD_A | YOUNG_B)


def test_the_size_over_all_rows_is_the_mean_over_the_blocks_rows() -> None:
    """Setting a 0/1 feature to a drawn level moves half of the rows, by 0.4 here."""
    world = case(lambda d: np.where(d["z"] > 0, 1, -1) * 0.4 * np.where(d["z"] > 0, d["a"], d["b"]))
    below = wb.UnlearningTarget.subgroup("z <= 0 and z > -1", ["b"])
    found = wb.audit_union(world, OLD_A | below, ("cafe",), threshold=0.05)
    size = found.mean_size
    assert size is not None
    assert size.n_rows == int((world.data["z"] > -1).sum())
    # The two blocks move opposite ways: sizes do not cancel.
    assert size.low <= 0.2 <= size.high and size.high - size.low < 0.06
    assert f"Over all {size.n_rows:,} rows of these blocks" in found.explanation


def test_logged_predictions_have_no_size_over_rows() -> None:
    world = case(lambda d: 0.4 * d["a"])
    logged = wb.AuditCase(
        data=world.data,
        model=wb.BlackBoxModel.from_predictions(0.4 * world.data["a"], ["a", "b", "z"]),
        graph=world.graph,
    )
    assert wb.audit_union(logged, OLD_A | YOUNG_B, ("cafe",), threshold=0.05).mean_size is None


def test_other_models_are_compared_block_by_block() -> None:
    world = case(lambda d: 0.4 * d["a"] * (d["z"] > 0) + 0.1 * d["z"])
    clean = wb.BlackBoxModel(lambda d: 0.1 * d["z"], features=["z"], output="value")
    found = wb.audit_union(
        world, OLD_A | YOUNG_B, METHODS, threshold=0.05, compare={"retrained": clean}
    )
    residue = {
        block: report.change.decision for block, report in found.reports.items() if report.change
    }
    assert residue == {
        block: "above" if report.target.names != ("b",) else "below"
        for block, report in found.reports.items()
    }


@pytest.fixture(scope="module")
def union() -> wb.UnionAudit:
    return wb.audit_union(
        case(lambda d: 0.4 * d["a"] * (d["z"] > 0) - 0.4 * d["b"] * (d["z"] < 0.5)),
        OLD_A | YOUNG_B,
        METHODS,
        threshold=0.05,
    )


def test_a_union_is_saved_and_read_back(union: wb.UnionAudit, tmp_path: Path) -> None:
    text = union.to_json(tmp_path / "union.json")
    again = wb.UnionAudit.from_json((tmp_path / "union.json").read_bytes())
    assert (again.decision, again.headline) == (union.decision, union.headline)
    assert again.explanation == union.explanation
    assert list(again.reports) == list(union.reports) and again.alpha == union.alpha
    assert again.to_html() == union.to_html()
    with pytest.raises(wb.DataError, match="not a saved union"):
        wb.UnionAudit.from_json(next(iter(union.reports.values())).to_json())
    with pytest.raises(wb.DataError, match="not a saved report"):
        wb.AuditReport.from_json(text)


def test_every_form_of_a_union_says_all_blocks_and_each(union: wb.UnionAudit) -> None:
    rows = [line.split(",") for line in union.to_csv().splitlines()]
    assert rows[0][:2] == ["block", "section"]
    single = next(iter(union.reports.values())).to_csv().splitlines()
    assert (
        len(rows) - 1 == sum(len(r.to_csv().splitlines()) - 1 for r in union.reports.values())
        and len(single) > 3
    )
    word = Document(BytesIO(union.to_docx()))
    text = "\n".join(p.text for p in word.paragraphs) + "\n".join(
        cell.text for table in word.tables for row in table.rows for cell in row.cells
    )
    assert "Found in 3 of 3 blocks of rows." in text
    for name, report in union.reports.items():
        assert name in text and report.verdict.headline in text


def test_what_report_is_told_of_a_saved_union_is_done(union: wb.UnionAudit, tmp_path: Path) -> None:
    saved, case_file, page = (tmp_path / name for name in ("u.json", "case.toml", "u.html"))
    union.to_json(saved)
    case_file.write_text('asked_by = "Ms Frey"\n')
    told = ["--case-file", case_file, "--profile", "--code", "--html", page]
    done = CliRunner().invoke(cli.app, ["report", str(saved), *map(str, told)])
    assert done.exit_code == 1, done.output
    assert "Ms Frey" in done.output and "Ms Frey" in page.read_text()
    for name, report in union.reports.items():
        assert f"# {name}" in done.output and report.target.to_code() in done.output
    assert done.output.count("from its average") == 5  # a, b, both together; a; b


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d.update(decision="below"), "does not follow"),
        (lambda d: d.update(alpha=0.2), "error rate"),
        (lambda d: d["blocks"].pop(), "error rate"),
        (lambda d: d["blocks"].append(d["blocks"][0]), "twice"),
        (lambda d: d["blocks"][0].update(block="another"), "not the one"),
        (lambda d: d["blocks"].clear(), "no block"),
        (lambda d: d.update(format_version=2), "format"),
        (lambda d: d.pop("headline"), "headline"),
    ],
)
def test_a_union_that_was_edited_is_refused(
    union: wb.UnionAudit, edit: Callable[[dict[str, Any]], object], words: str
) -> None:
    document = json.loads(union.to_json())
    edit(document)
    with pytest.raises(wb.DataError, match=words):
        wb.UnionAudit.from_json(json.dumps(document))


def test_the_page_of_a_union_says_what_all_blocks_say_and_each(union: wb.UnionAudit) -> None:
    page = union.to_html()
    assert "Found in 3 of 3 blocks of rows." in page and "cancels in it" in page
    for place, (name, report) in enumerate(union.reports.items(), start=1):
        assert f'id="block-{place}-h">{place}. {html.escape(name, quote=False)}' in page
        assert html.escape(report.verdict.headline, quote=False) in page
    assert "<script" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_signed_mean_cancels_and_the_size_does_not(union: wb.UnionAudit) -> None:
    total, size = union.mean_effect, union.mean_size
    z = case(lambda d: d["z"]).data["z"]
    assert total.value == pytest.approx(0.4 * ((z > 0).mean() - (z < 0.5).mean()))  # all is asked
    assert total.n_rows == size.n_rows == len(z)
    assert size.value > 0.15 > abs(total.value)
    assert "cancels in it" in union.explanation
