"""Has a machine-learning model really forgotten? The engine of the CAFÉ Audit Workbench.

An audit is a function from a case and a target to a report::

    import workbench as wb

    world = wb.datasets.loan()
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"))

Public names are imported when they are first used: ``__init__.pyi`` says where each one lives.
"""

from pathlib import Path
from typing import Any

from workbench.common.moved_modules import keep_old_paths
from workbench.common.public_names import find, places

_PLACES = places(Path(__file__).with_suffix(".pyi"))
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    found = globals()[name] = find(__name__, name, _PLACES)
    return found


def __dir__() -> list[str]:
    return __all__


keep_old_paths(__all__)
