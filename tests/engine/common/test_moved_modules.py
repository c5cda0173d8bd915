"""Old module paths: they work, they warn, and they hide nothing that is public."""

from __future__ import annotations

import importlib
import pickle

import pytest

import workbench as wb
from workbench.common.moved_modules import MOVED, keep_old_paths


@pytest.mark.parametrize("old", MOVED)
def test_every_old_path_leads_to_where_the_module_is_now(old: str) -> None:
    now = importlib.import_module(f"workbench.{MOVED[old]}")
    module = importlib.import_module(f"workbench.{old}")
    for name in now.__all__:
        with pytest.warns(DeprecationWarning, match=f"workbench.{old} has moved to {now.__name__}"):
            assert getattr(module, name) is getattr(now, name)


def test_saved_code_of_version_0_1_still_runs() -> None:
    scope: dict[str, object] = {}
    with pytest.warns(DeprecationWarning):
        exec(
            "from workbench.table_files import read_table\n"
            "from workbench.model_files import read_model\n"
            "from workbench.gradient_evidence import gradient_evidence",
            scope,
        )
    assert scope["read_table"] is wb.read_table
    assert scope["read_model"] is wb.read_model
    assert scope["gradient_evidence"] is wb.gradient_evidence


def test_public_functions_keep_their_names() -> None:
    importlib.import_module("workbench.answer_consistency")
    keep_old_paths(wb.__all__)
    assert callable(wb.answer_consistency) and callable(wb.gradient_evidence)
    assert all(hasattr(wb, name) for name in wb.__all__)


def test_tools_that_walk_through_modules_get_no_warning() -> None:
    module = importlib.import_module("workbench.sample_models")
    assert not hasattr(module, "__file__") and not hasattr(module, "__warningregistry__")
    with pytest.warns(DeprecationWarning), pytest.raises(AttributeError):
        module.no_such_name  # noqa: B018
    assert pickle.loads(pickle.dumps(wb.Contrast(0, 1))) == wb.Contrast(0, 1)
