"""A new check and a new baseline: one file and one line each, and everything knows them.

The packages are copied, a toy check and a toy baseline are added to the copy, and the copy is used
as an auditor would use it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEADLINE = "The toy found many predictions above 0.03."
COUNTED = "The toy counted a share of"

# One line each: what stands before it in the table, and the line.
LINES = {
    "workbench/checks/registry.py": (
        '    _check("workbench.checks.membership.check"),\n',
        '    _check("workbench.checks.toy_check"),\n',
    ),
    "workbench/methods/registry.py": (
        '    _method("workbench.methods.baselines.fairness"),\n',
        '    _method("workbench.methods.toy_baseline"),\n',
    ),
}

WIDGETS = """
import json, sys
import ipywidgets as W
import workbench as wb
from traitlets import HasTraits, Instance
from widgets.results.outline_view import ComparisonView, EffectsView
from widgets.run.run_panel import RunPanel
from widgets.session.session import AuditSession

class Saved(HasTraits):
    report = Instance(wb.AuditReport, allow_none=True)

def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)

def texts(widget):
    return " ".join(w.value for w in walk(widget) if isinstance(w, W.HTML))

session = AuditSession()
panel = RunPanel(session)
boxes = {w.description: w for w in walk(panel) if isinstance(w, W.Checkbox)}
boxes["What would a toy count? (counts)"].value = True
saved = Saved()
effects, comparison = EffectsView(saved), ComparisonView(saved)
saved.report = wb.read_report(sys.argv[1])
print(json.dumps({
    "boxes": list(boxes), "checks": session.settings.checks, "methods": session.settings.methods,
    "effects": texts(effects), "comparison": texts(comparison),
}))
"""


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(folder, "-c", "from workbench.cli.commands import main; main()", *arguments)


def audit(folder: Path, target: str, *more: str) -> subprocess.CompletedProcess[str]:
    chosen = ("--method", "cafe", "--method", "letters", "--check", "toy", "--threshold", "0.03")
    return command(folder, "audit", "loan", "--target", target, *chosen, *more)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages with the toys, and a report that the copy's command line wrote."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("workbench", "widgets"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("*.pyc"))
    tests = ROOT / "tests" / "engine"
    shutil.copy(tests / "checks" / "toy_check.py", folder / "workbench" / "checks")
    shutil.copy(tests / "methods" / "toy_baseline.py", folder / "workbench" / "methods")
    for file, (before, line) in LINES.items():
        text = (folder / file).read_text("utf-8")
        assert text.count(before) == 1, f"{file} lacks {before!r}"
        (folder / file).write_text(text.replace(before, before + line), "utf-8")
    done = audit(folder, "zip_code", "--json", "r.json", "--html", "r.html", "--csv", "r.csv")
    assert done.returncode == 1, done.stderr  # residual influence was found
    (folder / "said.txt").write_text(done.stdout, "utf-8")
    return folder


def test_the_command_line_offers_and_runs_them(copy: Path) -> None:
    asked = " ".join(command(copy, "audit", "--help").stdout.split())
    assert "toy counts predictions" in asked
    assert "aif360, letters;" in asked
    said = " ".join((copy / "said.txt").read_text("utf-8").split())
    assert HEADLINE in said and COUNTED in said and "What the toy counted" in said


def test_the_report_page_says_what_they_found(copy: Path) -> None:
    page = (copy / "r.html").read_text("utf-8")
    assert "What the toy counted" in page and HEADLINE in page and COUNTED in page
    assert "toy letters" in page and "The toy counted letters." in page


def test_the_table_of_numbers_has_them(copy: Path) -> None:
    with (copy / "r.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    (share,) = [float(row["value"]) for row in rows if row["section"] == "toy share"]
    assert 0.5 < share <= 1
    letters = {r["feature"]: float(r["value"]) for r in rows if r["estimator"] == "letters"}
    assert letters["zip_code"] == len("zip_code")


def test_a_saved_report_keeps_them(copy: Path) -> None:
    document: dict[str, Any] = json.loads((copy / "r.json").read_text("utf-8"))
    assert document["toy_share"]["decision"] == "many"
    assert [one["method"] for one in document["attributions"]] == ["letters"]
    done = command(copy, "report", "r.json", "--html", "again.html", "--csv", "again.csv")
    assert done.returncode == 1, done.stderr
    assert HEADLINE in " ".join(done.stdout.split())
    page, table = ((copy / f"again.{end}").read_text("utf-8") for end in ("html", "csv"))
    assert HEADLINE in page and "The toy counted letters." in page
    ours = [row for row in table.splitlines() if "toy share" in row or ",letters," in row]
    assert len(ours) > 5 and set(ours) <= set((copy / "r.csv").read_text("utf-8").splitlines())


def test_an_edited_finding_is_refused(copy: Path) -> None:
    for key, value in (("decision", "none"), ("threshold", 0.5), ("share", "a lot"), ("odd", 1)):
        document = json.loads((copy / "r.json").read_text("utf-8"))
        document["toy_share"][key] = value
        (copy / "edited.json").write_text(json.dumps(document), "utf-8")
        done = command(copy, "report", "edited.json")
        if key == "decision":  # its words are made again
            assert HEADLINE in " ".join(done.stdout.split()), done.stderr
        else:
            assert done.returncode == 2 and "report" in done.stderr, (key, done.stderr)


def test_a_report_of_the_copy_is_refused_where_the_check_is_not_known(copy: Path) -> None:
    done = command(ROOT, "report", str(copy / "r.json"))
    said = " ".join(done.stderr.split())
    assert done.returncode == 2 and "toy_share" in said and "does not know" in said


def test_a_check_that_cannot_run_is_left_out_with_its_reason(copy: Path) -> None:
    done = audit(copy, "income")
    assert "The toy does not count income." in " ".join(done.stdout.split()), done.stderr


def test_the_widgets_offer_them_and_show_what_they_found(copy: Path) -> None:
    done = python(copy, "-c", WIDGETS, "r.json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert "What would a toy count? (counts)" in shown["boxes"]
    assert "Toy letters (counts)" in shown["boxes"]
    assert shown["checks"] == ["toy"] and "letters" in shown["methods"]
    assert HEADLINE in shown["effects"] and COUNTED in shown["effects"]
    assert "toy letters" in shown["comparison"]
