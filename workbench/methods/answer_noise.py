"""What the answers of one call have in common, joined to the intervals of effects.

The noise of single answers shows in the rows' influence already; an error that all answers of a
call share does not, since every row has the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from workbench.methods.effects import Effect, EffectTable
from workbench.methods.fuzzing.paths import PathEffect

__all__ = ["between_calls", "wider_effects", "wider_paths"]


def between_calls(call_error: float) -> float:
    """Return the error of a difference between two calls, of which each is off by `call_error`."""
    return math.sqrt(2) * call_error


def wider_effects(effects: EffectTable, call_error: float) -> EffectTable:
    """Return the effects with a standard error that counts what the calls have in common."""
    extra = between_calls(call_error)
    return replace(
        effects,
        entries=tuple(
            replace(
                entry,
                total=_wider(entry.total, extra),
                direct=_wider(entry.direct, extra),
                pure_indirect=(
                    None if entry.pure_indirect is None else _wider(entry.pure_indirect, extra)
                ),
            )
            for entry in effects
        ),
    )


def wider_paths(paths: Sequence[PathEffect], call_error: float) -> tuple[PathEffect, ...]:
    """Return the path effects with such a standard error."""
    extra = between_calls(call_error)
    return tuple(replace(path, effect=_wider(path.effect, extra)) for path in paths)


def _wider(effect: Effect, extra: float) -> Effect:
    """Stretch the influence of all rows; an effect without error was never asked for."""
    own = effect.standard_error
    if own == 0 or extra == 0:
        return effect
    return Effect(effect.value, effect.influence * (math.hypot(own, extra) / own))
