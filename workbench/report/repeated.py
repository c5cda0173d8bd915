"""What a report found, written beside the code that repeats it and compared with another run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench.common.wording import signed
from workbench.methods.effects import FeatureEffects
from workbench.methods.names import entry_name
from workbench.report.provenance import Provenance
from workbench.report.repeating_code import one_line

__all__ = ["compared", "told_by", "told_lines"]

SHOWN = 16
"""Characters of a fingerprint that are written out."""
CLOSE = 1e-4
"""Effects this close, relative to each other, are the same: other machines round otherwise."""


def told_by(
    origin: Provenance, decision: str | None, effects: Iterable[FeatureEffects]
) -> dict[str, Any]:
    """Return what a later run is compared with: fingerprints, the decision and the effects."""
    return {
        "data": origin.data_fingerprint[:SHOWN],
        "model": origin.model_fingerprint[:SHOWN],
        "decision": decision,
        "effects": dict(_values(effects)),
    }


def _values(effects: Iterable[FeatureEffects]) -> Iterator[tuple[str, float]]:
    for entry in effects:
        for part in ("total", "direct"):
            value = getattr(entry, part).value
            if math.isfinite(value):
                name = f"{entry_name(entry)}, {part} effect by {entry.estimator.name}"
                yield name, float(f"{value:.6g}")


def told_lines(told: Mapping[str, Any], created: str) -> str:
    """Write the lines of code that print a run's verdict and hold the run against a report."""
    lines = [
        "print(report.verdict.headline if report.verdict else 'No verdict.')",
        f"told = {{  # by the report of {one_line(created[:10])}",
        *(f"    {key!r}: {told[key]!r}," for key in ("data", "model", "decision")),
        "    'effects': {  # each change by itself, not together with all other levels",
        *(f"        {name!r}: {value!r}," for name, value in told["effects"].items()),
        "    },",
        "}",
        r"print(*report.held_against(told), sep='\n')",
    ]
    return "".join(f"{line}\n" for line in lines)


def compared(told: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what of a run is as a report told it, and what is not; both as of :func:`told_by`."""
    return tuple(_compared(told, now))


def _compared(told: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key, name in (("data", "data"), ("model", "model’s answers to them")):
        same = told[key] == now[key]
        mark = f"fingerprint {now[key]}…"
        yield (
            f"The {name} are those of the report ({mark})."
            if same
            else f"NOT THE SAME: the {name}: {mark}, in the report {told[key]}…."
        )
    one, other = now["decision"] or "none", told["decision"] or "none"
    yield (
        f"The verdict is that of the report: {one}."
        if one == other
        else f"NOT THE SAME: the verdict is {one}, in the report {other}."
    )
    before, after = told["effects"], now["effects"]
    moved = [name for name in before if not _close(before[name], after.get(name))]
    if before and not moved:
        yield f"All {len(before)} effects are those of the report, to four digits."
    for name in moved:
        found = signed(after[name]) if name in after else "not estimated"
        yield f"NOT THE SAME: {name}: {found}, in the report {signed(before[name])}."
    for name in sorted(set(after) - set(before)):
        yield f"Not in the report: {name}, {signed(after[name])}."


def _close(one: float, other: float | None) -> bool:
    return other is not None and math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-9)
