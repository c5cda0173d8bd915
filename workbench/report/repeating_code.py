"""Python that stands in a report: the call that repeats it, written, and checked when read back.

A reader may run it, so in a saved report it may only be what is expected.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.case.intervention import Interventions
from workbench.common.errors import DataError
from workbench.common.limits import CODE_CHARACTERS
from workbench.common.strict_json import Part

__all__ = [
    "SavedLabel",
    "audit_call",
    "check_code",
    "given_lines",
    "given_options",
    "one_line",
    "read_label",
    "written_label",
]

CALLS = {
    "wb.Contrast",
    "wb.Resample",
    "wb.Shift",
    "Contrast",
    "Resample",
    "Shift",
    "Timestamp",
    "Timedelta",
    "pd.Timestamp",
    "pd.Timedelta",
    "np.str_",
    "np.bool_",
    "np.int8",
    "np.int16",
    "np.int32",
    "np.int64",
    "np.uint8",
    "np.uint16",
    "np.uint32",
    "np.uint64",
    "np.float16",
    "np.float32",
    "np.float64",
}
"""What levels and labels may be made by; none of these reads, writes or runs anything."""
NAMES = {"nan", "inf", "np.nan", "np.inf", "np.True_", "np.False_"}
GIVEN = ("compare", "training")
"""Options of the call that stand for models and functions, each given by its own name."""
PLAIN = (str, int, float, bool, type(None))


def audit_call(
    *,
    methods: Sequence[str] | None,
    intervention: Interventions,
    threshold: float,
    alpha: float,
    seed: int,
    subgroups: Mapping[str, str],
    checks: Sequence[str],
    given: Sequence[str] = (),
    range_: object = None,
) -> str:
    """Write the call that repeats an audit; what is None or empty is left to the defaults.

    `given` names the options that stand for what no text can hold: "compare" and "training".
    """
    options = [] if methods is None else [f"methods={list(methods)!r}"]
    if isinstance(range_, str):
        options.append(f"range={range_!r}")
    elif isinstance(range_, Sequence):
        options.append(f"range=[{', '.join(f'wb.{change!r}' for change in range_)}]")
    elif range_ is not None:
        options.append(f"range=wb.{range_!r}")
    if isinstance(intervention, dict):
        inner = ", ".join(f"{name!r}: wb.{value!r}" for name, value in intervention.items())
        options.append(f"intervention={{{inner}}}")
    elif intervention is not None:
        options.append(f"intervention=wb.{intervention!r}")
    options += [f"threshold={threshold!r}", f"alpha={alpha!r}", f"seed={seed!r}"]
    if subgroups:
        options.append(f"subgroups={dict(subgroups)!r}")
    if checks:
        options.append(f"checks={list(checks)!r}")
    options += [f"{name}={name}" for name in given]
    return f"wb.audit(case, target, {', '.join(options)})"


class SavedLabel(str):
    """A row's label that JSON does not know, such as a date: its text, and its Python code."""

    code: str

    def __new__(cls, text: str, code: str) -> SavedLabel:
        """Keep a text with its code."""
        label = super().__new__(cls, text)
        label.code = code
        return label

    def __repr__(self) -> str:
        return self.code


def written_label(label: object) -> object:
    """Return a row's label as JSON keeps it: as it is, or as its text and its Python code."""
    if isinstance(label, str | bool) or (isinstance(label, int) and abs(label) < 2**53):
        return label
    if isinstance(label, float) and math.isfinite(label):
        return float(label)
    return {"text": str(label), "code": repr(label)}


def read_label(part: Part) -> Any:
    """Read a row's label that :func:`written_label` wrote.

    Raises
    ------
    DataError
        When it is none.
    """
    if isinstance(part.value, dict):
        return SavedLabel(part["text"].text(), check_code(part["code"].text()))
    if isinstance(part.value, str):
        return part.text()
    if isinstance(part.value, bool):
        return part.flag()
    number = part.finite()
    return part.value if isinstance(part.value, int) else number


def check_code(code: str, *, call: bool = False) -> str:
    """Return code that is one value, or one call of the audit, as it is.

    Parameters
    ----------
    code : str
    call : bool
        Whether it must be ``wb.audit(case, target, …)`` with values as options.

    Raises
    ------
    DataError
        When it is anything else. Nothing is run to find out.
    """
    try:
        if len(code) > CODE_CHARACTERS or not code.isprintable():
            raise ValueError("too long, or more than one line")
        root = ast.parse(code, mode="eval").body
        fine = _is_audit(root) if call else _is_value(root)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        fine = False
    if not fine:
        what = "the call that repeats the audit" if call else "the label of a row"
        shown = code if len(code) <= 80 else code[:77] + "…"
        raise DataError(
            f"The saved report gives as {what} {shown!r}, which is more than that. It was not "
            f"written by the workbench."
        )
    return code


def given_options(call: str) -> tuple[str, ...]:
    """Return the options of a call that stand for models and functions.

    Examples
    --------
    >>> given_options("wb.audit(case, target, seed=0, compare=compare)")
    ('compare',)
    """
    root = ast.parse(call, mode="eval").body
    options = root.keywords if isinstance(root, ast.Call) else []
    return tuple(o.arg for o in options if o.arg in GIVEN and _dotted(o.value) == o.arg)


def given_lines(call: str, models: Sequence[tuple[str, str, str]], load: str = "") -> str:
    """Write the lines that define what a call is given by name.

    Parameters
    ----------
    call : str
        As :func:`audit_call` wrote it.
    models : sequence of (role, name, fingerprint)
        The models that were compared, the audited one not among them.
    load : str
        Lines that stand before these; a name that they define is not defined again.

    Returns
    -------
    str
        With a line break after each line; empty when nothing is given.
    """
    defined = {line.partition(" = ")[0] for line in load.splitlines()}
    lines: list[str] = []
    for option in given_options(call):
        if option in defined:
            continue
        if option == "training":
            lines.append("training = ...  # wb.Training(the function that trains, rows=…)")
            continue
        lines.append("compare = {")
        for role in dict.fromkeys(role for role, _, _ in models):
            own = [_model_line(name, mark) for one, name, mark in models if one == role]
            if role == "before":
                lines.append(f'    "{role}": {own[0]}')
            else:
                lines += [f'    "{role}": [', *(f"        {line}" for line in own), "    ],"]
        lines.append("}")
    return "".join(f"{line}\n" for line in lines)


def one_line(name: str) -> str:
    """Return a name that can stand in a comment, which a line break in it would end."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _model_line(name: str, fingerprint: str) -> str:
    return f"...,  # {one_line(name)}, SHA-256 {fingerprint[:16]}…"


def _is_audit(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and _dotted(node.func) == "wb.audit"
        and [_dotted(argument) for argument in node.args] == ["case", "target"]
        and all(
            option.arg is not None
            and (
                _is_value(option.value)
                or (option.arg in GIVEN and _dotted(option.value) == option.arg)
            )
            for option in node.keywords
        )
    )


def _is_value(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, PLAIN)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(map(_is_value, elements))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_value(key) for key in keys) and all(
                map(_is_value, values)
            )
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_value(operand)
        case ast.Name() | ast.Attribute():
            return _dotted(node) in NAMES
        case ast.Call(func=function, args=arguments, keywords=options):
            return (
                _dotted(function) in CALLS
                and all(map(_is_value, arguments))
                and all(option.arg is not None and _is_value(option.value) for option in options)
            )
    return False


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
