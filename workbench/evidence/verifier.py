"""Makes ``verify.py``: the package's own verifying modules in one file of standard library."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from workbench.common.errors import EvidenceError

__all__ = ["MODULES", "verifier_source"]

PACKAGE = Path(__file__).resolve().parents[1]
MODULES = (
    "common/printable",
    "common/errors",
    "evidence/commitments",
    "evidence/edwards",
    "evidence/notes",
    "evidence/statements",
    "evidence/log_entries",
    "evidence/time_stamps",
    "evidence/optimum",
    "evidence/optimum_check",
    "evidence/configuration",
    "evidence/claims",
    "evidence/dossier_files",
    "evidence/dossier_case",
    "evidence/delta_checks",
    "evidence/receipts",
    "evidence/dossier_checks",
    "evidence/verify_command",
)
"""In the order of their imports."""
HEAD = '''#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""Verifies a dossier about an exclusion from a training set, offline.

Run: python3 -I -S verify.py --help

Made by `cafe-workbench evidence verifier` from the modules of the CAFÉ Audit Workbench that it
names; not to be edited. Take it from the project or from somebody you trust rather than from the
dossier: the SHA-256 of this file is what to compare.
SPDX-License-Identifier: BSD-3-Clause
"""

import sys

if sys.version_info < (3, 9):
    sys.stderr.write("verify.py needs Python 3.9 or newer.\\n")
    sys.exit(2)

# The program stands in a text: a Python that cannot read it, or that lacks a part of its standard
# library, would else end with status 1, which says CONSISTENT. Nothing but this text is run.
'''
BEGINS, ENDS = "PROGRAM = r'''\n", "'''\n"
FOOT = """
try:
    exec(compile("\\n" * {lines} + PROGRAM, __file__, "exec"))
except (ImportError, SyntaxError) as error:
    sys.stderr.write("The verification could not run: %s\\n" % error)
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(verify_command())
"""


@cache
def verifier_source() -> str:
    """Return the text of ``verify.py``.

    Raises
    ------
    EvidenceError
        When two modules give one name two meanings, or one needs more than standard library.
    """
    imports: set[str] = set()
    names: dict[str, str] = {}
    bodies = []
    for module in MODULES:
        text = (PACKAGE / f"{module}.py").read_text("utf-8")
        lines, tree = text.splitlines(), ast.parse(text)
        left_out: set[int] = set()
        for place, node in enumerate(tree.body):
            span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if isinstance(node, ast.Import | ast.ImportFrom):
                left_out |= set(span)
                imports |= _imports(node, module)
            elif (place == 0 and isinstance(node, ast.Expr)) or "__all__" in _defined(node):
                left_out |= set(span)
            else:
                for name in _defined(node):
                    if names.setdefault(name, module) != module:
                        raise EvidenceError(f"{name} is defined in {names[name]} and {module}.")
        kept = [line for number, line in enumerate(lines, start=1) if number not in left_out]
        bodies.append(f"# ---- {module}.py\n\n" + "\n".join(kept).strip("\n"))
    order = sorted(imports, key=lambda line: (line.startswith("from"), line))
    program = "from __future__ import annotations\n\n" + "\n".join(order)
    program = f"{program}\n\n" + "\n\n\n".join(bodies) + "\n"
    if "'''" in program:
        raise EvidenceError("A module of the verifier holds the signs that end its text.")
    return HEAD + BEGINS + program + ENDS + FOOT.format(lines=HEAD.count("\n"))


def _imports(node: ast.Import | ast.ImportFrom, module: str) -> set[str]:
    if any(alias.asname for alias in node.names):
        raise EvidenceError(f"{module} imports something under another name.")
    if isinstance(node, ast.Import):
        return {f"import {alias.name}" for alias in node.names}
    origin = node.module or ""
    if origin.startswith("workbench."):
        if origin.removeprefix("workbench.").replace(".", "/") not in MODULES:
            raise EvidenceError(f"{module} imports {origin}, which is no part of the verifier.")
        return set()
    if origin == "__future__":
        return set()
    return {f"from {origin} import {alias.name}" for alias in node.names}


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        found = [part for target in node.targets for part in ast.walk(target)]
    elif isinstance(node, ast.AnnAssign):
        found = [node.target]
    else:
        return []
    return [part.id for part in found if isinstance(part, ast.Name)]
