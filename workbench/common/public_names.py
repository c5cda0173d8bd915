"""Public names that are imported when they are first used, from where a stub says they live.

The stub (``__init__.pyi``) is what type checkers and editors read; at run time it is the table of
names, so that a public name is said once (Scientific Python's SPEC 1).
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["find", "places"]


def places(stub: Path) -> dict[str, str]:
    """Return the module or package that a stub imports each name from.

    Examples
    --------
    >>> import workbench
    >>> places(Path(workbench.__file__).with_suffix(".pyi"))["Effect"]
    'workbench.methods.effects'
    """
    imports = ast.parse(stub.read_text("utf-8")).body
    return {
        alias.name: str(line.module)
        for line in imports
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }


def find(package: str, name: str, known: dict[str, str]) -> Any:
    """Import a public name of a package.

    Raises
    ------
    AttributeError
        The package has no such name.
    """
    place = known.get(name)
    if place is None:
        raise AttributeError(
            f"module {package!r} has no attribute {name!r}",
            name=name,
            obj=import_module(package),
        )
    if place != package:
        module = import_module(place)
        if hasattr(module, name):
            return getattr(module, name)
    return import_module(f"{place}.{name}")  # a module or package below it
