"""Python that stands in a saved file: only what is expected, and never run.

A reader may run it, so it may be one value, or one call of the audit, and nothing else.
"""

from __future__ import annotations

import ast

from workbench.common.errors import DataError
from workbench.common.limits import CODE_CHARACTERS

__all__ = ["check_code", "given_options"]

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
