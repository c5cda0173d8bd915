"""Every bound on what strangers bring stands in one table, with its unit and its reason."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

from workbench.common import limits
from workbench.common.limits import GRAPH_NODES, Limit, limits_table
from workbench.evidence.verifier import MODULES

ROOT = Path(__file__).resolve().parents[3]


def test_the_table_says_all_of_every_limit() -> None:
    table = limits_table()
    assert list(table.columns) == ["name", "value", "unit", "why"]
    assert set(table["name"]) == {k for k, v in vars(limits).items() if isinstance(v, Limit)}
    assert len(table) > 30 and table["name"].is_unique
    assert (table["value"] > 0).all() and (table["why"].str.len() > 10).all()
    assert set(table["unit"]) <= {
        *("bytes", "cells", "characters", "columns", "edges", "entries", "files", "levels"),
        *("models", "nodes", "pages", "rows", "seconds", "steps", "subgroups", "trials", "values"),
        *("arrows", "features", "words"),
    }


def test_a_limit_is_a_number_that_travels_with_its_reason() -> None:
    assert isinstance(GRAPH_NODES, int) and f"{GRAPH_NODES:,}" == "5,000" == f"{5000:,}"
    back = pickle.loads(pickle.dumps(GRAPH_NODES))
    assert (back, back.unit, back.why) == (GRAPH_NODES, "nodes", GRAPH_NODES.why)
    assert type(GRAPH_NODES + 1) is int


# Where strangers' texts, files, reports and messages are read.
DOORS = (
    *("workbench/common", "workbench/graph/files", "workbench/models/endpoint"),
    *("workbench/models/files", "workbench/report/saved", "workbench/tables/files"),
    *("widgets/graph", "widgets/loading", "widgets/other_models", "widgets/serving"),
    *("workbench/evidence", "widgets/target"),
)
SHOWN = re.compile(r"_(DRAWN|ROUTED|SAID|SHOWN)$")  # of something that was read within its bounds
BOUND = re.compile(r"(MAX|MOST|LONGEST|LARGEST|LIMIT|DEEPEST|FARTHEST)(_|$)|_(BYTES|CHARACTERS)$")
ELSEWHERE = {
    # How large a number may be, where numbers are read.
    "workbench/common/strict_json.py": {"LARGEST_NUMBER", "LARGEST_COUNT"},
    "workbench/models/endpoint/protocols.py": {"LARGEST"},
    # What is drawn or listed, of something whose size is bounded when it is read.
    "workbench/tables/files/characters.py": {"MOST_ACCENTS"},
    "workbench/report/saved/document.py": {"MOST_TOGETHER"},
    "workbench/evidence/retraining.py": {"MOST_LEVELS"},
    "widgets/graph/graph_canvas.py": {"FARTHEST"},
    "widgets/graph/graph_roles.py": {"MOST_NAMED", "MOST_SEARCHED"},
    "widgets/graph/graph_table.py": {"MOST_ROWS"},
    "widgets/loading/sources.py": {"MOST_LEVELS", "MOST_NODES"},
    "widgets/target/condition_builder.py": {"MOST_PARTS"},
    "widgets/target/intervention_picker.py": {"MOST_LINES", "MOST_LEVELS"},
}
"""Bounds that stay where they are used; those of verify.py's modules, too, for it stands alone."""


def test_bounds_on_what_strangers_bring_stand_nowhere_else() -> None:
    alone = {f"workbench/{module}.py" for module in MODULES}
    folders = [ROOT / door for door in DOORS]
    files = {file for folder in folders for file in folder.rglob("*.py")}
    files |= set((ROOT / "workbench/checks").rglob("saved.py"))
    found: dict[str, set[str]] = {}
    for file in files:
        for line in ast.parse(file.read_text("utf-8")).body:
            targets = line.targets if isinstance(line, ast.Assign) else []
            names = {
                node.id
                for target in targets
                for node in ast.walk(target)
                if isinstance(node, ast.Name)
                and BOUND.search(node.id)
                and not SHOWN.search(node.id)
            }
            if names:
                found.setdefault(str(file.relative_to(ROOT)), set()).update(names)
    held = {name: names for name, names in found.items() if name not in alone}
    held.pop("workbench/common/limits.py")
    assert held == ELSEWHERE
