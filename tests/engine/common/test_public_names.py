"""Public names: each is found where the stub says, listed for completion, and loaded once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jedi
import pytest

import workbench as wb
from workbench.common.public_names import find, places

ROOT = Path(__file__).resolve().parents[3]
STUB = Path(wb.__file__).with_suffix(".pyi")


def test_every_public_name_is_found_and_listed() -> None:
    assert len(wb.__all__) > 50 and dir(wb) == sorted(wb.__all__) == sorted(places(STUB))
    for name in wb.__all__:
        assert getattr(wb, name) is not None
        assert vars(wb)[name] is getattr(wb, name), "looked up once, then at hand"


def test_editors_complete_public_names_and_find_where_they_live() -> None:
    """A stub exports what it imports under its own name (PEP 484); Jedi reads nothing else."""
    code = "import workbench as wb\nwb.AuditCa"
    found = jedi.Script(code, project=jedi.Project(ROOT)).complete()
    assert [name.name for name in found] == ["AuditCancelled", "AuditCase"]
    (place,) = jedi.Script(f"{code}se", project=jedi.Project(ROOT)).infer()
    assert place.full_name == "workbench.case.audit_case.AuditCase"
    lines = STUB.read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"from [\w.]+ import (\w+) as \1", line) for line in lines)


def test_a_wrong_name_is_an_attribute_error_that_names_the_near_one() -> None:
    with pytest.raises(AttributeError, match="module 'workbench' has no attribute 'no_such'"):
        find("workbench", "no_such", places(STUB))
    code = "import workbench as wb\nwb.AuditCas"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "has no attribute 'AuditCas'. Did you mean: 'AuditCase'?" in done.stderr


@pytest.mark.parametrize(
    "name", ["audit", "membership", "datasets", "gradient_evidence", "CausalGraph"]
)
def test_a_name_is_the_same_in_whichever_order_things_are_imported(name: str) -> None:
    code = (
        "import workbench.report.audit_report, workbench.checks.registry, workbench as wb\n"
        f"from workbench import {name}\n"
        f"assert wb.{name} is {name}; print(type({name}).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == type(getattr(wb, name)).__name__
