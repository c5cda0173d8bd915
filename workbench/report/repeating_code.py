"""Python that stands in a report: the call that repeats it, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.case.intervention import Interventions
from workbench.common.checked_code import given_options

__all__ = ["audit_call", "given_lines", "one_line"]


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
    max_queries: int | None = None,
    favourable: str | None = None,
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
    if max_queries is not None:
        options.append(f"max_queries={max_queries!r}")
    if favourable is not None:
        options.append(f"favourable={favourable!r}")
    options += [f"{name}={name}" for name in given]
    return f"wb.audit(case, target, {', '.join(options)})"


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
