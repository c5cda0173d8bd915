"""What effects are called when people read of them."""

from __future__ import annotations

from workbench.methods.effects import FeatureEffects

__all__ = ["entry_name"]

COMBINED = {"sum": "effects added up", "joint": "set together"}
FEW = 3
"""Features of a combination that are named one by one."""


def entry_name(entry: FeatureEffects) -> str:
    """Name what an entry is about: a feature, or several that are set together."""
    if not entry.combination:
        return entry.feature
    count = entry.feature.count(" + ") + 1
    names = entry.feature if count <= FEW else f"all {count} features"
    return f"{names} ({COMBINED[entry.combination]})"
